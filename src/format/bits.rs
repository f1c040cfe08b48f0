//! A bit reader with Exp-Golomb codes, over bytes with or without emulation prevention.
