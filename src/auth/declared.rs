//! Projects that the configuration declares: a list that does not change while the process runs.

use std::sync::Arc;
use std::time::SystemTime;

use super::PlaybackTokens;
use crate::stream::{Admission, Denied, PlayAttempt, PlaybackId, PublishAttempt, StreamId, StreamKey};

/// What a declared project lets in.
#[derive(Debug, Clone)]
pub struct DeclaredProject {
    /// The stream it publishes and plays.
    pub stream: StreamId,
    /// The secret that publishes it.
    pub key: StreamKey,
    /// The name that plays it.
    pub playback_id: PlaybackId,
}

/// All declared projects.
#[derive(Debug, Clone, Default)]
pub struct DeclaredProjects {
    projects: Vec<DeclaredProject>,
    tokens: Option<Arc<PlaybackTokens>>,
}

impl DeclaredProjects {
    /// Takes the list as configured. With `tokens`, playing needs one.
    #[must_use]
    pub const fn new(projects: Vec<DeclaredProject>, tokens: Option<Arc<PlaybackTokens>>) -> Self {
        Self { projects, tokens }
    }
}

impl Admission for DeclaredProjects {
    /// Compares with every key, whichever matches, so that the time says nothing about how near a guess was.
    fn publish(&self, attempt: PublishAttempt<'_>) -> Result<StreamId, Denied> {
        let mut found = Err(Denied::UnknownKey);
        for project in &self.projects {
            if project.key.matches(attempt.key) {
                found = Ok(project.stream.clone());
            }
        }
        found
    }

    fn play(&self, attempt: PlayAttempt<'_>) -> Result<StreamId, Denied> {
        if let Some(tokens) = &self.tokens {
            tokens.check(attempt.playback_id, attempt.token, SystemTime::now())?;
        }
        let plays = |project: &&DeclaredProject| project.playback_id.as_str() == attempt.playback_id;
        let found = self.projects.iter().find(plays);
        found.map(|project| project.stream.clone()).ok_or(Denied::UnknownPlaybackId)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::stream::TokenFault;

    const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn projects() -> DeclaredProjects {
        let project = |stream: &str, key: &str| DeclaredProject {
            stream: StreamId::new(stream),
            key: StreamKey::new(key),
            playback_id: PlaybackId::parse(stream).expect("a good id"),
        };
        DeclaredProjects::new(vec![project("a", "key-a"), project("b", "key-b")], None)
    }

    #[test]
    fn each_key_publishes_its_own_stream_and_nothing_else() {
        let publish = |key| projects().publish(PublishAttempt { key, query: "", from: FROM });
        assert_eq!(publish("key-b"), Ok(StreamId::new("b")));
        for wrong in ["", "key", "key-bb", "a", "b"] {
            assert_eq!(publish(wrong), Err(Denied::UnknownKey), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_plays_nothing() {
        let play = |playback_id| projects().play(PlayAttempt { playback_id, token: None, from: FROM });
        assert_eq!(play("a"), Ok(StreamId::new("a")));
        assert_eq!(play("key-a"), Err(Denied::UnknownPlaybackId));
    }

    #[test]
    fn where_tokens_are_needed_each_plays_its_own_stream() {
        let tokens = Arc::new(PlaybackTokens::new("sixteen bytes or more"));
        let projects = DeclaredProjects { tokens: Some(tokens.clone()), ..projects() };
        let play = |playback_id, token| projects.play(PlayAttempt { playback_id, token, from: FROM });
        let token = tokens.issue_daily(&PlaybackId::parse("a").expect("a good id"), SystemTime::now());
        assert_eq!(play("a", Some(token.as_str())), Ok(StreamId::new("a")));
        assert_eq!(play("b", Some(token.as_str())), Err(Denied::Token(TokenFault::Invalid)));
        assert_eq!(play("nobody", None), Err(Denied::Token(TokenFault::Missing)), "it says nothing of ids");
    }
}
