//! From open listeners to a process that is ready: the schema brought up to date, the projects read. Nobody is let in
//! before, because every key would be a wrong one.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tokio::sync::watch;

use crate::api::{Phase, Step};
use crate::control::{Control, Declared, NewProject};
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
    declared: &[Declared],
    phase: &watch::Sender<Phase>,
) -> anyhow::Result<Option<FirstProject>> {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1, fastrand::u64(..));
    loop {
        match attempt(control, declared, phase).await {
            Err(control_error) if is_worth_a_retry(&control_error) => {
                phase.send_replace(Phase::Starting(Step::Database));
                let delay = backoff.next_delay();
                tracing::warn!(error = %control_error, retry_in_ms = delay.as_millis() as u64, "the database is not there yet");
                tokio::time::sleep(delay).await;
            }
            outcome => return outcome.context("the database"),
        }
    }
}

fn is_worth_a_retry(error: &crate::control::Error) -> bool {
    matches!(error, crate::control::Error::Store(error) if error.is_worth_a_retry())
}

async fn attempt(
    control: &Control,
    declared: &[Declared],
    phase: &watch::Sender<Phase>,
) -> Result<Option<FirstProject>, crate::control::Error> {
    migrate(control.store(), phase).await?;
    phase.send_replace(Phase::Starting(Step::Projects));
    control.declare(declared).await?;
    control.load().await?;
    // The demo's project is nobody's.
    let (projects, more) = control.catalog().projects(None, 2);
    if more || projects.iter().any(|known| known.project.playback_id != super::demo::PLAYBACK_ID) {
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
