//! The sequences that encoders and players really send, and what they must see in return.

use super::*;
use crate::format::amf0;
use crate::rtmp::chunk::{ChunkLimits, ChunkReader, MessageHeader, write_message};
use crate::rtmp::message::Message;
use crate::rtmp::{Handshake, MessageType};

const CHUNK: u32 = 60_000;

fn config() -> Arc<ServerConfig> {
    Arc::new(ServerConfig {
        app: "live".into(),
        chunk_size: CHUNK,
        limits: Limits::default(),
        handshake_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        stall_timeout: Duration::from_secs(15),
        publish_auth: None,
    })
}

/// A client that sends exactly what it is told, and reads what comes back.
struct Peer {
    server: Server,
    reader: ChunkReader,
    now: Instant,
}

impl Peer {
    /// Past the handshake.
    fn new() -> Self {
        Self::with(config(), Instant::now())
    }

    fn with(config: Arc<ServerConfig>, now: Instant) -> Self {
        let mut server = Server::new(config, 1, now);
        let mut hello = Vec::new();
        let mut client = Handshake::client(2, &mut hello);
        server.handle_input(now, &hello).expect("C0 C1");
        let answer = server.poll_output().expect("S0 S1 S2");
        hello.clear();
        client.input(&mut &answer[..], &mut hello).expect("their answer");
        server.handle_input(now, &hello).expect("C2");
        let limits = ChunkLimits { message_max: 1 << 24, chunk_streams_max: 64, unfinished_max: 1 << 25 };
        Self { server, reader: ChunkReader::new(limits), now }
    }

    fn connected(app: &str) -> Self {
        let mut peer = Self::new();
        peer.command(3, 0, "connect", 1.0, vec![object(&[("app", app), ("flashVer", "probe")])]);
        assert_eq!(peer.names(), ["_result"]);
        peer
    }

    fn message(&mut self, csid: u8, type_id: u8, stream_id: u32, timestamp: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("small");
        let mut bytes = Vec::new();
        write_message(
            &mut bytes,
            128,
            MessageHeader { csid, timestamp, length, type_id, stream_id },
            payload,
        );
        self.server.handle_input(self.now, &bytes).expect("a legal message");
    }

    fn command(&mut self, csid: u8, stream_id: u32, name: &str, transaction: f64, values: Vec<Value>) {
        let bytes = Command::new(name, transaction, values).bytes();
        self.message(csid, 20, stream_id, 0, &bytes);
    }

    /// What came back: message stream and meaning.
    fn replies(&mut self) -> Vec<(u32, Message)> {
        let mut replies = Vec::new();
        while let Some(bytes) = self.server.poll_output() {
            let mut input = &bytes[..];
            while let Some(raw) = self.reader.read(&mut input).expect("legal chunks") {
                let message = Message::read(&raw, &amf0::Limits::default()).expect("legal");
                if let Message::SetChunkSize(size) = message {
                    self.reader.set_chunk_size(size).expect("legal");
                }
                replies.push((raw.stream_id, message));
            }
        }
        replies
    }

    fn commands(&mut self) -> Vec<(u32, Command)> {
        let command = |(stream_id, message)| match message {
            Message::Command(command) => Some((stream_id, command)),
            _ => None,
        };
        self.replies().into_iter().filter_map(command).collect()
    }

    fn names(&mut self) -> Vec<String> {
        self.commands().into_iter().map(|(_, command)| command.name).collect()
    }

    fn codes(&mut self) -> Vec<(u32, String)> {
        let code = |(stream_id, command): (u32, Command)| {
            (stream_id, super::super::command::information(&command).0)
        };
        self.commands().into_iter().map(code).collect()
    }

    fn publish_request(&mut self) -> PublishRequest {
        match self.server.poll_event() {
            Some(ServerEvent::Publish(request)) => request,
            other => panic!("no publish request but {other:?}"),
        }
    }

    /// The created stream's id.
    fn create_stream(&mut self, transaction: f64) -> f64 {
        self.command(3, 0, "createStream", transaction, vec![Value::Null]);
        let (_, result) = self.commands().pop().expect("an answer");
        assert_eq!((result.name.as_str(), result.object()), ("_result", &Value::Null));
        result.argument(0).as_number().expect("a number")
    }
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn obs_is_live_after_its_exact_sequence() {
    let mut peer = Peer::new();
    peer.message(2, 1, 0, 0, &4_096_u32.to_be_bytes());
    let url = "rtmp://host/live";
    let properties = object(&[
        ("app", "live"),
        ("type", "nonprivate"),
        ("flashVer", "FMLE/3.0 (compatible; FMSc/1.0)"),
        ("swfUrl", url),
        ("tcUrl", url),
    ]);
    let connect = Command::new("connect", 1.0, vec![properties]).bytes();
    let header = MessageHeader {
        csid: 3,
        timestamp: 0,
        length: u32::try_from(connect.len()).expect("small"),
        type_id: 20,
        stream_id: 0,
    };
    let mut bytes = Vec::new();
    write_message(&mut bytes, 4_096, header, &connect);
    peer.server.handle_input(peer.now, &bytes).expect("legal");
    let replies = peer.replies();
    let kinds = replies.iter().map(|(_, message)| message).collect::<Vec<_>>();
    assert!(
        matches!(
            kinds[..],
            [
                Message::WindowAckSize(2_500_000),
                Message::SetPeerBandwidth(_),
                Message::SetChunkSize(CHUNK),
                Message::Command(_)
            ]
        ),
        "the chunk size comes before the result: {kinds:?}"
    );
    for (name, transaction) in [("releaseStream", 2.0), ("FCPublish", 3.0)] {
        peer.command(3, 0, name, transaction, vec![Value::Null, string("key")]);
    }
    assert_eq!(peer.names(), ["_result", "_result"]);
    assert!((peer.create_stream(4.0) - 1.0).abs() < f64::EPSILON);
    peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key"), string("live")]);
    assert_eq!(peer.codes(), [], "nothing is said before the grant");
    assert_eq!(peer.publish_request().name.name, "key");
    peer.server.accept_publish(peer.now);
    let codes = peer.codes();
    assert_eq!(codes[1], (1, "NetStream.Publish.Start".to_owned()), "on the created stream: {codes:?}");
    peer.message(4, MessageType::VIDEO, 1, 40, &[0x17, 0]);
    let media = Media { type_id: 9, timestamp: 40, body: Bytes::from_static(&[0x17, 0]) };
    assert_eq!(peer.server.poll_event(), Some(ServerEvent::Media(media)));
    assert!(peer.replies().is_empty(), "no chunk size or window once publishing");
    peer.command(3, 0, "FCUnpublish", 6.0, vec![Value::Null, string("key")]);
    peer.command(3, 0, "deleteStream", 7.0, vec![Value::Null, Value::Number(1.0)]);
    assert_eq!(peer.server.poll_event(), Some(ServerEvent::Done));
    assert_eq!(peer.server.poll_event(), None, "done is said once");
}

#[test]
fn gstreamer_publishes_with_transaction_0_and_deletes_by_name() {
    let mut peer = Peer::connected("live");
    for name in ["releaseStream", "FCPublish"] {
        peer.command(3, 0, name, 0.0, vec![Value::Null, string("key")]);
    }
    assert_eq!(peer.names(), [""; 0], "transaction 0 wants no answer");
    peer.create_stream(2.0);
    peer.command(3, 1, "publish", 0.0, vec![Value::Null, string("key"), string("live")]);
    peer.publish_request();
    peer.server.accept_publish(peer.now);
    let statuses = peer.commands();
    let (stream_id, status) = statuses.last().expect("a status");
    assert_eq!((status.name.as_str(), *stream_id), ("onStatus", 1), "on stream 0 it would hang for ever");
    peer.command(3, 0, "deleteStream", 0.0, vec![Value::Null, string("key")]);
    assert_eq!(peer.server.poll_event(), Some(ServerEvent::Done));
}

#[test]
fn the_notice_of_a_publish_has_a_transaction_as_some_encoders_insist() {
    let mut peer = Peer::connected("live");
    peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key"), string("live")]);
    peer.publish_request();
    peer.server.accept_publish(peer.now);
    let (_, notice) = peer.commands().swap_remove(0);
    assert_eq!(
        (notice.name.as_str(), notice.transaction, notice.object()),
        ("onFCPublish", 0.0, &Value::Null)
    );
}

#[test]
fn what_is_asked_for_before_the_publish_is_never_refused_without_a_word() {
    // FFmpeg goes on behind an error with a description, and waits for ever behind one without.
    let mut peer = Peer::new();
    for (name, transaction) in [("releaseStream", 1.0), ("FCPublish", 2.0), ("createStream", 3.0)] {
        peer.command(3, 0, name, transaction, vec![Value::Null, string("key")]);
        let (_, error) = peer.commands().pop().expect("an answer");
        assert_eq!((error.name.as_str(), error.transaction), ("_error", transaction));
        assert!(!super::super::command::information(&error).1.is_empty());
    }
    assert!(!peer.server.is_closing());
}

#[test]
fn ffmpeg_may_check_bandwidth_first_and_count_on() {
    let mut peer = Peer::connected("live");
    peer.command(3, 0, "_checkbw", 5.0, vec![Value::Null]);
    peer.create_stream(4.0);
    assert_eq!(peer.server.poll_event(), None);
    peer.command(8, 1, "publish", 6.0, vec![Value::Null, string("key"), string("live")]);
    peer.publish_request();
}

#[test]
fn haivision_creates_the_stream_before_fcpublish() {
    let mut peer = Peer::connected("live");
    peer.command(3, 0, "_checkbw", 2.0, vec![Value::Null]);
    peer.create_stream(3.0);
    peer.command(3, 0, "FCPublish", 4.0, vec![Value::Null, string("key")]);
    peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key"), string("live")]);
    peer.publish_request();
}

#[test]
fn streams_are_numbered_from_1_and_bounded() {
    let mut peer = Peer::connected("live");
    for number in 1..=STREAMS_MAX {
        assert!((peer.create_stream(4.0) - f64::from(number)).abs() < f64::EPSILON);
    }
    peer.command(3, 0, "createStream", 9.0, vec![Value::Null]);
    assert_eq!(peer.names(), ["_error"]);
}

#[test]
fn publish_works_whatever_its_type_argument() {
    for kind in
        [None, Some(string("record")), Some(string("append")), Some(Value::Null), Some(string("LIVE"))]
    {
        let mut peer = Peer::connected("live");
        let mut values = vec![Value::Null, string("key")];
        values.extend(kind);
        peer.command(4, 1, "publish", 5.0, values);
        assert_eq!(peer.publish_request().name.name, "key");
    }
}

#[test]
fn a_key_in_the_app_is_found_when_the_name_is_empty_or_missing() {
    for values in [vec![Value::Null, string("")], vec![Value::Null]] {
        let mut peer = Peer::connected("live/key");
        peer.command(4, 1, "publish", 5.0, values);
        assert_eq!(peer.publish_request().name.name, "key");
    }
}

#[test]
fn odd_connects_are_accepted_when_the_app_can_be_found() {
    for properties in [
        vec![("tcurl", "rtmp://h/live")],
        vec![("tcUrl", "'rtmp://h:1935/live'")],
        vec![("app", "live")],
        vec![("app", ""), ("tcUrl", "rtmp://h/live")],
    ] {
        let mut peer = Peer::new();
        peer.command(3, 0, "connect", 1.0, vec![object(&properties)]);
        assert_eq!(peer.names(), ["_result"], "{properties:?}");
        peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key")]);
        assert_eq!(peer.publish_request().name.name, "key", "{properties:?}");
    }
    let mut peer = Peer::new();
    let odd = Value::Object(vec![("app".into(), string("live")), ("tcUrl".into(), Value::Null)]);
    peer.command(3, 0, "connect", 1.0, vec![odd, Value::Number(7.0), string("extra")]);
    assert_eq!(peer.names(), ["_result"]);
}

#[test]
fn an_amf3_envelope_is_answered_in_amf0() {
    let mut peer = Peer::new();
    let mut connect = vec![0];
    connect.extend(Command::new("connect", 1.0, vec![object(&[("app", "live")])]).bytes());
    peer.message(3, 17, 0, 0, &connect);
    let (_, result) = peer.commands().pop().expect("an answer of type 20");
    let info = result.argument(0);
    assert_eq!(info.property("objectEncoding"), Some(&Value::Number(0.0)));
    assert_eq!(info.property("code"), Some(&string("NetConnection.Connect.Success")));
    let mut publish = vec![0];
    publish.extend(Command::new("publish", 5.0, vec![Value::Null, string("key")]).bytes());
    peer.message(4, 17, 1, 0, &publish);
    peer.publish_request();
}

#[test]
fn an_unknown_app_is_refused_with_a_description_and_a_close() {
    let mut peer = Peer::new();
    peer.command(3, 0, "connect", 1.0, vec![object(&[("app", "vod")])]);
    let (_, error) = peer.commands().pop().expect("an answer");
    let (code, description) = super::super::command::information(&error);
    assert_eq!((error.name.as_str(), code.as_str()), ("_error", "NetConnection.Connect.InvalidApp"));
    assert!(!description.is_empty());
    assert!(peer.server.is_closing());
}

#[test]
fn a_refused_publisher_learns_why_before_the_close_and_never_sees_a_start() {
    for (refusal, code) in [
        (PublishRefusal::UnknownKey, "NetStream.Publish.Denied"),
        (PublishRefusal::ExpiredKey, "NetStream.Publish.Denied"),
        (PublishRefusal::DisabledKey, "NetStream.Publish.Denied"),
        (PublishRefusal::Unauthenticated, "NetStream.Publish.Denied"),
        (PublishRefusal::Busy, "NetStream.Publish.BadName"),
        (PublishRefusal::Draining, "NetStream.Publish.Rejected"),
    ] {
        let mut peer = Peer::connected("live");
        peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key")]);
        peer.publish_request();
        peer.server.refuse_publish(refusal);
        assert_eq!(peer.codes(), [(1, code.to_owned())]);
        assert!(peer.server.is_closing());
    }
}

#[test]
fn unknown_commands_get_an_error_with_a_description_or_silence() {
    let mut peer = Peer::connected("live");
    peer.command(3, 0, "doSomething", 9.0, vec![Value::Null]);
    let (_, error) = peer.commands().pop().expect("an answer");
    assert_eq!(error.name, "_error");
    assert!(!super::super::command::information(&error).1.is_empty(), "FFmpeg hangs without one");
    peer.command(3, 0, "doSomething", 0.0, vec![Value::Null]);
    assert!(peer.replies().is_empty());
}

#[test]
fn a_second_publish_works_after_delete_stream() {
    let mut peer = Peer::connected("live");
    for _ in 0..2 {
        peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key")]);
        peer.publish_request();
        peer.server.accept_publish(peer.now);
        peer.command(3, 0, "deleteStream", 7.0, vec![Value::Null]);
        assert_eq!(peer.server.poll_event(), Some(ServerEvent::Done));
    }
}

#[test]
fn media_before_the_grant_waits_in_the_queue() {
    let mut peer = Peer::connected("live");
    peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key")]);
    peer.message(4, MessageType::DATA, 1, 0, &[2, 0, 0]);
    peer.publish_request();
    peer.server.accept_publish(peer.now);
    assert!(matches!(peer.server.poll_event(), Some(ServerEvent::Media(_))));
}

#[test]
fn media_of_nobody_in_particular_is_dropped() {
    let mut peer = Peer::connected("live");
    peer.message(4, MessageType::VIDEO, 1, 0, &[0x17, 0]);
    assert_eq!(peer.server.poll_event(), None);
}

#[test]
fn a_player_sees_begin_reset_start_and_access_in_this_order() {
    let mut peer = Peer::connected("live");
    peer.create_stream(2.0);
    peer.command(3, 0, "getStreamLength", 3.0, vec![Value::Null, string("id")]);
    let (_, length) = peer.commands().pop().expect("an answer");
    assert_eq!(length.argument(0), &Value::Number(0.0), "a number: null makes FFmpeg complain");
    peer.command(8, 1, "play", 4.0, vec![Value::Null, string("id"), Value::Number(-2_000.0)]);
    let Some(ServerEvent::Play(request)) = peer.server.poll_event() else { panic!("no play request") };
    assert_eq!((request.name.name.as_str(), request.stream_id), ("id", 1));
    peer.server.accept_play();
    let replies = peer.replies();
    assert!(matches!(replies[0].1, Message::UserControl(UserControl::StreamBegin(1))));
    let code = |at: usize| match &replies[at].1 {
        Message::Command(command) => super::super::command::information(command).0,
        other => panic!("no command but {other:?}"),
    };
    assert_eq!((code(1), code(2)), ("NetStream.Play.Reset".into(), "NetStream.Play.Start".into()));
    assert!(matches!(&replies[3].1, Message::Media(MessageType::DATA, _)));
    assert!(replies[1..].iter().all(|(stream_id, _)| *stream_id == 1));
}

#[test]
fn a_player_s_pause_is_answered_and_told() {
    let mut peer = Peer::connected("live");
    peer.command(8, 1, "play", 0.0, vec![Value::Null, string("id")]);
    peer.server.poll_event();
    peer.server.accept_play();
    peer.replies();
    for (paused, code) in [(true, "NetStream.Pause.Notify"), (false, "NetStream.Unpause.Notify")] {
        peer.command(8, 1, "pause", 0.0, vec![Value::Null, Value::Boolean(paused), Value::Number(0.0)]);
        assert_eq!(peer.codes(), [(1, code.to_owned())]);
        assert_eq!(peer.server.poll_event(), Some(ServerEvent::Pause(paused)));
    }
}

#[test]
fn deadlines_follow_the_connection_s_life() {
    let mut peer = Peer::new();
    let ten = Duration::from_secs(10);
    assert_eq!(peer.server.handle_timeout(peer.now + ten), Err(TimedOut::Connect));
    peer.command(3, 0, "connect", 1.0, vec![object(&[("app", "live")])]);
    peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key")]);
    assert_eq!(peer.server.poll_timeout(), None, "the grant takes as long as it takes");
    peer.publish_request();
    peer.server.accept_publish(peer.now);
    let stall = Duration::from_secs(15);
    assert_eq!(peer.server.handle_timeout(peer.now + stall), Err(TimedOut::Stall));
    peer.now += Duration::from_secs(14);
    peer.message(4, MessageType::AUDIO, 1, 0, &[]);
    assert_eq!(peer.server.handle_timeout(peer.now + Duration::from_secs(2)), Ok(()));
    let silent = Server::new(config(), 1, peer.now);
    assert_eq!(silent.poll_timeout(), Some(peer.now + ten), "the handshake has a deadline");
}

#[test]
fn too_much_before_a_grant_is_refused() {
    let mut peer = Peer::connected("live");
    let mut bytes = Vec::new();
    let header = MessageHeader { csid: 4, timestamp: 0, length: 100_000, type_id: 9, stream_id: 1 };
    write_message(&mut bytes, 128, header, &vec![0; 100_000]);
    let mut result = Ok(());
    for _ in 0..10 {
        result = peer.server.handle_input(peer.now, &bytes);
        if result.is_err() {
            break;
        }
    }
    assert_eq!(result, Err(Error::TooMuchBeforeGrant(256 << 10)));
}

fn guarded(now: Instant) -> Arc<ServerConfig> {
    let auth = PublishAuth::new("studio", "correct-horse", &[3; 32], now);
    Arc::new(ServerConfig { publish_auth: Some(auth), ..(*config()).clone() })
}

/// What a connection of an encoder that must authenticate is told, and whether it closes for it.
fn told(peer: &mut Peer, app: &str) -> (String, Option<Unauthenticated>) {
    let properties = object(&[("app", app), ("type", "nonprivate"), ("tcUrl", "rtmp://host/live")]);
    peer.command(3, 0, "connect", 1.0, vec![properties]);
    let (_, answer) = peer.commands().pop().expect("an answer");
    let (code, description) = super::super::command::information(&answer);
    let why = peer.server.take_unauthenticated();
    assert_eq!(peer.server.is_closing(), why.is_some());
    let codes = ["NetConnection.Connect.Rejected", "NetConnection.Connect.Success"];
    assert_eq!(code, codes[usize::from(why.is_none())]);
    (description, why)
}

#[test]
fn an_encoder_authenticates_on_three_connections_and_its_key_stays_its_own() {
    let now = Instant::now();
    let config = guarded(now);
    let connection = || Peer::with(Arc::clone(&config), now);
    let (asked, why) = told(&mut connection(), "live");
    assert!(asked.contains("code=403 need auth; authmod=adobe"), "{asked}");
    assert_eq!(why, Some(Unauthenticated::Asked));
    let (challenged, why) = told(&mut connection(), "live/inst?authmod=adobe&user=studio");
    assert!(challenged.contains("?reason=needauth&user=studio&"), "{challenged}");
    assert_eq!(why, Some(Unauthenticated::Challenged));
    let offer = super::super::authmod::tests::answer(&challenged, "studio", "correct-horse", "//8+/w==");
    let offer = offer.strip_prefix("live").expect("the app");
    let mut peer = connection();
    assert_eq!(told(&mut peer, &format!("live/inst?tok=1{offer}")).1, None);
    peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key")]);
    let name = peer.publish_request().name;
    assert_eq!(
        (name.name.as_str(), name.query.as_str()),
        ("inst/key", "tok=1"),
        "nothing of the offer is left"
    );
    let wrong = super::super::authmod::tests::answer(&challenged, "studio", "wrong", "1a2b3c4d");
    let (refused, why) = told(&mut connection(), &wrong);
    assert!(refused.contains("?reason=authfailed"), "{refused}");
    assert_eq!(why, Some(Unauthenticated::WrongPassword));
}

#[test]
fn an_offer_in_the_tc_url_is_as_good() {
    let now = Instant::now();
    let mut peer = Peer::with(guarded(now), now);
    let properties = object(&[("app", "live"), ("tcUrl", "rtmp://host/live?authmod=adobe&user=nobody")]);
    peer.command(3, 0, "connect", 1.0, vec![properties]);
    assert_eq!(peer.server.take_unauthenticated(), Some(Unauthenticated::UnknownUser));
}

#[test]
fn who_comes_as_a_player_may_play_and_not_publish() {
    let now = Instant::now();
    for (command, why) in [("play", None), ("publish", Some(Unauthenticated::Missing))] {
        let mut peer = Peer::with(guarded(now), now);
        peer.command(3, 0, "connect", 1.0, vec![object(&[("app", "live")])]);
        assert_eq!(peer.names(), ["_result"]);
        peer.command(4, 1, command, 5.0, vec![Value::Null, string("key")]);
        assert_eq!(peer.server.take_unauthenticated(), why);
        assert_eq!(peer.server.is_closing(), why.is_some());
        match why {
            None => assert!(matches!(peer.server.poll_event(), Some(ServerEvent::Play(_)))),
            Some(_) => assert_eq!(peer.codes(), [(1, "NetStream.Publish.Denied".to_owned())]),
        }
    }
}
#[test]
fn capabilities_are_told_with_a_request_and_answered_only_to_those_that_ask() {
    for (caps, answered) in [(None, false), (Some(3.0), true)] {
        let mut peer = Peer::new();
        let mut properties = object(&[("app", "live")]);
        if let (Value::Object(properties), Some(caps)) = (&mut properties, caps) {
            properties.push(("capsEx".to_owned(), Value::Number(caps)));
        }
        peer.command(3, 0, "connect", 1.0, vec![properties]);
        let (_, result) = peer.commands().pop().expect("an answer");
        assert_eq!(result.argument(0).property("capsEx").is_some(), answered);
        assert_eq!(result.argument(0).property("fourCcList").is_some(), answered);
        peer.create_stream(2.0);
        peer.command(4, 1, "publish", 3.0, vec![Value::Null, string("key"), string("live")]);
        let request = peer.publish_request();
        assert_eq!((request.peer.is_enhanced(), request.peer.takes_multitrack()), (answered, answered));
    }
}

#[test]
fn only_a_peer_that_knows_how_is_asked_to_connect_anew() {
    let mut legacy = Peer::connected("live");
    assert!(!legacy.server.request_reconnect(None));
    assert_eq!(legacy.names(), [""; 0]);
    let mut peer = Peer::new();
    assert!(!peer.server.request_reconnect(None), "it has not said what it can do");
    let mut properties = object(&[("app", "live")]);
    if let Value::Object(properties) = &mut properties {
        properties.push(("capsEx".to_owned(), Value::Number(1.0)));
    }
    peer.command(3, 0, "connect", 1.0, vec![properties]);
    peer.commands();
    assert!(peer.server.request_reconnect(Some("//other/live")));
    assert!(peer.server.request_reconnect(None));
    let commands = peer.commands();
    let urls = commands.iter().map(|(stream_id, command)| {
        assert_eq!((*stream_id, command.name.as_str(), command.transaction), (0, "onStatus", 0.0));
        let info = command.argument(0);
        assert_eq!(info.property("level").and_then(Value::as_str), Some("status"));
        let code = info.property("code").and_then(Value::as_str);
        assert_eq!(code, Some("NetConnection.Connect.ReconnectRequest"));
        info.property("tcUrl").and_then(Value::as_str)
    });
    assert_eq!(urls.collect::<Vec<_>>(), [Some("//other/live"), None]);
}

#[test]
fn control_messages_count_on_any_chunk_stream_and_message_stream() {
    for (csid, stream_id) in [(2, 0), (3, 0), (4, 1), (6, 7)] {
        let mut peer = Peer::connected("live");
        peer.message(csid, 1, stream_id, 0, &4_096_u32.to_be_bytes());
        let body = Command::new("publish", 5.0, vec![Value::Null, string(&"k".repeat(500))]).bytes();
        let length = u32::try_from(body.len()).expect("small");
        let header = MessageHeader { csid: 8, timestamp: 0, length, type_id: 20, stream_id: 1 };
        let mut bytes = Vec::new();
        write_message(&mut bytes, 4_096, header, &body);
        peer.server.handle_input(peer.now, &bytes).expect("of the new size");
        assert_eq!(peer.publish_request().name.name.len(), 500, "{csid} {stream_id}");
    }
}

#[test]
fn a_publisher_that_never_acknowledges_stays() {
    let mut peer = Peer::connected("live");
    peer.command(4, 1, "publish", 5.0, vec![Value::Null, string("key")]);
    peer.publish_request();
    peer.server.accept_publish(peer.now);
    for second in 0..60 {
        peer.now += Duration::from_secs(1);
        peer.message(4, MessageType::AUDIO, 1, second * 1_000, &[0xAF, 1, 2]);
        assert_eq!(peer.server.handle_timeout(peer.now), Ok(()));
    }
    assert!(!peer.server.is_closing());
}
