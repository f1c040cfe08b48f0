//! What is to be kept, and the task that keeps it: in order, in small batches, however long the database is away.
//!
//! **Invariant:** who has something to be kept never waits. What does not fit into the queue is counted, and said in an
//! event of its own as soon as one can be kept again.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::history::History;
use super::kind::{self, Kind};
use crate::net::Backoff;
use crate::store::{
    Error, Event, Json, NewEvent, NewStream, ProjectId, Result, Store, StreamRowId, UnixMillis, Webhook,
};
use crate::stream::Figure;

/// What waits to be kept, at most: some megabytes, and hours of events of a node that has trouble.
const QUEUE_MAX: usize = 8_192;
/// Places in the queue that events leave to the beginnings and ends of broadcasts.
const RESERVE: usize = 512;
/// Events of one transaction at most.
const BATCH_MAX: usize = 64;
/// The first pause before a database that is away is asked again, and the longest.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// How long what still waits is tried to be kept when the process leaves.
const FLUSH: Duration = Duration::from_secs(3);

/// Something to be kept.
#[derive(Debug)]
pub(super) enum Line {
    Event(NewEvent),
    /// A broadcast begins.
    Begin(NewStream),
    /// What is to be said of a broadcast that goes on.
    Report(StreamRowId, Json),
    /// A broadcast is over.
    End {
        id: StreamRowId,
        project: ProjectId,
        reason: &'static str,
        report: Json,
        at: UnixMillis,
    },
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Counts {
    /// Events kept.
    pub kept: Figure,
    /// Lines that found no place in the queue, and happenings that were told faster than they were heard.
    pub lost: Figure,
    /// Lines that the database would not take, whatever its state.
    pub refused: Figure,
    /// Times the database was away when something was to be kept.
    pub outages: Figure,
}

/// The writing end.
#[derive(Debug)]
pub(super) struct Pen {
    lines: mpsc::Sender<Line>,
    pub(super) counts: Counts,
    /// How often something was kept, for those who wait for it.
    pub(super) kept: watch::Sender<u64>,
}

impl Pen {
    pub(super) fn new() -> (Self, mpsc::Receiver<Line>) {
        let (lines, waiting) = mpsc::channel(QUEUE_MAX);
        (Self { lines, counts: Counts::default(), kept: watch::Sender::new(0) }, waiting)
    }

    pub(super) fn event(&self, event: NewEvent) {
        if self.lines.capacity() <= RESERVE {
            self.counts.lost.add(1);
            return;
        }
        self.line(Line::Event(event));
    }

    pub(super) fn line(&self, line: Line) {
        if self.lines.try_send(line).is_err() {
            self.counts.lost.add(1);
        }
    }

    /// How many lines wait.
    pub(super) fn waiting(&self) -> usize {
        self.lines.max_capacity() - self.lines.capacity()
    }
}

/// Keeps what comes.
pub(super) struct Writer<'a> {
    pub(super) store: &'a Store,
    pub(super) history: &'a History,
    pub(super) pen: &'a Pen,
    pub(super) waiting: mpsc::Receiver<Line>,
    /// Lost lines that an event told of.
    pub(super) told: u64,
}

impl Writer<'_> {
    /// Works until `leave`, and then as long as it takes to keep what still waits, within bounds. Begins by ending what a
    /// process of this node left on the air: before anything of this process, which is not to be ended.
    pub(super) async fn run(mut self, node: &str, leave: CancellationToken) {
        let mut lines = Vec::with_capacity(BATCH_MAX);
        let too_late = async {
            leave.cancelled().await;
            tokio::time::sleep(FLUSH).await;
        };
        tokio::select! {
            () = self.work(node, &leave, &mut lines) => {}
            () = too_late => {
                let lost = lines.len() + self.waiting.len();
                tracing::error!(lost, "the database is away; what happened last is not kept");
            }
        }
    }

    async fn work(&mut self, node: &str, leave: &CancellationToken, lines: &mut Vec<Line>) {
        self.store.until_migrated().await;
        if let Err(error) = self.patiently(Job::Former(node)).await {
            self.refuse(&error);
        }
        loop {
            let taken = tokio::select! {
                taken = self.waiting.recv_many(lines, BATCH_MAX) => taken,
                () = leave.cancelled(), if !self.waiting.is_closed() => {
                    self.waiting.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            self.keep(lines).await;
        }
    }

    /// Keeps all lines, and takes each away as it is kept.
    async fn keep(&mut self, lines: &mut Vec<Line>) {
        while !lines.is_empty() {
            let events = lines.iter().take_while(|line| matches!(line, Line::Event(_))).count();
            if events > 0 {
                self.keep_events(lines, events).await;
            } else {
                self.keep_row(lines).await;
            }
        }
    }

    async fn keep_events(&mut self, lines: &mut Vec<Line>, count: usize) {
        let mut batch = events(&lines[..count]);
        let lost = self.pen.counts.lost.get();
        if lost > self.told {
            batch.push(gap(lost - self.told));
        }
        if self.patiently(Job::Events(&batch)).await.is_ok() {
            lines.drain(..count);
            self.told = lost;
            self.pen.counts.kept.add(batch.len() as u64);
        } else {
            // One of them is to blame, or a webhook went away meanwhile: each on its own.
            for _ in 0..count {
                match self.patiently(Job::Line(&lines[0])).await {
                    Ok(()) => self.pen.counts.kept.add(1),
                    Err(error) => self.refuse(&error),
                }
                lines.remove(0);
            }
        }
        self.pen.kept.send_modify(|times| *times += 1);
    }

    async fn keep_row(&mut self, lines: &mut Vec<Line>) {
        if let Err(error) = self.patiently(Job::Line(&lines[0])).await {
            self.refuse(&error);
        }
        lines.remove(0);
    }

    /// Does it, however long the database is away.
    ///
    /// # Errors
    /// Those that do not pass.
    async fn patiently(&self, job: Job<'_>) -> Result<()> {
        let mut backoff = Backoff::new(RETRY.0, RETRY.1, fastrand::u64(..));
        let mut away: Option<Instant> = None;
        loop {
            let done = job.run(self.store).await;
            // Also where it failed: the database may have it all the same.
            job.tell(self.history);
            match done {
                Err(error) if error.is_worth_a_retry() => {
                    if away.is_none() {
                        self.pen.counts.outages.add(1);
                        tracing::warn!(%error, "the database is away; events wait for it");
                    }
                    away.get_or_insert_with(Instant::now);
                    tokio::time::sleep(backoff.next_delay()).await;
                }
                done => {
                    if let Some(since) = away {
                        tracing::info!(seconds = since.elapsed().as_secs(), "the database is back");
                    }
                    return done;
                }
            }
        }
    }

    fn refuse(&self, error: &Error) {
        self.pen.counts.refused.add(1);
        tracing::warn!(%error, "something that happened cannot be kept");
    }
}

/// What is asked of the database at once.
enum Job<'a> {
    Former(&'a str),
    Events(&'a [NewEvent]),
    Line(&'a Line),
}

impl Job<'_> {
    async fn run(&self, store: &Store) -> Result<()> {
        match self {
            Self::Former(node) => {
                let ended =
                    store.end_streams_of(node, "node_died", UnixMillis::from(SystemTime::now())).await?;
                if ended > 0 {
                    tracing::warn!(ended, "broadcasts of a process that died are over");
                }
                Ok(())
            }
            Self::Events(events) => add(store, events).await,
            Self::Line(Line::Event(event)) => add(store, std::slice::from_ref(event)).await,
            Self::Line(Line::Begin(stream)) => store.start_stream(stream).await.map(|_| ()),
            Self::Line(Line::Report(id, report)) => store.set_stream_report(*id, report).await,
            Self::Line(Line::End { id, reason, report, at, .. }) => {
                store.end_stream(*id, reason, Some(report), *at).await.map(|_| ())
            }
        }
    }

    /// What was known of what this changes is not so any more.
    fn tell(&self, history: &History) {
        match self {
            Self::Former(_) => history.forget(),
            Self::Events(events) => {
                events.iter().for_each(|event| history.event_kept(event.project_id, event.stream_id));
            }
            Self::Line(Line::Event(event)) => history.event_kept(event.project_id, event.stream_id),
            Self::Line(Line::Begin(stream)) => history.broadcast_turned(stream.project_id, stream.id),
            Self::Line(Line::Report(id, _)) => history.report_kept(*id),
            Self::Line(Line::End { id, project, .. }) => history.broadcast_turned(*project, *id),
        }
    }
}

async fn add(store: &Store, events: &[NewEvent]) -> Result<()> {
    let wants = |webhook: &Webhook, event: &Event| {
        let is_about = webhook.project_id.is_none() || webhook.project_id == event.project_id;
        is_about && kind::wanted(&webhook.events, &event.kind)
    };
    store.add_events_for(events, wants, UnixMillis::from(SystemTime::now())).await.map(|_| ())
}

fn events(lines: &[Line]) -> Vec<NewEvent> {
    let event = |line: &Line| match line {
        Line::Event(event) => Some(event.clone()),
        _ => None,
    };
    lines.iter().filter_map(event).collect()
}

/// The event that says how many are missing.
fn gap(count: u64) -> NewEvent {
    NewEvent {
        kind: Kind::EventsLost.as_str().to_owned(),
        project_id: None,
        stream_id: None,
        at: UnixMillis::from(SystemTime::now()),
        data: Json(json!({ "count": count })),
    }
}
