//! What the cases start from: an engine in this process with its journal, on a database of either kind.

#[allow(dead_code, reason = "the store's own cases need more of it")]
#[path = "../../store/support/mod.rs"]
mod store;

#[allow(dead_code, reason = "the integration tests need more of it")]
#[path = "../../integration/support/machines.rs"]
pub(crate) mod machines;

pub(crate) mod receiver;

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gostream::app::App;
use gostream::app::config::{Config, Destination, Listen, Project};
use gostream::journal::{Journal, Live};
use gostream::session::Sessions;
use gostream::store::{About, Event, EventFilter, Page, ProjectId, Store, UnixMillis};
use gostream::stream::{PlaybackId, StreamId, StreamKey};

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

/// A process over a database, with one declared project.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) store: Store,
    pub(crate) project: ProjectId,
    bench: Bench,
}

impl House {
    /// Starts it.
    pub(crate) async fn start(bench: &Bench, destinations: Vec<Destination>) -> Self {
        Self::start_with(bench, destinations, |_| {}).await
    }

    /// With other settings.
    pub(crate) async fn start_with(
        bench: &Bench,
        destinations: Vec<Destination>,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let declared = Project {
            name: "Show".to_owned(),
            stream_key: StreamKey::new(KEY),
            playback_id: PlaybackId::parse(PLAYBACK).expect("letters"),
            hold: None,
            destinations,
        };
        let local = Listen::At(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut config = Config { projects: vec![declared], ..Config::default() };
        (config.rtmp.listen, config.http.listen, config.metrics.listen) = (local, local, local);
        config.data_dir = bench.folder().to_owned();
        config.database.url = StreamKey::new(bench.url.as_str());
        set(&mut config);
        let mut app = App::start(&config).await.expect("it starts");
        app.ready().await.expect("it becomes ready");
        let known = app.control.catalog().project_of(&StreamId::new(PLAYBACK)).expect("it is declared");
        let (store, project) = (app.control.store().clone(), known.project.id);
        Self { app, store, project, bench: bench.clone() }
    }

    pub(crate) fn journal(&self) -> &Journal {
        self.app.control.journal()
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.app.engine.sessions
    }

    /// Where an encoder publishes.
    pub(crate) fn url(&self) -> String {
        self.url_with(KEY)
    }

    /// Where one with another key tries to.
    pub(crate) fn url_with(&self, key: &str) -> String {
        format!("rtmp://{}/live/{key}", self.app.addresses.rtmp.expect("it listens"))
    }

    pub(crate) fn live(&self) -> Arc<Live> {
        self.journal().live(self.project).expect("the stream is watched")
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

    /// Drains it, and opens what it left.
    pub(crate) async fn leave(self) -> Store {
        assert!(self.app.drain().await, "it leaves in time");
        self.bench.open().await
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
