//! The first account, one-time links, and accounts that people make for themselves.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::token::Kind;
use super::{Accounts, Action, Caller, Error, SignedIn, Token, Visitor, fields};
use crate::store::{Error as StoreError, Role, Store, UnixMillis, User, UserFields, UserId};

/// How long a link works.
const LINK_LASTS: Duration = Duration::from_secs(30 * 60);

/// A link that works once.
#[derive(Debug, Clone)]
pub struct Link {
    /// What stands in it, shown this once.
    pub token: Token,
    /// From when on it does not work.
    pub expires_at: UnixMillis,
}

impl Link {
    /// The page that it opens. The token is in the fragment, which browsers keep to themselves: it is in no server's log.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/setup#{}", self.token.expose())
    }
}

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkUse {
    /// It makes the first administrator.
    FirstAdmin,
    /// It sets the password of the account with this address.
    Password {
        /// The address.
        email: String,
    },
}

/// What somebody types who makes an account for themselves.
#[derive(Debug, Clone, Copy)]
pub struct NewAccount<'a> {
    /// Their address.
    pub email: &'a str,
    /// What people call them.
    pub name: &'a str,
    /// Their password.
    pub password: &'a str,
}

/// What came of an administrator named by whoever starts the server.
#[derive(Debug, Clone, PartialEq)]
pub enum FirstAdmin {
    /// The account was made.
    Made(Box<User>),
    /// There are accounts already, so nothing was done.
    NotNeeded,
}

/// A new link that makes the first administrator, for whoever has a shell on the server; an older one stops working.
///
/// # Errors
/// [`Error::AlreadySetUp`]; those of the store.
pub async fn setup_link(store: &Store, now: UnixMillis) -> Result<Link, Error> {
    if store.has_users().await? {
        return Err(Error::AlreadySetUp);
    }
    link(store, Kind::Setup, None, now).await
}

/// A new link that sets a password, for whoever has a shell on the server; an older one stops working.
///
/// # Errors
/// [`NotFound`](StoreError::NotFound) when nobody has this address.
pub async fn reset_link(store: &Store, email: &str, now: UnixMillis) -> Result<Link, Error> {
    let user = store.user_by_email(email).await?.ok_or(StoreError::NotFound("user"))?;
    link(store, Kind::Reset, Some(user.id), now).await
}

pub(super) async fn link(
    store: &Store,
    kind: Kind,
    user: Option<UserId>,
    now: UnixMillis,
) -> Result<Link, Error> {
    let token = Token::new(kind)?;
    let link = store.create_setup_link(&token.hash(), user, now, now.after(LINK_LASTS)).await?;
    Ok(Link { token, expires_at: link.expires_at })
}

impl Accounts {
    /// A new link that makes the first administrator; an older one stops working.
    ///
    /// # Errors
    /// [`Error::AlreadySetUp`]; those of the store.
    pub async fn setup_link(&self) -> Result<Link, Error> {
        if self.is_set_up().await? {
            return Err(Error::AlreadySetUp);
        }
        link(&self.0.store, Kind::Setup, None, self.now()).await
    }

    /// A new link that sets a password, for an administrator who hands it on: to somebody new, or to somebody who forgot.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`NotFound`](StoreError::NotFound).
    pub async fn reset_link_for(&self, caller: &Caller, user: UserId) -> Result<Link, Error> {
        caller.may(Action::Administer)?;
        let user = self.0.store.user(user).await?;
        tracing::info!(by = %caller.user.id, user = %user.id, "made a link that sets a password");
        link(&self.0.store, Kind::Reset, Some(user.id), self.now()).await
    }

    /// What a link is for, if it works.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::TooMany`]; those of the store.
    pub async fn look_at_link(&self, token: &str, visitor: Visitor<'_>) -> Result<LinkUse, Error> {
        self.0.limits.address(visitor.address)?;
        let hash = hash_of(token)?;
        let link = self.0.store.setup_link(&hash, self.now()).await?.ok_or(Error::Link)?;
        match link.user_id {
            Some(id) => {
                let user = self.0.store.user(id).await.map_err(unusable)?;
                Ok(LinkUse::Password { email: user.email })
            }
            None if self.is_set_up().await? => Err(Error::Link),
            None => Ok(LinkUse::FirstAdmin),
        }
    }

    /// Makes the first administrator with the setup link, and signs them in. After that, no such link works again.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::AlreadySetUp`], [`Error::Field`], [`Error::Password`], [`Error::TooMany`],
    /// [`Error::Busy`].
    pub async fn set_up(
        &self,
        token: &str,
        new: NewAccount<'_>,
        visitor: Visitor<'_>,
    ) -> Result<SignedIn, Error> {
        self.0.limits.address(visitor.address)?;
        if self.is_set_up().await? {
            return Err(Error::AlreadySetUp);
        }
        let hash = hash_of(token)?;
        // Before the password is hashed: that is for those who have a link.
        self.0.store.setup_link(&hash, self.now()).await?.ok_or(Error::Link)?;
        let fields = self.fields_of(new, Role::Admin).await?;
        let user = self.0.store.create_first_user(&hash, &fields, self.now()).await.map_err(unusable)?;
        self.0.set_up.store(true, Ordering::Relaxed);
        tracing::info!(user = %user.id, "the first administrator is made");
        self.begin_session(user, visitor).await
    }

    /// Makes the first administrator of an empty server without anybody at a browser.
    ///
    /// # Errors
    /// [`Error::Field`], [`Error::Password`]; those of the store.
    pub async fn first_admin(&self, email: &str, password: &str) -> Result<FirstAdmin, Error> {
        if self.is_set_up().await? {
            return Ok(FirstAdmin::NotNeeded);
        }
        let fields = self.fields_of(NewAccount { email, name: "", password }, Role::Admin).await?;
        // Through a link, so that of two processes which start together one makes it.
        let link = self.setup_link().await?;
        match self.0.store.create_first_user(&link.token.hash().0, &fields, self.now()).await {
            Ok(user) => {
                self.0.set_up.store(true, Ordering::Relaxed);
                tracing::info!(user = %user.id, "the first administrator is made from the environment");
                Ok(FirstAdmin::Made(Box::new(user)))
            }
            Err(StoreError::NotFound(_)) if self.is_set_up().await? => Ok(FirstAdmin::NotNeeded),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets a password with the link made for it, ends all sessions of the account, and begins a new one.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::Password`], [`Error::TooMany`], [`Error::Busy`].
    pub async fn reset_password(
        &self,
        token: &str,
        password: &str,
        visitor: Visitor<'_>,
    ) -> Result<SignedIn, Error> {
        self.0.limits.address(visitor.address)?;
        let hash = hash_of(token)?;
        let link = self.0.store.setup_link(&hash, self.now()).await?.ok_or(Error::Link)?;
        let user = self.0.store.user(link.user_id.ok_or(Error::Link)?).await.map_err(unusable)?;
        if user.disabled {
            return Err(Error::Link);
        }
        let new = self.new_password(password, &user.email).await?;
        let user = self.0.store.reset_password(&hash, &new, self.now()).await.map_err(unusable)?;
        self.0.recent.forget();
        tracing::info!(user = %user.id, address = %visitor.address, "set a new password with a link");
        self.begin_session(user, visitor).await
    }

    /// Makes an account of one's own, which can look and no more, and signs in.
    ///
    /// # Errors
    /// [`Error::SignUpClosed`], [`Error::NotSetUp`], [`Error::Field`], [`Error::Password`], [`Error::TooMany`],
    /// [`Error::Busy`]; [`Duplicate`](StoreError::Duplicate).
    pub async fn sign_up(&self, new: NewAccount<'_>, visitor: Visitor<'_>) -> Result<SignedIn, Error> {
        if !self.0.config.sign_up {
            return Err(Error::SignUpClosed);
        }
        self.0.limits.address(visitor.address)?;
        self.0.limits.sign_up(visitor.address)?;
        if !self.is_set_up().await? {
            return Err(Error::NotSetUp);
        }
        let fields = self.fields_of(new, Role::Viewer).await?;
        let user = self.0.store.create_user(&fields, self.now()).await?;
        tracing::info!(user = %user.id, address = %visitor.address, "signed up");
        self.begin_session(user, visitor).await
    }

    async fn fields_of(&self, new: NewAccount<'_>, role: Role) -> Result<UserFields, Error> {
        fields::email(new.email)?;
        fields::name(new.name)?;
        Ok(UserFields {
            email: new.email.to_owned(),
            name: new.name.to_owned(),
            role,
            password_hash: Some(self.new_password(new.password, new.email).await?),
            identity: None,
            disabled: false,
        })
    }
}

fn hash_of(token: &str) -> Result<[u8; 32], Error> {
    [Kind::Setup, Kind::Reset].into_iter().find_map(|kind| kind.hash_of(token)).ok_or(Error::Link)
}

/// A link that was used, or an account that went, between two queries.
pub(super) fn unusable(error: StoreError) -> Error {
    match error {
        StoreError::NotFound(_) => Error::Link,
        error => error.into(),
    }
}
