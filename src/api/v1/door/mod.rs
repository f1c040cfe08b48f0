//! What every request under `/api` passes on its way in and out, in one order.
//!
//! In: a name for the log, CORS, the process's phase, where it came from, who asks, how often, its body, and whether it
//! was done before. Out: problems completed, copies that are still good, headers, figures. No handler does any of this.

mod client;
mod cors;
mod figures;
mod origin;
mod rate;
mod replay;
mod request_id;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::Services;
use super::take::{Who, matches_any, whole};
use crate::account::Accounts;
use crate::api::{Health, Phase, Problem, catalogue};
use crate::journal::acting;
use crate::net::Network;

pub use client::{Client, FORWARDED_MAX};
pub use cors::CorsOrigins;
pub use figures::{Figures, Listening};
pub use rate::Rate;
pub use request_id::RequestId;

/// How long a request may take at most. Streams of events have been answered by then; only their body goes on.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// The cookie that holds a session's secret.
pub const SESSION_COOKIE: &str = "gostream_session";

/// The one route that is neither counted against a rate nor ever done.
pub const EVENT_STREAM: &str = "/api/v1/events/stream";

/// What nothing of ours needs: no page, no script, no frame.
const NOTHING_ALLOWED: &str = "default-src 'none'; frame-ancestors 'none'";

/// What the door is told to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// How often one caller may ask.
    pub rate: Rate,
    /// Who may say in whose name they ask, and how they were asked.
    pub trusted_proxies: Vec<Network>,
    /// Whose pages may read answers.
    pub cors_origins: CorsOrigins,
    /// Where people find this server, if that is known: pages from there are its own.
    pub public_url: Option<String>,
    /// How long a request may take; at most 30 s count.
    pub request_time: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rate: Rate::default(),
            trusted_proxies: Vec::new(),
            cors_origins: CorsOrigins::default(),
            public_url: None,
            request_time: REQUEST_TIME_MAX,
        }
    }
}

/// The door and its keepers.
pub struct Door {
    config: Config,
    health: Health,
    accounts: Accounts,
    replay: replay::Replay,
    limiter: rate::Limiter,
    figures: Arc<Figures>,
}

impl Door {
    /// One that asks accounts who somebody is, and remembers in the store what was done.
    #[must_use]
    pub fn new(services: &Services) -> Self {
        let config = services.config.door.clone();
        Self {
            limiter: rate::Limiter::new(config.rate),
            replay: replay::Replay::new(services.store.clone(), services.vault.clone()),
            config,
            health: services.health.clone(),
            accounts: services.accounts.clone(),
            figures: Arc::clone(&services.figures),
        }
    }

    async fn admit(&self, mut request: Request, next: Next, seen: &Seen) -> Result<Response, Problem> {
        let writes = !is_safe(request.method());
        self.phase_allows(writes)?;
        let proof = proof(request.headers());
        if writes && !matches!(proof, Some(Proof::Bearer(_))) {
            origin::check(request.headers(), &seen.client, &self.config)?;
        }
        let who = identify(&self.accounts, request.headers(), &seen.client).await?;
        let room = match *seen.route == *EVENT_STREAM {
            true => None,
            false => Some(self.limiter.check(&who, seen.client.address)?),
        };
        let key = replay::key_of(&request, &who)?;
        let name = match &who {
            Who::Known(caller) if writes => Some(caller.user.called().into()),
            _ => None,
        };
        request.extensions_mut().insert(who);
        if writes {
            let (parts, body) = request.into_parts();
            let length = parts.headers.get(header::CONTENT_LENGTH).cloned();
            let mut bodied = Request::new(body);
            bodied.headers_mut().extend(length.map(|length| (header::CONTENT_LENGTH, length)));
            let bytes = whole(bodied).await?;
            request = Request::from_parts(parts, Body::from(bytes.clone()));
            if let Some(key) = key {
                let mut answer = acting(name, self.replay.once(key, request, &bytes, next)).await?;
                rate::say(room, answer.headers_mut());
                return Ok(answer);
            }
        }
        let mut answer = acting(name, next.run(request)).await;
        rate::say(room, answer.headers_mut());
        Ok(answer)
    }

    fn phase_allows(&self, writes: bool) -> Result<(), Problem> {
        let soon = Duration::from_secs(2);
        match self.health.phase() {
            Phase::Ready => Ok(()),
            Phase::Starting(what) => {
                Err(Problem::of(&catalogue::STARTING).detail(what.to_string()).retry_after(soon))
            }
            Phase::Draining if writes => Err(Problem::of(&catalogue::DRAINING).retry_after(soon)),
            Phase::Draining => Ok(()),
        }
    }

    /// The answer as it leaves.
    fn finish(&self, answer: Response, seen: &Seen, since: Instant) -> Response {
        let answer = complete(answer, seen);
        let mut answer = match still_good(&answer, seen) {
            true => {
                let (mut parts, _) = answer.into_parts();
                parts.status = StatusCode::NOT_MODIFIED;
                parts.headers.remove(header::CONTENT_TYPE);
                Response::from_parts(parts, Body::empty())
            }
            false => answer,
        };
        let code = answer.extensions().get::<Problem>().map(Problem::code);
        let headers = answer.headers_mut();
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, NOTHING_ALLOWED),
            (header::REFERRER_POLICY, "no-referrer"),
        ] {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(request_id::HEADER, seen.id.header());
        self.config.cors_origins.allow(seen.origin.as_ref(), headers);
        let took = since.elapsed();
        self.figures.count(&seen.route, &seen.method, answer.status(), took);
        tracing::debug!(
            request_id = %seen.id, method = %seen.method, route = %seen.route, status = answer.status().as_u16(),
            code, took_ms = took.as_secs_f64() * 1000.0, from = %seen.client.address, "request"
        );
        answer
    }
}

/// What a request shows to say who it is from.
#[derive(Clone, Copy)]
enum Proof<'a> {
    /// The session's secret, from the cookie.
    Session(&'a str),
    /// The token's secret, from `Authorization: Bearer`.
    Bearer(&'a str),
}

/// Who asks, by what is shown.
///
/// # Errors
/// The database does not answer, which is no verdict about anybody.
pub(in crate::api::v1) async fn identify(
    accounts: &Accounts,
    headers: &HeaderMap,
    client: &Client,
) -> Result<Who, Problem> {
    let known = match proof(headers) {
        None => return Ok(Who::Nobody),
        Some(Proof::Bearer(token)) => accounts.authenticate_bearer(token).await,
        Some(Proof::Session(token)) => accounts.authenticate(token, client.visitor(headers)).await,
    };
    match known.map_err(Problem::from) {
        Ok(caller) => Ok(Who::Known(caller)),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => Ok(Who::Refused(problem)),
    }
}

/// What is needed of a request once it is gone.
struct Seen {
    id: RequestId,
    method: Method,
    /// The route's template, which bounds what metrics and logs can say.
    route: Box<str>,
    path: String,
    origin: Option<HeaderValue>,
    client: Client,
    known: HeaderMap,
}

impl Seen {
    fn of(request: &Request, config: &Config) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        let mut known = HeaderMap::new();
        if is_safe(request.method()) {
            let told = request.headers().get_all(header::IF_NONE_MATCH).iter();
            known.extend(told.map(|tag| (header::IF_NONE_MATCH, tag.clone())));
        }
        Self {
            id: RequestId::of(request.headers()),
            method: request.method().clone(),
            route: if route.contains('*') { "none".into() } else { route.into() },
            path: request.uri().path().to_owned(),
            origin: request.headers().get(header::ORIGIN).cloned(),
            client: Client::of(request, &config.trusted_proxies),
            known,
        }
    }
}

/// The layer: lets a request through to its handler, and its answer out.
pub async fn pass(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let since = Instant::now();
    let seen = Seen::of(&request, &door.config);
    if let Some(answer) = door.config.cors_origins.preflight(&request) {
        return door.finish(answer, &seen, since);
    }
    request.extensions_mut().insert(seen.client.clone());
    request.extensions_mut().insert(seen.id.clone());
    let span = tracing::info_span!("api", request_id = %seen.id);
    let time = door.config.request_time;
    let admitted = tokio::time::timeout(time.min(REQUEST_TIME_MAX), door.admit(request, next, &seen));
    // What a handler broke is its own: state that is shared is behind locks that recover, or in the database.
    let answer = match AssertUnwindSafe(admitted).catch_unwind().instrument(span).await {
        Ok(Ok(Ok(answer))) => answer,
        Ok(Ok(Err(problem))) => problem.into_response(),
        Ok(Err(_)) => {
            tracing::warn!(request_id = %seen.id, route = %seen.route, "a request took too long");
            Problem::of(&catalogue::TOOK_TOO_LONG).retry_after(Duration::from_secs(5)).into_response()
        }
        Err(_) => {
            tracing::error!(request_id = %seen.id, route = %seen.route, "a request's handler panicked");
            Problem::of(&catalogue::INTERNAL).into_response()
        }
    };
    door.finish(answer, &seen, since)
}

/// A problem with what only the door knows about it; an error that is none becomes one.
fn complete(answer: Response, seen: &Seen) -> Response {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let (mut parts, _) = answer.into_parts();
    let problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| generic(status));
    if status.is_server_error() && problem.code() == catalogue::INTERNAL.code {
        tracing::error!(request_id = %seen.id, route = %seen.route, "a request failed");
    }
    let problem = problem.request_id(&seen.id.to_string()).at_path(&seen.path);
    let mut whole = problem.into_response();
    for (name, value) in &parts.headers {
        if !whole.headers().contains_key(name) {
            whole.headers_mut().append(name.clone(), value.clone());
        }
    }
    whole.headers_mut().remove(header::CONTENT_LENGTH);
    whole
}

fn generic(status: StatusCode) -> Problem {
    let code = catalogue::ALL.iter().find(|code| code.status == status);
    Problem::of(code.copied().unwrap_or(if status.is_client_error() {
        &catalogue::BAD_REQUEST
    } else {
        &catalogue::INTERNAL
    }))
}

/// Whether the copy of who asks is as good as the answer.
fn still_good(answer: &Response, seen: &Seen) -> bool {
    answer.status() == StatusCode::OK
        && is_safe(&seen.method)
        && answer
            .headers()
            .get(header::ETAG)
            .and_then(|tag| tag.to_str().ok())
            .is_some_and(|tag| matches_any(&seen.known, tag))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// What is shown to say who asks. A token goes before a cookie; other schemes are a proxy's business.
fn proof(headers: &HeaderMap) -> Option<Proof<'_>> {
    let told = headers.get(header::AUTHORIZATION).and_then(|told| told.to_str().ok());
    if let Some((scheme, token)) = told.and_then(|told| told.split_once(' '))
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(Proof::Bearer(token.trim()));
    }
    session_cookie(headers).map(Proof::Session)
}

/// The session's secret in the cookies.
fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION_COOKIE)
}

/// A cookie's value, unless it is empty.
pub(in crate::api::v1) fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value)
}

/// All that the door reads of a request's headers, for fuzzing.
#[cfg(any(fuzzing, test))]
pub fn fuzz(request: &Request, client: &Client) {
    let headers = request.headers();
    if let Some(Proof::Session(secret) | Proof::Bearer(secret)) = proof(headers) {
        assert!(secret.len() <= headers.values().map(HeaderValue::len).max().unwrap_or(0));
    }
    let config =
        Config { cors_origins: ["https://a.example".to_owned()].into_iter().collect(), ..Config::default() };
    let _crossed = origin::check(headers, client, &config);
    let _asked = config.cors_origins.preflight(request);
    if let Some(Ok(key)) = headers.get("idempotency-key").map(replay::read_key) {
        assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
