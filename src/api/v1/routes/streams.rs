//! `/streams`: broadcasts, each one show of a project, with their health, figures and end.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::EventShown;
use super::health::{Figures, IssueShown};
use super::sight;
use crate::api::v1::Services;
use crate::api::v1::give::{Items, Listed, Moment, Tagged};
use crate::api::v1::take::{Asked, Id, IfNoneMatch, Paging, PagingQuery, Signed, may, span};
use crate::api::{Problem, catalogue};
use crate::control::Known;
use crate::journal::{HealthStatus, Live, OutputSample};
use crate::push::Reason;
use crate::store::{About, EventFilter, ProjectId, Revision, StreamRow, StreamRowId};

/// Seconds of one step of figures at most.
const STEP_MAX: u32 = 60;

/// Seconds of figures that there are at most.
const WINDOW_MAX: u32 = 300;

/// A broadcast.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BroadcastShown {
    #[schema(example = "str_01KB2Q5S3W0000000000000000")]
    id: String,
    project_id: String,
    /// The node that has it, or had.
    node: String,
    started_at: Moment,
    ended_at: Option<Moment>,
    /// `finished` where its encoder said so, `ended` where it was ended here, `removed` where its project went, `lost` or
    /// `stalled` where an encoder did not come back, `shutdown` where the server was stopped, `node_died` where it went
    /// without a word.
    #[schema(example = "finished")]
    end_reason: Option<String>,
    /// What the encoder says of itself, and where it was.
    encoder: Option<serde_json::Value>,
    /// It is on the air.
    live: bool,
}

impl From<&StreamRow> for BroadcastShown {
    fn from(row: &StreamRow) -> Self {
        Self {
            id: row.id.to_string(),
            project_id: row.project_id.to_string(),
            node: row.node.clone(),
            started_at: row.started_at.into(),
            ended_at: row.ended_at.map(Into::into),
            end_reason: row.end_reason.clone(),
            encoder: row.encoder.clone().map(|encoder| encoder.0),
            live: row.ended_at.is_none(),
        }
    }
}

/// How a broadcast is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthShown {
    /// `good`, `ok` (there is a warning), `bad` or `no_data`.
    #[schema(example = "good")]
    status: &'static str,
    /// The worst first.
    issues: Vec<IssueShown>,
    /// The last second.
    figures: Option<Figures>,
}

/// The last minutes of a broadcast.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatsShown {
    /// Seconds between samples.
    step_s: u32,
    /// Five minutes at most, the oldest first.
    samples: Vec<Figures>,
}

/// How fine figures are wanted, and how far back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Step {
    /// Between samples: `1s` to `60s`.
    #[param(example = "1s", pattern = "^([1-9]|[1-5][0-9]|60)s$")]
    step: Option<String>,
    /// The same as a number of seconds.
    #[param(minimum = 1, maximum = 60, default = 1)]
    step_s: Option<u32>,
    /// How far back: `1s` to `5m`.
    #[param(example = "5m", pattern = "^([1-9]|[1-9][0-9]|[12][0-9][0-9]|300)s$|^[1-5]m$")]
    window: Option<String>,
}

impl Step {
    /// Seconds between samples.
    fn seconds(&self) -> Result<u32, Problem> {
        let said = Problem::of(&catalogue::BAD_QUERY);
        let step_s = match (&self.step, self.step_s) {
            (Some(_), Some(_)) => return Err(said.detail("either step or step_s")),
            (Some(step), None) => span(step).ok_or_else(|| said.clone().detail("step must be 1s to 60s"))?,
            (None, step_s) => step_s.unwrap_or(1),
        };
        if (1..=STEP_MAX).contains(&step_s) { Ok(step_s) } else { Err(said.detail("step_s must be 1 to 60")) }
    }
}

/// As many of the last seconds as a window has; of all that there are, without one.
pub(super) fn seconds_back(window: Option<&str>) -> Result<usize, Problem> {
    let Some(window) = window else { return Ok(usize::MAX) };
    let seconds = span(window).filter(|seconds| (1..=WINDOW_MAX).contains(seconds));
    let seconds = seconds.and_then(|seconds| usize::try_from(seconds).ok());
    seconds.ok_or_else(|| Problem::of(&catalogue::BAD_QUERY).detail("window must be 1s to 5m"))
}

/// Where a broadcast is or was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BroadcastOutput {
    pub(super) destination_id: Option<String>,
    pub(super) name: String,
    pub(super) platform: String,
    /// As in `/projects/{id}/outputs`; of one that is over, the last.
    pub(super) state: String,
    /// Why it is not sending, or last did not.
    pub(super) reason: Option<String>,
    pub(super) sent_bytes: u64,
    pub(super) dropped_frames: u64,
    pub(super) reconnects: u64,
}

impl From<&OutputSample> for BroadcastOutput {
    fn from(output: &OutputSample) -> Self {
        Self {
            destination_id: output.row.map(|id| id.to_string()),
            name: output.name.clone(),
            platform: output.platform.label().to_owned(),
            state: output.state.label().to_owned(),
            reason: output.reason.map(Reason::label).map(str::to_owned),
            sent_bytes: output.sent_bytes,
            dropped_frames: output.dropped,
            reconnects: output.reconnects,
        }
    }
}

/// A broadcast of a project that the caller sees.
pub(super) async fn seen(
    services: &Services,
    caller: &crate::account::Caller,
    id: StreamRowId,
) -> Result<(Arc<Known>, Arc<StreamRow>), Problem> {
    let row = services.control.journal().broadcast(id).await?;
    let known = sight::project(services, caller, row.project_id).await;
    let known = known.map_err(|_| crate::store::Error::NotFound("stream"))?;
    Ok((known, row))
}

/// Its figures as they come, while it is on the air on this node.
fn on_air(services: &Services, id: StreamRowId) -> Option<Arc<Live>> {
    services.control.journal().on_air(id)
}

/// How long the newest encoder of a stream has been connected.
pub(super) fn connected_s(services: &Services, live: &Live) -> Option<f64> {
    let encoders = services.control.sessions().encoders();
    let newest = encoders.iter().rfind(|encoder| encoder.stream == *live.stream().id())?;
    Some(newest.since.elapsed().unwrap_or_default().as_secs_f64().floor())
}

/// The broadcasts of a project
#[utoipa::path(
    get, path = "/projects/{id}/streams", tag = "streams",
    security(("session" = []), ("token" = ["streams:read"])), params(PagingQuery),
    responses((status = 200, description = "Newest first.", body = Listed<BroadcastShown>)),
)]
pub(super) async fn streams(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
    paging: Paging,
) -> Result<Json<Listed<BroadcastShown>>, Problem> {
    sight::project(&services, &caller, id).await?;
    let slice = services.control.journal().broadcasts(id, paging.page()?).await?;
    Ok(Json(Listed::from_shared(&slice, BroadcastShown::from)))
}

/// A broadcast
#[utoipa::path(
    get, path = "/streams/{id}", tag = "streams", security(("session" = []), ("token" = ["streams:read"])),
    params(IfNoneMatch), responses((status = 200, body = BroadcastShown)),
)]
pub(super) async fn stream(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<StreamRowId>,
) -> Result<Tagged<BroadcastShown>, Problem> {
    let (_, row) = seen(&services, &caller, id).await?;
    // Nobody changes it, so there is no revision to ask for; the tag tells what it says.
    Ok(Tagged(Revision::FIRST, (&*row).into()))
}

/// End a broadcast
///
/// Its encoder is sent away, its outputs say goodbye, and nobody is waited for.
#[utoipa::path(
    post, path = "/streams/{id}/end", tag = "streams",
    security(("session" = []), ("token" = ["streams:write"])),
    responses((status = 200, description = "It is being ended; the event `stream.ended` follows.", body = BroadcastShown)),
)]
pub(super) async fn end_stream(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<StreamRowId>,
) -> Result<Json<BroadcastShown>, Problem> {
    let (_, row) = seen(&services, &caller, id).await?;
    match on_air(&services, id) {
        Some(live) => services.control.sessions().end(live.stream()),
        // Asked for again, it is as it was wanted.
        None if row.ended_at.is_some() => {}
        None => {
            return Err(Problem::of(&catalogue::NOT_LIVE).detail("another node has it, or it has just ended"));
        }
    }
    Ok(Json((&*row).into()))
}

/// How a broadcast is doing
#[utoipa::path(
    get, path = "/streams/{id}/health", tag = "streams",
    security(("session" = []), ("token" = ["streams:read"])), responses((status = 200, body = HealthShown)),
)]
pub(super) async fn stream_health(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<StreamRowId>,
) -> Result<Json<HealthShown>, Problem> {
    seen(&services, &caller, id).await?;
    let Some(live) = on_air(&services, id) else {
        let status = HealthStatus::NoData.label();
        return Ok(Json(HealthShown { status, issues: Vec::new(), figures: None }));
    };
    let (issues, media) = (live.issues(), live.media());
    let figures =
        live.latest().map(|sample| Figures::of(&sample, &media).connected(connected_s(&services, &live)));
    let issues = issues.iter().map(IssueShown::from).collect();
    Ok(Json(HealthShown { status: live.status().label(), issues, figures }))
}

/// The last minutes of a broadcast
///
/// Of one that is on the air; what follows comes by the stream of events.
#[utoipa::path(
    get, path = "/streams/{id}/stats", tag = "streams",
    security(("session" = []), ("token" = ["streams:read"])), params(Step),
    responses((status = 200, body = StatsShown)),
)]
pub(super) async fn stream_stats(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<StreamRowId>,
    Asked(step): Asked<Step>,
) -> Result<Json<StatsShown>, Problem> {
    let (step_s, back) = (step.seconds()?, seconds_back(step.window.as_deref())?);
    seen(&services, &caller, id).await?;
    let mut samples = Vec::new();
    if let Some(live) = on_air(&services, id) {
        let media = live.media();
        let all = live.samples();
        let seconds: Vec<_> = all
            .iter()
            .skip(all.len().saturating_sub(back))
            .map(|sample| Figures::of(sample, &media))
            .collect();
        let width = usize::try_from(step_s).unwrap_or(1);
        // Whole steps, counted back from now.
        samples.extend(seconds.rchunks_exact(width).rev().filter_map(Figures::together));
    }
    Ok(Json(StatsShown { step_s, samples }))
}

/// Where a broadcast is or was sent
#[utoipa::path(
    get, path = "/streams/{id}/outputs", tag = "streams",
    security(("session" = []), ("token" = ["streams:read"])),
    responses((status = 200, body = Items<BroadcastOutput>)),
)]
pub(super) async fn stream_outputs(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<StreamRowId>,
) -> Result<Items<BroadcastOutput>, Problem> {
    let (_, row) = seen(&services, &caller, id).await?;
    let items = match on_air(&services, id) {
        Some(live) => live.outputs().iter().map(BroadcastOutput::from).collect(),
        None => super::report::outputs(&row),
    };
    Ok(Items::all(items))
}

/// What happened in a broadcast
#[utoipa::path(
    get, path = "/streams/{id}/events", tag = "streams",
    security(("session" = []), ("token" = ["streams:read"])), params(PagingQuery),
    responses((status = 200, description = "Newest first.", body = Listed<EventShown>)),
)]
pub(super) async fn stream_events(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<StreamRowId>,
    paging: Paging,
) -> Result<Json<Listed<EventShown>>, Problem> {
    seen(&services, &caller, id).await?;
    let filter = EventFilter { about: About::Stream(id), kind: None };
    let slice = services.control.journal().events(&filter, paging.page()?).await?;
    Ok(Json(Listed::from_shared(&slice, EventShown::from)))
}
