//! People as they are shown, and the cookie that a signed-in browser keeps.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::{Caller, SignedIn, Via};
use crate::api::v1::door::{Client, SESSION_COOKIE};
use crate::api::v1::give::Moment;
use crate::api::{Problem, catalogue};
use crate::store;

/// How long a browser keeps the cookie at most, seconds: 90 days. How long it is good for is the session's.
const COOKIE_AGE_MAX: u32 = 90 * 24 * 60 * 60;

/// What an account may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// Everything.
    Admin,
    /// Change projects and run streams.
    Operator,
    /// Look.
    Viewer,
}

impl From<store::Role> for Role {
    fn from(role: store::Role) -> Self {
        match role {
            store::Role::Admin => Self::Admin,
            store::Role::Operator => Self::Operator,
            store::Role::Viewer => Self::Viewer,
        }
    }
}

impl From<Role> for store::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Operator => Self::Operator,
            Role::Viewer => Self::Viewer,
        }
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    #[schema(example = "usr_01KB2Q5S3W0000000000000000")]
    id: String,
    #[schema(example = "ada@example.org")]
    email: String,
    #[schema(example = "Ada Lovelace")]
    name: String,
    role: Role,
    /// It may not sign in.
    disabled: bool,
    /// An identity provider vouches for it.
    oidc: bool,
    /// Whether it has a password here.
    password: bool,
    created_at: Moment,
    updated_at: Moment,
    /// How often it was changed.
    revision: i64,
}

impl From<&store::User> for User {
    fn from(user: &store::User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role.into(),
            disabled: user.disabled,
            oidc: user.oidc_subject.is_some(),
            password: user.password_hash.is_some(),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
            revision: user.revision.0,
        }
    }
}

/// How somebody has shown who they are.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ShownBy {
    /// A signed-in browser.
    Session,
    /// An API token.
    Token,
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    user: User,
    via: ShownBy,
    /// What the token was made for; `*` is everything, and what a session has.
    #[schema(example = json!(["*"]))]
    scopes: Vec<String>,
    /// When the password was last given, or an identity provider last vouched; null for a token.
    password_confirmed_at: Option<Moment>,
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Self {
        Self {
            user: (&*caller.user).into(),
            via: match caller.via {
                Via::Session(_) => ShownBy::Session,
                Via::Token(_) => ShownBy::Token,
            },
            scopes: caller.scopes.words().into_iter().map(str::to_owned).collect(),
            password_confirmed_at: caller.password_at.map(Moment),
        }
    }
}

impl From<&SignedIn> for Me {
    fn from(signed_in: &SignedIn) -> Self {
        Self {
            user: (&*signed_in.user).into(),
            via: ShownBy::Session,
            scopes: vec!["*".to_owned()],
            password_confirmed_at: Some(signed_in.session.created_at.into()),
        }
    }
}

/// The answer with the cookie of a session that begins. `Secure` only where the browser came by TLS: it would not send
/// such a cookie back over plain HTTP, and nobody on a LAN could sign in.
pub(super) fn with_session(answer: impl IntoResponse, signed_in: &SignedIn, client: &Client) -> Response {
    let secure = if client.secure { "; Secure" } else { "" };
    let token = signed_in.token.expose();
    let cookie =
        format!("{SESSION_COOKIE}={token}; Path=/; Max-Age={COOKIE_AGE_MAX}; HttpOnly; SameSite=Lax{secure}");
    with_cookie(answer.into_response(), &cookie)
}

/// The answer that takes the cookie away.
pub(super) fn without_session(answer: impl IntoResponse, client: &Client) -> Response {
    let secure = if client.secure { "; Secure" } else { "" };
    let cookie = format!("{SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}");
    with_cookie(answer.into_response(), &cookie)
}

fn with_cookie(mut answer: Response, cookie: &str) -> Response {
    match HeaderValue::try_from(cookie) {
        Ok(mut cookie) => {
            cookie.set_sensitive(true);
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            answer
        }
        Err(_) => Problem::of(&catalogue::INTERNAL).into_response(),
    }
}
