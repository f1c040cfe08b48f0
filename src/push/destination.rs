//! A destination's settings, and the words for how its output is doing.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::platform::Platform;
use crate::media::Codecs;
use crate::rtmp::RtmpUrl;

/// Our own name of a destination, safe in logs and metric labels.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DestinationId(Arc<str>);

impl DestinationId {
    /// Wraps an id that we made.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// As it stands in logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a destination takes at most by the word of its owner. Each goes before what its platform says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnLimits {
    /// Bits a second of pictures and sound together.
    pub bitrate: Option<u64>,
    /// From one keyframe to the next.
    pub keyframe: Option<Duration>,
}

/// Where a stream is pushed to. Its key hides inside the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Our own name of it, unique in its stream.
    pub id: DestinationId,
    /// What whoever declared it calls it, where that is another name: the id of its row.
    pub tag: Arc<str>,
    /// For people.
    pub name: String,
    /// Address and key.
    pub url: RtmpUrl,
    /// Whether it is wanted at all.
    pub enabled: bool,
    /// Its certificate is not checked.
    pub insecure: bool,
    /// The chunk size announced to it, 128 to 65536.
    pub chunk_size: u32,
    /// What is known of it.
    pub platform: Platform,
    /// The codings it takes, whatever its platform or its server say; `None` leaves it to them.
    pub codecs: Option<Codecs>,
    /// The one track of pictures to send, by its number; `None` for the default one, and for all where the server takes
    /// several.
    pub video_track: Option<u8>,
    /// The same of sound.
    pub audio_track: Option<u8>,
    /// What it takes at most, where its owner said so. Only judged by: nothing is held back.
    pub limits: OwnLimits,
}

impl Destination {
    /// Whether a connection that was made for `other` serves this one as well: they differ at most in their
    /// name and in what is judged by.
    #[must_use]
    pub fn is_served_like(&self, other: &Self) -> bool {
        let connected = |one: &Self| {
            let id = DestinationId::new("");
            Self { id, name: String::new(), limits: OwnLimits::default(), ..one.clone() }
        };
        connected(self) == connected(other)
    }
}

/// How an output is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputState {
    /// Switched off.
    Disabled,
    /// No source.
    Idle,
    /// On the way to sending.
    Connecting,
    /// The peer takes bytes.
    Sending,
    /// It failed and will try again by itself.
    Retrying {
        /// Failures in a row.
        attempt: u32,
        /// When.
        next_retry_at: SystemTime,
    },
    /// It failed and needs a person.
    Failed,
    /// Saying goodbye to the peer.
    Stopping,
}

impl OutputState {
    /// All labels, for metrics.
    pub const LABELS: [&'static str; 7] =
        ["disabled", "idle", "connecting", "sending", "retrying", "failed", "stopping"];

    /// A short label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Sending => "sending",
            Self::Retrying { .. } => "retrying",
            Self::Failed => "failed",
            Self::Stopping => "stopping",
        }
    }
}

/// Why an output is not sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The host's name has no address.
    Dns,
    /// The name leads to an address that destinations may not have here.
    AddressForbidden,
    /// Nothing listens there, or the network says so.
    TcpRefused,
    /// No answer to the connection attempt.
    TcpTimeout,
    /// TLS failed: a wrong certificate, or no TLS there.
    Tls,
    /// Something answers that is no RTMP server.
    Handshake,
    /// The server refused the app.
    ConnectRejected,
    /// The server refused the stream key, or the stream.
    PublishRejected,
    /// The server closed the connection.
    ClosedByPeer,
    /// The server stopped taking bytes, or never answered.
    Stalled,
    /// The server does not take the stream's codec.
    CodecUnsupported,
    /// The stream has no such track as it is to be sent.
    TrackMissing,
    /// Its host failed so often that attempts pause.
    CircuitOpen,
}

impl Reason {
    /// A short label: in metrics, events and the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::AddressForbidden => "address_forbidden",
            Self::TcpRefused => "tcp_refused",
            Self::TcpTimeout => "tcp_timeout",
            Self::Tls => "tls",
            Self::Handshake => "handshake",
            Self::ConnectRejected => "connect_rejected",
            Self::PublishRejected => "publish_rejected",
            Self::ClosedByPeer => "closed_by_peer",
            Self::Stalled => "stalled",
            Self::CodecUnsupported => "codec_unsupported",
            Self::TrackMissing => "track_missing",
            Self::CircuitOpen => "circuit_open",
        }
    }

    /// Whether the server said no to us, rather than the network.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::ConnectRejected | Self::PublishRejected)
    }

    /// Whether the stream is not what the destination takes, so that only another stream helps, or another setting.
    #[must_use]
    pub const fn is_misfit(self) -> bool {
        matches!(self, Self::CodecUnsupported | Self::TrackMissing)
    }

    /// Whether it speaks against the host as such, and so counts for its circuit breaker.
    #[must_use]
    pub const fn blames_host(self) -> bool {
        matches!(self, Self::Dns | Self::TcpRefused | Self::TcpTimeout | Self::Tls | Self::Handshake)
    }
}

/// How an output is doing, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: OutputState,
    /// Why it is not sending, or why it last stopped.
    pub reason: Option<Reason>,
    /// What the system or the peer said, bounded and without secrets.
    pub detail: String,
    /// When the state began.
    pub since: SystemTime,
}
