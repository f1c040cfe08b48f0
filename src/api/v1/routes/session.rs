//! `/session`: signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::people::{Me, with_session, without_session};
use crate::account::SignedIn;
use crate::api::v1::Services;
use crate::api::v1::door::Client;
use crate::api::v1::take::{Anybody, Body, Secret};
use crate::api::{Problem, catalogue};
use crate::journal::Kind;

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    #[schema(example = "ada@example.org")]
    email: String,
    password: Secret,
}

/// Sign in
#[utoipa::path(
    post, path = "/session", tag = "session", security(()), request_body = SignIn,
    responses((status = 201, description = "Signed in; the cookie says so from now on.", body = Me)),
)]
pub(super) async fn sign_in(
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Body(asked): Body<SignIn>,
) -> Result<Response, Problem> {
    let visitor = client.visitor(&headers);
    let signed_in = services.accounts.sign_in(&asked.email, &asked.password, visitor).await?;
    tell(&services, &signed_in, &client, "password");
    Ok(with_session((StatusCode::CREATED, Json(Me::from(&signed_in))), &signed_in, &client))
}

/// Keeps that somebody signed in as an event.
pub(super) fn tell(services: &Services, signed_in: &SignedIn, client: &Client, by: &str) {
    let data = json!({
        "user_id": signed_in.user.id.to_string(), "name": signed_in.user.called(),
        "session_id": signed_in.session.id.to_string(), "from": client.address.to_string(), "by": by,
    });
    services.control.journal().note(Kind::UserSignedIn, None, None, data);
}

/// Sign out
#[utoipa::path(
    delete, path = "/session", tag = "session", security((), ("session" = [])),
    responses((status = 204, description = "Signed out, whether or not one was signed in.")),
)]
pub(super) async fn sign_out(
    State(services): State<Services>,
    client: Client,
    who: Result<Anybody, Problem>,
) -> Result<Response, Problem> {
    match who {
        Ok(Anybody(caller)) => services.accounts.sign_out(&caller).await?,
        // An old cookie is to be gone too.
        Err(problem) if problem.code() == catalogue::SIGNED_OUT.code => {}
        Err(problem) => return Err(problem),
    }
    Ok(without_session(StatusCode::NO_CONTENT, &client))
}
