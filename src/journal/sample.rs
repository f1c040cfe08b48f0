//! What one second of a broadcast came to: the figures of health, charts and reports.

use std::time::SystemTime;

use crate::push::{DestinationId, OutputState, OwnLimits, Platform, Reason};
use crate::store;
use crate::store::UnixMillis;

/// One second, as measured from the packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When it ended.
    pub at: UnixMillis,
    /// Bits a second of all pictures.
    pub video_bps: u64,
    /// Bits a second of all sound.
    pub audio_bps: u64,
    /// Frames a second of the default pictures.
    pub fps: f32,
    /// Frames a second of the default sound.
    pub audio_fps: f32,
    /// From the last keyframe but one to the last, or since the last where that is longer. Milliseconds of media.
    pub keyframe_interval_ms: Option<u32>,
    /// Whether that interval is not over: it is what has passed of it.
    pub keyframe_awaited: bool,
    /// How far pictures are ahead of sound, milliseconds of media.
    pub skew_ms: Option<i32>,
    /// How far the encoder's clock has run ahead of ours since it began, milliseconds.
    pub drift_ms: Option<i32>,
    /// The longest time without a packet, milliseconds.
    pub gap_ms: u32,
    /// Pictures that are missing by their timestamps: an estimate, since encoders do not tell what they drop.
    pub missing_frames: u32,
    /// Times the source's clock broke, or the source changed.
    pub discontinuities: u32,
    /// Whether the encoder was away or silent, and what stands in for it was sent.
    pub filler: bool,
    /// Whether the sound was silence; `None` where its coding does not show that cheaply.
    pub silent: Option<bool>,
}

/// What is sent and how it is coded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Media {
    /// RFC 6381 string of the pictures' coding.
    pub video_codec: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Frames a second that the encoder promises.
    pub frame_rate: Option<f32>,
    /// RFC 6381 string of the sound's coding.
    pub audio_codec: Option<String>,
    /// Channels of sound.
    pub channels: Option<u8>,
    /// Samples of sound a second.
    pub sample_rate: Option<u32>,
}

/// An output, at the end of a second.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSample {
    /// Our label of the destination.
    pub destination: DestinationId,
    /// Its row, where it has one.
    pub row: Option<store::DestinationId>,
    /// For people.
    pub name: String,
    /// What is known of it.
    pub platform: Platform,
    /// What it takes at most by its owner's word.
    pub limits: OwnLimits,
    /// How it is doing.
    pub state: OutputState,
    /// Why it is not sending.
    pub reason: Option<Reason>,
    /// What was said about it, without secrets.
    pub detail: String,
    /// When the state began.
    pub since: SystemTime,
    /// Bits a second.
    pub bps: u64,
    /// Age of the oldest frame not sent yet, milliseconds.
    pub lag_ms: u64,
    /// Bytes sent in this broadcast.
    pub sent_bytes: u64,
    /// Frames given up in this broadcast.
    pub dropped: u64,
    /// Connections after the first in this broadcast.
    pub reconnects: u64,
    /// Round trip to the server, milliseconds, where the system tells it.
    pub rtt_ms: Option<u32>,
}

/// What is kept of an output for charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputPoint {
    /// When.
    pub at: UnixMillis,
    /// Bits a second.
    pub bps: u64,
    /// As in [`OutputSample::lag_ms`].
    pub lag_ms: u64,
    /// As in [`OutputSample::dropped`].
    pub dropped: u64,
}

impl Sample {
    /// A second in which nothing came.
    #[must_use]
    pub const fn nothing(at: UnixMillis) -> Self {
        Self {
            at,
            video_bps: 0,
            audio_bps: 0,
            fps: 0.0,
            audio_fps: 0.0,
            keyframe_interval_ms: None,
            keyframe_awaited: false,
            skew_ms: None,
            drift_ms: None,
            gap_ms: 0,
            missing_frames: 0,
            discontinuities: 0,
            filler: false,
            silent: None,
        }
    }
}
