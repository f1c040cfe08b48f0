//! `/destinations/{id}/test` and `/stats`: whether a destination would take the show, and how the sending went.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::outputs::moment;
use super::sight;
use super::streams::seconds_back;
use crate::api::v1::Services;
use crate::api::v1::give::Moment;
use crate::api::v1::take::{Asked, Id, MaybeBody, Signed, may};
use crate::api::v1::words;
use crate::api::{Problem, catalogue};
use crate::control::TrialReport;
use crate::push::Platform;
use crate::store::DestinationId;

/// How far a test goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestAsked {
    /// Up to the permission to publish: checks the stream key too, and shows a broadcast on some platforms.
    #[serde(default)]
    publish: bool,
}

/// A test, while it runs or after.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestShown {
    id: String,
    started_at: Moment,
    finished_at: Option<Moment>,
    /// Whether all went well; null while it runs.
    ok: Option<bool>,
    steps: Vec<StepShown>,
}

/// One step of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepShown {
    #[schema(example = "tls")]
    step: &'static str,
    /// `pending`, `running`, `ok`, `failed` or `skipped`.
    #[schema(example = "ok")]
    state: &'static str,
    took_ms: Option<u64>,
    detail: Option<String>,
    what_to_do: Option<String>,
}

impl TestShown {
    fn of(report: &TrialReport, platform: Platform) -> Self {
        let steps = report.steps.iter().map(|step| StepShown {
            step: step.step.label(),
            state: step.state.label(),
            took_ms: step.took.and_then(|took| u64::try_from(took.as_millis()).ok()),
            detail: step.detail.clone(),
            what_to_do: step.reason.map(|reason| words::remedy(reason, platform)),
        });
        Self {
            id: report.id.clone(),
            started_at: moment(report.started_at),
            finished_at: report.finished_at.map(moment),
            ok: report.ok(),
            steps: steps.collect(),
        }
    }
}

fn platform(word: &str) -> Platform {
    let known = Platform::WORDS.iter().find(|(known, _)| *known == word);
    known.map_or(Platform::Custom, |(_, platform)| *platform)
}

/// Test a destination
///
/// Walks name, TCP, TLS, connect and, if wanted, publish. The end is told by the event `destination.tested`.
#[utoipa::path(
    post, path = "/destinations/{id}/test", tag = "destinations",
    security(("session" = []), ("token" = ["streams:write"])),
    request_body(content = TestAsked, description = "Without a body nothing is published."),
    responses((status = 202, body = TestShown)),
)]
pub(super) async fn test_destination(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
    MaybeBody(asked): MaybeBody<TestAsked>,
) -> Result<Response, Problem> {
    let (_, row) = sight::destination(&services, &caller, id).await?;
    let report = services.control.try_out(id, asked.publish)?;
    Ok((StatusCode::ACCEPTED, Json(TestShown::of(&report, platform(&row.platform)))).into_response())
}

/// The last test of a destination
#[utoipa::path(
    get, path = "/destinations/{id}/test", tag = "destinations",
    security(("session" = []), ("token" = ["projects:read"])), responses((status = 200, body = TestShown)),
)]
pub(super) async fn destination_test(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
) -> Result<Json<TestShown>, Problem> {
    let (_, row) = sight::destination(&services, &caller, id).await?;
    let report = services.control.last_trial(id);
    let report =
        report.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND).detail("it has not been tested yet"))?;
    Ok(Json(TestShown::of(&report, platform(&row.platform))))
}

/// How sending went
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutputStats {
    /// Seconds between samples.
    step_s: u32,
    /// The last five minutes of the show at most, oldest first.
    samples: Vec<OutputPointShown>,
}

/// A second of an output.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutputPointShown {
    at: Moment,
    bitrate_bits: u64,
    lag_ms: u64,
    /// Since the broadcast began.
    dropped_frames: u64,
}

/// How far back figures are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Window {
    /// `1s` to `5m`; all that there are without.
    #[param(example = "5m", pattern = "^([1-9]|[1-9][0-9]|[12][0-9][0-9]|300)s$|^[1-5]m$")]
    window: Option<String>,
}

/// How sending to a destination went
#[utoipa::path(
    get, path = "/destinations/{id}/stats", tag = "destinations",
    security(("session" = []), ("token" = ["streams:read"])), params(Window),
    responses((status = 200, body = OutputStats)),
)]
pub(super) async fn destination_stats(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
    Asked(asked): Asked<Window>,
) -> Result<Json<OutputStats>, Problem> {
    let back = seconds_back(asked.window.as_deref())?;
    let (known, row) = sight::destination(&services, &caller, id).await?;
    let live = services.control.journal().live(known.project.id);
    let output = services.control.output(&known, &row);
    let points = live.zip(output).map(|(live, output)| live.output_points(&output.destination.id));
    let points = points.unwrap_or_default();
    let skipped = points.len().saturating_sub(back);
    let samples = points.into_iter().skip(skipped).map(|point| OutputPointShown {
        at: point.at.into(),
        bitrate_bits: point.bps,
        lag_ms: point.lag_ms,
        dropped_frames: point.dropped,
    });
    Ok(Json(OutputStats { step_s: 1, samples: samples.collect() }))
}
