//! Brings the schema up to this program's, one numbered step at a time.
//!
//! A step is one transaction that takes the lock, looks which step is next, does it and writes it down. So a process that
//! dies in it leaves the step before; two that start at once take turns; and nothing is held between steps. Steps only add
//! what a running node of the version before does not know of.

use std::fmt;
use std::time::{Duration, Instant};

use super::column::UnixMillis;
use super::connection::{Lock, Store};
use super::error::{Error, Result, Waiting};
use super::statement::sql;

/// One step, for each database.
struct Migration {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        &[$(Migration {
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// In order; a step's version is its place, from 1. Append, and never change one that was released.
const MIGRATIONS: &[Migration] =
    migrations!("0001_accounts", "0002_projects", "0003_history", "0004_webhooks", "0005_bookkeeping");

/// The schema that this program works with.
pub const LATEST: i64 = MIGRATIONS.len() as i64;

/// How often a process looks whether another is done.
const LOOK: Duration = Duration::from_millis(100);

/// How often a schema that is not there yet is looked for.
const SCHEMA_LOOK: Duration = Duration::from_millis(200);

/// What PostgreSQL may spend in a step: any time for the work, little for the wait, because everybody else waits behind
/// one who waits for a table's lock. The step is tried again.
const POSTGRES_PATIENCE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '2s'";

/// What is written down. Not `IF NOT EXISTS` alone: PostgreSQL lets two processes collide in it, and the lock is before.
const BOOK: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
    (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// The schema in the database beside this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The newest step in the database; 0 when it is empty.
    pub found: i64,
    /// The newest step that this program has.
    pub known: i64,
}

impl Schema {
    /// Whether the program can work with it now.
    #[must_use]
    pub fn is_current(self) -> bool {
        self.found == self.known
    }
}

/// A step that begins. It reads `3 of 5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The step's version.
    pub version: i64,
    /// The newest that this program has.
    pub of: i64,
    /// What the step is called.
    pub name: &'static str,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.version, self.of)
    }
}

/// What a migration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The schema that is there now.
    pub version: i64,
    /// Steps that this process did; another may have done others meanwhile.
    pub steps: u32,
}

impl Store {
    /// Which schema the database has.
    ///
    /// # Errors
    /// Those of the database alone: a newer schema is a finding here.
    pub async fn schema(&self) -> Result<Schema> {
        let book = if self.is_sqlite() {
            sql!("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'")
        } else {
            sql!("SELECT count(to_regclass('schema_migrations'))")
        };
        let found = match self.number(book).await? {
            Some(1) => self.number(sql!("SELECT max(version) FROM schema_migrations")).await?,
            _ => None,
        };
        Ok(Schema { found: found.unwrap_or(0), known: LATEST })
    }

    /// Returns when the schema is no older than this program's: whoever starts brings it up to date, here or on another
    /// node, and what runs beside has nothing to do before. However long that takes, a database that is away included.
    pub async fn until_migrated(&self) {
        while !self.schema().await.is_ok_and(|schema| schema.found >= schema.known) {
            tokio::time::sleep(SCHEMA_LOOK).await;
        }
    }

    /// Does all steps that are not done, and tells each one as it begins. `now` is written beside each.
    ///
    /// # Errors
    /// [`Error::TooNew`], with nothing changed; [`Error::Timeout`] when another holds the schema for longer than the
    /// configured time. What was done stays done, and the next call goes on from there.
    pub async fn migrate(&self, now: UnixMillis, progress: impl FnMut(Step) + Send) -> Result<Migrated> {
        self.migrate_to(LATEST, now, progress).await
    }

    /// As [`Store::migrate`], but no further than `last`.
    ///
    /// # Errors
    /// As [`Store::migrate`].
    pub async fn migrate_to(
        &self,
        last: i64,
        now: UnixMillis,
        mut progress: impl FnMut(Step) + Send,
    ) -> Result<Migrated> {
        let since = Instant::now();
        let mut steps = 0;
        loop {
            // Looked up before anything is locked: most starts find nothing to do.
            let schema = self.schema().await?;
            if schema.found > LATEST {
                return Err(Error::TooNew { found: schema.found, known: LATEST });
            }
            if schema.found >= last.min(LATEST) {
                return Ok(Migrated { version: schema.found, steps });
            }
            match self.step(schema.found, now, &mut progress).await {
                Ok(true) => steps += 1,
                Ok(false) | Err(Error::Timeout(Waiting::Statement)) => {
                    if since.elapsed() > self.config().migrate_timeout {
                        return Err(Error::Timeout(Waiting::Migration));
                    }
                    tokio::time::sleep(LOOK).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Does the step after `found`, unless another process has the lock or was faster.
    async fn step(
        &self,
        found: i64,
        now: UnixMillis,
        progress: &mut (impl FnMut(Step) + Send),
    ) -> Result<bool> {
        let place = usize::try_from(found).unwrap_or(usize::MAX);
        let Some(migration) = MIGRATIONS.get(place) else { return Ok(false) };
        let mut tx = self.begin().await?;
        if !tx.try_lock(Lock::Migrate).await? {
            return Ok(false);
        }
        if !self.is_sqlite() {
            tx.script(POSTGRES_PATIENCE).await?;
        }
        tx.script(BOOK).await?;
        if tx.number(sql!("SELECT max(version) FROM schema_migrations")).await?.unwrap_or(0) != found {
            return Ok(false);
        }
        let version = found + 1;
        progress(Step { version, of: LATEST, name: migration.name });
        tx.script(if self.is_sqlite() { migration.sqlite } else { migration.postgres }).await?;
        tx.run(sql!(
            "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
            version,
            migration.name,
            now
        ))
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_one_schema() {
        for migration in MIGRATIONS {
            let same = migration.postgres.replace(" COLLATE \"C\"", "").replace("BYTEA", "BLOB");
            assert_eq!(same, migration.sqlite, "{}", migration.name);
        }
    }

    #[test]
    fn steps_are_named_by_their_place() {
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            assert!(migration.name.starts_with(&format!("{:04}_", place + 1)), "{}", migration.name);
        }
        assert_eq!(Step { version: 3, of: 5, name: "0003_history" }.to_string(), "3 of 5");
    }
}
