//! HLS over HTTP: `/hls/{playback_id}/{file}`, for browsers of any origin, players and caches.
//!
//! Says what a file is, how long it may be kept, and which part of it was asked for; what the files are, and when
//! they appear, is the hls room's. A segment's body is a list of shared slices that the connection writes as they
//! lie. Media is never compressed, playlists are where the client takes gzip.

mod answer;
mod body;
mod query;
mod range;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Problem;
use crate::hls::{Came, Container, File, Kind, Library, Missing, Rendition};
use crate::stream::PlaybackId;
use answer::Kept;
use body::{Media, MediaBody};
use query::{BadDirective, Query};
use range::Range;

/// The routes of HLS.
pub fn router(library: Arc<Library>) -> Router {
    Router::new().route("/hls/{playback_id}/{file}", get(file).options(preflight)).with_state(library)
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

async fn file(
    State(library): State<Arc<Library>>,
    Path((id, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let rendition = PlaybackId::parse(&id).ok().and_then(|id| library.find(&id));
    let Some(rendition) = rendition else {
        let problem = Problem::new(StatusCode::NOT_FOUND, "unknown_stream", "There is no such stream");
        return open_to_all(problem.instance(&uri).into_response());
    };
    let query = Query::parse(uri.query().unwrap_or_default());
    let (kind, response) = match rendition.file(&name, query.ask.unwrap_or_default()).await {
        Ok((file, came)) => answer(&rendition, file, came, query, &headers, &uri),
        Err(why) => (Kind::Missing, missing(why, &uri)),
    };
    rendition.counters().count_request(kind);
    if !matches!(kind, Kind::Segment | Kind::Part) {
        rendition.counters().count_bytes(kind, content_length(&response));
    }
    open_to_all(response)
}

fn answer(
    rendition: &Arc<Rendition>,
    file: File,
    came: Came,
    query: Query<'_>,
    headers: &HeaderMap,
    uri: &Uri,
) -> (Kind, Response) {
    let shared = |media: Media| {
        let kind = media.kind();
        let whole = media.len();
        let form = media.container();
        let body = |range| Body::new(MediaBody::new(media, rendition.clone(), range));
        (kind, answer::media(headers, form, whole, body))
    };
    match file {
        File::Index(rendered) => {
            (Kind::Index, answer::playlist(&rendered, Kept::AsPlaylist, query.carried, headers))
        }
        File::Playlist(rendered) => match query.ask {
            Err(bad) if rendered.takes_directives => (Kind::Missing, bad_directive(bad, uri)),
            _ => {
                let kept = match came {
                    Came::AtOnce => Kept::AsPlaylist,
                    Came::Awaited => Kept::Settled,
                    Came::InVain => Kept::Never,
                };
                (Kind::Playlist, answer::playlist(&rendered, kept, query.carried, headers))
            }
        },
        File::Init(bytes) => {
            let whole = bytes.len() as u64;
            let body = |range: Range| Body::from(bytes.slice(range.start_index()..range.end_index()));
            (Kind::Init, answer::media(headers, Container::Fmp4, whole, body))
        }
        File::Segment(listed) => shared(Media::Segment(listed)),
        File::Part(part) => shared(Media::Part(part)),
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
