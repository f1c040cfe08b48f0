//! A reading handle: its own place in the ring, and a bell that rings when there is more.

use std::sync::Arc;

use super::bell::{Bell, Tower};
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
    tower: Arc<Tower>,
    bell: Arc<Bell>,
    /// What the tower said last, kept for its space.
    marks: Vec<u64>,
}

impl Subscriber {
    pub(super) fn new(ring: Arc<Ring>, start: Start) -> Self {
        let tower = Arc::new(Tower::default());
        let bell = Bell::new(&tower, 0);
        ring.add_bell(&bell);
        Self { cursor: Cursor::new(&ring, start), ring, tower, bell, marks: Vec::new() }
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
            self.tower.rung().await;
            self.marks.clear();
            self.tower.take(&mut self.marks);
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.ring.remove_bell(&self.bell);
    }
}
