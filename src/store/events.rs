//! Events: what happened, in the order in which it was kept.
//!
//! A reader that has seen up to an id and asks for what follows misses nothing, whichever node wrote it and whatever its
//! clock says: an event gets its id under a lock that is held until the event can be read, and the id sorts behind all
//! ids before it. That is what `Last-Event-ID` needs.

use super::column::{Json, UnixMillis, row};
use super::connection::{Lock, Store, Tx};
use super::error::Result;
use super::id::{EventId, ProjectId, Sortable, StreamRowId};
use super::page::{Page, Slice};
use super::statement::{Statement, sql};
use super::webhook_deliveries::{Delivery, queue};
use super::webhooks::Webhook;

row! {
    /// Something that happened.
    pub struct Event {
        /// Its place among all.
        pub id: EventId,
        /// What kind of thing: `stream.started`, `output.state`.
        pub kind: String,
        /// The project it is about.
        pub project_id: Option<ProjectId>,
        /// The broadcast it is about.
        pub stream_id: Option<StreamRowId>,
        /// When it happened, by the clock of the node that saw it.
        pub at: UnixMillis,
        /// The rest of it.
        pub data: Json,
    }
}

row! {
    /// The newest id, alone.
    struct Newest {
        id: EventId,
    }
}

/// Something that has just happened.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// See [`Event::kind`].
    pub kind: String,
    /// See [`Event::project_id`].
    pub project_id: Option<ProjectId>,
    /// See [`Event::stream_id`].
    pub stream_id: Option<StreamRowId>,
    /// See [`Event::at`].
    pub at: UnixMillis,
    /// See [`Event::data`].
    pub data: Json,
}

/// What events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum About {
    /// Anything.
    #[default]
    All,
    /// A project.
    Project(ProjectId),
    /// A broadcast.
    Stream(StreamRowId),
}

/// Which events. Without anything: all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// About this alone.
    pub about: About,
    /// Of this kind alone.
    pub kind: Option<String>,
}

/// Finds a page of events on this side of a place. Each filter has a text of its own, so that each has its index: the
/// table is long, and what one project or broadcast did is little of it.
macro_rules! find {
    ($filter:expr, $page:expr, $side:literal, $order:literal) => {
        match ($filter.about, &$filter.kind) {
            (About::All, None) => {
                sql!(find!("", $side, $order), $page.after, $page.probe())
            }
            (About::All, Some(kind)) => {
                sql!(find!("kind = $3 AND ", $side, $order), $page.after, $page.probe(), kind)
            }
            (About::Project(id), kind) => sql!(
                find!("project_id = $3 AND kind = COALESCE($4, kind) AND ", $side, $order),
                $page.after,
                $page.probe(),
                id,
                kind
            ),
            (About::Stream(id), kind) => sql!(
                find!("stream_id = $3 AND kind = COALESCE($4, kind) AND ", $side, $order),
                $page.after,
                $page.probe(),
                id,
                kind
            ),
        }
    };
    ($which:literal, $side:literal, $order:literal) => {
        concat!("SELECT {columns} FROM events WHERE ", $which, $side, " ORDER BY ", $order, " LIMIT $2")
    };
}

impl Store {
    /// Keeps events, all or none, in this order behind all that are kept.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn add_events(&self, new: &[NewEvent]) -> Result<Vec<Event>> {
        let mut tx = self.begin().await?;
        let events = add(&mut tx, new).await?;
        tx.commit().await?;
        Ok(events)
    }

    /// As [`add_events`](Self::add_events), and hands each to the webhooks that want it, due at `now`: what is kept is
    /// also delivered, whatever happens to this process in between. Those that are switched off are not asked.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn add_events_for(
        &self,
        new: &[NewEvent],
        wants: impl Fn(&Webhook, &Event) -> bool + Send + Sync,
        now: UnixMillis,
    ) -> Result<Vec<Event>> {
        let mut tx = self.begin().await?;
        let events = add(&mut tx, new).await?;
        let webhooks = tx.all::<Webhook>(sql!("SELECT {columns} FROM webhooks WHERE enabled ORDER BY id"));
        for webhook in webhooks.await? {
            for event in events.iter().filter(|event| wants(&webhook, event)) {
                tx.one::<Delivery>("delivery", queue(webhook.id, event.id, now)).await?;
            }
        }
        tx.commit().await?;
        Ok(events)
    }

    /// The newest event's id: where somebody begins who only wants what comes.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn newest_event(&self) -> Result<Option<EventId>> {
        Ok(self.first::<Newest>(newest()).await?.map(|newest| newest.id))
    }

    /// The event.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn event(&self, id: EventId) -> Result<Event> {
        self.one("event", sql!("SELECT {columns} FROM events WHERE id = $1", id)).await
    }

    /// What followed, oldest first: what `Last-Event-ID` asks for. One that is gone for its age is no hindrance.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn events_since(
        &self,
        filter: &EventFilter,
        page: Page<EventId>,
    ) -> Result<Slice<Event, EventId>> {
        let rows = find!(filter, page, "id > COALESCE($1, '')", "id");
        Ok(page.cut(self.all(rows).await?, |event: &Event| event.id))
    }

    /// What happened, newest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn events(&self, filter: &EventFilter, page: Page<EventId>) -> Result<Slice<Event, EventId>> {
        let rows = find!(filter, page, "id < COALESCE($1, '~')", "id DESC");
        Ok(page.cut(self.all(rows).await?, |event: &Event| event.id))
    }
}

fn newest() -> Statement {
    sql!("SELECT {columns} FROM events ORDER BY id DESC LIMIT 1")
}

async fn add(tx: &mut Tx<'_>, new: &[NewEvent]) -> Result<Vec<Event>> {
    tx.lock(Lock::Events).await?;
    let mut last = tx.first::<Newest>(newest()).await?.map(|newest| newest.id.sortable());
    let mut events = Vec::with_capacity(new.len());
    for event in new {
        let fresh = Sortable::new(event.at);
        let id = last.map_or(fresh, |last| fresh.max(last.next()));
        last = Some(id);
        let insert = sql!(
            "INSERT INTO events (id, kind, project_id, stream_id, at, data) VALUES ($1, $2, $3, $4, $5, $6) \
             RETURNING {columns}",
            EventId::from(id),
            &event.kind,
            event.project_id,
            event.stream_id,
            event.at,
            &event.data
        );
        events.push(tx.one("event", insert).await?);
    }
    Ok(events)
}
