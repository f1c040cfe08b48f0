//! `/events`: what happened, newest first. As it happens, it comes by the stream of events (`live`).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::sight;
use crate::account::Caller;
use crate::api::v1::Services;
use crate::api::v1::give::{Listed, Moment};
use crate::api::v1::take::{Asked, Paging, PagingQuery, Signed, encode_cursor, may};
use crate::api::{Problem, catalogue};
use crate::journal::Kind;
use crate::store::{About, Event, EventFilter, EventId, Page, ProjectId, Role, StreamRowId, UnixMillis};

/// Pages of the store that one page of events may take, where many are not for the caller.
const PAGES_MAX: usize = 20;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventShown {
    #[schema(example = "evt_01KB2Q5S3W0000000000000000")]
    id: String,
    #[schema(example = "output.state")]
    r#type: String,
    time: Moment,
    project_id: Option<String>,
    /// The broadcast that it belongs to.
    stream_id: Option<String>,
    /// What there is to say; its fields are those of the type. Of `ingest.interrupted` it is `reason`: `lost` where the
    /// encoder's connection broke, `stalled` where it was connected and silent for `rtmp.stall_timeout`, `finished` where it
    /// said goodbye while another was about to begin, `ended` where it was told to.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

impl From<&Event> for EventShown {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            r#type: event.kind.clone(),
            time: event.at.into(),
            project_id: event.project_id.map(|id| id.to_string()),
            stream_id: event.stream_id.map(|id| id.to_string()),
            data: event.data.0.clone(),
        }
    }
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of this project alone.
    project_id: Option<String>,
    /// Of this broadcast alone.
    stream_id: Option<String>,
    /// Of this type alone.
    #[param(example = "output.state")]
    r#type: Option<String>,
    /// What happened from this time on (RFC 3339), or behind this event (its id).
    #[param(example = "2026-11-27T12:00:00Z")]
    since: Option<String>,
}

/// Where looking back ends.
#[derive(Debug, Clone, Copy)]
enum Since {
    Time(UnixMillis),
    Event(EventId),
}

impl Since {
    fn parse(text: &str) -> Result<Self, Problem> {
        if let Ok(id) = text.parse::<EventId>() {
            return Ok(Self::Event(id));
        }
        let time = serde_json::from_value::<Moment>(text.into());
        let time =
            time.map_err(|_| bad_query("since is no time as RFC 3339 has it, and no id of an event"))?;
        Ok(Self::Time(time.0))
    }

    /// Whether everything that happened is before it, from this event back. An id is never older than its event.
    fn is_past(self, event: &Event) -> bool {
        match self {
            Self::Time(time) => event.id.sortable().time() < time,
            Self::Event(id) => event.id <= id,
        }
    }

    fn includes(self, event: &Event) -> bool {
        match self {
            Self::Time(time) => event.at >= time,
            Self::Event(id) => event.id > id,
        }
    }
}

/// What is wrong with a query.
pub(super) fn bad_query(detail: &str) -> Problem {
    Problem::of(&catalogue::BAD_QUERY).detail(detail)
}

/// A parameter that names a project which the caller sees.
pub(super) async fn project_in(
    services: &Services,
    caller: &Caller,
    text: &str,
) -> Result<ProjectId, Problem> {
    let id: ProjectId = text.parse().map_err(|_| bad_query("project_id is no id of a project"))?;
    sight::project(services, caller, id).await.map(|_| id)
}

impl Which {
    async fn filter(&self, services: &Services, caller: &Caller) -> Result<EventFilter, Problem> {
        let about = match (&self.project_id, &self.stream_id) {
            (None, None) => About::All,
            (Some(project), None) => About::Project(project_in(services, caller, project).await?),
            (None, Some(stream)) => {
                let id: StreamRowId =
                    stream.parse().map_err(|_| bad_query("stream_id is no id of a broadcast"))?;
                super::streams::seen(services, caller, id).await?;
                About::Stream(id)
            }
            (Some(_), Some(_)) => return Err(bad_query("either project_id or stream_id")),
        };
        if self.r#type.as_deref().is_some_and(|word| Kind::of(word).is_none()) {
            return Err(bad_query("type is no type of events"));
        }
        Ok(EventFilter { about, kind: self.r#type.clone() })
    }
}

/// Whether an event is for the caller: of a project that they see. Who signed in is for administrators.
pub(super) fn is_for(services: &Services, caller: &Caller, event: &Event) -> bool {
    let admin = caller.user.role == Role::Admin;
    match event.project_id {
        Some(id) => admin || sight::known(services, caller, id).is_some() || !services.config.strangers,
        None => admin || !(services.config.strangers || event.kind.starts_with("user.")),
    }
}

/// What happened
#[utoipa::path(
    get, path = "/events", tag = "events", security(("session" = []), ("token" = ["streams:read"])),
    params(Which, PagingQuery),
    responses((status = 200, description = "Newest first.", body = Listed<EventShown>)),
)]
pub(super) async fn events(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Asked(which): Asked<Which>,
    paging: Paging,
) -> Result<Json<Listed<EventShown>>, Problem> {
    let filter = which.filter(&services, &caller).await?;
    let since = which.since.as_deref().map(Since::parse).transpose()?;
    let (mut page, limit) = (paging.page::<EventId>()?, paging.limit());
    let mut items = Vec::new();
    // Those that are not for the caller are passed over, but not without end: a page may be short.
    for _ in 0..PAGES_MAX {
        let room = u32::try_from(limit - items.len()).unwrap_or(1);
        let slice = services
            .control
            .journal()
            .events(&filter, page.after.map_or(Page::first(room), |after| Page::after(after, room)))
            .await?;
        let is_wanted = |event: &&Event| since.is_none_or(|since| since.includes(event));
        items.extend(
            slice
                .items
                .iter()
                .filter(is_wanted)
                .filter(|event| is_for(&services, &caller, event))
                .map(EventShown::from),
        );
        let is_past = slice.items.last().is_some_and(|last| since.is_some_and(|since| since.is_past(last)));
        match slice.next.as_ref().filter(|_| !is_past) {
            None => return Ok(Json(Listed { items, next_cursor: None })),
            Some(next) => page.after = Some(*next),
        }
        if items.len() >= limit {
            break;
        }
    }
    let next_cursor = page.after.as_ref().map(encode_cursor);
    Ok(Json(Listed { items, next_cursor }))
}
