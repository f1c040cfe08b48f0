//! Requests that carry an `Idempotency-Key`: done once, and answered the same when they come again.

use std::time::Duration;

use super::column::{Opaque, UnixMillis, row};
use super::connection::Store;
use super::error::{Error, Result};
use super::id::UserId;
use super::statement::sql;

row! {
    /// What is kept of a request.
    struct Kept {
        /// What was asked.
        request_hash: Opaque,
        /// What was answered; nothing yet without.
        status: Option<i64>,
        /// The answer's body.
        body: Option<Opaque>,
    }
}

/// A request that asks to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Who asks: keys of two accounts do not meet.
    pub user: UserId,
    /// The key.
    pub key: &'a str,
    /// The hash of method, path and body.
    pub request_hash: &'a [u8],
    /// How long nobody else may begin it: past that, a process that died with it is not waited for.
    pub lock: Duration,
    /// How long the answer is kept.
    pub keep: Duration,
}

/// What is to be done about the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Do it, and then call [`Store::finish_request`] or [`Store::abandon_request`].
    New,
    /// It was done: answer this again.
    Done {
        /// The status.
        status: i64,
        /// The body.
        body: Opaque,
    },
    /// It is being done.
    Running,
    /// The key was for another request.
    Different,
}

impl Store {
    /// Says what is to be done about a request. Of several at once one is [`Claimed::New`].
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user.
    pub async fn claim_request(&self, claim: &Claim<'_>, now: UnixMillis) -> Result<Claimed> {
        let mut tx = self.begin().await?;
        let stale = sql!(
            "DELETE FROM idempotency WHERE user_id = $1 AND key = $2 \
             AND (expires_at <= $3 OR (status IS NULL AND locked_until <= $3))",
            claim.user,
            claim.key,
            now
        );
        tx.run(stale).await?;
        let insert = sql!(
            "INSERT INTO idempotency (user_id, key, request_hash, locked_until, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, key) DO NOTHING",
            claim.user,
            claim.key,
            claim.request_hash,
            now.after(claim.lock),
            now,
            now.after(claim.keep)
        );
        let claimed = if tx.run(insert).await? == 1 {
            Claimed::New
        } else {
            let find = sql!(
                "SELECT {columns} FROM idempotency WHERE user_id = $1 AND key = $2",
                claim.user,
                claim.key
            );
            // Gone between the two statements: whoever had it gave it up, so the caller asks again.
            match tx.first::<Kept>(find).await? {
                Some(kept) if kept.request_hash.0 != claim.request_hash => Claimed::Different,
                Some(Kept { status: Some(status), body, .. }) => {
                    Claimed::Done { status, body: body.unwrap_or(Opaque(Vec::new())) }
                }
                _ => Claimed::Running,
            }
        };
        tx.commit().await?;
        Ok(claimed)
    }

    /// Keeps the answer of a request that was [`Claimed::New`].
    ///
    /// # Errors
    /// [`Error::NotFound`] when the claim is gone for its age.
    pub async fn finish_request(&self, user: UserId, key: &str, status: i64, body: &Opaque) -> Result<()> {
        let finish = sql!(
            "UPDATE idempotency SET status = $3, body = $4 WHERE user_id = $1 AND key = $2 AND status IS NULL",
            user,
            key,
            status,
            body
        );
        match self.run(finish).await? {
            0 => Err(Error::NotFound("request")),
            _ => Ok(()),
        }
    }

    /// Lets a request that was [`Claimed::New`] and has not been done be tried again.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn abandon_request(&self, user: UserId, key: &str) -> Result<()> {
        let abandon =
            sql!("DELETE FROM idempotency WHERE user_id = $1 AND key = $2 AND status IS NULL", user, key);
        self.run(abandon).await.map(|_| ())
    }
}
