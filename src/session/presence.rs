//! The encoders that are connected now, and what happens to them and to those that are not let in, told to whoever
//! listens.
//!
//! **Invariant:** nobody is waited for. A listener that lags by more than [`HAPPENINGS_MAX`] loses the oldest and is told
//! how many. **Invariant:** no key is in what is told, not even a wrong one.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::rtmp::Unauthenticated;
use crate::stream::{Figure, StreamId};

/// Happenings that a listener may lag behind: some kilobytes, and more than a reconnect of all encoders at once.
const HAPPENINGS_MAX: usize = 4_096;
/// Characters kept of what an encoder says it is.
const SOFTWARE_MAX: usize = 120;

/// Our number of a connection, unique in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An encoder that was let in.
#[derive(Debug)]
pub struct Encoder {
    /// Its connection.
    pub id: ConnectionId,
    /// What it publishes.
    pub stream: StreamId,
    /// Where it is.
    pub from: SocketAddr,
    /// Whether it came over TLS.
    pub secure: bool,
    /// What it says it is; may be empty. Bounded and printable, and not to be trusted.
    pub software: String,
    /// When it was let in.
    pub since: SystemTime,
    /// Bytes of media that it sent.
    pub received_bytes: Figure,
    kicked: CancellationToken,
    /// The broadcast is to end with it.
    final_: AtomicBool,
}

impl Encoder {
    pub(super) async fn kicked(&self) {
        self.kicked.cancelled().await;
    }

    pub(super) fn is_final(&self) -> bool {
        self.final_.load(Ordering::Relaxed)
    }

    fn kick(&self, is_final: bool) {
        self.final_.fetch_or(is_final, Ordering::Relaxed);
        self.kicked.cancel();
    }
}

/// Why an encoder is not connected any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// It said that it is done.
    Finished,
    /// Another encoder has the stream now.
    Superseded,
    /// The process drains.
    Draining,
    /// An operator sent it away.
    Kicked,
    /// It was connected and silent for too long.
    Stalled,
    /// The connection broke.
    Lost,
    /// It broke a rule of the protocol, or a bound.
    Broke(&'static str),
}

impl Departure {
    /// A short label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Superseded => "superseded",
            Self::Draining => "draining",
            Self::Kicked => "kicked",
            Self::Stalled => "stalled",
            Self::Lost => "lost",
            Self::Broke(_) => "protocol",
        }
    }
}

/// Why a client may not publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No project has the key that it offered.
    UnknownKey,
    /// The key that it offered was replaced by another, or was good until now.
    ExpiredKey,
    /// The key that it offered is switched off.
    DisabledKey,
    /// Somebody publishes with this key, and takeover is off.
    Busy,
    /// The process is on its way out.
    Draining,
    /// It did not prove who it is.
    Unauthenticated(Unauthenticated),
}

impl Refused {
    /// A short label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::ExpiredKey => "key_expired",
            Self::DisabledKey => "key_disabled",
            Self::Busy => "busy",
            Self::Draining => "draining",
            Self::Unauthenticated(why) => why.reason(),
        }
    }
}

/// A client that wanted to publish and may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Where it is.
    pub from: IpAddr,
    /// Why.
    pub why: Refused,
    /// The stream, where it offered a key of one.
    pub stream: Option<StreamId>,
    /// What it says it is, as in [`Encoder::software`].
    pub software: String,
    /// When.
    pub at: SystemTime,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Happening {
    /// An encoder was let in.
    Connected(Arc<Encoder>),
    /// A client was not.
    Rejected(Rejection),
    /// An encoder is gone.
    Disconnected {
        /// Which.
        encoder: Arc<Encoder>,
        /// Why.
        why: Departure,
        /// When.
        at: SystemTime,
    },
}

/// All encoders of this process, and who listens.
#[derive(Debug)]
pub(super) struct Presence {
    encoders: Mutex<BTreeMap<ConnectionId, Arc<Encoder>>>,
    happenings: broadcast::Sender<Happening>,
}

impl Default for Presence {
    fn default() -> Self {
        Self { encoders: Mutex::default(), happenings: broadcast::Sender::new(HAPPENINGS_MAX) }
    }
}

/// Who comes in.
pub(super) struct Arrival<'a> {
    pub(super) id: ConnectionId,
    pub(super) from: SocketAddr,
    pub(super) secure: bool,
    pub(super) software: &'a str,
}

impl Presence {
    /// An encoder is let in.
    pub(super) fn enter(&self, arrival: &Arrival<'_>, stream: StreamId) -> Present<'_> {
        let encoder = Arc::new(Encoder {
            id: arrival.id,
            stream,
            from: arrival.from,
            secure: arrival.secure,
            software: bounded(arrival.software),
            since: SystemTime::now(),
            received_bytes: Figure::default(),
            kicked: CancellationToken::new(),
            final_: AtomicBool::new(false),
        });
        self.lock().insert(encoder.id, Arc::clone(&encoder));
        self.tell(|| Happening::Connected(Arc::clone(&encoder)));
        Present { presence: self, encoder, why: None }
    }

    /// A client is not let in.
    pub(super) fn reject(&self, from: IpAddr, why: Refused, stream: Option<StreamId>, software: &str) {
        self.tell(|| {
            let (software, at) = (bounded(software), SystemTime::now());
            Happening::Rejected(Rejection { from, why, stream, software, at })
        });
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<Happening> {
        self.happenings.subscribe()
    }

    pub(super) fn all(&self) -> Vec<Arc<Encoder>> {
        self.lock().values().cloned().collect()
    }

    pub(super) fn kick(&self, id: ConnectionId) -> bool {
        let encoder = self.lock().get(&id).cloned();
        encoder.inspect(|encoder| encoder.kick(false)).is_some()
    }

    pub(super) fn end(&self, stream: &StreamId) {
        for encoder in self.lock().values().filter(|encoder| encoder.stream == *stream) {
            encoder.kick(true);
        }
    }

    fn tell(&self, happening: impl FnOnce() -> Happening) {
        if self.happenings.receiver_count() > 0 {
            // The last listener may go in between, which is as good.
            self.happenings.send(happening()).ok();
        }
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Arc<Encoder>>> {
        self.encoders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An encoder's place among those that are connected; it is given up when this is dropped.
pub(super) struct Present<'a> {
    presence: &'a Presence,
    pub(super) encoder: Arc<Encoder>,
    why: Option<Departure>,
}

impl Present<'_> {
    pub(super) fn leave(mut self, why: Departure) {
        self.why = Some(why);
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let encoder = Arc::clone(&self.encoder);
        self.presence.lock().remove(&encoder.id);
        let why = self.why.unwrap_or(Departure::Lost);
        self.presence.tell(|| Happening::Disconnected { encoder, why, at: SystemTime::now() });
    }
}

/// What a peer says, as far as it is kept.
fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SOFTWARE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(id: u64) -> Arrival<'static> {
        let from = SocketAddr::from(([192, 0, 2, 7], 5_000));
        Arrival { id: ConnectionId(id), from, secure: false, software: "obs\u{0}-output" }
    }

    #[test]
    fn an_encoder_is_present_until_it_leaves_however_that_comes() {
        let presence = Presence::default();
        let mut listener = presence.listen();
        let present = presence.enter(&arrival(1), StreamId::new("a"));
        let other = presence.enter(&arrival(2), StreamId::new("b"));
        assert_eq!(presence.all().iter().map(|encoder| encoder.id.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(presence.all()[0].software, "obs-output");
        present.leave(Departure::Finished);
        drop(other);
        assert!(presence.all().is_empty());
        let mut told = Vec::new();
        while let Ok(happening) = listener.try_recv() {
            told.push(match happening {
                Happening::Connected(encoder) => (encoder.id.0, "in"),
                Happening::Disconnected { encoder, why, .. } => (encoder.id.0, why.label()),
                Happening::Rejected(_) => (0, "no"),
            });
        }
        assert_eq!(told, [(1, "in"), (2, "in"), (1, "finished"), (2, "lost")]);
    }

    #[test]
    fn who_lags_loses_the_oldest_and_is_told_how_many() {
        let presence = Presence::default();
        let mut listener = presence.listen();
        for _ in 0..HAPPENINGS_MAX + 3 {
            presence.reject(IpAddr::from([192, 0, 2, 7]), Refused::UnknownKey, None, "x");
        }
        assert_eq!(listener.try_recv().err(), Some(broadcast::error::TryRecvError::Lagged(3)));
        assert!(listener.try_recv().is_ok());
    }

    #[tokio::test]
    async fn one_is_kicked_and_a_stream_is_ended() {
        let presence = Presence::default();
        let first = presence.enter(&arrival(1), StreamId::new("a"));
        let second = presence.enter(&arrival(2), StreamId::new("a"));
        assert!(!presence.kick(ConnectionId(3)));
        assert!(presence.kick(ConnectionId(1)));
        first.encoder.kicked().await;
        assert!(!first.encoder.is_final() && !second.encoder.kicked.is_cancelled());
        presence.end(&StreamId::new("a"));
        second.encoder.kicked().await;
        assert!(first.encoder.is_final() && second.encoder.is_final());
    }
}
