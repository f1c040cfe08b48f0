//! Translators between packets and containers: the only files that know both.

mod av1;
mod avc;
pub mod from_flv;
mod hevc;
mod sound;
pub mod to_flv;
pub mod to_fmp4;
pub mod to_ts;
mod tracks;
mod vp9;
