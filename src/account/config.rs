//! How accounts behave, as the operator sets it.

use std::time::Duration;

use super::oidc;

/// What can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long an unused session lasts.
    pub session_ttl: Duration,
    /// Whether anybody may make an account of their own; it can look and no more.
    pub sign_up: bool,
    /// The identity provider that people can come in by.
    pub oidc: Option<oidc::Config>,
    /// What a password's hash costs.
    pub cost: Cost,
    /// Whether who was looked up a moment ago is still known; off, every request asks the database.
    pub cache: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            session_ttl: Duration::from_secs(7 * 24 * 60 * 60),
            sign_up: false,
            oidc: None,
            cost: Cost::default(),
            cache: true,
        }
    }
}

/// What one Argon2id hash costs. It stands in each hash, so it can be changed: a hash of another cost is replaced at the
/// next sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// What OWASP asks for at least (Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1).
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

impl Cost {
    /// The least that Argon2 can do: for tests alone, where a hash need not resist anybody.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}
