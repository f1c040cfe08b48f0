//! Projects as they are read for people: from the catalog, or, where `database.cache` is off, each time from the
//! database. Off is for measuring what the catalog spares; what runs follows the catalog either way.

use std::sync::Arc;

use super::{Control, Known, Result};
use crate::store::{Destination, DestinationId, Error, Page, ProjectId, StreamKey, StreamKeyId};

/// What of a project is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its own fields.
    Itself,
    /// Its destinations too.
    Destinations,
    /// Its stream keys too.
    StreamKeys,
}

impl Control {
    /// A project, of which this part is looked at.
    ///
    /// # Errors
    /// Of the store: no such project; others only without the cache.
    pub async fn project(&self, id: ProjectId, part: Part) -> Result<Arc<Known>> {
        if self.config.cache {
            return Ok(self.catalog.project(id)?);
        }
        let store = &self.rooms.store;
        let project = store.project(id).await?;
        let mut known = match self.catalog.peek(id) {
            Some(known) => Known { project, ..Known::clone(&known) },
            None => Known::new(project),
        };
        match part {
            Part::Itself => {}
            Part::Destinations => known.destinations = store.destinations_of(id).await?,
            Part::StreamKeys => known.stream_keys = store.stream_keys_of(id).await?,
        }
        Ok(Arc::new(known))
    }

    /// Projects after one of them, oldest first, and whether there are more.
    ///
    /// # Errors
    /// Those of the database, and only without the cache.
    pub async fn projects(&self, after: Option<ProjectId>, limit: usize) -> Result<(Vec<Arc<Known>>, bool)> {
        if !self.config.cache {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let page = after.map_or_else(|| Page::first(limit), |after| Page::after(after, limit));
            let slice = self.rooms.store.projects(page).await?;
            let known = slice.items.into_iter().filter_map(|project| self.catalog.peek(project.id));
            return Ok((known.collect(), slice.next.is_some()));
        }
        Ok(self.catalog.projects(after, limit))
    }

    /// A destination, with its project.
    ///
    /// # Errors
    /// Of the store: no such destination; others only without the cache.
    pub async fn destination(&self, id: DestinationId) -> Result<(Arc<Known>, Destination)> {
        if self.config.cache {
            return Ok(self.catalog.destination(id)?);
        }
        let row = self.rooms.store.destination(id).await?;
        Ok((self.project(row.project_id, Part::Itself).await?, row))
    }

    /// A stream key, with its project.
    ///
    /// # Errors
    /// Of the store: no such key; others only without the cache.
    pub async fn stream_key(&self, id: StreamKeyId) -> Result<(Arc<Known>, StreamKey)> {
        if self.config.cache {
            return Ok(self.catalog.stream_key(id).ok_or(Error::NotFound("stream key"))?);
        }
        let row = self.rooms.store.stream_key(id).await?;
        Ok((self.project(row.project_id, Part::Itself).await?, row))
    }
}
