//! Responses: playlists and media with the headers that browsers, players and caches go by.

use axum::http::{StatusCode, header};
use bytes::Bytes;

use super::call::Call;
use super::range::{self, Range};
use super::reply::{Content, Reply, Value};
use crate::hls::{Container, Rendered};

/// iOS takes no other name for a playlist.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";
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

    /// A name never stands for other bytes, so a cache may keep it far longer than any window.
    const fn forever(self) -> &'static str {
        match self {
            Self::All => "public, max-age=3600, immutable",
            Self::Own => "private, max-age=3600, immutable",
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
    call: &Call<'_>,
) -> Reply {
    let gzip = token.is_none() && takes_gzip(&call.encodings) && !rendered.gzip().is_empty();
    let mut reply = if has_already(&call.known, &rendered.etag) {
        Reply::new(StatusCode::NOT_MODIFIED, Content::Nothing)
    } else {
        let bytes = match token {
            Some(token) => rendered.with_query(token),
            None if gzip => rendered.gzip().clone(),
            None => rendered.plain.clone(),
        };
        let length = bytes.len() as u64;
        let mut reply = Reply::new(StatusCode::OK, Content::Bytes(bytes));
        reply.set(header::CONTENT_TYPE, Value::Word(PLAYLIST));
        reply.set(header::CONTENT_LENGTH, Value::Number(length));
        if gzip {
            reply.set(header::CONTENT_ENCODING, Value::Word("gzip"));
        }
        reply
    };
    reply.set(header::ETAG, Value::Text(rendered.etag.clone()));
    reply.set(header::VARY, Value::Word("Accept-Encoding"));
    let cache = match kept {
        Kept::AsPlaylist => Value::Text(format!("{}, max-age={}", caches.word(), rendered.max_age)),
        Kept::Settled => Value::Text(format!("{}, max-age={}", caches.word(), rendered.settled_age)),
        Kept::Never => Value::Word("no-store"),
    };
    reply.set(header::CACHE_CONTROL, cache);
    reply
}

/// A file of this form and of `whole` bytes, or the range of it that was asked for (RFC 9110 §14).
pub(super) fn media(
    call: &Call<'_>,
    caches: Caches,
    form: Container,
    whole: u64,
    content: impl FnOnce(Range) -> Content,
) -> Reply {
    // A range under a condition is for resuming a download; sending the whole is always right.
    let range = call.range.filter(|_| !call.conditional).and_then(|value| Range::parse(value, whole));
    let mut reply = match range {
        Some(Err(range::Unsatisfiable)) => {
            let mut reply = Reply::new(StatusCode::RANGE_NOT_SATISFIABLE, Content::Bytes(Bytes::new()));
            reply.set(header::CONTENT_LENGTH, Value::Number(0));
            reply.set(header::CONTENT_RANGE, Value::Text(format!("bytes */{whole}")));
            reply.set(header::CACHE_CONTROL, Value::Word("no-store"));
            return reply;
        }
        Some(Ok(range)) => {
            let mut reply = Reply::new(StatusCode::PARTIAL_CONTENT, content(range));
            reply.set(header::CONTENT_LENGTH, Value::Number(range.len()));
            let content_range = format!("bytes {}-{}/{whole}", range.start, range.end.saturating_sub(1));
            reply.set(header::CONTENT_RANGE, Value::Text(content_range));
            reply
        }
        None => {
            let mut reply = Reply::new(StatusCode::OK, content(Range { start: 0, end: whole }));
            reply.set(header::CONTENT_LENGTH, Value::Number(whole));
            reply
        }
    };
    let form = match form {
        Container::Fmp4 => "video/mp4",
        Container::Ts => "video/mp2t",
    };
    reply.set(header::CONTENT_TYPE, Value::Word(form));
    reply.set(header::ACCEPT_RANGES, Value::Word("bytes"));
    reply.set(header::CACHE_CONTROL, Value::Word(caches.forever()));
    reply
}

/// Whether `Accept-Encoding` names gzip without ruling it out (RFC 9110 §12.5.3).
fn takes_gzip(encodings: &[&str]) -> bool {
    encodings.iter().flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().trim_start_matches(['q', 'Q']).trim().trim_start_matches('=').trim();
        let name = name.trim();
        (name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip"))
            && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

/// Whether `If-None-Match` names the tag; weak comparison (RFC 9110 §13.1.2).
fn has_already(known: &[&str], etag: &str) -> bool {
    fn opaque(tag: &str) -> &str {
        tag.trim().trim_start_matches("W/")
    }
    known
        .iter()
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}
