//! `/system`: the server itself.

use std::pin::Pin;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::outputs::moment;
use crate::api::machine::{Load, Machine};
use crate::api::v1::Services;
use crate::api::v1::give::{Items, Moment};
use crate::api::v1::take::{Signed, may};
use crate::api::{Phase, Problem};
use crate::push::OutputState;
use crate::stream::StreamState;

/// Looks whether machine and configuration are fit for a show.
pub trait Doctor: Send + Sync {
    /// All that was looked at.
    fn examine(&self) -> Pin<Box<dyn Future<Output = Vec<Examined>> + Send + '_>>;
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Examined {
    /// Its name for programs.
    pub id: &'static str,
    /// Its name for people.
    pub title: String,
    /// `ok`, `warn` or `fail`.
    #[schema(example = "ok")]
    pub state: &'static str,
    /// What was found, without secrets.
    pub detail: String,
    /// What to do where it is not ok.
    pub what_to_do: Option<String>,
}

/// What the process is, and where.
#[derive(Debug, Clone)]
pub struct About {
    /// This node's name.
    pub node_id: String,
    /// When it started.
    pub started_at: SystemTime,
    /// What it takes of its machine.
    pub machine: Machine,
}

/// The server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SystemShown {
    version: &'static str,
    node_id: String,
    started_at: Moment,
    uptime_s: u64,
    /// `starting`, `ready` or `draining`.
    #[schema(example = "ready")]
    phase: &'static str,
    /// Nodes that act as one.
    nodes: usize,
    /// What this process takes of its machine, and what is left of it.
    machine: Load,
    database: DatabaseShown,
    projects: usize,
    streams_live: usize,
    publishers: usize,
    players: u64,
    hls_viewers: usize,
    outputs_sending: usize,
    /// Where people find this server, if that is configured.
    public_url: Option<String>,
}

/// The connections to the database.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatabaseShown {
    /// `sqlite` or `postgres`.
    #[schema(example = "sqlite")]
    kind: &'static str,
    /// The newest step of its schema; null while it does not answer.
    schema: Option<i64>,
    open: u32,
    idle: u32,
    max: u32,
}

/// A node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeShown {
    id: String,
    started_at: Moment,
    version: &'static str,
    live_streams: usize,
    roles: Vec<&'static str>,
    /// It is the one that answers.
    #[serde(rename = "self")]
    is_self: bool,
}

fn streams_live(services: &Services) -> usize {
    let streams = services.control.stage().registry().all();
    let on_air = |state: StreamState| state.is_on_air();
    streams.iter().filter(|stream| on_air(*stream.state().borrow())).count()
}

/// The server
#[utoipa::path(
    get, path = "/system", tag = "system", security(("session" = []), ("token" = ["system:read"])),
    responses((status = 200, body = SystemShown)),
)]
pub(super) async fn system(_: Signed<may::SeeSystem>, State(services): State<Services>) -> Json<SystemShown> {
    let (control, about) = (&services.control, &services.about);
    let gauges = services.store.gauges();
    let stage = control.stage();
    let sends = |state: OutputState| state == OutputState::Sending;
    Json(SystemShown {
        version: env!("CARGO_PKG_VERSION"),
        node_id: about.node_id.clone(),
        started_at: moment(about.started_at),
        uptime_s: about.started_at.elapsed().unwrap_or_default().as_secs(),
        phase: match services.health.phase() {
            Phase::Starting(_) => "starting",
            Phase::Ready => "ready",
            Phase::Draining => "draining",
        },
        nodes: 1,
        machine: about.machine.load(),
        database: DatabaseShown {
            kind: if services.store.is_sqlite() { "sqlite" } else { "postgres" },
            schema: services.store.schema().await.ok().map(|schema| schema.found),
            open: gauges.open,
            idle: gauges.idle,
            max: gauges.max,
        },
        projects: control.catalog().len(),
        streams_live: streams_live(&services),
        publishers: control.sessions().encoders().len(),
        players: stage.registry().all().iter().map(|stream| stream.stats().players.get()).sum(),
        hls_viewers: stage.library().all().iter().map(|(_, rendition)| rendition.audience().viewers).sum(),
        outputs_sending: stage
            .supervisor()
            .outputs()
            .iter()
            .filter(|output| sends(output.status().state))
            .count(),
        public_url: services.site.public_url.clone(),
    })
}

/// The nodes that act as one
#[utoipa::path(
    get, path = "/system/nodes", tag = "system", security(("session" = []), ("token" = ["system:read"])),
    responses((status = 200, body = Items<NodeShown>)),
)]
pub(super) async fn nodes(_: Signed<may::SeeSystem>, State(services): State<Services>) -> Items<NodeShown> {
    let about = &services.about;
    let this = NodeShown {
        id: about.node_id.clone(),
        started_at: moment(about.started_at),
        version: env!("CARGO_PKG_VERSION"),
        live_streams: streams_live(&services),
        roles: vec!["ingest", "output", "hls", "api"],
        is_self: true,
    };
    Items::all(vec![this])
}

/// Whether machine and configuration are fit for a show
///
/// The same as `gostream doctor`. Destinations are connected to.
#[utoipa::path(
    get, path = "/system/checks", tag = "system", security(("session" = []), ("token" = ["system:read"])),
    responses((status = 200, body = Items<Examined>)),
)]
pub(super) async fn checks(
    _: Signed<may::SeeSystem>,
    State(services): State<Services>,
) -> Result<Items<Examined>, Problem> {
    Ok(Items::all(services.doctor.examine().await))
}
