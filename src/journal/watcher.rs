//! The task of one stream: reads its ring beside everybody else, tells broadcasts apart, and looks at each second.
//!
//! **Invariant:** the packet's path does not know of it. It is a reader like any other, and one that is overtaken loses
//! figures and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::issue::{HealthStatus, Issue};
use super::judge::{Judge, View};
use super::kind::{Kind, rfc3339};
use super::live::Live;
use super::meter::Meter;
use super::sample::{Media, OutputSample, Sample};
use super::summary::Summary;
use super::tally::Tally;
use super::writer::Line;
use super::{Measured, Room};
use crate::hls;
use crate::media::{End, Frame};
use crate::store::{Json, NewStream, ProjectId, StreamRowId, UnixMillis};
use crate::stream::{Received, Start, StreamState, Subscriber};

/// How often the ring is read while something is on the air: each wake-up finds cold caches, and a second is far within
/// what the ring holds. Each entry has its own time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The same while people may be waiting for the first picture.
const BEGINNING_EVERY: Duration = Duration::from_millis(250);
/// How long that is, where nothing ever says that it is there.
const BEGINNING: Duration = Duration::from_secs(15);
/// Seconds between two reports of a broadcast that goes on: what is left of it when the process dies.
const REPORT_EVERY: u32 = 60;

/// Watches one stream.
pub(super) struct Watcher {
    room: Arc<Room>,
    live: Arc<Live>,
    subscriber: Subscriber,
    state: watch::Receiver<StreamState>,
    air: Option<OnAir>,
    /// Whether anything came since the last second.
    fresh: bool,
}

/// What is known of a broadcast that is on the air.
struct OnAir {
    id: StreamRowId,
    began: Instant,
    meter: Meter,
    judge: Judge,
    summary: Summary,
    tally: Tally,
    interrupted: Option<Instant>,
    playable: bool,
    /// Seconds that were looked at, and when the last one ended.
    seconds: u32,
    second: Instant,
}

impl Watcher {
    pub(super) fn new(room: Arc<Room>, live: Arc<Live>) -> Self {
        let (subscriber, state) = (live.stream().subscribe(Start::NewestKeyframe), live.stream().state());
        Self { room, live, subscriber, state, air: None, fresh: false }
    }

    /// Watches until `stop`: the end of the process, or of the stream.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(BEGINNING_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_on_air = self.air.is_some();
            tokio::select! {
                () = stop.cancelled() => break,
                received = self.subscriber.recv(), if !is_on_air => {
                    self.take(&received);
                    tick.reset();
                }
                changed = self.state.changed() => if changed.is_ok() { self.turn() },
                _ = tick.tick(), if is_on_air => {
                    self.look();
                    tick.reset_after(self.pause());
                }
            }
        }
        // The ends of broadcasts may still be in the ring.
        self.take_all();
        self.end(if self.room.is_leaving() { "shutdown" } else { "removed" });
    }

    /// Reads what came since the last look.
    fn look(&mut self) {
        self.take_all();
        self.look_whether_playable();
        let now = Instant::now();
        if let Some(air) = self.air.as_mut().filter(|air| now >= air.second + LOOK_EVERY) {
            air.second = now;
            air.seconds += 1;
            self.second();
        }
    }

    /// How long until the next look: to the end of the second, or less at the beginning.
    fn pause(&self) -> Duration {
        let Some(air) = &self.air else { return LOOK_EVERY };
        let left = LOOK_EVERY.saturating_sub(air.second.elapsed());
        let begins = !air.playable && air.began.elapsed() < BEGINNING;
        if begins { left.min(BEGINNING_EVERY) } else { left }
    }

    fn take_all(&mut self) {
        while let Some(received) = self.subscriber.try_recv() {
            self.fresh = true;
            self.take(&received);
        }
    }

    fn take(&mut self, received: &Received) {
        let Received { entry, skipped } = received;
        match &entry.frame {
            Frame::End(end) => self.end(self.reason(*end)),
            Frame::Media(_) => {
                if self.air.is_none() {
                    self.begin(entry.arrived);
                }
                if let Some(air) = &mut self.air {
                    air.meter.take(entry, *skipped > 0);
                }
            }
            Frame::Data(_) => {}
        }
    }

    fn reason(&self, end: End) -> &'static str {
        match end {
            _ if self.room.is_leaving() => "shutdown",
            End::Clean => "finished",
            End::Told => "ended",
            End::Lost => "lost",
            End::Stalled => "stalled",
        }
    }

    fn begin(&mut self, began: Instant) {
        let now = UnixMillis::from(SystemTime::now());
        let stream = self.live.stream();
        let encoder = self.room.encoder_of(stream);
        let broadcast = self.live.begin(now, encoder.clone());
        let tally = Tally::begin(self.room.sources.supervisor.outputs_of(stream.id()));
        self.air = Some(OnAir {
            id: broadcast.id,
            began,
            meter: Meter::default(),
            judge: Judge::default(),
            summary: Summary::default(),
            tally,
            interrupted: None,
            playable: false,
            seconds: 0,
            second: Instant::now(),
        });
        if let Some(project_id) = self.project() {
            let node = self.room.config.node.clone();
            let row =
                NewStream { id: broadcast.id, project_id, node, started_at: now, encoder: encoder.clone() };
            self.room.pen.line(Line::Begin(row));
        }
        let encoder = encoder.map_or(Value::Null, |encoder| encoder.0);
        self.note(broadcast.id, Kind::StreamStarted, json!({ "name": *stream.name(), "encoder": encoder }));
    }

    fn end(&mut self, reason: &'static str) {
        let Some(air) = self.air.take() else { return };
        self.live.end();
        let (report, seconds) = (air.summary.report(), air.began.elapsed().as_secs());
        if let Some(project) = self.project() {
            let at = UnixMillis::from(SystemTime::now());
            self.room.pen.line(Line::End { id: air.id, project, reason, report: Json(report), at });
        }
        self.note(air.id, Kind::StreamEnded, json!({ "reason": reason, "seconds": seconds }));
    }

    /// The stream's state changed.
    fn turn(&mut self) {
        let state = *self.state.borrow_and_update();
        let left_by = self.live.stream().left_by();
        let Some(air) = &mut self.air else { return };
        let id = air.id;
        match (state, air.interrupted) {
            (StreamState::Interrupted, None) => {
                air.interrupted = Some(Instant::now());
                air.summary.interruptions += 1;
                self.note(id, Kind::IngestInterrupted, json!({ "reason": departure(left_by) }));
            }
            (StreamState::Live, Some(since)) => {
                air.interrupted = None;
                let away = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.note(id, Kind::IngestResumed, json!({ "after_ms": away }));
            }
            _ => {}
        }
    }

    /// A second is over.
    fn second(&mut self) {
        let state = *self.state.borrow();
        let was_fresh = std::mem::take(&mut self.fresh);
        if !state.is_on_air() && !was_fresh {
            // Its end was overtaken in the ring.
            self.end(match state {
                StreamState::Ended(end) => self.reason(end),
                _ => "lost",
            });
            return;
        }
        let Some(air) = &mut self.air else { return };
        let stream = self.live.stream();
        let sample = air.meter.close(Instant::now(), UnixMillis::from(SystemTime::now()));
        let media = air.meter.media();
        let outputs = self.room.sources.supervisor.outputs_of(stream.id());
        let outputs = air.tally.look(outputs);
        let video = air.meter.video_codec();
        let view = View { state, sample: &sample, media: &media, video, outputs: &outputs };
        let changed = air.judge.look(&view);
        let issues = air.judge.issues();
        air.summary.add(&sample, &media, &issues, &outputs);
        let id = air.id;
        let is_due = air.seconds.is_multiple_of(REPORT_EVERY);
        let report = is_due.then(|| air.summary.report());
        self.live.show(sample, media.clone(), outputs.clone(), issues.clone());
        if changed {
            self.note(id, Kind::HealthChanged, health(HealthStatus::of(&issues), &issues));
        }
        if let Some(report) = report.filter(|_| self.project().is_some()) {
            self.room.pen.line(Line::Report(id, Json(report)));
        }
        self.tell(id, state, sample, media, outputs, issues);
    }

    fn tell(
        &self,
        broadcast: StreamRowId,
        state: StreamState,
        sample: Sample,
        media: Media,
        outputs: Vec<OutputSample>,
        issues: Vec<Issue>,
    ) {
        if self.room.measured.receiver_count() == 0 {
            return;
        }
        let (project, stream) = (self.project(), self.live.stream().id().clone());
        let status = HealthStatus::of(&issues);
        let measured = Measured { project, stream, broadcast, state, sample, media, outputs, status, issues };
        // The last listener may go in between, which is as good.
        self.room.measured.send(Arc::new(measured)).ok();
    }

    fn look_whether_playable(&mut self) {
        let Some(air) = self.air.as_mut().filter(|air| !air.playable) else { return };
        let stream = self.live.stream();
        let Some(rendition) = self.room.sources.library.find(stream.playback_id()) else { return };
        if rendition.snapshot().phase != hls::Phase::Live {
            return;
        }
        air.playable = true;
        let (id, after) = (air.id, air.began.elapsed().as_millis());
        self.live.set_playable();
        let after = u64::try_from(after).unwrap_or(u64::MAX);
        let playback_id = stream.playback_id().as_str().to_owned();
        self.note(id, Kind::PlaybackReady, json!({ "playback_id": playback_id, "after_ms": after }));
    }

    fn project(&self) -> Option<ProjectId> {
        self.live.project()
    }

    fn note(&self, broadcast: StreamRowId, kind: Kind, data: Value) {
        self.room.note(kind, self.project(), Some(broadcast), data);
    }
}

/// How an encoder left whose return is waited for, in the words that its connection's end has. One that is back already left
/// as most do.
const fn departure(end: Option<End>) -> &'static str {
    match end {
        Some(End::Clean) => "finished",
        Some(End::Told) => "ended",
        Some(End::Stalled) => "stalled",
        Some(End::Lost) | None => "lost",
    }
}

/// How a broadcast is doing, as its event tells it.
fn health(status: HealthStatus, issues: &[Issue]) -> Value {
    let issue = |issue: &Issue| {
        let about = issue.about.as_ref();
        json!({
            "code": issue.code.label(),
            "severity": issue.severity().label(),
            "title": issue.code.title(),
            "what_to_do": issue.code.what_to_do(),
            "detail": issue.detail,
            "since": rfc3339(issue.since),
            "destination_id": about.and_then(|about| about.row).map(|id| id.to_string()),
            "destination": about.map(|about| about.destination.as_str()),
            "destination_name": about.map(|about| about.name.as_str()),
        })
    };
    json!({ "status": status.label(), "issues": issues.iter().map(issue).collect::<Vec<_>>() })
}

/// What the encoder says of itself, as the broadcast's row and events tell it.
pub(super) fn encoder(software: &str, from: std::net::IpAddr, secure: bool) -> Value {
    json!({ "software": software, "from": from.to_string(), "secure": secure })
}
