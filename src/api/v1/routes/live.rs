//! `/events/stream`: what happens, as it happens, as server-sent events (HTML, section 9.2).
//!
//! A client that comes back with `Last-Event-ID` gets what it missed; one that missed too much is told so and begins
//! anew. Nothing waits in a queue for a slow client: events are read behind what it has taken, from the store if need
//! be, and figures that it does not take in time are passed over. Whoever may no longer listen is cut off.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior};
use utoipa::{IntoParams, ToSchema};

use super::connections::audience;
use super::events::{bad_query, is_for, project_in};
use super::health::Figures;
use super::sight;
use super::streams::connected_s;
use crate::account::{Action, Caller};
use crate::api::v1::Services;
use crate::api::v1::door::{Client, Listening, identify};
use crate::api::v1::take::{Asked, Signed, Who, may};
use crate::api::{Problem, catalogue};
use crate::journal::{Measured, Subscription, WORDS_MAX, is_known, means, told};
use crate::store::{About, Event, EventFilter, EventId, Page, ProjectId, Sortable, UnixMillis};

/// After how long a client comes back.
const RETRY: Duration = Duration::from_millis(2_000);

/// How often a comment shows that the line is alive.
const COMMENT: Duration = Duration::from_secs(15);

/// How often it is looked whether the client may still listen.
const LOOK: Duration = Duration::from_secs(20);

/// Events that a client may have missed and still gets.
const MISSED_MAX: u32 = Page::<EventId>::LIMIT_MAX;

/// The word for figures among the types; they are no events.
const STATS: &str = "stats";

/// What is listened for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Of this project alone.
    project_id: Option<String>,
    /// Types, with commas between them: `output.state`, `stream.*`, `stats`. All without.
    #[param(example = "stream.*,output.state,stats")]
    types: Option<String>,
    /// As the header `Last-Event-ID`, for who cannot send headers.
    last_event_id: Option<String>,
    /// Also what happened in so many milliseconds before, for who has not heard anything yet and asked other things first.
    #[param(example = 800)]
    back_ms: Option<u32>,
}

/// A second of a broadcast, as `stats` tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatsEvent {
    project_id: String,
    stream_id: String,
    /// `live` or `interrupted`.
    state: &'static str,
    /// As in `/streams/{id}/health`.
    status: &'static str,
    figures: Figures,
    outputs: Vec<OutputFigures>,
    /// Over HLS.
    viewers: usize,
    /// Over RTMP.
    players: u64,
}

/// A second of an output.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutputFigures {
    destination_id: Option<String>,
    state: &'static str,
    bitrate_bits: u64,
    lag_ms: u64,
    rtt_ms: Option<u32>,
    sent_bytes: u64,
    dropped_frames: u64,
}

/// Listen to what happens
///
/// `id` is the event's, `event` its type, `data` the event as in `/events`. `stats` comes each second of each broadcast
/// and has no `id`. It begins with an `id` alone: what happens follows that one. `events.missed` says that more was missed than is told: read what you show anew. A comment comes
/// every 15 seconds.
#[utoipa::path(
    get, path = "/events/stream", tag = "events", security(("session" = []), ("token" = ["streams:read"])),
    params(Wanted, ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen: what followed is told first.")),
    responses((status = 200, description = "It goes on until either side ends it.", body = StatsEvent, content_type = "text/event-stream")),
)]
pub(super) async fn event_stream(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let project = match &wanted.project_id {
        Some(text) => Some(project_in(&services, &caller, text).await?),
        None => None,
    };
    let words: Vec<String> = match &wanted.types {
        Some(types) => types.split(',').map(|word| word.trim().to_owned()).collect(),
        None => vec!["*".to_owned(), STATS.to_owned()],
    };
    if words.len() > WORDS_MAX || !words.iter().all(|word| word == STATS || is_known(word)) {
        return Err(bad_query("types has a word that is no type of events"));
    }
    let listening = services.figures.listen(caller.user.id).ok_or_else(|| {
        Problem::of(&catalogue::TOO_MANY_REQUESTS)
            .detail("too many streams of events are open")
            .retry_after(Duration::from_secs(10))
    })?;
    let told = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let seen = told.or(wanted.last_event_id.as_deref()).and_then(|id| id.parse::<EventId>().ok());
    let after = seen.or_else(|| wanted.back_ms.map(began));
    let filter = EventFilter { about: project.map_or(About::All, About::Project), kind: None };
    let (after, missed) = resumed(&services, &filter, after).await?;
    let subscription = services.control.journal().subscribe(filter, after).await?;
    let measured = words.iter().any(|word| word == STATS).then(|| services.control.journal().measured());
    let hello = Line::default().retry(RETRY).comment("hello");
    let mut first = VecDeque::from([match subscription.after() {
        Some(id) => hello.id(id.to_string()),
        None => hello,
    }]);
    if missed {
        first.push_back(Line::default().event("events.missed").data("{}"));
    }
    let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener {
        services,
        caller,
        client,
        headers,
        words,
        project,
        first,
        subscription,
        measured,
        look,
        _listening: listening,
    };
    let lines = stream::unfold(listener, |mut listener| async move {
        let line = listener.next().await?;
        Some((Ok::<_, Infallible>(line), listener))
    });
    // A proxy that gathers answers would hold events back.
    let unbuffered = [
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    ];
    Ok((unbuffered, Sse::new(lines).keep_alive(KeepAlive::new().interval(COMMENT))).into_response())
}

/// Before what happened in so many milliseconds.
fn began(back_ms: u32) -> EventId {
    let time = UnixMillis::from(SystemTime::now()).before(Duration::from_millis(back_ms.into()));
    Sortable::first_of(time).into()
}

/// Where a client that was here before goes on, and whether it missed too much for that.
async fn resumed(
    services: &Services,
    filter: &EventFilter,
    after: Option<EventId>,
) -> Result<(Option<EventId>, bool), Problem> {
    let Some(after) = after else { return Ok((None, false)) };
    let since = services.store.events_since(filter, Page::after(after, MISSED_MAX)).await?;
    Ok(if since.next.is_some() { (None, true) } else { (Some(after), false) })
}

/// One client.
struct Listener {
    services: Services,
    caller: Caller,
    client: Client,
    headers: HeaderMap,
    words: Vec<String>,
    project: Option<ProjectId>,
    first: VecDeque<Line>,
    subscription: Subscription,
    measured: Option<Receiver<Arc<Measured>>>,
    look: Interval,
    _listening: Listening,
}

impl Listener {
    /// What it is told next; `None` when that is all.
    async fn next(&mut self) -> Option<Line> {
        if let Some(line) = self.first.pop_front() {
            return Some(line);
        }
        loop {
            tokio::select! {
                event = self.subscription.next() => {
                    let event = event?;
                    if let Some(line) = self.event(&event) {
                        return Some(line);
                    }
                }
                second = measured(&mut self.measured) => {
                    if let Some(line) = self.second(&second) {
                        return Some(line);
                    }
                }
                _ = self.look.tick() => if !self.may_listen().await { return None },
            }
        }
    }

    fn event(&self, event: &Event) -> Option<Line> {
        let wanted = self.words.iter().any(|word| means(word, &event.kind));
        if !wanted || !is_for(&self.services, &self.caller, event) {
            return None;
        }
        let line = Line::default().id(event.id.to_string()).event(&event.kind);
        line.json_data(told(event)).ok()
    }

    fn second(&self, second: &Measured) -> Option<Line> {
        let id = second.project?;
        if self.project.is_some_and(|wanted| wanted != id) {
            return None;
        }
        let known = sight::known(&self.services, &self.caller, id)?;
        let (viewers, players) = audience(&self.services, &known);
        let live = self.services.control.journal().live_of(&second.stream);
        let connected = live.and_then(|live| connected_s(&self.services, &live));
        let outputs = second.outputs.iter().map(|output| OutputFigures {
            destination_id: output.row.map(|id| id.to_string()),
            state: output.state.label(),
            bitrate_bits: output.bps,
            lag_ms: output.lag_ms,
            rtt_ms: output.rtt_ms,
            sent_bytes: output.sent_bytes,
            dropped_frames: output.dropped,
        });
        let stats = StatsEvent {
            project_id: id.to_string(),
            stream_id: second.broadcast.to_string(),
            state: second.state.label(),
            status: second.status.label(),
            figures: Figures::of(&second.sample, &second.media).connected(connected),
            outputs: outputs.collect(),
            viewers,
            players,
        };
        Line::default().event(STATS).json_data(stats).ok()
    }

    /// Whether the session or token still holds, with the right that this needs.
    async fn may_listen(&mut self) -> bool {
        match identify(&self.services.accounts, &self.headers, &self.client).await {
            Ok(Who::Known(caller)) => {
                let may = caller.may(Action::SeeStreams).is_ok();
                self.caller = caller;
                may
            }
            Ok(Who::Nobody | Who::Refused(_)) => false,
            // The database does not answer, which is no verdict.
            Err(_) => true,
        }
    }
}

/// The next second of anybody; never where none is wanted. Those that were not taken in time are passed over.
async fn measured(receiver: &mut Option<Receiver<Arc<Measured>>>) -> Arc<Measured> {
    loop {
        let Some(open) = receiver else { return std::future::pending().await };
        match open.recv().await {
            Ok(second) => return second,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => *receiver = None,
        }
    }
}
