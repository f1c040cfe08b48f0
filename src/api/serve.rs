//! Serves a router on a listener, HTTP/1.1 and HTTP/2, plain or over TLS, until it is told to stop.
//!
//! Bounds: connections in all; the time for a TLS handshake, from there to the first request, and to the end of each
//! request's headers, which is also how long a kept connection of HTTP/1.1 may idle, while one of HTTP/2 stays for as
//! long as its peer answers pings; requests at once of one HTTP/2 connection. A connection above the bound is closed at once and counted, rather than left to wait where nobody sees it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::net::{Identity, Protocol};

/// How long to wait after an `accept` that failed: mostly we are out of files, and only time brings some back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// HTTP/2 pings a silent connection this often, and gives up on it after as long again.
const H2_PING: Duration = Duration::from_secs(20);

/// Requests at once of one HTTP/2 connection. A player has a handful; a cache in front of us may wait for the next part
/// of hundreds of streams over one connection. Each costs what a parked task does.
const H2_STREAMS_MAX: u32 = 512;

/// In a request's extensions: it came to us over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secured;

/// The bounds of one listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once: clones share the places.
    pub places: Arc<Semaphore>,
    /// For a TLS handshake; from there to the first request; and from then on to the end of each request's headers.
    pub header_timeout: Duration,
    /// How long requests that run may go on after the stop.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(16_384)),
            header_timeout: Duration::from_secs(20),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// What happened on one listener so far.
#[derive(Debug, Default)]
pub struct Stats {
    /// Connections that were served, and are.
    pub accepted: AtomicU64,
    /// Connections that are over.
    pub closed: AtomicU64,
    /// Connections above the bound.
    pub rejected: AtomicU64,
    /// TLS handshakes that failed.
    pub tls_failed: AtomicU64,
    /// TLS handshakes that took too long.
    pub tls_timed_out: AtomicU64,
}

/// One listener and all it needs.
pub struct Server {
    /// Listening.
    pub listener: TcpListener,
    /// Who we are to TLS clients; without it everything is plain.
    pub tls: Option<Arc<Identity>>,
    /// What answers.
    pub router: Router,
    /// Its bounds.
    pub limits: Limits,
    /// Where it counts.
    pub stats: Arc<Stats>,
}

impl Server {
    /// A server with the usual bounds; `listener` is bound already, by whoever names the address.
    ///
    /// # Errors
    /// A listener that cannot be handed to the runtime. Must be called within one.
    pub fn new(listener: std::net::TcpListener, router: Router) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        Ok(Self { listener, tls: None, router, limits: Limits::default(), stats: Arc::default() })
    }

    /// Serves until `stop`, then lets what runs end, up to the drain timeout.
    pub async fn run(self, stop: CancellationToken) {
        let Self { listener, tls, router, limits, stats } = self;
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => continue,
            };
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an HTTP connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(permit) = limits.places.clone().try_acquire_owned() else {
                stats.rejected.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let connection = Connection {
                peer,
                router: router.clone(),
                header_timeout: limits.header_timeout,
                watcher: graceful.watcher(),
                held: Held::new(permit, stats.clone()),
            };
            let tls = tls.as_ref().map(|identity| identity.config(Protocol::Http));
            let stop = stop.clone();
            connections.spawn(async move {
                match tls {
                    None => connection.plain(socket).await,
                    Some(tls) => connection.secure(socket, tls, &stop).await,
                }
            });
        }
        drop(listener);
        let ended = async {
            graceful.shutdown().await;
            while connections.join_next().await.is_some() {}
        };
        if tokio::time::timeout(limits.drain_timeout, ended).await.is_err() {
            tracing::warn!("HTTP requests outlived the drain and were cut");
        }
    }
}

/// A connection's place among those that are counted.
struct Held {
    _permit: OwnedSemaphorePermit,
    stats: Arc<Stats>,
}

impl Held {
    fn new(permit: OwnedSemaphorePermit, stats: Arc<Stats>) -> Self {
        stats.accepted.fetch_add(1, Ordering::Relaxed);
        Self { _permit: permit, stats }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stats.closed.fetch_add(1, Ordering::Relaxed);
    }
}

/// One connection from the moment it was accepted.
struct Connection {
    peer: SocketAddr,
    router: Router,
    header_timeout: Duration,
    watcher: Watcher,
    held: Held,
}

impl Connection {
    async fn plain(self, socket: TcpStream) {
        // Answers are written whole; waiting for more would only delay them.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(peer = %self.peer, %error, "no TCP_NODELAY");
        }
        self.serve(socket, None).await;
    }

    /// A handshake that runs when the process stops has not asked for anything: it is cut.
    async fn secure(self, socket: TcpStream, tls: Arc<ServerConfig>, stop: &CancellationToken) {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(peer = %self.peer, %error, "no TCP_NODELAY");
        }
        let shaking = TlsAcceptor::from(tls).accept(socket);
        let shaking = tokio::time::timeout(self.header_timeout, shaking);
        match stop.run_until_cancelled(shaking).await {
            None => {}
            Some(Ok(Ok(stream))) => self.serve(stream, Some(Secured)).await,
            Some(Ok(Err(error))) => {
                self.held.stats.tls_failed.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(peer = %self.peer, %error, "TLS handshake failed");
            }
            Some(Err(_)) => {
                self.held.stats.tls_timed_out.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(peer = %self.peer, "TLS handshake took too long");
            }
        }
    }

    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        secured: Option<Secured>,
    ) {
        let Self { peer, router, header_timeout, watcher, held } = self;
        let asked = Arc::new(AtomicBool::new(false));
        let seen = asked.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            seen.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(secured) = secured {
                request.extensions_mut().insert(secured);
            }
            router.clone().oneshot(request)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(H2_PING)
            .keep_alive_timeout(H2_PING)
            .max_concurrent_streams(H2_STREAMS_MAX);
        let serving = watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
        tokio::pin!(serving);
        // The header timeout begins once the protocol is known. A peer that sends nothing is ended here.
        let mut ended = tokio::time::timeout(header_timeout, &mut serving).await.ok();
        if ended.is_none() && asked.load(Ordering::Relaxed) {
            ended = Some(serving.await);
        }
        match ended {
            Some(Err(error)) => tracing::debug!(%peer, error, "HTTP connection ended"),
            Some(Ok(())) => {}
            None => tracing::debug!(%peer, "HTTP connection asked nothing"),
        }
        drop(held);
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn server(limits: Limits) -> (SocketAddr, Server) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        };
        let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let router = Router::new().route("/slow", get(slow)).route("/who", get(who));
        (addr, Server { limits, ..Server::new(listener, router).expect("a listener") })
    }

    async fn ask(addr: SocketAddr, path: &str) -> String {
        let mut socket = TcpStream::connect(addr).await.expect("connects");
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("sends");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("answers");
        answer
    }

    #[tokio::test]
    async fn a_request_that_runs_outlives_the_stop_and_nothing_new_begins() {
        let (addr, server) = server(Limits::default());
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        assert!(ask(addr, "/who").await.ends_with("127.0.0.1"));
        let slow = tokio::spawn(ask(addr, "/slow"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        assert!(slow.await.expect("runs").ends_with("slow"));
        running.await.expect("ends");
        TcpStream::connect(addr).await.expect_err("closed");
    }

    #[tokio::test]
    async fn a_silent_peer_is_ended_and_one_too_many_is_refused() {
        let limits = Limits {
            places: Arc::new(Semaphore::new(1)),
            header_timeout: Duration::from_millis(200),
            ..Limits::default()
        };
        let (addr, server) = server(limits);
        let stats = server.stats.clone();
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        let mut byte = [0_u8];
        for begun in ["", "PRI", "GET / HTTP/1.1\r\n"] {
            let mut silent = TcpStream::connect(addr).await.expect("connects");
            silent.write_all(begun.as_bytes()).await.expect("sends");
            tokio::time::sleep(Duration::from_millis(50)).await;
            let mut second = TcpStream::connect(addr).await.expect("connects");
            assert_eq!(
                second.read(&mut byte).await.unwrap_or(0),
                0,
                "refused while {begun:?} holds the place"
            );
            // Whether or not we say a word first, the connection ends.
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(5), silent.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "{begun:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(stats.rejected.load(Ordering::Relaxed), 3);
        assert_eq!(stats.accepted.load(Ordering::Relaxed), 3);
        assert_eq!(stats.closed.load(Ordering::Relaxed), 3);
        stop.cancel();
        running.await.expect("ends");
    }

    #[tokio::test]
    async fn hundreds_of_requests_wait_at_once_on_one_connection() {
        const WAITING: usize = H2_STREAMS_MAX as usize;
        let (addr, mut server) = server(Limits::default());
        let all = Arc::new(tokio::sync::Barrier::new(WAITING));
        let wait = || async move { all.wait().await.is_leader().to_string() };
        server.router = Router::new().route("/wait", get(wait));
        let stats = server.stats.clone();
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        let socket = TokioIo::new(TcpStream::connect(addr).await.expect("connects"));
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket);
        let (sender, connection) = handshake.await.expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let mut asked = JoinSet::new();
        for _ in 0..WAITING {
            let request = hyper::Request::get(format!("http://{addr}/wait")).body(Body::empty());
            let mut sender = sender.clone();
            asked.spawn(async move { sender.send_request(request.expect("a request")).await });
        }
        let all = tokio::time::timeout(Duration::from_secs(30), asked.join_all());
        for answer in all.await.expect("none waits for another to end") {
            assert_eq!(answer.expect("an answer").status(), 200);
        }
        assert_eq!(stats.accepted.load(Ordering::Relaxed), 1);
        drop(sender);
        stop.cancel();
        running.await.expect("ends");
        connection.await.expect("ends").expect("with a goodbye");
    }
}
