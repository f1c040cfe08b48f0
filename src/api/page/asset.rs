//! Files of the build: how long they keep, and in which form they go out.
//!
//! A file in `assets/` has a hash of its content in its name, so a browser asks for it once. The build has put a brotli and
//! a gzip form beside it; nothing is compressed at run time.

use std::borrow::Cow;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `npm run build` made; empty where it did not run.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

/// Stands where the pages would be.
#[derive(RustEmbed)]
#[folder = "web/placeholder"]
struct Placeholder;

/// For a file whose name changes with its content.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// For a file whose name stays: it is asked for each time, and answered with 304 while it is the same.
const ASKED_EACH_TIME: &str = "no-cache";

/// A form that the build has put beside a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Brotli,
    Gzip,
    Plain,
}

impl Form {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Plain => "",
        }
    }

    const fn coding(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Plain => None,
        }
    }
}

/// `GET /assets/{file}`
pub(super) async fn built(Path(file): Path<String>, headers: HeaderMap) -> Response {
    find(&file, &headers).unwrap_or_else(super::not_found)
}

/// A page as it was built, or the placeholder.
pub(super) fn page(name: &str, headers: &HeaderMap) -> Option<Response> {
    let found = Built::get(name).or_else(|| Placeholder::get("index.html"))?;
    Some(served(name, found, Form::Plain, ASKED_EACH_TIME, headers))
}

/// A page that is filled in before it goes out.
pub(super) fn text(name: &str) -> Option<Cow<'static, str>> {
    match Built::get(name)?.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// A file in the smallest form that is there and that the asker takes.
fn find(name: &str, headers: &HeaderMap) -> Option<Response> {
    // The compressed forms are forms of a file, not files; and a name is no way out of its folder.
    let is_form = [Form::Brotli, Form::Gzip].iter().any(|form| name.ends_with(form.suffix()));
    if is_form || name.contains(['/', '\\']) {
        return None;
    }
    let path = format!("assets/{name}");
    let forms = [Form::Brotli, Form::Gzip, Form::Plain];
    let taken = forms.into_iter().filter(|form| form.coding().is_none_or(|coding| takes(headers, coding)));
    taken
        .filter_map(|form| Built::get(&format!("{path}{}", form.suffix())).map(|found| (form, found)))
        .map(|(form, found)| served(&path, found, form, FOR_GOOD, headers))
        .next()
}

/// Whether the asker names this coding and does not refuse it with `q=0` (RFC 9110, section 12.5.3).
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| {
        let mut words = part.split(';').map(str::trim);
        let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = words.filter_map(|word| word.strip_prefix("q=")).any(|q| q.parse::<f32>() == Ok(0.0));
        named && !refused
    })
}

fn served(path: &str, file: EmbeddedFile, form: Form, keeps: &'static str, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>());
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let common = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, keeps.to_owned()),
        (header::VARY, header::ACCEPT_ENCODING.to_string()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if fresh {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let mut answer = (common, file.data).into_response();
    let headers = answer.headers_mut();
    if let Ok(kind) = kind(path).parse() {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(coding) = form.coding() {
        headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(coding));
    }
    answer
}

/// A file's type by its name: that of the file, not of its compressed form.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_where_it_is_named_and_not_refused() {
        let cases = [
            ("gzip, deflate, br, zstd", true),
            ("BR;q=1.0, gzip", true),
            ("gzip, br;q=0", false),
            ("gzip;q=0.5", false),
            ("*", false),
            ("brotli", false),
            ("", false),
        ];
        for (value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().expect("a value"));
            assert_eq!(takes(&headers, "br"), expected, "{value}");
        }
        assert!(!takes(&HeaderMap::new(), "br"));
    }
}
