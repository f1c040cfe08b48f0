//! The sections of the configuration as plain values. `Default` is the documented default of every key.
//!
//! What is allowed for each key stands in `keys`; how it is written, in `values`.

use std::path::PathBuf;
use std::time::Duration;

use super::face::{Api, WebOrigin};
use super::kept::{Auth, Database, History, Limits, Vault};
use super::{Listen, Project};
use crate::control::Silence;
use crate::hls::Container;
use crate::net::Network;
use crate::stream::StreamKey;

/// Everything an operator can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where what must last is kept.
    pub data_dir: PathBuf,
    /// This node's name; empty for the one that is kept in `data_dir`.
    pub node_id: String,
    /// Where people find this server; empty takes it from each request.
    pub public_url: String,
    /// How long a drain may take before connections are cut.
    pub drain_timeout: Duration,
    /// Threads of the runtime; 0 is one for each two cores.
    pub worker_threads: usize,
    /// HTTP: HLS, health, the page.
    pub http: Http,
    /// How often the API may be asked.
    pub api: Api,
    /// HTTP over TLS.
    pub https: Https,
    /// RTMP in.
    pub rtmp: Rtmp,
    /// RTMP over TLS in.
    pub rtmps: Rtmps,
    /// The certificate of our own listeners.
    pub tls: Tls,
    /// The buffer of each stream.
    pub stream: Stream,
    /// RTMP out, for all destinations.
    pub relay: Relay,
    /// Packaging for viewers.
    pub hls: Hls,
    /// Who may watch.
    pub playback: Playback,
    /// What must last.
    pub database: Database,
    /// How much people may make.
    pub limits: Limits,
    /// What happened.
    pub history: History,
    /// Who comes in, and how.
    pub auth: Auth,
    /// What secrets are sealed with.
    pub vault: Vault,
    /// Others who are told.
    pub webhooks: Webhooks,
    /// The destination to practise with.
    pub practice: Practice,
    /// The listener Prometheus reads.
    pub metrics: Metrics,
    /// Log lines.
    pub log: Log,
    /// The declared projects, in the order of the file.
    pub projects: Vec<Project>,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// Where HTTP is served; never off.
    pub listen: Listen,
    /// Connections at once; one above is closed and counted.
    pub max_connections: usize,
    /// From a connection to its first request, and from then on to the end of each request's headers.
    pub header_timeout: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub write_timeout: Duration,
    /// How long a client keeps its connection that asks for nothing and takes nothing, though it answers pings.
    pub idle_timeout: Duration,
    /// Who may say in whose name they ask, and how they were asked.
    pub trusted_proxies: Vec<Network>,
    /// Whose pages may read what the API answers.
    pub cors_origins: Vec<WebOrigin>,
}

/// `[https]`
#[derive(Debug, Clone, PartialEq)]
pub struct Https {
    /// Where the same is served over TLS, under the bounds of [`Http`].
    pub listen: Listen,
}

/// `[rtmp]`
#[derive(Debug, Clone, PartialEq)]
pub struct Rtmp {
    /// Where RTMP is taken; off only where RTMPS is on.
    pub listen: Listen,
    /// The application name in `rtmp://HOST/APP/KEY`.
    pub app: String,
    /// The chunk size we announce and send with, bytes.
    pub chunk_size: u32,
    /// What a second publisher of the same key does.
    pub on_duplicate: OnDuplicate,
    /// Whom everyone who publishes must prove to be, besides having a key; empty asks nobody.
    pub publish_user: String,
    /// With which password; empty where the user is.
    pub publish_password: StreamKey,
    /// From accept to the end of the handshake.
    pub handshake_timeout: Duration,
    /// From the end of the handshake to `publish` or `play`.
    pub connect_timeout: Duration,
    /// How long a publisher may be silent.
    pub stall_timeout: Duration,
    /// How long a player waits for a publisher.
    pub play_wait: Duration,
    /// Connections in all.
    pub max_connections: usize,
    /// Connections from one address.
    pub max_connections_per_address: usize,
    /// The largest RTMP message, bytes.
    pub message_max: u64,
    /// Chunk streams of one connection.
    pub chunk_streams_max: usize,
    /// How deep AMF0 values may nest.
    pub amf_depth_max: usize,
    /// What a connection may send before it is admitted, bytes.
    pub preauth_bytes_max: u64,
}

/// What a second publisher of the same key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDuplicate {
    /// It replaces the first.
    Takeover,
    /// It is refused.
    Reject,
}

/// `[rtmps]`
#[derive(Debug, Clone, PartialEq)]
pub struct Rtmps {
    /// Where RTMP over TLS is taken.
    pub listen: Listen,
}

/// `[tls]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tls {
    /// Where the certificate comes from.
    pub mode: TlsMode,
    /// PEM file with the certificate chain.
    pub cert: Option<PathBuf>,
    /// PEM file with the private key.
    pub key: Option<PathBuf>,
}

/// Where our certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// There is none, and no listener may want one.
    Off,
    /// From the files that are named.
    #[default]
    Files,
}

/// `[stream]`
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// How much of a stream is kept, in time.
    pub ring_duration: Duration,
    /// How much of a stream is kept, bytes.
    pub ring_bytes: u64,
    /// How long a broadcast goes on without its encoder; a project may say otherwise.
    pub hold: Duration,
    /// Whether the last picture and silence fill the time.
    pub slate: bool,
    /// How long a connected encoder may be silent before they do.
    pub slate_after: Duration,
    /// Whether a show of pictures alone gets a track of silence.
    pub silence: Silence,
}

/// `[relay]`
#[derive(Debug, Clone, PartialEq)]
pub struct Relay {
    /// How long frames gather before one write; 0 is off.
    pub coalesce: Duration,
    /// How far a destination may lag before it skips to the newest keyframe.
    pub queue: Duration,
    /// From dialling to the destination's permission to publish.
    pub connect_timeout: Duration,
    /// How long a destination may take no bytes.
    pub stall_timeout: Duration,
    /// The first pause before another attempt.
    pub retry_min: Duration,
    /// The longest pause before another attempt.
    pub retry_max: Duration,
    /// After how long of sending the attempts count from one again.
    pub healthy_after: Duration,
    /// Failures in a row that open a host's circuit.
    pub circuit_after: u32,
    /// How long an open circuit stays open.
    pub circuit_open: Duration,
    /// Unsent bytes the kernel holds for one destination (`TCP_NOTSENT_LOWAT`).
    pub send_buffer: u64,
    /// Which addresses destinations and webhooks may have; webhooks none inside, unless all may.
    pub allow_private: AllowPrivate,
}

/// Whether destinations and webhooks may lead into private networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AllowPrivate {
    /// Where no strangers may come ([`Auth::strangers_may_come`]); never to link-local addresses.
    #[default]
    Auto,
    /// Anywhere.
    Always,
    /// To the internet alone.
    Never,
}

/// `[hls]`
#[derive(Debug, Clone, PartialEq)]
pub struct Hls {
    /// Whether streams are packaged at all.
    pub enabled: bool,
    /// The form of segments.
    pub container: Container,
    /// The target duration of a segment.
    pub segment: Duration,
    /// Whether parts are published as they are finished.
    pub low_latency: bool,
    /// The target duration of a part.
    pub part: Duration,
    /// Segments in the playlist.
    pub window: usize,
    /// A segment is cut here even without a keyframe.
    pub segment_max: Duration,
    /// How long after an unclean end the playlist stays open.
    pub resume: Duration,
}

/// `[playback]`
#[derive(Debug, Clone, PartialEq)]
pub struct Playback {
    /// Whether viewers need a token.
    pub require_token: bool,
    /// What tokens are signed with; empty where there are none.
    pub secret: StreamKey,
}

/// `[webhooks]`
#[derive(Debug, Clone, PartialEq)]
pub struct Webhooks {
    /// How long a receiver may take, from the look-up of its name to the end of its answer.
    pub timeout: Duration,
}

/// `[practice]`
#[derive(Debug, Clone, PartialEq)]
pub struct Practice {
    /// Where the practice destination listens.
    pub listen: Listen,
}

impl Default for Practice {
    fn default() -> Self {
        Self { listen: Listen::At(([127, 0, 0, 1], 1940).into()) }
    }
}

/// `[metrics]`
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// Where `/metrics` is served.
    pub listen: Listen,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// A level, or a filter such as `info,gostream::rtmp=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "./data".into(),
            node_id: String::new(),
            drain_timeout: Duration::from_secs(10),
            worker_threads: 0,
            public_url: String::new(),
            api: Api::default(),
            http: Http::default(),
            https: Https::default(),
            rtmp: Rtmp::default(),
            rtmps: Rtmps::default(),
            tls: Tls::default(),
            stream: Stream::default(),
            relay: Relay::default(),
            hls: Hls::default(),
            playback: Playback::default(),
            database: Database::default(),
            limits: Limits::default(),
            history: History::default(),
            auth: Auth::default(),
            vault: Vault::default(),
            webhooks: Webhooks::default(),
            practice: Practice::default(),
            metrics: Metrics::default(),
            log: Log::default(),
            projects: Vec::new(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: Listen::Everywhere(8080),
            max_connections: 16_384,
            header_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
        }
    }
}

impl Default for Https {
    fn default() -> Self {
        Self { listen: Listen::Off }
    }
}

impl Default for Rtmp {
    fn default() -> Self {
        Self {
            listen: Listen::Everywhere(1935),
            app: "live".to_owned(),
            chunk_size: 65_536,
            on_duplicate: OnDuplicate::Takeover,
            publish_user: String::new(),
            publish_password: StreamKey::new(""),
            handshake_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(15),
            play_wait: Duration::from_secs(60),
            max_connections: 4096,
            max_connections_per_address: 1024,
            message_max: 16 * MIB,
            chunk_streams_max: 64,
            amf_depth_max: 16,
            preauth_bytes_max: 256 * KIB,
        }
    }
}

impl Default for Rtmps {
    fn default() -> Self {
        Self { listen: Listen::Off }
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            ring_duration: Duration::from_secs(12),
            ring_bytes: 32 * MIB,
            hold: Duration::from_secs(30),
            slate: true,
            slate_after: Duration::from_secs(1),
            silence: Silence::Auto,
        }
    }
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            coalesce: Duration::from_millis(50),
            queue: Duration::from_secs(4),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(10),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            healthy_after: Duration::from_secs(60),
            circuit_after: 8,
            circuit_open: Duration::from_secs(30),
            send_buffer: 64 * KIB,
            allow_private: AllowPrivate::Auto,
        }
    }
}

impl Default for Hls {
    fn default() -> Self {
        Self {
            enabled: true,
            container: Container::Fmp4,
            segment: Duration::from_secs(2),
            low_latency: true,
            part: Duration::from_millis(333),
            window: 10,
            segment_max: Duration::from_secs(10),
            resume: Duration::ZERO,
        }
    }
}

impl Default for Playback {
    fn default() -> Self {
        Self { require_token: false, secret: StreamKey::new("") }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(15) }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { listen: Listen::At(([127, 0, 0, 1], 9090).into()) }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}
