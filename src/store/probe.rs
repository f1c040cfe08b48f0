//! Why there was no connection in time. The pool tries a server that refuses again and again, and then says that time is
//! up; so the server is asked once more.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Mutex;

use super::error::{Error, Waiting};

/// How long a server may take to say it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The one who asks: one at a time, since most often all connections are simply in use. Clones share the turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Probe(Arc<Mutex<()>>);

impl Probe {
    /// What the server says; that time was up where it answers, or says nothing.
    pub(super) async fn why_none(&self, pool: &PgPool) -> Error {
        let timeout = Error::Timeout(Waiting::Connection);
        let Ok(_asking) = self.0.try_lock() else { return timeout };
        let options = pool.connect_options();
        let reached: Result<Result<PgConnection, _>, _> =
            tokio::time::timeout(PATIENCE, options.connect()).await;
        match reached {
            Ok(Err(error)) => error.into(),
            Ok(Ok(connection)) => {
                // That it may not hear the goodbye is nobody's loss.
                let _closed = connection.close().await;
                timeout
            }
            Err(_) => timeout,
        }
    }
}
