//! After a server key was replaced: everything that an older one sealed is sealed anew, so that the older one can go.

use std::collections::HashSet;
use std::hash::Hash;

use super::Error;
use crate::store::{
    Destination, DestinationId, Error as StoreError, Opaque, Result as StoreResult, Store, StreamKey,
    StreamKeyId, UnixMillis, Webhook, WebhookId,
};
use crate::vault::{self, Purpose, Vault};

/// Rows of one query. Each is a statement of its own after that, so others get their turn.
const BATCH: u32 = 100;

/// Rows that cannot be opened at most: with more, something else is wrong, and somebody must look first.
const UNREADABLE_MAX: usize = 10_000;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// Stream keys.
    pub stream_keys: u64,
    /// Keys of destinations.
    pub destinations: u64,
    /// Secrets of webhooks.
    pub webhooks: u64,
    /// Rows whose server key is not here, that are damaged, or whose secret another row has by now. They stay as they
    /// are.
    pub unreadable: u64,
}

/// Writes down which server key is at work, seals anew what others sealed, and then says that those are retired.
///
/// It has nothing to do but at the first start after a key was replaced. It may run on several nodes at once and be cut
/// off: the next one goes on with what is left.
///
/// # Errors
/// [`Error::WrongServerKey`] when another key had the number of the present one; those of the store.
pub async fn reseal(store: &Store, vault: &Vault, now: UnixMillis) -> Result<Resealed, Error> {
    introduce(store, vault, now).await?;
    let mut resealed = Resealed::default();
    resealed.stream_keys = all::<StreamKey>(store, vault, &mut resealed.unreadable).await?;
    resealed.destinations = all::<Destination>(store, vault, &mut resealed.unreadable).await?;
    resealed.webhooks = all::<Webhook>(store, vault, &mut resealed.unreadable).await?;
    if resealed.unreadable > 0 {
        tracing::error!(
            rows = resealed.unreadable,
            "secrets cannot be read: add their server key to vault.older_keys"
        );
    } else {
        for key in store.server_keys().await? {
            if key.id != vault.key_id() && key.retired_at.is_none() {
                store.retire_server_key(key.id, now).await?;
                tracing::info!(server_key = key.id, "nothing is sealed with this server key any more");
            }
        }
    }
    Ok(resealed)
}

/// The numbers of server keys that something may be sealed with and that this process does not have.
///
/// # Errors
/// Those of the store.
pub async fn missing_server_keys(store: &Store, vault: &Vault) -> Result<Vec<i64>, Error> {
    let keys = store.server_keys().await?.into_iter();
    let missing = keys.filter(|key| key.retired_at.is_none() && !vault.key_ids().any(|id| id == key.id));
    Ok(missing.map(|key| key.id).collect())
}

/// Writes down the present key, or sees that it is the one that is written down.
async fn introduce(store: &Store, vault: &Vault, now: UnixMillis) -> Result<(), Error> {
    let check = Opaque(vault.check_value().to_vec());
    match store.add_server_key(vault.key_id(), &check, now).await {
        Ok(_) => return Ok(()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let known = store.server_keys().await?.into_iter().find(|key| key.id == vault.key_id());
    if known.is_some_and(|key| key.check_value == check) { Ok(()) } else { Err(Error::WrongServerKey) }
}

/// A row with a secret in it.
trait Sealed: Sized {
    type Id: Copy + Eq + Hash + std::fmt::Display;
    const PURPOSE: Purpose;

    async fn others(store: &Store, server_key: i64, at_most: u32) -> StoreResult<Vec<Self>>;
    fn id(&self) -> Self::Id;
    /// What is sealed, and with which key.
    fn sealed(&self) -> Option<(&Opaque, i64)>;
    async fn replace(
        &self,
        store: &Store,
        vault: &Vault,
        secret: &str,
        sealed: vault::Sealed,
    ) -> StoreResult<bool>;
}

/// Seals all rows of a kind anew and says how many; those that cannot be are added to `unreadable`.
async fn all<R: Sealed>(store: &Store, vault: &Vault, unreadable: &mut u64) -> Result<u64, Error> {
    let (mut done, mut stuck) = (0, HashSet::new());
    while stuck.len() < UNREADABLE_MAX {
        // Those that are stuck come again with every query.
        let at_most = BATCH.saturating_add(u32::try_from(stuck.len()).unwrap_or(u32::MAX));
        let rows = R::others(store, vault.key_id(), at_most).await?;
        let rows: Vec<_> = rows.into_iter().filter(|row| !stuck.contains(&row.id())).collect();
        if rows.is_empty() {
            break;
        }
        for row in rows {
            // One that somebody changed meanwhile is in the next query again, unless it is sealed anew by that.
            match anew(store, vault, &row).await? {
                Ok(is_done) => done += u64::from(is_done),
                Err(why) => {
                    tracing::warn!(row = %row.id(), %why, "a secret is not sealed anew");
                    stuck.insert(row.id());
                }
            }
        }
    }
    *unreadable += stuck.len() as u64;
    Ok(done)
}

/// Whether one row is sealed anew; or what is in the way, which trying again does not change.
async fn anew<R: Sealed>(store: &Store, vault: &Vault, row: &R) -> Result<Result<bool, Error>, Error> {
    let Some((sealed, key)) = row.sealed() else { return Ok(Ok(false)) };
    let secret = match vault.open(R::PURPOSE, &sealed.0, key) {
        Ok(secret) => secret,
        Err(why) => return Ok(Err(why.into())),
    };
    let sealed = vault.seal(R::PURPOSE, &secret)?;
    match row.replace(store, vault, &secret, sealed).await {
        Ok(is_done) => Ok(Ok(is_done)),
        Err(why @ StoreError::Duplicate(_)) => Ok(Err(why.into())),
        Err(error) => Err(error.into()),
    }
}

impl Sealed for StreamKey {
    type Id = StreamKeyId;
    const PURPOSE: Purpose = Purpose::StreamKey;

    async fn others(store: &Store, server_key: i64, at_most: u32) -> StoreResult<Vec<Self>> {
        store.stream_keys_to_reseal(server_key, at_most).await
    }

    fn id(&self) -> StreamKeyId {
        self.id
    }

    fn sealed(&self) -> Option<(&Opaque, i64)> {
        Some((&self.key_sealed, self.sealed_with))
    }

    async fn replace(
        &self,
        store: &Store,
        vault: &Vault,
        secret: &str,
        sealed: vault::Sealed,
    ) -> StoreResult<bool> {
        let lookup = Opaque(vault.lookup(secret).to_vec());
        store.reseal_stream_key(self, &lookup, &Opaque(sealed.bytes), sealed.key_id).await
    }
}

impl Sealed for Destination {
    type Id = DestinationId;
    const PURPOSE: Purpose = Purpose::DestinationKey;

    async fn others(store: &Store, server_key: i64, at_most: u32) -> StoreResult<Vec<Self>> {
        store.destinations_to_reseal(server_key, at_most).await
    }

    fn id(&self) -> DestinationId {
        self.id
    }

    fn sealed(&self) -> Option<(&Opaque, i64)> {
        self.key_sealed.as_ref().zip(self.sealed_with)
    }

    async fn replace(&self, store: &Store, _: &Vault, _: &str, sealed: vault::Sealed) -> StoreResult<bool> {
        store.reseal_destination(self, &Opaque(sealed.bytes), sealed.key_id).await
    }
}

impl Sealed for Webhook {
    type Id = WebhookId;
    const PURPOSE: Purpose = Purpose::WebhookSecret;

    async fn others(store: &Store, server_key: i64, at_most: u32) -> StoreResult<Vec<Self>> {
        store.webhooks_to_reseal(server_key, at_most).await
    }

    fn id(&self) -> WebhookId {
        self.id
    }

    fn sealed(&self) -> Option<(&Opaque, i64)> {
        Some((&self.secret_sealed, self.sealed_with))
    }

    async fn replace(&self, store: &Store, _: &Vault, _: &str, sealed: vault::Sealed) -> StoreResult<bool> {
        store.reseal_webhook(self, &Opaque(sealed.bytes), sealed.key_id).await
    }
}
