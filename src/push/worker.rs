//! One destination's life: it waits for a source, connects, hands the socket to a shard, and tries again when it ends.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::destination::{OutputState, Reason};
use super::dial::{Dialer, Fault, Route};
use super::fit;
use super::supervisor::Output;
use crate::media::{Codecs, TrackSet};
use crate::net::{Allowed, Backoff, Breakers, SocketOptions};
use crate::stream::{Figure, Shards, Start, Stream, StreamState};

/// How long a server that refuses is asked again before a person must look: a busy key may be our own former
/// connection, which some servers hold for a minute.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(60);
/// The shortest wait after a refusal.
const REFUSAL_DELAY_MIN: Duration = Duration::from_secs(5);
/// How often a name is looked up anew that leads where destinations may not.
const NAME_LOOK: Duration = Duration::from_secs(30);
/// How long an encoder may take to name the tracks that it sends, one after the other.
pub(super) const TRACK_WAIT: Duration = Duration::from_secs(3);

/// How destinations are treated.
#[derive(Debug, Clone)]
pub struct Config {
    /// From the name look-up to `NetStream.Publish.Start`.
    pub connect_timeout: Duration,
    /// How long a destination may take nothing while something waits for it.
    pub stall_timeout: Duration,
    /// Lag beyond which an output skips to the newest keyframe.
    pub queue: Duration,
    /// First cap of the wait before a retry.
    pub retry_min: Duration,
    /// Last cap of it.
    pub retry_max: Duration,
    /// How long an output must send before the next failure counts as a first one.
    pub healthy_after: Duration,
    /// Failures of a host in a row before attempts pause.
    pub circuit_after: u32,
    /// How long they pause.
    pub circuit_open: Duration,
    /// Which addresses destinations may have.
    pub allowed: Allowed,
    /// What the kernel is told about each socket.
    pub socket: SocketOptions,
}

/// What all workers share.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) config: Config,
    pub(super) dialer: Dialer,
    pub(super) breakers: Breakers,
    pub(super) shards: Arc<Shards>,
    /// Workers that ended by a fault of ours.
    pub(super) faults: Figure,
}

/// Why sending ended.
pub(super) enum Ended {
    /// The broadcast is over, or the output is to stop: goodbye was said.
    Over,
    Failed(Fault),
}

/// Why a wait ended.
enum Woken {
    /// Try again: somebody asked for it.
    Retry,
    /// Try again: the stream has changed.
    Changed,
    /// There is nothing to send any more.
    Over,
}

pub(super) struct Worker {
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) stream: Arc<Stream>,
    pub(super) output: Arc<Output>,
    pub(super) state: watch::Receiver<StreamState>,
    /// What the server said that it takes, in the broadcast at hand.
    pub(super) announced: Codecs,
    /// Where the next connection begins.
    pub(super) start: Start,
    /// Since when attempts were refused, one after the other.
    refused_since: Option<Instant>,
    /// A connection was tried in the broadcast at hand.
    dialled: bool,
    /// When a server last had us connect anew.
    pub(super) moved: Option<Instant>,
}

impl Worker {
    pub(super) fn new(surroundings: Arc<Surroundings>, stream: Arc<Stream>, output: Arc<Output>) -> Self {
        let state = stream.state();
        Self {
            surroundings,
            stream,
            output,
            state,
            announced: Codecs::ANY,
            start: Start::NewestKeyframe,
            refused_since: None,
            dialled: false,
            moved: None,
        }
    }

    /// Lives until the output is stopped.
    pub(super) async fn run(mut self) {
        while self.wait_for_source().await {
            self.broadcast().await;
            self.output.set(OutputState::Idle, None);
        }
        self.output.set(OutputState::Disabled, None);
    }

    /// Waits until there is a keyframe to begin with. `false` when the output is to stop.
    async fn wait_for_source(&mut self) -> bool {
        let stop = self.output.stop().clone();
        tokio::select! {
            // First: an output that is stopped on the air must not go on because both are so.
            biased;
            () = stop.cancelled() => false,
            live = self.state.wait_for(|state| state.is_on_air()) => live.is_ok(),
        }
    }

    /// Sends one broadcast, over as many connections as it takes.
    async fn broadcast(&mut self) {
        let config = self.surroundings.config.clone();
        let mut backoff = Backoff::new(config.retry_min, config.retry_max, fastrand::u64(..));
        let mut by_hand = false;
        (self.announced, self.start) = (Codecs::ANY, Start::NewestKeyframe);
        (self.refused_since, self.dialled) = (None, false);
        loop {
            let fault = match self.attempt(&mut backoff, by_hand).await {
                Ended::Over => return,
                Ended::Failed(fault) => fit::explained(&self.output.destination, fault),
            };
            if !fault.reason.is_refusal() {
                self.refused_since = None;
            }
            let woken = if fault.reason.is_misfit() {
                match self.wait_until_fit().await {
                    // An encoder that cannot decide must not have the server called at each of its changes.
                    Woken::Changed if self.dialled => self.wait(&fault, &mut backoff).await,
                    woken => Some(woken),
                }
            } else if fault.reason == Reason::AddressForbidden {
                Some(self.wait_until_permitted(&fault).await)
            } else if fault.reason.is_refusal()
                && self.refused_since.get_or_insert_with(Instant::now).elapsed() >= REFUSAL_PATIENCE
            {
                self.fail(&fault).await
            } else {
                self.wait(&fault, &mut backoff).await
            };
            by_hand = matches!(woken, Some(Woken::Retry));
            match woken {
                Some(Woken::Over) => return,
                // Perhaps the server was changed; it is asked again what it takes.
                Some(Woken::Retry) => (self.refused_since, self.announced) = (None, Codecs::ANY),
                Some(Woken::Changed) | None => {}
            }
        }
    }

    /// One connection, from dialling to its end.
    async fn attempt(&mut self, backoff: &mut Backoff, by_hand: bool) -> Ended {
        if let Some(fault) = self.misfit().await {
            return Ended::Failed(fault);
        }
        let surroundings = Arc::clone(&self.surroundings);
        let host = self.output.destination.url.host.clone();
        if !by_hand && let Some(pause) = surroundings.breakers.pause(&host, Instant::now()) {
            let detail = format!("{host} failed too often; next attempt in {} s", pause.as_secs());
            return Ended::Failed(Fault::new(Reason::CircuitOpen, detail));
        }
        self.output.set(OutputState::Connecting, None);
        let output = Arc::clone(&self.output);
        let route = Route::own(&output.destination);
        if std::mem::replace(&mut self.dialled, true) {
            output.reconnects.add(1);
        }
        let connected = tokio::select! {
            // First: nobody is called any more for an output that is stopped.
            biased;
            () = self.no_longer_wanted() => return Ended::Over,
            connected = surroundings.dialer.dial(&output.destination, &route) => connected,
        };
        match connected {
            Ok(connected) => {
                surroundings.breakers.succeeded(&host);
                let began = Instant::now();
                let ended = self.send(connected).await;
                if began.elapsed() >= surroundings.config.healthy_after {
                    backoff.reset();
                    // A refusal after this is the first of its kind.
                    self.refused_since = None;
                }
                ended
            }
            Err(fault) => {
                if fault.reason.blames_host() && surroundings.breakers.failed(&host, Instant::now()) {
                    tracing::warn!(host, "circuit opened");
                }
                Ended::Failed(fault)
            }
        }
    }

    /// Waits out the backoff. `None` when the time came.
    async fn wait(&mut self, fault: &Fault, backoff: &mut Backoff) -> Option<Woken> {
        let mut delay = backoff.next_delay();
        if fault.reason.is_refusal() {
            delay = delay.max(REFUSAL_DELAY_MIN);
        }
        if fault.reason == Reason::CircuitOpen {
            // Looked at again when the circuit lets one through, spread a little.
            let pause = self.surroundings.config.circuit_open;
            delay = delay.max(pause / 4);
        }
        tracing::warn!(
            reason = fault.reason.label(),
            detail = fault.detail,
            attempt = backoff.attempts(),
            retry_in_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            "output failed, will retry"
        );
        let state =
            OutputState::Retrying { attempt: backoff.attempts(), next_retry_at: SystemTime::now() + delay };
        self.output.set(state, Some(fault));
        tokio::select! {
            () = tokio::time::sleep(delay) => None,
            woken = self.wake() => Some(woken),
        }
    }

    /// Why the stream is not what the destination takes, before any connection. A track that is to be sent is waited for a
    /// little.
    async fn misfit(&mut self) -> Option<Fault> {
        let (mut tracks, output) = (self.stream.tracks(), Arc::clone(&self.output));
        let is_there = |tracks: &Arc<TrackSet>| fit::missing(&output.destination, tracks).is_none();
        if !is_there(&tracks.borrow()) {
            self.output.set(OutputState::Connecting, None);
            tokio::select! {
                () = self.no_longer_wanted() => return None,
                _ = tokio::time::timeout(TRACK_WAIT, tracks.wait_for(is_there)) => {}
            }
        }
        self.objection()
    }

    /// Why the stream as it is now is not what the destination takes.
    pub(super) fn objection(&self) -> Option<Fault> {
        let (tracks, destination) = (self.stream.tracks(), &self.output.destination);
        let tracks = tracks.borrow();
        fit::missing(destination, &tracks).or_else(|| fit::objection(destination, &tracks, self.announced))
    }

    /// Waits until the stream is what the destination takes, for a person, or the end of the broadcast.
    async fn wait_until_fit(&mut self) -> Woken {
        let mut tracks = self.stream.tracks();
        let mut told = None;
        // It may fit again already.
        while let Some(fault) = self.objection() {
            if told.as_ref() != Some(&fault) {
                let Fault { reason, detail } = &fault;
                tracing::error!(reason = reason.label(), detail, "the destination does not take the stream");
                self.output.set(OutputState::Failed, Some(&fault));
                told = Some(fault);
            }
            tokio::select! {
                woken = self.wake() => return woken,
                changed = tracks.changed() => if changed.is_err() { return Woken::Over },
            }
        }
        Woken::Changed
    }

    /// Waits until the name leads elsewhere, for a person, or the end of the broadcast. What may be had does not change
    /// while the process runs.
    async fn wait_until_permitted(&mut self, fault: &Fault) -> Woken {
        self.told_to_fail(fault);
        let output = Arc::clone(&self.output);
        let surroundings = Arc::clone(&self.surroundings);
        let look = async {
            loop {
                tokio::time::sleep(NAME_LOOK).await;
                if surroundings.dialer.permits(&output.destination.url).await {
                    return;
                }
            }
        };
        tokio::select! {
            woken = self.wake() => woken,
            () = look => Woken::Changed,
        }
    }

    /// Waits for a person, or the end of the broadcast.
    async fn fail(&mut self, fault: &Fault) -> Option<Woken> {
        self.told_to_fail(fault);
        Some(self.wake().await)
    }

    fn told_to_fail(&self, fault: &Fault) {
        tracing::error!(
            reason = fault.reason.label(),
            detail = fault.detail,
            "output failed, needs a person"
        );
        self.output.set(OutputState::Failed, Some(fault));
    }

    async fn wake(&mut self) -> Woken {
        let output = Arc::clone(&self.output);
        tokio::select! {
            () = output.retry_asked() => Woken::Retry,
            () = self.no_longer_wanted() => Woken::Over,
        }
    }

    /// Returns when the output is to stop or the broadcast is over.
    pub(super) async fn no_longer_wanted(&mut self) {
        let stop = self.output.stop().clone();
        tokio::select! {
            () = stop.cancelled() => {}
            _ = self.state.wait_for(|state| matches!(state, StreamState::Ended(_) | StreamState::Waiting)) => {}
        }
    }
}
