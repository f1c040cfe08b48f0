//! `/tokens`: API tokens of one's own.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::{Accounts, Scopes, WantedToken};
use crate::api::Problem;
use crate::api::v1::Services;
use crate::api::v1::give::{Created, Listed, Moment, Tagged};
use crate::api::v1::take::{Body, Id, Ids, IfNoneMatch, Paging, PagingQuery, Signed, may};
use crate::store::{ApiToken, Error, Revision, TokenId, UserId};

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTokenAsked {
    #[schema(example = "Stream deck")]
    name: String,
    /// What it may do; never more than its owner. `*` is everything.
    #[schema(example = json!(["projects:read", "streams:write"]))]
    scopes: Vec<String>,
    /// From when on it does not work.
    expires_at: Option<Moment>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenShown {
    id: String,
    name: String,
    /// Its last characters.
    hint: String,
    scopes: Vec<String>,
    created_at: Moment,
    expires_at: Option<Moment>,
    last_used_at: Option<Moment>,
}

/// A token that has just been made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenMade {
    #[serde(flatten)]
    token: TokenShown,
    /// What a program shows as `Authorization: Bearer`. Told this once; null when an earlier answer is repeated.
    secret: Option<String>,
}

impl From<&ApiToken> for TokenShown {
    fn from(token: &ApiToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.clone(),
            hint: token.hint.clone(),
            scopes: Accounts::scopes_of(token).words().into_iter().map(str::to_owned).collect(),
            created_at: token.created_at.into(),
            expires_at: token.expires_at.map(Into::into),
            last_used_at: token.last_used_at.map(Into::into),
        }
    }
}

/// One's own tokens
#[utoipa::path(
    get, path = "/tokens", tag = "tokens", security(("session" = []), ("token" = ["*"])), params(PagingQuery),
    responses((status = 200, body = Listed<TokenShown>)),
)]
pub(super) async fn tokens(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    paging: Paging,
) -> Result<Json<Listed<TokenShown>>, Problem> {
    let slice = services.accounts.tokens(&caller, caller.user.id, paging.page()?).await?;
    Ok(Json(Listed::of(slice, |token| TokenShown::from(&token))))
}

/// Make a token
#[utoipa::path(
    post, path = "/tokens", tag = "tokens", security(("session" = []), ("token" = ["*"])),
    request_body = NewTokenAsked, responses((status = 201, body = TokenMade)),
)]
pub(super) async fn create_token(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    Body(asked): Body<NewTokenAsked>,
) -> Result<Created<TokenMade>, Problem> {
    let scopes =
        Scopes::parse(asked.scopes.iter().map(String::as_str)).map_err(crate::account::Error::from)?;
    let wanted = WantedToken { name: asked.name, scopes, expires_at: asked.expires_at.map(|at| at.0) };
    let made = services.accounts.create_token(&caller, &wanted).await?;
    let secret = Some(made.token.expose().to_owned());
    let location = format!("/tokens/{}", made.kept.id);
    Ok(Created { location, body: TokenMade { token: (&made.kept).into(), secret }, secret: Some("secret") })
}

/// One of one's own tokens
#[utoipa::path(
    get, path = "/tokens/{id}", tag = "tokens", security(("session" = []), ("token" = ["*"])), params(IfNoneMatch),
    responses((status = 200, body = TokenShown)),
)]
pub(super) async fn token(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    Id(id): Id<TokenId>,
) -> Result<Tagged<TokenShown>, Problem> {
    let token = services.store.token(id).await?;
    if token.user_id != caller.user.id {
        return Err(Error::NotFound("token").into());
    }
    // It never changes but in when it was used, so there is no revision; the tag tells what it says.
    Ok(Tagged(Revision::FIRST, (&token).into()))
}

/// Take a token away
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "tokens", security(("session" = []), ("token" = ["*"])),
    responses((status = 204, description = "It works no more.")),
)]
pub(super) async fn delete_token(
    Signed { caller, .. }: Signed<may::ManageSelf>,
    State(services): State<Services>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Problem> {
    services.accounts.delete_token(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An account's tokens
#[utoipa::path(
    get, path = "/users/{id}/tokens", tag = "users", security(("session" = []), ("token" = ["users:admin"])),
    params(PagingQuery), responses((status = 200, description = "Oldest first.", body = Listed<TokenShown>)),
)]
pub(super) async fn tokens_of_user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Id(id): Id<UserId>,
    paging: Paging,
) -> Result<Json<Listed<TokenShown>>, Problem> {
    services.accounts.user(&caller, id).await?;
    let slice = services.accounts.tokens(&caller, id, paging.page()?).await?;
    Ok(Json(Listed::of(slice, |token| TokenShown::from(&token))))
}

/// Take a token of an account away
#[utoipa::path(
    delete, path = "/users/{id}/tokens/{token_id}", tag = "users",
    security(("session" = []), ("token" = ["users:admin"])),
    responses((status = 204, description = "It works no more.")),
)]
pub(super) async fn delete_token_of_user(
    Signed { caller, .. }: Signed<may::Administer>,
    State(services): State<Services>,
    Ids(user, id): Ids<UserId, TokenId>,
) -> Result<StatusCode, Problem> {
    if services.store.token(id).await?.user_id != user {
        return Err(Error::NotFound("token").into());
    }
    services.accounts.delete_token(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
