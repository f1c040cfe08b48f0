//! A connection from its socket to the moment it says what it wants, and back when it is done with that.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::giving_way::GivingWay;
use super::presence::{ConnectionId, Encoder, Happening, Presence, Refused};
use super::stats::SessionStats;
use super::{ingest, play};
use crate::media::End;
use crate::net::{
    Alarm, Failure, Identity, Listener, Machine, Protocol, SocketOptions, Step, Transport, step_by,
};
use crate::rtmp::{Server, ServerConfig, ServerEvent, Unauthenticated};
use crate::stream::{Admission, OnDuplicate, Registry, Shards, Stream};

/// How long a peer has to read what was said last before the socket closes. Players of text need far less.
const LINGER: Duration = Duration::from_millis(500);
/// How long a peer may take to read answers of ours, some hundred bytes each.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How inbound connections are treated.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the protocol machine needs.
    pub server: Arc<ServerConfig>,
    /// What happens when a key that publishes is offered again.
    pub on_duplicate: OnDuplicate,
    /// How long a player waits for a publisher.
    pub play_wait: Duration,
    /// Lag beyond which a player skips to the newest keyframe.
    pub queue: Duration,
    /// How long a player may take nothing.
    pub stall_timeout: Duration,
    /// How long a client that connects anew when it is asked has for that, when the process drains.
    pub drain_wait: Duration,
    /// What the kernel is told about each socket.
    pub socket: SocketOptions,
}

/// Everything that a connection needs to know of its surroundings.
pub struct Sessions {
    pub(super) config: Config,
    pub(super) registry: Arc<Registry>,
    pub(super) admission: Arc<dyn Admission>,
    pub(super) shards: Arc<Shards>,
    pub(super) stats: Arc<SessionStats>,
    pub(super) presence: Presence,
    pub(super) giving_way: GivingWay,
    /// Cancelled when the process drains: no new connections, and those that are open end with a word.
    pub(super) drain: CancellationToken,
    tasks: TaskTracker,
    next_id: AtomicU64,
}

/// One connection.
pub(super) struct Connection {
    pub(super) transport: Arc<Transport>,
    pub(super) machine: Server,
    /// Of the machine's deadlines.
    pub(super) alarm: Alarm,
    pub(super) id: ConnectionId,
    pub(super) from: IpAddr,
    /// The same with its port.
    pub(super) peer: SocketAddr,
    pub(super) secure: bool,
}

impl Sessions {
    /// Joins the parts. Tasks of connections are counted by `tasks`.
    #[must_use]
    pub fn new(
        config: Config,
        registry: Arc<Registry>,
        admission: Arc<dyn Admission>,
        shards: Arc<Shards>,
        tasks: TaskTracker,
        drain: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            config,
            registry,
            admission,
            shards,
            stats: Arc::default(),
            presence: Presence::default(),
            giving_way: GivingWay::default(),
            drain,
            tasks,
            next_id: AtomicU64::new(1),
        })
    }

    /// The figures of the inbound side.
    #[must_use]
    pub const fn stats(&self) -> &Arc<SessionStats> {
        &self.stats
    }

    /// What happens from now on. A listener that lags loses the oldest, and is told how many.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Happening> {
        self.presence.listen()
    }

    /// The encoders that are connected now, the oldest first.
    #[must_use]
    pub fn encoders(&self) -> Vec<Arc<Encoder>> {
        self.presence.all()
    }

    /// Sends an encoder away with a word. Its broadcast is held as if the connection had broken: an encoder that should
    /// be there comes back to the same show, and one that should not finds its key disabled, or is a matter of
    /// [`end`](Self::end). `false` when there is no such connection any more.
    pub fn kick(&self, id: ConnectionId) -> bool {
        self.presence.kick(id)
    }

    /// Ends a broadcast, whoever publishes it: all its encoders are sent away, and nobody is waited for.
    pub fn end(&self, stream: &Stream) {
        self.presence.end(stream.id());
        stream.end_held(End::Told, Instant::now());
    }

    /// Accepts connections until the process drains. With `tls`, every one begins with a TLS handshake.
    pub async fn serve(self: Arc<Self>, listener: Listener, tls: Option<Arc<Identity>>) {
        loop {
            let (tcp, from, admitted) = tokio::select! {
                () = self.drain.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let id = ConnectionId(self.next_id.fetch_add(1, Ordering::Relaxed));
            let span = tracing::info_span!("session", session = id.0, %from, stream = tracing::field::Empty);
            let (sessions, tls) = (Arc::clone(&self), tls.clone());
            self.tasks.spawn(
                async move {
                    sessions.run(tcp, id, from, tls).await;
                    drop(admitted);
                }
                .instrument(span),
            );
        }
    }

    async fn run(&self, tcp: TcpStream, id: ConnectionId, peer: SocketAddr, tls: Option<Arc<Identity>>) {
        match self.connection(tcp, id, peer, tls).await {
            Ok(()) => tracing::debug!("closed"),
            Err(Failure::Io(error)) => tracing::debug!(%error, "connection lost"),
            Err(Failure::Protocol(error)) => {
                self.stats.violations.count(error.reason());
                tracing::info!(%error, reason = error.reason(), "connection closed: the client's fault");
            }
        }
    }

    async fn connection(
        &self,
        tcp: TcpStream,
        id: ConnectionId,
        peer: SocketAddr,
        tls: Option<Arc<Identity>>,
    ) -> Result<(), Failure> {
        let secure = tls.is_some();
        let transport = match tls {
            None => Transport::plain(tcp),
            Some(identity) => {
                let shaking = Transport::accept_tls(tcp, identity.config(Protocol::Rtmp));
                let shaken = timely(self.config.server.handshake_timeout, shaking).await;
                shaken.inspect_err(|error| self.count_tls(error))?
            }
        };
        transport.configure(self.config.socket)?;
        let machine = Server::new(Arc::clone(&self.config.server), fastrand::u64(..), Instant::now());
        let from = peer.ip().to_canonical();
        let peer = SocketAddr::new(from, peer.port());
        let (transport, alarm) = (Arc::new(transport), Alarm::default());
        let mut connection = Connection { transport, machine, alarm, id, from, peer, secure };
        self.converse(&mut connection).await
    }

    /// Serves one wish after the other until the client goes or something final was said.
    async fn converse(&self, connection: &mut Connection) -> Result<(), Failure> {
        loop {
            if let Some(why) = connection.machine.take_unauthenticated() {
                self.count_unauthenticated(why, connection.from);
            }
            connection.flush().await?;
            if connection.machine.is_closing() {
                connection.linger().await;
                return Ok(());
            }
            match connection.machine.poll_event() {
                Some(ServerEvent::Publish(request)) => ingest::run(self, connection, request).await?,
                Some(ServerEvent::Play(request)) => Box::pin(play::run(self, connection, request)).await?,
                // Left over from a wish that is over.
                Some(ServerEvent::Media(_) | ServerEvent::Done | ServerEvent::Pause(_)) => {}
                None => {
                    let stepped = tokio::select! {
                        () = self.drain.cancelled() => return Ok(()),
                        stepped = connection.step() => stepped?,
                    };
                    if stepped == Step::Closed {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn count_tls(&self, error: &io::Error) {
        let late = error.kind() == io::ErrorKind::TimedOut;
        self.stats.tls_failures.count(if late { "timeout" } else { "failed" });
    }

    fn count_unauthenticated(&self, why: Unauthenticated, from: IpAddr) {
        if why.is_step() {
            self.stats.auth_steps.count(why.reason());
            tracing::debug!(reason = why.reason(), "the client is asked to authenticate");
        } else {
            self.stats.publishes.count(why.reason());
            self.presence.reject(from, Refused::Unauthenticated(why), None, "");
            tracing::warn!(reason = why.reason(), "publish refused: the client did not authenticate");
        }
    }
}

impl Connection {
    /// Waits for bytes or a deadline and feeds the machine. Cancel safe.
    pub(super) async fn step(&mut self) -> Result<Step, Failure> {
        step_by(&mut self.alarm, &self.transport, &mut self.machine).await
    }

    /// Writes the machine's answers while no shard writes to the same socket.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        match self.machine.poll_output() {
            Some(bytes) => timely(ANSWER_TIMEOUT, self.transport.write_all(&bytes)).await,
            None => Ok(()),
        }
    }

    /// Lets the peer read what was said last, then leaves. What it still sends is read, since unread bytes turn the
    /// close into a reset that destroys the words.
    async fn linger(&mut self) {
        let goodbye = async {
            self.transport.finish_writing()?;
            loop {
                self.transport.readable().await?;
                let mut sink = [0; 4_096];
                match self.transport.try_read(&mut sink) {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        };
        // However it ends, the socket closes.
        if let Err(error) = timely(LINGER, goodbye).await {
            tracing::trace!(%error, "peer did not close first");
        }
    }
}

/// An I/O future with a bound on its time.
async fn timely<T>(bound: Duration, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(bound, future).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Waits until a time, or for ever where there is none.
pub(super) async fn passed(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Whether a machine has something to say.
pub(super) fn output_of(machine: &mut Server) -> Option<bytes::Bytes> {
    Machine::poll_output(machine)
}
