//! What people do with webhooks. Lists and single rows are read from the store as they are.

use std::time::SystemTime;

use serde_json::json;
use zeroize::Zeroizing;

use super::error::{Error, Fault, Result};
use super::{Room, Secret, Webhooks, now, rules};
use crate::journal::Kind;
use crate::store::{
    Attempts, Delivery, DeliveryId, Json, NewEvent, Opaque, Page, ProjectId, Revision, SealedKey, UnixMillis,
    Webhook, WebhookFields, WebhookId,
};
use crate::vault::{self, Purpose};

/// A webhook that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookWish {
    /// Whose events it gets; everybody's without.
    pub project: Option<ProjectId>,
    /// Where they go.
    pub url: String,
    /// Which: names of kinds, families such as `stream.*`, or `*`.
    pub events: Vec<String>,
    /// Whether it is told.
    pub enabled: bool,
}

/// What somebody wants otherwise; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookChange {
    /// See [`WebhookWish::project`]; `Some(None)` for everybody's.
    pub project: Option<Option<ProjectId>>,
    /// See [`WebhookWish::url`].
    pub url: Option<String>,
    /// See [`WebhookWish::events`].
    pub events: Option<Vec<String>>,
    /// See [`WebhookWish::enabled`].
    pub enabled: Option<bool>,
}

/// A webhook with a new secret, which is shown this once.
#[derive(Debug, Clone)]
pub struct Made {
    /// The row.
    pub row: Webhook,
    /// What its deliveries are signed with.
    pub secret: Zeroizing<String>,
}

impl Webhooks {
    /// Makes a webhook with a secret of its own.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, [`Error::Full`], and those of the store: no such project.
    pub async fn create(&self, wish: WebhookWish) -> Result<Made> {
        let room = &self.room;
        room.check(Some(&wish.url), Some(&wish.events))?;
        if room.count().await? >= room.config.webhooks_max {
            return Err(Error::Full { at_most: room.config.webhooks_max });
        }
        let (secret, sealed) = room.new_secret()?;
        let fields = WebhookFields {
            project_id: wish.project,
            url: wish.url,
            events: Json(json!(wish.events)),
            secret: sealed,
            enabled: wish.enabled,
        };
        let row = room.store.create_webhook(&fields, now()).await?;
        Ok(Made { row, secret })
    }

    /// Changes a webhook that is as the caller saw it, where they say how that was.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, and those of the store: it is not there, or has changed.
    pub async fn change(
        &self,
        id: WebhookId,
        expected: Option<Revision>,
        change: WebhookChange,
    ) -> Result<Webhook> {
        let room = &self.room;
        room.check(change.url.as_deref(), change.events.as_deref())?;
        let mut attempts = Attempts::of(expected);
        loop {
            let row = room.store.webhook(id).await?;
            let mut fields = row.fields();
            if let Some(project) = change.project {
                fields.project_id = project;
            }
            if let Some(url) = &change.url {
                fields.url.clone_from(url);
            }
            if let Some(events) = &change.events {
                fields.events = Json(json!(events));
            }
            fields.enabled = change.enabled.unwrap_or(fields.enabled);
            match room.store.update_webhook(id, attempts.on(row.revision), &fields, now()).await {
                Ok(row) => return Ok(row),
                Err(error) => attempts.after(error)?,
            }
        }
    }

    /// Gives a webhook another secret. What is delivered from now on is signed with it.
    ///
    /// # Errors
    /// Those of the store: it is not there, or has changed.
    pub async fn rotate(&self, id: WebhookId, expected: Revision) -> Result<Made> {
        let room = &self.room;
        let (secret, sealed) = room.new_secret()?;
        let fields = WebhookFields { secret: sealed, ..room.store.webhook(id).await?.fields() };
        let row = room.store.update_webhook(id, expected, &fields, now()).await?;
        Ok(Made { row, secret })
    }

    /// Shows the secret again.
    ///
    /// # Errors
    /// It is not there, or was sealed with a server key that is not.
    pub async fn reveal(&self, id: WebhookId) -> Result<Zeroizing<String>> {
        let row = self.room.store.webhook(id).await?;
        Ok(self.room.vault.open(Purpose::WebhookSecret, &row.secret_sealed.0, row.sealed_with)?)
    }

    /// Sends a test event to a webhook, also to one that is switched off, once.
    ///
    /// # Errors
    /// Those of the store: it is not there.
    pub async fn test(&self, id: WebhookId) -> Result<Delivery> {
        let room = &self.room;
        let webhook = room.store.webhook(id).await?;
        let event = NewEvent {
            kind: Kind::WebhookTest.as_str().to_owned(),
            project_id: webhook.project_id,
            stream_id: None,
            at: UnixMillis::from(SystemTime::now()),
            data: Json(json!({ "webhook_id": id.to_string(), "message": "This is a test." })),
        };
        let event = room.journal.keep(event).await?;
        let delivery = room.store.queue_delivery(id, event.id, now()).await?;
        room.wake.notify_one();
        Ok(delivery)
    }

    /// Makes a delivery due again, whatever became of it. One that is older than the schedule is tried once.
    ///
    /// # Errors
    /// Those of the store: it is not there.
    pub async fn redeliver(&self, id: DeliveryId) -> Result<Delivery> {
        let delivery = self.room.store.redeliver(id, now()).await?;
        self.room.wake.notify_one();
        Ok(delivery)
    }
}

impl Room {
    /// All that is wrong, at once.
    fn check(&self, url: Option<&str>, events: Option<&[String]>) -> Result<()> {
        let mut faults: Vec<Fault> = Vec::new();
        faults.extend(url.and_then(|url| rules::url(url, &self.config).err()));
        faults.extend(events.and_then(|events| rules::events(events).err()));
        if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
    }

    fn new_secret(&self) -> Result<(Zeroizing<String>, SealedKey)> {
        let secret = Secret::generate().map_err(|error| Error::Client(error.to_string()))?;
        let text = secret.text();
        let sealed = self.vault.seal(Purpose::WebhookSecret, &text)?;
        let sealed =
            SealedKey { sealed: Opaque(sealed.bytes), hint: vault::hint(&text), sealed_with: sealed.key_id };
        Ok((text, sealed))
    }

    async fn count(&self) -> Result<usize> {
        let (mut count, mut page) = (0, Page::first(Page::<WebhookId>::LIMIT_MAX));
        loop {
            let slice = self.store.webhooks(page).await?;
            count += slice.items.len();
            let Some(next) = slice.next else { return Ok(count) };
            page = Page::after(next, Page::<WebhookId>::LIMIT_MAX);
        }
    }
}
