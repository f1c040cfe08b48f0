//! From an address to a connection that takes media: name, TCP, TLS, handshake, connect, publish.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::Instant;

use super::destination::{Destination, Reason};
use crate::net::{Allowed, Failure, Reach, SocketOptions, Step, Transport, client_config, flush, step};
use crate::rtmp::{Client, ClientConfig, ClientEvent, InvalidUrl, Limits, Refusal, RtmpUrl, Stage};

/// What a peer says is kept up to this many characters.
const DETAIL_MAX: usize = 300;
/// Bounds on what a destination may make us hold: it only ever sends small answers.
pub(super) const LIMITS: Limits =
    Limits { message_max: 1 << 20, chunk_streams_max: 64, amf_depth_max: 16, preauth_bytes_max: u64::MAX };

/// How often in a row a server is followed that sends us on before it takes the stream.
const HOPS_MAX: usize = 3;

/// A failed attempt, or why an output stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn new(reason: Reason, detail: impl AsRef<str>) -> Self {
        let printable = detail.as_ref().chars().filter(|c| !c.is_control());
        Self { reason, detail: printable.take(DETAIL_MAX).collect() }
    }
}

/// A connection that takes media.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) transport: Arc<Transport>,
    pub(super) client: Box<Client>,
    pub(super) stream_id: u32,
    /// Where it is.
    pub(super) url: RtmpUrl,
    /// How far the server's address reaches.
    pub(super) reach: Reach,
}

/// Where to connect, of a destination.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) url: RtmpUrl,
    /// Addresses that reach less far are not connected to: where a server sends us is its word and not the operator's.
    pub(super) at_least: Reach,
}

impl Route {
    /// As configured.
    pub(super) fn own(destination: &Destination) -> Self {
        Self { url: destination.url.clone(), at_least: Reach::Host }
    }

    /// Where a server asks us to go on. The configured host and port are as good as configured. Any other place, which
    /// gets the key, must not be nearer to us than this server is, or a stranger on the internet could have us knock at
    /// doors inside our network, if need be by a name of his own that leads there; and TLS is never given up.
    pub(super) fn elsewhere(
        destination: &Destination,
        (from, reach): (&RtmpUrl, Reach),
        tc_url: &str,
    ) -> Result<Self, InvalidUrl> {
        let url = from.resolve(tc_url)?;
        let own = &destination.url;
        let at_least = if url.is_same_host(own) && url.port == own.port { Reach::Host } else { reach };
        Ok(Self { url, at_least })
    }
}

/// Makes connections.
#[derive(Debug)]
pub(super) struct Dialer {
    timeout: Duration,
    allowed: Allowed,
    socket: SocketOptions,
    verified: OnceLock<Arc<rustls::ClientConfig>>,
    insecure: OnceLock<Arc<rustls::ClientConfig>>,
}

impl Dialer {
    pub(super) const fn new(timeout: Duration, allowed: Allowed, socket: SocketOptions) -> Self {
        Self { timeout, allowed, socket, verified: OnceLock::new(), insecure: OnceLock::new() }
    }

    /// Connects and publishes, all within the timeout, also where a server sends us on before it takes the stream.
    pub(super) async fn dial(&self, destination: &Destination, route: &Route) -> Result<Connected, Fault> {
        let deadline = Instant::now() + self.timeout;
        let mut route = route.clone();
        for _ in 0..=HOPS_MAX {
            match self.dial_once(destination, &route, deadline).await? {
                Answer::Taken(connected) => return Ok(connected),
                Answer::Elsewhere(reach, tc_url) => {
                    route = Route::elsewhere(destination, (&route.url, reach), &tc_url).map_err(|error| {
                        let said = format!("the server sent us to an address that will not do: {error}");
                        Fault::new(Reason::ClosedByPeer, said)
                    })?;
                    tracing::info!(to = route.url.origin(), "the server sends us on");
                }
            }
        }
        Err(Fault::new(Reason::ClosedByPeer, "the server sent us on too often"))
    }

    async fn dial_once(
        &self,
        destination: &Destination,
        route: &Route,
        deadline: Instant,
    ) -> Result<Answer, Fault> {
        let (tcp, reach) = self.connect(route, deadline).await?;
        let transport = self.secure(&route.url, destination.insecure, tcp, deadline).await?;
        transport
            .configure(self.socket)
            .map_err(|error| Fault::new(Reason::TcpRefused, error.to_string()))?;
        let config =
            ClientConfig { url: route.url.clone(), chunk_size: destination.chunk_size, limits: LIMITS };
        let mut client = Box::new(Client::new(config, fastrand::u64(..)));
        let published = tokio::time::timeout_at(deadline, publish(&transport, &mut client)).await;
        match published {
            Ok(Ok(Published::As(stream_id))) => Ok(Answer::Taken(Connected {
                transport: Arc::new(transport),
                client,
                stream_id,
                url: route.url.clone(),
                reach,
            })),
            Ok(Ok(Published::Elsewhere(tc_url))) => Ok(Answer::Elsewhere(reach, tc_url)),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(silence(client.stage())),
        }
    }

    /// The addresses of a name.
    pub(super) async fn look_up(url: &RtmpUrl, deadline: Instant) -> Result<Vec<SocketAddr>, Fault> {
        let lookup = tokio::time::timeout_at(deadline, lookup_host((url.host.as_str(), url.port))).await;
        let addresses = match lookup {
            Ok(Ok(addresses)) => addresses.collect::<Vec<SocketAddr>>(),
            Ok(Err(error)) => return Err(Fault::new(Reason::Dns, error.to_string())),
            Err(_) => return Err(Fault::new(Reason::Dns, "the name server did not answer in time")),
        };
        if addresses.is_empty() {
            return Err(Fault::new(Reason::Dns, "the name has no address"));
        }
        Ok(addresses)
    }

    /// Whether a name leads to an address now that may be had. Nobody is connected to.
    pub(super) async fn permits(&self, url: &RtmpUrl) -> bool {
        let looked_up = Self::look_up(url, Instant::now() + self.timeout).await;
        looked_up.is_ok_and(|all| all.iter().any(|address| self.allowed.takes(Reach::of(address.ip()))))
    }

    async fn connect(&self, route: &Route, deadline: Instant) -> Result<(TcpStream, Reach), Fault> {
        let addresses = Self::look_up(&route.url, deadline).await?;
        self.connect_to(addresses, route.at_least, deadline).await
    }

    /// A connection to the first of the addresses that takes it. Each is judged here, after the name was looked up: a name
    /// may lead elsewhere than when it was configured.
    pub(super) async fn connect_to(
        &self,
        addresses: Vec<SocketAddr>,
        at_least: Reach,
        deadline: Instant,
    ) -> Result<(TcpStream, Reach), Fault> {
        let mut fault = Fault::new(Reason::Dns, "the name has no address");
        let (mut left, mut is_tried) = (addresses.len(), false);
        for address in addresses {
            // Each address gets its share of the time, so that a silent first one does not use it all.
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / u32::try_from(left).unwrap_or(1);
            left = left.saturating_sub(1).max(1);
            let reach = Reach::of(address.ip());
            if !self.allowed.takes(reach) {
                // Of a name with several addresses, one that may be had and does not answer says more.
                if !is_tried {
                    let said = "the address leads into a private network, which destinations may not \
                                (relay.allow_private)";
                    fault = Fault::new(Reason::AddressForbidden, said);
                }
                continue;
            }
            if reach < at_least {
                fault = Fault::new(Reason::TcpRefused, "the server sent us to an address inside our network");
                continue;
            }
            is_tried = true;
            fault = match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => return Ok((tcp, reach)),
                Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                    Fault::new(Reason::TcpTimeout, error.to_string())
                }
                Ok(Err(error)) => Fault::new(Reason::TcpRefused, error.to_string()),
                Err(_) => Fault::new(Reason::TcpTimeout, "no answer to the connection attempt"),
            };
        }
        Err(fault)
    }

    pub(super) async fn secure(
        &self,
        url: &RtmpUrl,
        insecure: bool,
        tcp: TcpStream,
        deadline: Instant,
    ) -> Result<Transport, Fault> {
        if !url.tls {
            return Ok(Transport::plain(tcp));
        }
        let config = self.tls(insecure)?;
        let name = ServerName::try_from(url.host.clone())
            .map_err(|error| Fault::new(Reason::Tls, error.to_string()))?;
        match tokio::time::timeout_at(deadline, Transport::connect_tls(tcp, config, name)).await {
            Ok(Ok(transport)) => Ok(transport),
            Ok(Err(error)) => Err(Fault::new(Reason::Tls, error.to_string())),
            Err(_) => Err(Fault::new(Reason::Tls, "the TLS handshake took too long")),
        }
    }

    /// Made at first use: the system's roots take memory that a relay without RTMPS need not spend.
    fn tls(&self, insecure: bool) -> Result<Arc<rustls::ClientConfig>, Fault> {
        let cell = if insecure { &self.insecure } else { &self.verified };
        if let Some(config) = cell.get() {
            return Ok(Arc::clone(config));
        }
        let config = client_config(insecure).map_err(|error| Fault::new(Reason::Tls, error.to_string()))?;
        Ok(Arc::clone(cell.get_or_init(|| config)))
    }
}

/// What a server answers to a connection.
enum Answer {
    Taken(Connected),
    /// It is to be left for this address; how far its own reaches.
    Elsewhere(Reach, String),
}

/// What a server answers to `publish`.
pub(super) enum Published {
    /// On this message stream.
    As(u32),
    Elsewhere(String),
}

pub(super) async fn publish(transport: &Transport, client: &mut Client) -> Result<Published, Fault> {
    loop {
        // What it said comes before what became of the connection: one that refuses often closes at once.
        match client.poll_event() {
            Some(ClientEvent::Publishing { stream_id }) => return Ok(Published::As(stream_id)),
            Some(ClientEvent::Refused(refusal)) => return Err(refused(&refusal)),
            Some(ClientEvent::ReconnectRequest { tc_url }) => return Ok(Published::Elsewhere(tc_url)),
            None => {}
        }
        flush(transport, client).await.map_err(|error| broken(client.stage(), &error.into()))?;
        match step(transport, client).await {
            Ok(Step::Fed) => {}
            Ok(Step::Closed) => {
                return Err(Fault::new(Reason::ClosedByPeer, closed_at(client.stage())));
            }
            Err(failure) => return Err(broken(client.stage(), &failure)),
        }
    }
}

/// Talks to a server until it has taken `connect`, and no further.
pub(super) async fn introduce(transport: &Transport, client: &mut Client) -> Result<(), Fault> {
    loop {
        if !matches!(client.stage(), Stage::Handshake | Stage::Connect) {
            return Ok(());
        }
        match client.poll_event() {
            Some(ClientEvent::Refused(refusal)) => return Err(refused(&refusal)),
            Some(ClientEvent::ReconnectRequest { .. }) => return Ok(()),
            Some(ClientEvent::Publishing { .. }) | None => {}
        }
        flush(transport, client).await.map_err(|error| broken(client.stage(), &error.into()))?;
        match step(transport, client).await {
            Ok(Step::Fed) => {}
            Ok(Step::Closed) => return Err(Fault::new(Reason::ClosedByPeer, closed_at(client.stage()))),
            Err(failure) => return Err(broken(client.stage(), &failure)),
        }
    }
}

/// What a failure on a connection means.
pub(super) fn broken(stage: Stage, failure: &Failure) -> Fault {
    let reason = match (stage, failure) {
        (Stage::Handshake, _) | (_, Failure::Protocol(_)) => Reason::Handshake,
        _ => Reason::ClosedByPeer,
    };
    Fault::new(reason, failure.to_string())
}

/// What a refusal means.
pub(super) fn refused(refusal: &Refusal) -> Fault {
    let reason = match refusal.stage {
        Stage::Handshake | Stage::Connect => Reason::ConnectRejected,
        Stage::CreateStream | Stage::Publish | Stage::Publishing => Reason::PublishRejected,
    };
    let (code, description) = (&refusal.code, &refusal.description);
    let said = if description.is_empty() { code.clone() } else { format!("{description} ({code})") };
    Fault::new(reason, said)
}

pub(super) fn silence(stage: Stage) -> Fault {
    match stage {
        Stage::Handshake => Fault::new(Reason::Handshake, "no RTMP handshake in time"),
        Stage::Connect => Fault::new(Reason::Stalled, "no answer to connect"),
        Stage::CreateStream => Fault::new(Reason::Stalled, "no answer to createStream"),
        Stage::Publish | Stage::Publishing => Fault::new(Reason::Stalled, "no answer to publish"),
    }
}

/// Several services answer a wrong key by closing without a word.
const fn closed_at(stage: Stage) -> &'static str {
    match stage {
        Stage::Handshake => "the server closed during the handshake",
        Stage::Connect => "the server closed instead of answering connect; is the address right?",
        Stage::CreateStream | Stage::Publish => {
            "the server closed instead of accepting the stream; is the stream key right?"
        }
        Stage::Publishing => "the server closed the connection",
    }
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
