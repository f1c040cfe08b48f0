//! `GET /api/v1/status`: what runs, without secrets, for the demo's page.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::{hls, page};
use crate::auth::PlaybackTokens;
use crate::hls::{Audience, Library};
use crate::push::{Output, Supervisor};
use crate::stream::{PlaybackId, Registry, Stream};

/// What is told about.
#[derive(Clone)]
pub struct Sources {
    /// Streams.
    pub registry: Arc<Registry>,
    /// Where they are sent.
    pub supervisor: Arc<Supervisor>,
    /// Who watches them.
    pub library: Arc<Library>,
    /// The one stream that whoever sees this page may see without having been given a token.
    pub preview: Option<(PlaybackId, Arc<PlaybackTokens>)>,
}

/// The route. Served by the demo alone until there are users: it names every stream.
pub fn router(sources: Sources) -> Router {
    Router::new().route("/api/v1/status", get(status)).with_state(sources)
}

#[derive(Serialize)]
struct Status {
    streams: Vec<StreamStatus>,
}

#[derive(Serialize)]
struct StreamStatus {
    playback_id: String,
    name: String,
    state: &'static str,
    bitrate_bits: u64,
    /// RTMP players.
    players: u64,
    /// HLS viewers, as far as they can be told apart.
    viewers: usize,
    /// Whether there are more of them than can be.
    viewers_exceeded: bool,
    /// Where it plays.
    playlist: String,
    /// The page that plays it.
    page: String,
    outputs: Vec<OutputStatus>,
}

#[derive(Serialize)]
struct OutputStatus {
    id: String,
    name: String,
    state: &'static str,
    reason: Option<&'static str>,
    detail: String,
    sent_bytes: u64,
    bitrate_bits: u64,
    /// `null` where the kernel does not tell.
    rtt_seconds: Option<f64>,
    /// `null` where the kernel does not tell.
    retransmitted_segments: Option<u64>,
}

async fn status(State(sources): State<Sources>) -> Response {
    let outputs = sources.supervisor.outputs();
    let streams = sources.registry.all();
    let streams = streams.iter().map(|stream| sources.stream(stream, &outputs)).collect();
    ([(header::CACHE_CONTROL, "no-store")], Json(Status { streams })).into_response()
}

impl Sources {
    fn stream(&self, stream: &Stream, outputs: &[Arc<Output>]) -> StreamStatus {
        let id = stream.playback_id();
        let audience = self.library.find(id).map_or(Audience::default(), |rendition| rendition.audience());
        let preview = self.preview.as_ref().filter(|(shown, _)| shown == id);
        let token = preview.map(|(id, tokens)| tokens.issue_daily(id, SystemTime::now()));
        StreamStatus {
            playback_id: id.to_string(),
            name: stream.name().as_str().to_owned(),
            state: stream.state().borrow().label(),
            bitrate_bits: stream.stats().rate.bits_per_second(),
            players: stream.stats().players.get(),
            viewers: audience.viewers,
            viewers_exceeded: audience.or_more,
            playlist: hls::path(id, token.as_deref()),
            page: page::watch_path(id, token.as_deref()),
            outputs: outputs
                .iter()
                .filter(|output| output.stream == *stream.id())
                .map(|output| OutputStatus::of(output))
                .collect(),
        }
    }
}

impl OutputStatus {
    fn of(output: &Output) -> Self {
        let status = output.status();
        Self {
            id: output.destination.id.to_string(),
            name: output.name().as_str().to_owned(),
            state: status.state.label(),
            reason: status.reason.map(crate::push::Reason::label),
            detail: status.detail,
            sent_bytes: output.stats.sent_bytes.get(),
            bitrate_bits: output.stats.rate.bits_per_second(),
            rtt_seconds: output.path.rtt().map(|rtt| rtt.as_secs_f64()),
            retransmitted_segments: output.path.retransmitted(),
        }
    }
}
