//! One stream: the ring, whoever writes it now, and what state it is in. Lives as long as its project; publishers
//! come and go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cursor::Start;
use super::publisher::{Publisher, Writer};
use super::registry::Busy;
use super::ring::{Ring, RingLimits};
use super::stats::StreamStats;
use super::subscriber::Subscriber;
use super::{PlaybackId, StreamId};
use crate::media::End;

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

    /// Whether a publisher is connected.
    #[must_use]
    pub const fn has_publisher(self) -> bool {
        matches!(self, Self::Starting | Self::Live)
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

/// A stream and its readers' meeting place.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    playback_id: PlaybackId,
    name: String,
    ring: Arc<Ring>,
    writer: Mutex<Writer>,
    state: watch::Sender<StreamState>,
    stats: StreamStats,
}

impl Stream {
    /// A stream that waits for its first publisher. `name` is for people.
    #[must_use]
    pub fn new(id: StreamId, playback_id: PlaybackId, name: String, limits: RingLimits) -> Arc<Self> {
        let writer = Writer::new(limits);
        Arc::new(Self {
            id,
            playback_id,
            name,
            ring: Arc::clone(writer.ring()),
            writer: Mutex::new(writer),
            state: watch::Sender::new(StreamState::Waiting),
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

    /// The project's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its state, now and as it changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<StreamState> {
        self.state.subscribe()
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

    /// Makes the caller the publisher if `allowed` says so of the present state. Whoever was it is superseded at once.
    pub(super) fn take_over_if(
        self: &Arc<Self>,
        now: Instant,
        allowed: impl FnOnce(StreamState) -> bool,
    ) -> Result<Publisher, Busy> {
        let superseded = CancellationToken::new();
        let mut writer = self.lock();
        // Under the lock: of two newcomers, the second sees the first.
        if !allowed(*self.state.borrow()) {
            return Err(Busy);
        }
        let epoch = writer.begin(superseded.clone(), now);
        self.set_state(StreamState::Starting);
        drop(writer);
        self.stats.publishers.add(1);
        Ok(Publisher::new(Arc::clone(self), epoch, superseded))
    }

    /// Frees the ring when the broadcast has been over for a while. Slow readers that are not through miss the rest.
    pub fn clear_if_over(&self) {
        let mut writer = self.lock();
        if !self.state.borrow().has_publisher() {
            writer.clear();
        }
    }

    pub(super) const fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    pub(super) fn set_state(&self, state: StreamState) {
        self.state.send_if_modified(|current| std::mem::replace(current, state) != state);
    }

    /// The writer. A panic while it was held left it consistent: every step of it is complete in itself.
    pub(super) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
