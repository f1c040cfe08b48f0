//! What went wrong with a request, for programs and people alike: RFC 9457 `application/problem+json`.

use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::catalogue::{self, Code};

/// Where this server explains a code, before the code itself: a reference from the root of wherever it was asked
/// (RFC 9457, section 3.1.1).
pub const TYPE_BASE: &str = "/api-docs/problems/";

/// What problems are served as.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Faults of one body that are told; the rest is seen when these are mended.
const ERRORS_MAX: usize = 32;

/// A problem. `code` is stable and is what programs look at; the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    // Behind a pointer, so that a result that can be a problem is small where it is none.
    occurrence: Box<Occurrence>,
}

/// What is special about one occurrence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Occurrence {
    detail: Option<String>,
    instance: Option<String>,
    request_id: Option<String>,
    errors: Vec<Fault>,
    retry_after: Option<u64>,
}

/// What is wrong with one value of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Which value: a JSON pointer (RFC 6901); empty for the body itself.
    #[schema(example = "/name")]
    pub pointer: String,
    /// What is wrong with it.
    #[schema(example = "may have 100 characters at most")]
    pub detail: String,
}

/// A problem as it is sent (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// The page of the code, as a reference from the root of this server.
    #[schema(example = "/api-docs/problems/not_found")]
    r#type: String,
    /// The same for every occurrence of a code.
    #[schema(example = "There is nothing here")]
    title: &'a str,
    /// The status of the answer.
    #[schema(example = 404)]
    status: u16,
    /// What is special about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    /// What programs look at.
    #[schema(example = "not_found")]
    code: &'a str,
    /// The request's name in our log; always there under `/api`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "r-5f1c0a9be2d84417")]
    request_id: Option<&'a str>,
    /// What is wrong with which value of the body.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    /// A problem with this code in `snake_case` and this title, which is the same for every occurrence.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, occurrence: Box::default() }
    }

    /// A problem of the catalogue.
    #[must_use]
    pub fn of(code: &'static Code) -> Self {
        Self::new(code.status, code.code, code.title)
    }

    /// Something in the body is not valid: this value, for this reason.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::of(&catalogue::INVALID).fault(pointer, detail)
    }

    /// What is special about this occurrence. Nothing secret.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.occurrence.detail = Some(detail.into());
        self
    }

    /// One more value that is wrong. Nothing secret.
    #[must_use]
    pub fn fault(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        if self.occurrence.errors.len() < ERRORS_MAX {
            self.occurrence.errors.push(Fault { pointer: pointer.into(), detail: detail.into() });
        }
        self
    }

    /// After how long it is worth asking again: at least a second is said.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.occurrence.retry_after = Some(whole.max(1));
        self
    }

    /// The path that was asked for, without what may be a token: its query, and what stands between a stream and its
    /// file.
    #[must_use]
    pub fn instance(self, uri: &Uri) -> Self {
        self.at_path(uri.path())
    }

    /// As [`instance`](Self::instance), of a path.
    #[must_use]
    pub fn at_path(mut self, path: &str) -> Self {
        self.occurrence.instance = Some(without_token(path));
        self
    }

    /// The request's name in our log.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.occurrence.request_id = Some(id.to_owned());
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn body(&self) -> String {
        let Occurrence { detail, instance, request_id, errors, .. } = &*self.occurrence;
        let wire = ProblemBody {
            r#type: format!("{TYPE_BASE}{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: detail.as_deref(),
            instance: instance.as_deref(),
            code: self.code,
            request_id: request_id.as_deref(),
            errors,
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    /// The answer; the problem itself goes along as an extension, for layers that add to it.
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut answer = (self.status, headers, self.body()).into_response();
        if let Some(wait) = self.occurrence.retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, wait.into());
        }
        answer.extensions_mut().insert(self);
        answer
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
    Problem::of(&catalogue::NOT_FOUND).instance(&uri)
}

/// Answers where a route is, but not for this method.
pub async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::of(&catalogue::METHOD_NOT_ALLOWED)
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
