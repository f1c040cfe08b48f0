//! Serves a router on a listener, HTTP/1.1 and HTTP/2, plain or over TLS, until it is told to stop.
//!
//! Requests for HLS that are plain HTTP/1.1 are answered by [`quick`]; hyper has everything else, and asks the router.
//!
//! Bounds: connections in all; the time for a TLS handshake, from there to the first request, and to the end of each
//! request's headers, which is also how long a kept connection of HTTP/1.1 may idle; how long a peer may take nothing
//! of what is sent to it; how long one that lets us wait without a request, as HTTP/2 does, keeps its place; requests
//! at once of one HTTP/2 connection. A connection above the bound is closed at once and counted, rather than left to
//! wait where nobody sees it.

mod connection;
mod crew;
mod guard;
mod head;
mod quick;
mod row;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::hls::Hall;
use crate::net::{Identity, Protocol};
use connection::{Connection, Held, Shared};
use crew::Crew;

/// How long to wait after an `accept` that failed: mostly we are out of files, and only time brings some back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    /// How long a peer may take nothing of what is sent to it.
    pub write_timeout: Duration,
    /// How long a peer keeps its place that asks for nothing and takes nothing, though it answers pings.
    pub idle_timeout: Duration,
    /// How long requests that run may go on after the stop.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(16_384)),
            header_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
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
    /// Who answers requests for HLS, without the router being asked.
    pub hall: Option<Arc<Hall>>,
    /// Threads of their own for plain connections that ask for nothing else. With none of them everything is answered on
    /// the runtime that this is run on.
    pub hands: usize,
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
        let limits = Limits::default();
        Ok(Self { listener, tls: None, router, hall: None, hands: 0, limits, stats: Arc::default() })
    }

    /// Serves until `stop`, then lets what runs end, up to the drain timeout.
    pub async fn run(self, stop: CancellationToken) {
        let Self { listener, tls, router, hall, hands, limits, stats } = self;
        let (places, drain_timeout) = (limits.places.clone(), limits.drain_timeout);
        let hands = if tls.is_none() && hall.is_some() { hands } else { 0 };
        let shared = Arc::new(Shared { router, hall, limits });
        let (mut crew, mut handed) = Crew::start(hands, shared.hall.as_ref(), &stop);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some((connection, socket, read)) = handed.recv() => {
                    connections.spawn(connection.go_on(socket, read));
                    continue;
                }
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
            let Ok(permit) = places.clone().try_acquire_owned() else {
                stats.rejected.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let held = Held::new(permit, stats.clone());
            let connection =
                Connection { peer, shared: shared.clone(), stop: stop.clone(), held, secured: None };
            let tls = tls.as_ref().map(|identity| identity.config(Protocol::Http));
            match tls {
                Some(tls) => drop(connections.spawn(connection.secure(socket, tls))),
                None => {
                    if let Some((connection, socket)) = crew.take(connection, socket) {
                        connections.spawn(connection.plain(socket));
                    }
                }
            }
        }
        drop((listener, handed));
        let ended = async {
            while connections.join_next().await.is_some() {}
            crew.end().await;
        };
        if tokio::time::timeout(drain_timeout, ended).await.is_err() {
            tracing::warn!("HTTP requests outlived the drain and were cut");
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod viewer_tests;
