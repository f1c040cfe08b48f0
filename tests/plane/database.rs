//! The database of a process: a file in its folder, or one of a PostgreSQL server of the test's own.

#[path = "../store/support/postgres.rs"]
mod postgres;

use std::path::Path;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::support::programs;
pub(crate) use postgres::Postgres;

/// The password in the address. The server asks for none, but the program must keep it to itself.
pub(crate) const PASSWORD: &str = "pw-of-the-database-7d1f";

/// An empty database of the server.
pub(crate) struct Bench {
    url: String,
    folder: Arc<TempDir>,
}

/// A running PostgreSQL server.
pub(crate) struct Server(Postgres);

impl Server {
    pub(crate) fn start() -> Self {
        Self(Postgres::start())
    }

    /// Ends it. Databases and their rows are there again after [`start_again`](Self::start_again).
    pub(crate) fn stop(&mut self) {
        self.0.stop();
    }

    pub(crate) fn start_again(&mut self) {
        self.0.start_again();
    }

    /// An empty database.
    pub(crate) fn database(&self) -> Database {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        crate::block_on(async { sender.send(self.0.bench().await).expect("it is received") });
        let Bench { url, folder } = receiver.recv().expect("it was sent");
        let url = url.replace("postgres@", &format!("postgres:{PASSWORD}@"));
        Database { url: Some(url), _folder: Some(folder) }
    }
}

/// Where a process keeps what must last.
#[derive(Clone)]
pub(crate) struct Database {
    /// `None` is the file in its folder.
    pub(crate) url: Option<String>,
    _folder: Option<Arc<TempDir>>,
}

/// A connection beside the process's own.
pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self { url: None, _folder: None }
    }

    pub(crate) fn at(url: &str) -> Self {
        Self { url: Some(url.to_owned()), _folder: None }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.is_none()
    }

    /// A connection of its own to the database of the process with this data folder.
    pub(crate) async fn raw(&self, data: &Path) -> Raw {
        match &self.url {
            None => {
                let url = format!("sqlite://{}", data.join("gostream.db").display());
                Raw::Sqlite(SqliteConnection::connect(&url).await.expect("SQLite opens"))
            }
            Some(url) => Raw::Postgres(PgConnection::connect(url).await.expect("PostgreSQL answers")),
        }
    }
}

impl Database {
    /// All that is kept, as it is kept.
    pub(crate) async fn dump(&self, data: &Path) -> Vec<u8> {
        let Raw::Postgres(mut raw) = self.raw(data).await else {
            let files = ["gostream.db", "gostream.db-wal"].map(|name| std::fs::read(data.join(name)));
            return files.into_iter().flatten().flatten().collect();
        };
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut raw).await.expect("tables");
        assert!(tables.len() > 8, "{tables:?}");
        let mut all = Vec::new();
        for table in tables {
            let rows = AssertSqlSafe(format!("SELECT row::text FROM {table} row"));
            let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut raw).await.expect("rows");
            all.extend(rows.concat().into_bytes());
        }
        all
    }
}

impl Raw {
    pub(crate) async fn run(&mut self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        match self {
            Self::Sqlite(raw) => sqlx::raw_sql(text).execute(raw).await.map(|_| ()),
            Self::Postgres(raw) => sqlx::raw_sql(text).execute(raw).await.map(|_| ()),
        }
        .expect("the statement runs");
    }
}
