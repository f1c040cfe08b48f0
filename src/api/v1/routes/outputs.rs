//! `/projects/{id}/outputs`: how each destination is doing now.

use std::time::SystemTime;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::sight;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::give::{Items, Moment};
use crate::api::v1::take::{Id, Signed, may};
use crate::api::v1::words::{self, Weight};
use crate::control::{Known, Part};
use crate::push::{OutputState, Status};
use crate::store::{Destination, ProjectId};

/// A destination's output.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutputShown {
    destination_id: String,
    #[schema(example = "sending")]
    state: &'static str,
    /// A code, where it is not sending for one.
    #[schema(example = "publish_rejected")]
    reason: Option<&'static str>,
    severity: Weight,
    title: String,
    what_to_do: Option<String>,
    /// What the system or the server said, without secrets.
    detail: Option<String>,
    /// When the state began.
    since: Moment,
    /// Failures in a row.
    attempt: Option<u32>,
    next_retry_at: Option<Moment>,
    sent_bytes: u64,
    bitrate_bits: u64,
    /// How far it is behind, milliseconds.
    lag_ms: u64,
    /// Round trip to the server, milliseconds, where the system tells it.
    rtt_ms: Option<u64>,
    /// Frames given up since it began.
    dropped_frames: u64,
    /// Connections after the first.
    reconnects: u64,
}

/// A moment of the system's clock.
pub(super) fn moment(at: SystemTime) -> Moment {
    Moment(at.into())
}

impl OutputShown {
    /// Of a destination; one that could not be put on the stage has failed.
    pub(super) fn of(services: &Services, known: &Known, row: &Destination) -> Self {
        let Some(output) = services.control.output(known, row) else {
            return Self::unusable(row);
        };
        let (status, stats) = (output.status(), &output.stats);
        let said = words::of(&status, output.destination.platform);
        let (attempt, next_retry_at) = match status.state {
            OutputState::Retrying { attempt, next_retry_at } => (Some(attempt), Some(moment(next_retry_at))),
            _ => (None, None),
        };
        let Status { state, reason, detail, since } = status;
        Self {
            destination_id: row.id.to_string(),
            state: state.label(),
            reason: reason.map(crate::push::Reason::label),
            severity: said.weight,
            title: said.title,
            what_to_do: said.what_to_do,
            detail: Some(detail).filter(|detail| !detail.is_empty()),
            since: moment(since),
            attempt,
            next_retry_at,
            sent_bytes: stats.sent_bytes.get(),
            bitrate_bits: stats.rate.bits_per_second(),
            lag_ms: stats.lag_millis.get(),
            rtt_ms: output.path.rtt().and_then(|rtt| u64::try_from(rtt.as_millis()).ok()),
            dropped_frames: stats.dropped_lag.get() + stats.dropped_overtaken.get(),
            reconnects: output.reconnects.get(),
        }
    }

    fn unusable(row: &Destination) -> Self {
        Self {
            destination_id: row.id.to_string(),
            state: "failed",
            reason: Some("not_usable"),
            severity: Weight::Error,
            title: "The stream key cannot be opened".to_owned(),
            what_to_do: Some("Enter the stream key again: the server's key has changed.".to_owned()),
            detail: None,
            since: row.updated_at.into(),
            attempt: None,
            next_retry_at: None,
            sent_bytes: 0,
            bitrate_bits: 0,
            lag_ms: 0,
            rtt_ms: None,
            dropped_frames: 0,
            reconnects: 0,
        }
    }

    /// How it counts in a project's summary.
    pub(super) fn state(&self) -> &'static str {
        self.state
    }
}

/// How each destination of a project is doing
#[utoipa::path(
    get, path = "/projects/{id}/outputs", tag = "outputs",
    security(("session" = []), ("token" = ["projects:read"])),
    responses((status = 200, body = Items<OutputShown>)),
)]
pub(super) async fn outputs(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Items<OutputShown>, Problem> {
    let known = sight::project_with(&services, &caller, id, Part::Destinations).await?;
    let items = known.destinations.iter().map(|row| OutputShown::of(&services, &known, row)).collect();
    Ok(Items::all(items))
}
