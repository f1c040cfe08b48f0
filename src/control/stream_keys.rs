//! Stream keys: made, replaced with an overlap, shown again, taken away.

use std::time::Duration;

use zeroize::Zeroizing;

use super::error::{Error, Result};
use super::rules::{self, Judge};
use super::{Control, now};
use crate::store::{
    Attempts, NewStreamKey, Opaque, ProjectId, Revision, StreamKey, StreamKeyFields, StreamKeyId, UnixMillis,
};
use crate::vault::{self, Purpose};

/// The longest time that a replaced key goes on beside the new one.
const OVERLAP_MAX: Duration = Duration::from_secs(24 * 3600);

/// Characters of our keys after their prefix: 160 bits, in OBS's field at a glance.
const KEY_CHARS: usize = 32;

/// Something new, and the secret of it that is shown this once.
#[derive(Debug)]
pub struct Made<T> {
    /// What was made.
    pub row: T,
    /// Its secret.
    pub secret: Zeroizing<String>,
}

/// What is changed of a key; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct StreamKeyChange {
    /// What people call it.
    pub name: Option<String>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// From when on it does not publish; `Some(None)` is never.
    pub expires_at: Option<Option<UnixMillis>>,
}

impl Control {
    /// Adds a key to a project.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Declared`], and those of the store: no such project, or too many keys.
    pub async fn create_stream_key(&self, project: ProjectId, name: &str) -> Result<Made<StreamKey>> {
        self.own_project(project)?;
        let mut judge = Judge::default();
        judge.check("/name", rules::name(name));
        judge.verdict()?;
        let Made { row, secret } = self.new_key(name, None)?;
        let at_most = self.config.stream_keys_max;
        let row = self.rooms.store.create_stream_key(project, &row, at_most, now()).await?;
        self.refresh(project).await?;
        Ok(Made { row, secret })
    }

    /// Changes a key that is as the caller saw it, where they say how that was. Who publishes with it now goes on.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Declared`], and those of the store.
    pub async fn change_stream_key(
        &self,
        id: StreamKeyId,
        expected: Option<Revision>,
        change: StreamKeyChange,
    ) -> Result<StreamKey> {
        let mut key = self.own_key(id)?;
        let mut judge = Judge::default();
        if let Some(name) = &change.name {
            judge.check("/name", rules::name(name));
        }
        judge.verdict()?;
        let mut attempts = Attempts::of(expected);
        let changed = loop {
            let fields = StreamKeyFields {
                name: change.name.clone().unwrap_or_else(|| key.name.clone()),
                disabled: change.disabled.unwrap_or(key.disabled),
                expires_at: change.expires_at.unwrap_or(key.expires_at),
            };
            let seen = attempts.on(key.revision);
            match self.rooms.store.update_stream_key(id, seen, &fields, now()).await {
                Ok(changed) => break changed,
                Err(error) => attempts.after(error)?,
            }
            self.refresh(key.project_id).await?;
            key = self.own_key(id)?;
        };
        self.refresh(key.project_id).await?;
        Ok(changed)
    }

    /// Puts a new key beside one that publishes on for `overlap` only.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an overlap of more than a day, [`Error::Declared`], and those of the store.
    pub async fn rotate_stream_key(
        &self,
        id: StreamKeyId,
        expected: Option<Revision>,
        overlap: Duration,
    ) -> Result<Made<StreamKey>> {
        let mut key = self.own_key(id)?;
        if overlap > OVERLAP_MAX {
            let detail = format!("An overlap is {} seconds at most", OVERLAP_MAX.as_secs());
            return Err(Error::invalid("/overlap_s", detail));
        }
        let Made { row, secret } = self.new_key(&key.name, key.expires_at)?;
        let mut attempts = Attempts::of(expected);
        let row = loop {
            let (now, seen) = (now(), attempts.on(key.revision));
            match self.rooms.store.rotate_stream_key(id, seen, &row, now.after(overlap), now).await {
                Ok(row) => break row,
                Err(error) => attempts.after(error)?,
            }
            self.refresh(key.project_id).await?;
            key = self.own_key(id)?;
        };
        self.refresh(key.project_id).await?;
        Ok(Made { row, secret })
    }

    /// The key's text.
    ///
    /// # Errors
    /// No such key, or it was sealed with a server key that is not there.
    pub fn reveal_stream_key(&self, id: StreamKeyId) -> Result<Zeroizing<String>> {
        let key = self.known_key(id)?;
        Ok(self.rooms.vault.open(Purpose::StreamKey, &key.key_sealed.0, key.sealed_with)?)
    }

    /// Takes a key away. Who publishes with it now goes on.
    ///
    /// # Errors
    /// [`Error::Declared`], and those of the store.
    pub async fn delete_stream_key(&self, id: StreamKeyId, expected: Option<Revision>) -> Result<()> {
        let key = self.own_key(id)?;
        self.rooms.store.delete_stream_key(id, expected).await?;
        self.refresh(key.project_id).await.map(|_| ())
    }

    fn known_key(&self, id: StreamKeyId) -> Result<StreamKey> {
        let found = self.catalog().stream_key(id).map(|(_, key)| key);
        found.ok_or(Error::Store(crate::store::Error::NotFound("stream key")))
    }

    fn own_key(&self, id: StreamKeyId) -> Result<StreamKey> {
        let key = self.known_key(id)?;
        self.own_project(key.project_id)?;
        Ok(key)
    }

    /// A random key, not kept yet.
    pub(super) fn new_key(&self, name: &str, expires_at: Option<UnixMillis>) -> Result<Made<NewStreamKey>> {
        let random = vault::random_token("")?;
        let secret = Zeroizing::new(random.chars().take(KEY_CHARS).collect::<String>());
        let row = self.key_row(name, &secret, expires_at)?;
        Ok(Made { row, secret })
    }

    /// The row of a key with this text.
    pub(super) fn key_row(
        &self,
        name: &str,
        secret: &str,
        expires_at: Option<UnixMillis>,
    ) -> Result<NewStreamKey> {
        let sealed = self.rooms.vault.seal(Purpose::StreamKey, secret)?;
        Ok(NewStreamKey {
            name: name.to_owned(),
            lookup: Opaque(self.rooms.vault.lookup(secret).to_vec()),
            sealed: Opaque(sealed.bytes),
            hint: vault::hint(secret),
            sealed_with: sealed.key_id,
            expires_at,
        })
    }
}
