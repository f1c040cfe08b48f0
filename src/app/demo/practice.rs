//! The practice destination: an RTMP server on loopback that takes one stream, counts it, and keeps nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::PRACTICE_APP;
use crate::net::{Failure, Step, Transport, flush, step};
use crate::rtmp::{Limits, MessageType, PublishRefusal, Server, ServerConfig, ServerEvent};
use crate::stream::{Figure, StreamKey};

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

    /// Takes one connection after the other until `stop`: its one destination has one at a time.
    pub(super) async fn serve(self, listener: TcpListener, key: StreamKey, stop: CancellationToken) {
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
            loop {
                match listener.accept().await {
                    Ok((tcp, _)) => {
                        if let Err(failure) = self.take(tcp, Arc::clone(&config), &key).await {
                            tracing::debug!(%failure, "practice destination: connection over");
                        }
                    }
                    Err(error) => tracing::warn!(%error, "practice destination: accept failed"),
                }
            }
        };
        stop.run_until_cancelled(serving).await;
    }

    async fn take(&self, tcp: TcpStream, config: Arc<ServerConfig>, key: &StreamKey) -> Result<(), Failure> {
        let transport = Transport::plain(tcp);
        let mut machine = Server::new(config, fastrand::u64(..), Instant::now());
        loop {
            while let Some(event) = machine.poll_event() {
                match event {
                    ServerEvent::Publish(request) if key.matches(&request.name.name) => {
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
