//! Secrets at rest: sealed so that they can be shown again, hashed so that they can be found, and random ones.
//!
//! Bytes in, bytes out. A *server key* is 256 bits that the database never sees; from it come, by HKDF (RFC 5869), one
//! key that seals (AES-256-GCM) and one that hashes for look-up (HMAC-SHA256). Whoever takes the database alone has
//! neither secrets nor a way to test guesses of them.
//!
//! A server key is replaced by naming the new one first and the old one among the older: what the old one made is
//! still found and opened, and somebody above seals it anew. This room leaves to others where things are kept, and
//! when.

mod error;
mod random;
mod server_key;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest as hash, hmac};
use zeroize::{Zeroize as _, Zeroizing};

pub use error::Error;
pub use random::random_token;
pub use server_key::{FILE_NAME, ServerKey};

/// Characters of a secret that its hint shows at most.
const HINT_CHARS_MAX: usize = 4;

/// A hint shows no more than one of so many characters.
const HINT_SHARE: usize = 3;

/// What a sealed secret is for. One that was sealed for something else does not open, so a row's bytes cannot be put
/// into another table to be shown there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A key that publishes into a project.
    StreamKey,
    /// A key that publishes at a destination.
    DestinationKey,
    /// What a webhook's deliveries are signed with.
    WebhookSecret,
    /// What a browser keeps for us while it signs in elsewhere.
    SignIn,
}

impl Purpose {
    /// Authenticated beside the secret. It is in every sealed row, so it never changes.
    fn label(self) -> &'static [u8] {
        match self {
            Self::StreamKey => b"stream key",
            Self::DestinationKey => b"destination key",
            Self::WebhookSecret => b"webhook secret",
            Self::SignIn => b"sign-in",
        }
    }
}

/// A secret that only its server key opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// A random nonce (96 bits), the ciphertext, the tag (128 bits).
    pub bytes: Vec<u8>,
    /// Which server key it was: see [`Vault::key_id`].
    pub key_id: i64,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes by {})", self.bytes.len(), self.key_id)
    }
}

/// The server keys at work. Cloning it is cheap.
#[derive(Clone)]
pub struct Vault {
    current: Arc<Derived>,
    older: Arc<[Derived]>,
}

/// What is made of a server key.
struct Derived {
    id: i64,
    seal: RandomizedNonceKey,
    lookup: hmac::Key,
    check: [u8; 32],
}

impl Vault {
    /// Seals with `current`, and opens and finds what the older ones made too.
    #[must_use]
    pub fn new(current: ServerKey, older: Vec<ServerKey>) -> Self {
        let current = Derived::from(&current);
        let mut others: Vec<Derived> = Vec::with_capacity(older.len());
        for key in older.iter().map(Derived::from) {
            if key.id != current.id && others.iter().all(|other| other.id != key.id) {
                others.push(key);
            }
        }
        Self { current: Arc::new(current), older: others.into() }
    }

    /// The number of the key that seals, made from it; never negative. It stands beside what it sealed.
    #[must_use]
    pub fn key_id(&self) -> i64 {
        self.current.id
    }

    /// The numbers of all keys, the current one's first.
    pub fn key_ids(&self) -> impl Iterator<Item = i64> + '_ {
        self.all().map(|key| key.id)
    }

    /// Something that only the current key makes: kept beside its number, it tells another key of the same number.
    #[must_use]
    pub fn check_value(&self) -> [u8; 32] {
        self.current.check
    }

    /// What a secret is found by (HMAC-SHA256 under the current key): the same for the same secret, and of no use to
    /// whoever has no server key.
    #[must_use]
    pub fn lookup(&self, secret: &str) -> [u8; 32] {
        self.current.lookup(secret)
    }

    /// What a secret may be kept under: the current key's first, then the older ones'.
    pub fn lookups(&self, secret: &str) -> impl Iterator<Item = [u8; 32]> {
        self.all().map(|key| key.lookup(secret))
    }

    /// Seals a secret with the current key. Twice the same secret gives two different rows of bytes.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn seal(&self, purpose: Purpose, secret: &str) -> Result<Sealed, Error> {
        // With room for the tag, so that no copy of the secret is left behind by growing.
        let mut text = Zeroizing::new(Vec::with_capacity(secret.len() + AES_256_GCM.tag_len()));
        text.extend_from_slice(secret.as_bytes());
        let nonce = self
            .current
            .seal
            .seal_in_place_append_tag(Aad::from(purpose.label()), &mut *text)
            .map_err(|_| Error::Random)?;
        let bytes = [nonce.as_ref().as_slice(), &text].concat();
        Ok(Sealed { bytes, key_id: self.current.id })
    }

    /// Opens what [`seal`](Self::seal) made for this purpose, with the key of this number.
    ///
    /// # Errors
    /// [`Error::UnknownKey`], [`Error::NotOurs`].
    pub fn open(&self, purpose: Purpose, bytes: &[u8], key_id: i64) -> Result<Zeroizing<String>, Error> {
        let key = self.all().find(|key| key.id == key_id).ok_or(Error::UnknownKey(key_id))?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or(Error::NotOurs)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::NotOurs)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let length = key
            .seal
            .open_in_place(nonce, Aad::from(purpose.label()), &mut text)
            .map_err(|_| Error::NotOurs)?
            .len();
        text.truncate(length);
        match String::from_utf8(std::mem::take(&mut *text)) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                Err(Error::NotOurs)
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Derived> {
        std::iter::once(&*self.current).chain(self.older.iter())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older: Vec<_> = self.older.iter().map(|key| key.id).collect();
        f.debug_struct("Vault").field("key_id", &self.current.id).field("older", &older).finish()
    }
}

impl Derived {
    fn lookup(&self, secret: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.lookup, secret.as_bytes());
        array(tag.as_ref())
    }
}

impl From<&ServerKey> for Derived {
    fn from(key: &ServerKey) -> Self {
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &*key.derive(b"seal")).expect("a key of 256 bits");
        let [a, b, c, d, e, f, g, h, ..] = *key.derive(b"id");
        Self {
            id: i64::from_be_bytes([a, b, c, d, e, f, g, h]) & i64::MAX,
            seal,
            lookup: hmac::Key::new(hmac::HMAC_SHA256, &*key.derive(b"lookup")),
            check: *key.derive(b"check"),
        }
    }
}

/// What people may see of a secret to tell it from others: its last four characters, fewer of a short one, and never
/// more than a third.
#[must_use]
pub fn hint(secret: &str) -> String {
    let chars = secret.chars().count();
    let shown = HINT_CHARS_MAX.min(chars / HINT_SHARE);
    secret.chars().skip(chars - shown).collect()
}

/// What a random token is kept as (SHA-256). For tokens of [`random_token`] alone: what people choose could be guessed.
#[must_use]
pub fn digest(token: &str) -> [u8; 32] {
    array(hash::digest(&hash::SHA256, token.as_bytes()).as_ref())
}

/// The 32 bytes that SHA-256 always gives.
fn array(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("SHA-256 has 32 bytes")
}
