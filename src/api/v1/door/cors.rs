//! Pages of other origins: none may read our answers, except those that the configuration names (Fetch, section 3.2).

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a page may read of an answer besides its body.
const EXPOSED: &str =
    "ETag, Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, Idempotency-Replayed";

/// What a page may send.
const HEADERS: &str =
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, X-Request-Id";

/// How long a browser may remember the permission, seconds.
const MAX_AGE: &str = "600";

/// Whose pages may read answers. Nobody's by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsOrigins(Vec<String>);

impl FromIterator<String> for CorsOrigins {
    /// From origins as browsers write them, `https://tools.example:8443`, or `*`.
    fn from_iter<I: IntoIterator<Item = String>>(origins: I) -> Self {
        Self(origins.into_iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect())
    }
}

impl CorsOrigins {
    /// Whether an origin is named; `*` names none.
    #[must_use]
    pub fn names(&self, origin: &str) -> bool {
        origin != "*" && self.0.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }

    fn everybody(&self) -> bool {
        self.0.iter().any(|known| known == "*")
    }

    /// The answer to what a browser asks before a request of another origin; `None` where it asks nothing.
    #[must_use]
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ];
        // Who may is said where every answer passes; without it these say nothing.
        (asks && !self.0.is_empty()).then(|| (StatusCode::NO_CONTENT, allowed).into_response())
    }

    /// Says to the browser whether a page of this origin may read the answer. With cookies only where it is named.
    pub fn allow(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin else { return };
        if origin.to_str().is_ok_and(|origin| self.names(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        } else if self.everybody() {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            return;
        }
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
