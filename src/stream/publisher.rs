//! The handle of one source of a stream: what it may write, and when it is told that another does.
//!
//! **Invariant:** one that is superseded changes nothing any more.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::live::Stream;
use super::writer::{Writer, Written};
use crate::format::a53::Captions;
use crate::media::{Codec, CodecConfig, End, MediaTime, Metadata, TrackId};

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
        self.write(|writer| writer.describe(self.epoch, |tracks| tracks.set(track, config)).unwrap_or(false))
    }

    /// Sets what the source says of itself. What it said already changes nothing.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn describe(&self, metadata: Metadata) -> Result<(), Superseded> {
        self.write(|writer| {
            writer.describe(self.epoch, |tracks| {
                if tracks.metadata.as_deref() != Some(&metadata) {
                    tracks.metadata = Some(Arc::new(metadata));
                }
            });
        })
    }

    /// Sets what the source says of a track beside its configuration, from the next frame on.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn remark(&self, track: TrackId, codec: Codec, remark: Bytes) -> Result<(), Superseded> {
        self.write(|writer| {
            writer.describe(self.epoch, |tracks| tracks.set_remark(track, codec, remark));
        })
    }

    /// Says that the pictures carry closed captions, from the next frame on.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn caption(&self, captions: Captions) -> Result<(), Superseded> {
        self.write(|writer| {
            writer.describe(self.epoch, |tracks| tracks.captions = Some(captions));
        })
    }

    /// Writes a frame. `false` when it is not used: a keyframe must come first, or the slate stands in its place.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn frame(&self, frame: SourceFrame, now: Instant) -> Result<bool, Superseded> {
        let stats = self.stream.stats();
        stats.received_bytes.add(frame.payload.len() as u64);
        let is_video = frame.track.is_video();
        if is_video { &stats.video_packets } else { &stats.audio_packets }.add(1);
        let written = self.write(|writer| {
            let filling = writer.is_filling();
            let written = writer.frame(self.epoch, frame, now, stats);
            if filling && !writer.is_filling() {
                tracing::info!("the encoder is back");
            }
            written
        })?;
        match written {
            Written::Whole => return Ok(true),
            Written::AwaitingKeyframe if is_video => stats.awaiting_keyframe.add(1),
            Written::AwaitingKeyframe => {}
            Written::Late => stats.late_packets.add(1),
        }
        Ok(false)
    }

    /// Writes a data message.
    ///
    /// # Errors
    /// [`Superseded`].
    pub fn data(&self, millis: u32, payload: Bytes, now: Instant) -> Result<(), Superseded> {
        self.stream.stats().data_packets.add(1);
        self.write(|writer| writer.data(self.epoch, millis, payload, now))
    }

    /// Leaves. A final end ([`End::is_final`]) ends the broadcast, any other one is held; neither where another publisher has
    /// it.
    pub fn end(mut self, end: End) {
        self.end_now(end);
    }

    fn end_now(&mut self, end: End) {
        self.ended = true;
        // Superseded: the broadcast goes on without us.
        let held = self.write(|writer| writer.leave(self.epoch, end, Instant::now()));
        if held == Ok(true) {
            self.stream.stats().interruptions.add(1);
            tracing::warn!(?end, "the encoder is gone; the broadcast is held for its return");
        }
    }

    fn write<T>(&self, write: impl FnOnce(&mut Writer) -> T) -> Result<T, Superseded> {
        let mut writer = self.stream.lock();
        if !writer.knows(self.epoch) {
            return Err(Superseded);
        }
        Ok(write(&mut writer))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if !self.ended {
            self.end_now(End::Lost);
        }
    }
}
