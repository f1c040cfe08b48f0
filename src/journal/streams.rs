//! The streams of this node, each with the task that watches it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Room;
use super::live::Live;
use super::watcher::Watcher;
use crate::stream::{Registry, Stream, StreamId};

/// How often new streams are looked for. What such a stream already sent is still in its ring.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Streams {
    watched: Mutex<HashMap<StreamId, Watched>>,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Watched {
    live: Arc<Live>,
    stop: CancellationToken,
}

impl Streams {
    /// Those that are watched.
    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        self.lock().values().map(|watched| Arc::clone(&watched.live)).collect()
    }

    /// The first that fits.
    pub(super) fn find(&self, fits: impl Fn(&Live) -> bool) -> Option<Arc<Live>> {
        self.lock().values().map(|watched| &watched.live).find(|live| fits(live)).cloned()
    }

    /// The one of this id, if it is watched.
    pub(super) fn get(&self, id: &StreamId) -> Option<Arc<Live>> {
        self.lock().get(id).map(|watched| Arc::clone(&watched.live))
    }

    /// Waits until all watchers are done.
    pub(super) async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Begins to watch a stream, unless it is watched. One that took the place of another of its id is another.
    fn watch(&self, room: &Arc<Room>, stream: &Arc<Stream>) -> Arc<Live> {
        let mut all = self.lock();
        if let Some(watched) = all.get(stream.id()) {
            if Arc::ptr_eq(watched.live.stream(), stream) {
                return Arc::clone(&watched.live);
            }
            watched.stop.cancel();
        }
        let (live, stop) = (Live::new(Arc::clone(stream)), room.stop.child_token());
        let watcher = Watcher::new(Arc::clone(room), Arc::clone(&live));
        self.tasks.spawn(watcher.run(stop.clone()));
        all.insert(stream.id().clone(), Watched { live: Arc::clone(&live), stop });
        live
    }

    /// Lets go of the streams that are not there any more.
    fn retain(&self, registry: &Registry) {
        self.lock().retain(|id, watched| {
            let is_there = registry.get(id).is_some_and(|stream| Arc::ptr_eq(&stream, watched.live.stream()));
            if !is_there {
                watched.stop.cancel();
            }
            is_there
        });
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamId, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// The journal's view of a stream that the engine has, watched from now on if it was not.
    pub(super) fn watched(self: &Arc<Self>, id: &StreamId) -> Option<Arc<Live>> {
        let stream = self.sources.registry.get(id)?;
        Some(self.streams.watch(self, &stream))
    }

    /// Keeps in step with the streams of the engine, until the process leaves.
    pub(super) async fn keep_in_step(self: &Arc<Self>) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        while self.stop.run_until_cancelled(tick.tick()).await.is_some() {
            for stream in self.sources.registry.all() {
                self.streams.watch(self, &stream);
            }
            self.streams.retain(&self.sources.registry);
        }
    }
}
