//! Responses: playlists and media with the headers that browsers, players and caches go by.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::range::{self, Range};
use crate::hls::{Container, Rendered};

/// iOS takes no other name for a playlist.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";
/// A name never stands for other bytes, so a cache may keep it far longer than any window.
const FOREVER: &str = "max-age=3600, immutable";

/// Whose caches may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caches {
    /// Everybody's.
    All,
    /// The viewer's own: a shared one would give it to those without a token.
    Own,
}

impl Caches {
    const fn word(self) -> &'static str {
        match self {
            Self::All => "public",
            Self::Own => "private",
        }
    }
}

/// How long a cache may keep an answer with a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// As long as the playlist says of itself.
    AsPlaylist,
    /// Long: it is the right answer to a question about one moment, which was waited for.
    Settled,
    /// Not at all: it is not what was asked for.
    Never,
}

/// A playlist, or the word that the asker has it already. With a token every address in it carries that on.
pub(super) fn playlist(
    rendered: &Rendered,
    kept: Kept,
    caches: Caches,
    token: Option<&str>,
    asked: &HeaderMap,
) -> Response {
    let gzip = token.is_none() && takes_gzip(asked) && !rendered.gzip().is_empty();
    let mut response = if has_already(asked, &rendered.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = match token {
            Some(token) => rendered.with_query(token),
            None if gzip => rendered.gzip().clone(),
            None => rendered.plain.clone(),
        };
        let length = bytes.len();
        let mut response = Body::from(bytes).into_response();
        set(&mut response, header::CONTENT_TYPE, PLAYLIST);
        set(&mut response, header::CONTENT_LENGTH, &length.to_string());
        if gzip {
            set(&mut response, header::CONTENT_ENCODING, "gzip");
        }
        response
    };
    set(&mut response, header::ETAG, &rendered.etag);
    set(&mut response, header::VARY, "Accept-Encoding");
    let cache = match kept {
        Kept::AsPlaylist => format!("{}, max-age={}", caches.word(), rendered.max_age),
        Kept::Settled => format!("{}, max-age={}", caches.word(), rendered.settled_age),
        Kept::Never => "no-store".to_owned(),
    };
    set(&mut response, header::CACHE_CONTROL, &cache);
    response
}

/// A file of this form and of `whole` bytes, or the range of it that was asked for (RFC 9110 §14).
pub(super) fn media(
    asked: &HeaderMap,
    caches: Caches,
    form: Container,
    whole: u64,
    body: impl FnOnce(Range) -> Body,
) -> Response {
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
    let form = match form {
        Container::Fmp4 => "video/mp4",
        Container::Ts => "video/mp2t",
    };
    set(&mut response, header::CONTENT_TYPE, form);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CACHE_CONTROL, &format!("{}, {FOREVER}", caches.word()));
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
