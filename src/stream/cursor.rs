//! A reader's place in a ring, and the policy for readers that fall behind.
//!
//! **Invariant:** what a cursor yields is in order, without gaps except those it reports, and after every gap it goes on
//! at an entry that a decoder can start at.

use std::sync::Arc;

use super::ring::{Entry, Ring};

/// Where a new reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the newest keyframe held, at once; at the next one when none is held.
    NewestKeyframe,
    /// At the next keyframe to arrive.
    Next,
    /// At this entry, which another reader ended before; at the newest keyframe where it is not held any more.
    At(u64),
}

/// A place in a ring.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    next: u64,
    /// Nothing is yielded until an entry to begin at.
    seeking: bool,
    /// Whether passing over entries is a loss: not before the first one yielded.
    started: bool,
    skipped: u64,
}

impl Cursor {
    pub(super) fn new(ring: &Ring, start: Start) -> Self {
        let newest = match start {
            Start::NewestKeyframe => ring.newest_start(),
            Start::Next => None,
            Start::At(seq) => Some(seq),
        };
        Self { next: newest.unwrap_or_else(|| ring.head()), seeking: true, started: false, skipped: 0 }
    }

    /// The number of the entry that comes next.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Jumps when the writer has overtaken: to the newest entry to begin at, or along what is held to the next one.
    pub(super) fn settle(&mut self, ring: &Ring) {
        let tail = ring.tail();
        if self.next < tail {
            self.jump(ring.newest_start().unwrap_or(tail).max(tail));
        }
    }

    /// Gives up on everything before the newest entry to begin at. `false` when that would not be ahead.
    pub(super) fn skip_ahead(&mut self, ring: &Ring) -> bool {
        let newest = ring.newest_start().filter(|newest| *newest > self.next);
        if let Some(newest) = newest {
            self.jump(newest);
        }
        newest.is_some()
    }

    /// Yields nothing more until an entry to begin at; passing over the others is no loss.
    pub(super) const fn seek(&mut self) {
        self.seeking = true;
        self.started = false;
    }

    /// What was skipped so far was counted by whoever asked for the skip.
    pub(super) const fn forgive(&mut self) {
        self.skipped = 0;
    }

    /// Whether entries are passed over until one to begin at.
    pub(super) const fn is_seeking(&self) -> bool {
        self.seeking
    }

    /// Goes to an entry that follows from what was passed: behind a plan that another reader of the same place made, or
    /// back to one that was passed and not used after all.
    pub(super) const fn move_to(&mut self, seq: u64) {
        self.next = seq;
    }

    /// Passes `entry`, which must be the next one. `Some(skipped)` when it is yielded, with the number of entries lost
    /// just before it; `None` when it is passed over.
    pub(super) fn pass(&mut self, entry: &Entry) -> Option<u64> {
        debug_assert_eq!(entry.seq, self.next, "a cursor moves one entry at a time");
        self.next = entry.seq + 1;
        let is_end = entry.wire.is_none();
        if self.seeking && !entry.start && !is_end {
            self.skipped += 1;
            return None;
        }
        self.seeking = is_end;
        let lost = if self.started { std::mem::take(&mut self.skipped) } else { 0 };
        self.skipped = 0;
        self.started = true;
        Some(lost)
    }

    /// The next entry that is yielded, and how many were lost just before it. `None` when nothing new is there.
    pub(super) fn read(&mut self, ring: &Ring) -> Option<(Arc<Entry>, u64)> {
        loop {
            self.settle(ring);
            if self.next >= ring.head() {
                return None;
            }
            // Missing although it was held a moment ago: overtaken in between.
            let Some(entry) = ring.get(self.next) else { continue };
            if let Some(lost) = self.pass(&entry) {
                return Some((entry, lost));
            }
        }
    }

    fn jump(&mut self, to: u64) {
        self.skipped += to - self.next;
        self.next = to;
        self.seeking = true;
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
