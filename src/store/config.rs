//! Where the database is, and how long anybody waits for it.

use std::path::PathBuf;
use std::time::Duration;

use super::error::{Error, Result};

/// How the store is opened.
#[derive(Clone)]
pub struct StoreConfig {
    /// `sqlite://PATH` or `postgres://…`. It may hold a password, so it is never printed.
    pub url: String,
    /// Connections at most, 2 or more. SQLite uses one for writing and the others for reading.
    pub pool_max: u32,
    /// How long a call waits for a connection.
    pub acquire_timeout: Duration,
    /// How long a statement may run, waiting for another's lock included.
    pub statement_timeout: Duration,
    /// How long a migration waits for another process that migrates.
    pub migrate_timeout: Duration,
}

impl StoreConfig {
    /// The usual limits at this address.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            pool_max: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            migrate_timeout: Duration::from_secs(300),
        }
    }

    pub(super) fn address(&self) -> Result<Address<'_>> {
        let Some((scheme, rest)) = self.url.split_once(':') else {
            return Err(Error::Address("it begins with sqlite: or postgres:"));
        };
        match scheme {
            "postgres" | "postgresql" => Ok(Address::Postgres(&self.url)),
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path.contains(":memory:") {
                    return Err(Error::Address(
                        "SQLite needs a file: one in memory lasts no longer than a connection",
                    ));
                }
                if path.contains('?') {
                    return Err(Error::Address("SQLite's is a path without parameters"));
                }
                Ok(Address::Sqlite(PathBuf::from(path)))
            }
            _ => Err(Error::Address("it begins with sqlite: or postgres:")),
        }
    }
}

impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreConfig").field("pool_max", &self.pool_max).finish_non_exhaustive()
    }
}

/// Which database, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address<'a> {
    Sqlite(PathBuf),
    Postgres(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_or_a_server() {
        let address = |url: &str| StoreConfig::at(url).address().map(|address| format!("{address:?}"));
        assert_eq!(address("sqlite://data/gostream.db").unwrap(), r#"Sqlite("data/gostream.db")"#);
        assert_eq!(address("sqlite:///var/lib/gostream.db").unwrap(), r#"Sqlite("/var/lib/gostream.db")"#);
        assert_eq!(address("sqlite:gostream.db").unwrap(), r#"Sqlite("gostream.db")"#);
        assert_eq!(address("postgres://a@b/c").unwrap(), r#"Postgres("postgres://a@b/c")"#);
        for wrong in ["", "gostream.db", "mysql://a/b", "sqlite::memory:", "sqlite://", "sqlite://a?mode=ro"]
        {
            assert!(matches!(address(wrong), Err(Error::Address(_))), "{wrong}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_not_printed() {
        assert!(!format!("{:?}", StoreConfig::at("postgres://u:hunter2@h/d")).contains("hunter2"));
    }
}
