//! How long to wait before trying again: capped exponential with full jitter.

use std::time::Duration;

/// Delays for one thing that is retried. Seeded, so that tests can know what comes.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    attempt: u32,
    random: fastrand::Rng,
}

impl Backoff {
    /// Delays up to `min` at first, doubling, never beyond `max`.
    #[must_use]
    pub fn new(min: Duration, max: Duration, seed: u64) -> Self {
        Self { min, max, attempt: 0, random: fastrand::Rng::with_seed(seed) }
    }

    /// The next delay: anything from half of `min` up to the present cap. Full jitter spreads the retries of many
    /// destinations of one platform; the lower bound keeps a lucky draw from being a tight loop.
    pub fn next_delay(&mut self) -> Duration {
        let cap = self.min.saturating_mul(1 << self.attempt.min(16)).min(self.max);
        self.attempt = self.attempt.saturating_add(1);
        cap.mul_f64(self.random.f64()).max(self.min / 2)
    }

    /// Attempts since the last success.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempt
    }

    /// It worked, and went on working: the next failure is a first one.
    pub const fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_cap_and_start_again_after_a_success() {
        let (min, max) = (Duration::from_secs(1), Duration::from_secs(30));
        for seed in 0..100 {
            let mut backoff = Backoff::new(min, max, seed);
            for attempt in 0..20 {
                let delay = backoff.next_delay();
                assert!(delay >= min / 2, "never a tight loop");
                assert!(delay <= max.min(min * 2_u32.pow(attempt)), "attempt {attempt}: {delay:?}");
            }
            backoff.reset();
            assert!(backoff.next_delay() <= min);
        }
    }

    #[test]
    fn two_destinations_do_not_retry_in_step() {
        let delays = |seed| {
            let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30), seed);
            (0..8).map(|_| backoff.next_delay()).collect::<Vec<_>>()
        };
        assert_ne!(delays(1), delays(2));
        assert_eq!(delays(1), delays(1));
    }
}
