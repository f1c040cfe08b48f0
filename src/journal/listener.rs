//! Hears what sessions and outputs tell, and turns it into events.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::Room;
use super::kind::{Kind, rfc3339};
use super::rejections::{Rejections, Told};
use super::thinner::Thinner;
use super::watcher::encoder;
use crate::push::{DestinationId, OutputChange, OutputState, Reason};
use crate::session::{ConnectionId, Departure, Encoder, Happening};
use crate::store;
use crate::store::{StreamRowId, UnixMillis};
use crate::stream::StreamId;

/// The one who listens.
pub(super) struct Listener {
    room: Arc<Room>,
    happenings: Receiver<Happening>,
    changes: Receiver<OutputChange>,
    rejections: Rejections,
    outputs: HashMap<(StreamId, DestinationId), Heard>,
    /// The broadcast that each connected encoder came for.
    connections: HashMap<ConnectionId, StreamRowId>,
}

/// What was heard of an output.
#[derive(Default)]
struct Heard {
    thinner: Thinner,
    last: Option<OutputChange>,
}

impl Listener {
    pub(super) fn new(room: Arc<Room>) -> Self {
        Self {
            happenings: room.sources.sessions.listen(),
            changes: room.sources.supervisor.listen(),
            rejections: Rejections::default(),
            outputs: HashMap::new(),
            connections: HashMap::new(),
            room,
        }
    }

    /// Listens until `stop`, and then to the last that was told.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                heard = self.happenings.recv() => match heard {
                    Ok(happening) => self.happening(happening),
                    Err(RecvError::Lagged(lost)) => self.lagged(lost),
                    Err(RecvError::Closed) => break,
                },
                heard = self.changes.recv() => match heard {
                    Ok(change) => self.change(change),
                    Err(RecvError::Lagged(lost)) => self.lagged(lost),
                    Err(RecvError::Closed) => break,
                },
                _ = tick.tick() => self.due(),
            }
        }
        self.rest();
    }

    fn rest(&mut self) {
        loop {
            match self.happenings.try_recv() {
                Ok(happening) => self.happening(happening),
                Err(TryRecvError::Lagged(lost)) => self.lagged(lost),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        while let Ok(change) = self.changes.try_recv() {
            self.change(change);
        }
        for told in self.rejections.rest(Instant::now()) {
            self.rejected(&told);
        }
    }

    fn lagged(&mut self, lost: u64) {
        self.room.pen.counts.lost.add(lost);
        tracing::warn!(lost, "more happened at once than can be written down");
        let present = self.room.sources.sessions.encoders();
        self.connections.retain(|id, _| present.iter().any(|encoder| encoder.id == *id));
    }

    fn due(&mut self) {
        let now = Instant::now();
        for told in self.rejections.due(now) {
            self.rejected(&told);
        }
        let lasted = |heard: &mut Heard| heard.last.clone().filter(|_| heard.thinner.due(now));
        let due: Vec<_> = self.outputs.values_mut().filter_map(lasted).collect();
        for change in due {
            self.output(&change);
        }
    }

    fn happening(&mut self, happening: Happening) {
        match happening {
            Happening::Connected(encoder) => self.connected(&encoder),
            Happening::Disconnected { encoder, why, at } => self.disconnected(&encoder, why, at),
            Happening::Rejected(rejection) => {
                if let Some(told) = self.rejections.take(rejection, Instant::now()) {
                    self.rejected(&told);
                }
            }
        }
    }

    fn connected(&mut self, came: &Encoder) {
        let live = self.room.watched(&came.stream);
        let broadcast = live.as_ref().map(|live| live.expect(UnixMillis::from(came.since)));
        if let Some(broadcast) = broadcast {
            self.connections.insert(came.id, broadcast);
        }
        let mut data = encoder(&came.software, came.from.ip(), came.secure);
        data["connection_id"] = json!(came.id.to_string());
        let project = live.and_then(|live| live.project());
        self.room.note_at(came.since.into(), Kind::IngestConnected, project, broadcast, data);
    }

    fn disconnected(&mut self, gone: &Encoder, why: Departure, at: SystemTime) {
        let live = self.room.watched(&gone.stream);
        let broadcast = self.connections.remove(&gone.id).or_else(|| live.as_ref()?.about());
        let others = self.room.sources.sessions.encoders();
        if let Some(live) = &live
            && !others.iter().any(|encoder| encoder.stream == gone.stream)
        {
            live.forget_coming();
        }
        let seconds = at.duration_since(gone.since).unwrap_or_default().as_secs();
        let data = json!({
            "connection_id": gone.id.to_string(),
            "from": gone.from.ip().to_string(),
            "reason": why.label(),
            "detail": match why { Departure::Broke(rule) => Some(rule), _ => None },
            "seconds": seconds,
            "received_bytes": gone.received_bytes.get(),
        });
        let project = live.and_then(|live| live.project());
        self.room.note_at(at.into(), Kind::IngestDisconnected, project, broadcast, data);
    }

    fn rejected(&self, told: &Told) {
        let live = told.stream.as_ref().and_then(|stream| self.room.watched(stream));
        let data = json!({
            "from": told.from.map(|from| from.to_string()),
            "reason": told.why.map(|why| why.label()),
            "software": told.software,
            "attempts": told.attempts,
            "more": told.more,
        });
        let (project, broadcast) =
            (live.as_ref().and_then(|live| live.project()), live.and_then(|l| l.about()));
        self.room.note(Kind::IngestRejected, project, broadcast, data);
    }

    fn change(&mut self, change: OutputChange) {
        let key = (change.stream.clone(), change.destination.clone());
        if change.leaves && self.has_output(&key) {
            // Another has its place, and tells its own story.
            return;
        }
        let is_over = change.status.state == OutputState::Disabled;
        let heard = self.outputs.entry(key.clone()).or_default();
        if heard.thinner.take(change.status.clone(), Instant::now()) {
            self.output(&change);
        }
        if is_over {
            self.outputs.remove(&key);
        } else if let Some(heard) = self.outputs.get_mut(&key) {
            heard.last = Some(change);
        }
    }

    fn has_output(&self, (stream, destination): &(StreamId, DestinationId)) -> bool {
        let outputs = self.room.sources.supervisor.outputs_of(stream);
        outputs.iter().any(|output| output.destination.id == *destination && output.destination.enabled)
    }

    fn output(&self, change: &OutputChange) {
        let OutputChange { stream, destination, status, .. } = change;
        let live = self.room.watched(stream);
        let now = UnixMillis::from(SystemTime::now());
        let ends = matches!(status.state, OutputState::Stopping | OutputState::Idle | OutputState::Disabled);
        let broadcast =
            live.as_ref().and_then(|live| if ends { live.about() } else { Some(live.expect(now)) });
        let (attempt, next) = match status.state {
            OutputState::Retrying { attempt, next_retry_at } => {
                (Some(attempt), Some(rfc3339(next_retry_at.into())))
            }
            _ => (None, None),
        };
        let row: Option<store::DestinationId> = change.tag.parse().ok();
        let data = json!({
            "destination_id": row.map(|id| id.to_string()),
            "destination": destination.as_str(),
            "destination_name": *change.name,
            "platform": change.platform.label(),
            "state": status.state.label(),
            "reason": status.reason.map(Reason::label),
            "detail": status.detail,
            "attempt": attempt,
            "next_retry_at": next,
        });
        let project = live.and_then(|live| live.project());
        self.room.note(Kind::OutputState, project, broadcast, data);
    }
}
