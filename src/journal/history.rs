//! What is asked for again and again of what was kept: the newest events, a project's last broadcasts, one of them.
//!
//! An answer is good until this node keeps something that would change it, which is said by [`History::event_kept`] and
//! its like *after* the database has it; and for [`FRESH`] at most, since other nodes write too. However many ask at the
//! same time, the database is asked once.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::OnceCell;

use crate::store::{
    About, Event, EventFilter, EventId, Page, ProjectId, Result, Slice, Store, StreamRow, StreamRowId,
};

/// How long an answer is used again. Within it, another node may have written unseen.
const FRESH: Duration = Duration::from_secs(5);

/// Answers of one kind that are kept at most: a page has a hundred rows, mostly far fewer, of some 500 bytes.
const ANSWERS_MAX: u64 = 1_024;

/// Subjects of one kind whose last change is remembered; one that is forgotten has its answers looked up anew.
const SUBJECTS_MAX: u64 = 16_384;

/// How well it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryCounts {
    /// Answers that were known.
    pub hits: u64,
    /// Answers that the database gave.
    pub misses: u64,
}

/// The cache before the store.
pub(super) struct History {
    store: Store,
    is_on: bool,
    events: Answers<About, (Option<String>, u32), Slice<Event, EventId>>,
    broadcasts: Answers<ProjectId, u32, Slice<StreamRow, StreamRowId>>,
    rows: Answers<StreamRowId, (), StreamRow>,
}

impl History {
    pub(super) fn new(store: Store, is_on: bool) -> Self {
        Self { store, is_on, events: Answers::new(), broadcasts: Answers::new(), rows: Answers::new() }
    }

    /// As [`Store::events`].
    pub(super) async fn events(
        &self,
        filter: &EventFilter,
        page: Page<EventId>,
    ) -> Result<Arc<Slice<Event, EventId>>> {
        let read = self.store.events(filter, page);
        // Who turns pages does not come back to them.
        if !self.is_on || page.after.is_some() {
            return read.await.map(Arc::new);
        }
        self.events.answer(filter.about, (filter.kind.clone(), page.limit()), read).await
    }

    /// As [`Store::streams`], without their reports.
    pub(super) async fn broadcasts(
        &self,
        project: ProjectId,
        page: Page<StreamRowId>,
    ) -> Result<Arc<Slice<StreamRow, StreamRowId>>> {
        let read = async {
            let mut slice = self.store.streams(project, page).await?;
            slice.items.iter_mut().for_each(|row| row.report = None);
            Ok(slice)
        };
        if !self.is_on || page.after.is_some() {
            return read.await.map(Arc::new);
        }
        self.broadcasts.answer(project, page.limit(), read).await
    }

    /// As [`Store::stream`].
    pub(super) async fn broadcast(&self, id: StreamRowId) -> Result<Arc<StreamRow>> {
        let read = self.store.stream(id);
        if !self.is_on {
            return read.await.map(Arc::new);
        }
        self.rows.answer(id, (), read).await
    }

    /// One more event is in the database.
    pub(super) fn event_kept(&self, project: Option<ProjectId>, stream: Option<StreamRowId>) {
        self.events.changed(About::All);
        project.into_iter().for_each(|project| self.events.changed(About::Project(project)));
        stream.into_iter().for_each(|stream| self.events.changed(About::Stream(stream)));
    }

    /// A broadcast began or ended, and the database has it.
    pub(super) fn broadcast_turned(&self, project: ProjectId, id: StreamRowId) {
        self.broadcasts.changed(project);
        self.rows.changed(id);
    }

    /// A broadcast has another report, and the database has it.
    pub(super) fn report_kept(&self, id: StreamRowId) {
        self.rows.changed(id);
    }

    /// Much has changed at once.
    pub(super) fn forget(&self) {
        self.events.forget();
        self.broadcasts.forget();
        self.rows.forget();
    }

    pub(super) fn counts(&self) -> HistoryCounts {
        let all = [&self.events.counts, &self.broadcasts.counts, &self.rows.counts];
        let sum = |of: fn(&Counts) -> &AtomicU64| all.iter().map(|one| of(one).load(Ordering::Relaxed)).sum();
        HistoryCounts { hits: sum(|counts| &counts.hits), misses: sum(|counts| &counts.misses) }
    }
}

#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
}

/// A point in the history of a subject. No two are alike, over all subjects: one that was forgotten and is met again is
/// at a point where it never was, so nothing that was known of it before is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Point(u64);

/// An answer that is being looked up, or is there.
type Answer<V> = Arc<OnceCell<Arc<V>>>;

/// Answers about subjects `S`, each to a question `Q`.
///
/// **Invariant:** an answer is found only at the point at which the question was asked, and the point moves after the
/// database has a change: so an answer that is found has all changes but those that are still being written.
struct Answers<S, Q, V> {
    points: Cache<S, Point>,
    answers: Cache<(S, Point, Q), Answer<V>>,
    next: AtomicU64,
    counts: Counts,
}

impl<S, Q, V> Answers<S, Q, V>
where
    S: Copy + Eq + Hash + Send + Sync + 'static,
    Q: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn new() -> Self {
        Self {
            points: Cache::builder()
                .max_capacity(SUBJECTS_MAX)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            answers: Cache::builder()
                .max_capacity(ANSWERS_MAX)
                .time_to_live(FRESH)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            next: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// The answer that is known, or else what `read` reads: for all who ask meanwhile.
    async fn answer(&self, subject: S, question: Q, read: impl Future<Output = Result<V>>) -> Result<Arc<V>> {
        let point = self.points.get_with(subject, || self.point());
        let answer = self.answers.get_with((subject, point, question), Arc::default);
        let mut was_known = true;
        let found = answer
            .get_or_try_init(|| async {
                was_known = false;
                read.await.map(Arc::new)
            })
            .await
            .cloned();
        let count = if was_known { &self.counts.hits } else { &self.counts.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn changed(&self, subject: S) {
        // Of whom nothing was asked, nothing is known.
        if self.points.contains_key(&subject) {
            self.points.insert(subject, self.point());
        }
    }

    fn forget(&self) {
        self.points.invalidate_all();
    }

    fn point(&self) -> Point {
        Point(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
