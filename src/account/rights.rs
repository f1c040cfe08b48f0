//! Who may do what: one table of actions, each with the role and the scope that it needs.

use std::fmt;
use std::str::FromStr;

use crate::store::{Json, Role};

/// What a token may be limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// See projects, stream keys' hints, destinations, outputs.
    ProjectsRead,
    /// Change them.
    ProjectsWrite,
    /// See broadcasts, statistics, health, events, viewers.
    StreamsRead,
    /// Start, stop and retry outputs; end broadcasts; disconnect encoders.
    StreamsWrite,
    /// See stream keys and destination keys in clear.
    KeysReveal,
    /// See webhooks and their deliveries.
    WebhooksRead,
    /// Change them.
    WebhooksWrite,
    /// See the state of the server.
    SystemRead,
    /// See and change accounts.
    UsersAdmin,
}

impl Scope {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::ProjectsRead,
        Self::ProjectsWrite,
        Self::StreamsRead,
        Self::StreamsWrite,
        Self::KeysReveal,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::SystemRead,
        Self::UsersAdmin,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ProjectsRead => "projects:read",
            Self::ProjectsWrite => "projects:write",
            Self::StreamsRead => "streams:read",
            Self::StreamsWrite => "streams:write",
            Self::KeysReveal => "keys:reveal",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::SystemRead => "system:read",
            Self::UsersAdmin => "users:admin",
        }
    }

    /// What comes with it: who may change something may see it.
    const fn brings(self) -> Option<Self> {
        match self {
            Self::ProjectsWrite => Some(Self::ProjectsRead),
            Self::StreamsWrite => Some(Self::StreamsRead),
            Self::WebhooksWrite => Some(Self::WebhooksRead),
            _ => None,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(word: &str) -> Result<Self, NotAScope> {
        Self::ALL.into_iter().find(|scope| scope.word() == word).ok_or(NotAScope)
    }
}

/// The word is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is one of projects:read, projects:write, streams:read, streams:write, keys:reveal, webhooks:read, \
         webhooks:write, system:read, users:admin, or * for all"
)]
pub struct NotAScope;

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// `*`: everything, also what later versions can do, and what concerns the account itself.
    pub const EVERYTHING: Self = Self(u16::MAX);

    /// None.
    pub const NONE: Self = Self(0);

    const STAR: &'static str = "*";

    /// The set of these words.
    ///
    /// # Errors
    /// [`NotAScope`].
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAScope> {
        words.into_iter().try_fold(Self::NONE, |set, word| match word {
            Self::STAR => Ok(Self::EVERYTHING),
            word => Ok(Self(set.0 | word.parse::<Scope>()?.bit())),
        })
    }

    /// Its words, as they were given.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        if self == Self::EVERYTHING {
            return vec![Self::STAR];
        }
        Scope::ALL.into_iter().filter(|scope| self.0 & scope.bit() != 0).map(Scope::word).collect()
    }

    /// Whether it has the scope, or one that brings it.
    #[must_use]
    pub fn has(self, wanted: Scope) -> bool {
        Scope::ALL
            .into_iter()
            .any(|scope| self.0 & scope.bit() != 0 && (scope == wanted || scope.brings() == Some(wanted)))
    }

    /// Whether it has all that the other has.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self == Self::EVERYTHING
            || other != Self::EVERYTHING
                && Scope::ALL.into_iter().all(|scope| !other.has(scope) || self.has(scope))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn to_json(self) -> Json {
        Json(self.words().into())
    }

    /// Reads what is kept. A word that another version wrote grants nothing here.
    pub(super) fn from_json(json: &Json) -> Self {
        let words = json.0.as_array().into_iter().flatten().filter_map(|word| word.as_str());
        words.filter_map(|word| Self::parse([word]).ok()).fold(Self::NONE, |set, more| Self(set.0 | more.0))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.words()).finish()
    }
}

/// Something that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See projects, keys' hints, destinations, outputs.
    SeeProjects,
    /// Make, change and delete them.
    ChangeProjects,
    /// See broadcasts, statistics, health, events, viewers.
    SeeStreams,
    /// Start, stop and retry outputs; end broadcasts; disconnect encoders.
    RunStreams,
    /// See a key in clear. A session must also have proved itself lately: see [`Caller::proved_lately`](super::Caller::proved_lately).
    RevealKeys,
    /// See webhooks and their deliveries.
    SeeWebhooks,
    /// Make, change, test and delete them.
    ChangeWebhooks,
    /// See nodes, checks, versions, addresses.
    SeeSystem,
    /// See and change accounts of others, their sessions and tokens.
    Administer,
    /// Change one's own account, password, sessions and tokens.
    ManageSelf,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SeeProjects,
        Self::ChangeProjects,
        Self::SeeStreams,
        Self::RunStreams,
        Self::RevealKeys,
        Self::SeeWebhooks,
        Self::ChangeWebhooks,
        Self::SeeSystem,
        Self::Administer,
        Self::ManageSelf,
    ];

    /// The table: the least role, and the scope; where there is none, a token needs `*`.
    #[must_use]
    pub const fn rule(self) -> (Role, Option<Scope>) {
        match self {
            Self::SeeProjects => (Role::Viewer, Some(Scope::ProjectsRead)),
            Self::ChangeProjects => (Role::Operator, Some(Scope::ProjectsWrite)),
            Self::SeeStreams => (Role::Viewer, Some(Scope::StreamsRead)),
            Self::RunStreams => (Role::Operator, Some(Scope::StreamsWrite)),
            Self::RevealKeys => (Role::Operator, Some(Scope::KeysReveal)),
            Self::SeeWebhooks => (Role::Operator, Some(Scope::WebhooksRead)),
            Self::ChangeWebhooks => (Role::Operator, Some(Scope::WebhooksWrite)),
            Self::SeeSystem => (Role::Operator, Some(Scope::SystemRead)),
            Self::Administer => (Role::Admin, Some(Scope::UsersAdmin)),
            Self::ManageSelf => (Role::Viewer, None),
        }
    }

    /// What it needs, in words.
    pub(super) fn needs(self) -> String {
        let (role, scope) = self.rule();
        let role = match role {
            Role::Admin => "an administrator",
            Role::Operator => "an operator",
            Role::Viewer => "an account",
        };
        format!("{role}, and the scope {} of a token", scope.map_or(Scopes::STAR, Scope::word))
    }

    /// Whether an account of this role may do it with a token or session of these scopes.
    #[must_use]
    pub fn is_allowed(self, role: Role, scopes: Scopes) -> bool {
        let (least, scope) = self.rule();
        rank(role) >= rank(least)
            && match scope {
                Some(scope) => scopes.has(scope),
                None => scopes == Scopes::EVERYTHING,
            }
    }
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Operator => 1,
        Role::Admin => 2,
    }
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
