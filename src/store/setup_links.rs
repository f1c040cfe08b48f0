//! One-time links: the one that makes the first account, and those that set an account's password.

use super::column::{Opaque, UnixMillis, row};
use super::connection::{Store, Tx};
use super::error::Result;
use super::id::UserId;
use super::statement::sql;

row! {
    /// A link that works once.
    pub struct SetupLink {
        /// The hash of its secret.
        pub token_hash: Opaque,
        /// Whose password it sets; nobody's for the link that makes the first account.
        pub user_id: Option<UserId>,
        /// When it was made.
        pub created_at: UnixMillis,
        /// From when on it does not work.
        pub expires_at: UnixMillis,
        /// When it was used.
        pub used_at: Option<UnixMillis>,
    }
}

impl Store {
    /// Makes a link. An older one for the same purpose stops working.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound) when there is no such user.
    pub async fn create_setup_link(
        &self,
        hash: &Opaque,
        user: Option<UserId>,
        now: UnixMillis,
        expires_at: UnixMillis,
    ) -> Result<SetupLink> {
        let mut tx = self.begin().await?;
        tx.run(sql!("DELETE FROM setup_links WHERE user_id IS NOT DISTINCT FROM $1", user)).await?;
        let insert = sql!(
            "INSERT INTO setup_links (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4) \
             RETURNING {columns}",
            hash,
            user,
            now,
            expires_at
        );
        let link = tx.one("setup link", insert).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// The link, if it still works.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn setup_link(&self, hash: &[u8], now: UnixMillis) -> Result<Option<SetupLink>> {
        self.first(sql!(
            "SELECT {columns} FROM setup_links WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
            hash,
            now
        ))
        .await
    }

    /// Uses a link up that does nothing more here.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound) when it is used, too old or unknown.
    pub async fn take_setup_link(&self, hash: &[u8], now: UnixMillis) -> Result<SetupLink> {
        let mut tx = self.begin().await?;
        let taken = take(&mut tx, hash, now).await?;
        tx.commit().await?;
        Ok(taken)
    }
}

/// Uses a link up, for what else the transaction does.
pub(super) async fn take(tx: &mut Tx<'_>, hash: &[u8], now: UnixMillis) -> Result<SetupLink> {
    tx.one(
        "setup link",
        sql!(
            "UPDATE setup_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 \
             RETURNING {columns}",
            hash,
            now
        ),
    )
    .await
}
