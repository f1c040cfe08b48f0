//! Projects on the air: each has a stream, a packager and outputs, put up and taken down while the process runs.
//!
//! A [`Show`] is what is wanted of one project. [`Stage::put`] makes it so, and touches nothing that is so already: a
//! broadcast goes on while a destination beside it is changed. Who wants what is for the floors above.

mod clockwork;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::hls;
use crate::media::End;
use crate::push::{Destination, Supervisor};
use crate::stream::{HoldConfig, Names, Registry, RingLimits, Start, Stream, StreamId};

/// What is wanted of one project.
#[derive(Debug, Clone)]
pub struct Show {
    /// What its stream is called. Its id and playback id stay what they are for its life.
    pub names: Names,
    /// How it bridges the absence of its encoder.
    pub hold: HoldConfig,
    /// Where it is sent.
    pub destinations: Vec<Destination>,
}

/// What holds for all shows.
#[derive(Debug, Clone)]
pub struct Config {
    /// Of each stream's ring.
    pub ring: RingLimits,
    /// How streams are packaged; `None` where they are not.
    pub hls: Option<hls::Config>,
    /// How far their discontinuities have come.
    pub breaks: Arc<hls::Breaks>,
}

/// All shows of this process.
#[derive(Debug)]
pub struct Stage {
    registry: Arc<Registry>,
    supervisor: Arc<Supervisor>,
    library: Arc<hls::Library>,
    config: Config,
    /// Packagers, each with what stops it.
    packagers: Mutex<HashMap<StreamId, CancellationToken>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Stage {
    /// An empty stage. Its tasks are counted by `tasks` and end at `stop`. Must run inside the runtime.
    #[must_use]
    pub fn new(
        config: Config,
        supervisor: Arc<Supervisor>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let registry = Arc::new(Registry::default());
        clockwork::start(&registry, &supervisor, &tasks, &stop);
        let (library, packagers) = (Arc::default(), Mutex::default());
        Arc::new(Self { registry, supervisor, library, config, packagers, tasks, stop })
    }

    /// All streams.
    #[must_use]
    pub const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// All outputs.
    #[must_use]
    pub const fn supervisor(&self) -> &Arc<Supervisor> {
        &self.supervisor
    }

    /// What HTTP serves.
    #[must_use]
    pub const fn library(&self) -> &Arc<hls::Library> {
        &self.library
    }

    /// Makes a project what is wanted of it: new, or changed field by field.
    pub fn put(&self, show: Show) {
        let Show { names, hold, destinations } = show;
        // Held to the end: of two calls for one stream, the second sees what the first made.
        let mut packagers = self.lock();
        let stream = match self.registry.get(&names.id) {
            Some(stream) => {
                stream.adjust(names.name, hold);
                stream
            }
            None => self.begin(&mut packagers, names, hold),
        };
        self.supervisor.apply(&stream, destinations);
    }

    /// Takes a project down: its broadcast ends, its outputs say goodbye, and nobody finds it any more.
    pub fn remove(&self, id: &StreamId) {
        let mut packagers = self.lock();
        let Some(stream) = self.registry.remove(id) else { return };
        stream.end(End::Told, Instant::now());
        self.supervisor.apply(&stream, Vec::new());
        self.library.remove(stream.playback_id());
        if let Some(packager) = packagers.remove(id) {
            packager.cancel();
        }
        tracing::info!(stream = %id, "the project is gone");
    }

    fn begin(
        &self,
        packagers: &mut HashMap<StreamId, CancellationToken>,
        names: Names,
        hold: HoldConfig,
    ) -> Arc<Stream> {
        let stream = Stream::new(names, self.config.ring, hold);
        if let Some(config) = &self.config.hls {
            let subscriber = stream.subscribe(Start::Next);
            let playback_id = stream.playback_id();
            let (rendition, packager) = {
                let breaks = Arc::clone(&self.config.breaks);
                hls::Packager::new(subscriber, playback_id.clone(), *config, breaks)
            };
            self.library.insert(playback_id.clone(), rendition);
            let stop = self.stop.child_token();
            packagers.insert(stream.id().clone(), stop.clone());
            self.tasks.spawn(async move { stop.run_until_cancelled(packager).await });
        }
        // Last: who finds it finds all of it.
        self.registry.insert(&stream);
        stream
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StreamId, CancellationToken>> {
        self.packagers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
