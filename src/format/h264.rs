//! H.264 configuration: the avcC record and the sequence parameter set.

use bytes::Bytes;

/// A parsed avcC record (ISO/IEC 14496-15 §5.3.3.1). Equal when the record's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvcConfig {
    /// The record as the sender wrote it.
    pub record: Bytes,
    /// Bytes of each NAL unit's length prefix: 1, 2 or 4.
    pub length_size: u8,
    /// Sequence parameter sets, as NAL units.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, as NAL units.
    pub pps: Vec<Bytes>,
    /// What the first SPS says; `None` when parameter sets are in band and none was seen yet.
    pub picture: Option<Picture>,
}

/// What a sequence parameter set says of the pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// profile_idc.
    pub profile: u8,
    /// The constraint_set flags as one byte.
    pub constraints: u8,
    /// level_idc.
    pub level: u8,
    /// Width in pixels after cropping.
    pub width: u32,
    /// Height in pixels after cropping.
    pub height: u32,
    /// Frames a second as a fraction, where the VUI has believable timing.
    pub frame_rate: Option<(u32, u32)>,
    /// Sample aspect ratio; (1, 1) when square or not said.
    pub sample_aspect: (u32, u32),
}

impl AvcConfig {
    /// `avc1.PPCCLL` (RFC 6381 §3.3), from the SPS, or from the record where it has none.
    #[must_use]
    pub fn codec_string(&self) -> String {
        String::new()
    }
}
