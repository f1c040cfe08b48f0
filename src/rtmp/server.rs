//! The serving end of a connection: what encoders and players talk to.
//!
//! After every call, drain [`poll_event`](Server::poll_event) and [`poll_output`](Server::poll_output), and come back
//! by [`poll_timeout`](Server::poll_timeout). A `Publish` or `Play` event wants one answer; media may already follow it
//! in the queue and is dropped by whoever refuses. Media toward a player is not written here but by a shard, which
//! shares its bytes among all readers.
//!
//! **Invariant:** nothing is sent to a publisher before it is granted that it could take for a start.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::authmod::{Offer, PublishAuth, Unauthenticated};
use super::capabilities::Capabilities;
use super::command::{Command, object, status};
use super::error::{Error, TimedOut};
use super::link::{Incoming, Limits, Link};
use super::message::{UserControl, csid};
use super::name::{StreamName, app_of_tc_url};
use super::refusal::{PlayRefusal, PublishRefusal};
use crate::format::amf0::Value;

/// Message streams that one connection may create. Encoders use one; SRS stops at three.
const STREAMS_MAX: u32 = 8;

/// What every connection of a listener shares.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The one app that is served.
    pub app: String,
    /// The chunk size that we announce and send with, 128 to 65536.
    pub chunk_size: u32,
    /// Bounds on what a peer may make us hold.
    pub limits: Limits,
    /// From the first byte to the end of the handshake.
    pub handshake_timeout: Duration,
    /// From there to `publish` or `play`.
    pub connect_timeout: Duration,
    /// Longest silence of a publisher.
    pub stall_timeout: Duration,
    /// Whom publishers must prove to be, besides having a key; `None` asks nobody.
    pub publish_auth: Option<PublishAuth>,
}

/// A client that wants to publish. Answer with [`Server::accept_publish`] or [`Server::refuse_publish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishRequest {
    /// The key it offers, resolved.
    pub name: StreamName,
    /// What it says it is; may be empty. Not to be trusted.
    pub encoder: String,
    /// What it says it can do.
    pub peer: Capabilities,
}

/// A client that wants to play. Answer with [`Server::accept_play`] or [`Server::refuse_play`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayRequest {
    /// The playback id it asks for, resolved.
    pub name: StreamName,
    /// The message stream that media must come on.
    pub stream_id: u32,
    /// What it says it can do.
    pub peer: Capabilities,
}

/// One message of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// [`MessageType::AUDIO`](super::MessageType::AUDIO), `VIDEO` or `DATA`.
    pub type_id: u8,
    /// Milliseconds modulo 2^32, as sent.
    pub timestamp: u32,
    /// An FLV tag body, or AMF0 values.
    pub body: Bytes,
}

/// What happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// Asks for a grant.
    Publish(PublishRequest),
    /// Asks for a grant.
    Play(PlayRequest),
    /// Comes only from a publisher, possibly before the grant.
    Media(Media),
    /// The publisher or player said that it is done. The connection may go on.
    Done,
    /// A player wants silence, or wants media again.
    Pause(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    /// Before `connect`, and between publishing or playing.
    Open,
    Publishing {
        stream_id: u32,
        granted: bool,
    },
    Playing {
        stream_id: u32,
    },
    /// Something final was said: what comes in is ignored, what goes out is flushed, then the socket closes.
    Closing,
}

/// The machine.
#[derive(Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
    link: Link,
    phase: Phase,
    connected: bool,
    authenticated: bool,
    unauthenticated: Option<Unauthenticated>,
    seed: u64,
    app: String,
    encoder: String,
    peer: Capabilities,
    streams: u32,
    deadline: Option<(Instant, TimedOut)>,
    events: VecDeque<ServerEvent>,
}

impl Server {
    /// A connection just accepted. `seed` makes the handshake's random bytes.
    #[must_use]
    pub fn new(config: Arc<ServerConfig>, seed: u64, now: Instant) -> Self {
        Self {
            link: Link::server(config.limits, seed),
            phase: Phase::Handshake,
            connected: false,
            authenticated: false,
            unauthenticated: None,
            seed,
            app: String::new(),
            encoder: String::new(),
            peer: Capabilities::default(),
            streams: 0,
            deadline: Some((now + config.handshake_timeout, TimedOut::Handshake)),
            events: VecDeque::new(),
            config,
        }
    }

    /// Takes bytes from the peer. Events that came before an error stay in the queue.
    ///
    /// # Errors
    /// [`Error`]: the connection cannot go on.
    pub fn handle_input(&mut self, now: Instant, mut input: &[u8]) -> Result<(), Error> {
        while self.phase != Phase::Closing {
            let incoming = self.link.read(&mut input)?;
            if self.phase == Phase::Handshake && self.link.is_shaken() {
                self.open(now);
            }
            match incoming {
                None => return Ok(()),
                Some(Incoming::Command(stream_id, command)) => self.on_command(now, stream_id, &command),
                Some(Incoming::Media(type_id, timestamp, body)) => {
                    self.on_media(now, Media { type_id, timestamp, body });
                }
                Some(Incoming::Nothing) => {}
            }
        }
        Ok(())
    }

    /// Checks the deadline.
    ///
    /// # Errors
    /// [`TimedOut`] when it passed.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), TimedOut> {
        match self.deadline {
            Some((at, which)) if now >= at => Err(which),
            _ => Ok(()),
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline.map(|(at, _)| at)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    /// Bytes for the peer, whole messages.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        self.link.take_output()
    }

    /// Whether the socket closes once the output is flushed.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.phase == Phase::Closing
    }

    /// Why the connection closes, where it is for want of a password. Told once.
    pub fn take_unauthenticated(&mut self) -> Option<Unauthenticated> {
        self.unauthenticated.take()
    }

    /// Grants a [`PublishRequest`]: the encoder starts to send.
    pub fn accept_publish(&mut self, now: Instant) {
        let Phase::Publishing { stream_id, .. } = self.phase else { return };
        self.phase = Phase::Publishing { stream_id, granted: true };
        self.link.grant();
        self.expect_media(now);
        let info = status("status", "NetStream.Publish.Start", "FCPublish to stream");
        self.send_command(&Command::new("onFCPublish", 0.0, vec![Value::Null, info]));
        self.send_status(stream_id, "status", "NetStream.Publish.Start", "Publishing");
    }

    /// Refuses a [`PublishRequest`]; the connection closes.
    pub fn refuse_publish(&mut self, refusal: PublishRefusal) {
        let (code, description) = refusal.status();
        self.end_publish(code, description);
    }

    /// Tells a publisher why it must stop; the connection closes. FFmpeg stops at the status, OBS at the close.
    pub fn end_publish(&mut self, code: &str, description: &str) {
        if let Phase::Publishing { stream_id, .. } = self.phase {
            self.send_status(stream_id, "error", code, description);
        }
        self.close();
    }

    /// Grants a [`PlayRequest`]: everything that precedes media.
    pub fn accept_play(&mut self) {
        let Phase::Playing { stream_id } = self.phase else { return };
        self.link.grant();
        self.link.send_user_control(UserControl::StreamBegin(stream_id));
        self.send_status(stream_id, "status", "NetStream.Play.Reset", "Playing and resetting");
        self.send_status(stream_id, "status", "NetStream.Play.Start", "Started playing");
        let mut access = Vec::new();
        for value in
            [Value::String("|RtmpSampleAccess".to_owned()), Value::Boolean(true), Value::Boolean(true)]
        {
            value.encode(&mut access);
        }
        self.link.send_data(stream_id, &access);
    }

    /// Refuses a [`PlayRequest`]; the connection closes.
    pub fn refuse_play<'a>(&mut self, refusal: impl Into<PlayRefusal<'a>>) {
        if let Phase::Playing { stream_id } = self.phase {
            let (code, description) = refusal.into().status();
            self.send_status(stream_id, "error", code, description);
        }
        self.close();
    }

    /// Tells a player that the stream is over; the connection closes.
    pub fn end_play(&mut self) {
        if let Phase::Playing { stream_id } = self.phase {
            self.send_status(stream_id, "status", "NetStream.Play.UnpublishNotify", "The publisher stopped");
            self.link.send_user_control(UserControl::StreamEof(stream_id));
            self.send_status(stream_id, "status", "NetStream.Play.Stop", "Stopped playing");
        }
        self.close();
    }

    /// Asks the peer to connect anew, to `tc_url` or to the same URL: a publisher goes over with its next keyframe, and
    /// until then its media is still to be taken. `false`, and nothing is said, where the peer does not know how.
    pub fn request_reconnect(&mut self, tc_url: Option<&str>) -> bool {
        if !self.connected || !self.peer.reconnects() || self.is_closing() {
            return false;
        }
        let code = "NetConnection.Connect.ReconnectRequest";
        let mut info = status("status", code, "The server asks to connect again");
        if let (Value::Object(properties), Some(tc_url)) = (&mut info, tc_url) {
            properties.push(("tcUrl".to_owned(), Value::String(tc_url.to_owned())));
        }
        self.send_command(&Command::new("onStatus", 0.0, vec![Value::Null, info]));
        true
    }

    fn open(&mut self, now: Instant) {
        self.phase = Phase::Open;
        self.deadline = Some((now + self.config.connect_timeout, TimedOut::Connect));
    }

    fn close(&mut self) {
        self.phase = Phase::Closing;
        self.deadline = None;
    }

    fn expect_media(&mut self, now: Instant) {
        self.deadline = Some((now + self.config.stall_timeout, TimedOut::Stall));
    }

    fn on_media(&mut self, now: Instant, media: Media) {
        if let Phase::Publishing { granted, .. } = self.phase {
            if granted {
                self.expect_media(now);
            }
            self.events.push_back(ServerEvent::Media(media));
        }
    }

    fn on_command(&mut self, now: Instant, stream_id: u32, command: &Command) {
        match command.name.as_str() {
            "connect" => self.on_connect(now, command),
            // Before `connect` there is nothing to talk about.
            _ if !self.connected => self.answer_error(command, "connect first"),
            "createStream" => self.on_create_stream(command),
            "releaseStream" | "FCPublish" | "_checkbw" => self.answer(command, Value::Undefined),
            "getStreamLength" => self.answer(command, Value::Number(0.0)),
            "FCSubscribe" => self.send_notice("onFCSubscribe", "NetStream.Play.Start"),
            "publish" => self.on_publish(stream_id, command),
            "play" => self.on_play(stream_id, command),
            "FCUnpublish" => {
                self.on_done(now);
                self.send_notice("onFCUnpublish", "NetStream.Unpublish.Success");
                self.answer(command, Value::Undefined);
            }
            // The argument is a number, a name, or missing; one connection has one stream that matters.
            "deleteStream" | "closeStream" => self.on_done(now),
            "pause" => self.on_pause(command),
            "seek" => {
                self.send_status(stream_id, "error", "NetStream.Seek.Failed", "A live stream cannot seek")
            }
            "receiveAudio" | "receiveVideo" => {}
            _ => self.answer_error(command, "This command is not known"),
        }
    }

    fn on_connect(&mut self, now: Instant, command: &Command) {
        let text = |name: &str| command.property(name);
        let tc_url = text("tcUrl");
        let app = text("app");
        let app = if app.is_empty() { app_of_tc_url(&tc_url) } else { &app };
        let (app, offer) = Offer::cut(app);
        let offer = offer.or_else(|| Offer::cut(&tc_url).1);
        self.app = app.to_owned();
        self.encoder = text("flashVer");
        self.peer = Capabilities::read(std::slice::from_ref(command.object()));
        if self.encoder.contains("Lavf") {
            self.link.set_repeats_timestamp();
        }
        if !StreamName::app_fits(&self.config.app, &self.app) {
            let description = format!("This server publishes to /{}", self.config.app);
            self.refuse_connect(command, "NetConnection.Connect.InvalidApp", &description);
            return;
        }
        // What encoders of all kinds say, and players do not.
        let publishes = text("type") == "nonprivate";
        if let Err(description) = self.authenticate(now, offer, publishes) {
            self.refuse_connect(command, "NetConnection.Connect.Rejected", &description);
            return;
        }
        self.connected = true;
        self.link.send_window_ack_size();
        self.link.send_peer_bandwidth();
        // Before the result: FFmpeg adopts our chunk size for its own direction when it sees this in time.
        self.link.send_chunk_size(self.config.chunk_size);
        let mut info = status("status", "NetConnection.Connect.Success", "Connection succeeded.");
        if let Value::Object(properties) = &mut info {
            properties.push(("objectEncoding".to_owned(), Value::Number(0.0)));
            // Those that did not ask might stumble over it, and would not use it.
            if self.peer.is_enhanced() {
                properties.extend(Capabilities::ours());
            }
        }
        let mut server = object(&[("fmsVer", "FMS/3,0,1,123")]);
        if let Value::Object(properties) = &mut server {
            properties.push(("capabilities".to_owned(), Value::Number(31.0)));
        }
        self.send_command(&Command::result(command.transaction, vec![server, info]));
    }

    /// The error is what to tell the client.
    fn authenticate(
        &mut self,
        now: Instant,
        offer: Option<Offer<'_>>,
        publishes: bool,
    ) -> Result<(), String> {
        let Some(auth) = &self.config.publish_auth else { return Ok(()) };
        let judged = match offer {
            Some(offer) => auth.judge(&offer, now),
            None if publishes => Err(Unauthenticated::Asked),
            None => return Ok(()),
        };
        self.authenticated = judged.is_ok();
        self.unauthenticated = judged.err();
        judged.map_err(|refusal| auth.description(refusal, now, self.seed))
    }

    fn refuse_connect(&mut self, command: &Command, code: &str, description: &str) {
        self.send_command(&Command::error(command.transaction, code, description));
        self.close();
    }

    fn on_create_stream(&mut self, command: &Command) {
        if self.streams == STREAMS_MAX {
            self.answer_error(command, "Too many streams on one connection");
            return;
        }
        self.streams += 1;
        self.answer(command, Value::Number(f64::from(self.streams)));
    }

    fn on_publish(&mut self, stream_id: u32, command: &Command) {
        if self.phase != Phase::Open {
            let code = "NetStream.Publish.BadName";
            self.send_status(stream_id, "error", code, "This connection is publishing or playing already");
            return;
        }
        self.phase = Phase::Publishing { stream_id, granted: false };
        self.deadline = None;
        if self.config.publish_auth.is_some() && !self.authenticated {
            self.unauthenticated = Some(Unauthenticated::Missing);
            self.refuse_publish(PublishRefusal::Unauthenticated);
            return;
        }
        match self.resolve(command) {
            Some(name) => {
                let encoder = std::mem::take(&mut self.encoder);
                let peer = self.peer.clone();
                self.events.push_back(ServerEvent::Publish(PublishRequest { name, encoder, peer }));
            }
            None => self.refuse_publish(PublishRefusal::UnknownKey),
        }
    }

    fn on_play(&mut self, stream_id: u32, command: &Command) {
        if self.phase != Phase::Open {
            return;
        }
        self.phase = Phase::Playing { stream_id };
        self.deadline = None;
        match self.resolve(command) {
            Some(name) => {
                let peer = self.peer.clone();
                self.events.push_back(ServerEvent::Play(PlayRequest { name, stream_id, peer }));
            }
            None => self.refuse_play("There is no such stream"),
        }
    }

    fn resolve(&self, command: &Command) -> Option<StreamName> {
        let name = command.argument(0).as_str().unwrap_or_default();
        StreamName::resolve(&self.config.app, &self.app, name)
    }

    fn on_done(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Publishing { .. } | Phase::Playing { .. }) {
            self.events.push_back(ServerEvent::Done);
            self.open(now);
        }
    }

    fn on_pause(&mut self, command: &Command) {
        let Phase::Playing { stream_id } = self.phase else { return };
        let pause = command.argument(0).as_bool().unwrap_or_default();
        let code = if pause { "NetStream.Pause.Notify" } else { "NetStream.Unpause.Notify" };
        self.send_status(stream_id, "status", code, "Done");
        self.events.push_back(ServerEvent::Pause(pause));
    }

    fn answer(&mut self, command: &Command, value: Value) {
        if command.wants_answer() {
            self.send_command(&Command::result(command.transaction, vec![Value::Null, value]));
        }
    }

    fn answer_error(&mut self, command: &Command, description: &str) {
        if command.wants_answer() {
            let code = "NetConnection.Call.Failed";
            self.send_command(&Command::error(command.transaction, code, description));
        }
    }

    fn send_command(&mut self, command: &Command) {
        self.link.send_command(csid::COMMAND, 0, command);
    }

    fn send_notice(&mut self, name: &str, code: &str) {
        self.send_command(&Command::new(name, 0.0, vec![Value::Null, status("status", code, "Done")]));
    }

    fn send_status(&mut self, stream_id: u32, level: &str, code: &str, description: &str) {
        self.link.send_command(csid::STREAM, stream_id, &Command::on_status(level, code, description));
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
