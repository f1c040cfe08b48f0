//! What the cases start from: an engine in this process with its journal, on a database of either kind.

#[allow(dead_code, reason = "the store's own cases need more of it")]
#[path = "../../store/support/mod.rs"]
mod store;

#[allow(dead_code, reason = "the integration tests need more of it")]
#[path = "../../integration/support/machines.rs"]
pub(crate) mod machines;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use gostream::app::Engine;
use gostream::app::config::{Config, Destination, Project};
use gostream::journal::{self, Journal, Live, Names, Sources};
use gostream::net::Listener;
use gostream::push;
use gostream::store::{
    About, DestinationId, Event, EventFilter, Page, ProjectFields, ProjectId, Store, UnixMillis,
};
use gostream::stream::{PlaybackId, StreamId, StreamKey};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) use store::{Bench, Postgres, Program, block_on, event, programs, project};

/// A case: what holds of an empty database.
pub(crate) type Case = fn(Bench) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// How long anything may take before it counts as a hang.
const GUARD: Duration = Duration::from_secs(40);

/// The one project's playback id, which is also the stream's id, and its key.
pub(crate) const PLAYBACK: &str = "show";
pub(crate) const KEY: &str = "key-of-the-show";

/// Waits until `look` finds something.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(GUARD, found).await.unwrap_or_else(|_| panic!("waited {GUARD:?} for: {what}"))
}

/// The rows of the engine's streams and destinations.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<HashMap<StreamId, ProjectId>>>);

impl Names for Rows {
    fn project(&self, stream: &StreamId) -> Option<ProjectId> {
        self.0.lock().expect("nobody panicked").get(stream).copied()
    }

    fn destination(&self, _: &StreamId, _: &push::DestinationId) -> Option<DestinationId> {
        None
    }
}

/// An engine with one project, and its journal.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) journal: Journal,
    pub(crate) store: Store,
    pub(crate) project: ProjectId,
    url: String,
    task: JoinHandle<()>,
}

impl House {
    /// Starts it on an empty database.
    pub(crate) async fn start(bench: &Bench, destinations: Vec<Destination>) -> Self {
        let store = bench.store().await;
        let fields = ProjectFields { playback_id: PLAYBACK.to_owned(), ..project("show") };
        let row = store.create_project(&fields, None, now()).await.expect("a project can be made");
        Self::start_on(store, row.id, destinations, Duration::from_secs(30)).await
    }

    pub(crate) async fn start_on(
        store: Store,
        project: ProjectId,
        destinations: Vec<Destination>,
        hold: Duration,
    ) -> Self {
        let declared = Project {
            name: "Show".to_owned(),
            stream_key: StreamKey::new(KEY),
            playback_id: PlaybackId::parse(PLAYBACK).expect("letters"),
            hold: Some(hold),
            destinations,
        };
        let config = Config { projects: vec![declared], ..Config::default() };
        let engine = Engine::start(&config).expect("an engine");
        let rows = Rows::default();
        rows.0.lock().expect("nobody panicked").insert(StreamId::new(PLAYBACK), project);
        let sources = Sources {
            registry: Arc::clone(&engine.registry),
            sessions: Arc::clone(&engine.sessions),
            supervisor: Arc::clone(&engine.supervisor),
            library: Arc::clone(&engine.library),
            drain: engine.drain.clone(),
        };
        let config = journal::Config { node: "here".to_owned(), keep: Duration::from_secs(86_400) };
        let (journal, task) =
            Journal::new(store.clone(), sources, Box::new(rows), config, engine.stop.clone());
        let task = tokio::spawn(task);
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("rtmp://{}/live", socket.local_addr().expect("bound"));
        let listener = Listener::new(socket, Arc::clone(&engine.connections[0]));
        engine.background.spawn(Arc::clone(&engine.sessions).serve(listener, None));
        Self { engine, journal, store, project, url, task }
    }

    /// Where an encoder publishes.
    pub(crate) fn url(&self) -> String {
        format!("{}/{KEY}", self.url)
    }

    /// Where one with another key tries to.
    pub(crate) fn url_with(&self, key: &str) -> String {
        format!("{}/{key}", self.url)
    }

    pub(crate) fn live(&self) -> Arc<Live> {
        self.journal.live(self.project).expect("the stream is watched")
    }

    /// All events of the project so far, the oldest first.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let filter = EventFilter { about: About::Project(self.project), kind: None };
        self.store.events_since(&filter, Page::first(200)).await.expect("events can be read").items
    }

    /// The first event of a kind whose data fit.
    pub(crate) async fn until(&self, kind: &str, fits: impl Fn(&serde_json::Value) -> bool) -> Event {
        eventually(kind, async || {
            let filter = EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
            let events = self.store.events_since(&filter, Page::first(200)).await.ok()?.items;
            events.into_iter().find(|event| fits(&event.data.0))
        })
        .await
    }

    /// Drains it, and waits until everything is written down.
    pub(crate) async fn leave(self) -> Store {
        let left = async {
            self.engine.finish().await;
            self.task.await.expect("the journal does not panic");
        };
        tokio::time::timeout(GUARD, left).await.expect("it leaves");
        self.store
    }
}

pub(crate) fn now() -> UnixMillis {
    UnixMillis::from(SystemTime::now())
}

/// A destination at this address.
pub(crate) fn destination(name: &str, url: &str) -> Destination {
    Destination {
        name: name.to_owned(),
        url: url.to_owned(),
        stream_key: StreamKey::new("key-of-the-platform"),
        ..Destination::default()
    }
}
