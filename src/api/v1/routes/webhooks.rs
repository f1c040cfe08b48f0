//! `/webhooks`: other servers that are told what happens.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sight;
use crate::account::Caller;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::give::{Created, Listed, Moment, Tagged};
use crate::api::v1::take::{
    Body, Field, Id, Ids, IfMatch, IfNoneMatch, Keep, Paging, PagingQuery, Patch, Signed, may,
};
use crate::store::{Delivery, DeliveryId, Error, EventId, ProjectId, Role, Webhook, WebhookId};
use crate::webhook::{WebhookChange, WebhookWish};

/// A webhook to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookAsked {
    #[schema(example = "https://hooks.example.org/gostream")]
    url: String,
    /// Names of events, families such as `stream.*`, or `*`.
    #[schema(example = json!(["stream.*", "output.state"]))]
    events: Vec<String>,
    /// Whose events; everybody's without.
    project_id: Option<String>,
    /// Whether it is told; true without.
    enabled: Option<bool>,
}

/// What changes of a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookPatch {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    url: Keep<String>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    events: Keep<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    project_id: Field<String>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    enabled: Keep<bool>,
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookShown {
    id: String,
    project_id: Option<String>,
    url: String,
    events: Vec<String>,
    /// The secret's last characters.
    secret_hint: String,
    enabled: bool,
    /// Deliveries that were given up since the last that arrived.
    failures: i64,
    created_at: Moment,
    updated_at: Moment,
    revision: i64,
}

/// A webhook that was made just now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookMade {
    #[serde(flatten)]
    webhook: WebhookShown,
    /// What deliveries are signed with (Standard Webhooks). Told this once; null when an earlier answer is repeated.
    secret: Option<String>,
}

/// An event on its way to a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryShown {
    id: String,
    event_id: String,
    /// What the event is, for as long as it is kept.
    #[schema(example = "stream.started")]
    event_type: Option<String>,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// Attempts begun.
    attempt: i64,
    next_at: Option<Moment>,
    response_code: Option<i64>,
    error: Option<String>,
    created_at: Moment,
}

/// A delivery that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryBegun {
    delivery_id: String,
}

impl From<&Webhook> for WebhookShown {
    fn from(row: &Webhook) -> Self {
        Self {
            id: row.id.to_string(),
            project_id: row.project_id.map(|id| id.to_string()),
            url: row.url.clone(),
            events: serde_json::from_value(row.events.0.clone()).unwrap_or_default(),
            secret_hint: row.secret_hint.clone(),
            enabled: row.enabled,
            failures: row.failures,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            revision: row.revision.0,
        }
    }
}

impl DeliveryShown {
    fn of(row: &Delivery, kinds: &BTreeMap<EventId, String>) -> Self {
        Self {
            id: row.id.to_string(),
            event_id: row.event_id.to_string(),
            event_type: kinds.get(&row.event_id).cloned(),
            status: row.status.as_str(),
            attempt: row.attempt,
            next_at: row.next_at.map(Into::into),
            response_code: row.response_code,
            error: row.error.clone(),
            created_at: row.created_at.into(),
        }
    }
}

/// Whether the caller sees webhooks of a project; those of all projects are for whoever sees all projects.
fn sees(services: &Services, caller: &Caller, project: Option<ProjectId>) -> bool {
    match project {
        Some(project) => sight::known(services, caller, project).is_some(),
        None => !services.config.strangers || caller.user.role == Role::Admin,
    }
}

async fn find(services: &Services, caller: &Caller, id: WebhookId) -> Result<Webhook, Problem> {
    let row = services.store.webhook(id).await?;
    if sees(services, caller, row.project_id) { Ok(row) } else { Err(Error::NotFound("webhook").into()) }
}

/// The project that somebody names, which they must see.
fn named(services: &Services, caller: &Caller, id: Option<&str>) -> Result<Option<ProjectId>, Problem> {
    let fault = || Problem::invalid("/project_id", "must be the id of a project");
    let project = id.map(str::parse::<ProjectId>).transpose().map_err(|_| fault())?;
    if sees(services, caller, project) { Ok(project) } else { Err(fault()) }
}

/// All webhooks
#[utoipa::path(
    get, path = "/webhooks", tag = "webhooks", security(("session" = []), ("token" = ["webhooks:read"])),
    params(PagingQuery), responses((status = 200, description = "Oldest first.", body = Listed<WebhookShown>)),
)]
pub(super) async fn webhooks(
    Signed { caller, .. }: Signed<may::SeeWebhooks>,
    State(services): State<Services>,
    paging: Paging,
) -> Result<Json<Listed<WebhookShown>>, Problem> {
    let mut slice = services.store.webhooks(paging.page()?).await?;
    slice.items.retain(|row| sees(&services, &caller, row.project_id));
    Ok(Json(Listed::of(slice, |row| WebhookShown::from(&row))))
}

/// Make a webhook
#[utoipa::path(
    post, path = "/webhooks", tag = "webhooks", security(("session" = []), ("token" = ["webhooks:write"])),
    request_body = WebhookAsked, responses((status = 201, body = WebhookMade)),
)]
pub(super) async fn create_webhook(
    Signed { caller, .. }: Signed<may::ChangeWebhooks>,
    State(services): State<Services>,
    Body(asked): Body<WebhookAsked>,
) -> Result<Created<WebhookMade>, Problem> {
    let project = named(&services, &caller, asked.project_id.as_deref())?;
    let enabled = asked.enabled.unwrap_or(true);
    let wish = WebhookWish { project, url: asked.url, events: asked.events, enabled };
    let made = services.webhooks.create(wish).await?;
    let location = format!("/webhooks/{}", made.row.id);
    let body = WebhookMade { webhook: (&made.row).into(), secret: Some(made.secret.to_string()) };
    Ok(Created { location, body, secret: Some("secret") })
}

/// A webhook
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "webhooks", security(("session" = []), ("token" = ["webhooks:read"])),
    params(IfNoneMatch), responses((status = 200, body = WebhookShown)),
)]
pub(super) async fn webhook(
    Signed { caller, .. }: Signed<may::SeeWebhooks>,
    State(services): State<Services>,
    Id(id): Id<WebhookId>,
) -> Result<Tagged<WebhookShown>, Problem> {
    let row = find(&services, &caller, id).await?;
    Ok(Tagged(row.revision, (&row).into()))
}

/// Change a webhook
#[utoipa::path(
    patch, path = "/webhooks/{id}", tag = "webhooks", security(("session" = []), ("token" = ["webhooks:write"])),
    params(IfMatch), request_body(content = WebhookPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = WebhookShown)),
)]
pub(super) async fn change_webhook(
    Signed { caller, .. }: Signed<may::ChangeWebhooks>,
    State(services): State<Services>,
    Id(id): Id<WebhookId>,
    IfMatch(expected): IfMatch,
    Patch(patch): Patch<WebhookPatch>,
) -> Result<Tagged<WebhookShown>, Problem> {
    find(&services, &caller, id).await?;
    let project = match patch.project_id.change() {
        None => None,
        Some(wanted) => Some(named(&services, &caller, wanted.as_deref())?),
    };
    let change =
        WebhookChange { project, url: patch.url.0, events: patch.events.0, enabled: patch.enabled.0 };
    let row = services.webhooks.change(id, expected, change).await?;
    Ok(Tagged(row.revision, (&row).into()))
}

/// Delete a webhook
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "webhooks", security(("session" = []), ("token" = ["webhooks:write"])),
    params(IfMatch), responses((status = 204, description = "It is told nothing more.")),
)]
pub(super) async fn delete_webhook(
    Signed { caller, .. }: Signed<may::ChangeWebhooks>,
    State(services): State<Services>,
    Id(id): Id<WebhookId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    find(&services, &caller, id).await?;
    services.store.delete_webhook(id, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace a webhook's secret
///
/// The new one is told this once; what is delivered from now on is signed with it, also what failed before.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate", tag = "webhooks",
    security(("session" = []), ("token" = ["webhooks:write"])), params(IfMatch),
    responses((status = 201, body = WebhookMade)),
)]
pub(super) async fn rotate_webhook(
    Signed { caller, .. }: Signed<may::ChangeWebhooks>,
    State(services): State<Services>,
    Id(id): Id<WebhookId>,
    IfMatch(expected): IfMatch,
) -> Result<Created<WebhookMade>, Problem> {
    let row = find(&services, &caller, id).await?;
    let made = services.webhooks.rotate(id, expected.unwrap_or(row.revision)).await?;
    let body = WebhookMade { webhook: (&made.row).into(), secret: Some(made.secret.to_string()) };
    Ok(Created { location: format!("/webhooks/{id}"), body, secret: Some("secret") })
}

fn begun(delivery: &Delivery) -> Response {
    (StatusCode::ACCEPTED, Json(DeliveryBegun { delivery_id: delivery.id.to_string() })).into_response()
}

/// Send a test event to a webhook
#[utoipa::path(
    post, path = "/webhooks/{id}/test", tag = "webhooks",
    security(("session" = []), ("token" = ["webhooks:write"])), responses((status = 202, body = DeliveryBegun)),
)]
pub(super) async fn test_webhook(
    Signed { caller, .. }: Signed<may::ChangeWebhooks>,
    State(services): State<Services>,
    Id(id): Id<WebhookId>,
) -> Result<Response, Problem> {
    find(&services, &caller, id).await?;
    Ok(begun(&services.webhooks.test(id).await?))
}

/// What was delivered to a webhook
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries", tag = "webhooks",
    security(("session" = []), ("token" = ["webhooks:read"])), params(PagingQuery),
    responses((status = 200, description = "Newest first.", body = Listed<DeliveryShown>)),
)]
pub(super) async fn deliveries(
    Signed { caller, .. }: Signed<may::SeeWebhooks>,
    State(services): State<Services>,
    Id(id): Id<WebhookId>,
    paging: Paging,
) -> Result<Json<Listed<DeliveryShown>>, Problem> {
    find(&services, &caller, id).await?;
    let slice = services.store.deliveries(id, paging.page()?).await?;
    let kinds = services.store.kinds_of(&slice.items).await?;
    Ok(Json(Listed::of(slice, |row| DeliveryShown::of(&row, &kinds))))
}

/// Deliver an event again
#[utoipa::path(
    post, path = "/webhooks/{id}/deliveries/{delivery_id}/redeliver", tag = "webhooks",
    security(("session" = []), ("token" = ["webhooks:write"])), responses((status = 202, body = DeliveryBegun)),
)]
pub(super) async fn redeliver(
    Signed { caller, .. }: Signed<may::ChangeWebhooks>,
    State(services): State<Services>,
    Ids(id, delivery): Ids<WebhookId, DeliveryId>,
) -> Result<Response, Problem> {
    find(&services, &caller, id).await?;
    if services.store.delivery(delivery).await?.webhook_id != id {
        return Err(Error::NotFound("delivery").into());
    }
    Ok(begun(&services.webhooks.redeliver(delivery).await?))
}
