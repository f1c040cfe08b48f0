//! Every metric there is: its name, what it means, and the labels of each of its samples.
//!
//! Conventions, held by a test: `snake_case`, base units (`bytes`, `seconds`, `bits`) at the end, `_total` on counters
//! and on nothing else. A `stream` is a project's playback id, an `output` the slug of its destination's name: both are
//! bounded by the configuration.

/// Whether a metric only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It grows from 0 at the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts in buckets, and a sum.
    Histogram,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its full name.
    pub name: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// One sentence for people.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

/// Declares each metric once, and the table of all of them.
macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $constant: Metric =
                Metric { name: $name, kind: Kind::$kind, help: $help, labels: &[$($label),*] };
        )*

        /// All metrics, in the order in which they are rendered.
        pub static ALL: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    BUILD_INFO = Gauge "gostream_build_info" ["version"] "The version that runs; always 1.";
    PROCESS_START_TIME = Gauge "process_start_time_seconds" [] "When the process started, since the epoch.";
    PROCESS_CPU = Counter "process_cpu_seconds_total" [] "Processor time, user and system.";
    PROCESS_RESIDENT_MEMORY = Gauge "process_resident_memory_bytes" [] "Resident memory.";
    PROCESS_THREADS = Gauge "process_threads" [] "Threads of the process.";
    PROCESS_OPEN_FDS = Gauge "process_open_fds" [] "Open file descriptors.";
    PROCESS_MAX_FDS = Gauge "process_max_fds" [] "File descriptors that may be open.";

    CONNECTIONS = Gauge "gostream_connections" ["service"] "Open connections of a listener.";
    CONNECTIONS_TOTAL = Counter "gostream_connections_total" ["service"] "Connections a listener has taken.";
    CONNECTIONS_REJECTED = Counter "gostream_connections_rejected_total" ["service", "reason"]
        "Connections a listener has refused.";
    TLS_FAILED = Counter "gostream_tls_handshakes_failed_total" ["service", "reason"]
        "TLS handshakes that failed, or took too long.";
    TLS_EXPIRY = Gauge "gostream_tls_certificate_expiry_timestamp_seconds" []
        "When our certificate ceases to be valid, since the epoch.";
    TLS_RELOADS = Counter "gostream_tls_certificate_reloads_total" ["result"]
        "Times new certificate files were read: taken into service, or no good.";
    VIOLATIONS = Counter "gostream_client_violations_total" ["reason"]
        "Connections closed because the client broke a rule or a bound, by which.";
    PUBLISH = Counter "gostream_publish_total" ["result"] "Attempts to publish, by how they ended.";
    PUBLISH_AUTH_STEPS = Counter "gostream_publish_auth_steps_total" ["step"]
        "Connections of publishers that were told to log in and to come back.";
    PLAY = Counter "gostream_play_total" ["result"] "Attempts to play over RTMP, by how they ended.";
    REFUSED_FRAMES = Counter "gostream_refused_frames_total" ["reason"] "Frames of publishers that were not used.";

    STREAM_STATE = Gauge "gostream_stream_state" ["stream", "state"]
        "Whether a stream is in this state: 1 for the present one.";
    STREAM_RECEIVED_BYTES = Counter "gostream_stream_received_bytes_total" ["stream"]
        "Bytes received from a stream's publishers.";
    STREAM_PACKETS = Counter "gostream_stream_packets_total" ["stream", "track"]
        "Packets received from a stream's publishers.";
    STREAM_DROPPED_PACKETS = Counter "gostream_stream_dropped_packets_total" ["stream", "cause"]
        "Packets of publishers that were not used, by cause.";
    STREAM_SLATE_PACKETS = Counter "gostream_stream_slate_packets_total" ["stream"]
        "Frames made up while the encoder was away.";
    STREAM_INTERRUPTIONS = Counter "gostream_stream_interruptions_total" ["stream"]
        "Times the encoder went away without a goodbye while on the air.";
    STREAM_DISCONTINUITIES = Counter "gostream_stream_discontinuities_total" ["stream"]
        "Times the source's clock broke or the source changed.";
    STREAM_BITRATE = Gauge "gostream_stream_bitrate_bits" ["stream"] "Present bitrate of a stream, bits a second.";
    STREAM_RING_BYTES = Gauge "gostream_stream_ring_bytes" ["stream"] "Bytes in a stream's ring.";
    STREAM_PLAYERS = Gauge "gostream_stream_players" ["stream"] "RTMP players of a stream.";
    STREAM_PLAYER_SENT_BYTES = Counter "gostream_stream_player_sent_bytes_total" ["stream"]
        "Bytes sent to RTMP players of a stream.";
    STREAM_PLAYER_DROPPED_PACKETS = Counter "gostream_stream_player_dropped_packets_total" ["stream", "cause"]
        "Packets RTMP players of a stream were not sent, by cause.";

    OUTPUT_STATE = Gauge "gostream_output_state" ["stream", "output", "state"]
        "Whether an output is in this state: 1 for the present one.";
    OUTPUT_SENT_BYTES = Counter "gostream_output_sent_bytes_total" ["stream", "output"] "Bytes sent to a destination.";
    OUTPUT_BITRATE = Gauge "gostream_output_bitrate_bits" ["stream", "output"]
        "Present bitrate of an output, bits a second.";
    OUTPUT_PACKETS = Counter "gostream_output_packets_total" ["stream", "output"] "Packets sent to a destination.";
    OUTPUT_DROPPED_PACKETS = Counter "gostream_output_dropped_packets_total" ["stream", "output", "cause"]
        "Packets a destination was not sent, by cause.";
    OUTPUT_LAG = Gauge "gostream_output_lag_seconds" ["stream", "output"] "How far an output is behind its stream.";
    OUTPUT_RTT = Gauge "gostream_output_rtt_seconds" ["stream", "output"]
        "Round-trip time to a destination, smoothed by the kernel; absent where it does not tell.";
    OUTPUT_RETRANSMITTED = Counter "gostream_output_retransmitted_segments_total" ["stream", "output"]
        "TCP segments sent to a destination again; absent where the kernel does not tell.";
    OUTPUT_RECONNECTS = Counter "gostream_output_reconnects_total" ["stream", "output"]
        "Times an output was connected again.";

    HLS_REQUESTS = Counter "gostream_hls_requests_total" ["stream", "kind"] "HLS requests answered, by what was asked for.";
    HLS_LEFT_OUT_PACKETS = Counter "gostream_hls_left_out_packets_total" ["stream"]
        "Packets of tracks that HLS cannot carry, or that are too many.";
    HLS_PLAYLIST_RENDERS = Counter "gostream_hls_playlist_renders_total" ["stream"]
        "Media playlists rendered; each is shared by all viewers.";
    HLS_WAITING_REQUESTS = Gauge "gostream_hls_waiting_requests" ["stream"]
        "HLS requests that wait for a part or a playlist.";
    HLS_VIEWERS = Gauge "gostream_hls_viewers" ["stream"]
        "Viewers of a stream over HLS: distinct by address, User-Agent and token, seen in the last three target durations.";
    HLS_VIEWERS_EXCEEDED = Gauge "gostream_hls_viewers_exceeded" ["stream"]
        "Whether a stream has more viewers over HLS than can be told apart, 65536.";
    TOKENS_REFUSED = Counter "gostream_playback_refused_total" ["reason"]
        "Attempts to play, over HLS or RTMP, without a token that is good for it.";
    API_REQUESTS = Counter "gostream_api_requests_total" ["route", "method", "code"]
        "API requests answered, by the route's template and the answer's status.";
    API_EVENT_STREAMS = Gauge "gostream_api_event_streams" [] "Streams of events that are open.";
    API_DURATION = Histogram "gostream_api_request_duration_seconds" ["route", "method"]
        "How long API requests took to answer.";
    HLS_BYTES = Counter "gostream_hls_bytes_total" ["stream", "kind"] "HLS bytes answered, by what was asked for.";

    STORE_CONNECTIONS = Gauge "gostream_store_connections" ["state"] "Connections to the database, in use or idle.";
    STORE_CONNECTIONS_MAX = Gauge "gostream_store_connections_max" [] "Connections to the database that there may be.";
    STORE_ACQUIRE_TIMEOUT = Gauge "gostream_store_acquire_timeout_seconds" []
        "How long a call waits for a connection to the database.";
    STORE_STATEMENT_TIMEOUT = Gauge "gostream_store_statement_timeout_seconds" [] "How long a statement may run.";
    STORE_STATEMENTS = Counter "gostream_store_statements_total" ["kind"] "Statements that the database was asked.";
    STORE_STATEMENT_TIME = Counter "gostream_store_statement_seconds_total" [] "Time that statements took.";
    STORE_ERRORS = Counter "gostream_store_errors_total" ["reason"]
        "Statements that failed by the database's fault, and calls that got no connection in time.";
    STORE_WAITS = Counter "gostream_store_acquire_waits_total" [] "Calls that found no idle connection.";
    STORE_WAIT_TIME = Counter "gostream_store_acquire_wait_seconds_total" [] "Time that such calls waited.";
    STORE_CACHE_HITS = Counter "gostream_store_cache_hits_total" ["cache"] "Look-ups answered without the database.";
    STORE_CACHE_MISSES = Counter "gostream_store_cache_misses_total" ["cache"] "Look-ups that a cache could not answer.";
    SIGN_INS_LIMITED = Counter "gostream_sign_ins_limited_total" ["by"] "Attempts to sign in or up that were too many.";
    PROJECTS = Gauge "gostream_projects" [] "Projects that are known.";
    WORKER_FAULTS = Counter "gostream_worker_faults_total" ["worker"]
        "Workers that ended by a fault of this program, and were begun again.";
    PROJECT_REFRESHES = Counter "gostream_project_refreshes_total" [] "Times a project was read anew after a change.";

    EVENTS = Counter "gostream_events_total" ["result"]
        "What happened: kept, lost because too much waited, or refused by the database.";
    EVENTS_WAITING = Gauge "gostream_events_waiting" [] "What waits to be kept.";
    EVENTS_OUTAGES = Counter "gostream_events_outages_total" []
        "Times the database was away when something was to be kept.";
    STREAM_ISSUE = Gauge "gostream_stream_issue" ["stream", "code", "severity"]
        "1 for each issue that a broadcast has; absent where it has none.";
    WEBHOOK_ATTEMPTS = Counter "gostream_webhook_attempts_total" ["result"]
        "Attempts to deliver an event, by what came of them; paused ones were not made because the host kept failing.";
    WEBHOOK_REFUSED = Counter "gostream_webhook_refused_total" []
        "Attempts that were not made because the address leads where webhooks may not go.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        let mut seen = BTreeSet::new();
        for metric in ALL {
            let name = metric.name;
            assert!(seen.insert(name), "{name} twice");
            assert!(name.starts_with("gostream_") || name.starts_with("process_"), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            for unit in ["bytes", "seconds", "bits"] {
                let bare = name.trim_end_matches("_total");
                assert!(!bare.contains(unit) || bare.ends_with(unit), "{name}: its unit comes last");
            }
            for unit in ["_ms", "milliseconds", "_kb", "kilo", "mega", "percent"] {
                assert!(!name.contains(unit), "{name}: base units only");
            }
            assert!(metric.help.ends_with('.') && !metric.help.contains(['\n', '\\']), "{name}");
            for label in metric.labels {
                assert!(label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}{{{label}}}");
                assert!(!["le", "quantile", "job", "instance"].contains(label), "{name}{{{label}}} is taken");
            }
        }
    }
}
