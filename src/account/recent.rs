//! Who was looked up a moment ago: a page asks many times a second, and the answer is nearly always the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Caller, Clock};
use crate::store::UnixMillis;

/// How long an answer is used again. Within it, another process on the same database may take a right away unseen.
pub const FRESH: Duration = Duration::from_secs(5);

/// Answers that are kept at most: more people than one server has, and some 1 kB each.
const ENTRIES_MAX: u64 = 10_000;

/// How well it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cache {
    /// Callers known from a moment ago.
    pub hits: u64,
    /// Callers looked up in the store, found or not.
    pub misses: u64,
}

/// A moment in the history of rights: what was looked up before the next one began does not count any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

pub(super) struct Recent {
    is_on: bool,
    entries: moka::sync::Cache<[u8; 32], Arc<Known>>,
    generation: AtomicU64,
    clock: Clock,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Known {
    caller: Caller,
    generation: Generation,
    at: Duration,
    expires_at: Option<UnixMillis>,
}

impl Recent {
    pub(super) fn new(clock: &Clock, is_on: bool) -> Self {
        Self {
            is_on,
            // Its own clock frees the memory of who does not come again; whether an answer is fresh is judged by ours.
            entries: moka::sync::Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(FRESH).build(),
            generation: AtomicU64::new(0),
            clock: clock.clone(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Taken before a look-up and given to [`keep`](Self::keep) after it: if a right was taken away between the two,
    /// the answer may be from before, and is not used again.
    pub(super) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// A right was taken away, and the store has it: nobody is known any more. That happens a few times a day.
    pub(super) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.entries.invalidate_all();
    }

    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<Caller> {
        let known = self.entries.get(hash).filter(|known| {
            self.is_on
                && known.generation == self.generation()
                && self.clock.passed() < known.at + FRESH
                && known.expires_at.is_none_or(|end| self.clock.now() < end)
        });
        let counter = if known.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        known.map(|known| known.caller.clone())
    }

    pub(super) fn keep(
        &self,
        hash: [u8; 32],
        caller: &Caller,
        generation: Generation,
        expires_at: Option<UnixMillis>,
    ) {
        let known = Known { caller: caller.clone(), generation, at: self.clock.passed(), expires_at };
        self.entries.insert(hash, Arc::new(known));
    }

    pub(super) fn counts(&self) -> Cache {
        Cache { hits: self.hits.load(Ordering::Relaxed), misses: self.misses.load(Ordering::Relaxed) }
    }
}
