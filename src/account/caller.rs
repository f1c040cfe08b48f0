//! Who asks, and how they have shown who they are.

use std::sync::Arc;
use std::time::Duration;

use super::{Action, Error, Scopes};
use crate::store::{SessionId, TokenId, UnixMillis, User};

/// How long a proof of who somebody is counts as recent.
const PROOF_LASTS: Duration = Duration::from_secs(10 * 60);

/// Who asks. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account, as it was when it was last looked up.
    pub user: Arc<User>,
    /// How they have shown who they are.
    pub via: Via,
    /// What that is limited to; a session is not.
    pub scopes: Scopes,
    /// When they last proved who they are, by password or at an identity provider; nothing for a token.
    pub password_at: Option<UnixMillis>,
}

/// How somebody has shown who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A browser that signed in.
    Session(SessionId),
    /// A program with an API token.
    Token(TokenId),
}

impl Caller {
    /// Whether the caller may do this.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may(&self, action: Action) -> Result<(), Error> {
        if action.is_allowed(self.user.role, self.scopes) { Ok(()) } else { Err(Error::Forbidden(action)) }
    }

    /// Whether the caller has lately proved who they are: who finds an open browser has not. A token's scopes say all
    /// that is to say of it.
    ///
    /// # Errors
    /// [`Error::NeedsProof`]: [`Accounts::confirm`](super::Accounts::confirm) takes the password again.
    pub fn proved_lately(&self, now: UnixMillis) -> Result<(), Error> {
        match (self.via, self.password_at) {
            (Via::Token(_), _) => Ok(()),
            (Via::Session(_), Some(at)) if now <= at.after(PROOF_LASTS) => Ok(()),
            (Via::Session(_), _) => Err(Error::NeedsProof),
        }
    }

    /// The session, for what only a browser does.
    pub(super) fn session(&self) -> Result<SessionId, Error> {
        match self.via {
            Via::Session(id) => Ok(id),
            Via::Token(_) => Err(Error::NeedsSession),
        }
    }
}
