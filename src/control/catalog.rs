//! All projects as they were read last: what is asked for often is answered from here.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::store::{Destination, DestinationId, Error, Project, ProjectId, StreamKey, StreamKeyId};
use crate::stream::StreamId;

/// A project with its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The project.
    pub project: Project,
    /// Its keys, oldest first.
    pub stream_keys: Vec<StreamKey>,
    /// Its destinations, in their order.
    pub destinations: Vec<Destination>,
}

impl Known {
    pub(super) const fn new(project: Project) -> Self {
        Self { project, stream_keys: Vec::new(), destinations: Vec::new() }
    }

    /// In the order in which a single project is read.
    pub(super) fn ordered(mut self) -> Self {
        self.stream_keys.sort_by_key(|key| key.id);
        self.destinations.sort_by_key(|destination| (destination.position, destination.id));
        self
    }

    /// Whether nothing differs but when keys were last used.
    pub(super) fn is_wanted_alike(&self, other: &Self) -> bool {
        let unused = |keys: &[StreamKey]| -> Vec<StreamKey> {
            keys.iter().map(|key| StreamKey { last_used_at: None, ..key.clone() }).collect()
        };
        self.project == other.project
            && self.destinations == other.destinations
            && unused(&self.stream_keys) == unused(&other.stream_keys)
    }

    /// Which of its parts are others than before; of one that was not there, that it was made.
    pub(super) fn changed(&self, before: Option<&Self>) -> Vec<&'static str> {
        let Some(before) = before else { return vec!["created"] };
        // A change of any part is counted as one of the project.
        let Project { updated_at, revision, running, .. } = before.project;
        let settings = Project { updated_at, revision, running, ..self.project.clone() };
        let parts = [
            ("running", self.project.running != running),
            ("settings", settings != before.project),
            ("stream_keys", self.stream_keys != before.stream_keys),
            ("destinations", self.destinations != before.destinations),
        ];
        parts.into_iter().filter_map(|(part, is_other)| is_other.then_some(part)).collect()
    }

    /// One of its destinations.
    #[must_use]
    pub fn destination(&self, id: DestinationId) -> Option<&Destination> {
        self.destinations.iter().find(|destination| destination.id == id)
    }
}

/// All projects as they were read last.
#[derive(Debug, Default)]
pub struct Catalog {
    all: RwLock<All>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug, Default)]
struct All {
    projects: BTreeMap<ProjectId, Arc<Known>>,
    streams: HashMap<StreamId, ProjectId>,
    stream_keys: HashMap<StreamKeyId, ProjectId>,
    destinations: HashMap<DestinationId, ProjectId>,
}

impl Catalog {
    /// The project.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn project(&self, id: ProjectId) -> Result<Arc<Known>, Error> {
        self.counted(self.peek(id)).ok_or(Error::NotFound("project"))
    }

    /// Projects after one of them, oldest first, and whether there are more.
    #[must_use]
    pub fn projects(&self, after: Option<ProjectId>, limit: usize) -> (Vec<Arc<Known>>, bool) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        let all = self.read();
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut found = all.projects.range::<ProjectId, _>(range).map(|(_, known)| Arc::clone(known));
        let page = found.by_ref().take(limit).collect();
        (page, found.next().is_some())
    }

    /// How many projects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().projects.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read().projects.is_empty()
    }

    /// The project of a stream.
    #[must_use]
    pub fn project_of(&self, stream: &StreamId) -> Option<Arc<Known>> {
        let all = self.read();
        all.projects.get(all.streams.get(stream)?).cloned()
    }

    /// A destination, with its project.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn destination(&self, id: DestinationId) -> Result<(Arc<Known>, Destination), Error> {
        let all = self.read();
        let known = all.destinations.get(&id).and_then(|project| all.projects.get(project)).cloned();
        let found = known.and_then(|known| {
            let destination = known.destination(id).cloned()?;
            Some((known, destination))
        });
        self.counted(found).ok_or(Error::NotFound("destination"))
    }

    /// A stream key, with its project.
    #[must_use]
    pub fn stream_key(&self, id: StreamKeyId) -> Option<(Arc<Known>, StreamKey)> {
        let all = self.read();
        let known = all.stream_keys.get(&id).and_then(|project| all.projects.get(project)).cloned()?;
        let key = known.stream_keys.iter().find(|key| key.id == id).cloned()?;
        Some((known, key))
    }

    /// How often it had what was asked for, and how often not.
    #[must_use]
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    pub(super) fn peek(&self, id: ProjectId) -> Option<Arc<Known>> {
        self.read().projects.get(&id).cloned()
    }

    pub(super) fn ids(&self) -> Vec<ProjectId> {
        self.read().projects.keys().copied().collect()
    }

    pub(super) fn put(&self, known: Known) -> Arc<Known> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let id = known.project.id;
        all.remove(id);
        all.streams.insert(super::stream_of(&known.project), id);
        all.stream_keys.extend(known.stream_keys.iter().map(|key| (key.id, id)));
        all.destinations.extend(known.destinations.iter().map(|destination| (destination.id, id)));
        let known = Arc::new(known);
        all.projects.insert(id, Arc::clone(&known));
        known
    }

    pub(super) fn remove(&self, id: ProjectId) -> Option<Arc<Known>> {
        self.all.write().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    fn counted<T>(&self, found: Option<T>) -> Option<T> {
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, All> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn remove(&mut self, id: ProjectId) -> Option<Arc<Known>> {
        let known = self.projects.remove(&id)?;
        self.streams.remove(&super::stream_of(&known.project));
        for key in &known.stream_keys {
            self.stream_keys.remove(&key.id);
        }
        for destination in &known.destinations {
            self.destinations.remove(&destination.id);
        }
        Some(known)
    }
}
