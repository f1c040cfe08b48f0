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
#[derive(Clone, Copy)]
pub struct PlayAttempt<'a> {
    /// As in the URL.
    pub playback_id: &'a str,
    /// What follows `token=` in the URL's query.
    pub token: Option<&'a str>,
    /// Where the client is.
    pub from: IpAddr,
}

/// A client may not do what it asked for.
///
/// Who offers a key that was good once has proved that they were given it, and may be told what became of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No project has this stream key.
    #[error("the stream key is not known")]
    UnknownKey,
    /// The project of this stream has it, and it is switched off.
    #[error("the stream key is switched off")]
    DisabledKey(StreamId),
    /// The project of this stream had it, until it was replaced.
    #[error("the stream key was replaced by another")]
    ExpiredKey(StreamId),
    /// No project has this playback id.
    #[error("the playback id is not known")]
    UnknownPlaybackId,
    /// Playing needs a token, and this one will not do.
    #[error(transparent)]
    Token(#[from] TokenFault),
}

/// What is wrong with a viewer's token. The words are for the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// There is none.
    #[error("This stream is played with a token, and there is none in the address")]
    Missing,
    /// It is ours, and too old.
    #[error("The token in the address has expired")]
    Expired,
    /// It is not ours, or for another stream.
    #[error("The token in the address is not valid for this stream")]
    Invalid,
}

impl TokenFault {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 3] = [Self::Missing, Self::Expired, Self::Invalid];

    /// The code of the problem, and the label of metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Expired => "token_expired",
            Self::Invalid => "token_invalid",
        }
    }
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
