//! The life of the process: set up, listen, serve, drain, leave.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::config::{Config, Listen};
use super::engine::Engine;
use crate::net::{Listener, server_config};

/// Where the process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Rooms are built, sockets are bound.
    Starting,
    /// Everything listens.
    Ready,
    /// On the way out: nothing new is taken.
    Draining,
}

/// The addresses that are really listened on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses {
    /// RTMP.
    pub rtmp: Option<SocketAddr>,
    /// RTMP over TLS.
    pub rtmps: Option<SocketAddr>,
    /// HTTP.
    pub http: Option<SocketAddr>,
    /// Metrics.
    pub metrics: Option<SocketAddr>,
}

/// A process that serves.
pub struct App {
    /// The media engine.
    pub engine: Engine,
    /// Where it listens.
    pub addresses: Addresses,
    phase: Arc<watch::Sender<Phase>>,
    drain_timeout: Duration,
}

impl App {
    /// Builds everything and listens. Must run inside the runtime.
    ///
    /// # Errors
    /// A socket that cannot be bound, or a certificate that cannot be read.
    pub fn start(config: &Config) -> anyhow::Result<Self> {
        let phase = Arc::new(watch::Sender::new(Phase::Starting));
        let engine = Engine::start(config)?;
        let mut addresses = Addresses::default();
        if let Some(socket) = listen(config.rtmp.listen, "rtmp.listen")? {
            addresses.rtmp = announce("rtmp", &socket)?;
            let listener = Listener::new(socket, Arc::clone(&engine.connections));
            engine.background.spawn(Arc::clone(&engine.sessions).serve(listener, None));
        }
        if let Some(socket) = listen(config.rtmps.listen, "rtmps.listen")? {
            addresses.rtmps = announce("rtmps", &socket)?;
            let (cert, key) = (config.tls.cert.as_deref(), config.tls.key.as_deref());
            let (Some(cert), Some(key)) = (cert, key) else {
                anyhow::bail!("rtmps.listen needs tls.cert and tls.key");
            };
            let tls = server_config(cert, key).context("tls.cert and tls.key")?;
            let listener = Listener::new(socket, Arc::clone(&engine.connections));
            engine.background.spawn(Arc::clone(&engine.sessions).serve(listener, Some(tls)));
        }
        phase.send_replace(Phase::Ready);
        tracing::info!("ready");
        Ok(Self { engine, addresses, phase, drain_timeout: config.drain_timeout })
    }

    /// Serves until a signal, then drains. A second signal leaves at once.
    ///
    /// # Errors
    /// Signals cannot be listened for.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::info!(signal = name, "draining");
        tokio::select! {
            clean = self.drain() => Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
            name = either(&mut terminate, &mut interrupt) => {
                tracing::warn!(signal = name, "second signal: leaving at once");
                Ok(ExitCode::FAILURE)
            }
        }
    }

    /// Ends everything in order, within the drain timeout. `false` when that was not enough.
    pub async fn drain(&self) -> bool {
        self.phase.send_replace(Phase::Draining);
        let clean = tokio::time::timeout(self.drain_timeout, self.engine.finish()).await.is_ok();
        if clean {
            tracing::info!("drained");
        } else {
            tracing::warn!(
                sessions = self.engine.session_tasks.len(),
                outputs = self.engine.output_tasks.len(),
                "drain timeout: cutting what is left"
            );
        }
        clean
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

fn listen(at: Listen, key: &str) -> anyhow::Result<Option<TcpListener>> {
    let socket = at.bind().with_context(|| format!("cannot listen on {key} = {at}"))?;
    Ok(socket.map(TcpListener::from_std).transpose()?)
}

fn announce(service: &str, socket: &TcpListener) -> anyhow::Result<Option<SocketAddr>> {
    let addr = socket.local_addr()?;
    tracing::info!(service, %addr, "listening");
    Ok(Some(addr))
}
