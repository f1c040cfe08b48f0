//! Destinations: where a project's stream is pushed to. Settings and wishes; what really happens is an output's.

use super::column::{Json, Opaque, Revision, UnixMillis, row};
use super::connection::Store;
use super::error::{Error, Result};
use super::id::{DestinationId, ProjectId};
use super::page::{Page, Slice};
use super::projects;
use super::statement::{Statement, sql};

row! {
    /// A destination.
    pub struct Destination {
        /// Its name here.
        pub id: DestinationId,
        /// The project.
        pub project_id: ProjectId,
        /// What people call it, kept byte for byte.
        pub name: String,
        /// Which platform it is, in the relay's own words.
        pub platform: String,
        /// The address without the key.
        pub url: String,
        /// The key, sealed; `None` when the address needs none.
        pub key_sealed: Option<Opaque>,
        /// The key's last characters.
        pub key_hint: Option<String>,
        /// Which server key sealed it.
        pub sealed_with: Option<i64>,
        /// Whether it is wanted.
        pub enabled: bool,
        /// Whether a certificate that nobody vouches for will do.
        pub insecure: bool,
        /// The chunk size announced to it, in bytes; the server's own without.
        pub chunk_size: Option<i64>,
        /// The codecs it takes, where its platform does not say.
        pub codecs: Option<Json>,
        /// Which picture it gets, of several.
        pub video_track: Option<i64>,
        /// Which sound it gets, of several.
        pub audio_track: Option<i64>,
        /// What it may be sent at most.
        pub limits: Option<Json>,
        /// Its place among the project's.
        pub position: i64,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When it was last changed.
        pub updated_at: UnixMillis,
        /// How often it was changed.
        pub revision: Revision,
    }
}

/// A secret as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedKey {
    /// The secret, sealed.
    pub sealed: Opaque,
    /// Its last characters.
    pub hint: String,
    /// Which server key sealed it.
    pub sealed_with: i64,
}

/// What can be changed of a destination.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationFields {
    /// See [`Destination::name`].
    pub name: String,
    /// See [`Destination::platform`].
    pub platform: String,
    /// See [`Destination::url`].
    pub url: String,
    /// See [`Destination::key_sealed`].
    pub key: Option<SealedKey>,
    /// See [`Destination::enabled`].
    pub enabled: bool,
    /// See [`Destination::insecure`].
    pub insecure: bool,
    /// See [`Destination::chunk_size`].
    pub chunk_size: Option<i64>,
    /// See [`Destination::codecs`].
    pub codecs: Option<Json>,
    /// See [`Destination::video_track`].
    pub video_track: Option<i64>,
    /// See [`Destination::audio_track`].
    pub audio_track: Option<i64>,
    /// See [`Destination::limits`].
    pub limits: Option<Json>,
}

/// Where a page of destinations goes on: they have an order of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestinationPlace {
    /// The last one's position.
    pub position: i64,
    /// Its id: two may have one position for a while.
    pub id: DestinationId,
}

impl Destination {
    /// What can be changed of it, as it is: the start of every change.
    #[must_use]
    pub fn fields(&self) -> DestinationFields {
        let key = match (&self.key_sealed, &self.key_hint, self.sealed_with) {
            (Some(sealed), Some(hint), Some(sealed_with)) => {
                Some(SealedKey { sealed: sealed.clone(), hint: hint.clone(), sealed_with })
            }
            _ => None,
        };
        DestinationFields {
            name: self.name.clone(),
            platform: self.platform.clone(),
            url: self.url.clone(),
            key,
            enabled: self.enabled,
            insecure: self.insecure,
            chunk_size: self.chunk_size,
            codecs: self.codecs.clone(),
            video_track: self.video_track,
            audio_track: self.audio_track,
            limits: self.limits.clone(),
        }
    }

    fn place(&self) -> DestinationPlace {
        DestinationPlace { position: self.position, id: self.id }
    }
}

/// A key in its three columns.
struct Columns {
    sealed: Option<Opaque>,
    hint: Option<String>,
    sealed_with: Option<i64>,
}

impl From<&Option<SealedKey>> for Columns {
    fn from(key: &Option<SealedKey>) -> Self {
        Self {
            sealed: key.as_ref().map(|key| key.sealed.clone()),
            hint: key.as_ref().map(|key| key.hint.clone()),
            sealed_with: key.as_ref().map(|key| key.sealed_with),
        }
    }
}

impl Store {
    /// Adds a destination behind the others of a project that then has `at_most` of them.
    ///
    /// # Errors
    /// [`Error::Full`]; [`Error::NotFound`] when there is no such project.
    pub async fn create_destination(
        &self,
        project: ProjectId,
        fields: &DestinationFields,
        at_most: u32,
        now: UnixMillis,
    ) -> Result<Destination> {
        let key = Columns::from(&fields.key);
        let mut tx = self.begin().await?;
        projects::hold(&mut tx, project).await?;
        let there =
            tx.number(sql!("SELECT count(*) FROM destinations WHERE project_id = $1", project)).await?;
        if there.unwrap_or(0) >= i64::from(at_most) {
            return Err(Error::Full { at_most });
        }
        let last =
            tx.number(sql!("SELECT max(position) FROM destinations WHERE project_id = $1", project)).await?;
        let insert = sql!(
            "INSERT INTO destinations (id, project_id, name, platform, url, key_sealed, key_hint, sealed_with, enabled, \
             insecure, chunk_size, codecs, video_track, audio_track, limits, position, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) \
             RETURNING {columns}",
            DestinationId::new(now),
            project,
            &fields.name,
            &fields.platform,
            &fields.url,
            key.sealed,
            &key.hint,
            key.sealed_with,
            fields.enabled,
            fields.insecure,
            fields.chunk_size,
            &fields.codecs,
            fields.video_track,
            fields.audio_track,
            &fields.limits,
            last.map_or(0, |last| last + 1),
            now
        );
        let destination = tx.one("destination", insert).await?;
        tx.commit().await?;
        Ok(destination)
    }

    /// The destination.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn destination(&self, id: DestinationId) -> Result<Destination> {
        self.one("destination", sql!("SELECT {columns} FROM destinations WHERE id = $1", id)).await
    }

    /// A project's destinations, in their order.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn destinations(
        &self,
        project: ProjectId,
        page: Page<DestinationPlace>,
    ) -> Result<Slice<Destination, DestinationPlace>> {
        let rows = sql!(
            "SELECT {columns} FROM destinations WHERE project_id = $1 \
             AND (position, id) > (COALESCE($2, -1), COALESCE($3, '')) ORDER BY position, id LIMIT $4",
            project,
            page.after.map(|place| place.position),
            page.after.map(|place| place.id),
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, Destination::place))
    }

    /// Changes a destination that is as the caller saw it.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::NotFound`].
    pub async fn update_destination(
        &self,
        id: DestinationId,
        expected: Revision,
        fields: &DestinationFields,
        now: UnixMillis,
    ) -> Result<Destination> {
        let key = Columns::from(&fields.key);
        let update = sql!(
            "UPDATE destinations SET name = $3, platform = $4, url = $5, key_sealed = $6, key_hint = $7, \
             sealed_with = $8, enabled = $9, insecure = $10, chunk_size = $11, codecs = $12, video_track = $13, \
             audio_track = $14, limits = $15, updated_at = $16, revision = revision + 1 \
             WHERE id = $1 AND revision = $2 RETURNING {columns}",
            id,
            expected,
            &fields.name,
            &fields.platform,
            &fields.url,
            key.sealed,
            &key.hint,
            key.sealed_with,
            fields.enabled,
            fields.insecure,
            fields.chunk_size,
            &fields.codecs,
            fields.video_track,
            fields.audio_track,
            &fields.limits,
            now
        );
        self.change("destination", expected, update, revision_of(id)).await
    }

    /// Starts or stops it. Asking for what is so already changes nothing, the revision neither.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_destination_enabled(
        &self,
        id: DestinationId,
        enabled: bool,
        now: UnixMillis,
    ) -> Result<Destination> {
        let update = sql!(
            "UPDATE destinations SET enabled = $2, updated_at = $3, revision = revision + 1 \
             WHERE id = $1 AND enabled <> $2 RETURNING {columns}",
            id,
            enabled,
            now
        );
        match self.first(update).await? {
            Some(destination) => Ok(destination),
            None => self.destination(id).await,
        }
    }

    /// Puts a project's destinations in this order; those not named stay where they are. All move or none.
    ///
    /// # Errors
    /// [`Error::NotFound`] when one of them is not the project's.
    pub async fn order_destinations(
        &self,
        project: ProjectId,
        order: &[DestinationId],
        now: UnixMillis,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        projects::hold(&mut tx, project).await?;
        for (position, id) in (0_i64..).zip(order) {
            let moved = sql!(
                "UPDATE destinations SET position = $3, \
                 updated_at = CASE WHEN position = $3 THEN updated_at ELSE $4 END, \
                 revision = CASE WHEN position = $3 THEN revision ELSE revision + 1 END \
                 WHERE id = $1 AND project_id = $2",
                *id,
                project,
                position,
                now
            );
            if tx.run(moved).await? == 0 {
                return Err(Error::NotFound("destination"));
            }
        }
        tx.commit().await
    }

    /// Takes a destination away.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a revision is expected and another found; [`Error::NotFound`].
    pub async fn delete_destination(&self, id: DestinationId, expected: Option<Revision>) -> Result<()> {
        let delete = sql!(
            "DELETE FROM destinations WHERE id = $1 AND revision = COALESCE($2, revision)",
            id,
            expected
        );
        self.delete("destination", expected, delete, revision_of(id)).await
    }

    /// Some destinations whose key another server key than this one sealed.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn destinations_to_reseal(&self, server_key: i64, at_most: u32) -> Result<Vec<Destination>> {
        self.all(sql!(
            "SELECT {columns} FROM destinations WHERE sealed_with <> $1 ORDER BY id LIMIT $2",
            server_key,
            at_most
        ))
        .await
    }

    /// Replaces the sealed key, unless the row has changed since; says whether it did. The revision stays: nobody
    /// outside sees a difference.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn reseal_destination(
        &self,
        seen: &Destination,
        sealed: &Opaque,
        server_key: i64,
    ) -> Result<bool> {
        let update = sql!(
            "UPDATE destinations SET key_sealed = $4, sealed_with = $5 \
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

fn revision_of(id: DestinationId) -> Statement {
    sql!("SELECT revision FROM destinations WHERE id = $1", id)
}
