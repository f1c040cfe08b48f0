//! How regularly a source's frames come, and so how long its silence is no news.
//!
//! Most sources send some ten frames a second and more. Pictures alone may come once in a while; a source that reads
//! segments of somebody else's sends a whole one and then nothing for as long; and a poor network holds frames up. All of
//! these go on by themselves, and a slate in their place would cost frames that are on their way.
//!
//! **Invariant:** pure: time is an argument.

use std::time::{Duration, Instant};

/// How long is waited at most for a source because it is irregular.
const PATIENCE_MAX: Duration = Duration::from_secs(5);
/// Frames before which nobody knows how often they come.
const KNOWN_AFTER: u32 = 30;
/// For how long an irregularity is remembered, and at most twice as long.
const REMEMBERED: Duration = Duration::from_secs(30);

/// The rhythm of one source.
#[derive(Debug)]
pub(super) struct Rhythm {
    frames: u32,
    /// The longest silence between two frames in the present stretch of time, and in the one before.
    longest: [Duration; 2],
    turned: Instant,
}

impl Rhythm {
    pub(super) const fn new(now: Instant) -> Self {
        Self { frames: 0, longest: [Duration::ZERO; 2], turned: now }
    }

    /// A frame came at `now`, after so long.
    pub(super) fn heard(&mut self, after: Duration, now: Instant) {
        self.frames = self.frames.saturating_add(1);
        if now.saturating_duration_since(self.turned) >= REMEMBERED {
            (self.longest, self.turned) = ([Duration::ZERO, self.longest[0]], now);
        }
        // Who was silent for longer was away.
        if after <= PATIENCE_MAX {
            self.longest[0] = self.longest[0].max(after);
        }
    }

    /// How long the source may be silent before something must stand in for it: `usual`, and longer for one that was silent
    /// before and went on.
    pub(super) fn patience(&self, usual: Duration) -> Duration {
        let known = self.frames >= KNOWN_AFTER;
        let longest = self.longest[0].max(self.longest[1]);
        usual.max(if known { PATIENCE_MAX.min(longest * 2) } else { PATIENCE_MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_secs(1);

    /// What is waited after so many frames of each of these distances, in milliseconds.
    fn patience(course: &[(u32, u64)]) -> u128 {
        let mut now = Instant::now();
        let mut rhythm = Rhythm::new(now);
        for (frames, apart) in course {
            for _ in 0..*frames {
                let apart = Duration::from_millis(*apart);
                now += apart;
                rhythm.heard(apart, now);
            }
        }
        rhythm.patience(USUAL).as_millis()
    }

    #[test]
    fn a_show_of_many_frames_a_second_is_missed_soon() {
        assert_eq!(patience(&[(29, 15)]), 5_000, "nobody knows it yet");
        assert_eq!(patience(&[(30, 15)]), 1_000);
    }

    #[test]
    fn slides_without_sound_and_bursts_are_waited_for() {
        assert_eq!(patience(&[(60, 1_000)]), 2_000);
        assert_eq!(patience(&[(60, 4_000)]), 5_000);
        assert_eq!(patience(&[(400, 0), (1, 2_000), (400, 0), (1, 2_000)]), 4_000);
    }

    #[test]
    fn a_network_that_held_frames_up_is_trusted_again_after_a_while() {
        assert_eq!(patience(&[(100, 15), (1, 1_500), (100, 15)]), 3_000);
        assert_eq!(patience(&[(100, 15), (1, 1_500), (4_500, 15)]), 1_000);
        assert_eq!(patience(&[(100, 15), (1, 9_000), (100, 15)]), 1_000, "an absence is no rhythm");
    }
}
