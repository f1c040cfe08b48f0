//! Whom an identity provider vouches for, and which account that is here.

use super::oidc::{self, Begun, Callback, Claims};
use super::{Accounts, Error, SignedIn, Visitor, fields};
use crate::store::{Error as StoreError, OidcIdentity, Role, User, UserFields};

/// Characters of a name that are taken from elsewhere at most.
const NAME_CHARS_MAX: usize = 100;

/// How often two sign-ins of one person that make the account at once are sorted out.
const ATTEMPTS_MAX: u32 = 2;

/// How people can come in, for the page where they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// They can make an account of their own.
    pub sign_up: bool,
    /// What the button says that leads to the identity provider; there is none without.
    pub elsewhere: Option<String>,
}

impl Accounts {
    /// How people can come in, besides by password.
    #[must_use]
    pub fn doors(&self) -> Doors {
        Doors {
            sign_up: self.0.config.sign_up,
            elsewhere: self.0.provider.as_ref().map(|provider| provider.config.name.clone()),
        }
    }

    /// Begins a sign-in at the identity provider. `redirect_uri` is our own address that it knows; `return_to` is the page
    /// that was wanted, a path of this server.
    ///
    /// # Errors
    /// [`Error::Oidc`], [`Error::TooMany`].
    pub async fn begin_elsewhere(
        &self,
        redirect_uri: &str,
        return_to: &str,
        visitor: Visitor<'_>,
    ) -> Result<Begun, Error> {
        let provider = self.0.provider.as_ref().ok_or(oidc::Error::Off)?;
        self.0.limits.address(visitor.address)?;
        Ok(provider.begin(&self.0.vault, redirect_uri, return_to).await?)
    }

    /// Ends it: signs in who came back, and says to which page they want. `kept` is what the browser has kept.
    ///
    /// # Errors
    /// [`Error::Oidc`], [`Error::TooMany`], [`Error::NotSetUp`]; [`Error::Credentials`] for an account that may not
    /// sign in.
    pub async fn finish_elsewhere(
        &self,
        callback: &Callback<'_>,
        kept: &str,
        visitor: Visitor<'_>,
    ) -> Result<(SignedIn, String), Error> {
        let provider = self.0.provider.as_ref().ok_or(oidc::Error::Off)?;
        self.0.limits.address(visitor.address)?;
        let (claims, return_to) = provider.finish(&self.0.vault, callback, kept).await.inspect_err(|error| {
            tracing::warn!(%error, address = %visitor.address, "a sign-in at the identity provider failed");
        })?;
        let user = self.account_of(&claims, &provider.config).await?;
        Ok((self.begin_session(user, visitor).await?, return_to))
    }

    async fn account_of(&self, claims: &Claims, config: &oidc::Config) -> Result<User, Error> {
        let identity = OidcIdentity { issuer: config.issuer.clone(), subject: claims.sub.clone() };
        let mut attempt = 1;
        loop {
            let user = match self.0.store.user_by_identity(&identity).await? {
                Some(user) => Ok(user),
                None => self.new_account_of(claims, config, identity.clone()).await,
            };
            match user {
                Ok(user) if user.disabled => return Err(Error::Credentials),
                // Somebody was faster, perhaps the same person in another tab.
                Err(Error::Store(StoreError::Duplicate(_) | StoreError::Conflict { .. }))
                    if attempt < ATTEMPTS_MAX =>
                {
                    attempt += 1;
                }
                user => return user,
            }
        }
    }

    async fn new_account_of(
        &self,
        claims: &Claims,
        config: &oidc::Config,
        identity: OidcIdentity,
    ) -> Result<User, Error> {
        let email = claims.email.as_deref().filter(|email| fields::email(email).is_ok());
        let there = match email {
            Some(email) => self.0.store.user_by_email(email).await?,
            None => None,
        };
        if let Some(there) = there {
            // Made a moment ago, by the same person in another tab.
            if there.fields().identity.as_ref() == Some(&identity) {
                return Ok(there);
            }
            let may_join = config.link_by_email && claims.email_verified == Some(true);
            if !may_join || there.oidc_subject.is_some() || there.disabled {
                return Err(oidc::Error::EmailTaken.into());
            }
            let mut fields = there.fields();
            fields.identity = Some(identity);
            let user = self.0.store.update_user(there.id, there.revision, &fields, self.now()).await?;
            self.0.recent.forget();
            tracing::info!(user = %user.id, "an account is joined to its identity elsewhere");
            return Ok(user);
        }
        let role = config.create.ok_or(oidc::Error::NoAccount)?;
        let email = email.filter(|_| claims.email_verified != Some(false)).ok_or(oidc::Error::NoEmail)?;
        if !self.is_set_up().await? {
            return Err(Error::NotSetUp);
        }
        let fields = UserFields {
            email: email.to_owned(),
            name: shown_name(claims.name.as_deref().unwrap_or_default()),
            // An administrator is made by one who is here, whatever the settings say.
            role: if role == Role::Operator { role } else { Role::Viewer },
            password_hash: None,
            identity: Some(identity),
            disabled: false,
        };
        let user = self.0.store.create_user(&fields, self.now()).await?;
        tracing::info!(user = %user.id, role = user.role.as_str(), "made an account for an identity elsewhere");
        Ok(user)
    }
}

/// As much of a name from elsewhere as can be shown; nobody typed it here.
fn shown_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}
