//! Finds a stream's rendition by the name in its address.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Rendition;
use crate::stream::PlaybackId;

/// The renditions that can be watched, by the name in their address. The app fills it.
#[derive(Debug, Default)]
pub struct Library {
    renditions: RwLock<HashMap<PlaybackId, Arc<Rendition>>>,
}

impl Library {
    /// Makes a stream watchable; replaces what had the name.
    pub fn insert(&self, id: PlaybackId, rendition: Arc<Rendition>) {
        self.renditions.write().unwrap_or_else(PoisonError::into_inner).insert(id, rendition);
    }

    /// Makes a stream unknown.
    pub fn remove(&self, id: &PlaybackId) {
        self.renditions.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Finds a stream.
    #[must_use]
    pub fn find(&self, id: &PlaybackId) -> Option<Arc<Rendition>> {
        self.renditions.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All streams that can be watched.
    #[must_use]
    pub fn all(&self) -> Vec<(PlaybackId, Arc<Rendition>)> {
        let renditions = self.renditions.read().unwrap_or_else(PoisonError::into_inner);
        renditions.iter().map(|(id, rendition)| (id.clone(), rendition.clone())).collect()
    }
}
