//! An encoder's life: granted, its messages become frames on the stream, until it or we are done.

use std::pin::pin;
use std::time::Instant;

use smallvec::smallvec;

use super::accept::{Connection, Sessions, passed};
use super::presence::{Arrival, Departure, Encoder, Refused};
use crate::format::a53::Captions;
use crate::media::End;
use crate::media::remux::from_flv::{Demuxed, FromFlv, Refusal};
use crate::net::{Failure, Step};
use crate::rtmp::{Error, Media, MessageType, PublishRefusal, PublishRequest, ServerEvent, TimedOut};
use crate::stream::{Denied, OnDuplicate, PublishAttempt, Publisher, SourceFrame, StreamId, Superseded};

/// Why a publisher's loop ended.
enum Over {
    /// The encoder said that it is done.
    Done,
    /// Another encoder has the stream now.
    Superseded,
    /// The process drains.
    Draining,
    /// An operator sends it away.
    Kicked,
    /// The connection is gone, or broke a rule.
    Failed(Failure),
}

impl Over {
    const fn departure(&self) -> Departure {
        match self {
            Self::Done => Departure::Finished,
            Self::Superseded => Departure::Superseded,
            Self::Draining => Departure::Draining,
            Self::Kicked => Departure::Kicked,
            Self::Failed(Failure::Protocol(Error::TimedOut(TimedOut::Stall))) => Departure::Stalled,
            Self::Failed(Failure::Protocol(error)) => Departure::Broke(error.reason()),
            Self::Failed(Failure::Io(_)) => Departure::Lost,
        }
    }
}

/// Serves a publish request to its end. On `Ok` the connection may go on, or the machine is closing.
pub(super) async fn run(
    sessions: &Sessions,
    connection: &mut Connection,
    request: PublishRequest,
) -> Result<(), Failure> {
    let publisher = match admit(sessions, connection, &request) {
        Ok(publisher) => publisher,
        Err((refused, stream)) => {
            let label = refused.label();
            sessions.stats.publishes.count(label);
            tracing::warn!(reason = label, encoder = %request.encoder, "publish refused");
            if !sessions.giving_way.has(connection.peer) {
                sessions.presence.reject(connection.from, refused, stream, &request.encoder);
            }
            let refusal = match refused {
                Refused::UnknownKey => PublishRefusal::UnknownKey,
                Refused::ExpiredKey => PublishRefusal::ExpiredKey,
                Refused::DisabledKey => PublishRefusal::DisabledKey,
                Refused::Busy => PublishRefusal::Busy,
                Refused::Draining => PublishRefusal::Draining,
                Refused::Unauthenticated(_) => PublishRefusal::Unauthenticated,
            };
            connection.machine.refuse_publish(refusal);
            return Ok(());
        }
    };
    sessions.stats.publishes.count("accepted");
    let id = publisher.stream().id().clone();
    tracing::Span::current().record("stream", tracing::field::display(&id));
    tracing::info!(encoder = %request.encoder, "publishing");
    connection.machine.accept_publish(Instant::now());
    let arrival = Arrival {
        id: connection.id,
        from: connection.peer,
        secure: connection.secure,
        software: &request.encoder,
    };
    let present = sessions.presence.enter(&arrival, id);
    let mut ingest = Ingest {
        sessions,
        publisher: &publisher,
        encoder: &present.encoder,
        from_flv: FromFlv::default(),
        refused: None,
        captioned: None,
    };
    let over = ingest.run(connection).await;
    let is_final = present.encoder.is_final();
    present.leave(over.departure());
    finish(connection, publisher, over, is_final)
}

fn finish(
    connection: &mut Connection,
    publisher: Publisher,
    over: Over,
    is_final: bool,
) -> Result<(), Failure> {
    match over {
        Over::Done => {
            tracing::info!("publisher finished");
            publisher.end(if is_final { End::Told } else { End::Clean });
            Ok(())
        }
        Over::Superseded => {
            tracing::info!("another encoder took over");
            let code = "NetStream.Publish.BadName";
            connection.machine.end_publish(code, "Another encoder took over with this stream key");
            Ok(())
        }
        Over::Draining => {
            tracing::info!("publisher told to stop: shutting down");
            publisher.end(End::Clean);
            let code = "NetConnection.Connect.AppShutdown";
            connection.machine.end_publish(code, "The server is shutting down");
            Ok(())
        }
        Over::Kicked => {
            tracing::info!(is_final, "publisher sent away by an operator");
            publisher.end(if is_final { End::Told } else { End::Lost });
            let code = "NetStream.Publish.Rejected";
            connection.machine.end_publish(code, "An operator closed this connection");
            Ok(())
        }
        Over::Failed(failure) => {
            let end = match &failure {
                // Its socket may be gone before it hears that the show is over.
                _ if is_final => End::Told,
                Failure::Protocol(Error::TimedOut(TimedOut::Stall)) => End::Stalled,
                _ => End::Lost,
            };
            tracing::warn!(%failure, ?end, "publisher lost");
            publisher.end(end);
            Err(failure)
        }
    }
}

fn admit(
    sessions: &Sessions,
    connection: &Connection,
    request: &PublishRequest,
) -> Result<Publisher, (Refused, Option<StreamId>)> {
    if sessions.drain.is_cancelled() {
        return Err((Refused::Draining, None));
    }
    let id = stream_id(sessions, connection, request).map_err(|denied| match denied {
        Denied::ExpiredKey(stream) => (Refused::ExpiredKey, Some(stream)),
        Denied::DisabledKey(stream) => (Refused::DisabledKey, Some(stream)),
        Denied::UnknownKey | Denied::UnknownPlaybackId | Denied::Token(_) => (Refused::UnknownKey, None),
    })?;
    let stream = sessions.registry.get(&id).ok_or((Refused::UnknownKey, None))?;
    let gives_way = sessions.giving_way.has(connection.peer);
    let on_duplicate = if gives_way { OnDuplicate::GiveWay } else { sessions.config.on_duplicate };
    sessions.registry.publish(&stream, on_duplicate, Instant::now()).map_err(|_| (Refused::Busy, Some(id)))
}

fn stream_id(
    sessions: &Sessions,
    connection: &Connection,
    request: &PublishRequest,
) -> Result<StreamId, Denied> {
    let name = &request.name;
    let attempt = |key: &str| {
        sessions.admission.publish(PublishAttempt { key, query: &name.query, from: connection.from })
    };
    attempt(&name.name).or_else(|denied| match name.alternative.as_deref().map(attempt) {
        Some(Ok(stream)) => Ok(stream),
        // What is known of the one says more than that the other is unknown.
        Some(Err(other)) if denied == Denied::UnknownKey => Err(other),
        _ => Err(denied),
    })
}

struct Ingest<'a> {
    sessions: &'a Sessions,
    publisher: &'a Publisher,
    encoder: &'a Encoder,
    from_flv: FromFlv,
    /// What was refused last, so that a log line is written when it changes and not for every frame.
    refused: Option<&'static str>,
    /// The closed captions that the stream was told of.
    captioned: Option<Captions>,
}

impl Ingest<'_> {
    async fn run(&mut self, connection: &mut Connection) -> Over {
        let (mut failed, mut asked) = (None, None);
        // Made once: each would be entered into its token's list anew with every read.
        let (encoder, publisher, sessions) = (self.encoder, self.publisher, self.sessions);
        let mut kicked = pin!(encoder.kicked());
        let mut superseded = pin!(publisher.superseded().cancelled());
        let mut drain = pin!(sessions.drain.cancelled());
        loop {
            while let Some(event) = connection.machine.poll_event() {
                let used = match event {
                    ServerEvent::Media(media) => self.media(media),
                    ServerEvent::Done => return Over::Done,
                    _ => Ok(()),
                };
                if used.is_err() {
                    return Over::Superseded;
                }
            }
            // What came before the failure was used.
            if let Some(failure) = failed {
                return Over::Failed(failure);
            }
            if let Err(error) = connection.flush().await {
                return Over::Failed(error.into());
            }
            failed = tokio::select! {
                biased;
                // First, since it is what mostly happens: the others are looked at when nothing is left to read.
                stepped = connection.step() => match stepped {
                    Ok(Step::Fed) => None,
                    // FIN without FCUnpublish or deleteStream: a crash, or a cut.
                    Ok(Step::Closed) => Some(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                    Err(failure) => Some(failure),
                },
                // Before the next: a project that goes ends its stream as well.
                () = &mut kicked => return Over::Kicked,
                () = &mut superseded => return Over::Superseded,
                () = &mut drain, if asked.is_none() => {
                    if !connection.machine.request_reconnect(None) {
                        return Over::Draining;
                    }
                    tracing::info!("publisher asked to connect elsewhere: shutting down");
                    asked = Some(tokio::time::Instant::now() + self.sessions.config.drain_wait);
                    None
                }
                () = passed(asked) => return Over::Draining,
            };
        }
    }

    fn media(&mut self, media: Media) -> Result<(), Superseded> {
        let Media { type_id, timestamp, body } = media;
        self.encoder.received_bytes.add(body.len() as u64);
        let outcomes = match type_id {
            MessageType::VIDEO => self.from_flv.video(body),
            MessageType::AUDIO => self.from_flv.audio(body),
            _ => smallvec![self.from_flv.data(body)],
        };
        if let Some(captions) = self.from_flv.captions().filter(|found| self.captioned != Some(*found)) {
            self.captioned = Some(captions);
            self.publisher.caption(captions)?;
            tracing::info!(kind = ?captions, "the pictures carry closed captions");
        }
        for outcome in outcomes {
            match outcome {
                Ok(demuxed) => self.use_demuxed(demuxed, timestamp)?,
                Err(refusal) => self.refuse(&refusal),
            }
        }
        Ok(())
    }

    fn use_demuxed(&self, demuxed: Demuxed, millis: u32) -> Result<(), Superseded> {
        let now = Instant::now();
        let (configured, frame) = match demuxed {
            Demuxed::Config(track, config) => (Some((track, config)), None),
            Demuxed::ConfigAndFrame(track, config, frame) => (Some((track, config)), Some(frame)),
            Demuxed::Frame(frame) => (None, Some(frame)),
            Demuxed::Remark(track, codec, remark) => return self.publisher.remark(track, codec, remark),
            Demuxed::Metadata(metadata) => return self.publisher.describe(metadata),
            Demuxed::Data(payload) => return self.publisher.data(millis, payload, now),
            Demuxed::EndOfSequence(_) | Demuxed::Nothing => return Ok(()),
        };
        if let Some((track, config)) = configured {
            let codec = config.codec_string();
            if self.publisher.configure(track, config)? {
                tracing::info!(?track, codec, "track configured");
            }
        }
        if let Some(frame) = frame {
            let frame = SourceFrame {
                track: frame.track,
                millis,
                cts: frame.cts,
                keyframe: frame.keyframe,
                payload: frame.payload,
            };
            self.publisher.frame(frame, now)?;
        }
        Ok(())
    }

    fn refuse(&mut self, refusal: &Refusal) {
        let reason = refusal.reason();
        self.sessions.stats.refused_frames.count(reason);
        if self.refused.replace(reason) != Some(reason) {
            tracing::warn!(%refusal, reason, "frame not used: the encoder's fault");
        }
    }
}
