//! Takes away what is too old, a bounded number of rows at a time, so that nobody waits long behind it.

use std::time::Duration;

use super::column::UnixMillis;
use super::connection::Store;
use super::error::Result;
use super::statement::sql;

/// How long things are kept, and how many rows go at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Events.
    pub events: Duration,
    /// Deliveries that are over.
    pub deliveries: Duration,
    /// Broadcasts that are over.
    pub streams: Duration,
    /// Rows of each kind that one call takes away at most.
    pub batch: u32,
}

/// What a call took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Sessions past their end.
    pub sessions: u64,
    /// One-time links past their end, used or not.
    pub links: u64,
    /// Remembered requests past their end.
    pub requests: u64,
    /// Events.
    pub events: u64,
    /// Deliveries.
    pub deliveries: u64,
    /// Broadcasts.
    pub streams: u64,
}

impl Swept {
    /// Whether some kind was cut short by the batch, so that another call finds more.
    #[must_use]
    pub fn may_have_more(&self, keep: &Keep) -> bool {
        [self.sessions, self.links, self.requests, self.events, self.deliveries, self.streams]
            .contains(&u64::from(keep.batch))
    }
}

impl Store {
    /// Takes away what is too old. Each kind is a transaction of its own, so a failure leaves what went before.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn sweep(&self, keep: &Keep, now: UnixMillis) -> Result<Swept> {
        let batch = keep.batch;
        Ok(Swept {
            sessions: self
                .run(sql!(
                    "DELETE FROM sessions WHERE id IN \
                     (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                    now,
                    batch
                ))
                .await?,
            links: self
                .run(sql!(
                    "DELETE FROM setup_links WHERE token_hash IN \
                     (SELECT token_hash FROM setup_links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                    now,
                    batch
                ))
                .await?,
            requests: self
                .run(sql!(
                    "DELETE FROM idempotency WHERE (user_id, key) IN \
                     (SELECT user_id, key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                    now,
                    batch
                ))
                .await?,
            events: self
                .run(sql!(
                    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at <= $1 ORDER BY at LIMIT $2)",
                    now.before(keep.events),
                    batch
                ))
                .await?,
            deliveries: self
                .run(sql!(
                    "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries \
                     WHERE updated_at <= $1 AND status <> 'pending' ORDER BY updated_at LIMIT $2)",
                    now.before(keep.deliveries),
                    batch
                ))
                .await?,
            streams: self
                .run(sql!(
                    "DELETE FROM streams WHERE id IN \
                     (SELECT id FROM streams WHERE ended_at <= $1 ORDER BY ended_at LIMIT $2)",
                    now.before(keep.streams),
                    batch
                ))
                .await?,
        })
    }
}
