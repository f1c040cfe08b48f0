//! What the engine follows: whether anything of what is wanted has changed, and all of it at once.

use super::column::{UnixMillis, row};
use super::connection::Store;
use super::destinations::Destination;
use super::error::Result;
use super::id::{DestinationId, ProjectId, StreamKeyId};
use super::statement::sql;
use super::stream_keys::StreamKey;

row! {
    /// A fingerprint of projects, keys and destinations: where two differ, something was made, changed or taken away
    /// between them.
    pub struct Mark {
        /// Projects there are.
        pub projects: i64,
        /// Keys there are.
        pub keys: i64,
        /// Destinations there are.
        pub destinations: i64,
        /// The sum of all revisions.
        pub revisions: i64,
        /// The newest change.
        pub changed_at: Option<UnixMillis>,
    }
}

/// How many rows are read at a time.
const BATCH: u32 = 500;

impl Store {
    /// The fingerprint now. One statement.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn mark(&self) -> Result<Mark> {
        self.one(
            "fingerprint",
            sql!(
                "SELECT {columns} FROM (SELECT \
                 (SELECT count(*) FROM projects) AS projects, \
                 (SELECT count(*) FROM stream_keys) AS keys, \
                 (SELECT count(*) FROM destinations) AS destinations, \
                 CAST((SELECT COALESCE(sum(revision), 0) FROM projects) \
                  + (SELECT COALESCE(sum(revision), 0) FROM stream_keys) \
                  + (SELECT COALESCE(sum(revision), 0) FROM destinations) AS BIGINT) AS revisions, \
                 (SELECT max(updated_at) FROM (SELECT max(updated_at) AS updated_at FROM projects \
                  UNION ALL SELECT max(updated_at) FROM stream_keys \
                  UNION ALL SELECT max(updated_at) FROM destinations) AS newest) AS changed_at) AS mark"
            ),
        )
        .await
    }

    /// Whether the file is whole. PostgreSQL is asked whether it answers.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn is_whole(&self) -> Result<bool> {
        if !self.is_sqlite() {
            return self.ping().await.map(|()| true);
        }
        let broken = sql!("SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'");
        Ok(self.number(broken).await? == Some(0))
    }

    /// All keys of all projects.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn all_stream_keys(&self) -> Result<Vec<StreamKey>> {
        let mut all = Vec::<StreamKey>::new();
        loop {
            let after: Option<StreamKeyId> = all.last().map(|key| key.id);
            let batch = sql!(
                "SELECT {columns} FROM stream_keys WHERE id > COALESCE($1, '') ORDER BY id LIMIT $2",
                after,
                BATCH
            );
            let batch = self.all::<StreamKey>(batch).await?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }

    /// All destinations of all projects.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn all_destinations(&self) -> Result<Vec<Destination>> {
        let mut all = Vec::<Destination>::new();
        loop {
            let after: Option<DestinationId> = all.last().map(|destination| destination.id);
            let batch = sql!(
                "SELECT {columns} FROM destinations WHERE id > COALESCE($1, '') ORDER BY id LIMIT $2",
                after,
                BATCH
            );
            let batch = self.all::<Destination>(batch).await?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }

    /// A project's destinations, all of them, in their order.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn destinations_of(&self, project: ProjectId) -> Result<Vec<Destination>> {
        self.all(sql!(
            "SELECT {columns} FROM destinations WHERE project_id = $1 ORDER BY position, id",
            project
        ))
        .await
    }

    /// A project's keys, all of them, oldest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn stream_keys_of(&self, project: ProjectId) -> Result<Vec<StreamKey>> {
        self.all(sql!("SELECT {columns} FROM stream_keys WHERE project_id = $1 ORDER BY id", project)).await
    }

    /// Takes away keys that ceased to publish before `time`; says how many.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn delete_expired_stream_keys(&self, time: UnixMillis) -> Result<u64> {
        self.run(sql!("DELETE FROM stream_keys WHERE expires_at < $1", time)).await
    }
}
