//! A player's life: it waits for a publisher if it must, a shard sends to it, and it is told when the broadcast is over.

use std::sync::Arc;
use std::time::Duration;

use super::accept::{Connection, Sessions, output_of, passed};
use crate::media::{Codecs, TrackChoice};
use crate::net::{Failure, Step};
use crate::rtmp::{Capabilities, PlayRefusal, PlayRequest, ServerEvent};
use crate::stream::{
    Attachment, Denied, Finished, OutputSpec, PlayAttempt, Start, Stream, StreamState, Wanted,
};

/// How long a shard may take to give a socket back. It is asked between two messages.
const DETACH_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves a play request to its end. On `Ok` the connection may go on, or the machine is closing.
pub(super) async fn run(
    sessions: &Sessions,
    connection: &mut Connection,
    request: PlayRequest,
) -> Result<(), Failure> {
    let stream = match admit(sessions, connection, &request) {
        Ok(stream) => stream,
        Err(Denied::Token(fault)) => {
            sessions.stats.plays.count(fault.label());
            tracing::info!(reason = fault.label(), "play refused");
            connection.machine.refuse_play(PlayRefusal::Denied(&fault.to_string()));
            return Ok(());
        }
        Err(_) => {
            sessions.stats.plays.count("not_found");
            tracing::info!("play refused: no such stream");
            connection.machine.refuse_play("There is no such stream");
            return Ok(());
        }
    };
    tracing::Span::current().record("stream", tracing::field::display(stream.id()));
    sessions.stats.plays.count("accepted");
    tracing::info!("playing");
    connection.machine.accept_play();
    connection.flush().await?;
    stream.stats().players.add(1);
    let played = Player::attach(sessions, connection, &stream, &request).await.run(connection).await;
    stream.stats().players.sub(1);
    played
}

fn admit(sessions: &Sessions, connection: &Connection, request: &PlayRequest) -> Result<Arc<Stream>, Denied> {
    let name = &request.name;
    let token = name.query.split('&').find_map(|pair| pair.strip_prefix("token="));
    let attempt = PlayAttempt { playback_id: &name.name, token, from: connection.from };
    let id = sessions.admission.play(attempt)?;
    sessions.registry.get(&id).ok_or(Denied::UnknownPlaybackId)
}

struct Player<'a> {
    sessions: &'a Sessions,
    stream: &'a Stream,
    attachment: Attachment,
}

/// What a player is sent: all codings, since players that decode HEVC and others mostly do not say so.
const fn wanted(peer: &Capabilities) -> Wanted {
    let tracks = if peer.takes_multitrack() { TrackChoice::All } else { TrackChoice::DEFAULT };
    Wanted { tracks, codecs: Codecs::ANY, enhanced: peer.is_enhanced() }
}

/// Why a player's loop ended.
enum Over {
    /// The player said that it is done.
    Done,
    /// No publisher came in time.
    NoPublisher,
    Draining,
    Finished(Finished),
    Failed(Failure),
}

impl<'a> Player<'a> {
    async fn attach(
        sessions: &'a Sessions,
        connection: &Connection,
        stream: &'a Arc<Stream>,
        request: &PlayRequest,
    ) -> Self {
        let spec = OutputSpec {
            transport: Arc::clone(&connection.transport),
            stream_id: request.stream_id,
            chunk_size: sessions.config.server.chunk_size,
            as_publisher: false,
            wanted: wanted(&request.peer),
            start: Start::NewestKeyframe,
            queue: sessions.config.queue,
            stall_timeout: sessions.config.stall_timeout,
            stats: Arc::clone(&stream.stats().player_output),
        };
        let attachment = sessions.shards.attach(stream, spec).await;
        Self { sessions, stream, attachment }
    }

    async fn run(mut self, connection: &mut Connection) -> Result<(), Failure> {
        match self.converse(connection).await {
            Over::Done => {
                self.detach().await;
                Ok(())
            }
            Over::Draining => {
                if self.detach().await {
                    connection.machine.end_play();
                }
                Ok(())
            }
            Over::NoPublisher => {
                self.sessions.stats.plays.count("no_publisher");
                if self.detach().await {
                    connection.machine.refuse_play("Nobody is publishing this stream");
                }
                Ok(())
            }
            Over::Finished(Finished::Ended(_)) => {
                connection.machine.end_play();
                Ok(())
            }
            // Of the last two the first is not asked for here, and players are not restricted to some codings.
            Over::Finished(Finished::Detached | Finished::AtStart(_) | Finished::Unsupported(_)) => Ok(()),
            Over::Finished(Finished::Stalled) => {
                tracing::info!("player closed: it stopped reading");
                Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
            }
            Over::Finished(Finished::Closed(error)) => Err(error.into()),
            Over::Failed(failure) => Err(failure),
        }
    }

    async fn converse(&mut self, connection: &mut Connection) -> Over {
        let mut state = self.stream.state();
        let mut asked = None;
        let mut waited = std::pin::pin!(tokio::time::sleep(self.sessions.config.play_wait));
        loop {
            while let Some(event) = connection.machine.poll_event() {
                match event {
                    ServerEvent::Done => return Over::Done,
                    ServerEvent::Pause(paused) => self.attachment.pause(paused).await,
                    _ => {}
                }
            }
            if let Some(bytes) = output_of(&mut connection.machine) {
                self.attachment.send(bytes).await;
            }
            let idle = matches!(*state.borrow_and_update(), StreamState::Waiting | StreamState::Ended(_));
            tokio::select! {
                finished = self.attachment.finished() => return Over::Finished(finished),
                () = self.sessions.drain.cancelled(), if asked.is_none() => {
                    if idle || !connection.machine.request_reconnect(None) {
                        return Over::Draining;
                    }
                    asked = Some(tokio::time::Instant::now() + self.sessions.config.drain_wait);
                }
                () = passed(asked) => return Over::Draining,
                () = &mut waited, if idle => return Over::NoPublisher,
                changed = state.changed() => if changed.is_err() { return Over::Draining },
                stepped = connection.step() => match stepped {
                    Ok(Step::Fed) => {}
                    Ok(Step::Closed) => return Over::Failed(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                    Err(failure) => return Over::Failed(failure),
                },
            }
        }
    }

    /// Takes the socket back from the shard. `false` when it did not come back whole.
    async fn detach(&mut self) -> bool {
        self.attachment.detach().await;
        let finished = tokio::time::timeout(DETACH_TIMEOUT, self.attachment.finished()).await;
        matches!(finished, Ok(Finished::Detached | Finished::Ended(_)))
    }
}
