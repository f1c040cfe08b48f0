//! `/streams/{id}/report`: what is to be said of a broadcast, to be handed on. No key, no secret, no address of a
//! destination is in it.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::EventShown;
use super::streams::{BroadcastOutput, BroadcastShown, seen};
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::take::{Id, Signed, may};
use crate::journal::IssueCode;
use crate::store::{About, EventFilter, Page, StreamRow, StreamRowId, UnixMillis};

/// Events of a report at most; of a broadcast with more, the first ones.
const EVENTS_MAX: usize = 1_000;

/// Bits of a kilobit.
const KILO: u64 = 1_000;

/// A broadcast in figures.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportShown {
    broadcast: BroadcastShown,
    project: ReportProject,
    duration_s: f64,
    summary: Summary,
    issues: Vec<ReportIssue>,
    outputs: Vec<BroadcastOutput>,
    /// Oldest first, the first thousand at most.
    events: Vec<EventShown>,
}

/// Whose broadcast it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportProject {
    id: String,
    name: String,
}

/// A broadcast as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Summary {
    /// Seconds measured, and those of them in which the encoder was away.
    measured_s: u64,
    filled_s: u64,
    interruptions: u64,
    /// How it was coded.
    media: serde_json::Value,
    /// Bits a second on average, and the most.
    video_bits: u64,
    audio_bits: u64,
    peak_bits: u64,
    fps: f64,
    missing_frames: u64,
    gaps: u64,
    longest_gap_ms: u64,
    longest_keyframe_interval_s: Option<f64>,
    discontinuities: u64,
    curve: CurveShown,
}

/// Averages over equal times.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CurveShown {
    step_s: u64,
    bitrate_bits: Vec<u64>,
    fps: Vec<f64>,
}

/// An issue of a broadcast, over all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportIssue {
    code: String,
    severity: String,
    title: String,
    what_to_do: Option<&'static str>,
    destination_name: Option<String>,
    /// How often it came up.
    times: u64,
    /// For how long in all.
    seconds: u64,
}

/// What the journal keeps.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kept {
    seconds: u64,
    filled_seconds: u64,
    interruptions: u64,
    media: serde_json::Value,
    video_kbps: u64,
    audio_kbps: u64,
    most_kbps: u64,
    fps: f64,
    missing_frames: u64,
    gaps: u64,
    longest_gap_ms: u64,
    longest_keyframe_interval_ms: Option<u32>,
    discontinuities: u64,
    issues: Vec<KeptIssue>,
    outputs: Vec<KeptOutput>,
    curve: KeptCurve,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptIssue {
    code: String,
    severity: String,
    title: String,
    destination_name: Option<String>,
    times: u64,
    seconds: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptOutput {
    destination_id: Option<String>,
    name: String,
    platform: String,
    state: String,
    last_reason: Option<String>,
    sent_bytes: u64,
    dropped: u64,
    reconnects: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptCurve {
    step_seconds: u64,
    kbps: Vec<u64>,
    fps: Vec<f64>,
}

/// What is kept of a broadcast; of one that has just begun, nothing yet.
fn kept(row: &StreamRow) -> Kept {
    let report = row.report.as_ref().map(|report| report.0.clone());
    report.and_then(|report| serde_json::from_value(report).ok()).unwrap_or_default()
}

fn words(output: KeptOutput) -> BroadcastOutput {
    BroadcastOutput {
        destination_id: output.destination_id,
        name: output.name,
        platform: output.platform,
        state: output.state,
        reason: output.last_reason,
        sent_bytes: output.sent_bytes,
        dropped_frames: output.dropped,
        reconnects: output.reconnects,
    }
}

/// Where a broadcast was sent.
pub(super) fn outputs(row: &StreamRow) -> Vec<BroadcastOutput> {
    kept(row).outputs.into_iter().map(words).collect()
}

fn issue(issue: KeptIssue) -> ReportIssue {
    let code = IssueCode::ALL.iter().find(|code| code.label() == issue.code);
    ReportIssue {
        what_to_do: code.map(|code| code.what_to_do()),
        code: issue.code,
        severity: issue.severity,
        title: issue.title,
        destination_name: issue.destination_name,
        times: issue.times,
        seconds: issue.seconds,
    }
}

/// The report of a broadcast
///
/// To be handed on: no key and no secret is in it. Of one that goes on, up to a moment ago.
#[utoipa::path(
    get, path = "/streams/{id}/report", tag = "streams",
    security(("session" = []), ("token" = ["streams:read"])), responses((status = 200, body = ReportShown)),
)]
pub(super) async fn report(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Id(id): Id<StreamRowId>,
) -> Result<Json<ReportShown>, Problem> {
    let (known, row) = seen(&services, &caller, id).await?;
    let kept = kept(&row);
    let end = row.ended_at.unwrap_or_else(|| UnixMillis::from(SystemTime::now()));
    #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
    let duration_s = (end.0 - row.started_at.0).max(0) as f64 / 1000.0;
    let summary = Summary {
        measured_s: kept.seconds,
        filled_s: kept.filled_seconds,
        interruptions: kept.interruptions,
        media: kept.media,
        video_bits: kept.video_kbps * KILO,
        audio_bits: kept.audio_kbps * KILO,
        peak_bits: kept.most_kbps * KILO,
        fps: kept.fps,
        missing_frames: kept.missing_frames,
        gaps: kept.gaps,
        longest_gap_ms: kept.longest_gap_ms,
        longest_keyframe_interval_s: kept
            .longest_keyframe_interval_ms
            .map(|millis| f64::from(millis) / 1000.0),
        discontinuities: kept.discontinuities,
        curve: CurveShown {
            step_s: kept.curve.step_seconds,
            bitrate_bits: kept.curve.kbps.iter().map(|kilobits| kilobits * KILO).collect(),
            fps: kept.curve.fps,
        },
    };
    let project = ReportProject { id: known.project.id.to_string(), name: known.project.name.clone() };
    Ok(Json(ReportShown {
        broadcast: (&*row).into(),
        project,
        duration_s,
        summary,
        issues: kept.issues.into_iter().map(issue).collect(),
        outputs: kept.outputs.into_iter().map(words).collect(),
        events: events(&services, id).await?,
    }))
}

async fn events(services: &Services, id: StreamRowId) -> Result<Vec<EventShown>, Problem> {
    let filter = EventFilter { about: About::Stream(id), kind: None };
    let limit = Page::<crate::store::EventId>::LIMIT_MAX;
    let (mut page, mut events) = (Page::first(limit), Vec::new());
    loop {
        let slice = services.store.events_since(&filter, page).await?;
        events.extend(slice.items.iter().map(EventShown::from));
        match slice.next {
            Some(next) if events.len() < EVENTS_MAX => page = Page::after(next, limit),
            _ => break,
        }
    }
    events.truncate(EVENTS_MAX);
    Ok(events)
}
