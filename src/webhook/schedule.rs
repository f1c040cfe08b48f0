//! When a delivery that failed is tried again: at ages that grow, counted from when its event was handed over.
//!
//! Ages and not attempts: what was put off because its host was left alone, or lost its claim with a process, has not
//! used up its chances.

use std::time::Duration;

use crate::store::UnixMillis;

/// The pauses after each age, in seconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h; two days and a half in all.
const PAUSES: [u64; 8] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000];
/// The longest that a receiver may have us wait.
const ASKED_MAX: Duration = Duration::from_secs(24 * 3_600);

/// Ages at which a delivery is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    ages: Vec<Duration>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::of_pauses(&PAUSES.map(Duration::from_secs))
    }
}

impl Schedule {
    /// One pause after the other.
    #[must_use]
    pub fn of_pauses(pauses: &[Duration]) -> Self {
        let mut age = Duration::ZERO;
        let ages = pauses.iter().map(|pause| {
            age += *pause;
            age
        });
        Self { ages: ages.collect() }
    }

    /// When a delivery that was handed over at `created` is tried again; `None` when it is given up. `asked` is how long
    /// the receiver wants us to wait. `spread` from 0 to 1 keeps those that failed together from coming back together.
    pub(super) fn next(
        &self,
        created: UnixMillis,
        now: UnixMillis,
        asked: Option<Duration>,
        spread: f64,
    ) -> Option<UnixMillis> {
        let age = Duration::from_millis(u64::try_from(now.0.saturating_sub(created.0)).unwrap_or(0));
        let next = self.ages.iter().find(|next| **next > age)?;
        let wait = (*next - age).max(asked.unwrap_or_default().min(ASKED_MAX));
        Some(now.after(wait + wait.mul_f64(spread / 10.0)))
    }

    /// Whether a delivery of this age has a chance left.
    pub(super) fn has_next(&self, created: UnixMillis, now: UnixMillis) -> bool {
        self.next(created, now, None, 0.0).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_it_is_given_up() {
        let (schedule, created) = (Schedule::default(), UnixMillis(1_000_000));
        let mut now = created;
        let mut pauses = Vec::new();
        while let Some(next) = schedule.next(created, now, None, 0.0) {
            pauses.push(u64::try_from(next.0 - now.0).expect("later") / 1_000);
            now = next;
        }
        assert_eq!(pauses, PAUSES);
        assert!(!schedule.has_next(created, now) && schedule.has_next(created, created));
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_within_reason() {
        let (schedule, now) = (Schedule::default(), UnixMillis(0));
        let next =
            |asked| schedule.next(now, now, Some(Duration::from_secs(asked)), 0.0).map(|at| at.0 / 1_000);
        assert_eq!((next(1), next(60)), (Some(5), Some(60)));
        assert_eq!(next(1_000_000), Some(86_400));
        let spread = schedule.next(now, now, None, 1.0).expect("a next one");
        assert_eq!(spread.0, 5_500);
    }
}
