//! Fragmented MP4 (ISO/IEC 14496-12): the init segment and the header of one fragment.
//!
//! Bytes of frames never pass through here: a fragment's header ends with the eight bytes that open its `mdat`,
//! and the caller sends the frames after it from wherever they lie. The boxes themselves are written by `mp4-atom`,
//! which no other file names. Leaves to `media::remux::to_fmp4` which packet becomes which sample.

mod fragment;
mod init;
mod light;
mod sound;
mod visual;

pub use fragment::{Run, RunSample, empty_fragment_header, fragment_header};
pub use init::{InitTrack, SampleEntry, init_segment};

/// Why a box could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value does not fit the field that carries it.
    #[error("an MP4 box cannot hold this value: {0}")]
    Encode(#[from] mp4_atom::Error),
    /// A decoder cannot start without parameter sets or a sequence header out of band (`avc1`, `hvc1`, `av01`), or
    /// without a size (`vp09`).
    #[error("the configuration of the pictures has no parameter sets")]
    NoParameterSets,
    /// The frames of one fragment exceed the 32-bit size of an `mdat` box, in bytes.
    #[error("a fragment of {0} bytes is larger than an mdat box can say")]
    TooLarge(u64),
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod sound_tests;
