//! The synthetic stream: H.264-like video and AAC-like audio whose frames carry their own send time.
//!
//! A parser finds everything it looks for (a true avcC with SPS and PPS, length-prefixed NAL units, type 5 on
//! keyframes, an AudioSpecificConfig); a decoder would find noise. The send time hides as text in an SEI message of
//! each video frame and near the head of each audio frame, at a fixed place, so that a receiver reads it without
//! joining the frame. Nothing here knows RTMP.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Error, Result, bail};

/// Video frames a second.
pub(crate) const FPS: u64 = 30;
/// Video frames from one keyframe to the next: two seconds.
pub(crate) const GOP: u64 = 60;
/// Audio frames are 1024 samples at this rate.
const SAMPLE_RATE: u64 = 48_000;
/// Payload of one audio frame, in bytes: 128 kb/s.
const AUDIO_LEN: usize = 340;
/// A keyframe's share of a second's bits: 70 kB of the 2.5 Mb/s that two thirds of streamers use.
const KEYFRAME_SHARE: f64 = 70_000.0 * 8.0 / 2_500_000.0;

/// RTMP message types that carry media.
pub(crate) const AUDIO: u8 = 8;
/// See [`AUDIO`].
pub(crate) const VIDEO: u8 = 9;

/// `17 00`, composition time 0, then the avcC of an encoder's High 3.1 1280x720 at 30 fps.
const AVC_HEADER: &str =
    "17000000000164001fffe100186764001facb200a00b760220000003002000000781e3064901000668ebc3cb22c0fdf8f800";
/// `AF 00`, then AAC-LC, 48 kHz, stereo.
const AAC_HEADER: &str = "af001190";

/// How many bytes of a media message a receiver must keep to read the marker.
pub(crate) const KEEP: usize = 96;
/// Marker: tag, kind, sequence number and microseconds, the numbers in hexadecimal; no byte of it is zero.
const TAG: &[u8; 7] = b"FANOUT-";
const MARKER_LEN: usize = 7 + 1 + 8 + 16;
/// FLV video head 5, NAL length 4, SEI head 3, UUID 16.
const VIDEO_MARKER_AT: usize = 28;
/// FLV audio head 2, first bytes of a channel pair element 2.
const AUDIO_MARKER_AT: usize = 4;

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    /// [`AUDIO`] or [`VIDEO`].
    pub(crate) kind: u8,
    /// Counts the frames of this kind from 0.
    pub(crate) seq: u64,
    /// When the publisher made it, see [`now_us`].
    pub(crate) sent_us: u64,
}

/// Microseconds on the clock that all processes of the run share.
pub(crate) fn now_us() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX))
}

impl Marker {
    fn write(self, out: &mut Vec<u8>) {
        let kind = if self.kind == VIDEO { 'V' } else { 'A' };
        out.extend_from_slice(TAG);
        out.extend_from_slice(
            format!("{kind}{:08x}{:016x}", self.seq & 0xffff_ffff, self.sent_us).as_bytes(),
        );
    }

    /// Reads the marker of a media message from its first [`KEEP`] bytes; `None` for headers and foreign bytes.
    pub(crate) fn read(kind: u8, payload: &[u8]) -> Option<Self> {
        let at = if kind == VIDEO { VIDEO_MARKER_AT } else { AUDIO_MARKER_AT };
        let text = payload.get(at..at + MARKER_LEN)?.strip_prefix(TAG)?;
        let number = |range| u64::from_str_radix(std::str::from_utf8(text.get(range)?).ok()?, 16).ok();
        Some(Self { kind, seq: number(1..9)?, sent_us: number(9..25)? })
    }
}

/// One message to publish.
pub(crate) struct Message {
    /// RTMP message type.
    pub(crate) kind: u8,
    /// Milliseconds since the stream began.
    pub(crate) timestamp: u32,
    /// FLV tag body.
    pub(crate) payload: Vec<u8>,
}

/// When audio frames leave the publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// With the next video frame, as OBS's interleaver releases them: 30 bursts a second.
    Bursts,
    /// On time, as some hardware encoders send them: 77 messages a second, each alone.
    Even,
}

impl FromStr for Pace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "bursts" => Ok(Self::Bursts),
            "even" => Ok(Self::Even),
            _ => bail!("no pace {text:?}: bursts, even"),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Bursts { "bursts" } else { "even" })
    }
}

/// One stream's endless sequence of frames, in order of time.
pub(crate) struct Source {
    bitrate: u64,
    pace: Pace,
    noise: Vec<u8>,
    video: u64,
    audio: u64,
}

impl Source {
    /// A stream of `bitrate` bits a second, audio included.
    pub(crate) fn new(bitrate: u64, pace: Pace) -> Self {
        // A xorshift without zero bytes: no start code and no emulation prevention can occur in it.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let longest = (bitrate as usize / 8).max(200_000);
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8 | 1
        });
        Self { bitrate, pace, noise: noise.take(longest).collect(), video: 0, audio: 0 }
    }

    /// The two codec headers that open a stream.
    pub(crate) fn headers() -> [Message; 2] {
        let header = |kind, hex| Message { kind, timestamp: 0, payload: unhex(hex) };
        [header(VIDEO, AVC_HEADER), header(AUDIO, AAC_HEADER)]
    }

    /// When the next frame leaves, in microseconds since the stream began.
    pub(crate) fn due_us(&self) -> u64 {
        match self.pace {
            Pace::Even => self.video_due().min(self.audio_due()),
            Pace::Bursts => self.video_due(),
        }
    }

    /// Makes the next frame, marked with the present time.
    pub(crate) fn next(&mut self) -> Message {
        if self.video_due() <= self.audio_due() {
            let (seq, timestamp) = (self.video, (self.video_due() / 1000) as u32);
            self.video += 1;
            Message { kind: VIDEO, timestamp, payload: self.video_frame(seq) }
        } else {
            let (seq, timestamp) = (self.audio, (self.audio_due() / 1000) as u32);
            self.audio += 1;
            Message { kind: AUDIO, timestamp, payload: self.audio_frame(seq) }
        }
    }

    fn video_due(&self) -> u64 {
        self.video * 1_000_000 / FPS
    }

    fn audio_due(&self) -> u64 {
        self.audio * 1024 * 1_000_000 / SAMPLE_RATE
    }

    /// Bytes of video frame `seq`: keyframes have a fixed share, the others take what is left, one tenth up or down.
    fn video_len(&self, seq: u64) -> usize {
        let key = self.bitrate as f64 * KEYFRAME_SHARE / 8.0;
        if seq.is_multiple_of(GOP) {
            return key as usize;
        }
        let gop_seconds = GOP as f64 / FPS as f64;
        let audio = AUDIO_LEN as f64 * SAMPLE_RATE as f64 / 1024.0;
        let left = (self.bitrate as f64 / 8.0 - audio) * gop_seconds - key;
        let swing = 0.9 + 0.2 * ((seq * 7) % 11) as f64 / 10.0;
        ((left / (GOP - 1) as f64 * swing) as usize).max(200)
    }

    fn video_frame(&self, seq: u64) -> Vec<u8> {
        let len = self.video_len(seq);
        let key = seq.is_multiple_of(GOP);
        let mut out = Vec::with_capacity(len + 64);
        out.extend_from_slice(&[if key { 0x17 } else { 0x27 }, 1, 0, 0, 0]);
        let sei_len = 3 + 16 + MARKER_LEN + 1;
        out.extend_from_slice(&(sei_len as u32).to_be_bytes());
        // SEI, user_data_unregistered, its size, its UUID.
        out.extend_from_slice(&[0x06, 0x05, (16 + MARKER_LEN) as u8]);
        out.extend_from_slice(b"gostream-fanout-");
        Marker { kind: VIDEO, seq, sent_us: now_us() }.write(&mut out);
        out.push(0x80);
        let slice = self.noise_at(seq, len.saturating_sub(out.len() + 6));
        out.extend_from_slice(&(slice.len() as u32 + 2).to_be_bytes());
        out.extend_from_slice(if key { &[0x65, 0x88] } else { &[0x41, 0x9a] });
        out.extend_from_slice(slice);
        out
    }

    fn audio_frame(&self, seq: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(AUDIO_LEN);
        out.extend_from_slice(&[0xaf, 1, 0x21, 0x4c]);
        Marker { kind: AUDIO, seq, sent_us: now_us() }.write(&mut out);
        out.extend_from_slice(self.noise_at(seq, AUDIO_LEN - out.len()));
        out
    }

    /// Noise that differs from frame to frame.
    fn noise_at(&self, seq: u64, len: usize) -> &[u8] {
        let from = (seq as usize * 37) % 1000;
        self.noise.get(from..from + len).unwrap_or(&self.noise)
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, &b| sum << 4 | digit(b))).collect()
}
