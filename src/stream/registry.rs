//! Finds a stream, and hands out the right to publish it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;

use super::StreamId;
use super::live::Stream;
use super::publisher::Publisher;

/// What happens when a key that publishes is offered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDuplicate {
    /// The newcomer replaces the hanging session: an encoder after a network drop is back at once.
    #[default]
    Takeover,
    /// The newcomer is refused.
    Reject,
    /// The newcomer is refused, also where a broadcast waits for its encoder to return.
    GiveWay,
}

/// The stream has a publisher, and takeover is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream has a publisher")]
pub struct Busy;

/// All streams of this process.
#[derive(Debug, Default)]
pub struct Registry {
    streams: ArcSwap<BTreeMap<StreamId, Arc<Stream>>>,
}

impl Registry {
    /// Adds a stream. One with the same id is replaced.
    pub fn insert(&self, stream: &Arc<Stream>) {
        self.streams.rcu(|streams| {
            let mut streams = BTreeMap::clone(streams);
            streams.insert(stream.id().clone(), Arc::clone(stream));
            streams
        });
    }

    /// Makes a stream unknown. Whoever holds it holds it on.
    pub fn remove(&self, id: &StreamId) -> Option<Arc<Stream>> {
        let streams = self.streams.rcu(|streams| {
            let mut streams = BTreeMap::clone(streams);
            streams.remove(id);
            streams
        });
        streams.get(id).cloned()
    }

    /// The stream with this id.
    #[must_use]
    pub fn get(&self, id: &StreamId) -> Option<Arc<Stream>> {
        self.streams.load().get(id).cloned()
    }

    /// All streams, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Stream>> {
        self.streams.load().values().cloned().collect()
    }

    /// Makes the caller the publisher of `stream`.
    ///
    /// # Errors
    /// [`Busy`] when it has one and `on_duplicate` is against it; the one that is live notices nothing.
    pub fn publish(
        &self,
        stream: &Arc<Stream>,
        on_duplicate: OnDuplicate,
        now: Instant,
    ) -> Result<Publisher, Busy> {
        stream.take_over(on_duplicate, now)
    }
}
