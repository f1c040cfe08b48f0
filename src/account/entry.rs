//! Links that sign in by themselves: for whoever has just started a server on their own machine to look at it, and wants
//! to be inside at once.

use std::sync::atomic::Ordering;

use super::links::{link, unusable};
use super::token::Kind;
use super::{Accounts, Error, Link, SignedIn, Visitor};
use crate::store::{Error as StoreError, Page, Role, User, UserFields};

/// What the account is called that is made where there is none.
const NAME: &str = "Administrator";
/// Its address; nobody's mail goes there (RFC 2606).
const EMAIL: &str = "admin@gostream.invalid";

/// Accounts that are looked through for an administrator.
const LOOK_MAX: u32 = 100;

impl Accounts {
    /// A new link that signs in as an administrator, who is made without a password where there is none: for whoever has
    /// a shell on the server. An older one stops working.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn entry_link(&self) -> Result<Link, Error> {
        let admin = match self.administrator().await? {
            Some(admin) => admin,
            None => self.make_administrator().await?,
        };
        link(&self.0.store, Kind::Entry, Some(admin.id), self.now()).await
    }

    /// Signs in with the link made for it, which then never works again.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::TooMany`]; those of the store.
    pub async fn enter(&self, token: &str, visitor: Visitor<'_>) -> Result<SignedIn, Error> {
        self.0.limits.address(visitor.address)?;
        let hash = Kind::Entry.hash_of(token).ok_or(Error::Link)?;
        let taken = self.0.store.take_setup_link(&hash, self.now()).await.map_err(unusable)?;
        let user = self.0.store.user(taken.user_id.ok_or(Error::Link)?).await.map_err(unusable)?;
        if user.disabled {
            return Err(Error::Link);
        }
        tracing::info!(user = %user.id, address = %visitor.address, "came in by a link");
        self.begin_session(user, visitor).await
    }

    async fn administrator(&self) -> Result<Option<User>, Error> {
        let users = self.0.store.users(Page::first(LOOK_MAX)).await?;
        Ok(users.items.into_iter().find(|user| user.role == Role::Admin && !user.disabled))
    }

    async fn make_administrator(&self) -> Result<User, Error> {
        let fields = UserFields {
            email: EMAIL.to_owned(),
            name: NAME.to_owned(),
            role: Role::Admin,
            password_hash: None,
            identity: None,
            disabled: false,
        };
        // Through a link, so that of two processes which start together one makes it.
        let link = self.setup_link().await?;
        let user = match self.0.store.create_first_user(&link.token.hash().0, &fields, self.now()).await {
            Err(StoreError::NotFound(_)) => self.administrator().await?.ok_or(Error::Link)?,
            made => made?,
        };
        self.0.set_up.store(true, Ordering::Relaxed);
        Ok(user)
    }
}
