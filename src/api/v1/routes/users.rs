//! `/users`: accounts, for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people::{Role, User};
use crate::account::{NewUser, UserChange};
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::door::Client;
use crate::api::v1::give::{Created, Listed, Moment, Tagged};
use crate::api::v1::take::{
    Body, Id, IfMatch, IfNoneMatch, Keep, Paging, PagingQuery, Patch, Secret, Signed, may,
};
use crate::store::UserId;

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUserAsked {
    #[schema(example = "ada@example.org")]
    email: String,
    #[serde(default)]
    #[schema(example = "Ada Lovelace")]
    name: String,
    role: Role,
    /// Without one, make a reset link and hand it on.
    password: Option<Secret>,
}

/// What changes of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChangeAsked {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    email: Keep<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Keep<String>,
    #[serde(default)]
    #[schema(value_type = Role, required = false)]
    role: Keep<Role>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    disabled: Keep<bool>,
    /// A new one; it ends the account's sessions.
    #[serde(default)]
    #[schema(value_type = Secret, required = false)]
    password: Keep<Secret>,
}

/// A link that sets a password, once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResetLink {
    /// To be handed on; null when an earlier answer is repeated.
    link: Option<String>,
    expires_at: Moment,
}

/// All accounts
#[utoipa::path(
    get, path = "/users", tag = "users", security(("session" = []), ("token" = ["users:admin"])), params(PagingQuery),
    responses((status = 200, body = Listed<User>)),
)]
pub(super) async fn users(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    paging: Paging,
) -> Result<Json<Listed<User>>, Problem> {
    let slice = services.accounts.users(&caller, paging.page()?).await?;
    Ok(Json(Listed::of(slice, |user| User::from(&user))))
}

/// Make an account
#[utoipa::path(
    post, path = "/users", tag = "users", security(("session" = []), ("token" = ["users:admin"])),
    request_body = NewUserAsked, responses((status = 201, body = User)),
)]
pub(super) async fn create_user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Body(asked): Body<NewUserAsked>,
) -> Result<Created<User>, Problem> {
    let NewUserAsked { email, name, role, password } = asked;
    let user = services
        .accounts
        .create_user(
            &caller,
            &NewUser { email, name, role: role.into(), password: password.map(|password| password.0) },
        )
        .await?;
    Ok(Created { location: format!("/users/{}", user.id), body: User::from(&user), secret: None })
}

/// One account
#[utoipa::path(
    get, path = "/users/{id}", tag = "users", security(("session" = []), ("token" = ["users:admin"])),
    params(IfNoneMatch), responses((status = 200, body = User)),
)]
pub(super) async fn user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Id(id): Id<UserId>,
) -> Result<Tagged<User>, Problem> {
    let user = services.accounts.user(&caller, id).await?;
    Ok(Tagged(user.revision, User::from(&user)))
}

/// Change an account
#[utoipa::path(
    patch, path = "/users/{id}", tag = "users", security(("session" = []), ("token" = ["users:admin"])),
    params(IfMatch), request_body(content = UserChangeAsked, content_type = "application/merge-patch+json"),
    responses((status = 200, body = User)),
)]
pub(super) async fn change_user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Id(id): Id<UserId>,
    IfMatch(expected): IfMatch,
    Patch(asked): Patch<UserChangeAsked>,
) -> Result<Tagged<User>, Problem> {
    let change = UserChange {
        email: asked.email.0,
        name: asked.name.0,
        role: asked.role.0.map(Into::into),
        disabled: asked.disabled.0,
        password: asked.password.0.map(|password| password.0),
    };
    let user = services.accounts.update_user(&caller, id, expected, &change).await?;
    Ok(Tagged(user.revision, User::from(&user)))
}

/// Take an account away
#[utoipa::path(
    delete, path = "/users/{id}", tag = "users", security(("session" = []), ("token" = ["users:admin"])),
    params(IfMatch), responses((status = 204, description = "It is gone, with its sessions and tokens; its projects stay.")),
)]
pub(super) async fn delete_user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Id(id): Id<UserId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    services.accounts.delete_user(&caller, id, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a link that sets an account's password
#[utoipa::path(
    post, path = "/users/{id}/reset-link", tag = "users", security(("session" = []), ("token" = ["users:admin"])),
    responses((status = 201, description = "It works once, for half an hour.", body = ResetLink)),
)]
pub(super) async fn make_reset_link(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    client: Client,
    Id(id): Id<UserId>,
) -> Result<Created<ResetLink>, Problem> {
    let link = services.accounts.reset_link_for(&caller, id).await?;
    let base = client.base(services.config.door.public_url.as_deref());
    let body = ResetLink { link: Some(format!("{base}{}", link.path())), expires_at: link.expires_at.into() };
    Ok(Created { location: format!("/users/{id}"), body, secret: Some("link") })
}
