//! The HTTP side of the process: its listeners opened, and their servers started.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::{Config, Listen};
use crate::api::hls::Hall;
use crate::api::metrics::{self, Collect, Exporter, HttpListener};
use crate::api::serve::{Limits, Server};
use crate::api::{self, Health};
use crate::net::Identity;

/// Where the HTTP side listens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Face {
    /// Health, media, the page.
    pub(super) http: Option<SocketAddr>,
    /// The same over TLS.
    pub(super) https: Option<SocketAddr>,
    /// `/metrics`.
    pub(super) metrics: Option<SocketAddr>,
}

/// What the HTTP side serves.
pub(super) struct Served {
    /// How the process is.
    pub(super) health: Health,
    /// What is served beside health.
    pub(super) routes: Router,
    /// Who answers viewers.
    pub(super) hall: Arc<Hall>,
    /// Who we are to TLS clients.
    pub(super) identity: Option<Arc<Identity>>,
    /// What is said as metrics.
    pub(super) sources: Vec<Box<dyn Collect>>,
}

/// Opens all listeners and serves them until `stop`. Must run inside the runtime.
///
/// # Errors
/// A socket that cannot be bound; the error names its key.
pub(super) fn open(
    config: &Config,
    served: Served,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> io::Result<Face> {
    let Served { health, routes, hall, identity, mut sources } = served;
    let router = api::router(health, routes);
    // Both listeners share the places.
    let limits = Limits {
        places: Arc::new(Semaphore::new(config.http.max_connections)),
        header_timeout: config.http.header_timeout,
        write_timeout: config.http.write_timeout,
        idle_timeout: config.http.idle_timeout,
        drain_timeout: config.drain_timeout,
    };
    let hands = config.hands();
    let mut open = |service, listen, tls: Option<Arc<Identity>>| -> io::Result<Option<SocketAddr>> {
        let Some((listener, addr)) = bind(service, listen)? else { return Ok(None) };
        let secure = tls.is_some();
        let (limits, hall) = (limits.clone(), Some(Arc::clone(&hall)));
        let server = Server { tls, limits, hall, hands, ..Server::new(listener, router.clone())? };
        sources.push(Box::new(HttpListener { service, secure, stats: server.stats.clone() }));
        tasks.spawn(server.run(stop.clone()));
        Ok(Some(addr))
    };
    let http = open("http", config.http.listen, None)?;
    let https = match identity {
        Some(identity) => open("https", config.https.listen, Some(identity))?,
        None => None,
    };
    let mut face = Face { http, https, metrics: None };
    if let Some((listener, addr)) = bind("metrics", config.metrics.listen)? {
        // Places of its own: viewers cannot keep figures from being read.
        let limits = Limits { places: Arc::new(Semaphore::new(config.http.max_connections)), ..limits };
        let stats = Arc::default();
        sources.push(Box::new(HttpListener { service: "metrics", secure: false, stats: Arc::clone(&stats) }));
        let router = metrics::router(Exporter::new(sources));
        let server = Server { limits, stats, ..Server::new(listener, router)? };
        tasks.spawn(server.run(stop.clone()));
        face.metrics = Some(addr);
    }
    Ok(face)
}

/// Opens a listener and says where.
fn bind(service: &'static str, listen: Listen) -> io::Result<Option<(std::net::TcpListener, SocketAddr)>> {
    let named = |error: io::Error| {
        let said = format!("cannot listen on {service}.listen = \"{listen}\": {error}");
        io::Error::new(error.kind(), said)
    };
    let Some(listener) = listen.bind().map_err(named)? else { return Ok(None) };
    let addr = listener.local_addr()?;
    tracing::info!(service, %addr, "listening");
    Ok(Some((listener, addr)))
}
