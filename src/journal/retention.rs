//! Takes away what is too old, from time to time and a little at a time.

use std::time::{Duration, SystemTime};

use super::history::History;
use crate::store::{Keep, Store, UnixMillis};

/// How often it is looked at, and how long after the start for the first time.
const EVERY: Duration = Duration::from_secs(3_600);
const FIRST: Duration = Duration::from_secs(60);
/// Rows of a kind that go in one transaction, and the pause before the next: others want to write as well.
const BATCH: u32 = 500;
const PAUSE: Duration = Duration::from_millis(250);

/// Works until it is dropped.
pub(super) async fn run(store: &Store, history: &History, keep: Duration) {
    let keep = Keep { events: keep, deliveries: keep, streams: keep, batch: BATCH };
    tokio::time::sleep(FIRST).await;
    loop {
        loop {
            let swept = store.sweep(&keep, UnixMillis::from(SystemTime::now())).await;
            history.forget();
            match swept {
                Ok(swept) if swept.may_have_more(&keep) => tokio::time::sleep(PAUSE).await,
                Ok(swept) => {
                    tracing::debug!(?swept, "old history is taken away");
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "old history cannot be taken away now");
                    break;
                }
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
