//! The life of the process: set up, listen, serve, drain, leave.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::banner::Banner;
use super::config::{Config, Listen, first_run};
use super::demo::{self, Demo};
use super::engine::Engine;
use super::{certificate, face, telemetry};
use crate::api::ingest::{self, Ingest};
use crate::api::metrics::{Collect, EngineFigures};
use crate::api::page::{self, FrontPage};
use crate::api::{Health, Phase, hls, status};
use crate::net::Listener;

/// The addresses that are really listened on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses {
    /// RTMP.
    pub rtmp: Option<SocketAddr>,
    /// RTMP over TLS.
    pub rtmps: Option<SocketAddr>,
    /// HTTP.
    pub http: Option<SocketAddr>,
    /// HTTP over TLS.
    pub https: Option<SocketAddr>,
    /// Metrics.
    pub metrics: Option<SocketAddr>,
}

/// Runs `gostream serve`: to the end of the process.
///
/// # Errors
/// Whatever keeps the process from serving.
pub fn serve(mut config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    let is_new = own_project(&mut config)?;
    runtime(&config)?.block_on(async move {
        let app = App::start(&config, FrontPage::Welcome)?;
        let project = config.projects.first().filter(|_| is_new);
        Banner { tokens: app.engine.tokens.clone(), ..Banner::new(app.addresses, &config.rtmp.app, project) }
            .print();
        app.run().await
    })
}

/// Runs `gostream demo`: as `serve`, with a stream of ours.
///
/// # Errors
/// Whatever keeps the process from serving.
pub fn demo(mut config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    own_project(&mut config)?;
    runtime(&config)?.block_on(async move {
        let demo = Demo::start(config.clone())?;
        let project = config.projects.first();
        let addresses = demo.app.addresses;
        let tokens = demo.app.engine.tokens.clone();
        Banner { tokens, demo: true, ..Banner::new(addresses, &config.rtmp.app, project) }.print();
        demo.app.run().await
    })
}

/// Where nobody declares a project, the one that is kept in `data_dir`. `true` when it was made just now, so that its
/// key is shown once.
fn own_project(config: &mut Config) -> anyhow::Result<bool> {
    if !config.projects.is_empty() {
        return Ok(false);
    }
    let is_new = !config.data_dir.join(first_run::FILE_NAME).exists();
    config.projects = first_run::load_or_create(&config.data_dir)?;
    Ok(is_new)
}

fn runtime(config: &Config) -> anyhow::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.worker_threads > 0 {
        builder.worker_threads(config.worker_threads);
    }
    builder.enable_all().build().context("the runtime cannot start")
}

/// A process that serves.
pub struct App {
    /// The media engine.
    pub engine: Engine,
    /// Where it listens.
    pub addresses: Addresses,
    phase: watch::Sender<Phase>,
    drain_timeout: Duration,
}

impl App {
    /// Builds everything and listens. Must run inside the runtime.
    ///
    /// # Errors
    /// A socket that cannot be bound, or a certificate that cannot be read.
    pub fn start(config: &Config, front: FrontPage) -> anyhow::Result<Self> {
        let (phase, health) = Health::new();
        let identity = certificate::load(config)?;
        let engine = Engine::start(config)?;
        engine.background.spawn(certificate::keep(identity.clone(), engine.stop.clone())?);
        let [plain, secure] = &engine.connections;
        let mut addresses = Addresses::default();
        if let Some(socket) = listen(config.rtmp.listen, "rtmp")? {
            addresses.rtmp = Some(socket.local_addr()?);
            let listener = Listener::new(socket, Arc::clone(plain));
            engine.background.spawn(Arc::clone(&engine.sessions).serve(listener, None));
        }
        if let Some(socket) = listen(config.rtmps.listen, "rtmps")? {
            addresses.rtmps = Some(socket.local_addr()?);
            let listener = Listener::new(socket, Arc::clone(secure));
            engine.background.spawn(Arc::clone(&engine.sessions).serve(listener, identity.clone()));
        }
        let figures = EngineFigures {
            registry: Arc::clone(&engine.registry),
            supervisor: Arc::clone(&engine.supervisor),
            sessions: Arc::clone(engine.sessions.stats()),
            connections: engine.connections.to_vec(),
            library: Arc::clone(&engine.library),
            tokens: engine.tokens.clone(),
        };
        let mut sources: Vec<Box<dyn Collect>> = vec![Box::new(figures)];
        if let Some(identity) = &identity {
            sources.push(Box::new(Arc::clone(identity)));
        }
        let hall = hls::Hall::new(Arc::clone(&engine.library), engine.tokens.clone());
        let port = |at: Option<SocketAddr>| at.map(|at| at.port());
        let ingest = Ingest {
            rtmp_port: port(addresses.rtmp),
            rtmps_port: port(addresses.rtmps),
            app: config.rtmp.app.clone(),
        };
        let routes = routes(&engine, front, Arc::clone(&hall)).merge(ingest::router(ingest));
        let served = face::Served { health, routes, hall, identity, sources };
        let face = face::open(config, served, &engine.background, &engine.stop)?;
        (addresses.http, addresses.https, addresses.metrics) = (face.http, face.https, face.metrics);
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

fn routes(engine: &Engine, front: FrontPage, hall: Arc<hls::Hall>) -> Router {
    let routes = page::router(front).merge(hls::router(hall));
    match front {
        FrontPage::Welcome => routes,
        FrontPage::Demo => routes.merge(status::router(status::Sources {
            registry: Arc::clone(&engine.registry),
            supervisor: Arc::clone(&engine.supervisor),
            library: Arc::clone(&engine.library),
            preview: engine.tokens.clone().map(|tokens| (demo::playback_id(), tokens)),
        })),
    }
}

/// Opens a listener and says where.
fn listen(at: Listen, service: &str) -> anyhow::Result<Option<TcpListener>> {
    let Some(socket) = at.bind().with_context(|| format!("cannot listen on {service}.listen = \"{at}\""))?
    else {
        return Ok(None);
    };
    tracing::info!(service, addr = %socket.local_addr()?, "listening");
    Ok(Some(TcpListener::from_std(socket)?))
}
