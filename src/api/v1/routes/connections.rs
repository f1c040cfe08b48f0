//! `/ingest/connections` and `/viewers/sessions`: who sends to us, and who watches.

use std::str::FromStr;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::project_in;
use super::outputs::moment;
use super::sight;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::give::{Items, Moment};
use crate::api::v1::take::{Asked, Id, Signed, may};
use crate::control::Part;
use crate::control::{Known, stream_of};
use crate::session::{ConnectionId, Encoder};
use crate::store::Error;

/// An encoder that is connected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionShown {
    /// Unique while the process runs.
    #[schema(example = "42")]
    id: String,
    project_id: Option<String>,
    /// The broadcast that it sends.
    stream_id: Option<String>,
    #[schema(example = "192.0.2.7:51234")]
    remote: String,
    /// What it says it is.
    #[schema(example = "OBS Studio 32.0.2")]
    encoder: Option<String>,
    since: Moment,
    received_bytes: u64,
    /// Of its stream, bits a second.
    bitrate_bits: u64,
    tls: bool,
}

impl ConnectionShown {
    fn of(services: &Services, known: &Known, encoder: &Encoder) -> Self {
        let live = services.control.journal().live_of(&encoder.stream);
        let broadcast = live.as_ref().and_then(|live| live.broadcast());
        Self {
            id: encoder.id.to_string(),
            project_id: Some(known.project.id.to_string()),
            stream_id: broadcast.map(|broadcast| broadcast.id.to_string()),
            remote: encoder.from.to_string(),
            encoder: Some(encoder.software.clone()).filter(|software| !software.is_empty()),
            since: moment(encoder.since),
            received_bytes: encoder.received_bytes.get(),
            bitrate_bits: live.map_or(0, |live| live.stream().stats().rate.bits_per_second()),
            tls: encoder.secure,
        }
    }
}

/// The encoders that are connected
#[utoipa::path(
    get, path = "/ingest/connections", tag = "ingest", security(("session" = []), ("token" = ["streams:read"])),
    responses((status = 200, description = "The oldest first.", body = Items<ConnectionShown>)),
)]
pub(super) async fn connections(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
) -> Items<ConnectionShown> {
    let encoders = services.control.sessions().encoders();
    let shown = |encoder: &std::sync::Arc<Encoder>| {
        let known = services.control.catalog().project_of(&encoder.stream)?;
        sight::sees(&services, &caller, &known).then(|| ConnectionShown::of(&services, &known, encoder))
    };
    Items::all(encoders.iter().filter_map(shown).collect())
}

/// The number of a connection, as it is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(ConnectionId);

impl FromStr for Number {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|number| Self(ConnectionId(number)))
    }
}

/// Send an encoder away
///
/// Its broadcast is held as if the connection had broken, so an encoder that comes back goes on with it. To end a
/// broadcast, see `/streams/{id}/end`.
#[utoipa::path(
    delete, path = "/ingest/connections/{id}", tag = "ingest",
    security(("session" = []), ("token" = ["streams:write"])),
    responses((status = 204, description = "It is told to go.")),
)]
pub(super) async fn kick(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(Number(id)): Id<Number>,
) -> Result<StatusCode, Problem> {
    let encoders = services.control.sessions().encoders();
    let found = encoders.iter().find(|encoder| encoder.id == id);
    let known = found.and_then(|encoder| services.control.catalog().project_of(&encoder.stream));
    let seen = known.is_some_and(|known| sight::sees(&services, &caller, &known));
    if !seen || !services.control.sessions().kick(id) {
        return Err(Error::NotFound("connection").into());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whose viewers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// Of this project alone.
    project_id: Option<String>,
}

/// How many watch a project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewersShown {
    project_id: String,
    /// Over HLS, as far as they can be told apart.
    hls: usize,
    /// Over RTMP.
    rtmp: u64,
}

/// How many watch
#[utoipa::path(
    get, path = "/viewers/sessions", tag = "ingest", security(("session" = []), ("token" = ["streams:read"])),
    params(Whose), responses((status = 200, body = Items<ViewersShown>)),
)]
pub(super) async fn viewers(
    Signed { caller, .. }: Signed<may::SeeStreams>,
    State(services): State<Services>,
    Asked(whose): Asked<Whose>,
) -> Result<Items<ViewersShown>, Problem> {
    let control = &services.control;
    let projects = match &whose.project_id {
        Some(text) => {
            let id = project_in(&services, &caller, text).await?;
            vec![control.project(id, Part::Itself).await?]
        }
        None => control.projects(None, usize::MAX).await?.0,
    };
    let seen = projects.iter().filter(|known| sight::sees(&services, &caller, known));
    let items = seen.map(|known| {
        let (hls, rtmp) = audience(&services, known);
        ViewersShown { project_id: known.project.id.to_string(), hls, rtmp }
    });
    Ok(Items::all(items.collect()))
}

/// Viewers over HLS, and over RTMP.
pub(super) fn audience(services: &Services, known: &Known) -> (usize, u64) {
    let stage = services.control.stage();
    let Some(stream) = stage.registry().get(&stream_of(&known.project)) else { return (0, 0) };
    let hls = stage.library().find(stream.playback_id()).map_or(0, |rendition| rendition.audience().viewers);
    (hls, stream.stats().players.get())
}
