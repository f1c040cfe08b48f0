//! Whether a source's timestamps mean anything, judged by when its frames arrive; and the clock that stands in for them.
//!
//! Some senders write one value into all frames, or whatever lies in memory. What is merely slow, bursty, repeated,
//! unsorted or set anew is not such a clock, and is the [`Timeline`](super::Timeline)'s business.

use std::collections::BTreeMap;
use std::time::Duration;

use super::TrackId;

/// Time of arrival over which a track is judged.
const WINDOW: Duration = Duration::from_secs(3);
/// Steps within it that a judgement takes.
const STEPS_MIN: u32 = 20;
/// Steps between these, in milliseconds, a clock can make; they are the bounds of the timeline for a break.
const STEPS_POSSIBLE: std::ops::RangeInclusive<i64> = -1_000..=10_000;

/// The clock of one source.
#[derive(Debug, Default)]
pub struct SourceClock {
    tracks: BTreeMap<TrackId, Window>,
    distrusted: bool,
}

/// What a frame's time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds on the clock that counts.
    pub millis: u32,
    /// Another clock counts from this frame on: that of its arrival.
    pub turned: bool,
}

/// One track's steps since a time.
#[derive(Debug)]
struct Window {
    began: Duration,
    last: u32,
    steps: u32,
    /// Steps that no clock makes.
    jumps: u32,
    /// Steps that do not go forward.
    halts: u32,
    /// Sum of the others.
    millis: i64,
}

impl SourceClock {
    /// The time of a frame that was sent as of `millis` and came `arrived` after its source.
    pub fn read(&mut self, track: TrackId, millis: u32, arrived: Duration) -> Reading {
        let turned = !self.distrusted && self.is_meaningless(track, millis, arrived);
        self.distrusted |= turned;
        if !self.distrusted {
            return Reading { millis, turned };
        }
        // It wraps as senders' clocks do.
        let millis = u32::try_from(arrived.as_millis() & u128::from(u32::MAX)).unwrap_or_default();
        Reading { millis, turned }
    }

    fn is_meaningless(&mut self, track: TrackId, millis: u32, arrived: Duration) -> bool {
        let window = self.tracks.entry(track).or_insert_with(|| Window::new(millis, arrived));
        window.step(millis);
        let elapsed = arrived.saturating_sub(window.began);
        if elapsed < WINDOW {
            return false;
        }
        let meaningless = window.is_meaningless(elapsed);
        *window = Window::new(millis, arrived);
        meaningless
    }
}

impl Window {
    const fn new(last: u32, began: Duration) -> Self {
        Self { began, last, steps: 0, jumps: 0, halts: 0, millis: 0 }
    }

    fn step(&mut self, millis: u32) {
        let step = i64::from(millis.wrapping_sub(self.last).cast_signed());
        self.last = millis;
        self.steps += 1;
        if !STEPS_POSSIBLE.contains(&step) {
            self.jumps += 1;
            return;
        }
        self.millis = self.millis.saturating_add(step);
        self.halts += u32::from(step <= 0);
    }

    fn is_meaningless(&self, elapsed: Duration) -> bool {
        let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        let jumps = self.jumps > self.steps / 4;
        // A sender that is slow still goes forward, and one that repeats itself still gets somewhere.
        let stands = self.halts > self.steps / 3 && self.millis.saturating_abs() < elapsed / 3;
        self.steps >= STEPS_MIN && (jumps || stands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many frames, 40 ms apart, a source that stamps them so is no longer believed.
    fn turned_at(stamp: impl Fn(u32) -> u32) -> Option<u32> {
        let mut clock = SourceClock::default();
        let mut turned = None;
        for n in 0..1_000 {
            let arrived = Duration::from_millis(u64::from(n) * 40);
            let reading = clock.read(TrackId::VIDEO, stamp(n), arrived);
            if reading.turned {
                assert_eq!(turned.replace(n), None, "it turns once");
            }
            let expected = if turned.is_some() { n * 40 } else { stamp(n) };
            assert_eq!(reading.millis, expected);
        }
        turned
    }

    /// Scatters numbers over all 32 bits.
    fn noise(n: u32) -> u32 {
        n.wrapping_add(1).wrapping_mul(2_654_435_761) ^ n.wrapping_mul(40_503).rotate_left(16)
    }

    #[test]
    fn stamps_that_are_all_equal_or_random_are_not_believed() {
        assert_eq!(turned_at(|_| 7), Some(75));
        assert_eq!(turned_at(noise), Some(75));
        assert!(turned_at(|n| noise(n) % 1_000).is_some(), "random within a second");
        assert!(turned_at(|n| noise(n) % 60_000).is_some(), "random within a minute");
    }

    #[test]
    fn a_clock_that_is_only_odd_is_believed() {
        for (what, stamp) in [
            ("steady", (|n| n * 40) as fn(u32) -> u32),
            ("far away", |n| 4_294_900_000_u32.wrapping_add(n * 40)),
            ("repeated three times", |n| n / 3 * 120),
            ("in order of presentation", |n| [0, 120, 40, 80][n as usize % 4] + n / 4 * 160),
            ("at a quarter of the speed", |n| n * 10),
            ("at four times the speed", |n| n * 160),
            ("set anew every four seconds", |n| n * 40 + n / 100 * 3_600_000),
            ("back to zero every four seconds", |n| n % 100 * 40),
        ] {
            assert_eq!(turned_at(stamp), None, "{what}");
        }
    }

    #[test]
    fn a_burst_after_a_silence_is_believed() {
        let mut clock = SourceClock::default();
        for n in 0..500 {
            // The network held the second hundred back.
            let arrived = if (100..200).contains(&n) { 200 } else { n };
            let reading = clock.read(TrackId::VIDEO, n * 40, Duration::from_millis(u64::from(arrived) * 40));
            assert_eq!(reading, Reading { millis: n * 40, turned: false });
        }
    }
}
