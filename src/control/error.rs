//! Why something that was asked for is not done, in words for whoever asked.

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
    /// The project comes from the configuration file, and is changed there.
    #[error("the project is declared in the configuration file, and is changed there")]
    Declared,
    /// Something else has to end first; what, as a sentence.
    #[error("{0}")]
    Busy(&'static str),
    /// There may not be more.
    #[error("there may be {at_most} {what} at most")]
    Full {
        /// Of what.
        what: &'static str,
        /// The bound.
        at_most: u64,
    },
    /// What the store says.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What the vault says.
    #[error(transparent)]
    Vault(#[from] vault::Error),
}

impl Error {
    pub(super) fn invalid(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { pointer, detail: detail.into() }])
    }
}
