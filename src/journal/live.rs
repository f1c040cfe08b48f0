//! One stream as the journal shows it: its broadcast, the last minutes of figures, and what is wrong with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::issue::{HealthStatus, Issue};
use super::sample::{Media, OutputPoint, OutputSample, Sample};
use crate::push::DestinationId;
use crate::store::{Json, ProjectId, StreamRowId, UnixMillis};
use crate::stream::{Stream, StreamState};

/// How far figures go back.
pub const WINDOW: Duration = Duration::from_secs(300);
/// Seconds of figures that are kept.
const SAMPLES_MAX: usize = 300;
/// Destinations whose curves are kept.
const OUTPUTS_MAX: usize = 200;

/// A broadcast that is on the air.
#[derive(Debug, Clone, PartialEq)]
pub struct Broadcast {
    /// Its row.
    pub id: StreamRowId,
    /// When it began.
    pub since: UnixMillis,
    /// What the encoder says of itself.
    pub encoder: Option<Json>,
    /// Whether viewers can play it.
    pub playable: bool,
}

/// A stream.
#[derive(Debug)]
pub struct Live {
    stream: Arc<Stream>,
    project: Option<ProjectId>,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    broadcast: Option<Broadcast>,
    /// The next broadcast's name, from when its encoder came.
    coming: Option<StreamRowId>,
    last: Option<StreamRowId>,
    media: Media,
    samples: VecDeque<Sample>,
    outputs: Vec<OutputSample>,
    points: BTreeMap<DestinationId, VecDeque<OutputPoint>>,
    issues: Vec<Issue>,
}

impl Live {
    pub(super) fn new(stream: Arc<Stream>) -> Arc<Self> {
        let project = stream.project().parse().ok();
        Arc::new(Self { stream, project, shown: Mutex::default() })
    }

    /// The stream itself.
    #[must_use]
    pub const fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Whose it is, where it is a project of the store.
    #[must_use]
    pub const fn project(&self) -> Option<ProjectId> {
        self.project
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> StreamState {
        *self.stream.state().borrow()
    }

    /// Its broadcast, while it is on the air.
    #[must_use]
    pub fn broadcast(&self) -> Option<Broadcast> {
        self.lock().broadcast.clone()
    }

    /// What is sent and how it is coded; of the last broadcast when there is none.
    #[must_use]
    pub fn media(&self) -> Media {
        self.lock().media.clone()
    }

    /// The last second.
    #[must_use]
    pub fn latest(&self) -> Option<Sample> {
        self.lock().samples.back().copied()
    }

    /// The seconds of the broadcast, or of the last one, as far as [`WINDOW`] goes back, the oldest first.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        self.lock().samples.iter().copied().collect()
    }

    /// Its outputs at the end of the last second.
    #[must_use]
    pub fn outputs(&self) -> Vec<OutputSample> {
        self.lock().outputs.clone()
    }

    /// The same seconds of one output.
    #[must_use]
    pub fn output_points(&self, destination: &DestinationId) -> Vec<OutputPoint> {
        self.lock().points.get(destination).map(|points| points.iter().copied().collect()).unwrap_or_default()
    }

    /// What is wrong, the worst first.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        self.lock().issues.clone()
    }

    /// How it is doing as a whole.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        let shown = self.lock();
        if shown.broadcast.is_none() { HealthStatus::NoData } else { HealthStatus::of(&shown.issues) }
    }

    /// The broadcast that something belongs to that happens before or during it.
    pub(super) fn expect(&self, now: UnixMillis) -> StreamRowId {
        let mut shown = self.lock();
        let current = shown.broadcast.as_ref().map(|broadcast| broadcast.id);
        current.unwrap_or_else(|| *shown.coming.get_or_insert_with(|| StreamRowId::new(now)))
    }

    /// The broadcast that something belongs to that happens during it or after.
    pub(super) fn about(&self) -> Option<StreamRowId> {
        let shown = self.lock();
        shown.broadcast.as_ref().map(|broadcast| broadcast.id).or(shown.last)
    }

    /// Nobody is there any more who could begin a broadcast.
    pub(super) fn forget_coming(&self) {
        self.lock().coming = None;
    }

    pub(super) fn begin(&self, now: UnixMillis, encoder: Option<Json>) -> Broadcast {
        let mut shown = self.lock();
        let id = shown.coming.take().unwrap_or_else(|| StreamRowId::new(now));
        let broadcast = Broadcast { id, since: now, encoder, playable: false };
        *shown = Shown { broadcast: Some(broadcast.clone()), last: shown.last, ..Shown::default() };
        broadcast
    }

    pub(super) fn set_playable(&self) {
        if let Some(broadcast) = &mut self.lock().broadcast {
            broadcast.playable = true;
        }
    }

    pub(super) fn show(&self, sample: Sample, media: Media, outputs: Vec<OutputSample>, issues: Vec<Issue>) {
        let mut shown = self.lock();
        push(&mut shown.samples, sample);
        for output in &outputs {
            let OutputSample { bps, lag_ms, dropped, .. } = *output;
            if shown.points.len() >= OUTPUTS_MAX && !shown.points.contains_key(&output.destination) {
                continue;
            }
            let points = shown.points.entry(output.destination.clone()).or_default();
            push(points, OutputPoint { at: sample.at, bps, lag_ms, dropped });
        }
        let oldest = sample.at.before(WINDOW);
        shown.points.retain(|_, points| points.back().is_some_and(|point| point.at >= oldest));
        (shown.media, shown.outputs, shown.issues) = (media, outputs, issues);
    }

    pub(super) fn end(&self) {
        let mut shown = self.lock();
        shown.last = shown.broadcast.take().map(|broadcast| broadcast.id);
        shown.issues.clear();
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push<T>(window: &mut VecDeque<T>, item: T) {
    if window.len() == SAMPLES_MAX {
        window.pop_front();
    }
    window.push_back(item);
}
