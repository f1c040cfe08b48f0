//! One destination's life: it waits for a source, connects, hands the socket to a shard, and tries again when it ends.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::breaker::Breakers;
use super::destination::{OutputState, Reason};
use super::dial::{Connected, Dialer, Fault, broken, refused};
use super::supervisor::Output;
use crate::net::{Backoff, Machine, SocketOptions, Step, Transport, flush, step};
use crate::rtmp::{Client, ClientEvent, Stage};
use crate::stream::{Attachment, Finished, OutputSpec, Shards, Start, Stream, StreamState};

/// How long a server that refuses is asked again before a person must look: a busy key may be our own former
/// connection, which some servers hold for a minute.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(60);
/// The shortest wait after a refusal.
const REFUSAL_DELAY_MIN: Duration = Duration::from_secs(5);
/// How long saying goodbye may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

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
}

/// Why sending ended.
enum Ended {
    /// The broadcast is over, or the output is to stop: goodbye was said.
    Over,
    Failed(Fault),
}

/// Why a wait ended.
enum Woken {
    /// Try again.
    Retry,
    /// There is nothing to send any more.
    Over,
}

pub(super) struct Worker {
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) stream: Arc<Stream>,
    pub(super) output: Arc<Output>,
    pub(super) state: watch::Receiver<StreamState>,
}

impl Worker {
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
            () = stop.cancelled() => false,
            live = self.state.wait_for(|state| state.is_on_air()) => live.is_ok(),
        }
    }

    /// Sends one broadcast, over as many connections as it takes.
    async fn broadcast(&mut self) {
        let config = self.surroundings.config.clone();
        let mut backoff = Backoff::new(config.retry_min, config.retry_max, fastrand::u64(..));
        let mut refused_since = None;
        let mut by_hand = false;
        loop {
            let fault = match self.attempt(&mut backoff, by_hand).await {
                Ended::Over => return,
                Ended::Failed(fault) => fault,
            };
            if !fault.reason.is_refusal() {
                refused_since = None;
            }
            let woken = if fault.reason.is_refusal()
                && refused_since.get_or_insert_with(Instant::now).elapsed() >= REFUSAL_PATIENCE
            {
                self.fail(&fault).await
            } else {
                self.wait(&fault, &mut backoff).await
            };
            match woken {
                Some(Woken::Retry) => by_hand = true,
                Some(Woken::Over) => return,
                None => by_hand = false,
            }
            if by_hand {
                refused_since = None;
            }
            self.output.reconnects.add(1);
        }
    }

    /// One connection, from dialling to its end.
    async fn attempt(&mut self, backoff: &mut Backoff, by_hand: bool) -> Ended {
        let surroundings = Arc::clone(&self.surroundings);
        let host = self.output.destination.url.host.clone();
        if !by_hand && let Some(pause) = surroundings.breakers.pause(&host, Instant::now()) {
            let detail = format!("{host} failed too often; next attempt in {} s", pause.as_secs());
            return Ended::Failed(Fault::new(Reason::CircuitOpen, detail));
        }
        self.output.set(OutputState::Connecting, None);
        let output = Arc::clone(&self.output);
        let connected = tokio::select! {
            () = self.no_longer_wanted() => return Ended::Over,
            connected = surroundings.dialer.dial(&output.destination) => connected,
        };
        match connected {
            Ok(connected) => {
                surroundings.breakers.succeeded(&host);
                let began = Instant::now();
                let ended = self.send(connected).await;
                if began.elapsed() >= surroundings.config.healthy_after {
                    backoff.reset();
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

    /// Hands the socket to a shard and reads what the peer says, until one of them ends it.
    async fn send(&mut self, connected: Connected) -> Ended {
        let Connected { transport, mut client, stream_id } = connected;
        let config = &self.surroundings.config;
        let spec = OutputSpec {
            transport: Arc::clone(&transport),
            stream_id,
            chunk_size: self.output.destination.chunk_size,
            as_publisher: true,
            multitrack: client.peer().takes_multitrack(),
            start: Start::NewestKeyframe,
            queue: config.queue,
            stall_timeout: config.stall_timeout,
            stats: Arc::clone(&self.output.stats),
        };
        let mut attachment = self.surroundings.shards.attach(&self.stream, spec).await;
        self.output.set(OutputState::Sending, None);
        let ended = self.converse(&transport, &mut client, &mut attachment).await;
        if matches!(ended, Ended::Over) {
            self.output.set(OutputState::Stopping, None);
            say_goodbye(&transport, &mut client).await;
        }
        ended
    }

    async fn converse(
        &self,
        transport: &Transport,
        client: &mut Client,
        attachment: &mut Attachment,
    ) -> Ended {
        let mut stopping = false;
        loop {
            while let Some(event) = client.poll_event() {
                match event {
                    ClientEvent::Refused(refusal) => return Ended::Failed(refused(&refusal)),
                    ClientEvent::ReconnectRequest => {
                        let said = "the server asked to connect again";
                        return Ended::Failed(Fault::new(Reason::ClosedByPeer, said));
                    }
                    ClientEvent::Publishing { .. } => {}
                }
            }
            if let Some(bytes) = Machine::poll_output(client) {
                attachment.send(bytes).await;
            }
            tokio::select! {
                finished = attachment.finished() => return match finished {
                    Finished::Ended(_) | Finished::Detached => Ended::Over,
                    Finished::Stalled => {
                        Ended::Failed(Fault::new(Reason::Stalled, "the server stopped taking data"))
                    }
                    Finished::Closed(error) => Ended::Failed(broken(Stage::Publishing, &error.into())),
                },
                () = self.output.stop().cancelled(), if !stopping => {
                    stopping = true;
                    attachment.detach().await;
                }
                stepped = step(transport, client) => match stepped {
                    Ok(Step::Fed) => {}
                    Ok(Step::Closed) => {
                        let said = "the server closed the connection";
                        return Ended::Failed(Fault::new(Reason::ClosedByPeer, said));
                    }
                    Err(failure) => return Ended::Failed(broken(Stage::Publishing, &failure)),
                },
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

    /// Waits for a person, or the end of the broadcast.
    async fn fail(&mut self, fault: &Fault) -> Option<Woken> {
        tracing::error!(
            reason = fault.reason.label(),
            detail = fault.detail,
            "output failed, needs a person"
        );
        self.output.set(OutputState::Failed, Some(fault));
        Some(self.wake().await)
    }

    async fn wake(&mut self) -> Woken {
        let output = Arc::clone(&self.output);
        tokio::select! {
            () = output.retry_asked() => Woken::Retry,
            () = self.no_longer_wanted() => Woken::Over,
        }
    }

    /// Returns when the output is to stop or the broadcast is over.
    async fn no_longer_wanted(&mut self) {
        let stop = self.output.stop().clone();
        tokio::select! {
            () = stop.cancelled() => {}
            _ = self.state.wait_for(|state| matches!(state, StreamState::Ended(_) | StreamState::Waiting)) => {}
        }
    }
}

/// Says that the stream is over, so that the platform does not wait for us, and lets the words out before the FIN.
async fn say_goodbye(transport: &Transport, client: &mut Client) {
    client.finish();
    let goodbye = async {
        flush(transport, client).await?;
        transport.finish_writing()?;
        while let Ok(Step::Fed) = step(transport, client).await {}
        Ok::<(), std::io::Error>(())
    };
    if !matches!(tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await, Ok(Ok(()))) {
        tracing::debug!("the server did not wait for our goodbye");
    }
}
