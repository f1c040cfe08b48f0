//! Random tokens as they are handed out: once, and never printed.

use std::fmt;

use zeroize::Zeroizing;

use crate::store::Opaque;
use crate::vault::{self, digest, hint, random_token};

/// Characters behind the prefix.
const RANDOM_CHARS: usize = 52;

/// What kind of token it is; its text begins so, which also lets scanners of leaked secrets find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Api,
    Setup,
    Reset,
    Entry,
}

impl Kind {
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "gss_",
            Self::Api => "gst_",
            Self::Setup => "setup_",
            Self::Reset => "reset_",
            Self::Entry => "entry_",
        }
    }

    /// What a token of this kind is kept as; nothing for a text that cannot be one, which so costs no query.
    pub(super) fn hash_of(self, text: &str) -> Option<[u8; 32]> {
        let random = text.strip_prefix(self.prefix())?;
        let is_one = random.len() == RANDOM_CHARS && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then(|| digest(text))
    }
}

/// A secret for whom it was made: written into a cookie, a link or an answer, and kept nowhere here.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    pub(super) fn new(kind: Kind) -> Result<Self, vault::Error> {
        random_token(kind.prefix()).map(Self)
    }

    /// One that says something to this server alone.
    pub(super) fn sealed(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(super) fn hash(&self) -> Opaque {
        Opaque(digest(&self.0).to_vec())
    }

    pub(super) fn hint(&self) -> String {
        hint(&self.0)
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}
