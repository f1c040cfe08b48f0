//! Stream keys: the secrets that publish. Here they are a keyed hash to find them by and sealed bytes to show them again.

use super::column::{Opaque, Revision, UnixMillis, row};
use super::connection::{Store, Tx};
use super::error::{Error, Result};
use super::id::{ProjectId, StreamKeyId};
use super::page::{Page, Slice};
use super::projects;
use super::statement::{Statement, sql};

row! {
    /// A key that publishes into a project.
    pub struct StreamKey {
        /// Its name here.
        pub id: StreamKeyId,
        /// The project.
        pub project_id: ProjectId,
        /// What people call it: the encoder it was given to.
        pub name: String,
        /// The secret's keyed hash. Unique.
        pub key_lookup: Opaque,
        /// The secret, sealed.
        pub key_sealed: Opaque,
        /// The secret's last characters.
        pub key_hint: String,
        /// Which server key made the two.
        pub sealed_with: i64,
        /// It does not publish for now.
        pub disabled: bool,
        /// From when on it does not publish: a key that was replaced goes on for a while.
        pub expires_at: Option<UnixMillis>,
        /// When it last published, as far as anybody wrote it down.
        pub last_used_at: Option<UnixMillis>,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When it was last changed.
        pub updated_at: UnixMillis,
        /// How often it was changed.
        pub revision: Revision,
    }
}

impl StreamKey {
    /// Whether it publishes now.
    #[must_use]
    pub fn publishes(&self, now: UnixMillis) -> bool {
        !self.disabled && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A key to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStreamKey {
    /// See [`StreamKey::name`].
    pub name: String,
    /// See [`StreamKey::key_lookup`].
    pub lookup: Opaque,
    /// See [`StreamKey::key_sealed`].
    pub sealed: Opaque,
    /// See [`StreamKey::key_hint`].
    pub hint: String,
    /// See [`StreamKey::sealed_with`].
    pub sealed_with: i64,
    /// See [`StreamKey::expires_at`].
    pub expires_at: Option<UnixMillis>,
}

/// What can be changed of a key. Its secret cannot: that is another key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKeyFields {
    /// See [`StreamKey::name`].
    pub name: String,
    /// See [`StreamKey::disabled`].
    pub disabled: bool,
    /// See [`StreamKey::expires_at`].
    pub expires_at: Option<UnixMillis>,
}

impl Store {
    /// Adds a key to a project that then has `at_most` of them.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::NotFound`] when there is no such project, [`Error::Duplicate`] when the secret is taken.
    pub async fn create_stream_key(
        &self,
        project: ProjectId,
        new: &NewStreamKey,
        at_most: u32,
        now: UnixMillis,
    ) -> Result<StreamKey> {
        let mut tx = self.begin().await?;
        projects::hold(&mut tx, project).await?;
        let there =
            tx.number(sql!("SELECT count(*) FROM stream_keys WHERE project_id = $1", project)).await?;
        if there.unwrap_or(0) >= i64::from(at_most) {
            return Err(Error::Full { at_most });
        }
        let key = insert(&mut tx, project, new, now).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// The key.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn stream_key(&self, id: StreamKeyId) -> Result<StreamKey> {
        self.one("stream key", sql!("SELECT {columns} FROM stream_keys WHERE id = $1", id)).await
    }

    /// The key with this keyed hash, whether it publishes or not: who shows one that is disabled or too old is told so.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn stream_key_by_lookup(&self, lookup: &[u8]) -> Result<Option<StreamKey>> {
        self.first(sql!("SELECT {columns} FROM stream_keys WHERE key_lookup = $1", lookup)).await
    }

    /// A project's keys, oldest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn stream_keys(
        &self,
        project: ProjectId,
        page: Page<StreamKeyId>,
    ) -> Result<Slice<StreamKey, StreamKeyId>> {
        let rows = sql!(
            "SELECT {columns} FROM stream_keys WHERE project_id = $1 AND id > COALESCE($2, '') ORDER BY id LIMIT $3",
            project,
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |key: &StreamKey| key.id))
    }

    /// Changes a key that is as the caller saw it.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::NotFound`].
    pub async fn update_stream_key(
        &self,
        id: StreamKeyId,
        expected: Revision,
        fields: &StreamKeyFields,
        now: UnixMillis,
    ) -> Result<StreamKey> {
        let update = sql!(
            "UPDATE stream_keys SET name = $3, disabled = $4, expires_at = $5, updated_at = $6, \
             revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING {columns}",
            id,
            expected,
            &fields.name,
            fields.disabled,
            fields.expires_at,
            now
        );
        self.change("stream key", expected, update, revision_of(id)).await
    }

    /// Puts a new key beside one that publishes until `until` only. Both happen or neither.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the old one is not as the caller saw it; [`Error::NotFound`], [`Error::Duplicate`].
    pub async fn rotate_stream_key(
        &self,
        id: StreamKeyId,
        expected: Revision,
        new: &NewStreamKey,
        until: UnixMillis,
        now: UnixMillis,
    ) -> Result<StreamKey> {
        let mut tx = self.begin().await?;
        let update = sql!(
            "UPDATE stream_keys SET expires_at = $3, updated_at = $4, revision = revision + 1 \
             WHERE id = $1 AND revision = $2 RETURNING {columns}",
            id,
            expected,
            until,
            now
        );
        let Some(old) = tx.first::<StreamKey>(update).await? else {
            return Err(tx.unchanged("stream key", expected, revision_of(id)).await);
        };
        let key = insert(&mut tx, old.project_id, new, now).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Writes down that it publishes.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn touch_stream_key(&self, id: StreamKeyId, now: UnixMillis) -> Result<()> {
        self.run(sql!("UPDATE stream_keys SET last_used_at = $2 WHERE id = $1", id, now)).await.map(|_| ())
    }

    /// Takes a key away.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a revision is expected and another found; [`Error::NotFound`].
    pub async fn delete_stream_key(&self, id: StreamKeyId, expected: Option<Revision>) -> Result<()> {
        let delete =
            sql!("DELETE FROM stream_keys WHERE id = $1 AND revision = COALESCE($2, revision)", id, expected);
        self.delete("stream key", expected, delete, revision_of(id)).await
    }

    /// Some keys that another server key than this one sealed.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn stream_keys_to_reseal(&self, server_key: i64, at_most: u32) -> Result<Vec<StreamKey>> {
        self.all(sql!(
            "SELECT {columns} FROM stream_keys WHERE sealed_with <> $1 ORDER BY id LIMIT $2",
            server_key,
            at_most
        ))
        .await
    }

    /// Replaces what a server key made of the secret, unless the row has changed since; says whether it did. The
    /// revision stays: nobody outside sees a difference.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when another row has the new keyed hash.
    pub async fn reseal_stream_key(
        &self,
        seen: &StreamKey,
        lookup: &Opaque,
        sealed: &Opaque,
        server_key: i64,
    ) -> Result<bool> {
        let update = sql!(
            "UPDATE stream_keys SET key_lookup = $4, key_sealed = $5, sealed_with = $6 \
             WHERE id = $1 AND revision = $2 AND sealed_with = $3",
            seen.id,
            seen.revision,
            seen.sealed_with,
            lookup,
            sealed,
            server_key
        );
        Ok(self.run(update).await? == 1)
    }
}

fn revision_of(id: StreamKeyId) -> Statement {
    sql!("SELECT revision FROM stream_keys WHERE id = $1", id)
}

pub(super) async fn insert(
    tx: &mut Tx<'_>,
    project: ProjectId,
    new: &NewStreamKey,
    now: UnixMillis,
) -> Result<StreamKey> {
    tx.one(
        "stream key",
        sql!(
            "INSERT INTO stream_keys (id, project_id, name, key_lookup, key_sealed, key_hint, sealed_with, expires_at, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING {columns}",
            StreamKeyId::new(now),
            project,
            &new.name,
            &new.lookup,
            &new.sealed,
            &new.hint,
            new.sealed_with,
            new.expires_at,
            now
        ),
    )
    .await
}
