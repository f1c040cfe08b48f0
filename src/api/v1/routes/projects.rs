//! `/projects`: shows, each with what is on the air of it now.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::outputs::OutputShown;
use super::sight;
use crate::account::Caller;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::give::{Created, Listed, Moment, Tagged};
use crate::api::v1::take::{
    Body, Field, Id, IfMatch, IfNoneMatch, Keep, Paging, PagingQuery, Patch, Signed, encode_cursor, may,
};
use crate::control::{Known, NewProject, Part, ProjectChange, stream_of};
use crate::journal::Severity;
use crate::store::ProjectId;
use crate::stream::StreamState;

/// A project to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectAsked {
    #[schema(example = "Sunday service", min_length = 1, max_length = 100)]
    name: String,
    /// The public name that plays it; random without.
    #[schema(example = "sunday")]
    playback_id: Option<String>,
    /// How long outputs stay when the encoder drops, seconds; the server's own time without.
    #[schema(minimum = 0, maximum = 3600)]
    hold_s: Option<f64>,
}

/// What changes of a project.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectPatch {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Keep<String>,
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    hold_s: Field<f64>,
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectShown {
    #[schema(example = "prj_01KB2Q5S3W0000000000000000")]
    id: String,
    name: String,
    playback_id: String,
    /// It stands in the configuration file, and is changed there.
    declared: bool,
    /// Whether its outputs are wanted.
    running: bool,
    hold_s: Option<f64>,
    created_at: Moment,
    updated_at: Moment,
    revision: i64,
    live: LiveShown,
}

/// What is on the air of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveShown {
    #[schema(example = "live")]
    state: &'static str,
    /// Since when it is on the air.
    since: Option<Moment>,
    /// Until when an encoder that is away may come back.
    hold_ends_at: Option<Moment>,
    /// The broadcast, as in `/streams`.
    broadcast_id: Option<String>,
    /// What is sent to us is the built-in test pattern.
    test_pattern: bool,
    bitrate_bits: u64,
    /// Over HLS.
    viewers: usize,
    /// Over RTMP.
    players: u64,
    outputs: OutputCounts,
    issues: IssueCounts,
}

/// How many outputs are how.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct OutputCounts {
    sending: usize,
    retrying: usize,
    failed: usize,
    total: usize,
}

/// How many issues there are.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct IssueCounts {
    error: usize,
    warning: usize,
}

impl ProjectShown {
    pub(super) fn of(services: &Services, known: &Known) -> Self {
        let row = &known.project;
        Self {
            id: row.id.to_string(),
            name: row.name.clone(),
            playback_id: row.playback_id.clone(),
            declared: row.declared,
            running: row.running,
            hold_s: row.hold_ms.map(|millis| millis as f64 / 1000.0),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            revision: row.revision.0,
            live: LiveShown::of(services, known),
        }
    }
}

impl LiveShown {
    fn of(services: &Services, known: &Known) -> Self {
        let control = &services.control;
        let stream = control.stage().registry().get(&stream_of(&known.project));
        let state = stream.as_ref().map_or(StreamState::Waiting, |stream| *stream.state().borrow());
        let live = control.journal().live(known.project.id);
        let broadcast = live.as_ref().and_then(|live| live.broadcast());
        let mut issues = IssueCounts::default();
        for issue in live.iter().flat_map(|live| live.issues()) {
            match issue.severity() {
                Severity::Error => issues.error += 1,
                Severity::Warning => issues.warning += 1,
                Severity::Info => {}
            }
        }
        let mut outputs = OutputCounts { total: known.destinations.len(), ..OutputCounts::default() };
        for row in &known.destinations {
            match OutputShown::of(services, known, row).state() {
                "sending" => outputs.sending += 1,
                "retrying" => outputs.retrying += 1,
                "failed" => outputs.failed += 1,
                _ => {}
            }
        }
        let library = control.stage().library();
        let audience = stream.as_ref().and_then(|stream| library.find(stream.playback_id()));
        Self {
            state: state.label(),
            since: broadcast.as_ref().map(|broadcast| broadcast.since.into()),
            hold_ends_at: stream.as_ref().and_then(|stream| stream.hold_ends()).map(super::outputs::moment),
            test_pattern: services.rehearsal.is_on(known.project.id),
            broadcast_id: broadcast.map(|broadcast| broadcast.id.to_string()),
            bitrate_bits: stream.as_ref().map_or(0, |stream| stream.stats().rate.bits_per_second()),
            viewers: audience.map_or(0, |rendition| rendition.audience().viewers),
            players: stream.as_ref().map_or(0, |stream| stream.stats().players.get()),
            outputs,
            issues,
        }
    }
}

/// A project that was made just now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectMade {
    #[serde(flatten)]
    project: ProjectShown,
    /// The first stream key. Told this once; null when an earlier answer is repeated.
    stream_key: Option<String>,
}

/// Seconds as people give them.
pub(super) fn seconds(seconds: f64, pointer: &'static str) -> Result<Duration, Problem> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Problem::invalid(pointer, "must be a number of seconds, 0 or more"))
}

/// All projects
#[utoipa::path(
    get, path = "/projects", tag = "projects", security(("session" = []), ("token" = ["projects:read"])),
    params(PagingQuery), responses((status = 200, description = "Oldest first.", body = Listed<ProjectShown>)),
)]
pub(super) async fn projects(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    paging: Paging,
) -> Result<Json<Listed<ProjectShown>>, Problem> {
    let page = paging.page::<ProjectId>()?;
    let limit = paging.limit();
    let (mut after, mut items) = (page.after, Vec::new());
    // Those that the caller does not see are passed over.
    let more = loop {
        let (found, more) = services.control.projects(after, limit - items.len()).await?;
        after = found.last().map(|known| known.project.id).or(after);
        let seen = found.iter().filter(|known| sight::sees(&services, &caller, known));
        items.extend(seen.map(|known| ProjectShown::of(&services, known)));
        if !more || items.len() >= limit {
            break more;
        }
    };
    let next_cursor = after.filter(|_| more).map(|after| encode_cursor(&after));
    Ok(Json(Listed { items, next_cursor }))
}

/// Make a project
///
/// With a first stream key, whose text is told this once.
#[utoipa::path(
    post, path = "/projects", tag = "projects", security(("session" = []), ("token" = ["projects:write"])),
    request_body = ProjectAsked, responses((status = 201, body = ProjectMade)),
)]
pub(super) async fn create_project(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Body(asked): Body<ProjectAsked>,
) -> Result<Created<ProjectMade>, Problem> {
    let new = NewProject {
        owner: Some(caller.user.id),
        name: asked.name,
        playback_id: asked.playback_id,
        hold: asked.hold_s.map(|hold| seconds(hold, "/hold_s")).transpose()?,
    };
    let made = services.control.create_project(new).await?;
    let project = ProjectShown::of(&services, &made.row);
    let location = format!("/projects/{}", project.id);
    let body = ProjectMade { project, stream_key: Some(made.secret.to_string()) };
    Ok(Created { location, body, secret: Some("stream_key") })
}

/// A project
#[utoipa::path(
    get, path = "/projects/{id}", tag = "projects", security(("session" = []), ("token" = ["projects:read"])),
    params(IfNoneMatch), responses((status = 200, body = ProjectShown)),
)]
pub(super) async fn project(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Tagged<ProjectShown>, Problem> {
    let known = sight::project_with(&services, &caller, id, Part::Destinations).await?;
    Ok(tagged(&services, &known))
}

fn tagged(services: &Services, known: &Known) -> Tagged<ProjectShown> {
    Tagged(known.project.revision, ProjectShown::of(services, known))
}

/// Change a project
#[utoipa::path(
    patch, path = "/projects/{id}", tag = "projects", security(("session" = []), ("token" = ["projects:write"])),
    params(IfMatch), request_body(content = ProjectPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = ProjectShown)),
)]
pub(super) async fn change_project(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
    IfMatch(expected): IfMatch,
    Patch(patch): Patch<ProjectPatch>,
) -> Result<Tagged<ProjectShown>, Problem> {
    sight::project(&services, &caller, id).await?;
    let hold = match patch.hold_s.change() {
        None => None,
        Some(None) => Some(None),
        Some(Some(hold)) => Some(Some(seconds(hold, "/hold_s")?)),
    };
    let change = ProjectChange { name: patch.name.0, hold };
    let known = services.control.change_project(id, expected, change).await?;
    Ok(tagged(&services, &known))
}

/// Delete a project
///
/// Its broadcast ends, its outputs say goodbye, and its keys publish no more.
#[utoipa::path(
    delete, path = "/projects/{id}", tag = "projects", security(("session" = []), ("token" = ["projects:write"])),
    params(IfMatch), responses((status = 204, description = "It is gone.")),
)]
pub(super) async fn delete_project(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    sight::project(&services, &caller, id).await?;
    services.control.delete_project(id, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_running(
    services: &Services,
    caller: &Caller,
    id: ProjectId,
    running: bool,
) -> Result<Tagged<ProjectShown>, Problem> {
    sight::project(services, caller, id).await?;
    let known = services.control.set_project_running(id, running).await?;
    Ok(tagged(services, &known))
}

/// Start all outputs of a project
#[utoipa::path(
    post, path = "/projects/{id}/start", tag = "projects",
    security(("session" = []), ("token" = ["streams:write"])), responses((status = 200, body = ProjectShown)),
)]
pub(super) async fn start_project(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Tagged<ProjectShown>, Problem> {
    set_running(&services, &caller, id, true).await
}

/// Stop all outputs of a project
#[utoipa::path(
    post, path = "/projects/{id}/stop", tag = "projects",
    security(("session" = []), ("token" = ["streams:write"])), responses((status = 200, body = ProjectShown)),
)]
pub(super) async fn stop_project(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Tagged<ProjectShown>, Problem> {
    set_running(&services, &caller, id, false).await
}
