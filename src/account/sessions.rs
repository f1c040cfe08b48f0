//! Signing in and out, and the sessions that are between the two.

use std::net::IpAddr;
use std::sync::Arc;

use super::accounts::Inner;
use super::password::Verdict;
use super::token::Kind;
use super::{Accounts, Action, Caller, Error, PasswordRule, Token, fields};
use crate::store::{NewSession, Page, Session, SessionId, Slice, User, UserId};

/// Sessions of one account at most; the oldest end when there are more.
const SESSIONS_MAX: u32 = 50;

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The address; behind a proxy that is trusted, the one that it names.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: &'a str,
}

/// A session that has just begun.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the browser keeps, shown this once.
    pub token: Token,
    /// The session.
    pub session: Session,
    /// Who it is.
    pub user: Arc<User>,
}

impl Accounts {
    /// Signs in with a password.
    ///
    /// # Errors
    /// [`Error::Credentials`], [`Error::TooMany`], [`Error::Busy`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        visitor: Visitor<'_>,
    ) -> Result<SignedIn, Error> {
        self.0.limits.address(visitor.address)?;
        self.0.limits.account(email)?;
        // The store keeps no U+0000, so nobody has such an address.
        let known = if email.contains('\0') { None } else { self.0.store.user_by_email(email).await? };
        let user = known.filter(|user| !user.disabled);
        let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
        let verdict = self.0.passwords.verify(password, hash).await?;
        let Some(user) = user.filter(|_| verdict != Verdict::Wrong) else {
            tracing::warn!(address = %visitor.address, "a sign-in is refused");
            return Err(Error::Credentials);
        };
        if verdict == Verdict::RightButOutdated {
            self.hash_anew(&user, password).await;
        }
        self.begin_session(user, visitor).await
    }

    /// Takes the password again from somebody who is signed in, and gives them a new session in place of the old one.
    ///
    /// # Errors
    /// [`Error::Credentials`], [`Error::TooMany`], [`Error::Busy`], [`Error::NeedsSession`].
    pub async fn confirm(
        &self,
        caller: &Caller,
        password: &str,
        visitor: Visitor<'_>,
    ) -> Result<SignedIn, Error> {
        let old = caller.session()?;
        let signed_in = self.sign_in(&caller.user.email, password, visitor).await?;
        // Somebody else may have the address by now.
        if signed_in.user.id != caller.user.id {
            self.end(signed_in.session.id).await?;
            return Err(Error::Credentials);
        }
        self.end(old).await?;
        Ok(signed_in)
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// [`Error::NeedsSession`] for a token; those of the store.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), Error> {
        self.end(caller.session()?).await
    }

    /// An account's sessions, newest first: the caller's own, or another's for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of the store.
    pub async fn sessions(
        &self,
        caller: &Caller,
        user: UserId,
        page: Page<SessionId>,
    ) -> Result<Slice<Session, SessionId>, Error> {
        caller.may(over(caller, user))?;
        Ok(self.0.store.sessions(user, page).await?)
    }

    /// Ends a session: one of the caller's own, or another's for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of the store, [`NotFound`](crate::store::Error::NotFound) also for another's.
    pub async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<(), Error> {
        let session = self.0.store.session(id).await?;
        if session.user_id != caller.user.id && caller.may(Action::Administer).is_err() {
            return Err(crate::store::Error::NotFound("session").into());
        }
        caller.may(over(caller, session.user_id))?;
        self.end(id).await
    }

    /// Ends all sessions of an account but the caller's present one, and says how many.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of the store.
    pub async fn end_sessions(&self, caller: &Caller, user: UserId) -> Result<u64, Error> {
        caller.may(over(caller, user))?;
        let ended = self.0.store.delete_sessions(user, caller.session().ok()).await?;
        self.0.recent.forget();
        Ok(ended)
    }

    /// Begins a session of somebody who has proved who they are.
    pub(super) async fn begin_session(&self, user: User, visitor: Visitor<'_>) -> Result<SignedIn, Error> {
        let (token, now) = (Token::new(Kind::Session)?, self.now());
        let new = NewSession {
            user_id: user.id,
            token_hash: token.hash(),
            expires_at: self.session_end(now, now),
            address: visitor.address.to_canonical().to_string(),
            user_agent: fields::user_agent(visitor.user_agent),
        };
        let session = self.0.store.create_session(&new, now).await?;
        self.end_oldest(user.id).await?;
        tracing::info!(user = %user.id, session = %session.id, address = %visitor.address, "signed in");
        Ok(SignedIn { token, session, user: Arc::new(user) })
    }

    /// Ends a session that may be gone already.
    pub(super) async fn end(&self, id: SessionId) -> Result<(), Error> {
        let ended = match self.0.store.delete_session(id).await {
            Err(crate::store::Error::NotFound(_)) => Ok(()),
            ended => ended,
        };
        self.0.recent.forget();
        Ok(ended?)
    }

    async fn end_oldest(&self, user: UserId) -> Result<(), Error> {
        let newest = self.0.store.sessions(user, Page::first(SESSIONS_MAX)).await?;
        let Some(after) = newest.next else { return Ok(()) };
        let older = Page::after(after, SESSIONS_MAX);
        for session in self.0.store.sessions(user, older).await?.items {
            self.end(session.id).await?;
        }
        Ok(())
    }

    /// Replaces a hash of another cost. That it does not work today changes nothing.
    async fn hash_anew(&self, user: &User, password: &str) {
        let Inner { passwords, store, .. } = &*self.0;
        let Ok(hash) = passwords.hash(password).await else { return };
        let mut fields = user.fields();
        fields.password_hash = Some(hash);
        if let Err(error) = store.update_user(user.id, user.revision, &fields, self.now()).await {
            tracing::debug!(%error, user = %user.id, "the password keeps its old hash");
        }
    }

    /// The hash of a new password that keeps to the rule.
    pub(super) async fn new_password(
        &self,
        password: &str,
        email: &str,
    ) -> Result<crate::store::Hidden, Error> {
        PasswordRule::CURRENT.check(password, email)?;
        self.0.passwords.hash(password).await
    }
}

/// What it takes to act on an account.
pub(super) fn over(caller: &Caller, user: UserId) -> Action {
    if caller.user.id == user { Action::ManageSelf } else { Action::Administer }
}
