//! `/setup`, `/sign-up`: how people come to an account.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people::{Me, User, with_session};
use crate::account::{LinkUse, NewAccount, PasswordRule};
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::door::Client;
use crate::api::v1::take::{Body, Secret};

/// What the page for signing in needs to know before anybody is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Setup {
    /// There is no account yet: the setup link makes the first.
    needed: bool,
    password_rule: PasswordRuleShown,
    /// People may make accounts of their own.
    sign_up: bool,
    /// One can sign in elsewhere.
    oidc: Option<OidcShown>,
}

/// What a password must keep to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordRuleShown {
    /// Characters at least.
    min_length: usize,
    /// Characters at most.
    max_length: usize,
}

/// Where one can sign in elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OidcShown {
    /// What people call it.
    name: String,
}

/// A link that was opened, and what its owner typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUp {
    /// What stands behind `#` in the link.
    #[schema(example = "setup_9kq…")]
    link: String,
    /// Only with a setup link.
    email: Option<String>,
    /// Only with a setup link.
    name: Option<String>,
    /// With any link but one that signs in.
    password: Option<Secret>,
}

/// A link that is to be looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkAsked {
    /// What stands behind `#` in the link.
    #[schema(example = "reset_9kq…")]
    link: String,
}

/// What a link that works is for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkShown {
    /// The account whose password it sets; nothing where it makes the first administrator.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
}

/// An account to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignUp {
    email: String,
    #[serde(default)]
    name: String,
    password: Secret,
}

/// What the page for signing in shows
#[utoipa::path(get, path = "/setup", tag = "setup", security(()), responses((status = 200, body = Setup)))]
pub(super) async fn setup(State(services): State<Services>) -> Result<Json<Setup>, Problem> {
    let (rule, doors) = (PasswordRule::CURRENT, services.accounts.doors());
    Ok(Json(Setup {
        needed: !services.accounts.is_set_up().await?,
        password_rule: PasswordRuleShown { min_length: rule.chars_min, max_length: rule.chars_max },
        sign_up: doors.sign_up,
        oidc: doors.elsewhere.map(|name| OidcShown { name }),
    }))
}

/// Open a setup or reset link
///
/// With a setup link and `email`, the first administrator is made; with a reset link, a password is set; and a link that
/// signs in does that, and comes alone. Whichever it is, who opens it is signed in.
#[utoipa::path(
    post, path = "/setup", tag = "setup", security(()), request_body = SetUp,
    responses((status = 201, description = "The first administrator is made.", body = Me), (status = 200, description = "The password is set, or nothing but that.", body = Me)),
)]
pub(super) async fn set_up(
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Body(asked): Body<SetUp>,
) -> Result<Response, Problem> {
    let visitor = client.visitor(&headers);
    let link = bare(&asked.link);
    let (status, signed_in) = match (asked.email, asked.password) {
        (Some(email), Some(password)) => {
            let name = asked.name.unwrap_or_default();
            let new = NewAccount { email: &email, name: &name, password: &password };
            (StatusCode::CREATED, services.accounts.set_up(link, new, visitor).await?)
        }
        (None, Some(password)) => {
            (StatusCode::OK, services.accounts.reset_password(link, &password, visitor).await?)
        }
        (None, None) => (StatusCode::OK, services.accounts.enter(link, visitor).await?),
        (Some(_), None) => return Err(Problem::invalid("/password", "is missing")),
    };
    Ok(with_session((status, Json(Me::from(&signed_in))), &signed_in, &client))
}

/// Look at a setup or reset link
///
/// It works as often afterwards as before. One that was used or is over is refused as it would be when it is opened.
#[utoipa::path(
    post, path = "/setup/link", tag = "setup", security(()), request_body = LinkAsked,
    responses((status = 200, description = "It works.", body = LinkShown)),
)]
pub(super) async fn look_at_link(
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Body(asked): Body<LinkAsked>,
) -> Result<Json<LinkShown>, Problem> {
    let link = bare(&asked.link);
    let email = match services.accounts.look_at_link(link, client.visitor(&headers)).await? {
        LinkUse::Password { email } => Some(email),
        LinkUse::FirstAdmin => None,
    };
    Ok(Json(LinkShown { email }))
}

/// What stands behind `#`: people paste the whole link.
fn bare(link: &str) -> &str {
    link.trim().rsplit('#').next().unwrap_or_default()
}

/// Make an account of one's own
#[utoipa::path(
    post, path = "/sign-up", tag = "setup", security(()), request_body = SignUp,
    responses((status = 201, description = "It is made, and signed in.", body = User)),
)]
pub(super) async fn sign_up(
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
    Body(asked): Body<SignUp>,
) -> Result<Response, Problem> {
    let new = NewAccount { email: &asked.email, name: &asked.name, password: &asked.password };
    let signed_in = services.accounts.sign_up(new, client.visitor(&headers)).await?;
    Ok(with_session((StatusCode::CREATED, Json(User::from(&*signed_in.user))), &signed_in, &client))
}
