//! `GET /api/v1/status`: what runs, without secrets, for the demo's page.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::push::Supervisor;
use crate::stream::Registry;

/// The route. Served by the demo alone until there are users: it names every stream.
pub fn router(registry: Arc<Registry>, supervisor: Arc<Supervisor>) -> Router {
    Router::new().route("/api/v1/status", get(status)).with_state((registry, supervisor))
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
    players: u64,
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

async fn status(State((registry, supervisor)): State<(Arc<Registry>, Arc<Supervisor>)>) -> Json<Status> {
    let outputs = supervisor.outputs();
    let streams = registry.all().into_iter().map(|stream| StreamStatus {
        playback_id: stream.playback_id().to_string(),
        name: stream.name().to_owned(),
        state: stream.state().borrow().label(),
        bitrate_bits: stream.stats().rate.bits_per_second(),
        players: stream.stats().players.get(),
        outputs: outputs
            .iter()
            .filter(|output| output.stream == *stream.id())
            .map(|output| {
                let status = output.status();
                OutputStatus {
                    id: output.destination.id.to_string(),
                    name: output.destination.name.clone(),
                    state: status.state.label(),
                    reason: status.reason.map(crate::push::Reason::label),
                    detail: status.detail,
                    sent_bytes: output.stats.sent_bytes.get(),
                    bitrate_bits: output.stats.rate.bits_per_second(),
                    rtt_seconds: output.path.rtt().map(|rtt| rtt.as_secs_f64()),
                    retransmitted_segments: output.path.retransmitted(),
                }
            })
            .collect(),
    });
    Json(Status { streams: streams.collect() })
}
