//! `GET /ingest.json`: where encoders publish to, for the pages that tell people. No secret, and no host: the page knows
//! by which name it reached us.

use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// What is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ingest {
    /// Where RTMP is listened for; `None` where it is off.
    pub rtmp_port: Option<u16>,
    /// The same over TLS.
    pub rtmps_port: Option<u16>,
    /// The first part of the path.
    pub app: String,
}

/// The route.
pub fn router(ingest: Ingest) -> Router {
    let tell = move || async move { ([(header::CACHE_CONTROL, "no-store")], Json(ingest)).into_response() };
    Router::new().route("/ingest.json", get(tell))
}
