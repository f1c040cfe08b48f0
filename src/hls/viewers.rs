//! How many viewers a stream has, without cookies: who asked for something lately.
//!
//! Whoever serves the files says who asks, as a keyed hash; nothing else of a viewer is known here. Kept in shards with a
//! lock each that is held for one look into a map, since every request comes by.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const SHARDS: usize = 16;

/// Seconds after which somebody is a viewer no more, before anybody asked for a count.
const WITHIN: u32 = 30;

/// The viewers of one stream.
#[derive(Debug)]
pub struct Viewers {
    shards: [Mutex<Shard>; SHARDS],
    /// What times are counted from.
    began: Instant,
    /// Seconds that the last count went back: what is older makes room.
    within: AtomicU32,
}

/// How many viewers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Audience {
    /// Those that are known.
    pub viewers: usize,
    /// There are more than can be known.
    pub or_more: bool,
}

#[derive(Debug, Default)]
struct Shard {
    /// When each was last seen, in seconds.
    seen: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    /// When somebody last found no place.
    crowded: Option<u32>,
    swept: u32,
}

impl Default for Viewers {
    fn default() -> Self {
        Self { shards: Default::default(), began: Instant::now(), within: AtomicU32::new(WITHIN) }
    }
}

impl Viewers {
    /// Viewers of one stream that are told apart, some two megabytes. Above it a count says that there are more.
    pub const MAX: usize = SHARDS * Shard::MAX;

    /// `who`, a hash, asked for something.
    pub fn saw(&self, who: u64) {
        let now = self.now();
        // Other bits than those that a map goes by.
        let Some(shard) = self.shards.get((who >> 32) as usize % SHARDS) else { return };
        shard.lock().unwrap_or_else(PoisonError::into_inner).saw(
            who,
            now,
            self.within.load(Ordering::Relaxed),
        );
    }

    /// Those that were seen in the last `within`, to the second.
    pub fn count(&self, within: Duration) -> Audience {
        let within = u32::try_from(within.as_secs()).unwrap_or(u32::MAX);
        self.within.store(within, Ordering::Relaxed);
        let now = self.now();
        let mut audience = Audience::default();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.sweep(now, within);
            audience.viewers += shard.seen.len();
            audience.or_more |= shard.crowded.is_some_and(|at| now.saturating_sub(at) <= within);
        }
        audience
    }

    fn now(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX)
    }
}

impl Shard {
    const MAX: usize = 4_096;

    fn saw(&mut self, who: u64, now: u32, within: u32) {
        if let Some(last) = self.seen.get_mut(&who) {
            *last = now;
            return;
        }
        if self.seen.len() >= Self::MAX && self.swept != now {
            self.sweep(now, within);
        }
        if self.seen.len() < Self::MAX {
            self.seen.insert(who, now);
        } else {
            self.crowded = Some(now);
        }
    }

    /// Forgets those that were last seen longer ago, and gives back most of what a crowd that is gone needed.
    fn sweep(&mut self, now: u32, within: u32) {
        self.swept = now;
        self.seen.retain(|_, last| now.saturating_sub(*last) <= within);
        if self.seen.capacity() > 64 && self.seen.len() < self.seen.capacity() / 8 {
            self.seen.shrink_to(self.seen.len() * 2);
        }
    }
}

/// A hash is its own hash.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash without pattern, as callers have it.
    fn hash(n: u64) -> u64 {
        let mixed = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    #[test]
    fn each_viewer_counts_once_and_not_for_ever() {
        let viewers = Viewers::default();
        for _ in 0..3 {
            (0..1_000).for_each(|n| viewers.saw(hash(n)));
        }
        let within = Duration::from_secs(10);
        assert_eq!(viewers.count(within), Audience { viewers: 1_000, or_more: false });
        let later = Viewers { began: viewers.began - within, ..viewers };
        assert_eq!(later.count(within).viewers, 1_000);
        let later = Viewers { began: later.began - Duration::from_secs(1), ..later };
        later.saw(hash(7));
        assert_eq!(later.count(within).viewers, 1);
        let held: usize = later.shards.iter().map(|shard| shard.lock().expect("whole").seen.capacity()).sum();
        assert!(held < 600, "room for {held} is kept");
    }

    #[test]
    fn a_crowd_above_the_bound_is_said_to_be_one_and_makes_room_for_the_next() {
        let viewers = Viewers::default();
        let crowd = Viewers::MAX as u64 * 2;
        (0..crowd).for_each(|n| viewers.saw(hash(n)));
        assert_eq!(viewers.count(Duration::from_secs(10)), Audience { viewers: Viewers::MAX, or_more: true });
        // Nobody counts meanwhile.
        let later = Viewers { began: viewers.began - Duration::from_secs(11), ..viewers };
        (crowd..crowd + 1_000).for_each(|n| later.saw(hash(n)));
        assert_eq!(later.count(Duration::from_secs(10)), Audience { viewers: 1_000, or_more: false });
    }
}
