//! While media flows: the socket is a shard's, what the server says is read, and a server that asks for it is left for
//! another connection without a gap.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::destination::{OutputState, Reason};
use super::dial::{Connected, Fault, Route, broken, refused};
use super::fit;
use super::worker::{Ended, TRACK_WAIT, Worker};
use crate::media::TrackSet;
use crate::net::{Backoff, Machine, Step, Transport, flush, step};
use crate::rtmp::{Client, ClientEvent, Stage};
use crate::stream::{Attachment, Finished, OutputSpec, Start};

/// How long saying goodbye may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);
/// The shortest time between two moves of a destination: a server may not have us run in circles.
const MOVE_PAUSE: Duration = Duration::from_secs(10);

/// Requests to move of one connection that are answered, if only by a word in the log: a server could fill it else.
const REQUESTS_MAX: usize = 16;

/// How one connection's part ended.
enum Part {
    /// The broadcast is over, or the output is to stop.
    Over,
    Failed(Fault),
    /// The stream is no longer what the destination takes; the connection is good.
    Misfit(Fault),
    /// The next connection goes on at this entry.
    Moved(u64),
}

/// Another connection in the making.
type Dialling<'a> = Pin<Box<dyn Future<Output = Connected> + Send + 'a>>;

impl Worker {
    /// Hands the socket to a shard and reads what the peer says, until one of them ends it; over a further connection
    /// where the peer asks for one.
    pub(super) async fn send(&mut self, mut current: Connected) -> Ended {
        self.announced = fit::announced(current.client.peer());
        if let Some(fault) = self.objection() {
            current.say_goodbye().await;
            return Ended::Failed(fault);
        }
        let mut start = std::mem::replace(&mut self.start, Start::NewestKeyframe);
        let mut left: Option<Connected> = None;
        loop {
            let mut attachment = self.attach(&current, start).await;
            self.output.set(OutputState::Sending, None);
            if let Some(mut left) = left.take() {
                left.say_goodbye().await;
            }
            let mut next = None;
            let part = self.converse(&mut current, &mut attachment, &mut next).await;
            match (part, next.take()) {
                (Part::Moved(seq), Some(next)) => {
                    start = Start::At(seq);
                    left = Some(self.go_over(&mut current, next));
                }
                // The server did not wait for the keyframe.
                (Part::Failed(_), Some(next)) => {
                    start = Start::NewestKeyframe;
                    self.go_over(&mut current, next);
                }
                (part, next) => return self.end(part, current, next).await,
            }
        }
    }

    /// Makes `next` the current connection, and returns that which was.
    fn go_over(&mut self, current: &mut Connected, next: Connected) -> Connected {
        self.moved = Some(Instant::now());
        self.announced = fit::announced(next.client.peer());
        self.output.reconnects.add(1);
        std::mem::replace(current, next)
    }

    /// Leaves in words, wherever they can still be said.
    async fn end(&mut self, part: Part, mut current: Connected, next: Option<Connected>) -> Ended {
        if let Some(mut next) = next {
            next.say_goodbye().await;
        }
        match part {
            Part::Failed(fault) => Ended::Failed(fault),
            Part::Misfit(fault) => {
                current.say_goodbye().await;
                // The newest keyframe is of what does not fit.
                self.start = Start::Next;
                Ended::Failed(fault)
            }
            Part::Over | Part::Moved(_) => {
                self.output.set(OutputState::Stopping, None);
                current.say_goodbye().await;
                Ended::Over
            }
        }
    }

    async fn attach(&self, connected: &Connected, start: Start) -> Attachment {
        let config = &self.surroundings.config;
        // A socket that does not know its ends is on its way out.
        self.output.path.follow(connected.transport.endpoints().ok());
        let spec = OutputSpec {
            transport: Arc::clone(&connected.transport),
            stream_id: connected.stream_id,
            chunk_size: self.output.destination.chunk_size,
            as_publisher: true,
            wanted: fit::wanted(&self.output.destination, connected.client.peer()),
            start,
            queue: config.queue,
            stall_timeout: config.stall_timeout,
            stats: Arc::clone(&self.output.stats),
        };
        self.surroundings.shards.attach(&self.stream, spec).await
    }

    /// Reads the server until something ends the sending. A move puts the new connection into `next`.
    async fn converse(
        &self,
        current: &mut Connected,
        attachment: &mut Attachment,
        next: &mut Option<Connected>,
    ) -> Part {
        let mut stopping = false;
        let mut misfit = None;
        let mut requests = 0;
        let mut dialling: Option<Dialling<'_>> = None;
        let mut track_lost = std::pin::pin!(self.track_lost(self.stream.tracks()));
        loop {
            while let Some(event) = current.client.poll_event() {
                match event {
                    ClientEvent::Refused(refusal) => return Part::Failed(refused(&refusal)),
                    ClientEvent::ReconnectRequest { tc_url }
                        if dialling.is_none() && next.is_none() && requests < REQUESTS_MAX =>
                    {
                        requests += 1;
                        dialling = self.answer_request(current, &tc_url);
                    }
                    ClientEvent::ReconnectRequest { .. } | ClientEvent::Publishing { .. } => {}
                }
            }
            if let Some(bytes) = Machine::poll_output(&mut *current.client) {
                attachment.send(bytes).await;
            }
            tokio::select! {
                finished = attachment.finished() => return match misfit {
                    Some(fault) => Part::Misfit(fault),
                    None => self.part(finished),
                },
                () = self.output.stop().cancelled(), if !stopping => {
                    stopping = true;
                    attachment.detach().await;
                }
                fault = &mut track_lost, if misfit.is_none() => {
                    misfit = Some(fault);
                    attachment.detach().await;
                }
                connected = made(&mut dialling) => {
                    dialling = None;
                    *next = Some(connected);
                    attachment.end_at_start().await;
                }
                stepped = step(&current.transport, &mut *current.client) => match stepped {
                    Ok(Step::Fed) => {}
                    Ok(Step::Closed) => {
                        let said = "the server closed the connection";
                        return Part::Failed(Fault::new(Reason::ClosedByPeer, said));
                    }
                    Err(failure) => return Part::Failed(broken(Stage::Publishing, &failure)),
                },
            }
        }
    }

    /// What it means that a shard stopped to send.
    fn part(&self, finished: Finished) -> Part {
        match finished {
            Finished::Ended(_) | Finished::Detached => Part::Over,
            Finished::AtStart(seq) => Part::Moved(seq),
            Finished::Unsupported(codec) => {
                Part::Misfit(fit::refusal(&self.output.destination, codec, self.announced))
            }
            Finished::Stalled => Part::Failed(Fault::new(Reason::Stalled, "the server stopped taking data")),
            Finished::Closed(error) => Part::Failed(broken(Stage::Publishing, &error.into())),
        }
    }

    /// Begins to connect to where a server asks us to go on. `None` where we stay: an address that will not do, or one
    /// request too many.
    fn answer_request(&self, current: &Connected, tc_url: &str) -> Option<Dialling<'_>> {
        if self.moved.is_some_and(|moved| moved.elapsed() < MOVE_PAUSE) {
            tracing::warn!("the server asks to connect again, and did so just now; staying");
            return None;
        }
        match Route::elsewhere(&self.output.destination, (&current.url, current.reach), tc_url) {
            Ok(route) => {
                tracing::info!(to = route.url.origin(), "the server asks to connect again");
                Some(Box::pin(self.dial_until_taken(route)))
            }
            Err(error) => {
                tracing::warn!(%error, "the server asks to connect elsewhere; staying");
                None
            }
        }
    }

    /// Connects, however often it takes. Where it never works, the old connection goes on until its server ends it.
    async fn dial_until_taken(&self, route: Route) -> Connected {
        let config = &self.surroundings.config;
        let mut backoff = Backoff::new(config.retry_min, config.retry_max, fastrand::u64(..));
        loop {
            match self.surroundings.dialer.dial(&self.output.destination, &route).await {
                Ok(connected) => return connected,
                Err(fault) => {
                    let Fault { reason, detail } = &fault;
                    tracing::warn!(reason = reason.label(), detail, "cannot connect again yet; staying");
                }
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }

    /// Waits until a track that is to be sent is gone for good: an encoder that returns names its tracks one after the
    /// other.
    async fn track_lost(&self, mut tracks: watch::Receiver<Arc<TrackSet>>) -> Fault {
        let missing = |tracks: &Arc<TrackSet>| fit::missing(&self.output.destination, tracks);
        loop {
            let Ok(fault) = tracks.wait_for(|tracks| missing(tracks).is_some()).await.map(|t| missing(&t))
            else {
                return std::future::pending().await;
            };
            let back = tracks.wait_for(|tracks| missing(tracks).is_none());
            if let (Some(fault), Err(_)) = (fault, tokio::time::timeout(TRACK_WAIT, back).await) {
                return fault;
            }
        }
    }
}

/// The connection in the making, once it is made.
async fn made(dialling: &mut Option<Dialling<'_>>) -> Connected {
    match dialling {
        Some(dialling) => dialling.await,
        None => std::future::pending().await,
    }
}

impl Connected {
    /// Says that the stream is over, so that the platform does not wait for us, and lets the words out before the FIN.
    async fn say_goodbye(&mut self) {
        let Self { transport, client, .. } = self;
        client.finish();
        if !matches!(tokio::time::timeout(GOODBYE_TIMEOUT, goodbye(transport, client)).await, Ok(Ok(()))) {
            tracing::debug!("the server did not wait for our goodbye");
        }
    }
}

async fn goodbye(transport: &Transport, client: &mut Client) -> Result<(), std::io::Error> {
    flush(transport, client).await?;
    transport.finish_writing()?;
    while let Ok(Step::Fed) = step(transport, client).await {}
    Ok(())
}
