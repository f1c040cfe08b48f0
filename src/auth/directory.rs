//! Who may publish and play what, in memory: the answer at an encoder's door needs no database.
//!
//! Holds keyed hashes of stream keys, never the keys. Whoever knows the projects fills it, and tells it of every change.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use super::PlaybackTokens;
use crate::stream::{Admission, Denied, PlayAttempt, PlaybackId, PublishAttempt, StreamId};
use crate::vault::Vault;

/// A stream key's keyed hash.
pub type Lookup = [u8; 32];

/// One project's entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What its keys publish and its playback id plays.
    pub stream: StreamId,
    /// The name that plays it.
    pub playback_id: PlaybackId,
    /// The keys that publish it.
    pub keys: Vec<KeyEntry>,
}

/// One key of a project.
#[derive(Debug, Clone)]
pub struct KeyEntry {
    /// What whoever filled it in calls it.
    pub id: Arc<str>,
    /// The key's keyed hash.
    pub lookup: Lookup,
    /// It does not publish for now.
    pub disabled: bool,
    /// From when on it does not publish.
    pub expires_at: Option<SystemTime>,
}

/// All projects that can be published to or played.
#[derive(Debug)]
pub struct Directory {
    vault: Vault,
    tokens: Option<Arc<PlaybackTokens>>,
    entries: RwLock<Entries>,
    /// Keys that have published since somebody asked, and when they last did. As many as there are keys at most.
    used: RwLock<HashMap<Arc<str>, SystemTime>>,
}

#[derive(Debug, Default)]
struct Entries {
    streams: HashMap<StreamId, Entry>,
    keys: HashMap<Lookup, StreamId>,
    playback: HashMap<PlaybackId, StreamId>,
}

impl Directory {
    /// An empty one. With `tokens`, playing needs one.
    #[must_use]
    pub fn new(vault: Vault, tokens: Option<Arc<PlaybackTokens>>) -> Self {
        Self { vault, tokens, entries: RwLock::default(), used: RwLock::default() }
    }

    /// Adds a project, or changes it.
    pub fn put(&self, entry: Entry) {
        let mut entries = self.write();
        entries.remove(&entry.stream);
        for key in &entry.keys {
            entries.keys.insert(key.lookup, entry.stream.clone());
        }
        entries.playback.insert(entry.playback_id.clone(), entry.stream.clone());
        entries.streams.insert(entry.stream.clone(), entry);
    }

    /// Takes a project out.
    pub fn remove(&self, stream: &StreamId) {
        self.write().remove(stream);
    }

    /// Whether a text is a key of some project, of whichever server key its hash was made with.
    #[must_use]
    pub fn is_key(&self, text: &str) -> bool {
        let entries = self.read();
        self.vault.lookups(text).any(|lookup| entries.keys.contains_key(&lookup))
    }

    /// Keys that have published since this was last asked, with the last time of each.
    #[must_use]
    pub fn take_used(&self) -> HashMap<Arc<str>, SystemTime> {
        std::mem::take(&mut *self.used.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn remove(&mut self, stream: &StreamId) {
        let Some(entry) = self.streams.remove(stream) else { return };
        for key in &entry.keys {
            self.keys.remove(&key.lookup);
        }
        self.playback.remove(&entry.playback_id);
    }

    fn key(&self, lookup: &Lookup) -> Option<(&StreamId, &KeyEntry)> {
        let stream = self.keys.get(lookup)?;
        let key = self.streams.get(stream)?.keys.iter().find(|key| key.lookup == *lookup)?;
        Some((stream, key))
    }
}

impl Admission for Directory {
    /// What is compared is a keyed hash, so the time says nothing about how near a guess was.
    fn publish(&self, attempt: PublishAttempt<'_>) -> Result<StreamId, Denied> {
        let entries = self.read();
        let found = self.vault.lookups(attempt.key).find_map(|lookup| entries.key(&lookup));
        let (stream, key) = found.ok_or(Denied::UnknownKey)?;
        let now = SystemTime::now();
        if key.disabled {
            return Err(Denied::DisabledKey(stream.clone()));
        }
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(Denied::ExpiredKey(stream.clone()));
        }
        self.used.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&key.id), now);
        Ok(stream.clone())
    }

    fn play(&self, attempt: PlayAttempt<'_>) -> Result<StreamId, Denied> {
        if let Some(tokens) = &self.tokens {
            tokens.check(attempt.playback_id, attempt.token, SystemTime::now())?;
        }
        let id = PlaybackId::parse(attempt.playback_id).map_err(|_| Denied::UnknownPlaybackId)?;
        self.read().playback.get(&id).cloned().ok_or(Denied::UnknownPlaybackId)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use super::*;
    use crate::stream::TokenFault;
    use crate::vault::ServerKey;

    const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn vault(byte: u8) -> ServerKey {
        ServerKey::parse(&format!("{byte:02x}").repeat(32)).expect("a server key")
    }

    fn key(vault: &Vault, text: &str) -> KeyEntry {
        KeyEntry { id: text.into(), lookup: vault.lookup(text), disabled: false, expires_at: None }
    }

    fn entry(stream: &str, keys: Vec<KeyEntry>) -> Entry {
        let playback_id = PlaybackId::parse(stream).expect("a good id");
        Entry { stream: StreamId::new(stream), playback_id, keys }
    }

    fn directory(tokens: Option<Arc<PlaybackTokens>>) -> Directory {
        let vault = Vault::new(vault(1), Vec::new());
        let directory = Directory::new(vault.clone(), tokens);
        directory.put(entry("a", vec![key(&vault, "key-a")]));
        directory.put(entry("b", vec![key(&vault, "key-b"), key(&vault, "key-b-too")]));
        directory
    }

    fn publish(directory: &Directory, key: &str) -> Result<StreamId, Denied> {
        directory.publish(PublishAttempt { key, query: "", from: FROM })
    }

    #[test]
    fn each_key_publishes_its_own_stream_and_nothing_else() {
        let directory = directory(None);
        for good in ["key-b", "key-b-too"] {
            assert_eq!(publish(&directory, good), Ok(StreamId::new("b")));
        }
        for wrong in ["", "key", "key-bb", "a", "b"] {
            assert_eq!(publish(&directory, wrong), Err(Denied::UnknownKey), "{wrong:?}");
        }
        assert_eq!(directory.take_used().len(), 2, "each key that published is told of once");
        assert!(directory.take_used().is_empty());
    }

    #[test]
    fn a_key_plays_nothing() {
        let directory = directory(None);
        let play = |playback_id| directory.play(PlayAttempt { playback_id, token: None, from: FROM });
        assert_eq!(play("a"), Ok(StreamId::new("a")));
        assert_eq!(play("key-a"), Err(Denied::UnknownPlaybackId));
        assert!(directory.is_key("key-a") && !directory.is_key("a"));
    }

    #[test]
    fn a_change_is_in_force_at_the_next_attempt() {
        let directory = directory(None);
        let vault = directory.vault.clone();
        let (mut off, mut old) = (key(&vault, "key-a"), key(&vault, "key-old"));
        off.disabled = true;
        old.expires_at = Some(SystemTime::now() - Duration::from_secs(1));
        directory.put(entry("a", vec![off, old, key(&vault, "key-new")]));
        assert_eq!(publish(&directory, "key-a"), Err(Denied::DisabledKey(StreamId::new("a"))));
        assert_eq!(publish(&directory, "key-old"), Err(Denied::ExpiredKey(StreamId::new("a"))));
        assert_eq!(publish(&directory, "key-new"), Ok(StreamId::new("a")));
        directory.put(entry("a", Vec::new()));
        assert_eq!(publish(&directory, "key-new"), Err(Denied::UnknownKey));
        directory.remove(&StreamId::new("b"));
        assert_eq!(publish(&directory, "key-b"), Err(Denied::UnknownKey));
    }

    #[test]
    fn a_key_that_an_older_server_key_hashed_still_publishes() {
        let before = Vault::new(vault(1), Vec::new());
        let directory = Directory::new(Vault::new(vault(2), vec![vault(1)]), None);
        directory.put(entry("a", vec![key(&before, "key-a")]));
        assert_eq!(publish(&directory, "key-a"), Ok(StreamId::new("a")));
    }

    #[test]
    fn where_tokens_are_needed_each_plays_its_own_stream() {
        let tokens = Arc::new(PlaybackTokens::new("sixteen bytes or more"));
        let directory = directory(Some(tokens.clone()));
        let play = |playback_id, token| directory.play(PlayAttempt { playback_id, token, from: FROM });
        let token = tokens.issue_daily(&PlaybackId::parse("a").expect("a good id"), SystemTime::now());
        assert_eq!(play("a", Some(token.as_str())), Ok(StreamId::new("a")));
        assert_eq!(play("b", Some(token.as_str())), Err(Denied::Token(TokenFault::Invalid)));
        assert_eq!(play("nobody", None), Err(Denied::Token(TokenFault::Missing)), "it says nothing of ids");
    }
}
