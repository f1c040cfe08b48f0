//! API tokens: what programs show instead of signing in.

use super::column::{Json, Opaque, UnixMillis, row};
use super::connection::Store;
use super::error::{Error, Result};
use super::id::{TokenId, UserId};
use super::page::{Page, Slice};
use super::statement::sql;

row! {
    /// A token.
    pub struct ApiToken {
        /// Its name, to show it and to take it away.
        pub id: TokenId,
        /// Whose it is.
        pub user_id: UserId,
        /// What its owner calls it.
        pub name: String,
        /// The hash of its secret.
        pub token_hash: Opaque,
        /// The secret's last characters.
        pub hint: String,
        /// What it may do: a list of words.
        pub scopes: Json,
        /// When it was made.
        pub created_at: UnixMillis,
        /// From when on it does not work.
        pub expires_at: Option<UnixMillis>,
        /// When it was last used, as far as anybody wrote it down.
        pub last_used_at: Option<UnixMillis>,
    }
}

/// A token to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewToken {
    /// See [`ApiToken::user_id`].
    pub user_id: UserId,
    /// See [`ApiToken::name`].
    pub name: String,
    /// See [`ApiToken::token_hash`].
    pub token_hash: Opaque,
    /// See [`ApiToken::hint`].
    pub hint: String,
    /// See [`ApiToken::scopes`].
    pub scopes: Json,
    /// See [`ApiToken::expires_at`].
    pub expires_at: Option<UnixMillis>,
}

impl Store {
    /// Makes a token.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user.
    pub async fn create_token(&self, new: &NewToken, now: UnixMillis) -> Result<ApiToken> {
        self.one(
            "token",
            sql!(
                "INSERT INTO api_tokens (id, user_id, name, token_hash, hint, scopes, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {columns}",
                TokenId::new(now),
                new.user_id,
                &new.name,
                &new.token_hash,
                &new.hint,
                &new.scopes,
                now,
                new.expires_at
            ),
        )
        .await
    }

    /// The token with this secret, if it still works and its account may sign in.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn token_by_hash(&self, hash: &[u8], now: UnixMillis) -> Result<Option<ApiToken>> {
        self.first(sql!(
            "SELECT {columns} FROM api_tokens WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > $2) \
             AND EXISTS (SELECT 1 FROM users WHERE users.id = api_tokens.user_id AND users.disabled = FALSE)",
            hash,
            now
        ))
        .await
    }

    /// Writes down that it was used.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn touch_token(&self, id: TokenId, now: UnixMillis) -> Result<()> {
        self.run(sql!("UPDATE api_tokens SET last_used_at = $2 WHERE id = $1", id, now)).await.map(|_| ())
    }

    /// An account's tokens, oldest first, the ones that do not work any more too.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn tokens(&self, user: UserId, page: Page<TokenId>) -> Result<Slice<ApiToken, TokenId>> {
        let rows = sql!(
            "SELECT {columns} FROM api_tokens WHERE user_id = $1 AND id > COALESCE($2, '') ORDER BY id LIMIT $3",
            user,
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |token: &ApiToken| token.id))
    }

    /// The token.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn token(&self, id: TokenId) -> Result<ApiToken> {
        self.one("token", sql!("SELECT {columns} FROM api_tokens WHERE id = $1", id)).await
    }

    /// Takes a token away.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_token(&self, id: TokenId) -> Result<()> {
        match self.run(sql!("DELETE FROM api_tokens WHERE id = $1", id)).await? {
            0 => Err(Error::NotFound("token")),
            _ => Ok(()),
        }
    }
}
