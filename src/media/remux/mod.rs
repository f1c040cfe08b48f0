//! Translators between packets and containers: the only files that know both.

pub mod to_fmp4;
