//! The sections on what must last and on people, as plain values. `Default` is the documented default of every key.

use std::time::Duration;

use crate::stream::StreamKey;

/// `[database]`
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`, which may hold a password; empty is SQLite in `data_dir`.
    pub url: StreamKey,
    /// Connections at most.
    pub pool_max: u32,
    /// How long a call waits for a connection.
    pub acquire_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
    /// How long a migration waits for another process that migrates.
    pub migrate_timeout: Duration,
    /// Whether what is read often is kept in memory.
    pub cache: bool,
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Projects there may be.
    pub projects: usize,
    /// Destinations a project may have.
    pub destinations_per_project: u32,
    /// Stream keys a project may have.
    pub stream_keys_per_project: u32,
}

/// `[history]`
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// How long events, reports and deliveries of webhooks are kept.
    pub keep: Duration,
}

/// `[auth]`
#[derive(Debug, Clone, PartialEq)]
pub struct Auth {
    /// How long an unused session lasts.
    pub session_ttl: Duration,
    /// Whether people may make accounts of their own.
    pub signup: bool,
    /// Sign-in elsewhere.
    pub oidc: Oidc,
}

impl Auth {
    /// Whether people come in whom nobody here let in: by signing up, or by an identity provider that gives accounts to
    /// whoever asks.
    #[must_use]
    pub fn strangers_may_come(&self) -> bool {
        let Oidc { issuer, create, trusted, .. } = &self.oidc;
        self.signup || !issuer.is_empty() && *create != OidcCreate::Off && !trusted
    }
}

/// `[auth.oidc]`
#[derive(Debug, Clone, PartialEq)]
pub struct Oidc {
    /// The provider's name for itself; empty where there is none.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there; empty for a client without one.
    pub client_secret: StreamKey,
    /// What the button says.
    pub name: String,
    /// Whether a verified address opens the account that has it.
    pub link_by_email: bool,
    /// What somebody without an account becomes.
    pub create: OidcCreate,
    /// Whether everybody whom the provider knows is as good as somebody whom an administrator made an account for.
    pub trusted: bool,
}

/// `[vault]`
#[derive(Debug, Clone, PartialEq)]
pub struct Vault {
    /// The server key; empty for the one in `data_dir`.
    pub key: StreamKey,
    /// Keys that are only read with.
    pub older_keys: Vec<StreamKey>,
}

/// What somebody who comes from elsewhere without an account becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OidcCreate {
    /// Nothing: an administrator makes accounts.
    Off,
    /// A viewer.
    Viewer,
    /// An operator.
    Operator,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: StreamKey::new(""),
            pool_max: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            migrate_timeout: Duration::from_secs(300),
            cache: true,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { projects: 1000, destinations_per_project: 20, stream_keys_per_project: 10 }
    }
}

impl Default for History {
    fn default() -> Self {
        Self { keep: Duration::from_secs(90 * 24 * 3600) }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self { session_ttl: Duration::from_secs(7 * 24 * 60 * 60), signup: false, oidc: Oidc::default() }
    }
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: StreamKey::new(""),
            name: "Single sign-on".to_owned(),
            link_by_email: false,
            create: OidcCreate::Off,
            trusted: false,
        }
    }
}

impl Default for Vault {
    fn default() -> Self {
        Self { key: StreamKey::new(""), older_keys: Vec::new() }
    }
}
