//! The two pools, and the only place that knows which of them is there.
//!
//! SQLite: write-ahead log, so that readers and the writer do not wait for each other; one connection that writes, so
//! that none of ours ever finds the file locked by another of ours; `synchronous = FULL`, because with `NORMAL` a power
//! cut takes back what was acknowledged, and what is written here is what people did, a few rows a second.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, Postgres};
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Transaction};

use super::column::Revision;
use super::config::{Address, StoreConfig};
use super::error::{Error, Result, Waiting};
use super::meter::{Gauges, Meter, Totals};
use super::probe::Probe;
use super::statement::{Kind, Record, Statement, Value, sql};

/// How much later than the database itself we give up on a statement: it has the better words.
const GRACE: Duration = Duration::from_secs(1);

/// The first of our advisory locks in PostgreSQL: "gostream" in ASCII, so that it is nobody else's.
const LOCK_BASE: i64 = 0x676f_7374_7265_616d;

/// The database. Cloning it is cheap, and all clones share the pools and the counters.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    meter: Arc<Meter>,
    config: StoreConfig,
    probe: Probe,
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres(PgPool),
}

/// Several statements that happen together or not at all. Dropped without [`Tx::commit`], they have not happened.
pub(super) struct Tx<'a> {
    inner: Inner,
    store: &'a Store,
}

enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A connection for one statement.
enum Lent {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// What one process at a time does, whichever node it is on. On SQLite a transaction excludes all others anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Migrate = 1,
    Administrators = 2,
    Events = 3,
}

impl Store {
    /// Prepares the pools; connections are made when they are needed, so a database that is not there yet is no error
    /// here. Nothing works before [`Store::migrate`] has been here once.
    ///
    /// # Errors
    /// [`Error::Address`] for an address that names no database; [`Error::Unavailable`] when SQLite's file cannot be
    /// made.
    pub async fn open(config: StoreConfig) -> Result<Self> {
        let pools = match config.address()? {
            Address::Sqlite(path) => {
                own_file(&path).await.map_err(|error| Error::Unavailable(error.to_string()))?;
                sqlite_pools(&config, &path)
            }
            Address::Postgres(url) => Pools::Postgres(postgres_pool(&config, url)?),
        };
        Ok(Self { pools, meter: Arc::default(), config, probe: Probe::default() })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Timeout`] when it does not.
    pub async fn ping(&self) -> Result<()> {
        self.number(sql!("SELECT CAST(1 AS BIGINT)")).await.map(|_| ())
    }

    /// Waits for what is running, then lets all connections go.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// The counters.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.meter.totals()
    }

    /// The pool now.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let (open, idle) = match &self.pools {
            Pools::Sqlite { read, write } => (read.size() + write.size(), read.num_idle() + write.num_idle()),
            Pools::Postgres(pool) => (pool.size(), pool.num_idle()),
        };
        Gauges {
            max: self.config.pool_max.max(2),
            open,
            idle: u32::try_from(idle).unwrap_or(u32::MAX),
            acquire_timeout: self.config.acquire_timeout,
            statement_timeout: self.config.statement_timeout,
        }
    }

    pub(super) fn config(&self) -> &StoreConfig {
        &self.config
    }

    /// Whether it is a SQLite file, and not PostgreSQL.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// The rows.
    pub(super) async fn all<T: Record>(&self, statement: Statement) -> Result<Vec<T>> {
        let kind = statement.kind();
        let (text, values) = statement.parts::<T>()?;
        match self.lend(kind).await? {
            Lent::Sqlite(mut lent) => self.guard(kind, sqlite_rows(&mut lent, text, values)).await,
            Lent::Postgres(mut lent) => self.guard(kind, postgres_rows(&mut lent, text, values)).await,
        }
    }

    /// The row, if there is one.
    pub(super) async fn first<T: Record>(&self, statement: Statement) -> Result<Option<T>> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// The row, or that there is no such `what`.
    pub(super) async fn one<T: Record>(&self, what: &'static str, statement: Statement) -> Result<T> {
        self.first(statement).await?.ok_or(Error::NotFound(what))
    }

    /// How many rows it changed.
    pub(super) async fn run(&self, statement: Statement) -> Result<u64> {
        let kind = statement.kind();
        let (text, values) = statement.plain()?;
        match self.lend(kind).await? {
            Lent::Sqlite(mut lent) => self.guard(kind, sqlite_run(&mut lent, text, values)).await,
            Lent::Postgres(mut lent) => self.guard(kind, postgres_run(&mut lent, text, values)).await,
        }
    }

    /// The one integer it returns, unless it returns no row or NULL.
    pub(super) async fn number(&self, statement: Statement) -> Result<Option<i64>> {
        let kind = statement.kind();
        let (text, values) = statement.plain()?;
        match self.lend(kind).await? {
            Lent::Sqlite(mut lent) => self.guard(kind, sqlite_number(&mut lent, text, values)).await,
            Lent::Postgres(mut lent) => self.guard(kind, postgres_number(&mut lent, text, values)).await,
        }
    }

    /// Begins a transaction that may write. On SQLite it holds the write lock from here on: one that began by reading
    /// and wrote later could find that another process wrote in between, and fail.
    pub(super) async fn begin(&self) -> Result<Tx<'_>> {
        self.meter.began();
        let inner = match &self.pools {
            Pools::Sqlite { write, .. } => {
                let lent = self.acquire(write).await?;
                let begun = Transaction::begin(lent, Some(sqlx::SqlStr::from_static("BEGIN IMMEDIATE")));
                Inner::Sqlite(self.guard(Kind::Write, begun).await?)
            }
            Pools::Postgres(pool) => {
                let lent = self.acquire(pool).await?;
                Inner::Postgres(self.guard(Kind::Write, Transaction::begin(lent, None)).await?)
            }
        };
        Ok(Tx { inner, store: self })
    }

    /// Runs a change of `what` that names the revision its caller saw. `$1` of `revision` is the row's id.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::NotFound`].
    pub(super) async fn change<R: Record>(
        &self,
        what: &'static str,
        expected: Revision,
        update: Statement,
        revision: Statement,
    ) -> Result<R> {
        match self.first(update).await? {
            Some(row) => Ok(row),
            None => Err(unchanged(what, expected, self.number(revision).await)),
        }
    }

    /// Runs a deletion of `what`, of any revision where none is expected. `$1` of `revision` is the row's id.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::NotFound`].
    pub(super) async fn delete(
        &self,
        what: &'static str,
        expected: Option<Revision>,
        delete: Statement,
        revision: Statement,
    ) -> Result<()> {
        match self.run(delete).await? {
            0 => Err(unchanged(what, expected.unwrap_or(Revision::FIRST), self.number(revision).await)),
            _ => Ok(()),
        }
    }

    async fn lend(&self, kind: Kind) -> Result<Lent> {
        match &self.pools {
            Pools::Sqlite { read, .. } if kind == Kind::Read => self.acquire(read).await.map(Lent::Sqlite),
            Pools::Sqlite { write, .. } => self.acquire(write).await.map(Lent::Sqlite),
            Pools::Postgres(pool) => self.acquire(pool).await.map(Lent::Postgres),
        }
    }

    async fn acquire<DB: sqlx::Database>(&self, pool: &sqlx::Pool<DB>) -> Result<PoolConnection<DB>> {
        let waits = pool.num_idle() == 0;
        let since = Instant::now();
        let lent = pool.acquire().await;
        if waits || lent.is_err() {
            self.meter.waited(since, matches!(lent, Err(sqlx::Error::PoolTimedOut)));
        }
        match lent {
            Err(sqlx::Error::PoolTimedOut) => Err(self.why_none().await),
            lent => Ok(lent?),
        }
    }

    async fn why_none(&self) -> Error {
        match &self.pools {
            Pools::Sqlite { .. } => Error::Timeout(Waiting::Connection),
            Pools::Postgres(pool) => self.probe.why_none(pool).await,
        }
    }

    /// Bounds the time of what a statement does, counts it, and puts its error into our words.
    async fn guard<T>(&self, kind: Kind, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T> {
        let since = Instant::now();
        let bounded = tokio::time::timeout(self.config.statement_timeout + GRACE, work).await;
        let outcome = match bounded {
            Ok(outcome) => outcome.map_err(Error::from),
            Err(_) => Err(Error::Timeout(Waiting::Statement)),
        };
        self.meter.ran(kind, since, outcome.as_ref().err());
        outcome
    }
}

impl Tx<'_> {
    /// Makes it happen. After an error it may have happened or not.
    pub(super) async fn commit(self) -> Result<()> {
        let Self { inner, store } = self;
        match inner {
            Inner::Sqlite(inner) => store.guard(Kind::Write, inner.commit()).await,
            Inner::Postgres(inner) => store.guard(Kind::Write, inner.commit()).await,
        }
    }

    /// Waits until no other transaction holds this, and holds it to its end.
    pub(super) async fn lock(&mut self, lock: Lock) -> Result<()> {
        match self.inner {
            Inner::Sqlite(_) => Ok(()),
            Inner::Postgres(_) => {
                self.run(sql!("SELECT pg_advisory_xact_lock($1)", LOCK_BASE + lock as i64)).await.map(|_| ())
            }
        }
    }

    /// As [`Tx::lock`], but says whether it could be had at once.
    pub(super) async fn try_lock(&mut self, lock: Lock) -> Result<bool> {
        match self.inner {
            Inner::Sqlite(_) => Ok(true),
            Inner::Postgres(_) => {
                let key = LOCK_BASE + lock as i64;
                let had = self.number(sql!("SELECT pg_try_advisory_xact_lock($1)::int::bigint", key)).await?;
                Ok(had == Some(1))
            }
        }
    }

    /// The rows.
    pub(super) async fn all<T: Record>(&mut self, statement: Statement) -> Result<Vec<T>> {
        let kind = statement.kind();
        let (text, values) = statement.parts::<T>()?;
        match &mut self.inner {
            Inner::Sqlite(inner) => self.store.guard(kind, sqlite_rows(inner, text, values)).await,
            Inner::Postgres(inner) => self.store.guard(kind, postgres_rows(inner, text, values)).await,
        }
    }

    /// The row, if there is one.
    pub(super) async fn first<T: Record>(&mut self, statement: Statement) -> Result<Option<T>> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// The row, or that there is no such `what`.
    pub(super) async fn one<T: Record>(&mut self, what: &'static str, statement: Statement) -> Result<T> {
        self.first(statement).await?.ok_or(Error::NotFound(what))
    }

    /// How many rows it changed.
    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64> {
        let kind = statement.kind();
        let (text, values) = statement.plain()?;
        match &mut self.inner {
            Inner::Sqlite(inner) => self.store.guard(kind, sqlite_run(inner, text, values)).await,
            Inner::Postgres(inner) => self.store.guard(kind, postgres_run(inner, text, values)).await,
        }
    }

    /// The one integer it returns, unless it returns no row or NULL.
    pub(super) async fn number(&mut self, statement: Statement) -> Result<Option<i64>> {
        let kind = statement.kind();
        let (text, values) = statement.plain()?;
        match &mut self.inner {
            Inner::Sqlite(inner) => self.store.guard(kind, sqlite_number(inner, text, values)).await,
            Inner::Postgres(inner) => self.store.guard(kind, postgres_number(inner, text, values)).await,
        }
    }

    /// Why a change of `what` with an expected revision changed nothing. `$1` of `revision` is the row's id.
    pub(super) async fn unchanged(
        &mut self,
        what: &'static str,
        expected: Revision,
        revision: Statement,
    ) -> Error {
        unchanged(what, expected, self.number(revision).await)
    }

    /// Runs a script of several statements, however long it takes.
    pub(super) async fn script(&mut self, text: &'static str) -> Result<()> {
        match &mut self.inner {
            Inner::Sqlite(inner) => sqlx::raw_sql(text).execute(&mut **inner).await.map(|_| ())?,
            Inner::Postgres(inner) => sqlx::raw_sql(text).execute(&mut **inner).await.map(|_| ())?,
        }
        Ok(())
    }
}

/// Makes the file, readable by its owner alone; SQLite gives its log the same mode.
async fn own_file(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map(|_| ())
}

fn sqlite_pools(config: &StoreConfig, path: &std::path::Path) -> Pools {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(config.statement_timeout)
        .disable_statement_logging();
    let writing = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    // A file needs no proof that it still answers, and a connection to it does not age.
    let pool = |connections| {
        PoolOptions::<Sqlite>::new()
            .max_connections(connections)
            .acquire_timeout(config.acquire_timeout)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    Pools::Sqlite {
        read: pool(config.pool_max.saturating_sub(1).max(1))
            .connect_lazy_with(options.pragma("query_only", "ON")),
        write: pool(1).connect_lazy_with(writing),
    }
}

fn postgres_pool(config: &StoreConfig, url: &str) -> Result<PgPool> {
    let timeout = config.statement_timeout.as_millis().to_string();
    let options = url
        .parse::<PgConnectOptions>()?
        .application_name("gostream")
        .options([("statement_timeout", &timeout), ("idle_in_transaction_session_timeout", &timeout)])
        .disable_statement_logging();
    Ok(PoolOptions::<Postgres>::new()
        .max_connections(config.pool_max.max(2))
        .acquire_timeout(config.acquire_timeout)
        .connect_lazy_with(options))
}

/// Binds each value with its own type.
macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Text(value) => query.bind(value),
                Value::Int(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// The three ways to run a statement, once for each database.
macro_rules! ways {
    ($connection:ty, $database:ty, $rows:ident, $run:ident, $number:ident) => {
        async fn $rows<T: Record>(
            connection: &mut $connection,
            text: Cow<'static, str>,
            values: Vec<Value>,
        ) -> Result<Vec<T>, sqlx::Error> {
            // Safe: both parts of the text are ours, see `Statement::parts`.
            bound!(sqlx::query_as::<$database, T>(AssertSqlSafe(text)), values).fetch_all(connection).await
        }

        async fn $run(
            connection: &mut $connection,
            text: &'static str,
            values: Vec<Value>,
        ) -> Result<u64, sqlx::Error> {
            bound!(sqlx::query::<$database>(text), values)
                .execute(connection)
                .await
                .map(|done| done.rows_affected())
        }

        async fn $number(
            connection: &mut $connection,
            text: &'static str,
            values: Vec<Value>,
        ) -> Result<Option<i64>, sqlx::Error> {
            bound!(sqlx::query_scalar::<$database, Option<i64>>(text), values)
                .fetch_optional(connection)
                .await
                .map(Option::flatten)
        }
    };
}

ways!(SqliteConnection, Sqlite, sqlite_rows, sqlite_run, sqlite_number);
ways!(PgConnection, Postgres, postgres_rows, postgres_run, postgres_number);

/// Why a change with an expected revision changed nothing, by the revision that was found behind it.
fn unchanged(what: &'static str, expected: Revision, found: Result<Option<i64>>) -> Error {
    match found {
        Ok(Some(found)) => Error::Conflict { expected, found: Revision(found) },
        Ok(None) => Error::NotFound(what),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_waits_for_the_disk_and_only_one_connection_writes() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(StoreConfig::at(&url)).await.unwrap();
            let mut tx = store.begin().await.unwrap();
            let full = tx.number(sql!("SELECT synchronous FROM pragma_synchronous")).await;
            assert_eq!(full, Ok(Some(2)), "FULL");
            let wal = sql!("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'");
            assert_eq!(tx.number(wal).await, Ok(Some(1)));
            assert_eq!(tx.number(sql!("SELECT foreign_keys FROM pragma_foreign_keys")).await, Ok(Some(1)));
            tx.commit().await.unwrap();
            assert_eq!(store.number(sql!("SELECT query_only FROM pragma_query_only")).await, Ok(Some(1)));
        });
    }
}
