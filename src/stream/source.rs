//! One publisher's part of a stream's writer: what it said of its tracks, and what is made of its frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::silence::Silence;
use crate::media::{SourceClock, TrackId, TrackSet};

/// How long audio waits for video that the metadata announced, before the stream counts as audio only.
const VIDEO_WAIT: Duration = Duration::from_secs(3);
/// How long pictures wait for sound that the metadata announced, or about which it said nothing, before the show counts as
/// one without.
const AUDIO_WAIT: Duration = Duration::from_secs(2);

/// A source of a stream.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) epoch: u64,
    pub(super) superseded: CancellationToken,
    /// What it said of its tracks; in force in the ring while it writes.
    pub(super) tracks: Arc<TrackSet>,
    pub(super) began: Instant,
    /// Whether its timestamps are to be believed.
    pub(super) clock: SourceClock,
    /// No video frame of it is written until a keyframe.
    pub(super) needs_keyframe: bool,
    /// Its sound, where it has none of its own.
    pub(super) silence: Option<Silence>,
}

impl Source {
    pub(super) fn new(epoch: u64, superseded: CancellationToken, now: Instant) -> Self {
        Self {
            epoch,
            superseded,
            tracks: Arc::default(),
            began: now,
            clock: SourceClock::default(),
            needs_keyframe: true,
            silence: None,
        }
    }

    /// Whether a reader may begin at a frame of `track`.
    pub(super) fn is_start(&self, track: TrackId, keyframe: bool, now: Instant) -> bool {
        if self.tracks.video().is_some() {
            return track == TrackId::VIDEO && keyframe;
        }
        let announced = self.tracks.metadata.as_ref().is_some_and(|metadata| metadata.announces_video());
        !announced || now.duration_since(self.began) > VIDEO_WAIT
    }

    /// Gives a source of pictures alone a track of silence where that is `wanted`, and takes it away from one whose own
    /// sound came after all. Silence that has begun goes on when it is wanted no more: a track that ends would be worse.
    pub(super) fn accompany(&mut self, frame: TrackId, wanted: bool, now: Instant) {
        if !frame.is_video() {
            self.silence = self.silence.take().filter(|silence| !silence.is_of(frame));
            return;
        }
        if !wanted || self.silence.is_some() || self.tracks.tracks().iter().any(|track| !track.id.is_video())
        {
            return;
        }
        let said = self.tracks.metadata.as_ref();
        let none_to_come = said.is_some_and(|metadata| !metadata.announces_audio());
        if !none_to_come && now.duration_since(self.began) <= AUDIO_WAIT {
            return;
        }
        let Some((config, silence)) = Silence::companion() else { return };
        let mut tracks = TrackSet::clone(&self.tracks);
        tracks.set(TrackId::AUDIO, config);
        (self.tracks, self.silence) = (Arc::new(tracks), Some(silence));
        tracing::info!("the encoder sends no sound; its pictures are accompanied by silence");
    }
}
