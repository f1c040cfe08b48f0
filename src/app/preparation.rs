//! From open listeners to a process that is ready: the schema brought up to date, the projects read. Nobody is let in
//! before, because every key would be a wrong one.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tokio::sync::watch;

use super::first_admin::Named;
use crate::account::{self, Accounts};
use crate::api::{Phase, Step};
use crate::control::{self, Control, Declared, NewProject};
use crate::net::Backoff;
use crate::store::{Error, Store};
use crate::stream::{PlaybackId, StreamKey};

/// The first and the longest pause before the database is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// The first project's name.
const FIRST_PROJECT: &str = "My stream";

/// The project of a first run: its key is shown this once.
#[derive(Debug, Clone)]
pub struct FirstProject {
    /// The key that publishes.
    pub stream_key: StreamKey,
    /// The name that plays.
    pub playback_id: PlaybackId,
}

/// Brings everything up to date. Waits for a database that is away, for as long as it takes.
///
/// # Errors
/// What no waiting helps: a schema that is newer than this program, or a database that does not do what it should.
pub(super) async fn prepare(
    control: &Control,
    people: &People,
    declared: &[Declared],
    phase: &watch::Sender<Phase>,
) -> anyhow::Result<Option<FirstProject>> {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1, fastrand::u64(..));
    loop {
        match attempt(control, people, declared, phase).await {
            Err(failure) if failure.is_worth_a_retry() => {
                phase.send_replace(Phase::Starting(Step::Database));
                let delay = backoff.next_delay();
                tracing::warn!(error = %failure, retry_in_ms = delay.as_millis() as u64, "the database is not there yet");
                tokio::time::sleep(delay).await;
            }
            outcome => return outcome.context("the database"),
        }
    }
}

/// Whose accounts they are, and whom the environment names.
pub(super) struct People {
    pub(super) accounts: Accounts,
    pub(super) first_admin: Option<Named>,
}

/// What keeps an attempt from its end.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Control(#[from] control::Error),
    #[error(transparent)]
    Account(#[from] account::Error),
    #[error(transparent)]
    Store(#[from] Error),
}

impl Failure {
    fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Control(control::Error::Store(error))
            | Self::Account(account::Error::Store(error))
            | Self::Store(error) => error.is_worth_a_retry(),
            _ => false,
        }
    }
}

async fn attempt(
    control: &Control,
    people: &People,
    declared: &[Declared],
    phase: &watch::Sender<Phase>,
) -> Result<Option<FirstProject>, Failure> {
    migrate(control.store(), phase).await?;
    let resealed = people.accounts.reseal().await?;
    if resealed != account::Resealed::default() {
        tracing::info!(?resealed, "what another server key sealed is looked through");
    }
    if let Some(named) = &people.first_admin {
        people.accounts.first_admin(&named.email, &named.password).await?;
    }
    phase.send_replace(Phase::Starting(Step::Projects));
    control.declare(declared).await?;
    control.load().await?;
    if !control.catalog().is_empty() {
        return Ok(None);
    }
    let new = NewProject { name: FIRST_PROJECT.to_owned(), ..NewProject::default() };
    let made = control.create_project(new).await?;
    let playback_id = PlaybackId::parse(&made.row.project.playback_id).ok();
    Ok(playback_id
        .map(|playback_id| FirstProject { stream_key: StreamKey::new(made.secret.as_str()), playback_id }))
}

async fn migrate(store: &Store, phase: &watch::Sender<Phase>) -> Result<(), Error> {
    let migrated = store
        .migrate(SystemTime::now().into(), |step| {
            tracing::info!(step = step.name, "migrating {step}");
            phase.send_replace(Phase::Starting(Step::Migrating(step.version, step.of)));
        })
        .await?;
    if migrated.steps > 0 {
        tracing::info!(schema = migrated.version, steps = migrated.steps, "the schema is up to date");
    }
    Ok(())
}

/// Runs `gostream migrate`: the schema alone.
///
/// # Errors
/// Whatever keeps it from being brought up to date.
pub(super) async fn migrate_alone(store: &Store) -> anyhow::Result<()> {
    let migrated = store
        .migrate(SystemTime::now().into(), |step| tracing::info!(step = step.name, "migrating {step}"))
        .await?;
    tracing::info!(schema = migrated.version, steps = migrated.steps, "the schema is up to date");
    Ok(())
}
