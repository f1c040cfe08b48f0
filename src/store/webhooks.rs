//! Webhooks: addresses that are told of events.

use super::column::{Json, Opaque, Revision, UnixMillis, row};
use super::connection::Store;
use super::destinations::SealedKey;
use super::error::Result;
use super::id::{ProjectId, WebhookId};
use super::page::{Page, Slice};
use super::statement::{Statement, sql};

row! {
    /// A webhook.
    pub struct Webhook {
        /// Its name here.
        pub id: WebhookId,
        /// Whose events it gets; everybody's without.
        pub project_id: Option<ProjectId>,
        /// Where they go.
        pub url: String,
        /// Which kinds: a list of words.
        pub events: Json,
        /// The secret that signs, sealed.
        pub secret_sealed: Opaque,
        /// The secret's last characters.
        pub secret_hint: String,
        /// Which server key sealed it.
        pub sealed_with: i64,
        /// Whether it is told.
        pub enabled: bool,
        /// Deliveries that were given up since the last that arrived.
        pub failures: i64,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When it was last changed.
        pub updated_at: UnixMillis,
        /// How often it was changed.
        pub revision: Revision,
    }
}

/// What can be changed of a webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookFields {
    /// See [`Webhook::project_id`].
    pub project_id: Option<ProjectId>,
    /// See [`Webhook::url`].
    pub url: String,
    /// See [`Webhook::events`].
    pub events: Json,
    /// See [`Webhook::secret_sealed`].
    pub secret: SealedKey,
    /// See [`Webhook::enabled`].
    pub enabled: bool,
}

impl Webhook {
    /// What can be changed of it, as it is: the start of every change.
    #[must_use]
    pub fn fields(&self) -> WebhookFields {
        WebhookFields {
            project_id: self.project_id,
            url: self.url.clone(),
            events: self.events.clone(),
            secret: SealedKey {
                sealed: self.secret_sealed.clone(),
                hint: self.secret_hint.clone(),
                sealed_with: self.sealed_with,
            },
            enabled: self.enabled,
        }
    }
}

impl Store {
    /// Makes a webhook.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound) when there is no such project.
    pub async fn create_webhook(&self, fields: &WebhookFields, now: UnixMillis) -> Result<Webhook> {
        self.one(
            "webhook",
            sql!(
                "INSERT INTO webhooks (id, project_id, url, events, secret_sealed, secret_hint, sealed_with, enabled, \
                 created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING {columns}",
                WebhookId::new(now),
                fields.project_id,
                &fields.url,
                &fields.events,
                &fields.secret.sealed,
                &fields.secret.hint,
                fields.secret.sealed_with,
                fields.enabled,
                now
            ),
        )
        .await
    }

    /// The webhook.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn webhook(&self, id: WebhookId) -> Result<Webhook> {
        self.one("webhook", sql!("SELECT {columns} FROM webhooks WHERE id = $1", id)).await
    }

    /// Webhooks, oldest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn webhooks(&self, page: Page<WebhookId>) -> Result<Slice<Webhook, WebhookId>> {
        let rows = sql!(
            "SELECT {columns} FROM webhooks WHERE id > COALESCE($1, '') ORDER BY id LIMIT $2",
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |webhook: &Webhook| webhook.id))
    }

    /// Changes a webhook that is as the caller saw it. One that is enabled again starts without failures.
    ///
    /// # Errors
    /// [`Error::Conflict`](super::Error::Conflict), [`Error::NotFound`](super::Error::NotFound).
    pub async fn update_webhook(
        &self,
        id: WebhookId,
        expected: Revision,
        fields: &WebhookFields,
        now: UnixMillis,
    ) -> Result<Webhook> {
        let update = sql!(
            "UPDATE webhooks SET project_id = $3, url = $4, events = $5, secret_sealed = $6, secret_hint = $7, \
             sealed_with = $8, failures = CASE WHEN enabled = $9 THEN failures ELSE 0 END, enabled = $9, \
             updated_at = $10, revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING {columns}",
            id,
            expected,
            fields.project_id,
            &fields.url,
            &fields.events,
            &fields.secret.sealed,
            &fields.secret.hint,
            fields.secret.sealed_with,
            fields.enabled,
            now
        );
        self.change("webhook", expected, update, revision_of(id)).await
    }

    /// Takes a webhook away, with its deliveries.
    ///
    /// # Errors
    /// [`Error::Conflict`](super::Error::Conflict) when a revision is expected and another found;
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn delete_webhook(&self, id: WebhookId, expected: Option<Revision>) -> Result<()> {
        let delete =
            sql!("DELETE FROM webhooks WHERE id = $1 AND revision = COALESCE($2, revision)", id, expected);
        self.delete("webhook", expected, delete, revision_of(id)).await
    }

    /// Some webhooks whose secret another server key than this one sealed.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn webhooks_to_reseal(&self, server_key: i64, at_most: u32) -> Result<Vec<Webhook>> {
        self.all(sql!(
            "SELECT {columns} FROM webhooks WHERE sealed_with <> $1 ORDER BY id LIMIT $2",
            server_key,
            at_most
        ))
        .await
    }

    /// Replaces the sealed secret, unless the row has changed since; says whether it did. The revision stays.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn reseal_webhook(&self, seen: &Webhook, sealed: &Opaque, server_key: i64) -> Result<bool> {
        let update = sql!(
            "UPDATE webhooks SET secret_sealed = $4, sealed_with = $5 \
             WHERE id = $1 AND revision = $2 AND sealed_with = $3",
            seen.id,
            seen.revision,
            seen.sealed_with,
            sealed,
            server_key
        );
        Ok(self.run(update).await? == 1)
    }
}

fn revision_of(id: WebhookId) -> Statement {
    sql!("SELECT revision FROM webhooks WHERE id = $1", id)
}
