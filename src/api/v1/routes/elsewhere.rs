//! `/session/oidc`: signing in at an identity provider. A browser walks these, so what goes wrong is shown by the
//! sign-in page, which gets the code of the problem.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::people::with_session;
use super::session::tell;
use crate::account::oidc::Callback;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::door::{Client, cookie};
use crate::api::v1::take::Asked;

/// What the browser keeps between the two.
const KEPT: &str = "gostream_sign_in";

/// Where the browser comes back to; the identity provider knows it by this.
const CALLBACK: &str = "/api/v1/session/oidc/callback";

/// Where people sign in.
const SIGN_IN_PAGE: &str = "/login";

/// Where one wants to go.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// A path of this server to come back to; `/` without.
    return_to: Option<String>,
}

/// What the identity provider says (RFC 6749 §4.1.2, RFC 9207).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Said {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Go to the identity provider
#[utoipa::path(
    get, path = "/session/oidc", tag = "session", security(()), params(Wanted),
    responses((status = 302, description = "To the identity provider, or to the sign-in page with `?problem=CODE`.")),
)]
pub(super) async fn go_elsewhere(
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Asked(wanted): Asked<Wanted>,
) -> Response {
    let redirect = format!("{}{CALLBACK}", client.base(services.config.door.public_url.as_deref()));
    let return_to = wanted.return_to.as_deref().unwrap_or("/");
    match services.accounts.begin_elsewhere(&redirect, return_to, client.visitor(&headers)).await {
        Ok(begun) => {
            let age = begun.lasts.as_secs();
            kept(to(&begun.url), begun.kept.expose(), age, &client)
        }
        Err(error) => failed(error.into()),
    }
}

/// Come back from the identity provider
#[utoipa::path(
    get, path = "/session/oidc/callback", tag = "session", security(()), params(Said),
    responses((status = 302, description = "To the page that was wanted, signed in; or to the sign-in page with `?problem=CODE`.")),
)]
pub(super) async fn come_back(
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Asked(said): Asked<Said>,
) -> Response {
    let callback = Callback {
        code: said.code.as_deref(),
        state: said.state.as_deref(),
        error: said.error.as_deref(),
        iss: said.iss.as_deref(),
    };
    let held = cookie(&headers, KEPT).unwrap_or_default();
    let answer = match services.accounts.finish_elsewhere(&callback, held, client.visitor(&headers)).await {
        Ok((signed_in, return_to)) => {
            tell(&services, &signed_in, &client, "identity_provider");
            with_session(to(&return_to), &signed_in, &client)
        }
        Err(error) => failed(error.into()),
    };
    kept(answer, "", 0, &client)
}

fn failed(problem: Problem) -> Response {
    to(&format!("{SIGN_IN_PAGE}?problem={}", problem.code()))
}

fn to(url: &str) -> Response {
    let location = HeaderValue::try_from(url).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// The answer with what the browser keeps meanwhile; with an age of 0 it forgets it.
fn kept(mut answer: Response, value: &str, age: u64, client: &Client) -> Response {
    let secure = if client.secure { "; Secure" } else { "" };
    let cookie =
        format!("{KEPT}={value}; Path=/api/v1/session/oidc; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
