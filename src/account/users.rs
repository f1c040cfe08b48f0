//! Accounts as people manage them: their own, and those of others.

use zeroize::Zeroizing;

use super::password::Verdict;
use super::sessions::over;
use super::{Accounts, Action, Caller, Error, SignedIn, Visitor, fields};
use crate::store::{Attempts, Hidden, Page, Revision, Role, Slice, User, UserFields, UserId};

/// An account to be.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its address.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Its password; without one, a reset link sets it, or an identity provider vouches for it.
    pub password: Option<Zeroizing<String>>,
}

/// What changes of an account; what is nothing stays.
#[derive(Clone, Default)]
pub struct UserChange {
    /// Its address.
    pub email: Option<String>,
    /// What people call them.
    pub name: Option<String>,
    /// What it may do. Only an administrator changes it.
    pub role: Option<Role>,
    /// Whether it may not sign in. Only an administrator changes it.
    pub disabled: Option<bool>,
    /// Its password. Only an administrator sets one this way, which signs that account out elsewhere; their own, only
    /// after a proof of who they are.
    pub password: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for UserChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { email, name, role, disabled, .. } = self;
        write!(f, "UserChange {{ {email:?}, {name:?}, {role:?}, {disabled:?} }}")
    }
}

impl UserChange {
    fn applied_to(&self, seen: &User, password_hash: Option<Hidden>) -> UserFields {
        let fields = seen.fields();
        UserFields {
            email: self.email.clone().unwrap_or(fields.email),
            name: self.name.clone().unwrap_or(fields.name),
            role: self.role.unwrap_or(fields.role),
            disabled: self.disabled.unwrap_or(fields.disabled),
            password_hash: password_hash.or(fields.password_hash),
            identity: fields.identity,
        }
    }
}

impl Accounts {
    /// Accounts, oldest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of the store.
    pub async fn users(&self, caller: &Caller, page: Page<UserId>) -> Result<Slice<User, UserId>, Error> {
        caller.may(Action::Administer)?;
        Ok(self.0.store.users(page).await?)
    }

    /// An account: the caller's own as it is now, or another for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of the store.
    pub async fn user(&self, caller: &Caller, id: UserId) -> Result<User, Error> {
        if caller.user.id != id {
            caller.may(Action::Administer)?;
        }
        Ok(self.0.store.user(id).await?)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Field`], [`Error::Password`], [`Error::Busy`];
    /// [`Duplicate`](crate::store::Error::Duplicate).
    pub async fn create_user(&self, caller: &Caller, new: &NewUser) -> Result<User, Error> {
        caller.may(Action::Administer)?;
        fields::email(&new.email)?;
        fields::name(&new.name)?;
        let password_hash = match &new.password {
            Some(password) => Some(self.new_password(password, &new.email).await?),
            None => None,
        };
        let fields = UserFields {
            email: new.email.clone(),
            name: new.name.clone(),
            role: new.role,
            password_hash,
            identity: None,
            disabled: false,
        };
        let user = self.0.store.create_user(&fields, self.now()).await?;
        tracing::info!(by = %caller.user.id, user = %user.id, role = user.role.as_str(), "made an account");
        Ok(user)
    }

    /// Changes an account: the caller's own, but for its role and password, or any for an administrator. Where no
    /// revision is expected, it changes whatever is there.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Field`], [`Error::Password`], [`Error::Busy`];
    /// [`Conflict`](crate::store::Error::Conflict), [`Duplicate`](crate::store::Error::Duplicate),
    /// [`LastAdmin`](crate::store::Error::LastAdmin), [`NotFound`](crate::store::Error::NotFound).
    pub async fn update_user(
        &self,
        caller: &Caller,
        id: UserId,
        expected: Option<Revision>,
        change: &UserChange,
    ) -> Result<User, Error> {
        let more = change.role.is_some() || change.disabled.is_some() || change.password.is_some();
        caller.may(if more { Action::Administer } else { over(caller, id) })?;
        if change.password.is_some() && caller.user.id == id {
            caller.proved_lately(self.now())?;
        }
        change.email.as_deref().map_or(Ok(()), fields::email)?;
        change.name.as_deref().map_or(Ok(()), fields::name)?;
        let mut seen = self.0.store.user(id).await?;
        let hash = match &change.password {
            Some(password) => {
                Some(self.new_password(password, change.email.as_ref().unwrap_or(&seen.email)).await?)
            }
            None => None,
        };
        let mut attempts = Attempts::of(expected);
        let user = loop {
            let fields = change.applied_to(&seen, hash.clone());
            match self.0.store.update_user(id, attempts.on(seen.revision), &fields, self.now()).await {
                Ok(user) => break user,
                Err(error) => attempts.after(error)?,
            }
            seen = self.0.store.user(id).await?;
        };
        if hash.is_some() {
            self.0.store.delete_sessions(id, caller.session().ok()).await?;
        }
        self.0.recent.forget();
        tracing::info!(by = %caller.user.id, user = %id, role = user.role.as_str(), disabled = user.disabled,
            password = hash.is_some(), "changed an account");
        Ok(user)
    }

    /// Changes the caller's own password, ends all sessions of theirs, and begins a new one.
    ///
    /// Who has no password yet, because an identity provider vouches for them, must have come from there lately. Who
    /// has neither came by a link, and has nothing to show but that.
    ///
    /// # Errors
    /// [`Error::Credentials`] for the old one, [`Error::NeedsProof`], [`Error::Password`] for the new one;
    /// [`Error::TooMany`], [`Error::Busy`], [`Error::NeedsSession`].
    pub async fn change_password(
        &self,
        caller: &Caller,
        old: &str,
        new: &str,
        visitor: Visitor<'_>,
    ) -> Result<SignedIn, Error> {
        caller.may(Action::ManageSelf)?;
        caller.session()?;
        self.0.limits.account(&caller.user.email)?;
        let user = self.0.store.user(caller.user.id).await?;
        match &user.password_hash {
            Some(hash) if self.0.passwords.verify(old, Some(hash)).await? == Verdict::Wrong => {
                return Err(Error::Credentials);
            }
            Some(_) => {}
            None if user.oidc_subject.is_some() => caller.proved_lately(self.now())?,
            None => {}
        }
        let mut fields = user.fields();
        fields.password_hash = Some(self.new_password(new, &user.email).await?);
        let user = self.0.store.update_user(user.id, user.revision, &fields, self.now()).await?;
        let ended = self.0.store.delete_sessions(user.id, None).await;
        self.0.recent.forget();
        ended?;
        tracing::info!(user = %user.id, address = %visitor.address, "changed their password");
        self.begin_session(user, visitor).await
    }

    /// Takes an account away, with its sessions and tokens. Its projects stay.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Conflict`](crate::store::Error::Conflict), [`LastAdmin`](crate::store::Error::LastAdmin),
    /// [`NotFound`](crate::store::Error::NotFound).
    pub async fn delete_user(
        &self,
        caller: &Caller,
        id: UserId,
        expected: Option<Revision>,
    ) -> Result<(), Error> {
        caller.may(Action::Administer)?;
        let deleted = self.0.store.delete_user(id, expected).await;
        self.0.recent.forget();
        deleted?;
        tracing::info!(by = %caller.user.id, user = %id, "took an account away");
        Ok(())
    }
}
