//! Projects: what has keys that publish into it, a name to play it by, and destinations.

use super::column::{Json, Revision, UnixMillis, row};
use super::connection::{Store, Tx};
use super::error::Result;
use super::id::{ProjectId, UserId};
use super::page::{Page, Slice};
use super::statement::sql;
use super::stream_keys::{self, NewStreamKey};

row! {
    /// A project.
    pub struct Project {
        /// Its name here.
        pub id: ProjectId,
        /// Whose it is; nobody's when it is declared in a file or its owner's account is gone.
        pub owner_id: Option<UserId>,
        /// What people call it, kept byte for byte.
        pub name: String,
        /// The public name that plays it. Unique.
        pub playback_id: String,
        /// How long its outputs are held when the encoder drops, in milliseconds; the server's own time without.
        pub hold_ms: Option<i64>,
        /// Whatever else can be set.
        pub settings: Json,
        /// It comes from the configuration file, and is changed there.
        pub declared: bool,
        /// Whether its outputs are wanted while it is live.
        pub running: bool,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When it was last changed.
        pub updated_at: UnixMillis,
        /// How often it was changed.
        pub revision: Revision,
    }
}

/// What can be changed of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectFields {
    /// See [`Project::owner_id`].
    pub owner_id: Option<UserId>,
    /// See [`Project::name`].
    pub name: String,
    /// See [`Project::playback_id`].
    pub playback_id: String,
    /// See [`Project::hold_ms`].
    pub hold_ms: Option<i64>,
    /// See [`Project::settings`].
    pub settings: Json,
    /// See [`Project::declared`].
    pub declared: bool,
    /// See [`Project::running`].
    pub running: bool,
}

impl Project {
    /// What can be changed of it, as it is: the start of every change.
    #[must_use]
    pub fn fields(&self) -> ProjectFields {
        ProjectFields {
            owner_id: self.owner_id,
            name: self.name.clone(),
            playback_id: self.playback_id.clone(),
            hold_ms: self.hold_ms,
            settings: self.settings.clone(),
            declared: self.declared,
            running: self.running,
        }
    }
}

impl Store {
    /// Makes a project, with its first key.
    ///
    /// # Errors
    /// [`Error::Duplicate`](super::Error::Duplicate) when another project has the playback id or the key;
    /// [`Error::NotFound`](super::Error::NotFound) when there is no such owner.
    pub async fn create_project(
        &self,
        fields: &ProjectFields,
        first_key: Option<&NewStreamKey>,
        now: UnixMillis,
    ) -> Result<Project> {
        let mut tx = self.begin().await?;
        let insert = sql!(
            "INSERT INTO projects (id, owner_id, name, playback_id, hold_ms, settings, declared, running, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING {columns}",
            ProjectId::new(now),
            fields.owner_id,
            &fields.name,
            &fields.playback_id,
            fields.hold_ms,
            &fields.settings,
            fields.declared,
            fields.running,
            now
        );
        let project: Project = tx.one("project", insert).await?;
        if let Some(key) = first_key {
            stream_keys::insert(&mut tx, project.id, key, now).await?;
        }
        tx.commit().await?;
        Ok(project)
    }

    /// The project.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn project(&self, id: ProjectId) -> Result<Project> {
        self.one("project", sql!("SELECT {columns} FROM projects WHERE id = $1", id)).await
    }

    /// The project with this public name.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn project_by_playback_id(&self, playback_id: &str) -> Result<Option<Project>> {
        self.first(sql!("SELECT {columns} FROM projects WHERE playback_id = $1", playback_id)).await
    }

    /// Projects, oldest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn projects(&self, page: Page<ProjectId>) -> Result<Slice<Project, ProjectId>> {
        let rows = sql!(
            "SELECT {columns} FROM projects WHERE id > COALESCE($1, '') ORDER BY id LIMIT $2",
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |project: &Project| project.id))
    }

    /// An account's projects, oldest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn projects_of(
        &self,
        owner: UserId,
        page: Page<ProjectId>,
    ) -> Result<Slice<Project, ProjectId>> {
        let rows = sql!(
            "SELECT {columns} FROM projects WHERE owner_id = $1 AND id > COALESCE($2, '') ORDER BY id LIMIT $3",
            owner,
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |project: &Project| project.id))
    }

    /// Changes a project that is as the caller saw it.
    ///
    /// # Errors
    /// [`Error::Conflict`](super::Error::Conflict), [`Error::NotFound`](super::Error::NotFound),
    /// [`Error::Duplicate`](super::Error::Duplicate).
    pub async fn update_project(
        &self,
        id: ProjectId,
        expected: Revision,
        fields: &ProjectFields,
        now: UnixMillis,
    ) -> Result<Project> {
        let update = sql!(
            "UPDATE projects SET owner_id = $3, name = $4, playback_id = $5, hold_ms = $6, settings = $7, declared = $8, \
             running = $9, updated_at = $10, revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING {columns}",
            id,
            expected,
            fields.owner_id,
            &fields.name,
            &fields.playback_id,
            fields.hold_ms,
            &fields.settings,
            fields.declared,
            fields.running,
            now
        );
        self.change("project", expected, update, revision_of(id)).await
    }

    /// Starts or stops its outputs. Asking for what is so already changes nothing, the revision neither.
    ///
    /// # Errors
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn set_project_running(
        &self,
        id: ProjectId,
        running: bool,
        now: UnixMillis,
    ) -> Result<Project> {
        let update = sql!(
            "UPDATE projects SET running = $2, updated_at = $3, revision = revision + 1 \
             WHERE id = $1 AND running <> $2 RETURNING {columns}",
            id,
            running,
            now
        );
        match self.first(update).await? {
            Some(project) => Ok(project),
            None => self.project(id).await,
        }
    }

    /// Takes a project away, with its keys, destinations, webhooks and streams. Its events stay until they are old.
    ///
    /// # Errors
    /// [`Error::Conflict`](super::Error::Conflict) when a revision is expected and another found;
    /// [`Error::NotFound`](super::Error::NotFound).
    pub async fn delete_project(&self, id: ProjectId, expected: Option<Revision>) -> Result<()> {
        let delete =
            sql!("DELETE FROM projects WHERE id = $1 AND revision = COALESCE($2, revision)", id, expected);
        self.delete("project", expected, delete, revision_of(id)).await
    }
}

fn revision_of(id: ProjectId) -> super::statement::Statement {
    sql!("SELECT revision FROM projects WHERE id = $1", id)
}

/// Keeps the project from changing until the transaction ends, for what counts its parts.
pub(super) async fn hold(tx: &mut Tx<'_>, id: ProjectId) -> Result<()> {
    // A change that changes nothing is the one row lock that both databases know.
    match tx.run(sql!("UPDATE projects SET running = running WHERE id = $1", id)).await? {
        0 => Err(super::Error::NotFound("project")),
        _ => Ok(()),
    }
}
