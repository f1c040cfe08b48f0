//! The web pages: built by npm and embedded, or a placeholder that says how to build them.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::Problem;
use crate::stream::PlaybackId;

/// What `npm run build` made; empty where it did not run.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

/// Stands where the pages would be.
#[derive(RustEmbed)]
#[folder = "web/placeholder"]
struct Placeholder;

/// Nothing from elsewhere, and no inline script: what a page of ours needs and no more.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; \
     frame-ancestors 'none'; form-action 'self'";

/// What `/` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrontPage {
    /// The demo's player and its destinations.
    Demo,
    /// Words on how to begin; no stream is named to strangers.
    Welcome,
}

/// `/`, `/watch/PLAYBACK_ID` and `/assets/…`.
pub fn router(front: FrontPage) -> Router {
    Router::new()
        .route("/", get(front_page))
        .route("/watch/{playback_id}", get(|headers: HeaderMap| async move { page("watch.html", &headers) }))
        .route("/assets/{file}", get(asset))
        .with_state(front)
}

/// The page that plays a stream, with a token or without.
#[must_use]
pub fn watch_path(id: &PlaybackId, token: Option<&str>) -> String {
    match token {
        Some(token) => format!("/watch/{id}?token={token}"),
        None => format!("/watch/{id}"),
    }
}

async fn front_page(State(front): State<FrontPage>, headers: HeaderMap) -> Response {
    match front {
        FrontPage::Demo => page("index.html", &headers),
        FrontPage::Welcome => page("welcome.html", &headers),
    }
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    match Built::get(&format!("assets/{file}")) {
        Some(found) => served(found, &headers),
        None => Problem::new(StatusCode::NOT_FOUND, "not_found", "Not found").into_response(),
    }
}

fn page(name: &str, headers: &HeaderMap) -> Response {
    let found = Built::get(name).or_else(|| Placeholder::get("index.html"));
    match found {
        Some(found) => served(found, headers),
        None => Problem::new(StatusCode::NOT_FOUND, "not_found", "Not found").into_response(),
    }
}

/// A file with its type and a tag by its content: names stay the same over versions, so it is asked for each time.
fn served(file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>());
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let common = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // The page's address may hold a viewer's token.
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    if fresh {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let mime = file.metadata.mimetype().to_owned();
    (common, [(header::CONTENT_TYPE, mime)], file.data).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_whose_address_holds_a_token_tells_no_other_server_of_it() {
        let answer = page("watch.html", &HeaderMap::new());
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer");
    }
}
