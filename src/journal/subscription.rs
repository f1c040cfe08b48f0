//! Events as they are kept: whoever asks gets what followed an event from the store, and then what comes, without a gap
//! and without one twice.
//!
//! What comes is read from the store too, once for all who listen: so events that other nodes kept are among them, in
//! the order of their ids.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::history::History;
use crate::store::{About, Event, EventFilter, EventId, Page, Result, Slice, Store};

/// Events that a listener may lag behind before it reads the store instead.
const FEED_MAX: usize = 1_024;
/// How often the store is asked what other nodes kept, while somebody listens.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Before a database that is away is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Where the feed tells, and whether it has begun.
#[derive(Debug)]
pub(super) struct Feed {
    events: broadcast::Sender<Arc<Event>>,
    begun: watch::Sender<bool>,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self { events: broadcast::Sender::new(FEED_MAX), begun: watch::Sender::new(false) }
    }

    /// Tells all listeners what is kept, in order. `kept` rings when something was, by this node.
    pub(super) async fn run(&self, store: &Store, history: &History, mut kept: watch::Receiver<u64>) {
        let mut after = loop {
            match store.newest_event().await {
                Ok(newest) => break newest,
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        };
        self.begun.send_replace(true);
        loop {
            let look = async {
                loop {
                    tokio::time::sleep(LOOK_EVERY).await;
                    if self.events.receiver_count() > 0 {
                        return;
                    }
                }
            };
            tokio::select! {
                changed = kept.changed() => if changed.is_err() { return },
                () = look => {}
            }
            self.tell(store, history, &mut after).await;
        }
    }

    /// Tells everything behind `after`.
    async fn tell(&self, store: &Store, history: &History, after: &mut Option<EventId>) {
        loop {
            let Ok(found) = page(store, &EventFilter::default(), *after).await else {
                tokio::time::sleep(RETRY).await;
                continue;
            };
            let is_last = found.next.is_none();
            for event in found.items {
                *after = Some(event.id);
                // It may be another node's.
                history.event_kept(event.project_id, event.stream_id);
                // Without a listener it is told to nobody.
                self.events.send(Arc::new(event)).ok();
            }
            if is_last {
                return;
            }
        }
    }
}

/// What followed, as far as a page goes.
async fn page(store: &Store, filter: &EventFilter, after: Option<EventId>) -> Result<Slice<Event, EventId>> {
    let limit = Page::<EventId>::LIMIT_MAX;
    let page = after.map_or_else(|| Page::first(limit), |after| Page::after(after, limit));
    store.events_since(filter, page).await
}

/// One listener.
#[derive(Debug)]
pub struct Subscription {
    store: Store,
    filter: EventFilter,
    /// The last event that was given, or passed over.
    after: Option<EventId>,
    /// What the store returned and was not given yet.
    found: VecDeque<Event>,
    /// Whether the store may have more that `live` has not.
    behind: bool,
    live: broadcast::Receiver<Arc<Event>>,
    begun: watch::Receiver<bool>,
    stop: CancellationToken,
}

impl Subscription {
    pub(super) async fn new(
        store: Store,
        feed: &Feed,
        filter: EventFilter,
        after: Option<EventId>,
        stop: CancellationToken,
    ) -> Result<Self> {
        let (live, begun) = (feed.events.subscribe(), feed.begun.subscribe());
        let after = match after {
            Some(after) => Some(after),
            None => store.newest_event().await?,
        };
        Ok(Self { store, filter, after, found: VecDeque::new(), behind: true, live, begun, stop })
    }

    /// Behind which event it goes on; `None` before the first there is.
    #[must_use]
    pub fn after(&self) -> Option<EventId> {
        self.after
    }

    /// The next event; `None` when the process leaves. Cancel safe. While the database is away it waits.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.follow()).await.flatten()
    }

    async fn follow(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.found.pop_front() {
                self.after = Some(event.id);
                return Some(Arc::new(event));
            }
            if self.behind {
                if let Err(error) = self.catch_up().await {
                    tracing::debug!(%error, "events cannot be read now");
                    tokio::time::sleep(RETRY).await;
                }
                continue;
            }
            match self.live.recv().await {
                Ok(event) if self.after.is_some_and(|after| event.id <= after) => {}
                Ok(event) => {
                    self.after = Some(event.id);
                    if fits(&self.filter, &event) {
                        return Some(event);
                    }
                }
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Reads what followed. Once nothing did, all that is kept later is told live: the feed has begun, and reads behind
    /// everything that is kept.
    async fn catch_up(&mut self) -> Result<()> {
        // It lives as long as the journal, which this has no need to outlive.
        self.begun.wait_for(|begun| *begun).await.ok();
        let found = page(&self.store, &self.filter, self.after).await?.items;
        self.behind = !found.is_empty();
        self.found = found.into();
        Ok(())
    }
}

/// As the store's own filter.
fn fits(filter: &EventFilter, event: &Event) -> bool {
    let about = match filter.about {
        About::All => true,
        About::Project(id) => event.project_id == Some(id),
        About::Stream(id) => event.stream_id == Some(id),
    };
    about && filter.kind.as_ref().is_none_or(|kind| *kind == event.kind)
}
