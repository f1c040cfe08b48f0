//! API tokens: what programs show instead of signing in.

use super::sessions::over;
use super::token::Kind;
use super::{Accounts, Action, Caller, Error, FieldFault, Scopes, Token, fields};
use crate::store::{ApiToken, NewToken, Page, Slice, TokenId, UnixMillis, UserId};

/// Tokens of one account at most.
const TOKENS_MAX: u32 = 100;

/// A token to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedToken {
    /// What its owner calls it.
    pub name: String,
    /// What it may do; never more than its owner at that time.
    pub scopes: Scopes,
    /// From when on it does not work.
    pub expires_at: Option<UnixMillis>,
}

/// A token that has just been made.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// What the program shows, told this once.
    pub token: Token,
    /// What is kept.
    pub kept: ApiToken,
}

impl Accounts {
    /// Makes a token of the caller's own.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Field`], [`Error::ScopeNotYours`], [`Error::Full`].
    pub async fn create_token(&self, caller: &Caller, wanted: &WantedToken) -> Result<MadeToken, Error> {
        caller.may(Action::ManageSelf)?;
        fields::token_name(&wanted.name)?;
        let now = self.now();
        if wanted.scopes.is_empty() {
            return Err(FieldFault::NoScopes.into());
        }
        if wanted.expires_at.is_some_and(|end| end <= now) {
            return Err(FieldFault::Expiry.into());
        }
        if !caller.scopes.covers(wanted.scopes) {
            return Err(Error::ScopeNotYours);
        }
        // Two that are made at once may both be the last one; one more than that hurts nobody.
        let there = self.0.store.tokens(caller.user.id, Page::first(TOKENS_MAX)).await?.items;
        if there.len() >= TOKENS_MAX as usize {
            return Err(Error::Full { at_most: TOKENS_MAX });
        }
        let token = Token::new(Kind::Api)?;
        let new = NewToken {
            user_id: caller.user.id,
            name: wanted.name.clone(),
            token_hash: token.hash(),
            hint: token.hint(),
            scopes: wanted.scopes.to_json(),
            expires_at: wanted.expires_at,
        };
        let kept = self.0.store.create_token(&new, now).await?;
        tracing::info!(user = %caller.user.id, token = %kept.id, scopes = ?wanted.scopes, "made an API token");
        Ok(MadeToken { token, kept })
    }

    /// An account's tokens, oldest first, also those that do not work any more: the caller's own, or another's for an
    /// administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of the store.
    pub async fn tokens(
        &self,
        caller: &Caller,
        user: UserId,
        page: Page<TokenId>,
    ) -> Result<Slice<ApiToken, TokenId>, Error> {
        caller.may(over(caller, user))?;
        Ok(self.0.store.tokens(user, page).await?)
    }

    /// Takes a token away: one of the caller's own, or another's for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of the store, [`NotFound`](crate::store::Error::NotFound) also for another's.
    pub async fn delete_token(&self, caller: &Caller, id: TokenId) -> Result<(), Error> {
        let token = self.0.store.token(id).await?;
        if token.user_id != caller.user.id && caller.may(Action::Administer).is_err() {
            return Err(crate::store::Error::NotFound("token").into());
        }
        caller.may(over(caller, token.user_id))?;
        let deleted = self.0.store.delete_token(id).await;
        self.0.recent.forget();
        tracing::info!(user = %caller.user.id, token = %id, "took an API token away");
        Ok(deleted?)
    }

    /// What the scopes of a token are, for showing it.
    #[must_use]
    pub fn scopes_of(token: &ApiToken) -> Scopes {
        Scopes::from_json(&token.scopes)
    }
}
