//! The names of a stream: the secret one that publishes it, the public one that plays it, and our own.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The secret that lets an encoder publish.
///
/// **Invariant:** it reaches no log line, metric, event or URL: `Debug` and `Display` print its length at most.
#[derive(Clone)]
pub struct StreamKey(Arc<Zeroizing<String>>);

impl StreamKey {
    /// Wraps a key as configured or as a client sent it.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(key.into())))
    }

    /// Compares in constant time for keys of equal length.
    #[must_use]
    pub fn matches(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }

    /// The secret itself: for the wire and for the file it is kept in, nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the empty string, as a destination whose URL holds everything has it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for StreamKey {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.expose())
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(redacted)")
    }
}

/// The public name under which a stream is played. Letters, digits, `-` and `_`, at most 64.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaybackId(Arc<str>);

/// Why a text is no [`PlaybackId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a playback id has 1 to 64 letters, digits, '-' or '_'")]
pub struct InvalidPlaybackId;

impl PlaybackId {
    /// The longest playback id, in bytes.
    pub const LEN_MAX: usize = 64;

    /// Checks and wraps.
    ///
    /// # Errors
    /// [`InvalidPlaybackId`] for anything that could not stand in a path unescaped.
    pub fn parse(text: &str) -> Result<Self, InvalidPlaybackId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > Self::LEN_MAX || !text.bytes().all(allowed) {
            return Err(InvalidPlaybackId);
        }
        Ok(Self(text.into()))
    }

    /// As it stands in a URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlaybackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PlaybackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Our own name of a stream, safe in logs and metric labels. One for each project.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(Arc<str>);

impl StreamId {
    /// Wraps an id that we made.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// As it stands in logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_prints_itself() {
        let key = StreamKey::new("live_secret_1234");
        assert!(!format!("{key:?}").contains("secret"));
        assert!(key.matches("live_secret_1234"));
        assert!(!key.matches("live_secret_1235"));
        assert!(!key.matches("live_secret_123"));
    }

    #[test]
    fn a_playback_id_cannot_climb_out_of_a_path() {
        for bad in ["", "..", "../x", "a/b", "a%2eb", "a\0", "é", &"x".repeat(65)] {
            assert_eq!(PlaybackId::parse(bad), Err(InvalidPlaybackId), "{bad:?}");
        }
        assert_eq!(PlaybackId::parse("aZ-0_9").map(|id| id.to_string()), Ok("aZ-0_9".to_owned()));
    }
}
