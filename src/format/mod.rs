//! Other people's formats: bytes to values and back, pure. No clock, no tokio, no tracing.
//!
//! **Invariant:** nothing here panics on any input, and nothing allocates by a count that a peer wrote.

pub mod a53;
pub mod aac;
pub mod ac3;
pub mod amf0;
pub mod av1;
pub mod bits;
pub mod date_range;
pub mod flac;
pub mod flv;
pub mod fmp4;
pub mod h264;
pub mod h265;
pub mod light;
pub mod m3u8;
pub mod mp3;
pub mod nal;
pub mod opus;
pub mod shape;
pub mod sock_diag;
pub mod ts;
pub mod vp9;
mod vui;
pub mod wire;
pub mod x509;
