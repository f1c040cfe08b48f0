//! The practice destination: an RTMP server on loopback that takes what it is sent and keeps nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::PRACTICE_APP;
use crate::net::{Failure, Step, Transport, flush, step};
use crate::rtmp::{Limits, Server, ServerConfig, ServerEvent};

/// How long to wait after an `accept` that failed: mostly we are out of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections at once; one above is closed.
const CONNECTIONS_MAX: usize = 64;

/// Takes connections until `stop`.
pub(super) async fn serve(listener: TcpListener, stop: CancellationToken) {
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
                    let config = Arc::clone(&config);
                    connections.spawn(async move {
                        if let Err(failure) = take(tcp, config).await {
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

async fn take(tcp: TcpStream, config: Arc<ServerConfig>) -> Result<(), Failure> {
    let transport = Transport::plain(tcp);
    let mut machine = Server::new(config, fastrand::u64(..), Instant::now());
    loop {
        while let Some(event) = machine.poll_event() {
            match event {
                // Whoever finds it is on this machine, and any key will do.
                ServerEvent::Publish(_) => machine.accept_publish(Instant::now()),
                ServerEvent::Play(_) => machine.refuse_play("Nothing is kept here"),
                // Kept nowhere.
                ServerEvent::Media(_) | ServerEvent::Done | ServerEvent::Pause(_) => {}
            }
        }
        flush(&transport, &mut machine).await?;
        if machine.is_closing() || step(&transport, &mut machine).await? == Step::Closed {
            return Ok(());
        }
    }
}
