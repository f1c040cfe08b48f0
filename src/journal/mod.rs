//! What happened and how it goes: events, broadcasts and their reports, figures of the last minutes, health.
//!
//! `listener` hears what sessions and outputs tell, a `watcher` reads each stream's ring; `meter` makes figures of the
//! packets, `judge` issues of the figures, in the words of `issue`. What is to last goes through `writer` into the store,
//! and from there through `subscription` to whoever listens; `history` answers what is asked for often.
//! [`Live`] shows a stream as it is now.
//!
//! - **Invariant:** live media does not know of the journal and never waits for it.
//! - **Invariant:** every queue is bounded; what is lost is counted, and said in an event.
//! - **Invariant:** no secret is in an event, a report or an issue.

mod actor;
mod history;
mod issue;
mod judge;
mod kind;
mod listener;
mod live;
mod meter;
mod rejections;
mod retention;
mod sample;
mod streams;
mod subscription;
mod summary;
mod tally;
mod thinner;
mod watcher;
mod writer;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::hls::Library;
use crate::push::Supervisor;
use crate::session::Sessions;
use crate::store::{
    Event, EventFilter, EventId, Json, NewEvent, Page, ProjectId, Result, Slice, Store, StreamRow,
    StreamRowId, UnixMillis,
};
use crate::stream::{Registry, Stream, StreamId, StreamState};
use history::History;
use streams::Streams;
use subscription::Feed;
use writer::{Line, Pen, Writer};

pub use actor::{acting, actor};
pub use history::HistoryCounts;
pub use issue::{Concerned, HealthStatus, Issue, IssueCode, Severity};
pub use kind::{Kind, WORDS_MAX, is_known, means, rfc3339, told};
pub use live::{Broadcast, Live, WINDOW};
pub use sample::{Media, OutputPoint, OutputSample, Sample};
pub use subscription::Subscription;
pub use writer::Counts;

/// Seconds of all streams that a listener may lag behind.
const MEASURED_MAX: usize = 512;

/// Where things happen.
#[derive(Clone)]
pub struct Sources {
    /// All streams.
    pub registry: Arc<Registry>,
    /// The inbound side.
    pub sessions: Arc<Sessions>,
    /// The outbound side.
    pub supervisor: Arc<Supervisor>,
    /// What HTTP serves.
    pub library: Arc<Library>,
    /// Cancelled when the process drains.
    pub drain: CancellationToken,
}

/// How the journal is kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// This node's name, no other's: what is on the air under it when it starts was left by a process that died.
    pub node: String,
    /// How long events, reports and deliveries are kept.
    pub keep: Duration,
    /// Whether what is asked for often is kept in memory; off, every reading asks the database.
    pub cache: bool,
}

/// A second of a broadcast as it is over: droppable, and never kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Whose.
    pub project: Option<ProjectId>,
    /// Our label of the stream.
    pub stream: StreamId,
    /// The broadcast.
    pub broadcast: StreamRowId,
    /// Where the stream stands.
    pub state: StreamState,
    /// The figures.
    pub sample: Sample,
    /// What is sent.
    pub media: Media,
    /// The outputs.
    pub outputs: Vec<OutputSample>,
    /// How it is doing as a whole.
    pub status: HealthStatus,
    /// What is wrong.
    pub issues: Vec<Issue>,
}

/// The journal. Cloning it is cheap.
#[derive(Clone)]
pub struct Journal {
    room: Arc<Room>,
}

/// What all parts of the journal share.
struct Room {
    store: Store,
    history: History,
    sources: Sources,
    config: Config,
    pen: Pen,
    feed: Feed,
    measured: broadcast::Sender<Arc<Measured>>,
    streams: Streams,
    stop: CancellationToken,
}

impl Journal {
    /// A journal, and what must run for it until `stop`, and a little longer to keep what happened last.
    ///
    /// The store need not be there yet: what happens waits for it.
    pub fn new(
        store: Store,
        sources: Sources,
        config: Config,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (pen, waiting) = Pen::new();
        let room = Arc::new(Room {
            history: History::new(store.clone(), config.cache),
            store,
            sources,
            config,
            pen,
            feed: Feed::new(),
            measured: broadcast::Sender::new(MEASURED_MAX),
            streams: Streams::default(),
            stop,
        });
        // From here on, so that nothing is missed before the task runs.
        let listener = listener::Listener::new(Arc::clone(&room));
        (Self { room: Arc::clone(&room) }, run(room, listener, waiting))
    }

    /// Keeps an event, in the order in which this is called. Never waits: where too many wait already, it is counted and
    /// said that some are missing.
    pub fn record(&self, event: NewEvent) {
        self.room.pen.event(event);
    }

    /// Keeps an event of now, with the name of whoever does it.
    pub fn note(&self, kind: Kind, project: Option<ProjectId>, broadcast: Option<StreamRowId>, data: Value) {
        self.room.note(kind, project, broadcast, actor::signed(data));
    }

    /// The events that fit, from behind `after` on, or from now on; first those that are kept, then as they are kept,
    /// none missing and none twice.
    ///
    /// # Errors
    /// Those of the database, where `after` is none.
    pub async fn subscribe(&self, filter: EventFilter, after: Option<EventId>) -> Result<Subscription> {
        let room = &self.room;
        Subscription::new(room.store.clone(), &room.feed, filter, after, room.stop.clone()).await
    }

    /// Every second of every broadcast, as it is over. A listener that lags loses some, and is told how many.
    #[must_use]
    pub fn measured(&self) -> broadcast::Receiver<Arc<Measured>> {
        self.room.measured.subscribe()
    }

    /// Changes when this node kept something.
    #[must_use]
    pub fn kept(&self) -> watch::Receiver<u64> {
        self.room.pen.kept.subscribe()
    }

    /// A project's stream as it is now, where this node has it.
    #[must_use]
    pub fn live(&self, project: ProjectId) -> Option<Arc<Live>> {
        self.room.streams.find(|live| live.project() == Some(project))
    }

    /// The same by our label of the stream.
    #[must_use]
    pub fn live_of(&self, stream: &StreamId) -> Option<Arc<Live>> {
        self.room.streams.get(stream)
    }

    /// All streams of this node.
    #[must_use]
    pub fn lives(&self) -> Vec<Arc<Live>> {
        self.room.streams.all()
    }

    /// The stream on whose air this broadcast is now.
    #[must_use]
    pub fn on_air(&self, broadcast: StreamRowId) -> Option<Arc<Live>> {
        self.room.streams.find(|live| live.broadcast().is_some_and(|on_air| on_air.id == broadcast))
    }

    /// What became of all that was to be kept.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.room.pen.counts
    }

    /// How much waits to be kept.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.room.pen.waiting()
    }

    /// What happened, newest first, as [`Store::events`] has it; the newest from memory.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn events(
        &self,
        filter: &EventFilter,
        page: Page<EventId>,
    ) -> Result<Arc<Slice<Event, EventId>>> {
        self.room.history.events(filter, page).await
    }

    /// A project's broadcasts without their reports, newest first; the last ones from memory.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn broadcasts(
        &self,
        project: ProjectId,
        page: Page<StreamRowId>,
    ) -> Result<Arc<Slice<StreamRow, StreamRowId>>> {
        self.room.history.broadcasts(project, page).await
    }

    /// A broadcast, from memory where it was asked for a moment ago.
    ///
    /// # Errors
    /// [`NotFound`](crate::store::Error::NotFound).
    pub async fn broadcast(&self, id: StreamRowId) -> Result<Arc<StreamRow>> {
        self.room.history.broadcast(id).await
    }

    /// Keeps an event at once, and says which it became. Waits for the database, unlike [`record`](Self::record).
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn keep(&self, event: NewEvent) -> Result<Event> {
        let kept = self.room.store.add_events(&[event]).await?.pop();
        let event = kept.ok_or(crate::store::Error::NotFound("event"))?;
        self.room.history.event_kept(event.project_id, event.stream_id);
        Ok(event)
    }

    /// How often readings were answered from memory.
    #[must_use]
    pub fn history_counts(&self) -> HistoryCounts {
        self.room.history.counts()
    }

    /// The store that it is kept in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.room.store
    }
}

impl Room {
    fn note(&self, kind: Kind, project: Option<ProjectId>, broadcast: Option<StreamRowId>, data: Value) {
        self.note_at(UnixMillis::from(SystemTime::now()), kind, project, broadcast, data);
    }

    fn note_at(
        &self,
        at: UnixMillis,
        kind: Kind,
        project_id: Option<ProjectId>,
        stream_id: Option<StreamRowId>,
        data: Value,
    ) {
        let kind = kind.as_str().to_owned();
        self.pen.event(NewEvent { kind, project_id, stream_id, at, data: Json(data) });
    }

    fn is_leaving(&self) -> bool {
        self.sources.drain.is_cancelled() || self.stop.is_cancelled()
    }

    /// The newest encoder of a stream, as its row tells it.
    fn encoder_of(&self, stream: &Stream) -> Option<Json> {
        let encoders = self.sources.sessions.encoders();
        let newest = encoders.iter().rfind(|encoder| encoder.stream == *stream.id())?;
        let tracks = stream.tracks();
        let said = tracks.borrow().metadata.as_ref().and_then(|said| said.encoder().map(bounded));
        let software = said.unwrap_or_else(|| newest.software.clone());
        let from: IpAddr = newest.from.ip();
        Some(Json(watcher::encoder(&software, from, newest.secure)))
    }
}

/// What a peer says, as far as it is kept.
fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

async fn run(room: Arc<Room>, listener: listener::Listener, waiting: mpsc::Receiver<Line>) {
    let (stop, leave) = (room.stop.clone(), CancellationToken::new());
    let writer = Writer { store: &room.store, history: &room.history, pen: &room.pen, waiting, told: 0 };
    let watching = async {
        tokio::join!(room.keep_in_step(), listener.run(stop.clone()));
        room.streams.finished().await;
        leave.cancel();
    };
    tokio::join!(
        writer.run(&room.config.node, leave.clone()),
        watching,
        stop.run_until_cancelled(room.feed.run(&room.store, &room.history, room.pen.kept.subscribe())),
        stop.run_until_cancelled(retention::run(&room.store, &room.history, room.config.keep)),
    );
}
