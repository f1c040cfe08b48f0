//! Publishers of our own that never take anybody's place: known by where they connect from, before they say what they want.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Sessions;

/// Where those connect from.
#[derive(Debug, Default)]
pub(super) struct GivingWay(Mutex<HashSet<SocketAddr>>);

impl GivingWay {
    pub(super) fn has(&self, from: SocketAddr) -> bool {
        self.lock().contains(&from)
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, HashSet<SocketAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that gives way, for as long as this lives.
pub struct GivesWay {
    sessions: Arc<Sessions>,
    from: SocketAddr,
}

impl Sessions {
    /// From now on who connects from there publishes only where nobody else does, and no broadcast waits for its encoder,
    /// whatever the rule for all others (`rtmp.on_duplicate`). Nobody is told where it may not.
    #[must_use]
    pub fn give_way(self: &Arc<Self>, from: SocketAddr) -> GivesWay {
        self.giving_way.lock().insert(from);
        GivesWay { sessions: Arc::clone(self), from }
    }
}

impl Drop for GivesWay {
    fn drop(&mut self) {
        self.sessions.giving_way.lock().remove(&self.from);
    }
}
