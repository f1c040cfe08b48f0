//! The one writing handle of a stream, and what it writes through: the timeline, the tracks in force, the ring.
//!
//! **Invariant:** at most one publisher writes; one that is superseded changes nothing any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::live::{Stream, StreamState};
use super::ring::{Entry, Ring, RingLimits, RingWriter};
use crate::media::remux::to_flv;
use crate::media::{
    CodecConfig, DataMessage, End, Frame, MediaTime, Metadata, Packet, Timeline, TrackId, TrackSet,
};
use crate::rtmp::{MessageType, SharedMessage, csid};

/// How long audio waits for video that the metadata announced, before the stream counts as audio only.
const VIDEO_WAIT: Duration = Duration::from_secs(3);

/// Another publisher has the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another publisher took over")]
pub struct Superseded;

/// One frame as it came from the source.
#[derive(Debug, Clone)]
pub struct SourceFrame {
    /// Its track, whose configuration was given before.
    pub track: TrackId,
    /// The source's decode time, milliseconds modulo 2^32.
    pub millis: u32,
    /// How much later it is shown.
    pub cts: MediaTime,
    /// Whether a decoder may start at it.
    pub keyframe: bool,
    /// The coded frame.
    pub payload: Bytes,
}

/// What writes: behind the stream's lock.
#[derive(Debug)]
pub(super) struct Writer {
    ring: RingWriter,
    timeline: Timeline,
    tracks: Arc<TrackSet>,
    epoch: u64,
    current: Option<CancellationToken>,
    began: Instant,
    /// No video frame is written until a keyframe of the default track.
    needs_keyframe: bool,
    /// The next entry is the first of a source, or the first after its clock broke.
    discontinuity: bool,
}

impl Writer {
    pub(super) fn new(limits: RingLimits) -> Self {
        Self {
            ring: RingWriter::new(limits),
            timeline: Timeline::default(),
            tracks: Arc::default(),
            epoch: 0,
            current: None,
            began: Instant::now(),
            needs_keyframe: true,
            discontinuity: false,
        }
    }

    pub(super) const fn ring(&self) -> &Arc<Ring> {
        self.ring.ring()
    }

    pub(super) fn clear(&mut self) {
        self.ring.clear();
    }

    /// A new source begins; the old one's handle is dead from here on.
    pub(super) fn begin(&mut self, superseded: CancellationToken, now: Instant) -> u64 {
        if let Some(old) = self.current.replace(superseded) {
            old.cancel();
        }
        self.discontinuity = self.epoch > 0;
        self.epoch += 1;
        self.timeline.new_source();
        self.tracks = Arc::default();
        self.needs_keyframe = true;
        self.began = now;
        self.epoch
    }

    fn end(&mut self, end: End, now: Instant) {
        self.current = None;
        self.push(Frame::End(end), false, now);
    }

    fn push(&mut self, frame: Frame, start: bool, now: Instant) {
        let wire = to_flv::message(&frame, &self.tracks).map(|message| {
            let (csid, type_id) = match message.kind {
                to_flv::MessageKind::Audio => (csid::AUDIO, MessageType::AUDIO),
                to_flv::MessageKind::Video => (csid::VIDEO, MessageType::VIDEO),
                to_flv::MessageKind::Data => (csid::STREAM, MessageType::DATA),
            };
            SharedMessage::new(csid, type_id, &message.prefix, message.payload)
        });
        self.ring.push(Entry {
            seq: 0,
            frame,
            tracks: Arc::clone(&self.tracks),
            start,
            discontinuity: std::mem::take(&mut self.discontinuity),
            arrived: now,
            wire,
        });
    }

    /// Whether a reader may begin at a frame of `track`.
    fn is_start(&self, track: TrackId, keyframe: bool, now: Instant) -> bool {
        if self.tracks.video().is_some() {
            return track == TrackId::VIDEO && keyframe;
        }
        let announced = self.tracks.metadata.as_ref().is_some_and(|metadata| metadata.announces_video());
        !announced || now.duration_since(self.began) > VIDEO_WAIT
    }
}

/// The right to write a stream. Dropping it without [`end`](Self::end) counts as a lost connection.
#[derive(Debug)]
pub struct Publisher {
    stream: Arc<Stream>,
    epoch: u64,
    superseded: CancellationToken,
    ended: bool,
}

impl Publisher {
    pub(super) const fn new(stream: Arc<Stream>, epoch: u64, superseded: CancellationToken) -> Self {
        Self { stream, epoch, superseded, ended: false }
    }

    /// The stream it writes.
    #[must_use]
    pub const fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Cancelled when another publisher takes over.
    #[must_use]
    pub const fn superseded(&self) -> &CancellationToken {
        &self.superseded
    }

    /// Sets a track's configuration, from the next frame on. `true` when it is new.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn configure(&self, track: TrackId, config: CodecConfig) -> Result<bool, Superseded> {
        self.write(|writer| {
            let mut tracks = TrackSet::clone(&writer.tracks);
            let changed = tracks.set(track, config);
            if changed {
                writer.tracks = Arc::new(tracks);
                // A decoder with a new configuration starts at a keyframe.
                writer.needs_keyframe |= track == TrackId::VIDEO;
            }
            changed
        })
    }

    /// Sets what the source says of itself. What it said already changes nothing.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn describe(&self, metadata: Metadata) -> Result<(), Superseded> {
        self.write(|writer| {
            if writer.tracks.metadata.as_deref() != Some(&metadata) {
                let mut tracks = TrackSet::clone(&writer.tracks);
                tracks.metadata = Some(Arc::new(metadata));
                writer.tracks = Arc::new(tracks);
            }
        })
    }

    /// Writes a frame. `false` when it is not used, since a keyframe must come first.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn frame(&self, frame: SourceFrame, now: Instant) -> Result<bool, Superseded> {
        let stats = self.stream.stats();
        stats.received_bytes.add(frame.payload.len() as u64);
        if frame.track.is_video() { &stats.video_packets } else { &stats.audio_packets }.add(1);
        let used = self.write(|writer| {
            let placed = writer.timeline.place(frame.track, frame.millis);
            if placed.discontinuity {
                writer.discontinuity = true;
                stats.discontinuities.add(1);
            }
            if frame.track.is_video() {
                writer.needs_keyframe &= !(frame.track == TrackId::VIDEO && frame.keyframe);
                if writer.needs_keyframe {
                    return false;
                }
            }
            let start = writer.is_start(frame.track, frame.keyframe, now);
            let SourceFrame { track, cts, keyframe, payload, .. } = frame;
            writer.push(Frame::Media(Packet { track, dts: placed.dts, cts, keyframe, payload }), start, now);
            if start {
                self.stream.set_state(StreamState::Live);
            }
            true
        })?;
        if !used {
            stats.awaiting_keyframe.add(1);
        }
        Ok(used)
    }

    /// Writes a data message.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn data(&self, millis: u32, payload: Bytes, now: Instant) -> Result<(), Superseded> {
        self.stream.stats().data_packets.add(1);
        self.write(|writer| {
            let dts = writer.timeline.place_data(millis);
            writer.push(Frame::Data(DataMessage { dts, payload }), false, now);
        })
    }

    /// Ends the broadcast, unless another publisher has it.
    pub fn end(mut self, end: End) {
        self.end_now(end);
    }

    fn end_now(&mut self, end: End) {
        self.ended = true;
        // Superseded: the broadcast goes on without us.
        let _superseded = self.write(|writer| {
            writer.end(end, Instant::now());
            self.stream.set_state(StreamState::Ended(end));
        });
    }

    fn write<T>(&self, write: impl FnOnce(&mut Writer) -> T) -> Result<T, Superseded> {
        let mut writer = self.stream.lock();
        if writer.epoch == self.epoch { Ok(write(&mut writer)) } else { Err(Superseded) }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if !self.ended {
            self.end_now(End::Lost);
        }
    }
}
