//! What went wrong with a request, for programs and people alike: RFC 9457 `application/problem+json`.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Where a code is explained, before the code itself. A name, not necessarily a page (RFC 9457, section 3.1.1).
const TYPE_BASE: &str = "https://gostream.dev/problems/";

/// A problem. `code` is stable and is what programs look at; the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    instance: Option<String>,
}

#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    code: &'a str,
}

impl Problem {
    /// A problem with this code in `snake_case` and this title, which is the same for every occurrence.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, detail: None, instance: None }
    }

    /// What is special about this occurrence. Nothing secret.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The path that was asked for, without what may be a token: its query, and what stands between a stream and its
    /// file.
    #[must_use]
    pub fn instance(self, uri: &Uri) -> Self {
        Self { instance: Some(without_token(uri.path())), ..self }
    }

    fn body(&self) -> String {
        let wire = Wire {
            r#type: format!("{TYPE_BASE}{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: self.detail.as_deref(),
            instance: self.instance.as_deref(),
            code: self.code,
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (self.status, headers, self.body()).into_response()
    }
}

fn without_token(path: &str) -> String {
    let of_stream = path.strip_prefix("/hls/").and_then(|rest| rest.split_once('/'));
    let Some((id, rest)) = of_stream else { return path.to_owned() };
    // No token has a dot in it, and every file has: an address that was cut shows nothing either, nor one whose slash is
    // spelled otherwise.
    let shown = |file: &str| {
        if file.contains('.') && !file.contains('%') { file.to_owned() } else { "***".to_owned() }
    };
    match rest.rsplit_once('/') {
        Some((_, file)) => format!("/hls/{id}/***/{}", shown(file)),
        None => format!("/hls/{id}/{}", shown(rest)),
    }
}

/// Answers where no route is.
pub async fn not_found(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here").instance(&uri)
}

/// Answers where a route is, but not for this method.
pub async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not allowed here")
        .detail(format!("{method} is not; the Allow header says what is"))
        .instance(&uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_path_is_not_repeated() {
        for (path, shown) in [
            ("/hls/show/index.m3u8", "/hls/show/index.m3u8"),
            ("/hls/show/1-abc/index.m3u8", "/hls/show/***/index.m3u8"),
            ("/hls/show/1-abc/x/index.m3u8", "/hls/show/***/index.m3u8"),
            ("/hls/show/1-abc/", "/hls/show/***/***"),
            ("/hls/show/1-abc", "/hls/show/***"),
            ("/hls/show/1-abc%2Findex.m3u8", "/hls/show/***"),
            ("/hls/show", "/hls/show"),
            ("/watch/a/b", "/watch/a/b"),
        ] {
            assert_eq!(without_token(path), shown, "{path}");
        }
    }
}
