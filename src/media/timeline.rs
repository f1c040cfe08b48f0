//! One timeline for a stream: source timestamps in, monotonic decode times out.

use super::MediaTime;

/// Where the timeline put a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Decode time on the stream's own clock.
    pub dts: MediaTime,
    /// Whether the source's clock broke here and all tracks were re-anchored.
    pub discontinuity: bool,
}

/// The normaliser that all outputs of a stream share.
#[derive(Debug, Default)]
pub struct Timeline {}
