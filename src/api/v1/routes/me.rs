//! `/me`: one's own account.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people::{Me, with_session};
use crate::account::{Caller, Error, UserChange, Via};
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::door::Client;
use crate::api::v1::give::{Listed, Moment, Tagged};
use crate::api::v1::take::{
    Anybody, Body, Id, Ids, IfMatch, IfNoneMatch, Keep, Paging, PagingQuery, Patch, Secret, Signed, may,
};
use crate::store::{Error as StoreError, Session, SessionId, UserId};

/// What changes of one's own account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeChange {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Keep<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    email: Keep<String>,
    /// A new one, with `current_password`, and with nothing else. It ends all other sessions.
    #[serde(default)]
    #[schema(value_type = Secret, required = false)]
    password: Keep<Secret>,
    #[serde(default)]
    #[schema(value_type = Secret, required = false)]
    current_password: Keep<Secret>,
}

/// The password again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    password: Secret,
}

/// A signed-in browser.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionShown {
    id: String,
    created_at: Moment,
    last_seen_at: Moment,
    expires_at: Moment,
    /// From where it was last used.
    address: String,
    user_agent: String,
    /// It is the one that asks.
    current: bool,
}

impl SessionShown {
    fn of(session: Session, caller: &Caller) -> Self {
        Self {
            id: session.id.to_string(),
            created_at: session.created_at.into(),
            last_seen_at: session.last_seen_at.into(),
            expires_at: session.expires_at.into(),
            address: session.address,
            user_agent: session.user_agent,
            current: caller.via == Via::Session(session.id),
        }
    }
}

/// Who asks
#[utoipa::path(
    get, path = "/me", tag = "me", security(("session" = []), ("token" = [])), params(IfNoneMatch),
    responses((status = 200, body = Me)),
)]
pub(super) async fn me(Anybody(caller): Anybody) -> Tagged<Me> {
    Tagged(caller.user.revision, Me::from(&caller))
}

/// Change one's own account
#[utoipa::path(
    patch, path = "/me", tag = "me", security(("session" = []), ("token" = ["*"])), params(IfMatch),
    request_body(content = MeChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Me)),
)]
pub(super) async fn change_me(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    IfMatch(expected): IfMatch,
    Patch(change): Patch<MeChange>,
) -> Result<Response, Problem> {
    let MeChange {
        name: Keep(name),
        email: Keep(email),
        password: Keep(password),
        current_password: Keep(old),
    } = change;
    if let Some(password) = password {
        if name.is_some() || email.is_some() {
            return Err(Problem::invalid(
                "/password",
                "is changed by itself: in a request without name and email",
            ));
        }
        let old = old.unwrap_or_default();
        let changed =
            services.accounts.change_password(&caller, &old, &password, client.visitor(&headers)).await;
        let signed_in = changed.map_err(|error| not_yours(error, "/current_password"))?;
        let me = Tagged(signed_in.user.revision, Me::from(&signed_in));
        return Ok(with_session(me, &signed_in, &client));
    }
    let change = UserChange { name, email, ..UserChange::default() };
    let user = services.accounts.update_user(&caller, caller.user.id, expected, &change).await?;
    let caller = Caller { user: user.into(), ..caller };
    Ok(Tagged(caller.user.revision, Me::from(&caller)).into_response())
}

/// Give the password again
///
/// For the next ten minutes, what needs a recent password can be done. The session goes on under a new cookie.
#[utoipa::path(
    post, path = "/me/confirm", tag = "me", security(("session" = [])), request_body = Confirm,
    responses((status = 204, description = "It is the right one.")),
)]
pub(super) async fn confirm_me(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Body(asked): Body<Confirm>,
) -> Result<Response, Problem> {
    let confirmed = services.accounts.confirm(&caller, &asked.password, client.visitor(&headers)).await;
    let signed_in = confirmed.map_err(|error| not_yours(error, "/password"))?;
    Ok(with_session(StatusCode::NO_CONTENT, &signed_in, &client))
}

/// A wrong password of somebody who is signed in is a wrong value, no reason to sign them out.
fn not_yours(error: Error, pointer: &str) -> Problem {
    match error {
        Error::Credentials => Problem::invalid(pointer, "is not your password"),
        error => error.into(),
    }
}

/// One's own sessions
#[utoipa::path(
    get, path = "/me/sessions", tag = "me", security(("session" = []), ("token" = ["*"])), params(PagingQuery),
    responses((status = 200, description = "Newest first.", body = Listed<SessionShown>)),
)]
pub(super) async fn my_sessions(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    paging: Paging,
) -> Result<Json<Listed<SessionShown>>, Problem> {
    let slice = services.accounts.sessions(&caller, caller.user.id, paging.page()?).await?;
    Ok(Json(Listed::of(slice, |session| SessionShown::of(session, &caller))))
}

/// End one of one's own sessions
#[utoipa::path(
    delete, path = "/me/sessions/{id}", tag = "me", security(("session" = []), ("token" = ["*"])),
    responses((status = 204, description = "It is ended.")),
)]
pub(super) async fn end_my_session(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    services.accounts.end_session(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An account's sessions
#[utoipa::path(
    get, path = "/users/{id}/sessions", tag = "users", security(("session" = []), ("token" = ["users:admin"])),
    params(PagingQuery), responses((status = 200, description = "Newest first.", body = Listed<SessionShown>)),
)]
pub(super) async fn sessions_of_user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Id(id): Id<UserId>,
    paging: Paging,
) -> Result<Json<Listed<SessionShown>>, Problem> {
    services.accounts.user(&caller, id).await?;
    let slice = services.accounts.sessions(&caller, id, paging.page()?).await?;
    Ok(Json(Listed::of(slice, |session| SessionShown::of(session, &caller))))
}

/// End a session of an account
#[utoipa::path(
    delete, path = "/users/{id}/sessions/{session_id}", tag = "users",
    security(("session" = []), ("token" = ["users:admin"])),
    responses((status = 204, description = "It is ended.")),
)]
pub(super) async fn end_session_of_user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Ids(user, id): Ids<UserId, SessionId>,
) -> Result<StatusCode, Problem> {
    if services.store.session(id).await?.user_id != user {
        return Err(StoreError::NotFound("session").into());
    }
    services.accounts.end_session(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
