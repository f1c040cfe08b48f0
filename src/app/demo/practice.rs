//! The practice destination: an RTMP server on loopback that takes what it is sent, counts it, and keeps nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::PRACTICE_APP;
use crate::net::{Failure, Step, Transport, flush, step};
use crate::rtmp::{Limits, MessageType, PublishRefusal, Server, ServerConfig, ServerEvent};
use crate::stream::{Figure, StreamKey};

/// How long to wait after an `accept` that failed: mostly we are out of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections at once; one above is closed.
const CONNECTIONS_MAX: usize = 64;

/// Who may publish to it.
#[derive(Debug, Clone)]
pub(super) enum Welcome {
    /// Who has this key.
    Key(StreamKey),
    /// Whoever finds it, which is on this machine.
    Everybody,
}

impl Welcome {
    fn takes(&self, offered: &str) -> bool {
        match self {
            Self::Key(key) => key.matches(offered),
            Self::Everybody => true,
        }
    }
}

/// What arrived so far.
#[derive(Debug, Default)]
struct Counts {
    bytes: Figure,
    video: Figure,
    audio: Figure,
}

/// The counts, shared.
#[derive(Debug, Clone, Default)]
pub struct Practice(Arc<Counts>);

impl Practice {
    /// Bytes of media received.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.get()
    }

    /// Video messages received.
    #[must_use]
    pub fn video(&self) -> u64 {
        self.0.video.get()
    }

    /// Audio messages received.
    #[must_use]
    pub fn audio(&self) -> u64 {
        self.0.audio.get()
    }

    /// Takes connections until `stop`.
    pub(super) async fn serve(self, listener: TcpListener, welcome: Welcome, stop: CancellationToken) {
        let config = Arc::new(ServerConfig {
            app: PRACTICE_APP.to_owned(),
            chunk_size: 4_096,
            limits: Limits::default(),
            handshake_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(60),
            publish_auth: None,
        });
        let serving = async {
            let mut connections = JoinSet::new();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    Some(_) = connections.join_next() => continue,
                };
                match accepted {
                    Ok(_) if connections.len() >= CONNECTIONS_MAX => {}
                    Ok((tcp, _)) => {
                        let (practice, config, welcome) =
                            (self.clone(), Arc::clone(&config), welcome.clone());
                        connections.spawn(async move {
                            if let Err(failure) = practice.take(tcp, config, &welcome).await {
                                tracing::debug!(%failure, "practice destination: connection over");
                            }
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "practice destination: accept failed");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        stop.run_until_cancelled(serving).await;
    }

    async fn take(
        &self,
        tcp: TcpStream,
        config: Arc<ServerConfig>,
        welcome: &Welcome,
    ) -> Result<(), Failure> {
        let transport = Transport::plain(tcp);
        let mut machine = Server::new(config, fastrand::u64(..), Instant::now());
        loop {
            while let Some(event) = machine.poll_event() {
                match event {
                    ServerEvent::Publish(request) if welcome.takes(&request.name.name) => {
                        machine.accept_publish(Instant::now());
                    }
                    ServerEvent::Publish(_) => machine.refuse_publish(PublishRefusal::UnknownKey),
                    ServerEvent::Play(_) => machine.refuse_play("Nothing is kept here"),
                    ServerEvent::Media(media) => {
                        self.0.bytes.add(media.body.len() as u64);
                        match media.type_id {
                            MessageType::VIDEO => self.0.video.add(1),
                            MessageType::AUDIO => self.0.audio.add(1),
                            _ => {}
                        }
                    }
                    ServerEvent::Done | ServerEvent::Pause(_) => {}
                }
            }
            flush(&transport, &mut machine).await?;
            if machine.is_closing() || step(&transport, &mut machine).await? == Step::Closed {
                return Ok(());
            }
        }
    }
}
