//! The errors of the rooms below, as problems. Nothing of a database's own words leaves the process.

use std::time::Duration;

use crate::account::{self, FieldFault, oidc};
use crate::api::{Problem, catalogue};
use crate::control;
use crate::store::{Error, Unique};
use crate::webhook;

impl From<account::Error> for Problem {
    fn from(error: account::Error) -> Self {
        use account::Error as Fault;
        let said = error.to_string();
        let of = |code| Self::of(code).detail(&said);
        match error {
            Fault::Credentials => Self::of(&catalogue::BAD_CREDENTIALS),
            Fault::NotSignedIn => Self::of(&catalogue::SIGNED_OUT),
            Fault::Forbidden(_) | Fault::NeedsSession | Fault::ScopeNotYours | Fault::NotSetUp => {
                of(&catalogue::NOT_ALLOWED)
            }
            Fault::NeedsProof => Self::of(&catalogue::CONFIRM_PASSWORD),
            Fault::TooMany { retry_after, .. } => of(&catalogue::TOO_MANY_REQUESTS).retry_after(retry_after),
            Fault::Link | Fault::AlreadySetUp => of(&catalogue::SETUP_CLOSED),
            Fault::SignUpClosed => Self::of(&catalogue::SIGN_UP_OFF),
            Fault::Password(fault) => Self::invalid("/password", fault.to_string()),
            Fault::Field(fault) => Self::invalid(field(fault), said),
            Fault::Scope(_) => Self::invalid("/scopes", said),
            Fault::Full { .. } => of(&catalogue::TOO_MANY),
            Fault::Busy => of(&catalogue::NOT_AVAILABLE).retry_after(Duration::from_secs(1)),
            Fault::Store(error) => error.into(),
            Fault::Oidc(error) => by_issuer(error),
            Fault::Vault(_) | Fault::Internal(_) | Fault::WrongServerKey => {
                tracing::error!(error = said, "accounts fail a request");
                Self::of(&catalogue::INTERNAL)
            }
        }
    }
}

/// Why nobody came in by the identity provider.
fn by_issuer(error: oidc::Error) -> Problem {
    use oidc::Error as Fault;
    let said = error.to_string();
    match error {
        Fault::Unavailable(_) => Problem::of(&catalogue::NOT_AVAILABLE).detail(said),
        Fault::LeftAlone { retry_after } => {
            Problem::of(&catalogue::NOT_AVAILABLE).detail(said).retry_after(retry_after)
        }
        Fault::Off => Problem::of(&catalogue::NOT_AVAILABLE).detail(said),
        Fault::ReturnTo => Problem::of(&catalogue::BAD_QUERY).detail(said),
        Fault::Refused(_)
        | Fault::Begun
        | Fault::Token(_)
        | Fault::NoAccount
        | Fault::EmailTaken
        | Fault::NoEmail => Problem::of(&catalogue::ELSEWHERE_FAILED).detail(said),
        Fault::Misconfigured(_) | Fault::Vault(_) => {
            tracing::error!(error = said, "sign-in elsewhere fails");
            Problem::of(&catalogue::INTERNAL)
        }
    }
}

/// The field of a body that breaks its rule.
fn field(fault: FieldFault) -> &'static str {
    match fault {
        FieldFault::Email => "/email",
        FieldFault::Name | FieldFault::TokenName => "/name",
        FieldFault::NoScopes => "/scopes",
        FieldFault::Expiry => "/expires_at",
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => {
                Self::of(&catalogue::NOT_FOUND).detail(format!("there is no such {what}"))
            }
            Error::Conflict { expected, found } => Self::of(&catalogue::REVISION_MISMATCH)
                .detail(format!("revision {expected} was expected and {found} was found")),
            Error::Duplicate(unique) => {
                let problem = Self::of(&catalogue::DUPLICATE).detail(format!("another has this {unique}"));
                match pointer(unique) {
                    Some(pointer) => problem.fault(pointer, format!("another has this {unique}")),
                    None => problem,
                }
            }
            Error::Full { at_most } => {
                Self::of(&catalogue::TOO_MANY).detail(format!("there may be {at_most} at most"))
            }
            Error::LastAdmin => Self::of(&catalogue::LAST_ADMIN),
            Error::NulInText => Self::of(&catalogue::INVALID).detail("text cannot hold the character U+0000"),
            Error::Unavailable(_) | Error::Damaged(_) | Error::Timeout(_) => {
                tracing::warn!(%error, "the database does not answer a request");
                Self::of(&catalogue::DATABASE_UNAVAILABLE).retry_after(Duration::from_secs(2))
            }
            Error::Address(_) | Error::TooNew { .. } | Error::Database(_) => {
                tracing::error!(%error, "the database refuses a request");
                Self::of(&catalogue::INTERNAL)
            }
        }
    }
}

impl From<control::Error> for Problem {
    fn from(error: control::Error) -> Self {
        use control::Error as Fault;
        let said = error.to_string();
        match error {
            Fault::Invalid(faults) => {
                let problem = Self::of(&catalogue::INVALID);
                faults.into_iter().fold(problem, |problem, fault| problem.fault(fault.pointer, fault.detail))
            }
            Fault::Declared => Self::of(&catalogue::DECLARED_IN_FILE),
            Fault::Full { .. } => Self::of(&catalogue::TOO_MANY).detail(said),
            Fault::Busy(why) => Self::of(&catalogue::NOT_POSSIBLE).detail(why),
            Fault::Store(error) => error.into(),
            Fault::Vault(_) => {
                tracing::error!(error = said, "a secret cannot be sealed or opened");
                Self::of(&catalogue::INTERNAL)
            }
        }
    }
}

impl From<webhook::Error> for Problem {
    fn from(error: webhook::Error) -> Self {
        use webhook::Error as Fault;
        let said = error.to_string();
        match error {
            Fault::Invalid(faults) => {
                let problem = Self::of(&catalogue::INVALID);
                faults.into_iter().fold(problem, |problem, fault| problem.fault(fault.pointer, fault.detail))
            }
            Fault::Full { .. } => Self::of(&catalogue::TOO_MANY).detail(said),
            Fault::Store(error) => error.into(),
            Fault::Vault(_) | Fault::Tls(_) | Fault::Client(_) => {
                tracing::error!(error = said, "webhooks fail a request");
                Self::of(&catalogue::INTERNAL)
            }
        }
    }
}

/// The field of a body that must be unique.
fn pointer(unique: Unique) -> Option<&'static str> {
    match unique {
        Unique::Email => Some("/email"),
        Unique::PlaybackId => Some("/playback_id"),
        Unique::Identity | Unique::StreamKey | Unique::Secret | Unique::Id => None,
    }
}
