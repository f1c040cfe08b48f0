//! The server with its HTTP face alone: health and metrics. The seam where the assembly of all rooms goes.

use std::io;
use std::process::ExitCode;

use axum::Router;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::config::{Config, Listen};
use super::telemetry;
use crate::api::{self, Health, Phase, metrics, serve};

/// Runs until SIGTERM or SIGINT.
#[must_use]
pub fn run(config: Config) -> ExitCode {
    if let Err(error) = telemetry::start(&config.log) {
        eprintln!("error: {error}");
        return ExitCode::from(super::cli::EXIT_CONFIG);
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.worker_threads > 0 {
        builder.worker_threads(config.worker_threads);
    }
    let served = builder.enable_all().build().and_then(|runtime| runtime.block_on(serve(config)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot serve");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> io::Result<()> {
    let (phase, health) = Health::new();
    let stop = CancellationToken::new();
    let mut tasks = tokio::task::JoinSet::new();

    let mut sources: Vec<Box<dyn metrics::Collect>> = Vec::new();
    let limits = serve::Limits { drain_timeout: config.drain_timeout, ..serve::Limits::default() };
    if let Some(listener) = open("http", config.http.listen)? {
        let server = serve::Server::new(listener, api::router(health, Router::new()))?;
        sources.push(Box::new(metrics::HttpListener { service: "http", stats: server.stats.clone() }));
        tasks.spawn(serve::Server { limits: limits.clone(), ..server }.run(stop.clone()));
    }
    if let Some(listener) = open("metrics", config.metrics.listen)? {
        let server = serve::Server::new(listener, metrics::router(metrics::Exporter::new(sources)))?;
        tasks.spawn(serve::Server { limits, ..server }.run(stop.clone()));
    }

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    phase.send_replace(Phase::Ready);
    tracing::info!("ready");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    phase.send_replace(Phase::Draining);
    tracing::info!("draining");
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Opens a listener and says where.
fn open(service: &'static str, listen: Listen) -> io::Result<Option<std::net::TcpListener>> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{service}.listen = \"{listen}\": {error}"));
    let listener = listen.bind().map_err(named)?;
    if let Some(listener) = &listener {
        tracing::info!(service, addr = %listener.local_addr()?, "listening");
    }
    Ok(listener)
}
