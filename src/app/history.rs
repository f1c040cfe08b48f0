//! The history and its listeners: the journal over the engine, and the webhooks over the journal.

use std::pin::Pin;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::{AllowPrivate, Config};
use super::engine::Engine;
use super::node;
use crate::control::{Control, StepState, TrialReport};
use crate::journal::{self, Journal, Kind, Sources};
use crate::net::Allowed;
use crate::store::Store;
use crate::vault::Vault;
use crate::webhook::{self, Webhooks};

/// Both, and what must run for them.
pub(super) struct History {
    pub(super) journal: Journal,
    pub(super) webhooks: Webhooks,
    tasks: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// What runs for them, from when the schema is there.
pub(super) struct Pending {
    journal: Journal,
    tasks: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl History {
    /// Builds both. From here on what happens is heard; it is kept from when [`Pending::start`] is called.
    ///
    /// # Errors
    /// The node's name cannot be kept, or TLS cannot be set up.
    pub(super) fn new(config: &Config, engine: &Engine, store: Store, vault: Vault) -> anyhow::Result<Self> {
        let sources = Sources {
            registry: Arc::clone(&engine.registry),
            sessions: Arc::clone(&engine.sessions),
            supervisor: Arc::clone(&engine.supervisor),
            library: Arc::clone(&engine.library),
            drain: engine.drain.clone(),
        };
        let keeping =
            journal::Config { node: node::load_or_create(&config.data_dir)?, keep: config.history.keep };
        let (journal, keeps) = Journal::new(store, sources, keeping, engine.stop.clone());
        let telling = webhook::Config {
            allowed: allowed(config),
            timeout: config.webhooks.timeout,
            ..webhook::Config::default()
        };
        let (webhooks, tells) = Webhooks::new(journal.clone(), vault, telling, engine.stop.clone())?;
        Ok(Self { journal, webhooks, tasks: vec![Box::pin(keeps), Box::pin(tells)] })
    }

    /// Splits what others use from what is to be started.
    pub(super) fn split(self) -> (Journal, Webhooks, Pending) {
        let Self { journal, webhooks, tasks } = self;
        (journal.clone(), webhooks, Pending { journal, tasks })
    }
}

impl Pending {
    /// Starts all of it.
    pub(super) fn start(self, control: &Arc<Control>, tasks: &TaskTracker, stop: CancellationToken) {
        for task in self.tasks {
            tasks.spawn(task);
        }
        tasks.spawn(note_trials(self.journal, Arc::clone(control), stop));
    }
}

/// Which addresses webhooks may go to. A receiver is a web server, as the ones inside a network that nobody guards, so
/// trust in people is not enough: the operator must say so.
const fn allowed(config: &Config) -> Allowed {
    match config.relay.allow_private {
        AllowPrivate::Always => Allowed::All,
        AllowPrivate::Auto | AllowPrivate::Never => Allowed::World,
    }
}

/// Trials of destinations are events too.
async fn note_trials(journal: Journal, control: Arc<Control>, stop: CancellationToken) {
    let mut trials = control.listen_to_trials();
    while let Some(heard) = stop.run_until_cancelled(trials.recv()).await {
        match heard {
            Ok(trial) => note_trial(&journal, &trial),
            Err(RecvError::Lagged(lost)) => tracing::warn!(lost, "results of trials are not written down"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn note_trial(journal: &Journal, trial: &TrialReport) {
    let failed = trial.steps.iter().find(|step| step.state == StepState::Failed);
    let data = json!({
        "test_id": trial.id,
        "destination_id": trial.destination.to_string(),
        "ok": trial.ok(),
        "step": failed.map(|step| step.step.label()),
        "reason": failed.and_then(|step| step.reason).map(|reason| reason.label()),
        "detail": failed.and_then(|step| step.detail.as_deref()),
    });
    journal.note(Kind::DestinationTested, Some(trial.project), None, data);
}
