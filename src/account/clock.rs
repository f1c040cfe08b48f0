//! What time it is, for everything here that lasts a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use governor::nanos::Nanos;

use crate::store::UnixMillis;

/// The system's clocks, or a pair that a test moves by hand.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { began: Instant },
    ByHand { began: UnixMillis, passed_ms: Arc<AtomicU64> },
}

impl Clock {
    /// The system's.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System { began: Instant::now() })
    }

    /// One that stands at `began` until it is moved. All clones move together.
    #[must_use]
    pub fn by_hand(began: UnixMillis) -> Self {
        Self(Source::ByHand { began, passed_ms: Arc::default() })
    }

    /// Moves a clock that was made by hand; the system's goes on by itself.
    pub fn advance(&self, by: Duration) {
        if let Source::ByHand { passed_ms, .. } = &self.0 {
            passed_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        match &self.0 {
            Source::System { .. } => SystemTime::now().into(),
            Source::ByHand { began, .. } => began.after(self.passed()),
        }
    }

    /// How long it has been going; the time of day may jump, this does not.
    pub(super) fn passed(&self) -> Duration {
        match &self.0 {
            Source::System { began } => began.elapsed(),
            Source::ByHand { passed_ms, .. } => Duration::from_millis(passed_ms.load(Ordering::Relaxed)),
        }
    }
}

impl governor::clock::Clock for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.passed().into()
    }
}
