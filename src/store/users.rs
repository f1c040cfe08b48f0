//! Accounts: who may sign in, and as what.

use super::column::{Hidden, Revision, UnixMillis, row, words};
use super::connection::{Lock, Store, Tx};
use super::error::{Error, Result};
use super::id::UserId;
use super::page::{Page, Slice};
use super::setup_links;
use super::statement::{Statement, sql};

words! {
    /// What an account may do; what that is, is the floors' above.
    pub enum Role {
        /// Everything.
        Admin = "admin",
        /// Everything but accounts and the system.
        Operator = "operator",
        /// Looking.
        Viewer = "viewer",
    }
}

row! {
    /// An account.
    pub struct User {
        /// Its name here.
        pub id: UserId,
        /// Its address as typed. Unique without regard to case.
        pub email: String,
        /// What people call them, kept byte for byte.
        pub name: String,
        /// What it may do.
        pub role: Role,
        /// A password's hash; without one, no password signs in.
        pub password_hash: Option<Hidden>,
        /// The identity provider that vouches for it.
        pub oidc_issuer: Option<String>,
        /// Its name at that provider.
        pub oidc_subject: Option<String>,
        /// It may not sign in, and what it holds does not work.
        pub disabled: bool,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When it was last changed.
        pub updated_at: UnixMillis,
        /// How often it was changed.
        pub revision: Revision,
    }
}

/// An account at an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcIdentity {
    /// The provider.
    pub issuer: String,
    /// The account's name there.
    pub subject: String,
}

/// What can be changed of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct UserFields {
    /// See [`User::email`].
    pub email: String,
    /// See [`User::name`].
    pub name: String,
    /// See [`User::role`].
    pub role: Role,
    /// See [`User::password_hash`].
    pub password_hash: Option<Hidden>,
    /// See [`User::oidc_issuer`].
    pub identity: Option<OidcIdentity>,
    /// See [`User::disabled`].
    pub disabled: bool,
}

impl User {
    /// What to call them where others read it: their name, or without one the part of their address that says who.
    #[must_use]
    pub fn called(&self) -> &str {
        let name = self.name.trim();
        if name.is_empty() { self.email.split('@').next().unwrap_or_default() } else { name }
    }

    /// What can be changed of it, as it is: the start of every change.
    #[must_use]
    pub fn fields(&self) -> UserFields {
        let identity = self.oidc_issuer.clone().zip(self.oidc_subject.clone());
        UserFields {
            email: self.email.clone(),
            name: self.name.clone(),
            role: self.role,
            password_hash: self.password_hash.clone(),
            identity: identity.map(|(issuer, subject)| OidcIdentity { issuer, subject }),
            disabled: self.disabled,
        }
    }
}

impl UserFields {
    fn identity(&self) -> (Option<String>, Option<String>) {
        self.identity.clone().map(|identity| (identity.issuer, identity.subject)).unzip()
    }
}

impl Store {
    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when another has the address or the identity.
    pub async fn create_user(&self, fields: &UserFields, now: UnixMillis) -> Result<User> {
        let mut tx = self.begin().await?;
        let user = insert(&mut tx, fields, now).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Makes the first account with the link that the first start printed, and closes that way for good.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the link is used, too old or unknown, or when there is an account already.
    pub async fn create_first_user(&self, link: &[u8], fields: &UserFields, now: UnixMillis) -> Result<User> {
        let mut tx = self.begin().await?;
        tx.lock(Lock::Administrators).await?;
        let users = tx.number(sql!("SELECT count(*) FROM users")).await?;
        let taken = setup_links::take(&mut tx, link, now).await?;
        if users != Some(0) || taken.user_id.is_some() {
            return Err(Error::NotFound("setup link"));
        }
        let user = insert(&mut tx, fields, now).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Sets a password with a link made for its account, and signs that account out everywhere.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the link is used, too old, unknown or for nobody.
    pub async fn reset_password(&self, link: &[u8], hash: &Hidden, now: UnixMillis) -> Result<User> {
        let mut tx = self.begin().await?;
        let taken = setup_links::take(&mut tx, link, now).await?;
        let id = taken.user_id.ok_or(Error::NotFound("setup link"))?;
        let update = sql!(
            "UPDATE users SET password_hash = $2, updated_at = $3, revision = revision + 1 WHERE id = $1 \
             RETURNING {columns}",
            id,
            hash,
            now
        );
        let user = tx.one("user", update).await?;
        tx.run(sql!("DELETE FROM sessions WHERE user_id = $1", id)).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// The account.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn user(&self, id: UserId) -> Result<User> {
        self.one("user", sql!("SELECT {columns} FROM users WHERE id = $1", id)).await
    }

    /// The account with this address, in any case.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let folded = email.to_lowercase();
        self.first(sql!("SELECT {columns} FROM users WHERE email_folded = $1", &folded)).await
    }

    /// The account that a provider vouches for.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn user_by_identity(&self, identity: &OidcIdentity) -> Result<Option<User>> {
        self.first(sql!(
            "SELECT {columns} FROM users WHERE oidc_issuer = $1 AND oidc_subject = $2",
            &identity.issuer,
            &identity.subject
        ))
        .await
    }

    /// Whether anybody has an account; setup is open until then.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn has_users(&self) -> Result<bool> {
        let one = sql!("SELECT count(*) FROM (SELECT id FROM users LIMIT 1) AS some_user");
        Ok(self.number(one).await? == Some(1))
    }

    /// Accounts, oldest first.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn users(&self, page: Page<UserId>) -> Result<Slice<User, UserId>> {
        let rows = sql!(
            "SELECT {columns} FROM users WHERE id > COALESCE($1, '') ORDER BY id LIMIT $2",
            page.after,
            page.probe()
        );
        Ok(page.cut(self.all(rows).await?, |user: &User| user.id))
    }

    /// Changes an account that is as the caller saw it. One that is disabled by it is signed out.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::NotFound`], [`Error::Duplicate`], [`Error::LastAdmin`].
    pub async fn update_user(
        &self,
        id: UserId,
        expected: Revision,
        fields: &UserFields,
        now: UnixMillis,
    ) -> Result<User> {
        let (issuer, subject) = fields.identity();
        let mut tx = self.begin().await?;
        let before = administrators(&mut tx).await?;
        let update = sql!(
            "UPDATE users SET email = $3, email_folded = $4, name = $5, role = $6, password_hash = $7, \
             oidc_issuer = $8, oidc_subject = $9, disabled = $10, updated_at = $11, revision = revision + 1 \
             WHERE id = $1 AND revision = $2 RETURNING {columns}",
            id,
            expected,
            &fields.email,
            &fields.email.to_lowercase(),
            &fields.name,
            fields.role,
            &fields.password_hash,
            &issuer,
            &subject,
            fields.disabled,
            now
        );
        let Some(user) = tx.first(update).await? else {
            return Err(tx.unchanged("user", expected, revision_of(id)).await);
        };
        some_administrator_is_left(&mut tx, before).await?;
        if fields.disabled {
            tx.run(sql!("DELETE FROM sessions WHERE user_id = $1", id)).await?;
        }
        tx.commit().await?;
        Ok(user)
    }

    /// Takes an account away, with its sessions, tokens and links. Its projects stay, without an owner.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a revision is expected and another found; [`Error::NotFound`], [`Error::LastAdmin`].
    pub async fn delete_user(&self, id: UserId, expected: Option<Revision>) -> Result<()> {
        let mut tx = self.begin().await?;
        let before = administrators(&mut tx).await?;
        let delete =
            sql!("DELETE FROM users WHERE id = $1 AND revision = COALESCE($2, revision)", id, expected);
        if tx.run(delete).await? == 0 {
            let expected = expected.unwrap_or(Revision::FIRST);
            return Err(tx.unchanged("user", expected, revision_of(id)).await);
        }
        some_administrator_is_left(&mut tx, before).await?;
        tx.commit().await
    }
}

fn revision_of(id: UserId) -> Statement {
    sql!("SELECT revision FROM users WHERE id = $1", id)
}

async fn insert(tx: &mut Tx<'_>, fields: &UserFields, now: UnixMillis) -> Result<User> {
    let (issuer, subject) = fields.identity();
    tx.one(
        "user",
        sql!(
            "INSERT INTO users (id, email, email_folded, name, role, password_hash, oidc_issuer, oidc_subject, \
             disabled, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
             RETURNING {columns}",
            UserId::new(now),
            &fields.email,
            &fields.email.to_lowercase(),
            &fields.name,
            fields.role,
            &fields.password_hash,
            &issuer,
            &subject,
            fields.disabled,
            now
        ),
    )
    .await
}

/// How many can administer; nobody else changes that until the transaction ends.
async fn administrators(tx: &mut Tx<'_>) -> Result<Option<i64>> {
    tx.lock(Lock::Administrators).await?;
    tx.number(sql!("SELECT count(*) FROM users WHERE role = $1 AND disabled = FALSE", Role::Admin)).await
}

async fn some_administrator_is_left(tx: &mut Tx<'_>, before: Option<i64>) -> Result<()> {
    let after = administrators(tx).await?;
    if after == Some(0) && before != Some(0) { Err(Error::LastAdmin) } else { Ok(()) }
}
