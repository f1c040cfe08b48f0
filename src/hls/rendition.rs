//! What viewers see of one stream: a snapshot that changes as a whole, and a way to wait for the next.
//!
//! Any number of requests read the same snapshot; the packager alone replaces it. A request that waits is a parked
//! task: one change wakes all of them, and what they are given is made once, for the first of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Audience;
use super::counters::Counters;
use super::playlist::Renders;
use super::reload::Wanted;
use super::snapshot::{Ask, File, Found, Missing, Snapshot};

/// Requests of one stream that may wait for something to appear, some kilobytes each; more are told to come back.
const WAITERS_MAX: usize = 16_384;

/// A viewer who asked for something so long ago still watches: a request may be held for eight seconds.
const WATCHING_MIN: Duration = Duration::from_secs(10);

/// One stream's HLS, shared by the packager that fills it and the requests that read it.
#[derive(Debug)]
pub struct Rendition {
    snapshot: watch::Sender<Arc<Snapshot>>,
    waiting: Arc<AtomicUsize>,
    counters: Counters,
}

impl Default for Rendition {
    fn default() -> Self {
        Self::counting(Renders::default())
    }
}

/// How an answer came about, which says how long it stays true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It was there.
    AtOnce,
    /// It was waited for, and is what was wanted: it stays the right answer to the same question.
    Awaited,
    /// It was waited for in vain, and is what there is.
    InVain,
}

impl Rendition {
    /// Of which nothing can be seen yet. What is rendered for its viewers is counted in `renders`.
    pub(crate) fn counting(renders: Renders) -> Self {
        Self {
            snapshot: watch::Sender::new(Arc::default()),
            waiting: Arc::default(),
            counters: Counters::of(renders),
        }
    }

    /// What can be fetched now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Requests and bytes so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Who watches: those that asked for something in the last three target durations, and at least in the last
    /// [`WATCHING_MIN`].
    #[must_use]
    pub fn audience(&self) -> Audience {
        let targets = self.snapshot.borrow().target_duration.unwrap_or(0).saturating_mul(3);
        self.counters.viewers().count(Duration::from_secs(targets.into()).max(WATCHING_MIN))
    }

    /// Requests that wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether what is wanted of a media playlist is not there and will come.
    #[must_use]
    pub fn awaits(&self, name: &str, wanted: Wanted) -> bool {
        self.snapshot().awaits(name, wanted)
    }

    /// A place among the requests that wait; `None` where too many do.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let place = Place(self.waiting.clone());
        (self.waiting.fetch_add(1, Ordering::Relaxed) < WAITERS_MAX).then_some(place)
    }

    /// Finds a file, and waits for it where it is about to appear: bounded in time, and cancelled by dropping this.
    ///
    /// # Errors
    /// [`Missing`], at once when waiting would not help or when too many wait already.
    pub async fn file(&self, name: &str, ask: Ask) -> Result<(File, Came), Missing> {
        // Most are answered at once, and need not be told of changes.
        match self.snapshot().find(name, ask) {
            Found::File(file) => return Ok((file, Came::AtOnce)),
            Found::Missing(missing) => return Err(missing),
            Found::Later(..) => {}
        }
        let Some(_place) = self.place() else { return Err(Missing::Crowded) };
        self.awaited(name, ask).await
    }

    /// The same for those who have their places already.
    ///
    /// # Errors
    /// [`Missing`], where waiting was in vain.
    pub async fn awaited(&self, name: &str, ask: Ask) -> Result<(File, Came), Missing> {
        let mut changes = self.snapshot.subscribe();
        let (held, mut otherwise) = match self.look(&mut changes, name, ask) {
            Found::File(file) => return Ok((file, Came::AtOnce)),
            Found::Missing(missing) => return Err(missing),
            Found::Later(held, otherwise) => (held, otherwise),
        };
        let deadline = Instant::now() + held;
        loop {
            // The sender lives in self, so a change comes or the time is over.
            let Ok(Ok(())) = tokio::time::timeout_at(deadline, changes.changed()).await else {
                return otherwise.file().map(|file| (file, Came::InVain));
            };
            match self.look(&mut changes, name, ask) {
                Found::File(file) => return Ok((file, Came::Awaited)),
                Found::Missing(missing) => return Err(missing),
                Found::Later(_, now) => otherwise = now,
            }
        }
    }

    fn look(&self, changes: &mut watch::Receiver<Arc<Snapshot>>, name: &str, ask: Ask) -> Found {
        // Cloned, so that the packager never waits for a reader.
        let snapshot = changes.borrow_and_update().clone();
        snapshot.find(name, ask)
    }

    pub(super) fn publish(&self, snapshot: Snapshot) {
        self.snapshot.send_replace(Arc::new(snapshot));
    }
}

/// A place among the requests that wait, given back on drop.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Place {
    /// Places of one rendition have the same, as long as one of them is held.
    #[must_use]
    pub fn of(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
