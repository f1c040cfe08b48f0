//! Signed-in browsers. A session is a row, so taking the row away ends it at once.

use super::column::{Opaque, UnixMillis, row};
use super::connection::Store;
use super::error::{Error, Result};
use super::id::{SessionId, UserId};
use super::page::{Page, Slice};
use super::statement::sql;

row! {
    /// A signed-in browser.
    pub struct Session {
        /// Its name, to show it and to end it.
        pub id: SessionId,
        /// Who is signed in.
        pub user_id: UserId,
        /// The hash of its secret.
        pub token_hash: Opaque,
        /// When it began.
        pub created_at: UnixMillis,
        /// When it was last used, as far as anybody wrote it down.
        pub last_seen_at: UnixMillis,
        /// From when on it does not work.
        pub expires_at: UnixMillis,
        /// Where it came from last.
        pub address: String,
        /// What the browser calls itself.
        pub user_agent: String,
    }
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSession {
    /// See [`Session::user_id`].
    pub user_id: UserId,
    /// See [`Session::token_hash`].
    pub token_hash: Opaque,
    /// See [`Session::expires_at`].
    pub expires_at: UnixMillis,
    /// See [`Session::address`].
    pub address: String,
    /// See [`Session::user_agent`].
    pub user_agent: String,
}

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user.
    pub async fn create_session(&self, new: &NewSession, now: UnixMillis) -> Result<Session> {
        self.one(
            "session",
            sql!(
                "INSERT INTO sessions (id, user_id, token_hash, created_at, last_seen_at, expires_at, address, \
                 user_agent) VALUES ($1, $2, $3, $4, $4, $5, $6, $7) RETURNING {columns}",
                SessionId::new(now),
                new.user_id,
                &new.token_hash,
                now,
                new.expires_at,
                &new.address,
                &new.user_agent
            ),
        )
        .await
    }

    /// The session with this secret, if it still works and its account may sign in.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn session_by_hash(&self, hash: &[u8], now: UnixMillis) -> Result<Option<Session>> {
        self.first(sql!(
            "SELECT {columns} FROM sessions WHERE token_hash = $1 AND expires_at > $2 \
             AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.disabled = FALSE)",
            hash,
            now
        ))
        .await
    }

    /// Writes down that it was used, and until when it works now. A session that is gone stays gone.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn touch_session(
        &self,
        id: SessionId,
        address: &str,
        now: UnixMillis,
        expires_at: UnixMillis,
    ) -> Result<()> {
        let touch = sql!(
            "UPDATE sessions SET last_seen_at = $2, expires_at = $3, address = $4 WHERE id = $1",
            id,
            now,
            expires_at,
            address
        );
        self.run(touch).await.map(|_| ())
    }

    /// An account's sessions, newest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn sessions(&self, user: UserId, page: Page<SessionId>) -> Result<Slice<Session, SessionId>> {
        let rows = sql!(
            "SELECT {columns} FROM sessions WHERE user_id = $1 AND id < COALESCE($2, '~') ORDER BY id DESC LIMIT $3",
            user,
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |session: &Session| session.id))
    }

    /// The session, whether it still works or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn session(&self, id: SessionId) -> Result<Session> {
        self.one("session", sql!("SELECT {columns} FROM sessions WHERE id = $1", id)).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_session(&self, id: SessionId) -> Result<()> {
        match self.run(sql!("DELETE FROM sessions WHERE id = $1", id)).await? {
            0 => Err(Error::NotFound("session")),
            _ => Ok(()),
        }
    }

    /// Ends all sessions of an account but one, and says how many.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn delete_sessions(&self, user: UserId, but: Option<SessionId>) -> Result<u64> {
        self.run(sql!("DELETE FROM sessions WHERE user_id = $1 AND id <> COALESCE($2, '')", user, but)).await
    }
}
