//! HLS over HTTP: `/hls/{playback_id}/{file}`, for browsers of any origin, players and caches.
//!
//! Says what a file is, how long it may be kept, and which part of it was asked for; what the files are, and when
//! they appear, is the hls room's. A segment's body is a list of shared slices that the connection writes as they
//! lie. Media is never compressed, playlists are where the client takes gzip.
//!
//! Where viewers need a token it stands in the path, `/hls/{playback_id}/{token}/{file}`: addresses in playlists are
//! relative, so they carry it on, and a playlist is still rendered once for everybody.

mod answer;
mod body;
mod query;
mod range;

use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Problem;
use crate::auth::PlaybackTokens;
use crate::hls::{Came, Container, File, Kind, Library, Missing, Rendered, Rendition};
use crate::stream::{PlaybackId, TokenFault};
use answer::{Caches, Kept};
use body::{Media, MediaBody};
use query::{BadDirective, Query};
use range::Range;

/// The routes of HLS. With `tokens`, viewers need one; without, one in the path is as good as none.
pub fn router(library: Arc<Library>, tokens: Option<Arc<PlaybackTokens>>) -> Router {
    let hall = Arc::new(Hall { library, tokens, marks: RandomState::new() });
    Router::new()
        .route("/hls/{playback_id}/{file}", get(open).options(preflight))
        .route("/hls/{playback_id}/{token}/{file}", get(with_token).options(preflight))
        .with_state(hall)
}

/// Where a stream is played, with a token or without.
#[must_use]
pub fn path(id: &PlaybackId, token: Option<&str>) -> String {
    match token {
        Some(token) => format!("/hls/{id}/{token}/index.m3u8"),
        None => format!("/hls/{id}/index.m3u8"),
    }
}

/// What there is to see, and who may.
struct Hall {
    library: Arc<Library>,
    tokens: Option<Arc<PlaybackTokens>>,
    /// The key of the hashes that viewers are counted by: another one in each process, so that they say nothing.
    marks: RandomState,
}

/// Answers what a browser asks before a request with headers of its own (Fetch §3.3).
async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Range, Authorization, If-None-Match"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    open_to_all((StatusCode::NO_CONTENT, headers).into_response())
}

async fn open(
    State(hall): State<Arc<Hall>>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    let Some(tokens) = &hall.tokens else { return hall.file(&id, None, &name, &request).await };
    let query = request.uri.query().unwrap_or_default();
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    open_to_all(match tokens.check(&id, token, SystemTime::now()) {
        Ok(()) => to_path(token.unwrap_or_default(), &name, query),
        Err(fault) => refused(fault, &request.uri),
    })
}

async fn with_token(
    State(hall): State<Arc<Hall>>,
    Path((id, token, name)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    let checked = hall.tokens.as_ref().map(|tokens| tokens.check(&id, Some(&token), SystemTime::now()));
    match checked {
        Some(Err(fault)) => open_to_all(refused(fault, &request.uri)),
        Some(Ok(())) | None => hall.file(&id, Some(&token), &name, &request).await,
    }
}

/// Sends a viewer whose token is in the query, and good, to where it is in the path.
fn to_path(token: &str, name: &str, query: &str) -> Response {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let name = if name.bytes().all(plain) { name } else { "index.m3u8" };
    let others: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("token=")).collect();
    let mark = if others.is_empty() { "" } else { "?" };
    // Relative to the stream, whatever stands before it behind a proxy.
    let location = format!("{token}/{name}{mark}{}", others.join("&"));
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, "private, no-store".to_owned())];
    (StatusCode::FOUND, headers).into_response()
}

fn refused(fault: TokenFault, uri: &Uri) -> Response {
    let title = "The stream cannot be played with this address";
    Problem::new(StatusCode::FORBIDDEN, fault.label(), title)
        .detail(fault.to_string())
        .instance(uri)
        .into_response()
}

impl Hall {
    /// A file of a stream, for somebody who may have it.
    async fn file(&self, id: &str, token: Option<&str>, name: &str, request: &Parts) -> Response {
        let uri = &request.uri;
        let rendition = PlaybackId::parse(id).ok().and_then(|id| self.library.find(&id));
        let Some(rendition) = rendition else {
            let problem = Problem::new(StatusCode::NOT_FOUND, "unknown_stream", "There is no such stream");
            return open_to_all(problem.instance(uri).into_response());
        };
        let mut query = Query::parse(uri.query().unwrap_or_default());
        let carried = query.carried.and_then(|pair| pair.strip_prefix("token="));
        let who = self.mark(request, token.or(carried));
        let caches = if self.tokens.is_some() { Caches::Own } else { Caches::All };
        // A token in the path is carried on by the path.
        query.carried = query.carried.filter(|_| token.is_none());
        let (kind, response) = match rendition.file(name, query.ask.unwrap_or_default()).await {
            Ok((file, came)) => Asked { rendition: &rendition, query, caches, request }.answer(file, came),
            Err(why) => (Kind::Missing, missing(why, uri)),
        };
        rendition.counters().count_request(kind);
        match kind {
            Kind::Playlist | Kind::Segment | Kind::Part => rendition.counters().viewers().saw(who),
            Kind::Index | Kind::Init | Kind::Missing => {}
        }
        if !matches!(kind, Kind::Segment | Kind::Part) {
            rendition.counters().count_bytes(kind, content_length(&response));
        }
        open_to_all(response)
    }

    /// What a viewer is told from others by: address, player, and token if there is one. Not the port: players open
    /// several connections.
    fn mark(&self, request: &Parts, token: Option<&str>) -> u64 {
        let mut hasher = self.marks.build_hasher();
        let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
        peer.map(|ConnectInfo(peer)| peer.ip().to_canonical()).hash(&mut hasher);
        request.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).hash(&mut hasher);
        token.hash(&mut hasher);
        hasher.finish()
    }
}

/// A request for a file that is there.
struct Asked<'a> {
    rendition: &'a Arc<Rendition>,
    query: Query<'a>,
    caches: Caches,
    request: &'a Parts,
}

impl Asked<'_> {
    fn answer(self, file: File, came: Came) -> (Kind, Response) {
        match file {
            File::Index(rendered) => (Kind::Index, self.playlist(&rendered, Kept::AsPlaylist)),
            File::Playlist(rendered) => match self.query.ask {
                Err(bad) if rendered.takes_directives => {
                    (Kind::Missing, bad_directive(bad, &self.request.uri))
                }
                _ => {
                    let kept = match came {
                        Came::AtOnce => Kept::AsPlaylist,
                        Came::Awaited => Kept::Settled,
                        Came::InVain => Kept::Never,
                    };
                    (Kind::Playlist, self.playlist(&rendered, kept))
                }
            },
            File::Init(bytes) => {
                let whole = bytes.len() as u64;
                let body = |range: Range| Body::from(bytes.slice(range.start_index()..range.end_index()));
                (Kind::Init, answer::media(self.headers(), self.caches, Container::Fmp4, whole, body))
            }
            File::Segment(listed) => self.media(Media::Segment(listed)),
            File::Part(part) => self.media(Media::Part(part)),
        }
    }

    fn playlist(&self, rendered: &Rendered, kept: Kept) -> Response {
        answer::playlist(rendered, kept, self.caches, self.query.carried, self.headers())
    }

    fn media(&self, media: Media) -> (Kind, Response) {
        let (kind, whole, form) = (media.kind(), media.len(), media.container());
        let body = |range| Body::new(MediaBody::new(media, self.rendition.clone(), range));
        (kind, answer::media(self.headers(), self.caches, form, whole, body))
    }

    fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }
}

fn content_length(response: &Response) -> u64 {
    let value = response.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// Lets pages of every origin read the response, and see what players look at in it.
fn open_to_all(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Content-Length, Content-Range, Date, Age, ETag, Retry-After"),
    );
    response
}

fn missing(why: Missing, uri: &Uri) -> Response {
    let (code, title) = match why {
        Missing::NotLive => ("not_live", "The stream is not live"),
        Missing::NotYet => ("not_live_yet", "The stream is starting"),
        Missing::Gone => ("segment_gone", "The segment has left the live window"),
        Missing::Unknown => ("not_found", "There is no such file"),
        Missing::Crowded => ("too_many_waiting", "Too many requests wait for this stream"),
        Missing::TooFar => ("bad_directive", "The playlist cannot be waited for like this"),
    };
    let status = match why {
        Missing::Crowded => StatusCode::SERVICE_UNAVAILABLE,
        Missing::TooFar => StatusCode::BAD_REQUEST,
        _ => StatusCode::NOT_FOUND,
    };
    let problem = Problem::new(status, code, title).detail(why.to_string()).instance(uri);
    let mut response = problem.into_response();
    if matches!(why, Missing::NotLive | Missing::NotYet | Missing::Crowded) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn bad_directive(bad: BadDirective, uri: &Uri) -> Response {
    let title = "The playlist cannot be waited for like this";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "bad_directive", title);
    problem.detail(bad.to_string()).instance(uri).into_response()
}

#[cfg(test)]
mod low_latency_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_tests;
