//! `/destinations`: where shows are sent.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::outputs::OutputShown;
use super::sight;
use crate::account::Caller;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::give::{Created, Items, Moment, Tagged};
use crate::api::v1::take::{Body, Field, Id, IfMatch, IfNoneMatch, Keep, Patch, Secret, Signed, may};
use crate::control::{DestinationChange, DestinationWish, Known, Part};
use crate::store::{Destination, DestinationId, ProjectId};

/// A destination to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DestinationAsked {
    #[schema(example = "YouTube")]
    name: String,
    /// As in `/platforms`; by the address without.
    #[schema(example = "youtube")]
    platform: Option<String>,
    #[schema(example = "rtmps://a.rtmps.youtube.com:443/live2")]
    url: String,
    /// Left out where the address ends in it. Never shown again.
    stream_key: Option<Secret>,
    /// Whether it is sent to; true without.
    enabled: Option<bool>,
    /// Takes any certificate.
    #[serde(default)]
    insecure: bool,
    #[schema(minimum = 128, maximum = 65536)]
    chunk_size: Option<u32>,
    /// What it takes, where that differs from what is known of it.
    #[schema(example = json!(["h264", "aac"]))]
    codecs: Option<Vec<String>>,
    /// The one track of pictures to send, of several.
    video_track: Option<u8>,
    /// The one track of sound to send, of several.
    audio_track: Option<u8>,
    limits: Option<LimitsShown>,
}

/// What the destination's owner allows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsShown {
    /// Bits a second, pictures and sound together, in place of what its platform takes of pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 10_000, maximum = 1_000_000_000)]
    bitrate_max_bits: Option<u64>,
    /// Seconds between keyframes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.1, maximum = 60)]
    keyframe_max_s: Option<f64>,
}

/// What changes of a destination. It alone is connected anew, and only where that is needed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DestinationPatch {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Keep<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    platform: Field<String>,
    /// The address as it is shown changes nothing.
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    url: Keep<String>,
    #[serde(default)]
    #[schema(value_type = Option<Secret>)]
    stream_key: Field<Secret>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    enabled: Keep<bool>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    insecure: Keep<bool>,
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    chunk_size: Field<u32>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    codecs: Field<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<u8>)]
    video_track: Field<u8>,
    #[serde(default)]
    #[schema(value_type = Option<u8>)]
    audio_track: Field<u8>,
    #[serde(default)]
    #[schema(value_type = Option<LimitsShown>)]
    limits: Field<LimitsShown>,
}

/// The order of a project's destinations.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// Those not named stay where they are.
    ids: Vec<String>,
}

/// A destination.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DestinationShown {
    id: String,
    project_id: String,
    name: String,
    platform: String,
    /// Without what may be secret in it.
    url: String,
    /// The key's last characters.
    key_hint: Option<String>,
    enabled: bool,
    insecure: bool,
    chunk_size: Option<i64>,
    codecs: Option<Vec<String>>,
    video_track: Option<i64>,
    audio_track: Option<i64>,
    limits: Option<LimitsShown>,
    position: i64,
    created_at: Moment,
    updated_at: Moment,
    revision: i64,
    /// How it is doing now. Not part of the revision.
    output: OutputShown,
}

impl DestinationShown {
    pub(super) fn of(services: &Services, known: &Known, row: &Destination) -> Self {
        let words = |list: &Value| serde_json::from_value(list.clone()).ok();
        Self {
            id: row.id.to_string(),
            project_id: row.project_id.to_string(),
            name: row.name.clone(),
            platform: row.platform.clone(),
            url: row.url.clone(),
            key_hint: row.key_hint.clone().filter(|hint| !hint.is_empty()),
            enabled: row.enabled,
            insecure: row.insecure,
            chunk_size: row.chunk_size,
            codecs: row.codecs.as_ref().and_then(|codecs| words(&codecs.0)),
            video_track: row.video_track,
            audio_track: row.audio_track,
            limits: row.limits.as_ref().and_then(|limits| serde_json::from_value(limits.0.clone()).ok()),
            position: row.position,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            revision: row.revision.0,
            output: OutputShown::of(services, known, row),
        }
    }
}

fn limits(limits: &LimitsShown) -> Value {
    serde_json::to_value(limits).unwrap_or_default()
}

/// As it is now, of those that the caller sees.
async fn shown(
    services: &Services,
    caller: &Caller,
    id: DestinationId,
) -> Result<Tagged<DestinationShown>, Problem> {
    let (known, row) = sight::destination(services, caller, id).await?;
    Ok(Tagged(row.revision, DestinationShown::of(services, &known, &row)))
}

/// The destinations of a project
#[utoipa::path(
    get, path = "/projects/{id}/destinations", tag = "destinations",
    security(("session" = []), ("token" = ["projects:read"])),
    responses((status = 200, description = "In their order.", body = Items<DestinationShown>)),
)]
pub(super) async fn destinations(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Items<DestinationShown>, Problem> {
    let known = sight::project_with(&services, &caller, id, Part::Destinations).await?;
    let items = known.destinations.iter().map(|row| DestinationShown::of(&services, &known, row)).collect();
    Ok(Items::all(items))
}

/// Add a destination
#[utoipa::path(
    post, path = "/projects/{id}/destinations", tag = "destinations",
    security(("session" = []), ("token" = ["projects:write"])), request_body = DestinationAsked,
    responses((status = 201, body = DestinationShown)),
)]
pub(super) async fn create_destination(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
    Body(asked): Body<DestinationAsked>,
) -> Result<Created<DestinationShown>, Problem> {
    sight::project(&services, &caller, id).await?;
    let wish = DestinationWish {
        name: asked.name,
        platform: asked.platform,
        url: asked.url,
        stream_key: asked.stream_key.unwrap_or_default().0,
        enabled: asked.enabled.unwrap_or(true),
        insecure: asked.insecure,
        chunk_size: asked.chunk_size,
        codecs: asked.codecs,
        video_track: asked.video_track,
        audio_track: asked.audio_track,
        limits: asked.limits.as_ref().map(limits),
    };
    let row = services.control.create_destination(id, wish).await?;
    let known = sight::project(&services, &caller, id).await?;
    let location = format!("/destinations/{}", row.id);
    Ok(Created { location, body: DestinationShown::of(&services, &known, &row), secret: None })
}

/// Put the destinations of a project in order
#[utoipa::path(
    put, path = "/projects/{id}/destinations/order", tag = "destinations",
    security(("session" = []), ("token" = ["projects:write"])), request_body = Order,
    responses((status = 204, description = "They are in this order.")),
)]
pub(super) async fn order_destinations(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
    Body(order): Body<Order>,
) -> Result<StatusCode, Problem> {
    sight::project(&services, &caller, id).await?;
    let parse = |id: &String| id.parse::<DestinationId>();
    let ids: Result<Vec<_>, _> = order.ids.iter().map(parse).collect();
    let ids = ids.map_err(|_| Problem::invalid("/ids", "each must be the id of a destination"))?;
    services.control.order_destinations(id, &ids).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A destination
#[utoipa::path(
    get, path = "/destinations/{id}", tag = "destinations",
    security(("session" = []), ("token" = ["projects:read"])), params(IfNoneMatch),
    responses((status = 200, body = DestinationShown)),
)]
pub(super) async fn destination(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
) -> Result<Tagged<DestinationShown>, Problem> {
    shown(&services, &caller, id).await
}

/// Change a destination
#[utoipa::path(
    patch, path = "/destinations/{id}", tag = "destinations",
    security(("session" = []), ("token" = ["projects:write"])), params(IfMatch),
    request_body(content = DestinationPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = DestinationShown)),
)]
pub(super) async fn change_destination(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
    IfMatch(expected): IfMatch,
    Patch(patch): Patch<DestinationPatch>,
) -> Result<Tagged<DestinationShown>, Problem> {
    sight::destination(&services, &caller, id).await?;
    let change = DestinationChange {
        name: patch.name.0,
        platform: patch.platform.change(),
        url: patch.url.0,
        stream_key: patch.stream_key.change().map(|key| key.unwrap_or_default().0),
        enabled: patch.enabled.0,
        insecure: patch.insecure.0,
        chunk_size: patch.chunk_size.change(),
        codecs: patch.codecs.change(),
        video_track: patch.video_track.change(),
        audio_track: patch.audio_track.change(),
        limits: patch.limits.change().map(|wanted| wanted.as_ref().map(limits)),
    };
    services.control.change_destination(id, expected, change).await?;
    shown(&services, &caller, id).await
}

/// Delete a destination
#[utoipa::path(
    delete, path = "/destinations/{id}", tag = "destinations",
    security(("session" = []), ("token" = ["projects:write"])), params(IfMatch),
    responses((status = 204, description = "It is gone; its output has said goodbye.")),
)]
pub(super) async fn delete_destination(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    sight::destination(&services, &caller, id).await?;
    services.control.delete_destination(id, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Start sending to a destination
#[utoipa::path(
    post, path = "/destinations/{id}/start", tag = "destinations",
    security(("session" = []), ("token" = ["streams:write"])), responses((status = 200, body = DestinationShown)),
)]
pub(super) async fn start_destination(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
) -> Result<Tagged<DestinationShown>, Problem> {
    sight::destination(&services, &caller, id).await?;
    services.control.set_destination_enabled(id, true).await?;
    shown(&services, &caller, id).await
}

/// Stop sending to a destination
#[utoipa::path(
    post, path = "/destinations/{id}/stop", tag = "destinations",
    security(("session" = []), ("token" = ["streams:write"])), responses((status = 200, body = DestinationShown)),
)]
pub(super) async fn stop_destination(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
) -> Result<Tagged<DestinationShown>, Problem> {
    sight::destination(&services, &caller, id).await?;
    services.control.set_destination_enabled(id, false).await?;
    shown(&services, &caller, id).await
}

/// Try a destination again now
///
/// Ends its wait, whatever it is for.
#[utoipa::path(
    post, path = "/destinations/{id}/retry", tag = "destinations",
    security(("session" = []), ("token" = ["streams:write"])), responses((status = 200, body = DestinationShown)),
)]
pub(super) async fn retry_destination(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<DestinationId>,
) -> Result<Json<DestinationShown>, Problem> {
    sight::destination(&services, &caller, id).await?;
    services.control.retry_destination(id)?;
    shown(&services, &caller, id).await.map(|Tagged(_, shown)| Json(shown))
}
