//! The life of the process: set up, listen, serve, drain, leave.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::banner::{Banner, Opens};
use super::config::{Config, Errors, Listen};
use super::demo::{self, Rehearsals};
use super::engine::Engine;
use super::first_admin::{self, Named};
use super::preparation::{self, FirstProject, People};
use super::{assembly, certificate, face, telemetry};
use crate::account::{self, Accounts, Link};
use crate::api::machine::Machine;
use crate::api::metrics::{Collect, EngineFigures, HistoryFigures, StoreFigures};
use crate::api::page;
use crate::api::{Health, Phase, hls, v1};
use crate::control::Control;
use crate::journal::Kind;
use crate::net::{Identity, Listener};
use crate::store::Store;
use crate::webhook::Webhooks;

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

/// Reads the configuration again.
pub type Reload = Box<dyn Fn() -> Result<Config, Errors> + Send + Sync>;

/// Runs `gostream serve`: to the end of the process. `reload` is asked at SIGHUP.
///
/// # Errors
/// Whatever keeps the process from serving.
pub fn serve(config: Config, reload: Reload) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    runtime(&config)?.block_on(async move {
        let app = App::start(&config).await?;
        let greet = async |app: &App, project: Option<&FirstProject>| {
            let (setup, tokens) = (app.setup_link().await, app.engine.tokens.clone());
            let banner = Banner::new(app.addresses, &config.rtmp.app, project);
            Banner { tokens, link: setup.as_ref().map(Opens::Setup), ..banner }.print();
            Ok(())
        };
        app.run(reload, greet).await
    })
}

/// Runs `gostream demo`: as `serve`, in a folder of its own, with a picture of ours on the air.
///
/// # Errors
/// Whatever keeps the process from serving.
pub fn demo(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    runtime(&config)?.block_on(async move {
        let config = demo::config(config);
        let app = App::start(&config).await?;
        let greet = async |app: &App, _: Option<&FirstProject>| {
            let shown = demo::begin(app).await?;
            let link = Some(Opens::Demo { link: &shown.link, on_air: shown.on_air });
            let banner = Banner::new(app.addresses, &config.rtmp.app, Some(&shown.project));
            Banner { tokens: app.engine.tokens.clone(), link, ..banner }.print();
            Ok(())
        };
        let again = config.clone();
        app.run(Box::new(move || Ok(again.clone())), greet).await
    })
}

/// Runs `gostream migrate`: brings the schema up to date, and ends.
///
/// # Errors
/// Whatever keeps it from that.
pub fn migrate(config: &Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    data_dir(config)?;
    runtime(config)?.block_on(async move {
        let store = Store::open(assembly::store_config(config)).await?;
        preparation::migrate_alone(&store).await?;
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn data_dir(config: &Config) -> anyhow::Result<()> {
    let path = &config.data_dir;
    std::fs::create_dir_all(path).with_context(|| format!("cannot make data_dir {}", path.display()))
}

fn runtime(config: &Config) -> anyhow::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(config.workers()).enable_all().build().context("the runtime cannot start")
}

/// A process that serves.
pub struct App {
    /// The media engine.
    pub engine: Engine,
    /// Projects as people manage them.
    pub control: Arc<Control>,
    /// Who people are.
    pub accounts: Accounts,
    /// The rooms that the API shows.
    pub services: v1::Services,
    /// Others who are told of what happens.
    pub webhooks: Webhooks,
    /// Where it listens.
    pub addresses: Addresses,
    phase: watch::Sender<Phase>,
    drain_timeout: Duration,
    preparing: Option<JoinHandle<anyhow::Result<Option<FirstProject>>>>,
}

impl App {
    /// Builds everything, opens all listeners and serves HTTP; the rest follows when [`App::ready`] returns. Must run
    /// inside the runtime.
    ///
    /// # Errors
    /// A socket that cannot be bound, a certificate that cannot be read, a data directory that cannot be written.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let (phase, health) = Health::new();
        let identity = certificate::load(config)?;
        data_dir(config)?;
        let vault = assembly::vault(config)?;
        let engine = Engine::start(config, &vault)?;
        let store = Store::open(assembly::store_config(config)).await.context("database.url")?;
        let accounts = assembly::accounts(config, store.clone(), vault.clone())?;
        let first_admin = first_admin::named(|name| std::env::var_os(name))?;
        let control = assembly::control(config, store, vault.clone(), &engine)?;
        let webhooks = assembly::webhooks(config, control.journal(), vault.clone(), &engine)?;
        engine.background.spawn(certificate::keep(identity.clone(), engine.stop.clone())?);
        let sockets = [listen(config.rtmp.listen, "rtmp")?, listen(config.rtmps.listen, "rtmps")?];
        let [rtmp, rtmps] = sockets.each_ref().map(|socket| socket.as_ref()?.local_addr().ok());
        let mut addresses = Addresses { rtmp, rtmps, ..Addresses::default() };
        let mut sources: Vec<Box<dyn Collect>> = vec![Box::new(figures(&engine))];
        sources.push(Box::new(StoreFigures { control: Arc::clone(&control), accounts: accounts.clone() }));
        sources.push(Box::new(HistoryFigures {
            journal: control.journal().clone(),
            webhooks: webhooks.clone(),
        }));
        if let Some(identity) = &identity {
            sources.push(Box::new(Arc::clone(identity)));
        }
        let hall = hls::Hall::new(Arc::clone(&engine.library), engine.tokens.clone());
        let parts =
            ((health.clone(), addresses), (&control, &accounts, &webhooks), (vault, engine.tokens.clone()));
        let rehearsal = Rehearsals::start(config, &engine, addresses.rtmp);
        let (machine, watching) = Machine::new(config.data_dir.clone(), engine.stop.clone());
        engine.background.spawn(watching);
        let services = assembly::services(config, parts.0, parts.1, parts.2, rehearsal, machine)?;
        sources.push(Box::new(Arc::clone(&services.figures)));
        let routes = page::router().merge(hls::router(Arc::clone(&hall))).merge(v1::router(services.clone()));
        let served = face::Served { health, routes, hall, identity: identity.clone(), sources };
        let face = face::open(config, served, &engine.background, &engine.stop)?;
        (addresses.http, addresses.https, addresses.metrics) = (face.http, face.https, face.metrics);
        let mut app = Self {
            engine,
            control,
            accounts,
            services,
            webhooks,
            addresses,
            phase,
            drain_timeout: config.drain_timeout,
            preparing: None,
        };
        app.preparing = Some(app.prepare(config, sockets, identity, first_admin));
        Ok(app)
    }

    /// Waits until the process is ready. Returns the project that was made because there was none.
    ///
    /// # Errors
    /// What keeps it from ever being ready.
    pub async fn ready(&mut self) -> anyhow::Result<Option<FirstProject>> {
        match self.preparing.take() {
            Some(preparing) => preparing.await.context("the preparation")?,
            None => Ok(None),
        }
    }

    /// Reads what is wanted, then lets encoders and players in.
    fn prepare(
        &self,
        config: &Config,
        sockets: [Option<TcpListener>; 2],
        identity: Option<Arc<Identity>>,
        first_admin: Option<Named>,
    ) -> JoinHandle<anyhow::Result<Option<FirstProject>>> {
        let declared = assembly::declared(&config.projects);
        let node = self.services.about.node_id.clone();
        let (control, phase) = (Arc::clone(&self.control), self.phase.clone());
        let (sessions, connections) = (Arc::clone(&self.engine.sessions), self.engine.connections.clone());
        let (background, stop) = (self.engine.background.clone(), self.engine.stop.clone());
        let people = People { accounts: self.accounts.clone(), first_admin };
        tokio::spawn(async move {
            let first = preparation::prepare(&control, &people, &declared, &phase).await?;
            let journal = control.journal().clone();
            background.spawn(control.run(stop));
            for ((socket, connections), identity) in
                sockets.into_iter().zip(connections).zip([None, identity])
            {
                if let Some(socket) = socket {
                    let listener = Listener::new(socket, connections);
                    background.spawn(Arc::clone(&sessions).serve(listener, identity));
                }
            }
            phase.send_replace(Phase::Ready);
            journal.note(Kind::NodeJoined, None, None, serde_json::json!({ "node": node }));
            tracing::info!("ready");
            Ok(first)
        })
    }

    /// Serves until a signal, then drains. A second signal leaves at once. `greet` is called when the process is ready.
    ///
    /// # Errors
    /// Signals cannot be listened for, or the process cannot become ready.
    pub async fn run(
        mut self,
        reload: Reload,
        greet: impl AsyncFnOnce(&Self, Option<&FirstProject>) -> anyhow::Result<()>,
    ) -> anyhow::Result<ExitCode> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let early = tokio::select! {
            greeted = self.greet(greet) => {
                greeted?;
                None
            }
            name = either(&mut terminate, &mut interrupt) => Some(name),
        };
        let name = match early {
            Some(name) => name,
            None => loop {
                tokio::select! {
                    name = either(&mut terminate, &mut interrupt) => break name,
                    _ = hangup.recv() => self.declare_again(&reload).await,
                }
            },
        };
        tracing::info!(signal = name, "draining");
        tokio::select! {
            clean = self.drain() => Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
            name = either(&mut terminate, &mut interrupt) => {
                tracing::warn!(signal = name, "second signal: leaving at once");
                Ok(ExitCode::FAILURE)
            }
        }
    }

    async fn greet(
        &mut self,
        greet: impl AsyncFnOnce(&Self, Option<&FirstProject>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let first = self.ready().await?;
        greet(self, first.as_ref()).await
    }

    /// A link that makes the first administrator, where there is none.
    async fn setup_link(&self) -> Option<Link> {
        match self.accounts.setup_link().await {
            Ok(link) => Some(link),
            Err(account::Error::AlreadySetUp) => None,
            Err(error) => {
                tracing::error!(%error, "there is no setup link: `gostream admin setup-link` makes one");
                None
            }
        }
    }

    /// Reads the projects of the file again and carries out what changed, field by field. Other keys need a restart. What
    /// is wrong in the file is said, and everything goes on as it is.
    async fn declare_again(&self, reload: &Reload) {
        let config = match reload() {
            Ok(config) => config,
            Err(errors) => {
                tracing::error!("SIGHUP: the configuration is not used\n{errors}");
                return;
            }
        };
        let declared = assembly::declared(&config.projects);
        let outcome = match self.control.declare(&declared).await {
            Ok(()) => self.control.load().await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => {
                tracing::info!(projects = declared.len(), "SIGHUP: the declared projects are as in the file")
            }
            Err(error) => tracing::error!(%error, "SIGHUP: the declared projects could not be written"),
        }
    }

    /// Ends everything in order, within the drain timeout. `false` when that was not enough.
    pub async fn drain(&self) -> bool {
        if self.phase.send_replace(Phase::Draining) == Phase::Ready {
            let data = serde_json::json!({ "node": self.services.about.node_id });
            self.control.journal().note(Kind::NodeLeft, None, None, data);
        }
        if let Some(preparing) = &self.preparing {
            preparing.abort();
        }
        let clean = tokio::time::timeout(self.drain_timeout, self.engine.finish()).await.is_ok();
        self.control.store().close().await;
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

fn figures(engine: &Engine) -> EngineFigures {
    EngineFigures {
        registry: Arc::clone(&engine.registry),
        supervisor: Arc::clone(&engine.supervisor),
        sessions: Arc::clone(engine.sessions.stats()),
        connections: engine.connections.to_vec(),
        library: Arc::clone(&engine.library),
        tokens: engine.tokens.clone(),
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
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
