//! The HTTP side of the process: both listeners opened, and their servers started.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::{Config, Listen};
use crate::api::metrics::{self, Collect, Exporter, HttpListener};
use crate::api::serve::{Limits, Server};
use crate::api::{self, Health};

/// Where the HTTP side listens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Face {
    /// Health, media, the page.
    pub(super) http: Option<SocketAddr>,
    /// `/metrics`.
    pub(super) metrics: Option<SocketAddr>,
}

/// Opens both listeners and serves them until `stop`: `routes` beside health, and what `sources` say as metrics.
/// Must run inside the runtime.
///
/// # Errors
/// A socket that cannot be bound; the error names its key.
pub(super) fn open(
    config: &Config,
    health: Health,
    routes: Router,
    mut sources: Vec<Box<dyn Collect>>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> io::Result<Face> {
    // Of both: who asks for figures is bounded as who asks for media is.
    let limits = Limits {
        connections_max: config.http.max_connections,
        header_timeout: config.http.header_timeout,
        drain_timeout: config.drain_timeout,
    };
    let mut face = Face::default();
    if let Some((listener, addr)) = bind("http", config.http.listen)? {
        let server = Server { limits: limits.clone(), ..Server::new(listener, api::router(health, routes))? };
        sources.push(Box::new(HttpListener { service: "http", stats: server.stats.clone() }));
        tasks.spawn(server.run(stop.clone()));
        face.http = Some(addr);
    }
    if let Some((listener, addr)) = bind("metrics", config.metrics.listen)? {
        let stats = Arc::default();
        sources.push(Box::new(HttpListener { service: "metrics", stats: Arc::clone(&stats) }));
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
