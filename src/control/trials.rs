//! Trials of destinations before the show: one at a time for each, and the last result of each kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, broadcast};

use super::catalog::Known;
use super::error::{Error, Result};
use super::{Control, wanted};
use crate::journal::{Kind, acting, actor};
use crate::push::{Outcome, OutputState, Reason, Trial, TrialStep};
use crate::store::{Destination, DestinationId, ProjectId, Sortable};

/// Trials at once, of all projects.
const AT_ONCE: usize = 8;

/// Ended trials that a listener may lag behind.
const TOLD_MAX: usize = 256;

/// How a trial stands, or how it ended.
#[derive(Debug, Clone)]
pub struct TrialReport {
    /// Its name.
    pub id: String,
    /// The project.
    pub project: ProjectId,
    /// What is tried.
    pub destination: DestinationId,
    /// When it began.
    pub started_at: SystemTime,
    /// When it ended; it goes on without.
    pub finished_at: Option<SystemTime>,
    /// Its steps, in order.
    pub steps: Vec<StepReport>,
}

impl TrialReport {
    /// Whether all went well; `None` while it goes on.
    #[must_use]
    pub fn ok(&self) -> Option<bool> {
        self.finished_at?;
        Some(self.steps.iter().all(|step| matches!(step.state, StepState::Passed | StepState::Skipped)))
    }
}

/// One step.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// Which.
    pub step: TrialStep,
    /// How it stands.
    pub state: StepState,
    /// How long it took.
    pub took: Option<Duration>,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// What the system or the peer said.
    pub detail: Option<String>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It has not begun; nor will it, where one before it failed.
    Pending,
    /// It goes on.
    Running,
    /// It went well.
    Passed,
    /// It went wrong.
    Failed,
    /// There was nothing to do.
    Skipped,
}

impl StepState {
    /// A short label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Passed => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The trials of this process.
#[derive(Debug)]
pub(super) struct Trials {
    last: Mutex<HashMap<DestinationId, Arc<Mutex<TrialReport>>>>,
    places: Arc<Semaphore>,
    ended: broadcast::Sender<TrialReport>,
}

impl Default for Trials {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { last: Mutex::default(), places, ended: broadcast::Sender::new(TOLD_MAX) }
    }
}

impl Control {
    /// Begins to try a destination. With `publish`, up to its permission to publish, which shows a broadcast on some
    /// platforms.
    ///
    /// # Errors
    /// [`Error::Busy`] while one goes on, while too many do, or where publishing would get into the way of the output that
    /// sends; those of an address that cannot be opened.
    pub fn try_out(self: &Arc<Self>, id: DestinationId, publish: bool) -> Result<TrialReport> {
        let (known, row) = self.catalog().destination(id)?;
        let sends = self.output(&known, &row).is_some_and(|output| {
            matches!(output.status().state, OutputState::Sending | OutputState::Connecting)
        });
        if publish && sends {
            return Err(Error::Busy("The destination is being sent to; a second publisher would disturb it"));
        }
        let destination = wanted::destination(&row, known.project.declared, &self.rooms.vault, &self.config)?;
        let Ok(place) = Arc::clone(&self.trials.places).try_acquire_owned() else {
            return Err(Error::Busy("Too many destinations are being tried; try again in a moment"));
        };
        let report = self.begin_trial(&known, &row)?;
        let begun = snapshot(&report);
        let control = Arc::clone(self);
        let trial = async move {
            let mut told = Told(Arc::clone(&report));
            let supervisor = control.rooms.stage.supervisor();
            let stop = &control.rooms.stop;
            // A process that leaves ends its trials.
            let _done = stop.run_until_cancelled(supervisor.try_out(&destination, publish, &mut told)).await;
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            report.finished_at = Some(SystemTime::now());
            control.tell_of_trial(&report);
            // Nobody may listen, which is as good.
            control.trials.ended.send(report.clone()).ok();
            drop(place);
        };
        self.rooms.tasks.spawn(acting(actor(), trial));
        Ok(begun)
    }

    /// The last trial of a destination, or the one that goes on.
    #[must_use]
    pub fn last_trial(&self, id: DestinationId) -> Option<TrialReport> {
        let last = self.trials.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(&id).map(snapshot)
    }

    /// Trials as they end, from now on.
    #[must_use]
    pub fn listen_to_trials(&self) -> broadcast::Receiver<TrialReport> {
        self.trials.ended.subscribe()
    }

    fn tell_of_trial(&self, report: &TrialReport) {
        let failed = report.steps.iter().find(|step| step.state == StepState::Failed);
        let data = serde_json::json!({
            "test_id": report.id,
            "destination_id": report.destination.to_string(),
            "destination_name": self.catalog().destination(report.destination).ok().map(|(_, row)| row.name),
            "ok": report.ok(),
            "step": failed.map(|step| step.step.label()),
            "reason": failed.and_then(|step| step.reason).map(Reason::label),
            "detail": failed.and_then(|step| step.detail.clone()),
        });
        self.rooms.journal.note(Kind::DestinationTested, Some(report.project), None, data);
    }

    fn begin_trial(&self, known: &Known, row: &Destination) -> Result<Arc<Mutex<TrialReport>>> {
        let mut last = self.trials.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(&row.id).is_some_and(|report| snapshot(report).finished_at.is_none()) {
            return Err(Error::Busy("The destination is being tried already"));
        }
        // Those of destinations that are gone are forgotten.
        last.retain(|id, _| self.catalog().destination(*id).is_ok());
        let step = |step| {
            let (state, took) = (StepState::Pending, None);
            StepReport { step, state, took, reason: None, detail: None }
        };
        let report = Arc::new(Mutex::new(TrialReport {
            id: format!("tst_{}", Sortable::new(super::now())),
            project: known.project.id,
            destination: row.id,
            started_at: SystemTime::now(),
            finished_at: None,
            steps: TrialStep::ALL.map(step).to_vec(),
        }));
        last.insert(row.id, Arc::clone(&report));
        Ok(report)
    }
}

fn snapshot(report: &Arc<Mutex<TrialReport>>) -> TrialReport {
    report.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Writes down what is told.
struct Told(Arc<Mutex<TrialReport>>);

impl Told {
    fn change(&self, step: TrialStep, change: impl FnOnce(&mut StepReport)) {
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = report.steps.iter_mut().find(|there| there.step == step) {
            change(step);
        }
    }
}

impl Trial for Told {
    fn begins(&mut self, step: TrialStep) {
        self.change(step, |step| step.state = StepState::Running);
    }

    fn ended(&mut self, step: TrialStep, outcome: Outcome, took: Duration) {
        self.change(step, |step| {
            step.took = Some(took);
            match outcome {
                Outcome::Passed => step.state = StepState::Passed,
                Outcome::Skipped => (step.state, step.took) = (StepState::Skipped, None),
                Outcome::Failed { reason, detail } => {
                    (step.state, step.reason, step.detail) = (StepState::Failed, Some(reason), Some(detail));
                }
            }
        });
    }
}
