//! What is wanted against what runs: one worker for each enabled destination of each stream.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::destination::{Destination, DestinationId, OutputState, OwnLimits, Reason, Status};
use super::dial::{Dialer, Fault};
use super::path::PathFigures;
use super::platform::Platform;
use super::worker::{Config, Surroundings, Worker};
use crate::net::{Backoff, Breakers, lasting};
use crate::stream::{Figure, OutputStats, Shards, Stream, StreamId};

/// How long the peer may take nothing before "sending" would be untrue.
const PROGRESS: Duration = Duration::from_secs(5);

/// Changes that a listener may lag behind: more than all outputs of a large node changing at once.
const CHANGES_MAX: usize = 4_096;

/// An output changed its state, or its reason.
#[derive(Debug, Clone)]
pub struct OutputChange {
    /// Whose output it is.
    pub stream: StreamId,
    /// Which.
    pub destination: DestinationId,
    /// See [`Destination::tag`].
    pub tag: Arc<str>,
    /// For people.
    pub name: Arc<String>,
    /// What is known of it.
    pub platform: Platform,
    /// How it is doing now.
    pub status: Status,
    /// Whether it is on its way out: another may have its place already.
    pub leaves: bool,
}

/// A destination's output: how it is doing, and the two buttons it has.
#[derive(Debug)]
pub struct Output {
    /// Whose output it is.
    pub stream: StreamId,
    /// Its settings, as its connections are made with them.
    pub destination: Destination,
    /// What was sent and dropped.
    pub stats: Arc<OutputStats>,
    /// What the kernel says of the way there.
    pub path: PathFigures,
    /// Attempts after the first.
    pub reconnects: Figure,
    name: ArcSwap<String>,
    limits: ArcSwap<OwnLimits>,
    status: watch::Sender<Status>,
    changes: broadcast::Sender<OutputChange>,
    retry: Notify,
    stop: CancellationToken,
}

impl Output {
    fn new(
        stream: StreamId,
        destination: Destination,
        changes: broadcast::Sender<OutputChange>,
    ) -> Arc<Self> {
        let state = if destination.enabled { OutputState::Idle } else { OutputState::Disabled };
        let status = Status { state, reason: None, detail: String::new(), since: SystemTime::now() };
        Arc::new(Self {
            stream,
            name: ArcSwap::from_pointee(destination.name.clone()),
            limits: ArcSwap::from_pointee(destination.limits),
            destination,
            stats: Arc::default(),
            path: PathFigures::default(),
            reconnects: Figure::default(),
            status: watch::Sender::new(status),
            changes,
            retry: Notify::new(),
            stop: CancellationToken::new(),
        })
    }

    /// How it is doing. "Sending" only while the peer takes bytes.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = self.status.borrow().clone();
        let waiting = Duration::from_millis(self.stats.waiting_millis.get());
        if status.state == OutputState::Sending && waiting > PROGRESS {
            status.state = OutputState::Connecting;
            status.reason = Some(Reason::Stalled);
        }
        status
    }

    /// The name for people, which may change while it sends.
    #[must_use]
    pub fn name(&self) -> Arc<String> {
        self.name.load_full()
    }

    /// What it takes at most by its owner's word, which may change while it sends.
    #[must_use]
    pub fn limits(&self) -> OwnLimits {
        **self.limits.load()
    }

    /// Takes over what changes without a new connection.
    fn follow(&self, wanted: &Destination) {
        if *self.name.load().as_str() != wanted.name {
            self.name.store(Arc::new(wanted.name.clone()));
        }
        if **self.limits.load() != wanted.limits {
            self.limits.store(Arc::new(wanted.limits));
        }
    }

    /// The status as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Ends a wait now, whatever it is for, also past an open circuit.
    pub fn retry_now(&self) {
        self.retry.notify_waiters();
    }

    pub(super) async fn retry_asked(&self) {
        self.retry.notified().await;
    }

    pub(super) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    pub(super) fn set(&self, state: OutputState, fault: Option<&Fault>) {
        let mut changed = false;
        self.status.send_modify(|status| {
            changed = status.state != state || status.reason != fault.map(|fault| fault.reason);
            if status.state.label() != state.label() {
                status.since = SystemTime::now();
                tracing::info!(state = state.label(), "output");
            }
            status.state = state;
            status.reason = fault.map(|fault| fault.reason);
            status.detail = fault.map(|fault| fault.detail.clone()).unwrap_or_default();
        });
        if changed && self.changes.receiver_count() > 0 {
            let change = OutputChange {
                stream: self.stream.clone(),
                destination: self.destination.id.clone(),
                tag: Arc::clone(&self.destination.tag),
                name: self.name(),
                platform: self.destination.platform,
                status: self.status.borrow().clone(),
                leaves: self.stop.is_cancelled(),
            };
            // The last listener may go in between, which is as good.
            self.changes.send(change).ok();
        }
        if state != OutputState::Sending {
            self.stats.lag_millis.set(0);
            self.stats.waiting_millis.set(0);
            self.path.follow(None);
        }
    }
}

/// All outputs of this process.
#[derive(Debug)]
pub struct Supervisor {
    surroundings: Arc<Surroundings>,
    tasks: TaskTracker,
    outputs: Mutex<BTreeMap<(StreamId, DestinationId), Arc<Output>>>,
    changes: broadcast::Sender<OutputChange>,
}

impl Supervisor {
    /// None yet. Workers are counted by `tasks`.
    #[must_use]
    pub fn new(config: Config, shards: Arc<Shards>, tasks: TaskTracker) -> Arc<Self> {
        let surroundings = Surroundings {
            dialer: Dialer::new(config.connect_timeout, config.allowed, config.socket),
            breakers: Breakers::new(config.circuit_after, config.circuit_open),
            config,
            shards,
            faults: Figure::default(),
        };
        let changes = broadcast::Sender::new(CHANGES_MAX);
        Arc::new(Self { surroundings: Arc::new(surroundings), tasks, outputs: Mutex::default(), changes })
    }

    /// Makes `wanted` the destinations of `stream`: what is unchanged is not touched, what got another name or other
    /// limits sends on with them, what changed otherwise is stopped and started anew, what is gone is stopped.
    pub fn apply(&self, stream: &Arc<Stream>, wanted: Vec<Destination>) {
        let mut outputs = self.lock();
        outputs.retain(|(of, id), output| {
            if of != stream.id() {
                return true;
            }
            let own = &output.destination;
            let is_it = |d: &&Destination| d.id == *id || !d.tag.is_empty() && d.tag == own.tag;
            let still = wanted.iter().filter(is_it).find(|d| d.is_served_like(own));
            // Its label goes to another.
            let is_taken = wanted.iter().any(|d| d.id == *id && d.tag != own.tag);
            let still = still.filter(|_| !is_taken);
            match still {
                Some(destination) => output.follow(destination),
                None => output.stop.cancel(),
            }
            still.is_some()
        });
        let of_stream = outputs.iter().filter(|((of, _), _)| of == stream.id());
        let renamed: Vec<_> = of_stream.map(|(_, output)| Arc::clone(&output.destination.tag)).collect();
        let is_served = |wanted: &Destination| !wanted.tag.is_empty() && renamed.contains(&wanted.tag);
        for destination in wanted.into_iter().filter(|wanted| !is_served(wanted)) {
            let key = (stream.id().clone(), destination.id.clone());
            outputs.entry(key).or_insert_with(|| self.start(stream, destination));
        }
    }

    /// All outputs, by stream and destination.
    #[must_use]
    pub fn outputs(&self) -> Vec<Arc<Output>> {
        self.lock().values().cloned().collect()
    }

    /// The outputs of one stream, by destination.
    #[must_use]
    pub fn outputs_of(&self, stream: &StreamId) -> Vec<Arc<Output>> {
        let outputs = self.lock();
        let from = (stream.clone(), DestinationId::new(""));
        let own = outputs.range(from..).take_while(|((of, _), _)| of == stream);
        own.map(|(_, output)| Arc::clone(output)).collect()
    }

    /// The outputs' changes from now on. Nobody is waited for: a listener that lags loses the oldest, and is told how many.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<OutputChange> {
        self.changes.subscribe()
    }

    /// Stops all outputs; their workers say goodbye.
    pub fn stop(&self) {
        for output in self.lock().values() {
            output.stop.cancel();
        }
    }

    pub(super) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    fn start(&self, stream: &Arc<Stream>, destination: Destination) -> Arc<Output> {
        let output = Output::new(stream.id().clone(), destination, self.changes.clone());
        if output.destination.enabled {
            let work = live(Arc::clone(&self.surroundings), Arc::clone(stream), Arc::clone(&output));
            let span = tracing::info_span!("output", stream = %stream.id(), output = %output.destination.id);
            self.tasks.spawn(work.instrument(span));
        }
        output
    }

    /// How often a worker ended by a fault of this program, and was begun again.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.surroundings.faults.get()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(StreamId, DestinationId), Arc<Output>>> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The life of one output. A worker that ends by a fault of ours takes its output out for a while, and no other.
async fn live(surroundings: Arc<Surroundings>, stream: Arc<Stream>, output: Arc<Output>) {
    let config = &surroundings.config;
    let backoff = Backoff::new(config.retry_min, config.retry_max, fastrand::u64(..));
    let begin = || Worker::new(Arc::clone(&surroundings), Arc::clone(&stream), Arc::clone(&output)).run();
    let fell = |backoff: &Backoff, delay: Duration| {
        surroundings.faults.add(1);
        tracing::error!(?delay, "the output's worker ended by a fault of ours, and is begun again");
        let (attempt, next_retry_at) = (backoff.attempts(), SystemTime::now() + delay);
        output.set(OutputState::Retrying { attempt, next_retry_at }, None);
    };
    lasting(begin, backoff, fell).await;
}
