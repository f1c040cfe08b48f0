//! The ring of one stream: fan-out bus, GOP cache and slow-reader policy at once.
//!
//! Slots hold shared entries; the writer moves `head`, and `tail` when bytes or seconds run over. A reader is a number
//! ([`Cursor`](super::cursor::Cursor)); it never holds the writer up and takes no lock.
//!
//! **Invariant:** entries `tail..head` are readable, unless the writer overtakes the reader between two steps, which the
//! reader sees as a missing entry. **Invariant:** the entry just written is never evicted by its own writing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::bell::Bell;
use crate::media::{Frame, MediaTime, TrackSet};
use crate::rtmp::SharedMessage;
use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_utils::CachePadded;

/// Bytes that an entry costs beside its payload: the entry, its shared message and their counters.
const ENTRY_OVERHEAD: u64 = 256;

/// How much of a stream is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLimits {
    /// Media time from the oldest to the newest entry.
    pub duration: Duration,
    /// Payload and overhead of all entries.
    pub bytes: u64,
    /// Entries; rounded up to a power of two.
    pub entries: usize,
}

impl Default for RingLimits {
    fn default() -> Self {
        // 12 s hold OBS's longest usual keyframe interval (250 frames at 24); 32 MiB hold that at 20 Mb/s; 2048 entries
        // hold it at 60 frames and 94 audio frames a second.
        Self { duration: Duration::from_secs(12), bytes: 32 << 20, entries: 2_048 }
    }
}

/// Who made a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The encoder, and what it says of its end.
    Encoder,
    /// We, because the encoder is away or says nothing.
    Slate,
    /// We, because the show has no sound, or none for a moment where one source follows another.
    Silence,
}

/// One frame in the ring, with everything that a reader needs to begin at it.
#[derive(Debug)]
pub struct Entry {
    /// Its number in this stream, rising by one, never reused.
    pub seq: u64,
    /// What travels.
    pub frame: Frame,
    /// The tracks and metadata in force. The same `Arc` as the entry before unless something changed.
    pub tracks: Arc<TrackSet>,
    /// Whether a reader may begin here: a video keyframe, or any audio where there is no video.
    pub start: bool,
    /// Whether the source's clock or the source itself changed just before this frame.
    pub discontinuity: bool,
    /// Who made it.
    pub origin: Origin,
    /// When it arrived.
    pub arrived: Instant,
    /// The form that RTMP readers share; `None` for an end.
    pub wire: Option<SharedMessage>,
    /// For a packet of another track than the default ones: the form for readers to whom it is the only one.
    pub plain: Option<SharedMessage>,
}

impl Entry {
    /// Its decode time in whole milliseconds of the stream's clock; `None` for an end.
    #[must_use]
    pub fn millis(&self) -> Option<i64> {
        self.frame.dts().map(MediaTime::as_millis)
    }

    fn cost(&self) -> u64 {
        self.frame.payload_len() as u64 + ENTRY_OVERHEAD
    }
}

/// The readable side.
#[derive(Debug)]
pub(super) struct Ring {
    slots: Box<[ArcSwapOption<Entry>]>,
    /// The number of the next entry to be written.
    head: CachePadded<AtomicU64>,
    /// The number of the oldest readable entry.
    tail: CachePadded<AtomicU64>,
    /// One more than the number of the newest entry to begin at; 0 when there is none.
    newest_start: CachePadded<AtomicU64>,
    bytes: AtomicU64,
    bells: ArcSwap<Vec<Arc<Bell>>>,
}

impl Ring {
    /// The number of the next entry to be written.
    pub(super) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// The number of the oldest readable entry.
    pub(super) fn tail(&self) -> u64 {
        self.tail.load(Ordering::Acquire)
    }

    /// The newest entry to begin at, while it is readable.
    pub(super) fn newest_start(&self) -> Option<u64> {
        let start = self.newest_start.load(Ordering::Acquire).checked_sub(1)?;
        (start >= self.tail()).then_some(start)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Entry `seq`; `None` when it is not written yet or not held any more.
    pub(super) fn get(&self, seq: u64) -> Option<Arc<Entry>> {
        let entry = self.slot(seq)?.load_full()?;
        (entry.seq == seq).then_some(entry)
    }

    /// Rings `bell` at every entry written from now on.
    pub(super) fn add_bell(&self, bell: &Arc<Bell>) {
        self.bells.rcu(|bells| {
            let mut bells = bells.as_ref().clone();
            bells.push(Arc::clone(bell));
            bells
        });
    }

    /// Undoes one [`add_bell`](Self::add_bell).
    pub(super) fn remove_bell(&self, bell: &Arc<Bell>) {
        self.bells.rcu(|bells| {
            let mut bells = bells.as_ref().clone();
            if let Some(at) = bells.iter().position(|b| Arc::ptr_eq(b, bell)) {
                bells.swap_remove(at);
            }
            bells
        });
    }

    fn slot(&self, seq: u64) -> Option<&ArcSwapOption<Entry>> {
        let mask = self.slots.len() as u64 - 1;
        #[expect(clippy::cast_possible_truncation, reason = "masked to the number of slots")]
        self.slots.get((seq & mask) as usize)
    }
}

/// The writing side; one for each ring.
#[derive(Debug)]
pub(super) struct RingWriter {
    ring: Arc<Ring>,
    limits: RingLimits,
    bytes: u64,
}

impl RingWriter {
    pub(super) fn new(limits: RingLimits) -> Self {
        let slots = limits.entries.max(2).next_power_of_two();
        let ring = Arc::new(Ring {
            slots: (0..slots).map(|_| ArcSwapOption::empty()).collect(),
            head: CachePadded::default(),
            tail: CachePadded::default(),
            newest_start: CachePadded::default(),
            bytes: AtomicU64::new(0),
            bells: ArcSwap::default(),
        });
        Self { ring, limits, bytes: 0 }
    }

    pub(super) const fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Writes an entry, numbering it, evicts what runs over, and rings the bells.
    pub(super) fn push(&mut self, mut entry: Entry) {
        let seq = self.ring.head();
        entry.seq = seq;
        if seq - self.ring.tail() == self.ring.slots.len() as u64 {
            self.evict();
        }
        self.bytes += entry.cost();
        let newest = entry.millis();
        // A reader that comes later must not begin in a broadcast that is over.
        let start = match entry.frame {
            Frame::End(_) => Some(0),
            _ => entry.start.then_some(seq + 1),
        };
        if let Some(slot) = self.ring.slot(seq) {
            slot.store(Some(Arc::new(entry)));
        }
        self.ring.head.store(seq + 1, Ordering::Release);
        if let Some(start) = start {
            self.ring.newest_start.store(start, Ordering::Release);
        }
        self.evict_beyond_limits(seq, newest);
        self.ring.bytes.store(self.bytes, Ordering::Relaxed);
        for bell in self.ring.bells.load().iter() {
            bell.ring();
        }
    }

    /// Evicts everything: nobody will read on.
    pub(super) fn clear(&mut self) {
        while self.ring.tail() < self.ring.head() {
            self.evict();
        }
        self.ring.bytes.store(self.bytes, Ordering::Relaxed);
    }

    fn evict_beyond_limits(&mut self, newest_seq: u64, newest_millis: Option<i64>) {
        while self.ring.tail() < newest_seq {
            let over_bytes = self.bytes > self.limits.bytes;
            if !over_bytes && !self.is_oldest_too_old(newest_millis) {
                return;
            }
            self.evict();
        }
    }

    fn is_oldest_too_old(&self, newest_millis: Option<i64>) -> bool {
        let oldest = self.ring.get(self.ring.tail());
        let (Some(newest), Some(Some(oldest))) = (newest_millis, oldest.map(|entry| entry.millis())) else {
            return false;
        };
        u128::try_from(newest - oldest).is_ok_and(|age| age > self.limits.duration.as_millis())
    }

    fn evict(&mut self) {
        let tail = self.ring.tail();
        self.ring.tail.store(tail + 1, Ordering::Release);
        let evicted = self.ring.slot(tail).and_then(|slot| slot.swap(None));
        self.bytes -= evicted.map_or(0, |entry| entry.cost());
    }
}
