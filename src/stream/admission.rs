//! What a session asks before a client may publish or play. Whoever knows keys and projects answers.

use std::net::IpAddr;

use super::StreamId;

/// A client that offers a stream key.
#[derive(Clone, Copy)]
pub struct PublishAttempt<'a> {
    /// The key as offered. A secret until it is known to be wrong, and even then.
    pub key: &'a str,
    /// Query parameters of the URL, without `?`.
    pub query: &'a str,
    /// Where the client is.
    pub from: IpAddr,
}

/// A client that asks for a stream by its playback id.
#[derive(Debug, Clone, Copy)]
pub struct PlayAttempt<'a> {
    /// As in the URL.
    pub playback_id: &'a str,
    /// Where the client is.
    pub from: IpAddr,
}

/// A client may not do what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No project has this stream key.
    #[error("the stream key is not known")]
    UnknownKey,
    /// No project has this playback id.
    #[error("the playback id is not known")]
    UnknownPlaybackId,
}

/// Who may publish or watch what.
pub trait Admission: Send + Sync {
    /// The stream that a key publishes.
    ///
    /// # Errors
    /// [`Denied`], in the same time whatever the key.
    fn publish(&self, attempt: PublishAttempt<'_>) -> Result<StreamId, Denied>;

    /// The stream that a playback id plays.
    ///
    /// # Errors
    /// [`Denied`].
    fn play(&self, attempt: PlayAttempt<'_>) -> Result<StreamId, Denied>;
}
