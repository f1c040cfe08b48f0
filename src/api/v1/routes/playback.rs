//! `/projects/{id}/playback` and `/ingest`: where a show is watched, and where an encoder sends it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::events::is_for;
use super::sight;
use crate::account::Caller;
use crate::api::v1::Services;
use crate::api::v1::door::Client;
use crate::api::v1::give::Moment;
use crate::api::v1::take::{Id, Signed, may};
use crate::api::{Problem, hls, page};
use crate::control::{Known, Part, stream_of};
use crate::journal::Kind;
use crate::store::{EventFilter, Page, ProjectId, UnixMillis};
use crate::stream::PlaybackId;

/// How long a refusal is shown.
const REFUSED_FOR: Duration = Duration::from_secs(15 * 60);

/// Refusals that are shown.
const REFUSED_MAX: u32 = 5;

/// Where the process is reached, as far as it knows.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The application name of publish and play addresses.
    pub app: String,
    /// Where people find this server, if that is configured.
    pub public_url: Option<String>,
    /// RTMP, where it is listened for.
    pub rtmp: Option<SocketAddr>,
    /// RTMP over TLS.
    pub rtmps: Option<SocketAddr>,
    /// Encoders must also log in.
    pub publish_user: bool,
}

impl Site {
    /// An RTMP address for who asked at `client`'s host: by the same name, at the port that is listened on.
    fn rtmp_url(&self, client: &Client, secure: bool) -> Option<String> {
        let (scheme, usual, addr) =
            if secure { ("rtmps", 443, self.rtmps?) } else { ("rtmp", 1935, self.rtmp?) };
        let base = client.base(self.public_url.as_deref());
        let authority = base.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        // A bracketed IPv6 address has colons of its own.
        let host = match authority.rfind(':').filter(|colon| authority.rfind(']') < Some(*colon)) {
            Some(colon) => authority.get(..colon).unwrap_or_default(),
            None => authority,
        };
        let host = if host.is_empty() { addr.ip().to_string() } else { host.to_owned() };
        let port = addr.port();
        let port = if port == usual { String::new() } else { format!(":{port}") };
        Some(format!("{scheme}://{host}{port}/{}", self.app))
    }
}

/// Where a show is watched.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlaybackShown {
    playback_id: String,
    #[schema(example = "https://stream.example.org/hls/sunday/index.m3u8")]
    hls_url: String,
    /// A page with a player.
    watch_url: String,
    rtmp_url: Option<String>,
    /// Whether there is something to play now.
    ready: bool,
    token_required: bool,
    /// A token for a day or two, where one is required; the addresses have it already.
    token: Option<String>,
    token_expires_at: Option<Moment>,
}

/// Where a project is watched
#[utoipa::path(
    get, path = "/projects/{id}/playback", tag = "playback",
    security(("session" = []), ("token" = ["projects:read"])), responses((status = 200, body = PlaybackShown)),
)]
pub(super) async fn playback(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    client: Client,
    Id(id): Id<ProjectId>,
) -> Result<Json<PlaybackShown>, Problem> {
    let known = sight::project(&services, &caller, id).await?;
    let playback_id = PlaybackId::parse(&known.project.playback_id)
        .map_err(|_| crate::store::Error::NotFound("playback"))?;
    let token = services.tokens.as_ref().map(|tokens| tokens.issue_daily(&playback_id, SystemTime::now()));
    let base = client.base(services.site.public_url.as_deref());
    let query = token.as_ref().map(|token| format!("?token={token}")).unwrap_or_default();
    let rtmp = services.site.rtmp_url(&client, false);
    let ready = services.control.journal().live(known.project.id).and_then(|live| live.broadcast());
    Ok(Json(PlaybackShown {
        hls_url: format!("{base}{}", hls::path(&playback_id, token.as_deref())),
        watch_url: format!("{base}{}", page::watch_path(&playback_id, token.as_deref())),
        rtmp_url: rtmp.map(|server| format!("{server}/{playback_id}{query}")),
        ready: ready.is_some_and(|broadcast| broadcast.playable),
        token_required: services.tokens.is_some(),
        playback_id: playback_id.to_string(),
        token_expires_at: token.as_deref().and_then(expiry),
        token,
    }))
}

/// Where an encoder sends a show.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IngestShown {
    /// What goes into an encoder's "Server" field.
    rtmp: Vec<ServerShown>,
    /// The same over TLS.
    rtmps: Vec<ServerShown>,
    /// The application's name, which the addresses end in.
    #[schema(example = "live")]
    app: String,
    /// The encoder must also log in with a user name and password.
    publish_user_needed: bool,
    /// Whether an encoder is connected now.
    connected: bool,
    /// When one was last connected with a key of this project.
    last_used_at: Option<Moment>,
    /// Since when nobody has been; null while one is.
    waiting_since: Option<Moment>,
    /// The last that wanted to publish here and might not, newest first.
    refused: Vec<RefusedShown>,
}

/// A server to send to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerShown {
    #[schema(example = "rtmp://studio.example.org/live")]
    server: String,
    #[schema(example = "RTMP")]
    label: &'static str,
}

/// Somebody who wanted to publish and might not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedShown {
    at: Moment,
    from: Option<String>,
    /// `unknown_key`, `key_expired`, `key_disabled`, `busy`, `draining`, or how they failed to log in.
    #[schema(example = "unknown_key")]
    why: Option<String>,
    times: u64,
}

/// When a token ceases to be good: it begins with that.
fn expiry(token: &str) -> Option<Moment> {
    let seconds: i64 = token.split('-').next()?.parse().ok()?;
    Some(UnixMillis(seconds.checked_mul(1000)?).into())
}

/// The last refusals that may have been meant for this project: of its keys, or of keys that nobody has.
async fn refused(services: &Services, caller: &Caller, id: ProjectId) -> Result<Vec<RefusedShown>, Problem> {
    let filter =
        EventFilter { kind: Some(Kind::IngestRejected.as_str().to_owned()), ..EventFilter::default() };
    let after = UnixMillis::from(SystemTime::now()).before(REFUSED_FOR);
    let events = services.control.journal().events(&filter, Page::first(REFUSED_MAX * 4)).await?;
    let meant = events.items.iter().filter(|event| {
        event.at >= after
            && event.project_id.is_none_or(|project| project == id)
            && is_for(services, caller, event)
    });
    let shown = meant.take(REFUSED_MAX as usize).map(|event| RefusedShown {
        at: event.at.into(),
        from: event.data.0["from"].as_str().map(str::to_owned),
        why: event.data.0["reason"].as_str().map(str::to_owned),
        times: event.data.0["attempts"].as_u64().unwrap_or(1),
    });
    Ok(shown.collect())
}

/// Since when nobody has published a project.
async fn waiting_since(services: &Services, known: &Known) -> Result<UnixMillis, Problem> {
    let last = services.control.journal().broadcasts(known.project.id, Page::first(1)).await?;
    let ended = last.items.first().and_then(|row| row.ended_at);
    Ok(ended.unwrap_or(known.project.created_at).max(known.project.created_at))
}

/// Where an encoder sends a project
#[utoipa::path(
    get, path = "/projects/{id}/ingest", tag = "playback",
    security(("session" = []), ("token" = ["projects:read"])), responses((status = 200, body = IngestShown)),
)]
pub(super) async fn ingest(
    Signed { caller, .. }: Signed<may::SeeProjects>,
    State(services): State<Services>,
    client: Client,
    Id(id): Id<ProjectId>,
) -> Result<Json<IngestShown>, Problem> {
    let known = sight::project_with(&services, &caller, id, Part::StreamKeys).await?;
    let site = &services.site;
    let server = |secure, label| site.rtmp_url(&client, secure).map(|server| ServerShown { server, label });
    let stream = stream_of(&known.project);
    let connected = services.control.sessions().encoders().iter().any(|encoder| encoder.stream == stream);
    Ok(Json(IngestShown {
        rtmp: server(false, "RTMP").into_iter().collect(),
        rtmps: server(true, "RTMPS").into_iter().collect(),
        app: site.app.clone(),
        publish_user_needed: site.publish_user,
        connected,
        last_used_at: known.stream_keys.iter().filter_map(|key| key.last_used_at).max().map(Into::into),
        waiting_since: if connected { None } else { Some(waiting_since(&services, &known).await?.into()) },
        refused: refused(&services, &caller, id).await?,
    }))
}
