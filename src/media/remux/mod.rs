//! Translators between packets and containers: the only files that know both.
