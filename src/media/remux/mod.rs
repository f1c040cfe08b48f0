//! Translators between packets and containers: the only files that know both.
pub mod from_flv;
pub mod to_flv;
