//! Why something that was asked for is not done, in words for whoever asked.

use crate::net::TlsError;
use crate::{store, vault};

/// The room's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One thing that is wrong with what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands in what was given, as a JSON pointer (RFC 6901).
    pub pointer: &'static str,
    /// What is wrong, as a sentence. It quotes no secret.
    pub detail: String,
}

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given will not do.
    #[error("{}", .0.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// There may not be more.
    #[error("there may be {at_most} webhooks at most")]
    Full {
        /// The bound.
        at_most: usize,
    },
    /// What the store says.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What the vault says.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What requests are made with cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}
