//! The OpenAPI 3.1 document, made from the handlers, and the pages that show it.
//!
//! A handler says what is special about it; what is true of all by rule is added here ([`rules`]): parameters of the path,
//! the errors of each kind of request, keys, tags; and of all answers ([`answers`]). `docs/openapi.json` is a copy of it, held equal by a test.

mod answers;
mod problems;
mod rules;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::to_bytes;
use axum::http::header;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::door::SESSION_COOKIE;
use super::give::Moment;
use super::take::tag_of;
use crate::api::problem::{Fault, ProblemBody};
use crate::api::{Problem, catalogue};
use crate::store::Revision;

/// What the pages of the API may do: scripts and styles of ours, requests to us.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
     form-action 'none'";

/// Where the pages are.
const PAGES: &str = "/api-docs";
/// A page of them is below a kilobyte.
const PAGE_BYTES_MAX: usize = 64 * 1024;

/// The frame of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "gostream",
        description = "The control plane of gostream: projects, stream keys, destinations, broadcasts, people.\n\n\
            Errors are `application/problem+json` (RFC 9457); programs look at `code`. Lists are pages: `next_cursor` \
            of one is `cursor` of the next. PATCH takes a merge patch (RFC 7396): what is absent stays, what is null is \
            cleared. A single resource has an ETag; give it back as If-Match, and a change that somebody else made in \
            the meantime is not lost. A POST with an Idempotency-Key can be repeated safely for a day; a secret that is \
            shown once is null in the repeated answer.",
        license(name = "MIT OR Apache-2.0"),
    ),
    servers((url = "/api/v1")),
    tags(
        (name = "setup", description = "The first administrator, and links that set a password."),
        (name = "session", description = "Signing in and out."),
        (name = "me", description = "One's own account."),
        (name = "users", description = "Accounts, for administrators."),
        (name = "tokens", description = "API tokens, for programs."),
        (name = "projects", description = "Shows: what is on the air of each, and what is wanted."),
        (name = "stream keys", description = "The secrets that publish."),
        (name = "destinations", description = "Where shows are sent."),
        (name = "outputs", description = "How the sending goes."),
        (name = "platforms", description = "What is known of the places that people send to."),
        (name = "playback", description = "Where shows are watched, and where encoders send them."),
        (name = "streams", description = "Broadcasts: each is one show of a project, from its first frame to its end."),
        (name = "ingest", description = "Who sends to this server, and who watches."),
        (name = "events", description = "What happened, and what happens."),
        (name = "webhooks", description = "Other servers that are told of events."),
        (name = "system", description = "The server itself."),
    ),
    components(schemas(ProblemBody<'_>, Fault, Moment)),
)]
struct Frame;

/// The document, to which handlers add themselves.
pub(super) fn frame() -> utoipa::openapi::OpenApi {
    let mut frame = Frame::openapi();
    let components = frame.components.get_or_insert_default();
    let cookie = ApiKeyValue::with_description(SESSION_COOKIE, "A signed-in browser; see POST /session.");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("gst_…").description(Some(
        "An API token; see POST /tokens. The word beside a route is the scope that it needs; `*` has all.",
    ));
    components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
    frame
}

/// The whole document.
#[must_use]
pub fn whole() -> Value {
    let (_, document) = super::routes::all().split_for_parts();
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut document = rules::apply(document);
    answers::apply(&mut document);
    document
}

/// The document's text with its tag, made once.
static TEXT: LazyLock<(Arc<str>, String)> = LazyLock::new(|| {
    let text = whole().to_string();
    let tag = tag_of(Revision::FIRST, &text);
    (text.into(), tag)
});

/// `GET /api/openapi.json`
pub(super) async fn document() -> Response {
    let (text, tag) = &*TEXT;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, tag.as_str()),
    ];
    (headers, text.to_string()).into_response()
}

/// `/api-docs`
pub(super) fn pages() -> Router {
    let config = Config::from("/api/openapi.json").try_it_out_enabled(true).persist_authorization(false);
    Router::from(SwaggerUi::new(PAGES).config(config))
        .layer(map_response(as_wide_as_the_screen))
        .route("/api-docs/problems", get(problems::list))
        .route("/api-docs/problems/{code}", get(problems::one))
}

/// The page's own head says nothing of screens, and a phone shows it as small as a desktop's.
async fn as_wide_as_the_screen(answer: Response) -> Response {
    const TITLE: &str = "<title>";
    const VIEWPORT: &str = "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";
    let is_page = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/html");
    if !is_page {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let Ok(page) = to_bytes(body, PAGE_BYTES_MAX).await else {
        return Problem::of(&catalogue::INTERNAL).into_response();
    };
    let page = String::from_utf8_lossy(&page).replacen(TITLE, &format!("{VIEWPORT}{TITLE}"), 1);
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, page.into())
}

#[cfg(test)]
mod tests;
