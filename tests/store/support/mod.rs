//! What the cases start from: an empty database of either kind, and rows to put into it.

mod postgres;
#[allow(dead_code, reason = "the integration tests look for more programs than these do")]
#[path = "../../integration/support/programs.rs"]
pub(crate) mod programs;
mod rows;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use gostream::store::{Result, Store, StoreConfig};
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

pub(crate) use postgres::Postgres;
pub(crate) use programs::Program;
pub(crate) use rows::*;

/// A case: what holds of an empty database.
pub(crate) type Case = fn(Bench) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// An empty database of its own, gone with the last clone.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) url: String,
    folder: Arc<TempDir>,
}

/// A connection beside the store's own.
pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Bench {
    pub(crate) fn sqlite() -> Self {
        let folder =
            tempfile::Builder::new().prefix("gostream-store-").tempdir().expect("a folder can be made");
        let url = format!("sqlite://{}", folder.path().join("gostream.db").display());
        Self { url, folder: Arc::new(folder) }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig::at(&self.url)
    }

    /// Opens the database as it is.
    pub(crate) async fn open(&self) -> Store {
        Store::open(self.config()).await.expect("the store opens")
    }

    /// Opens the database with its schema made.
    pub(crate) async fn store(&self) -> Store {
        let store = self.open().await;
        store.migrate(NOW, |_| {}).await.expect("the schema is made");
        store
    }

    /// Opens a connection that knows nothing of the store.
    pub(crate) async fn raw(&self) -> Raw {
        if self.is_sqlite() {
            Raw::Sqlite(SqliteConnection::connect(&self.url).await.expect("SQLite opens"))
        } else {
            Raw::Postgres(PgConnection::connect(&self.url).await.expect("PostgreSQL answers"))
        }
    }

    /// The one integer that a query returns.
    pub(crate) async fn count(&self, text: &'static str) -> i64 {
        let counted = match self.raw().await {
            Raw::Sqlite(mut raw) => sqlx::query_scalar(text).fetch_one(&mut raw).await,
            Raw::Postgres(mut raw) => sqlx::query_scalar(text).fetch_one(&mut raw).await,
        };
        counted.expect("a count")
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Raw {
    pub(crate) async fn run(&mut self, text: &'static str) {
        match self {
            Self::Sqlite(raw) => sqlx::raw_sql(text).execute(raw).await.map(|_| ()),
            Self::Postgres(raw) => sqlx::raw_sql(text).execute(raw).await.map(|_| ()),
        }
        .expect("the statement runs");
    }
}

/// Runs to the end on a runtime with more than one thread, as the program's is.
pub(crate) fn block_on(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(5));
}

/// Runs `count` of them at once, and returns what each came to.
pub(crate) async fn at_once<T, F>(count: usize, mut one: impl FnMut(usize) -> F) -> Vec<Result<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(one(number))).collect();
    let mut outcomes = Vec::with_capacity(count);
    for task in tasks {
        outcomes.push(task.await.expect("none panics"));
    }
    outcomes
}
