//! What is due by the clock alone: filling in for absent encoders, sampling rates, freeing memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::push::Supervisor;
use crate::stream::{Registry, StreamState};

/// How often rates are sampled and memory of ended broadcasts is looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// How often what fills in for absent encoders is due: some five frames of sound.
const KEEP: Duration = Duration::from_millis(100);
/// How long after its end a broadcast stays in its ring, for readers that are not through.
const RING_AFTER_END: Duration = Duration::from_secs(15);

/// Starts all of it.
pub(super) fn start(
    registry: &Arc<Registry>,
    supervisor: &Arc<Supervisor>,
    background: &TaskTracker,
    stop: &CancellationToken,
) {
    background.spawn(keep(Arc::clone(registry), stop.clone()));
    background.spawn(housekeeping(Arc::clone(registry), Arc::clone(supervisor), stop.clone()));
    background.spawn(Arc::clone(supervisor).watch_paths(stop.clone()));
}

/// Keeps broadcasts going whose encoder is away.
async fn keep(registry: Arc<Registry>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(KEEP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        for stream in registry.all() {
            stream.keep(Instant::now());
        }
    }
}

/// Samples rates, and frees the rings of broadcasts that are over.
async fn housekeeping(registry: Arc<Registry>, supervisor: Arc<Supervisor>, stop: CancellationToken) {
    let began = Instant::now();
    let mut tick = tokio::time::interval(HOUSEKEEPING);
    let mut over = std::collections::HashMap::new();
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        for stream in registry.all() {
            stream.stats().rate.sample(stream.stats().received_bytes.get(), micros);
            let ended = matches!(*stream.state().borrow(), StreamState::Ended(_));
            if !ended || stream.ring_bytes() == 0 {
                over.remove(stream.id());
            } else if over.entry(stream.id().clone()).or_insert_with(Instant::now).elapsed() > RING_AFTER_END
            {
                stream.clear_if_over();
            }
        }
        // Projects that are gone are not remembered.
        over.retain(|id, _| registry.get(id).is_some());
        for output in supervisor.outputs() {
            output.stats.rate.sample(output.stats.sent_bytes.get(), micros);
        }
    }
}
