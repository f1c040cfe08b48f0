//! What can go wrong with an issuer, in words for who signs in and for who configures. None holds a code or a token.

use std::fmt;
use std::time::Duration;

/// Why nobody came in by the issuer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not answer, or answers with its own failure: it may pass.
    #[error("the identity provider does not answer ({0}): try again, or sign in another way")]
    Unavailable(&'static str),
    /// It has not answered several times in a row, so it is left alone for a while.
    #[error("the identity provider has not answered: the next attempt is in {} s", retry_after.as_secs().max(1))]
    LeftAlone {
        /// For how long.
        retry_after: Duration,
    },
    /// The operator's settings and what the issuer says do not fit.
    #[error("auth.oidc does not fit the identity provider: {0}")]
    Misconfigured(&'static str),
    /// The issuer sent the browser back without letting anybody in.
    #[error("the identity provider refused: {0}")]
    Refused(Refusal),
    /// What the browser kept is too old, gone, or of another sign-in.
    #[error("this sign-in is too old or was begun elsewhere: begin again")]
    Begun,
    /// The page to come back to is not one of ours.
    #[error("the page to return to must be a path of this server")]
    ReturnTo,
    /// The ID token is not what it should be.
    #[error("the identity provider's token is not valid: {0}")]
    Token(#[from] TokenFault),
    /// There is no account, and none is made.
    #[error("there is no account for this identity here: ask an administrator")]
    NoAccount,
    /// An account with this address exists, and it is not joined to the identity.
    #[error("an account with this email address exists: sign in with its password")]
    EmailTaken,
    /// An account needs an address, and the issuer gives none that can be one.
    #[error("the identity provider gives no usable email address")]
    NoEmail,
    /// There is no issuer.
    #[error("sign-in elsewhere is not configured")]
    Off,
    /// The system gives no random bytes.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
}

/// What is wrong with an ID token (OpenID Connect Core 1.0 §3.1.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is no signed token, or misses what it must have.
    #[error("it cannot be read")]
    Malformed,
    /// It is not signed with RS256 or ES256.
    #[error("it is signed in a way that is not accepted")]
    Algorithm,
    /// No key of the issuer signed it.
    #[error("no key of the issuer has signed it")]
    Signature,
    /// Another issuer made it.
    #[error("it is another issuer's")]
    Issuer,
    /// It is for another client.
    #[error("it is for somebody else")]
    Audience,
    /// Its time is over, or has not begun: a clock may be wrong.
    #[error("it is not valid at this time")]
    Time,
    /// It answers another sign-in.
    #[error("it answers another sign-in")]
    Nonce,
}

/// An error word of OAuth 2.0 (RFC 6749 §4.1.2.1, §5.2), as far as it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    const CHARS_MAX: usize = 40;

    pub(super) fn new(word: &str) -> Self {
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        Self(if is_word && word.len() <= Self::CHARS_MAX { word.to_owned() } else { "no reason".to_owned() })
    }

    /// Whether a person said no, so that nothing is broken.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        self.0 == "access_denied"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
