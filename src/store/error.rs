//! What can go wrong with the store, in words that hold no value of any row.

use std::fmt;

use sqlx::error::{DatabaseError, ErrorKind};

use super::column::Revision;

/// What the functions of this room return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store did not do what it was asked.
///
/// Who caused it: the caller for the first six, the operator for [`Error::Address`] and [`Error::TooNew`], and the
/// database, or the disk it is on, for the rest. [`Error::is_worth_a_retry`] says which may pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The row is not there, or what a new row would belong to is not.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The row has been changed since the caller saw it.
    #[error("revision {expected} was expected and {found} was found")]
    Conflict {
        /// What the caller saw.
        expected: Revision,
        /// What is there now.
        found: Revision,
    },
    /// Another row has it already.
    #[error("there is already one with this {0}")]
    Duplicate(Unique),
    /// There are as many as there may be.
    #[error("there may be {at_most} at most")]
    Full {
        /// The bound that the caller gave.
        at_most: u32,
    },
    /// The change would leave nobody who can administer.
    #[error("the last administrator cannot be taken away")]
    LastAdmin,
    /// PostgreSQL cannot keep U+0000 in text, so neither do we.
    #[error("text cannot hold the character U+0000")]
    NulInText,
    /// The address of the database says nothing to us.
    #[error("the database's address is none: {0}")]
    Address(&'static str),
    /// The schema was made by a later version of this program.
    #[error("the database has schema {found}, and this program knows {known} at most: run a newer one")]
    TooNew {
        /// The newest migration in the database.
        found: i64,
        /// The newest that this program has.
        known: i64,
    },
    /// The file is no database, or what is in it is broken. Waiting does not mend it.
    #[error("the database's file is damaged, or is none: {0}")]
    Damaged(String),
    /// The database cannot be reached or cannot work.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database did not answer in time.
    #[error("the database took too long: {0}")]
    Timeout(Waiting),
    /// The database refused in a way that no caller can cause: a fault here or there.
    #[error("the database says: {0}")]
    Database(String),
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// All connections are in use, or none can be made.
    Connection,
    /// A statement ran too long or waited too long for another's lock.
    Statement,
    /// Another process is migrating, or holds what the migration needs.
    Migration,
    /// Others changed a row again and again.
    Turn,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "no connection was free",
            Self::Statement => "a statement did not end",
            Self::Migration => "the schema was held by another",
            Self::Turn => "others changed the row again and again",
        })
    }
}

/// What no two rows may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// An account's address, in any case.
    Email,
    /// An account at an identity provider.
    Identity,
    /// A project's public name.
    PlaybackId,
    /// A secret that publishes.
    StreamKey,
    /// A session's, link's or token's secret.
    Secret,
    /// The row's own id, and anything else.
    Id,
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "email address",
            Self::Identity => "identity",
            Self::PlaybackId => "playback id",
            Self::StreamKey => "stream key",
            Self::Secret => "secret",
            Self::Id => "id",
        })
    }
}

impl Unique {
    /// From what the database names: PostgreSQL the index, SQLite the columns in its message. The indexes are named
    /// `table_column`, so both come to the same words.
    fn of(error: &dyn DatabaseError) -> Self {
        let named = error.constraint().unwrap_or_else(|| error.message()).replace('.', "_");
        [
            ("users_email_folded", Self::Email),
            ("users_oidc_issuer", Self::Identity),
            ("projects_playback_id", Self::PlaybackId),
            ("stream_keys_key_lookup", Self::StreamKey),
            ("token_hash", Self::Secret),
            ("setup_links_pkey", Self::Secret),
        ]
        .into_iter()
        .find(|(name, _)| named.contains(name))
        .map_or(Self::Id, |(_, what)| what)
    }
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Timeout(_))
    }
}

impl From<sqlx::Error> for Error {
    /// Only the database's own short message is kept: details and values can hold what a person typed.
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => of_database(error.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Timeout(Waiting::Connection),
            sqlx::Error::Io(error) => Self::Unavailable(error.to_string()),
            sqlx::Error::Tls(error) => Self::Unavailable(format!("TLS: {error}")),
            sqlx::Error::PoolClosed => Self::Unavailable("the store is closed".to_owned()),
            sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => {
                Self::Unavailable("the connection broke".to_owned())
            }
            sqlx::Error::ColumnDecode { index, .. } => {
                Self::Database(format!("{index} holds no value of its type"))
            }
            sqlx::Error::Configuration(_) => Self::Address("it cannot be read"),
            other => Self::Database(other.to_string()),
        }
    }
}

fn of_database(error: &dyn DatabaseError) -> Error {
    match error.kind() {
        ErrorKind::UniqueViolation => return Error::Duplicate(Unique::of(error)),
        ErrorKind::ForeignKeyViolation => return Error::NotFound("owner of the row"),
        _ => {}
    }
    let code = error.code().unwrap_or_default();
    let message = error.message().to_owned();
    // A SQLSTATE has five characters; SQLite's extended codes are numbers below 10000.
    match (code.as_ref(), code.parse::<u32>()) {
        (code, _) if code.len() == 5 => match (code, &code[..2]) {
            // query_canceled, lock_not_available
            ("57014" | "55P03", _) => Error::Timeout(Waiting::Statement),
            // connection, authorisation, no such database, resources, operator
            (_, "08" | "28" | "3D" | "53" | "57") => Error::Unavailable(message),
            // serialization_failure, deadlock_detected
            (_, "40") => Error::Unavailable(message),
            _ => Error::Database(message),
        },
        (_, Ok(code)) => match code & 0xff {
            // SQLITE_BUSY, SQLITE_LOCKED
            5 | 6 => Error::Timeout(Waiting::Statement),
            // SQLITE_CORRUPT, NOTADB
            11 | 26 => Error::Damaged(message),
            // SQLITE_READONLY, IOERR, FULL, CANTOPEN
            8 | 10 | 13 | 14 => Error::Unavailable(message),
            _ => Error::Database(message),
        },
        _ => Error::Database(message),
    }
}
