//! MPEG audio layer III frame headers.

/// What the header of a frame says (ISO/IEC 11172-3 §2.4.2.3). Equal when the stream's shape is equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mp3Header {
    /// Samples a second.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Samples a frame: 1152 or 576.
    pub samples: u16,
}
