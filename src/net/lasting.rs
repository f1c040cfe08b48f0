//! Work that must not end by a fault of ours: where it panics it is begun again, after a while.
//!
//! The panic itself is logged where all are; here is what becomes of the work.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::Backoff;

/// Work that went on for so long was well: the next fault is a first one.
const WELL_AFTER: Duration = Duration::from_secs(60);

/// Runs the work to its end. Where it panics, `fell` is told how long it rests, and it is begun again. What the work
/// shares must bear to be left halfway, as locks that are taken from a thread that panicked do.
pub async fn lasting<W: Future>(
    mut begin: impl FnMut() -> W,
    mut backoff: Backoff,
    mut fell: impl FnMut(&Backoff, Duration),
) -> W::Output {
    loop {
        let began = Instant::now();
        // Begun within, so that a fault of the beginning is caught too.
        if let Ok(done) = AssertUnwindSafe(async { begin().await }).catch_unwind().await {
            return done;
        }
        if began.elapsed() >= WELL_AFTER {
            backoff.reset();
        }
        let delay = backoff.next_delay();
        fell(&backoff, delay);
        tokio::time::sleep(delay).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_ends_by_a_fault_of_ours_is_told_and_begun_again() {
        let (mut begun, mut fallen) = (0, Vec::new());
        let backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(4), 1);
        let work = || {
            begun += 1;
            let number = begun;
            async move {
                tokio::task::yield_now().await;
                assert!(number > 2, "this is the test's own panic {number}");
                number
            }
        };
        let done = lasting(work, backoff, |backoff, delay| fallen.push((backoff.attempts(), delay))).await;
        assert_eq!(done, 3, "the third time it came to its end");
        assert_eq!(fallen.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2]);
        assert!(fallen.iter().all(|(_, delay)| *delay > Duration::ZERO), "never a tight loop");
    }
}
