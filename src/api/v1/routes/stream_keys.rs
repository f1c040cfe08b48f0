//! `/stream-keys`: the secrets that publish.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::projects::seconds;
use super::sight;
use crate::account::Via;
use crate::api::v1::Services;
use crate::api::v1::give::{Created, Items, Moment, Tagged};
use crate::api::v1::take::{Body, Field, Id, IfMatch, IfNoneMatch, Keep, MaybeBody, Patch, Signed, may};
use crate::api::{Problem, catalogue};
use crate::control::{Made, Part, StreamKeyChange};
use crate::journal::Kind;
use crate::store::{ProjectId, StreamKey, StreamKeyId};

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamKeyAsked {
    /// The encoder it is for.
    #[schema(example = "OBS in the studio")]
    name: String,
}

/// What changes of a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamKeyPatch {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Keep<String>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    disabled: Keep<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Moment>)]
    expires_at: Field<Moment>,
}

/// How a key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// How long the old key goes on beside the new one, seconds.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 86400)]
    overlap_s: f64,
}

/// A stream key, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StreamKeyShown {
    id: String,
    project_id: String,
    name: String,
    /// Its last characters.
    key_hint: String,
    disabled: bool,
    /// From when on it does not publish.
    expires_at: Option<Moment>,
    last_used_at: Option<Moment>,
    created_at: Moment,
    updated_at: Moment,
    revision: i64,
}

/// A stream key that was made just now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StreamKeyMade {
    #[serde(flatten)]
    stream_key: StreamKeyShown,
    /// The key itself; null when an earlier answer is repeated.
    key: Option<String>,
}

/// A stream key in clear.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StreamKeyRevealed {
    key: String,
}

impl From<&StreamKey> for StreamKeyShown {
    fn from(row: &StreamKey) -> Self {
        Self {
            id: row.id.to_string(),
            project_id: row.project_id.to_string(),
            name: row.name.clone(),
            key_hint: row.key_hint.clone(),
            disabled: row.disabled,
            expires_at: row.expires_at.map(Into::into),
            last_used_at: row.last_used_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            revision: row.revision.0,
        }
    }
}

fn created(made: Made<StreamKey>) -> Created<StreamKeyMade> {
    let location = format!("/stream-keys/{}", made.row.id);
    let body = StreamKeyMade { stream_key: (&made.row).into(), key: Some(made.secret.to_string()) };
    Created { location, body, secret: Some("key") }
}

/// The keys of a project
#[utoipa::path(
    get, path = "/projects/{id}/stream-keys", tag = "stream keys",
    security(("session" = []), ("token" = ["projects:read"])),
    responses((status = 200, description = "Oldest first.", body = Items<StreamKeyShown>)),
)]
pub(super) async fn stream_keys(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Items<StreamKeyShown>, Problem> {
    let known = sight::project_with(&services, &caller, id, Part::StreamKeys).await?;
    Ok(Items::all(known.stream_keys.iter().map(Into::into).collect()))
}

/// Make a key
#[utoipa::path(
    post, path = "/projects/{id}/stream-keys", tag = "stream keys",
    security(("session" = []), ("token" = ["projects:write"])), request_body = StreamKeyAsked,
    responses((status = 201, body = StreamKeyMade)),
)]
pub(super) async fn create_stream_key(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
    Body(asked): Body<StreamKeyAsked>,
) -> Result<Created<StreamKeyMade>, Problem> {
    sight::project(&services, &caller, id).await?;
    Ok(created(services.control.create_stream_key(id, &asked.name).await?))
}

/// A key
#[utoipa::path(
    get, path = "/stream-keys/{id}", tag = "stream keys",
    security(("session" = []), ("token" = ["projects:read"])), params(IfNoneMatch),
    responses((status = 200, body = StreamKeyShown)),
)]
pub(super) async fn stream_key(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    Id(id): Id<StreamKeyId>,
) -> Result<Tagged<StreamKeyShown>, Problem> {
    let (_, row) = sight::stream_key(&services, &caller, id).await?;
    Ok(Tagged(row.revision, (&row).into()))
}

/// Change a key
///
/// Who publishes with it now goes on.
#[utoipa::path(
    patch, path = "/stream-keys/{id}", tag = "stream keys",
    security(("session" = []), ("token" = ["projects:write"])), params(IfMatch),
    request_body(content = StreamKeyPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = StreamKeyShown)),
)]
pub(super) async fn change_stream_key(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<StreamKeyId>,
    IfMatch(expected): IfMatch,
    Patch(patch): Patch<StreamKeyPatch>,
) -> Result<Tagged<StreamKeyShown>, Problem> {
    sight::stream_key(&services, &caller, id).await?;
    let expires_at = patch.expires_at.change().map(|at| at.map(|at| at.0));
    let change = StreamKeyChange { name: patch.name.0, disabled: patch.disabled.0, expires_at };
    let row = services.control.change_stream_key(id, expected, change).await?;
    Ok(Tagged(row.revision, (&row).into()))
}

/// Delete a key
#[utoipa::path(
    delete, path = "/stream-keys/{id}", tag = "stream keys",
    security(("session" = []), ("token" = ["projects:write"])), params(IfMatch),
    responses((status = 204, description = "It publishes no more.")),
)]
pub(super) async fn delete_stream_key(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<StreamKeyId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    sight::stream_key(&services, &caller, id).await?;
    services.control.delete_stream_key(id, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace a key
///
/// The new one is told this once; the old one publishes on for the overlap.
#[utoipa::path(
    post, path = "/stream-keys/{id}/rotate", tag = "stream keys",
    security(("session" = []), ("token" = ["projects:write"])), params(IfMatch),
    request_body(content = Rotation, description = "Without a body there is no overlap."),
    responses((status = 201, body = StreamKeyMade)),
)]
pub(super) async fn rotate_stream_key(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<StreamKeyId>,
    IfMatch(expected): IfMatch,
    MaybeBody(asked): MaybeBody<Rotation>,
) -> Result<Created<StreamKeyMade>, Problem> {
    sight::stream_key(&services, &caller, id).await?;
    let overlap = seconds(asked.overlap_s, "/overlap_s")?;
    Ok(created(services.control.rotate_stream_key(id, expected, overlap).await?))
}

/// Show a key in clear
///
/// Needs a password that was given within the last minutes, or a token with `keys:reveal`. That it was shown is kept as
/// an event.
#[utoipa::path(
    post, path = "/stream-keys/{id}/reveal", tag = "stream keys",
    security(("session" = []), ("token" = ["keys:reveal"])), responses((status = 200, body = StreamKeyRevealed)),
)]
pub(super) async fn reveal_stream_key(
    Signed { caller, .. }: Signed<may::RevealKeys>,
    State(services): State<Services>,
    Id(id): Id<StreamKeyId>,
) -> Result<Json<StreamKeyRevealed>, Problem> {
    let (known, row) = sight::stream_key(&services, &caller, id).await?;
    caller.proved_lately(services.accounts.now())?;
    let key = services.control.reveal_stream_key(row.id).map_err(|error| {
        tracing::error!(%error, key = %row.id, "a stream key cannot be opened");
        Problem::of(&catalogue::NOT_POSSIBLE).detail("the key was sealed with a server key that is not here")
    })?;
    let via = match caller.via {
        Via::Session(_) => "session",
        Via::Token(_) => "token",
    };
    let data =
        json!({ "stream_key_id": row.id.to_string(), "user_id": caller.user.id.to_string(), "via": via });
    services.control.journal().note(Kind::StreamKeyRevealed, Some(known.project.id), None, data);
    Ok(Json(StreamKeyRevealed { key: key.to_string() }))
}
