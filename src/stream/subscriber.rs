//! A reading handle: its own place in the ring, and a bell that rings when there is more.

use std::sync::Arc;

use tokio::sync::Notify;

use super::cursor::{Cursor, Start};
use super::ring::{Entry, Ring};

/// An entry, and what was lost before it.
#[derive(Debug, Clone)]
pub struct Received {
    /// The entry.
    pub entry: Arc<Entry>,
    /// Entries lost just before this one because the writer overtook this reader. A decoder can then start at it.
    pub skipped: u64,
}

/// One reader of a stream.
#[derive(Debug)]
pub struct Subscriber {
    ring: Arc<Ring>,
    cursor: Cursor,
    bell: Arc<Notify>,
}

impl Subscriber {
    pub(super) fn new(ring: Arc<Ring>, start: Start) -> Self {
        let bell = Arc::new(Notify::new());
        ring.add_bell(&bell);
        Self { cursor: Cursor::new(&ring, start), ring, bell }
    }

    /// The next entry if it is there.
    pub fn try_recv(&mut self) -> Option<Received> {
        let (entry, skipped) = self.cursor.read(&self.ring)?;
        Some(Received { entry, skipped })
    }

    /// The next entry. Never ends: a stream outlives its publishers. Cancel safe.
    pub async fn recv(&mut self) -> Received {
        loop {
            if let Some(received) = self.try_recv() {
                return received;
            }
            self.bell.notified().await;
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.ring.remove_bell(&self.bell);
    }
}
