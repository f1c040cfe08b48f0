//! Streams: each broadcast of a project, from its first keyframe to its end, and the report about it.

use super::column::{Json, UnixMillis, row};
use super::connection::Store;
use super::error::{Error, Result};
use super::id::{ProjectId, StreamRowId};
use super::page::{Page, Slice};
use super::statement::sql;

row! {
    /// A broadcast.
    pub struct StreamRow {
        /// Its name here.
        pub id: StreamRowId,
        /// The project.
        pub project_id: ProjectId,
        /// The node that had it.
        pub node: String,
        /// When it began.
        pub started_at: UnixMillis,
        /// When it ended; it is on the air without.
        pub ended_at: Option<UnixMillis>,
        /// Why it ended.
        pub end_reason: Option<String>,
        /// What the encoder says of itself.
        pub encoder: Option<Json>,
        /// What is to be said of it: tracks, bitrates, gaps, outputs.
        pub report: Option<Json>,
    }
}

/// A broadcast that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStream {
    /// Made before it is kept, because the engine already speaks of it.
    pub id: StreamRowId,
    /// See [`StreamRow::project_id`].
    pub project_id: ProjectId,
    /// See [`StreamRow::node`].
    pub node: String,
    /// See [`StreamRow::started_at`].
    pub started_at: UnixMillis,
    /// See [`StreamRow::encoder`].
    pub encoder: Option<Json>,
}

impl Store {
    /// Writes down that a broadcast began.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such project.
    pub async fn start_stream(&self, new: &NewStream) -> Result<StreamRow> {
        self.one(
            "stream",
            sql!(
                "INSERT INTO streams (id, project_id, node, started_at, encoder) VALUES ($1, $2, $3, $4, $5) \
                 RETURNING {columns}",
                new.id,
                new.project_id,
                &new.node,
                new.started_at,
                &new.encoder
            ),
        )
        .await
    }

    /// Replaces the report of a broadcast, also of one that goes on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_stream_report(&self, id: StreamRowId, report: &Json) -> Result<()> {
        match self.run(sql!("UPDATE streams SET report = $2 WHERE id = $1", id, report)).await? {
            0 => Err(Error::NotFound("stream")),
            _ => Ok(()),
        }
    }

    /// Writes down the end, once: says whether this call did.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn end_stream(
        &self,
        id: StreamRowId,
        reason: &str,
        report: Option<&Json>,
        at: UnixMillis,
    ) -> Result<bool> {
        let end = sql!(
            "UPDATE streams SET ended_at = $2, end_reason = $3, report = COALESCE($4, report) \
             WHERE id = $1 AND ended_at IS NULL",
            id,
            at,
            reason,
            report.cloned()
        );
        Ok(self.run(end).await? == 1)
    }

    /// Ends what a node that died left on the air, and says how many.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn end_streams_of(&self, node: &str, reason: &str, at: UnixMillis) -> Result<u64> {
        self.run(sql!(
            "UPDATE streams SET ended_at = $2, end_reason = $3 WHERE node = $1 AND ended_at IS NULL",
            node,
            at,
            reason
        ))
        .await
    }

    /// What a node has on the air, newest first, so many at most.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn streams_on_air(&self, node: &str, at_most: u32) -> Result<Vec<StreamRow>> {
        self.all(sql!(
            "SELECT {columns} FROM streams WHERE node = $1 AND ended_at IS NULL ORDER BY id DESC LIMIT $2",
            node,
            at_most
        ))
        .await
    }

    /// The broadcast.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn stream(&self, id: StreamRowId) -> Result<StreamRow> {
        self.one("stream", sql!("SELECT {columns} FROM streams WHERE id = $1", id)).await
    }

    /// A project's broadcasts, newest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn streams(
        &self,
        project: ProjectId,
        page: Page<StreamRowId>,
    ) -> Result<Slice<StreamRow, StreamRowId>> {
        let rows = sql!(
            "SELECT {columns} FROM streams WHERE project_id = $1 AND id < COALESCE($2, '~') ORDER BY id DESC LIMIT $3",
            project,
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |stream: &StreamRow| stream.id))
    }
}
