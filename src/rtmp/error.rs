//! What a peer can do wrong, named so that a log line and a counter can say it.

use super::{ChunkError, HandshakeError};
use crate::format::amf0;
use crate::format::wire::Truncated;

/// Why a connection cannot go on. All of these are the peer's doing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The first bytes are not an RTMP handshake that we speak.
    #[error("handshake: {0}")]
    Handshake(#[from] HandshakeError),
    /// The chunk stream is broken or beyond a bound.
    #[error("chunk stream: {0}")]
    Chunk(#[from] ChunkError),
    /// A command's or data message's AMF0 is broken or beyond a bound.
    #[error("AMF0: {0}")]
    Amf(#[from] amf0::Error),
    /// A control message ended before its fields did.
    #[error("control message: {0}")]
    Control(#[from] Truncated),
    /// A command that must begin with a name does not.
    #[error("a command has no name")]
    NamelessCommand,
    /// More bytes than allowed before publishing or playing was granted.
    #[error("more than {0} bytes before publish or play")]
    TooMuchBeforeGrant(u64),
    /// A deadline passed.
    #[error("{0}")]
    TimedOut(#[from] TimedOut),
}

impl Error {
    /// A short label for a counter.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Handshake(error) => error.reason(),
            Self::Chunk(error) => error.reason(),
            Self::Amf(_) => "amf",
            Self::Control(_) => "control",
            Self::NamelessCommand => "command",
            Self::TooMuchBeforeGrant(_) => "preauth_bytes",
            Self::TimedOut(which) => which.reason(),
        }
    }
}

/// A deadline that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimedOut {
    /// The handshake was not complete in time.
    #[error("the handshake took too long")]
    Handshake,
    /// Neither `publish` nor `play` came in time.
    #[error("no publish or play in time")]
    Connect,
    /// A publisher sent no media for too long.
    #[error("no media for too long")]
    Stall,
}

impl TimedOut {
    /// A short label for a counter.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Handshake => "handshake_timeout",
            Self::Connect => "connect_timeout",
            Self::Stall => "stalled",
        }
    }
}
