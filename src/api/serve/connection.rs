//! One HTTP connection: its TLS handshake, its plain requests for HLS, and everything else of it, which is hyper's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::guard::{Activity, Guarded};
use super::quick::{Left, Quick};
use super::row::{Line, Rows, Seat};
use super::{Limits, Secured, Stats};
use crate::api::hls::{Hall, Target};

/// HTTP/2 pings a silent connection this often, and gives up on it after as long again.
const H2_PING: Duration = Duration::from_secs(20);

/// Requests at once of one HTTP/2 connection. A player has a handful; a cache in front of us may wait for the next part
/// of hundreds of streams over one connection. Each costs what a parked task does.
pub(super) const H2_STREAMS_MAX: u32 = 512;

/// What all connections of a listener go by.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) hall: Option<Arc<Hall>>,
    pub(super) limits: Limits,
}

/// A connection's place among those that are counted.
pub(super) struct Held {
    _permit: OwnedSemaphorePermit,
    stats: Arc<Stats>,
}

impl Held {
    pub(super) fn new(permit: OwnedSemaphorePermit, stats: Arc<Stats>) -> Self {
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
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) shared: Arc<Shared>,
    pub(super) stop: CancellationToken,
    pub(super) held: Held,
    /// It came over TLS, by a handshake that is done.
    pub(super) secured: Option<Secured>,
}

impl Connection {
    pub(super) async fn plain(self, socket: TcpStream) {
        self.prepare(&socket);
        self.serve(socket, true).await;
    }

    /// Answers what plain requests for HLS there are, and hands back the rest.
    /// With rows, together with others who ask the same.
    pub(super) async fn viewer(
        self,
        socket: TcpStream,
        rows: Option<&Arc<Rows>>,
    ) -> Option<(Self, TcpStream, Vec<u8>)> {
        self.prepare(&socket);
        let mut line = Line::new(socket);
        let seat = line.seat();
        let read = self.quick(&mut line, rows.map(|rows| (rows, &seat))).await?;
        drop(seat);
        Some((self, line.into_socket()?, read))
    }

    /// Goes on behind what was read of it by another.
    pub(super) async fn go_on(self, socket: std::net::TcpStream, read: Vec<u8>) {
        match TcpStream::from_std(socket) {
            Ok(socket) => self.drive(socket, read).await,
            Err(error) => tracing::warn!(peer = %self.peer, %error, "an HTTP connection cannot go on"),
        }
    }

    /// Answers are written whole; waiting for more would only delay them.
    fn prepare(&self, socket: &TcpStream) {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(peer = %self.peer, %error, "no TCP_NODELAY");
        }
    }

    /// A handshake that runs when the process stops has not asked for anything: it is cut.
    pub(super) async fn secure(mut self, socket: TcpStream, tls: Arc<ServerConfig>) {
        self.prepare(&socket);
        let shaking = TlsAcceptor::from(tls).accept(socket);
        let shaking = tokio::time::timeout(self.shared.limits.header_timeout, shaking);
        match self.stop.run_until_cancelled(shaking).await {
            None => {}
            Some(Ok(Ok(stream))) => {
                let http_1 = stream.get_ref().1.alpn_protocol() != Some(b"h2");
                self.secured = Some(Secured);
                self.serve(stream, http_1).await;
            }
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

    async fn serve<S>(self, mut stream: S, http_1: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let read = if http_1 { self.quick(&mut stream, None).await } else { Some(Vec::new()) };
        if let Some(read) = read {
            // Elsewhere: what hyper needs is far more than what most connections here ever do.
            Box::pin(self.drive(stream, read)).await;
        }
    }

    /// Answers what plain requests for HLS there are; what was read of the first other one, or `None` at the end.
    async fn quick<S>(&self, stream: &mut S, rows: Option<(&Arc<Rows>, &Arc<Seat>)>) -> Option<Vec<u8>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Shared { hall, limits, .. } = &*self.shared;
        let Some(hall) = hall else { return Some(Vec::new()) };
        let (idle, patience) = (limits.header_timeout, limits.write_timeout);
        let quick = Quick { hall, peer: self.peer, idle, patience, stop: &self.stop, rows };
        match quick.run(stream).await {
            Ok(Left::Handed(read)) => return Some(read),
            Ok(Left::Over) => {}
            Ok(Left::Silent) => tracing::debug!(peer = %self.peer, "HTTP connection asked nothing"),
            Err(error) => tracing::debug!(peer = %self.peer, %error, "HTTP connection ended"),
        }
        None
    }

    /// Hands a connection to hyper, behind what was read of it.
    async fn drive<S>(self, stream: S, read: Vec<u8>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, shared, stop, held, secured } = self;
        let limits = &shared.limits;
        let (activity, asked) = (Activity::new(), Arc::new(AtomicBool::new(false)));
        let (noting, seen) = (activity.clone(), asked.clone());
        let answering = shared.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            seen.store(true, Ordering::Relaxed);
            noting.note();
            let (shared, noting) = (answering.clone(), noting.clone());
            async move {
                let response = shared.answer((peer, secured), request).await;
                Ok::<_, Infallible>(response.map(|body| noting.body(body)))
            }
        });
        let builder = builder(limits);
        let stream = TokioIo::new(Guarded::new(stream, read, limits.write_timeout));
        let mut serving = pin!(builder.serve_connection(stream, service));
        // The header timeout begins once the protocol is known. A peer that sends nothing is ended here.
        let first = Instant::now() + limits.header_timeout;
        let (mut stopping, mut cut_at) = (false, None);
        loop {
            let idle_at = activity.last() + limits.idle_timeout;
            let is_asked = asked.load(Ordering::Relaxed);
            let due = cut_at.unwrap_or(if is_asked { idle_at } else { first });
            tokio::select! {
                ended = serving.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%peer, error, "HTTP connection ended");
                    }
                    break;
                }
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    serving.as_mut().graceful_shutdown();
                }
                () = tokio::time::sleep_until(due) => {
                    if cut_at.is_some() || !asked.load(Ordering::Relaxed) {
                        tracing::debug!(%peer, "HTTP connection asked nothing");
                        break;
                    }
                    if is_asked && activity.last() + limits.idle_timeout <= Instant::now() {
                        serving.as_mut().graceful_shutdown();
                        cut_at = Some(Instant::now() + limits.write_timeout);
                    }
                }
            }
        }
        drop(held);
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PING)
        .max_concurrent_streams(H2_STREAMS_MAX);
    builder
}

impl Shared {
    async fn answer(
        &self,
        (peer, secured): (SocketAddr, Option<Secured>),
        mut request: Request<Incoming>,
    ) -> Response {
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some(secured) = secured {
            request.extensions_mut().insert(secured);
        }
        let (head, body) = request.into_parts();
        let hall = self.hall.as_ref().filter(|_| matches!(head.method, Method::GET | Method::HEAD));
        if let (Some(hall), Some(target)) = (hall, Target::of(head.uri.path())) {
            return hall.respond(target, &head).await;
        }
        let request = Request::from_parts(head, Body::new(body));
        let Ok(response) = self.router.clone().oneshot(request).await;
        response
    }
}
