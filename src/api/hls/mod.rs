//! HLS over HTTP: `/hls/{playback_id}/{file}`, for browsers of any origin, players and caches.
//!
//! Says what a file is, how long it may be kept, and which part of it was asked for; what the files are, and when
//! they appear, is the hls room's. A segment's body is a list of shared slices that the connection writes as they
//! lie. Media is never compressed, playlists are where the client takes gzip.

mod body;
mod range;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Problem;
use crate::hls::{Container, File, Kind, Library, Listed, Missing, Rendered, Rendition};
use crate::stream::PlaybackId;
use body::SegmentBody;
use range::Range;

/// How long a request for a playlist that is about to appear is held. Players give up after ten seconds.
const HOLD_MAX: Duration = Duration::from_secs(5);
/// iOS takes no other name for a playlist.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const MP4: &str = "video/mp4";
const MP2T: &str = "video/mp2t";
/// A name never stands for other bytes, so a cache may keep it far longer than any window.
const FOREVER: &str = "public, max-age=3600, immutable";

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
    let found = tokio::time::timeout(HOLD_MAX, rendition.file(&name)).await.unwrap_or(Err(Missing::NotYet));
    let (kind, response) = match found {
        Ok(File::Index(rendered)) => (Kind::Index, playlist(&rendered, &headers)),
        Ok(File::Playlist(rendered)) => (Kind::Playlist, playlist(&rendered, &headers)),
        Ok(File::Init(bytes)) => {
            let whole = bytes.len() as u64;
            let body = |range: Range| Body::from(bytes.slice(range.start_index()..range.end_index()));
            (Kind::Init, media(&headers, MP4, whole, body))
        }
        Ok(File::Segment(listed)) => (Kind::Segment, segment(&rendition, listed, &headers)),
        Err(why) => (Kind::Missing, missing(why, &uri)),
    };
    rendition.counters().count_request(kind);
    if kind != Kind::Segment {
        rendition.counters().count_bytes(kind, content_length(&response));
    }
    open_to_all(response)
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
    };
    let problem = Problem::new(StatusCode::NOT_FOUND, code, title).detail(why.to_string()).instance(uri);
    let mut response = problem.into_response();
    if matches!(why, Missing::NotLive | Missing::NotYet) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn playlist(rendered: &Rendered, asked: &HeaderMap) -> Response {
    let gzip = takes_gzip(asked) && !rendered.gzip.is_empty();
    let bytes = if gzip { &rendered.gzip } else { &rendered.plain };
    let mut response = if has_already(asked, &rendered.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Body::from(bytes.clone()).into_response();
        set(&mut response, header::CONTENT_TYPE, PLAYLIST);
        set(&mut response, header::CONTENT_LENGTH, &bytes.len().to_string());
        if gzip {
            set(&mut response, header::CONTENT_ENCODING, "gzip");
        }
        response
    };
    set(&mut response, header::ETAG, &rendered.etag);
    set(&mut response, header::VARY, "Accept-Encoding");
    set(&mut response, header::CACHE_CONTROL, &format!("public, max-age={}", rendered.max_age));
    response
}

fn segment(rendition: &Arc<Rendition>, listed: Arc<Listed>, asked: &HeaderMap) -> Response {
    let whole = listed.segment.len;
    let form = match listed.segment.init.container {
        Container::Fmp4 => MP4,
        Container::Ts => MP2T,
    };
    media(asked, form, whole, |range| Body::new(SegmentBody::new(listed, rendition.clone(), range)))
}

/// A file of `whole` bytes, or the range of it that was asked for (RFC 9110 §14).
fn media(asked: &HeaderMap, form: &str, whole: u64, body: impl FnOnce(Range) -> Body) -> Response {
    // A range under a condition is for resuming a download; sending the whole is always right.
    let conditional = asked.contains_key(header::IF_RANGE);
    let range =
        asked.get(header::RANGE).filter(|_| !conditional).and_then(|value| Range::parse(value, whole));
    let mut response = match range {
        Some(Err(range::Unsatisfiable)) => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{whole}"));
            set(&mut response, header::CACHE_CONTROL, "no-store");
            return response;
        }
        Some(Ok(range)) => {
            let mut response = (StatusCode::PARTIAL_CONTENT, body(range)).into_response();
            set(&mut response, header::CONTENT_LENGTH, &range.len().to_string());
            let content_range = format!("bytes {}-{}/{whole}", range.start, range.end.saturating_sub(1));
            set(&mut response, header::CONTENT_RANGE, &content_range);
            response
        }
        None => {
            let mut response = body(Range { start: 0, end: whole }).into_response();
            set(&mut response, header::CONTENT_LENGTH, &whole.to_string());
            response
        }
    };
    set(&mut response, header::CONTENT_TYPE, form);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CACHE_CONTROL, FOREVER);
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether `Accept-Encoding` names gzip without ruling it out (RFC 9110 §12.5.3).
fn takes_gzip(asked: &HeaderMap) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().trim_start_matches(['q', 'Q']).trim().trim_start_matches('=').trim();
        matches!(name.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip")
            && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

/// Whether `If-None-Match` names the tag; weak comparison (RFC 9110 §13.1.2).
fn has_already(asked: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

#[cfg(test)]
mod tests;
