//! Webhooks: other people's servers are told of events, signed, again and again until they have heard.
//!
//! `service` is what people do with webhooks, `secret` signs, `rules` says what a webhook may be, `guard` keeps deliveries
//! out of networks that only we can see, `schedule` says when to try again, `attempt` makes one request, `deliverer` is the
//! task that carries deliveries. That each event is handed over with its being kept is the journal's and the store's.
//!
//! - **Invariant:** a delivery is carried until it arrived or was given up, whatever becomes of this process; a receiver
//!   may get one twice, under the same `webhook-id`.
//! - **Invariant:** every connection goes to an address that was checked after its name was looked up, and no redirect is
//!   followed.
//! - **Invariant:** no secret, and no address of a webhook, is in a log line or an event.

mod attempt;
mod deliverer;
mod error;
mod guard;
mod rules;
mod schedule;
mod secret;
mod service;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::journal::Journal;
use crate::net::{Allowed, Breakers};
use crate::store::{Store, UnixMillis};
use crate::stream::Figure;
use crate::vault::Vault;

pub use error::{Error, Fault, Result};
pub use schedule::Schedule;
pub use secret::{BadSecret, Secret};
pub use service::{Made, WebhookChange, WebhookWish};

/// Failures of a host in a row after which deliveries to it pause, and for how long.
const CIRCUIT: (u32, Duration) = (5, Duration::from_secs(30));

/// How webhooks are treated.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which addresses are connected to.
    pub allowed: Allowed,
    /// From the name look-up to the end of the answer.
    pub timeout: Duration,
    /// When a delivery that failed is tried again.
    pub schedule: Schedule,
    /// Deliveries given up in a row after which a webhook is switched off.
    pub disable_after: u32,
    /// Webhooks there may be.
    pub webhooks_max: usize,
    /// How often the store is asked for what is due, when nothing says that something is.
    pub look_every: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allowed: Allowed::World,
            timeout: Duration::from_secs(15),
            schedule: Schedule::default(),
            disable_after: 5,
            webhooks_max: 200,
            look_every: Duration::from_secs(2),
        }
    }
}

/// What became of attempts.
#[derive(Debug, Default)]
pub struct Counts {
    /// They arrived.
    pub delivered: Figure,
    /// They did not, and are made again.
    pub retried: Figure,
    /// They did not, and were the last.
    pub failed: Figure,
    /// Attempts that were not made because the address is not allowed.
    pub refused: Figure,
    /// Attempts that were put off because the host failed so often.
    pub paused: Figure,
}

/// The webhooks of this process. Cloning it is cheap.
#[derive(Clone)]
pub struct Webhooks {
    room: Arc<Room>,
}

/// What all parts share.
struct Room {
    store: Store,
    journal: Journal,
    vault: Vault,
    config: Config,
    client: reqwest::Client,
    breakers: Breakers,
    /// Attempts at once at one host.
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// Rings when something is due that was not before.
    wake: Notify,
    counts: Counts,
}

impl Webhooks {
    /// The webhooks in the journal's store, and the task that delivers until `stop`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(
        journal: Journal,
        vault: Vault,
        config: Config,
        stop: CancellationToken,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static)> {
        let room = Arc::new(Room {
            store: journal.store().clone(),
            client: attempt::client(&config)?,
            journal,
            vault,
            config,
            breakers: Breakers::new(CIRCUIT.0, CIRCUIT.1),
            hosts: Mutex::default(),
            wake: Notify::new(),
            counts: Counts::default(),
        });
        Ok((Self { room: Arc::clone(&room) }, deliverer::run(room, stop)))
    }

    /// What became of attempts so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.room.counts
    }
}

fn now() -> UnixMillis {
    SystemTime::now().into()
}

/// What people write of webhooks, for fuzzing: an address, and words for events.
#[cfg(any(fuzzing, test))]
pub fn fuzz(text: &str) {
    if let Ok(url) = rules::url(text, &Config::default()) {
        assert!(url.has_host() && url.username().is_empty() && url.password().is_none());
    }
    let words: Vec<String> = text.split(',').map(str::to_owned).collect();
    let _known = rules::events(&words);
}
