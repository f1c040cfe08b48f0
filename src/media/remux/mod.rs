//! Translators between packets and containers: the only files that know both.

#[cfg_attr(not(test), expect(dead_code, reason = "from_flv takes it up once extended headers are split"))]
mod av1;
mod avc;
pub mod from_flv;
#[cfg_attr(not(test), expect(dead_code, reason = "from_flv takes it up once extended headers are split"))]
mod hevc;
pub mod to_flv;
pub mod to_fmp4;
#[cfg_attr(not(test), expect(dead_code, reason = "from_flv takes it up once extended headers are split"))]
mod vp9;
