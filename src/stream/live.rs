//! One stream: the ring, whoever writes it now, and what state it is in. Lives as long as its project; publishers
//! come and go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cursor::Start;
use super::publisher::Publisher;
use super::registry::{Busy, OnDuplicate};
use super::ring::{Ring, RingLimits};
use super::stats::StreamStats;
use super::subscriber::Subscriber;
use super::writer::{HoldConfig, Writer};
use super::{PlaybackId, StreamId};
use crate::media::{End, TrackSet};

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// Nobody has published yet.
    Waiting,
    /// A publisher is connected and has sent no keyframe yet.
    Starting,
    /// Frames flow.
    Live,
    /// The publisher dropped and may come back within the hold.
    Interrupted,
    /// The broadcast is over.
    Ended(End),
}

impl StreamState {
    /// All labels, for metrics.
    pub const LABELS: [&'static str; 5] = ["waiting", "starting", "live", "interrupted", "ended"];

    /// Whether there is something to send: frames, or what stands in for them.
    #[must_use]
    pub const fn is_on_air(self) -> bool {
        matches!(self, Self::Live | Self::Interrupted)
    }

    /// A short label for a metric or an event.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Interrupted => "interrupted",
            Self::Ended(_) => "ended",
        }
    }
}

/// What a stream is called.
#[derive(Debug, Clone)]
pub struct Names {
    /// Our own name of it.
    pub id: StreamId,
    /// The name it is played under.
    pub playback_id: PlaybackId,
    /// See [`Stream::project`].
    pub project: Arc<str>,
    /// The project's name, for people.
    pub name: String,
}

/// A stream and its readers' meeting place.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    playback_id: PlaybackId,
    project: Arc<str>,
    name: ArcSwap<String>,
    ring: Arc<Ring>,
    writer: Mutex<Writer>,
    state: watch::Sender<StreamState>,
    tracks: watch::Sender<Arc<TrackSet>>,
    stats: StreamStats,
}

impl Stream {
    /// A stream that waits for its first publisher.
    #[must_use]
    pub fn new(names: Names, limits: RingLimits, hold: HoldConfig) -> Arc<Self> {
        let Names { id, playback_id, project, name } = names;
        let writer = Writer::new(limits, hold);
        Arc::new(Self {
            id,
            playback_id,
            project,
            name: ArcSwap::from_pointee(name),
            ring: Arc::clone(writer.ring()),
            state: writer.watch(),
            tracks: writer.watch_tracks(),
            writer: Mutex::new(writer),
            stats: StreamStats::default(),
        })
    }

    /// Our own name of it.
    #[must_use]
    pub const fn id(&self) -> &StreamId {
        &self.id
    }

    /// The name it is played under.
    #[must_use]
    pub const fn playback_id(&self) -> &PlaybackId {
        &self.playback_id
    }

    /// What whoever declared it calls it: the id of the project's row. Empty where there is none.
    #[must_use]
    pub const fn project(&self) -> &Arc<str> {
        &self.project
    }

    /// The project's name, for people.
    #[must_use]
    pub fn name(&self) -> Arc<String> {
        self.name.load_full()
    }

    /// Changes what can be changed while the stream lives. A hold that has begun keeps its end.
    pub fn adjust(&self, name: String, hold: HoldConfig) {
        self.name.store(Arc::new(name));
        self.lock().adjust(hold);
    }

    /// Its state, now and as it changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<StreamState> {
        self.state.subscribe()
    }

    /// The tracks in force, now and as they change; those of the last broadcast when there is none.
    #[must_use]
    pub fn tracks(&self) -> watch::Receiver<Arc<TrackSet>> {
        self.tracks.subscribe()
    }

    /// Its figures.
    #[must_use]
    pub const fn stats(&self) -> &StreamStats {
        &self.stats
    }

    /// Bytes that the ring holds.
    #[must_use]
    pub fn ring_bytes(&self) -> u64 {
        self.ring.bytes()
    }

    /// A reader that begins at `start`.
    #[must_use]
    pub fn subscribe(&self, start: Start) -> Subscriber {
        Subscriber::new(Arc::clone(&self.ring), start)
    }

    /// Makes the caller the publisher. Whoever is it writes on until the newcomer has a keyframe, and is then superseded.
    pub(super) fn take_over(
        self: &Arc<Self>,
        on_duplicate: OnDuplicate,
        now: Instant,
    ) -> Result<Publisher, Busy> {
        let superseded = CancellationToken::new();
        // Under the lock: of two newcomers, the second sees the first.
        let mut writer = self.lock();
        let epoch = writer.begin(superseded.clone(), on_duplicate, now).ok_or(Busy)?;
        drop(writer);
        self.stats.publishers.add(1);
        Ok(Publisher::new(Arc::clone(self), epoch, superseded))
    }

    /// Does what is due: fills the time of an encoder that is away, and ends a broadcast whose hold is over. To be called
    /// some ten times a second.
    pub fn keep(&self, now: Instant) {
        let mut writer = self.lock();
        let filling = writer.is_filling();
        self.stats.slate_packets.add(writer.keep(now));
        let state = writer.state();
        let began = !filling && writer.is_filling();
        drop(writer);
        if began {
            tracing::warn!(stream = %self.id, state = state.label(), "the encoder is silent; a still picture fills in");
        } else if filling && matches!(state, StreamState::Ended(_)) {
            tracing::warn!(stream = %self.id, "the encoder did not come back; the broadcast is over");
        }
    }

    /// Ends a broadcast that is held for an encoder to return.
    pub fn end_held(&self, end: End, now: Instant) {
        self.lock().end_held(end, now);
    }

    /// Ends the broadcast now, whoever writes it: its source is told that it may not write any more.
    pub fn end(&self, end: End, now: Instant) {
        self.lock().end(end, now);
    }

    /// Until when an encoder that is away may come back; `None` while none is away.
    #[must_use]
    pub fn hold_ends(&self) -> Option<SystemTime> {
        let until = self.lock().hold_ends()?;
        Some(SystemTime::now() + until.saturating_duration_since(Instant::now()))
    }

    /// How the encoder left that may come back; `None` while none is away.
    #[must_use]
    pub fn left_by(&self) -> Option<End> {
        self.lock().left_by()
    }

    /// Frees the ring when the broadcast has been over for a while. Slow readers that are not through miss the rest.
    pub fn clear_if_over(&self) {
        self.lock().clear_if_over();
    }

    pub(super) const fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The writer. A panic while it was held left it consistent: every step of it is complete in itself.
    pub(super) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
