//! The web pages: built by npm and embedded, or a placeholder that says how to build them.
//!
//! Which addresses are pages of the dashboard is told here ([`DASHBOARD`]); what stands on them is for `web/`. Files with
//! their caching and their compressed forms are in [`asset`].
//!
//! **Invariant:** a page of ours loads nothing from elsewhere and runs no inline script: each answer says so.

mod asset;

use std::fmt::Write as _;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{Problem, catalogue, problem};
use crate::stream::PlaybackId;

/// The addresses of the dashboard's pages, beside `/`. Its own router (`web/src/app/routes.tsx`) knows which page each is;
/// one that is nothing is answered by [`nowhere`].
const DASHBOARD: [&str; 14] = [
    "/setup",
    "/setup/{link}",
    "/sign-in",
    "/login",
    "/projects",
    "/projects/{id}",
    "/projects/{id}/streams",
    "/projects/{id}/settings",
    "/streams/{id}",
    "/activity",
    "/system",
    "/settings",
    "/settings/{part}",
    "/dock/{id}",
];

/// Where the dashboard's page has the nonce of its answer.
const NONCE_PLACE: &str = "__CSP_NONCE__";
/// Where it names what it will ask for first.
const EARLY_PLACE: &str = "<!-- early -->";

/// The dashboard's pages, `/watch/PLAYBACK_ID`, and `/assets/…`.
pub fn router() -> Router {
    let router = Router::new()
        .route("/watch/{playback_id}", get(|headers: HeaderMap| async move { watch(&headers) }))
        .route("/assets/{file}", get(asset::built));
    DASHBOARD.into_iter().chain(["/"]).fold(router, |router, path| {
        router.route(path, get(|uri: Uri, headers: HeaderMap| async move { dashboard(uri.path(), &headers) }))
    })
}

/// The page that plays a stream, with a token or without.
#[must_use]
pub fn watch_path(id: &PlaybackId, token: Option<&str>) -> String {
    match token {
        Some(token) => format!("/watch/{id}?token={token}"),
        None => format!("/watch/{id}"),
    }
}

/// The viewer's page may stand in a frame of any site: that is what it is for.
fn watch(headers: &HeaderMap) -> Response {
    page("watch.html", &policy(None, Frame::Anybody), headers)
}

/// The dashboard, with a nonce of its own in the page and in the policy: dialogs that keep the page behind them from
/// scrolling add a `<style>`, and that is the one thing inline which is allowed.
fn dashboard(path: &str, headers: &HeaderMap) -> Response {
    let Some(text) = asset::text(built(path)).or_else(|| asset::text("index.html")) else {
        return page("index.html", &policy(None, Frame::Nobody), headers);
    };
    let Ok(nonce) = nonce() else {
        return Problem::of(&catalogue::INTERNAL).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        // Each answer is another one. It is not `no-store`, which would keep a browser from going back to it.
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(Some(&nonce), Frame::Nobody)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // The page's address may hold a one-time link.
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, text.replace(NONCE_PLACE, &nonce).replace(EARLY_PLACE, &early(path))).into_response()
}

/// Answers where no route is: a person who followed a wrong link has the dashboard's page that says so, and a program that
/// errs a problem. A browser that goes somewhere says that it takes `text/html`; a program takes anything, or JSON.
pub(super) async fn nowhere(method: Method, uri: Uri, mut headers: HeaderMap) -> Response {
    let takes = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let is_person = takes.flat_map(|value| value.split([',', ';'])).any(|kind| kind.trim() == "text/html");
    let mut answer = if is_person && matches!(method, Method::GET | Method::HEAD) {
        // A page that stands still would be answered with "you have it".
        headers.remove(header::IF_NONE_MATCH);
        dashboard("/nowhere", &headers)
    } else {
        problem::not_found(uri).await.into_response()
    };
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    answer
}

/// The page's file: the build (`web/build.mjs`) has named in it what this address needs beside the first scripts.
fn built(path: &str) -> &'static str {
    match (path, id_of(path)) {
        ("/projects", _) => "projects.html",
        (_, Some(("projects", _, ""))) => "room.html",
        (_, Some(("projects", _, "streams"))) => "shows.html",
        (_, Some(("projects", _, "settings"))) => "project-settings.html",
        (_, Some(("streams", _, ""))) => "report.html",
        (_, Some(("dock", _, ""))) => "dock.html",
        ("/activity", _) => "activity.html",
        ("/system", _) => "system.html",
        ("/settings" | "/settings/account", _) => "account.html",
        (_, Some(("settings", ..))) => "settings.html",
        ("/sign-in" | "/login", _) => "door.html",
        _ => "index.html",
    }
}

/// What a page is about: the first part of its address, an id, and what follows. An id that is none of ours is left to the
/// page: nothing that a stranger wrote into an address is written into an answer.
fn id_of(path: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = path.strip_prefix('/')?.split_once('/')?;
    let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let ours = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    ours.then_some((kind, id, rest))
}

/// What the page asks for first (`web/src/app/early.ts`), so that a browser fetches it while the scripts are still on their
/// way. It is a hint: what is named in vain costs a request, and what is not named is asked for a moment later.
fn early(path: &str) -> String {
    let asked: &[&str] = match (path, id_of(path)) {
        // The address and the keys of an encoder are closed while one is connected, which is not known here.
        (_, Some(("projects", _, ""))) => {
            &["projects/{id}", "projects/{id}/destinations", "projects/{id}/playback"]
        }
        (_, Some(("projects", _, "streams"))) => &["projects/{id}", "projects/{id}/streams"],
        (_, Some(("projects", _, "settings"))) => {
            &["projects/{id}", "projects/{id}/stream-keys", "projects/{id}/playback"]
        }
        (_, Some(("dock", _, ""))) => &["projects/{id}", "projects/{id}/destinations"],
        (_, Some(("streams", _, ""))) => &["streams/{id}/report"],
        ("/" | "/projects", _) => &["projects?limit=100"],
        ("/activity", _) => &["projects?limit=100", "events?limit=50"],
        ("/system", _) => &["system", "system/nodes"],
        ("/settings" | "/settings/account", _) => &["me/sessions?limit=100", "setup"],
        ("/settings/tokens", _) => &["tokens?limit=100"],
        ("/settings/webhooks", _) => &["webhooks?limit=100", "projects?limit=100"],
        ("/settings/users", _) => &["users?limit=100"],
        ("/setup" | "/sign-in" | "/login", _) => &["setup"],
        _ => &[],
    };
    let id = id_of(path).map_or("", |(_, id, _)| id);
    ["me"].iter().chain(asked).fold(String::new(), |mut links, asked| {
        let asked = asked.replace("{id}", id);
        // Writing to a `String` does not fail.
        let _written = write!(links, r#"<link rel="preload" as="fetch" crossorigin href="/api/v1/{asked}">"#);
        links
    })
}

fn page(name: &str, policy: &str, headers: &HeaderMap) -> Response {
    asset::page(name, headers).map_or_else(not_found, |answer| {
        let more = [
            (header::CONTENT_SECURITY_POLICY, policy.to_owned()),
            // The page's address may hold a viewer's token.
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
        ];
        (more, answer).into_response()
    })
}

fn not_found() -> Response {
    Problem::of(&catalogue::NOT_FOUND).into_response()
}

/// Who may show a page inside of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Nobody,
    Anybody,
}

/// Nothing from elsewhere, and nothing inline but a style that knows this answer's nonce.
fn policy(nonce: Option<&str>, frame: Frame) -> String {
    let style = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let frame = match frame {
        Frame::Nobody => "'none'",
        Frame::Anybody => "*",
    };
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self'{style}; img-src 'self' data:; \
         connect-src 'self'; media-src 'self' blob:; worker-src 'self'; object-src 'none'; base-uri 'none'; \
         frame-ancestors {frame}; form-action 'self'"
    )
}

/// 128 random bits, in hexadecimal digits: nobody guesses it, and no page needs to escape it.
fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
