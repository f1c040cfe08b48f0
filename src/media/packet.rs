//! One coded frame, and the other things that travel on a stream's timeline.
//!
//! **Invariant:** immutable and cheap to clone: the payload is shared bytes, never copied after ingress.

use bytes::Bytes;

use super::{MediaTime, TrackId};

/// One coded frame of one track.
///
/// The payload has the form that FLV and fMP4 share: H.264 and HEVC as length-prefixed NAL units of the length size
/// that the track's configuration names, AV1 as the open bitstream units of one temporal unit, VP9 as one frame or
/// superframe, AAC as one raw access unit, Opus as one packet, MP3, FLAC, AC-3 and E-AC-3 as whole frames.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The track it belongs to.
    pub track: TrackId,
    /// When it is decoded. Monotonic for each track once the timeline has placed it.
    pub dts: MediaTime,
    /// How much later it is shown; negative from some encoders.
    pub cts: MediaTime,
    /// Whether a decoder may start here. Always true for audio.
    pub keyframe: bool,
    /// The coded frame.
    pub payload: Bytes,
}

impl Packet {
    /// When it is shown.
    #[must_use]
    pub fn pts(&self) -> MediaTime {
        self.dts + self.cts
    }
}

/// A data message (cue point, caption, text) as AMF0 values, without the `@setDataFrame` wrapper.
#[derive(Debug, Clone)]
pub struct DataMessage {
    /// When it applies.
    pub dts: MediaTime,
    /// AMF0: a name string, then values.
    pub payload: Bytes,
}

/// Why the frames of a stream stopped coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The encoder said so (`FCUnpublish`, `deleteStream`), or the process drains.
    Clean,
    /// The show was ended here: by a person, or because its project is gone or cannot be used.
    Told,
    /// The connection broke.
    Lost,
    /// Connected, but silent for longer than `stall_timeout`.
    Stalled,
}

impl End {
    /// Whether the show is over with it, and nobody's return is waited for.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Clean | Self::Told)
    }
}

/// What travels on the timeline.
#[derive(Debug, Clone)]
pub enum Frame {
    /// A coded frame.
    Media(Packet),
    /// A data message.
    Data(DataMessage),
    /// The publisher is gone and nobody took over. Frames may follow when one returns.
    End(End),
}

impl Frame {
    /// Bytes of payload, the measure of the ring's bound.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        match self {
            Self::Media(packet) => packet.payload.len(),
            Self::Data(data) => data.payload.len(),
            Self::End(_) => 0,
        }
    }

    /// Its decode time; `None` for an end.
    #[must_use]
    pub const fn dts(&self) -> Option<MediaTime> {
        match self {
            Self::Media(packet) => Some(packet.dts),
            Self::Data(data) => Some(data.dts),
            Self::End(_) => None,
        }
    }
}
