//! The media engine's figures as samples: the one place that knows both its counters and the names of metrics.

use std::sync::Arc;
use std::time::Duration;

use super::{Collect, Samples, names};
use crate::auth::PlaybackTokens;
use crate::hls::{Kind, Library};
use crate::net::{Connections, RejectReason};
use crate::push::{OutputState, Supervisor};
use crate::session::SessionStats;
use crate::stream::{Registry, StreamState, TokenFault};

/// Where the figures are.
pub struct EngineFigures {
    /// Streams.
    pub registry: Arc<Registry>,
    /// Outputs.
    pub supervisor: Arc<Supervisor>,
    /// What became of connections.
    pub sessions: Arc<SessionStats>,
    /// Connections of the RTMP listeners.
    pub connections: Vec<Arc<Connections>>,
    /// What HTTP served.
    pub library: Arc<Library>,
    /// Who was not let in, where viewers need tokens.
    pub tokens: Option<Arc<PlaybackTokens>>,
}

impl Collect for EngineFigures {
    fn collect(&self, out: &mut Samples) {
        self.connections(out);
        self.streams(out);
        self.outputs(out);
        self.hls(out);
        if let Some(tokens) = &self.tokens {
            for fault in TokenFault::ALL {
                out.add(&names::TOKENS_REFUSED, &[fault.label()], tokens.refused(fault));
            }
        }
    }
}

impl EngineFigures {
    fn connections(&self, out: &mut Samples) {
        for connections in &self.connections {
            let service = connections.service;
            out.add(&names::CONNECTIONS, &[service], connections.open());
            out.add(&names::CONNECTIONS_TOTAL, &[service], connections.accepted());
            for (label, reason) in [
                ("max_connections", RejectReason::Max),
                ("max_connections_per_address", RejectReason::MaxPerAddress),
            ] {
                out.add(&names::CONNECTIONS_REJECTED, &[service, label], connections.rejected(reason));
            }
        }
        for (reason, count) in self.sessions.tls_failures.all() {
            out.add(&names::TLS_FAILED, &["rtmps", reason], count);
        }
        for (reason, count) in self.sessions.violations.all() {
            out.add(&names::VIOLATIONS, &[reason], count);
        }
        for (result, count) in self.sessions.publishes.all() {
            out.add(&names::PUBLISH, &[result], count);
        }
        for (step, count) in self.sessions.auth_steps.all() {
            out.add(&names::PUBLISH_AUTH_STEPS, &[step], count);
        }
        for (result, count) in self.sessions.plays.all() {
            out.add(&names::PLAY, &[result], count);
        }
        for (reason, count) in self.sessions.refused_frames.all() {
            out.add(&names::REFUSED_FRAMES, &[reason], count);
        }
    }

    fn streams(&self, out: &mut Samples) {
        for stream in self.registry.all() {
            let (id, stats) = (stream.id().as_str(), stream.stats());
            let state = stream.state().borrow().label();
            out.state(&names::STREAM_STATE, &[id], &StreamState::LABELS, state);
            out.add(&names::STREAM_RECEIVED_BYTES, &[id], stats.received_bytes.get());
            out.add(&names::STREAM_PACKETS, &[id, "video"], stats.video_packets.get());
            out.add(&names::STREAM_PACKETS, &[id, "audio"], stats.audio_packets.get());
            out.add(&names::STREAM_PACKETS, &[id, "data"], stats.data_packets.get());
            out.add(
                &names::STREAM_DROPPED_PACKETS,
                &[id, "awaiting_keyframe"],
                stats.awaiting_keyframe.get(),
            );
            out.add(&names::STREAM_DROPPED_PACKETS, &[id, "late"], stats.late_packets.get());
            out.add(&names::STREAM_SLATE_PACKETS, &[id], stats.slate_packets.get());
            out.add(&names::STREAM_INTERRUPTIONS, &[id], stats.interruptions.get());
            out.add(&names::STREAM_DISCONTINUITIES, &[id], stats.discontinuities.get());
            out.add(&names::STREAM_BITRATE, &[id], stats.rate.bits_per_second());
            out.add(&names::STREAM_RING_BYTES, &[id], stream.ring_bytes());
            out.add(&names::STREAM_PLAYERS, &[id], stats.players.get());
            out.add(&names::STREAM_PLAYER_SENT_BYTES, &[id], stats.player_output.sent_bytes.get());
            for (cause, dropped) in [
                ("lag", stats.player_output.dropped_lag.get()),
                ("overtaken", stats.player_output.dropped_overtaken.get()),
            ] {
                out.add(&names::STREAM_PLAYER_DROPPED_PACKETS, &[id, cause], dropped);
            }
        }
    }

    fn outputs(&self, out: &mut Samples) {
        for output in self.supervisor.outputs() {
            let labels = [output.stream.as_str(), output.destination.id.as_str()];
            let [stream, id] = labels;
            let stats = &output.stats;
            out.state(&names::OUTPUT_STATE, &labels, &OutputState::LABELS, output.status().state.label());
            out.add(&names::OUTPUT_SENT_BYTES, &labels, stats.sent_bytes.get());
            out.add(&names::OUTPUT_BITRATE, &labels, stats.rate.bits_per_second());
            out.add(&names::OUTPUT_PACKETS, &labels, stats.sent_packets.get());
            out.add(&names::OUTPUT_DROPPED_PACKETS, &[stream, id, "lag"], stats.dropped_lag.get());
            out.add(
                &names::OUTPUT_DROPPED_PACKETS,
                &[stream, id, "overtaken"],
                stats.dropped_overtaken.get(),
            );
            out.add(&names::OUTPUT_LAG, &labels, Duration::from_millis(stats.lag_millis.get()));
            if let Some(rtt) = output.path.rtt() {
                out.add(&names::OUTPUT_RTT, &labels, rtt);
            }
            if let Some(segments) = output.path.retransmitted() {
                out.add(&names::OUTPUT_RETRANSMITTED, &labels, segments);
            }
            out.add(&names::OUTPUT_RECONNECTS, &labels, output.reconnects.get());
        }
        out.add(&names::WORKER_FAULTS, &["output"], self.supervisor.faults());
    }

    fn hls(&self, out: &mut Samples) {
        for (id, rendition) in self.library.all() {
            let (stream, counters) = (id.as_str(), rendition.counters());
            for kind in Kind::ALL {
                out.add(&names::HLS_REQUESTS, &[stream, kind.as_str()], counters.requests(kind));
                out.add(&names::HLS_BYTES, &[stream, kind.as_str()], counters.bytes(kind));
            }
            let audience = rendition.audience();
            out.add(&names::HLS_VIEWERS, &[stream], audience.viewers);
            out.add(&names::HLS_VIEWERS_EXCEEDED, &[stream], audience.or_more);
            out.add(&names::HLS_LEFT_OUT_PACKETS, &[stream], counters.left_out());
            out.add(&names::HLS_PLAYLIST_RENDERS, &[stream], counters.renders());
            out.add(&names::HLS_WAITING_REQUESTS, &[stream], rendition.waiting() as u64);
        }
    }
}
