//! The asking end of a connection: what publishes to a destination.
//!
//! After every call, drain [`poll_event`](Client::poll_event) and [`poll_output`](Client::poll_output). Media is written by a
//! shard, not here; everything that the peer sends meanwhile still belongs here, since it wants answers.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Error;
use super::capabilities::Capabilities;
use super::command::{Command, information, object};
use super::link::{Incoming, Limits, Link};
use super::message::csid;
use super::url::RtmpUrl;
use crate::format::amf0::Value;

/// Transactions of the publish sequence, numbered as encoders number them.
const CONNECT: f64 = 1.0;
const RELEASE_STREAM: f64 = 2.0;
const FC_PUBLISH: f64 = 3.0;
const CREATE_STREAM: f64 = 4.0;
const PUBLISH: f64 = 5.0;
const FC_UNPUBLISH: f64 = 6.0;
const DELETE_STREAM: f64 = 7.0;

/// Bytes of the shortest key that is looked for in what a peer says: a shorter one is no secret, and could be any word.
const SECRET_LEN_MIN: usize = 6;

/// What a connection to a destination needs to know.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Where to, and what to publish.
    pub url: RtmpUrl,
    /// The chunk size that we announce before `connect` and send with, 128 to 65536.
    pub chunk_size: u32,
    /// Bounds on what the peer may make us hold.
    pub limits: Limits,
}

/// How far the publish sequence came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Until the handshake is done.
    Handshake,
    /// Until the answer to `connect`.
    Connect,
    /// Until the answer to `createStream`.
    CreateStream,
    /// Until `NetStream.Publish.Start`.
    Publish,
    /// Media may flow.
    Publishing,
}

/// What the peer said when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where the sequence stood.
    pub stage: Stage,
    /// Such as `NetStream.Publish.BadName`; may be empty.
    pub code: String,
    /// For people; may be empty.
    pub description: String,
}

/// What happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The peer takes media on this message stream.
    Publishing {
        /// Message stream id.
        stream_id: u32,
    },
    /// The peer does not, or no longer, take the stream.
    Refused(Refusal),
    /// The peer asks us to connect anew (Enhanced RTMP v2, ReconnectRequest). It takes media until we do.
    ReconnectRequest {
        /// Where to, for [`RtmpUrl::resolve`]; not to be trusted. Empty: the same address.
        tc_url: String,
    },
}

/// The machine.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    link: Link,
    stage: Stage,
    stream_id: u32,
    peer: Capabilities,
    events: VecDeque<ClientEvent>,
}

impl Client {
    /// A connection just made. `seed` makes the handshake's random bytes. The first output is ready.
    #[must_use]
    pub fn new(config: ClientConfig, seed: u64) -> Self {
        Self {
            link: Link::client(config.limits, seed),
            config,
            stage: Stage::Handshake,
            stream_id: 0,
            peer: Capabilities::default(),
            events: VecDeque::new(),
        }
    }

    /// Takes bytes from the peer.
    ///
    /// # Errors
    /// [`Error`]: the connection cannot go on.
    pub fn handle_input(&mut self, mut input: &[u8]) -> Result<(), Error> {
        loop {
            let incoming = self.link.read(&mut input)?;
            if self.stage == Stage::Handshake && self.link.is_shaken() {
                self.connect();
            }
            match incoming {
                None => return Ok(()),
                Some(Incoming::Command(_, command)) => self.on_command(&command),
                // Nobody sends media to a publisher.
                Some(Incoming::Media(..) | Incoming::Nothing) => {}
            }
        }
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Bytes for the peer, whole messages.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        self.link.take_output()
    }

    /// The chunk size that was announced, which media must be cut with.
    #[must_use]
    pub const fn chunk_size(&self) -> u32 {
        self.config.chunk_size
    }

    /// How far the sequence came.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// What the peer said it can do, in its answer to `connect`.
    #[must_use]
    pub const fn peer(&self) -> &Capabilities {
        &self.peer
    }

    /// Says that the stream is over, so that the peer does not wait for us to come back.
    pub fn finish(&mut self) {
        if self.stage == Stage::Publishing {
            let key = Value::String(self.config.url.key().to_owned());
            self.call("FCUnpublish", FC_UNPUBLISH, vec![Value::Null, key]);
            let stream = Value::Number(f64::from(self.stream_id));
            self.call("deleteStream", DELETE_STREAM, vec![Value::Null, stream]);
        }
    }

    fn connect(&mut self) {
        self.stage = Stage::Connect;
        // As OBS does: the size counts from the first message on, and nothing later changes it.
        self.link.send_chunk_size(self.config.chunk_size);
        let tc_url = self.config.url.tc_url();
        let mut properties = object(&[
            ("app", &self.config.url.app),
            ("type", "nonprivate"),
            ("flashVer", "FMLE/3.0 (compatible; gostream)"),
            ("swfUrl", &tc_url),
            ("tcUrl", &tc_url),
        ]);
        if let Value::Object(properties) = &mut properties {
            properties.extend(Capabilities::ours());
        }
        self.call("connect", CONNECT, vec![properties]);
    }

    fn on_command(&mut self, command: &Command) {
        match command.name.as_str() {
            "_result" => self.on_result(command),
            "_error" => self.on_error(command),
            "onStatus" => self.on_status(command),
            "close" => self.refused("close", "The server closed the stream"),
            // Everything else (onBWDone, onFCPublish and friends) wants nothing of a publisher.
            _ => {}
        }
    }

    fn on_result(&mut self, command: &Command) {
        let is = |transaction: f64| (command.transaction - transaction).abs() < 0.5;
        match self.stage {
            Stage::Connect if is(CONNECT) => {
                self.stage = Stage::CreateStream;
                self.peer = Capabilities::read(&command.values);
                let key = Value::String(self.config.url.key().to_owned());
                self.call("releaseStream", RELEASE_STREAM, vec![Value::Null, key.clone()]);
                self.call("FCPublish", FC_PUBLISH, vec![Value::Null, key]);
                self.call("createStream", CREATE_STREAM, vec![Value::Null]);
            }
            Stage::CreateStream if is(CREATE_STREAM) => self.on_stream(command),
            Stage::Publish if is(PUBLISH) => self.publishing(),
            _ => {}
        }
    }

    fn on_stream(&mut self, command: &Command) {
        let number = command.argument(0).as_number().unwrap_or_default();
        if !(1.0..4_294_967_296.0).contains(&number) {
            self.refused("", "createStream was answered without a stream");
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked above"
        )]
        let stream_id = number as u32;
        self.stream_id = stream_id;
        self.stage = Stage::Publish;
        let publish = Command::new(
            "publish",
            PUBLISH,
            vec![
                Value::Null,
                Value::String(self.config.url.key().to_owned()),
                // YouTube closes on anything else.
                Value::String("live".to_owned()),
            ],
        );
        self.link.send_command(csid::STREAM, stream_id, &publish);
    }

    fn on_error(&mut self, command: &Command) {
        // Errors to releaseStream and FCPublish are common and mean nothing.
        let meant = match self.stage {
            Stage::Connect => CONNECT,
            Stage::CreateStream => CREATE_STREAM,
            _ => PUBLISH,
        };
        if (command.transaction - meant).abs() < 0.5 {
            let (code, description) = information(command);
            self.refused(&code, &description);
        }
    }

    /// Accepted on any message stream, chunk stream and transaction: servers differ.
    fn on_status(&mut self, command: &Command) {
        let (code, description) = information(command);
        let level = command.values.iter().find_map(|v| v.property("level")?.as_str()).unwrap_or_default();
        match code.as_str() {
            "NetStream.Publish.Start" if self.stage == Stage::Publish => self.publishing(),
            "NetConnection.Connect.ReconnectRequest" => {
                let tc_url = command.values.iter().find_map(|v| v.property("tcUrl")?.as_str());
                let tc_url = tc_url.unwrap_or_default().to_owned();
                self.events.push_back(ClientEvent::ReconnectRequest { tc_url });
            }
            _ if level == "error" => self.refused(&code, &description),
            _ => {}
        }
    }

    fn publishing(&mut self) {
        self.stage = Stage::Publishing;
        self.events.push_back(ClientEvent::Publishing { stream_id: self.stream_id });
    }

    fn refused(&mut self, code: &str, description: &str) {
        let (code, description) = (self.without_key(code), self.without_key(description));
        self.events.push_back(ClientEvent::Refused(Refusal { stage: self.stage, code, description }));
    }

    /// What the peer says, without the key: some servers name the stream that they refuse, and whole or without its query.
    fn without_key(&self, said: &str) -> String {
        let key = self.config.url.key();
        let name = key.split_once('?').map_or(key, |(name, _)| name);
        let secrets = [key, name].into_iter().filter(|secret| secret.len() >= SECRET_LEN_MIN);
        secrets.fold(said.to_owned(), |said, secret| said.replace(secret, "***"))
    }

    fn call(&mut self, name: &str, transaction: f64, values: Vec<Value>) {
        self.link.send_command(csid::COMMAND, 0, &Command::new(name, transaction, values));
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
