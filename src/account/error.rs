//! What can go wrong with accounts, in words that hold no secret and do not say which accounts there are.

use std::time::Duration;

use super::fields::FieldFault;
use super::limits::Limited;
use super::oidc;
use super::password::PasswordFault;
use super::rights::{Action, NotAScope};
use crate::{store, vault};

/// Why it was not done. Who caused it: the caller for all but [`Error::Busy`] and those
/// from elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such account, another password, or an account that may not sign in: nobody learns which.
    #[error("the email address or the password is wrong")]
    Credentials,
    /// The token is unknown, too old or taken back.
    #[error("nobody is signed in with this")]
    NotSignedIn,
    /// The caller's role or the token's scopes do not allow it.
    #[error("this needs {}", .0.needs())]
    Forbidden(Action),
    /// Only a signed-in browser can do it.
    #[error("this needs a session: sign in")]
    NeedsSession,
    /// The caller must show their password again first.
    #[error("this needs a recent sign-in: enter the password again")]
    NeedsProof,
    /// Too many attempts.
    #[error("too many attempts {by}: try again in {} s", retry_after.as_secs().max(1))]
    TooMany {
        /// What they have in common.
        by: Limited,
        /// When the next one is allowed.
        retry_after: Duration,
    },
    /// The link is used, too old, unknown, or for something else.
    #[error("the link does not work: it is used, too old, or not one of ours")]
    Link,
    /// There is an administrator already, so there is nothing to set up.
    #[error("this server is set up: an administrator makes further accounts")]
    AlreadySetUp,
    /// Nobody can have an account before the first administrator.
    #[error("this server is not set up yet: open the setup link first")]
    NotSetUp,
    /// People cannot make accounts of their own here.
    #[error("sign-up is closed: ask an administrator for an account")]
    SignUpClosed,
    /// The password breaks the rule.
    #[error("the password {0}")]
    Password(#[from] PasswordFault),
    /// Another field breaks its rule.
    #[error(transparent)]
    Field(#[from] FieldFault),
    /// A word is none of the scopes.
    #[error(transparent)]
    Scope(#[from] NotAScope),
    /// A token would be able to do more than who makes it.
    #[error("a token cannot have scopes that its maker has not")]
    ScopeNotYours,
    /// There are as many as there may be.
    #[error("there may be {at_most} at most")]
    Full {
        /// How many.
        at_most: u32,
    },
    /// Too many passwords are being checked: try again in a moment.
    #[error("too many sign-ins at once: try again")]
    Busy,
    /// Nobody came in by the identity provider.
    #[error(transparent)]
    Oidc(#[from] oidc::Error),
    /// The store says no, or does not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Another server key had the number of the present one. That does not happen by chance.
    #[error("the server key is not the one that this database knows by its number")]
    WrongServerKey,
    /// Secrets cannot be made.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// Something that cannot be: a hash that was not ours.
    #[error("internal: {0}")]
    Internal(&'static str),
}
