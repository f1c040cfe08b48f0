//! Deliveries: one event's way to one webhook, over as many attempts as it takes.
//!
//! Any node may carry one. A node claims what is due for a while; one that dies with it loses the claim, and another goes
//! on. The attempt's number tells a late answer of the first from the second's.

use std::collections::BTreeMap;
use std::time::Duration;

use super::column::{UnixMillis, row, words};
use super::connection::Store;
use super::error::Result;
use super::id::{DeliveryId, EventId, WebhookId};
use super::page::{Page, Slice};
use super::statement::{Statement, sql};

words! {
    /// Where a delivery stands.
    pub enum DeliveryStatus {
        /// To be tried at [`Delivery::next_at`].
        Pending = "pending",
        /// It arrived.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
    }
}

row! {
    /// One event's way to one webhook.
    pub struct Delivery {
        /// Its name here.
        pub id: DeliveryId,
        /// The webhook.
        pub webhook_id: WebhookId,
        /// The event.
        pub event_id: EventId,
        /// Where it stands.
        pub status: DeliveryStatus,
        /// Attempts begun.
        pub attempt: i64,
        /// When it is tried next, or until when a node has it.
        pub next_at: Option<UnixMillis>,
        /// What the last attempt was answered, by HTTP.
        pub response_code: Option<i64>,
        /// Why the last attempt failed.
        pub error: Option<String>,
        /// When the event was handed over.
        pub created_at: UnixMillis,
        /// When anything last happened.
        pub updated_at: UnixMillis,
    }
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Delivered {
        /// The answer.
        code: u32,
    },
    /// It did not, and is tried again.
    Retry {
        /// The answer, if there was one.
        code: Option<u32>,
        /// Why it failed.
        error: String,
        /// When to try again.
        at: UnixMillis,
    },
    /// It did not, and is given up.
    Failed {
        /// The answer, if there was one.
        code: Option<u32>,
        /// Why it failed.
        error: String,
    },
}

impl Store {
    /// Hands an event over to a webhook; it is due at once.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound) when there is no such webhook.
    pub async fn queue_delivery(
        &self,
        webhook: WebhookId,
        event: EventId,
        now: UnixMillis,
    ) -> Result<Delivery> {
        self.one("delivery", queue(webhook, event, now)).await
    }

    /// Takes what is due, for `hold`: nobody else gets it until then. Each is one attempt more.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn claim_deliveries(
        &self,
        hold: Duration,
        at_most: u32,
        now: UnixMillis,
    ) -> Result<Vec<Delivery>> {
        // The condition stands twice: PostgreSQL checks the outer one again after it waited for another claim.
        self.all(sql!(
            "UPDATE webhook_deliveries SET attempt = attempt + 1, next_at = $2, updated_at = $1 \
             WHERE next_at <= $1 AND id IN (SELECT id FROM webhook_deliveries WHERE next_at <= $1 \
             ORDER BY next_at, id LIMIT $3) RETURNING {columns}",
            now,
            now.after(hold),
            at_most
        ))
        .await
    }

    /// Writes down how a claimed attempt went, and with the last what it means for the webhook. Says whether the claim
    /// still held.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn finish_delivery(
        &self,
        claimed: &Delivery,
        outcome: &Outcome,
        now: UnixMillis,
    ) -> Result<bool> {
        let (status, next, code, error) = match outcome {
            Outcome::Delivered { code } => (DeliveryStatus::Delivered, None, Some(*code), None),
            Outcome::Retry { code, error, at } => {
                (DeliveryStatus::Pending, Some(*at), *code, Some(error.clone()))
            }
            Outcome::Failed { code, error } => (DeliveryStatus::Failed, None, *code, Some(error.clone())),
        };
        let mut tx = self.begin().await?;
        let finish = sql!(
            "UPDATE webhook_deliveries SET status = $3, next_at = $4, response_code = $5, error = $6, updated_at = $7 \
             WHERE id = $1 AND attempt = $2 AND status = 'pending'",
            claimed.id,
            claimed.attempt,
            status,
            next,
            code,
            &error,
            now
        );
        if tx.run(finish).await? == 0 {
            return Ok(false);
        }
        let webhook = match status {
            DeliveryStatus::Pending => None,
            DeliveryStatus::Delivered => Some(sql!(
                "UPDATE webhooks SET failures = 0 WHERE id = $1 AND failures <> 0",
                claimed.webhook_id
            )),
            DeliveryStatus::Failed => {
                Some(sql!("UPDATE webhooks SET failures = failures + 1 WHERE id = $1", claimed.webhook_id))
            }
        };
        if let Some(webhook) = webhook {
            tx.run(webhook).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Makes a delivery due again, whatever became of it. One that a node has now stays with it.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn redeliver(&self, id: DeliveryId, now: UnixMillis) -> Result<Delivery> {
        let update = sql!(
            "UPDATE webhook_deliveries SET status = $2, next_at = $3, updated_at = $3 \
             WHERE id = $1 AND status <> $2 RETURNING {columns}",
            id,
            DeliveryStatus::Pending,
            now
        );
        match self.first(update).await? {
            Some(delivery) => Ok(delivery),
            None => self.delivery(id).await,
        }
    }

    /// The delivery.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn delivery(&self, id: DeliveryId) -> Result<Delivery> {
        self.one("delivery", sql!("SELECT {columns} FROM webhook_deliveries WHERE id = $1", id)).await
    }

    /// A webhook's deliveries, newest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        page: Page<DeliveryId>,
    ) -> Result<Slice<Delivery, DeliveryId>> {
        let rows = sql!(
            "SELECT {columns} FROM webhook_deliveries WHERE webhook_id = $1 AND id < COALESCE($2, '~') \
             ORDER BY id DESC LIMIT $3",
            webhook,
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |delivery: &Delivery| delivery.id))
    }

    /// Of what kind the events of these deliveries are, which are one webhook's and stand together. One that was swept
    /// away is missing.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn kinds_of(&self, deliveries: &[Delivery]) -> Result<BTreeMap<EventId, String>> {
        let ids = deliveries.iter().map(|delivery| delivery.id);
        let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else { return Ok(BTreeMap::new()) };
        let rows = sql!(
            "SELECT {columns} FROM events WHERE id IN (SELECT event_id FROM webhook_deliveries \
             WHERE webhook_id = $1 AND id >= $2 AND id <= $3)",
            deliveries[0].webhook_id,
            first,
            last
        );
        Ok(self.all(rows).await?.into_iter().map(|KindOf { id, kind }| (id, kind)).collect())
    }
}

row! {
    /// An event, as far as a list of deliveries names it.
    struct KindOf {
        /// Its name.
        id: EventId,
        /// See [`Event::kind`](super::Event::kind).
        kind: String,
    }
}

/// A delivery that is due at `now`.
pub(super) fn queue(webhook: WebhookId, event: EventId, now: UnixMillis) -> Statement {
    sql!(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, status, next_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $5, $5) RETURNING {columns}",
        DeliveryId::new(now),
        webhook,
        event,
        DeliveryStatus::Pending,
        now
    )
}
