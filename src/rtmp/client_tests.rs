//! Servers that answer in their own ways, and what they must be sent in return.

use super::*;
use crate::format::amf0;
use crate::rtmp::chunk::{ChunkLimits, ChunkReader, MessageHeader, write_message};
use crate::rtmp::message::{Message, UserControl};
use crate::rtmp::{Handshake, MessageType};

const KEY: &str = "stream-1?expire=1&sign=a%2Fb";
const ACKNOWLEDGEMENT: u8 = 3;

/// A server that says exactly what it is told, and reads what comes.
struct Peer {
    client: Client,
    reader: ChunkReader,
    chunk_size: u32,
}

impl Peer {
    /// Past the handshake; `connect` was sent.
    fn new() -> (Self, Vec<(u32, Message)>) {
        let url = RtmpUrl::parse("rtmp://host/app", KEY).expect("a good address");
        let mut client = Client::new(ClientConfig { url, chunk_size: 4_096, limits: Limits::default() }, 1);
        let mut handshake = Handshake::server(2);
        let mut answer = Vec::new();
        let hello = client.poll_output().expect("C0 C1");
        handshake.input(&mut &hello[..], &mut answer).expect("a hello");
        client.handle_input(&answer).expect("S0 S1 S2");
        let rest: Vec<u8> = std::iter::from_fn(|| client.poll_output()).flatten().collect();
        let mut input = &rest[..];
        handshake.input(&mut input, &mut Vec::new()).expect("C2");
        let limits = ChunkLimits { message_max: 1 << 24, chunk_streams_max: 64, unfinished_max: 1 << 25 };
        let mut peer = Self { client, reader: ChunkReader::new(limits), chunk_size: 128 };
        let said = peer.read(input);
        (peer, said)
    }

    fn read(&mut self, mut input: &[u8]) -> Vec<(u32, Message)> {
        let mut said = Vec::new();
        while let Some(raw) = self.reader.read(&mut input).expect("legal chunks") {
            let message = Message::read(&raw, &amf0::Limits::default()).expect("legal");
            if let Message::SetChunkSize(size) = message {
                self.reader.set_chunk_size(size).expect("legal");
            }
            said.push((raw.stream_id, message));
        }
        said
    }

    fn said(&mut self) -> Vec<(u32, Message)> {
        let bytes: Vec<u8> = std::iter::from_fn(|| self.client.poll_output()).flatten().collect();
        self.read(&bytes)
    }

    /// Name, transaction and values of the commands that came.
    fn commands(&mut self) -> Vec<(String, f64, Vec<Value>)> {
        let command = |(_, message)| match message {
            Message::Command(command) => Some((command.name, command.transaction, command.values)),
            _ => None,
        };
        self.said().into_iter().filter_map(command).collect()
    }

    fn message(&mut self, csid: u8, type_id: u8, stream_id: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("small");
        let header = MessageHeader { csid, timestamp: 0, length, type_id, stream_id };
        let mut bytes = Vec::new();
        write_message(&mut bytes, self.chunk_size, header, payload);
        self.client.handle_input(&bytes).expect("a legal message");
    }

    fn command(&mut self, csid: u8, stream_id: u32, name: &str, transaction: f64, values: Vec<Value>) {
        self.message(csid, 20, stream_id, &Command::new(name, transaction, values).bytes());
    }

    /// As far as `publish`, answered by what must be answered alone.
    fn asked_to_publish() -> Self {
        let (mut peer, _) = Self::new();
        peer.command(3, 0, "_result", CONNECT, vec![Value::Null, Value::Null]);
        peer.said();
        peer.command(3, 0, "_result", CREATE_STREAM, vec![Value::Null, Value::Number(1.0)]);
        peer
    }

    fn publishing() -> Self {
        let mut peer = Self::asked_to_publish();
        peer.said();
        peer.status(5, 1, PUBLISH, "status", "NetStream.Publish.Start");
        assert_eq!(peer.client.poll_event(), Some(ClientEvent::Publishing { stream_id: 1 }));
        peer
    }

    fn status(&mut self, csid: u8, stream_id: u32, transaction: f64, level: &str, code: &str) {
        let info = object(&[("level", level), ("code", code)]);
        self.command(csid, stream_id, "onStatus", transaction, vec![Value::Null, info]);
    }
}

#[test]
fn a_server_may_say_start_on_any_stream_and_of_any_transaction() {
    for (csid, stream_id, transaction) in [(3, 0, 0.0), (5, 1, 0.0), (4, 1, 5.0), (40, 7, 99.0)] {
        let mut peer = Peer::asked_to_publish();
        peer.status(csid, stream_id, transaction, "status", "NetStream.Publish.Start");
        let event = peer.client.poll_event();
        assert_eq!(event, Some(ClientEvent::Publishing { stream_id: 1 }), "{csid} {stream_id} {transaction}");
    }
}

#[test]
fn a_server_may_ignore_or_refuse_what_only_some_ask_for() {
    // None of these tests answers releaseStream and FCPublish; this one refuses them.
    let (mut peer, _) = Peer::new();
    peer.command(3, 0, "_result", CONNECT, vec![Value::Null, Value::Null]);
    for transaction in [RELEASE_STREAM, FC_PUBLISH] {
        peer.command(3, 0, "_error", transaction, vec![Value::Null, Value::Null]);
    }
    assert_eq!(peer.client.poll_event(), None);
    let names: Vec<_> = peer.commands().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["releaseStream", "FCPublish", "createStream"]);
}

#[test]
fn the_key_goes_out_byte_for_byte_and_the_type_is_live() {
    let (_, said) = Peer::new();
    assert!(
        matches!(said.first(), Some((0, Message::SetChunkSize(4_096)))),
        "before anything that it counts for"
    );
    let mut peer = Peer::asked_to_publish();
    let (name, _, values) = peer.commands().pop().expect("a command");
    let text = |text: &str| Value::String(text.to_owned());
    assert_eq!((name.as_str(), values), ("publish", vec![Value::Null, text(KEY), text("live")]));
}

#[test]
fn what_a_server_says_while_we_publish_is_answered_or_passed_over() {
    let mut peer = Peer::publishing();
    peer.message(2, 1, 0, &60_000_u32.to_be_bytes());
    peer.chunk_size = 60_000;
    peer.message(2, ACKNOWLEDGEMENT, 0, &1_000_u32.to_be_bytes());
    for (name, transaction) in
        [("onBWDone", 0.0), ("onFCPublish", 0.0), ("somethingNew", 9.0), ("_error", 2.0)]
    {
        // Longer than a chunk was before.
        let long = Value::String("x".repeat(5_000));
        peer.command(3, 0, name, transaction, vec![Value::Null, long]);
    }
    peer.message(4, MessageType::DATA, 1, &[2, 0, 0]);
    peer.status(5, 1, 0.0, "status", "NetStream.Data.Start");
    assert_eq!(peer.said(), []);
    peer.message(2, 4, 0, &UserControl::PingRequest(77).bytes());
    assert_eq!(peer.said(), [(0, Message::UserControl(UserControl::PingResponse(77)))]);
    assert_eq!(peer.client.poll_event(), None);
    peer.status(5, 1, 0.0, "error", "NetStream.Publish.BadName");
    assert!(matches!(
        peer.client.poll_event(),
        Some(ClientEvent::Refused(Refusal { stage: Stage::Publishing, .. }))
    ));
}

#[test]
fn a_goodbye_names_the_stream_and_the_key() {
    let mut peer = Peer::publishing();
    peer.client.finish();
    let said: Vec<_> = peer.commands().into_iter().map(|(name, _, values)| (name, values)).collect();
    let key = vec![Value::Null, Value::String(KEY.to_owned())];
    let stream = vec![Value::Null, Value::Number(1.0)];
    assert_eq!(said, [("FCUnpublish".to_owned(), key), ("deleteStream".to_owned(), stream)]);
}

#[test]
fn a_server_that_names_the_stream_it_refuses_does_not_make_its_key_known() {
    for key in ["sk_123456", "sk_123456?sign=abc/d"] {
        let url = RtmpUrl::parse("rtmp://host/live", key).expect("an address");
        let mut client = Client::new(ClientConfig { url, chunk_size: 128, limits: Limits::default() }, 1);
        client.refused("NetStream.Publish.BadName", &format!("live/sk_123456 is busy (was {key})"));
        let Some(ClientEvent::Refused(refusal)) = client.poll_event() else { panic!("it is refused") };
        assert_eq!(refusal.code, "NetStream.Publish.BadName");
        assert_eq!(refusal.description, "live/*** is busy (was ***)");
    }
}
