//! Leaves an issuer alone that does not answer: people are told at once, and it is not asked by all of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Failures in a row that open it.
const AFTER: u32 = 5;

/// How long it stays open; then one may try.
const OPEN: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Duration>,
}

impl Breaker {
    /// Whether one may ask at `now`; otherwise for how long not.
    pub(super) fn may(&self, now: Duration) -> Result<(), Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                state.open_until = Some(now + OPEN);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn answered(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    pub(super) fn failed(&self, now: Duration) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= AFTER {
            state.open_until = Some(now + OPEN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_tries_after_a_while() {
        let breaker = Breaker::default();
        let now = Duration::from_secs(100);
        for _ in 1..AFTER {
            breaker.failed(now);
        }
        breaker.answered();
        for _ in 1..AFTER {
            breaker.failed(now);
        }
        assert_eq!(breaker.may(now), Ok(()));
        breaker.failed(now);
        assert_eq!(breaker.may(now), Err(OPEN));
        assert_eq!(breaker.may(now + OPEN), Ok(()), "one may try");
        assert_eq!(breaker.may(now + OPEN), Err(OPEN), "one");
        breaker.answered();
        assert_eq!(breaker.may(now + OPEN), Ok(()));
    }
}
