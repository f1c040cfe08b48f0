//! Both of our machines against an implementation that we did not write: rml_rtmp's sessions and chunk code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gostream::rtmp::{
    Client, ClientConfig, ClientEvent, Limits, MessageType, RtmpUrl, Server, ServerConfig, ServerEvent,
    SharedMessage, csid,
};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType,
    ServerSession, ServerSessionConfig, ServerSessionEvent, ServerSessionResult,
};
use rml_rtmp::time::RtmpTimestamp;

fn server(now: Instant) -> Server {
    let config = ServerConfig {
        app: "live".into(),
        chunk_size: 4_096,
        limits: Limits::default(),
        handshake_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        stall_timeout: Duration::from_secs(15),
        publish_auth: None,
    };
    Server::new(Arc::new(config), 1, now)
}

/// Their client, past its (digest) handshake with our server.
struct TheirClient {
    session: ClientSession,
    server: Server,
    now: Instant,
    events: Vec<ClientSessionEvent>,
}

impl TheirClient {
    fn new() -> Self {
        let now = Instant::now();
        let mut server = server(now);
        let mut handshake = Handshake::new(PeerType::Client);
        let hello = handshake.generate_outbound_p0_and_p1().expect("C0 and C1");
        server.handle_input(now, &hello).expect("their hello");
        let answer = server.poll_output().expect("an answer");
        let HandshakeProcessResult::Completed { response_bytes, .. } =
            handshake.process_bytes(&answer).expect("they accept our answer")
        else {
            panic!("their handshake is not complete");
        };
        server.handle_input(now, &response_bytes).expect("C2");
        let (session, results) = ClientSession::new(ClientSessionConfig::new()).expect("a session");
        let mut peer = Self { session, server, now, events: Vec::new() };
        peer.take(results);
        peer
    }

    fn take(&mut self, results: Vec<ClientSessionResult>) {
        for result in results {
            match result {
                ClientSessionResult::OutboundResponse(packet) => {
                    self.server.handle_input(self.now, &packet.bytes).expect("they keep the rules");
                }
                ClientSessionResult::RaisedEvent(event) => self.events.push(event),
                // Set Peer Bandwidth, which they do not know; and our data message, which is no metadata.
                ClientSessionResult::UnhandleableMessageReceived(message) => {
                    assert!([6, 18].contains(&message.type_id), "they do not understand {message:?}");
                }
            }
        }
        while let Some(bytes) = self.server.poll_output() {
            let results = self.session.handle_input(&bytes).expect("they understand us");
            self.take(results);
        }
    }

    fn ask(&mut self, ask: impl FnOnce(&mut ClientSession) -> ClientSessionResult) {
        let result = ask(&mut self.session);
        self.take(vec![result]);
    }
}

#[test]
fn their_client_publishes_to_our_server() {
    let mut peer = TheirClient::new();
    peer.ask(|session| session.request_connection("live".into()).expect("asked"));
    assert_eq!(peer.events.pop(), Some(ClientSessionEvent::ConnectionRequestAccepted));
    peer.ask(|session| session.request_publishing("key".into(), PublishRequestType::Live).expect("asked"));
    let Some(ServerEvent::Publish(request)) = peer.server.poll_event() else { panic!("no request") };
    assert_eq!(request.name.name, "key");
    peer.server.accept_publish(peer.now);
    peer.take(Vec::new());
    assert!(peer.events.contains(&ClientSessionEvent::PublishRequestAccepted), "{:?}", peer.events);
    let frame = bytes::Bytes::from(vec![0x17; 10_000]);
    for time in [0, 40, 80] {
        let sent = frame.clone();
        peer.ask(|session| session.publish_video_data(sent, RtmpTimestamp::new(time), false).expect("sent"));
        let Some(ServerEvent::Media(media)) = peer.server.poll_event() else { panic!("no media") };
        assert_eq!((media.type_id, media.timestamp, media.body), (MessageType::VIDEO, time, frame.clone()));
    }
}

#[test]
fn their_client_plays_what_our_shared_messages_say() {
    let mut peer = TheirClient::new();
    peer.ask(|session| session.request_connection("live".into()).expect("asked"));
    peer.ask(|session| session.request_playback("id".into()).expect("asked"));
    let Some(ServerEvent::Play(request)) = peer.server.poll_event() else { panic!("no request") };
    peer.server.accept_play();
    peer.take(Vec::new());
    assert!(peer.events.contains(&ClientSessionEvent::PlaybackRequestAccepted), "{:?}", peer.events);
    peer.events.clear();
    let body = (0..9_000_u32).map(|i| i.to_le_bytes()[0]).collect::<Vec<u8>>();
    for time in [0, 33, 16_777_215, 16_777_300] {
        let message =
            SharedMessage::new(csid::VIDEO, MessageType::VIDEO, &body[..5], body[5..].to_vec().into());
        let header = message.header(time, request.stream_id);
        let wire = message.remainder(header, 4_096, 0).concat();
        let results = peer.session.handle_input(&wire).expect("they understand our chunks");
        peer.take(results);
        let expected = ClientSessionEvent::VideoDataReceived {
            timestamp: RtmpTimestamp::new(time),
            data: body.clone().into(),
        };
        assert!(peer.events.pop() == Some(expected), "at {time}");
    }
}

/// Their server, answering our client.
struct TheirServer {
    session: ServerSession,
    client: Client,
    events: Vec<ServerSessionEvent>,
}

impl TheirServer {
    fn new() -> Self {
        let url = RtmpUrl::parse("rtmp://host/live", "key?sign=a%2Fb").expect("an address");
        let mut client = Client::new(ClientConfig { url, chunk_size: 65_536, limits: Limits::default() }, 1);
        let mut handshake = Handshake::new(PeerType::Server);
        let hello = client.poll_output().expect("C0 and C1");
        let HandshakeProcessResult::InProgress { response_bytes } =
            handshake.process_bytes(&hello).expect("they accept our hello")
        else {
            panic!("complete too early");
        };
        client.handle_input(&response_bytes).expect("their answer");
        let rest = client.poll_output().expect("C2 and connect");
        let HandshakeProcessResult::Completed { remaining_bytes, .. } =
            handshake.process_bytes(&rest).expect("they accept our C2")
        else {
            panic!("not complete");
        };
        let (session, results) = ServerSession::new(ServerSessionConfig::new()).expect("a session");
        let mut peer = Self { session, client, events: Vec::new() };
        peer.take(results);
        peer.feed(&remaining_bytes);
        peer
    }

    fn feed(&mut self, bytes: &[u8]) {
        let results = self.session.handle_input(bytes).expect("they understand us");
        self.take(results);
    }

    fn take(&mut self, results: Vec<ServerSessionResult>) {
        for result in results {
            match result {
                ServerSessionResult::OutboundResponse(packet) => {
                    self.client.handle_input(&packet.bytes).expect("they keep the rules");
                }
                ServerSessionResult::RaisedEvent(
                    ServerSessionEvent::ConnectionRequested { request_id, .. }
                    | ServerSessionEvent::PublishStreamRequested { request_id, .. }
                    | ServerSessionEvent::ReleaseStreamRequested { request_id, .. },
                ) => {
                    let results = self.session.accept_request(request_id).expect("accepted");
                    self.take(results);
                }
                ServerSessionResult::RaisedEvent(event) => self.events.push(event),
                ServerSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
        while let Some(bytes) = self.client.poll_output() {
            self.feed(&bytes);
        }
    }
}

#[test]
fn our_client_publishes_to_their_server() {
    let mut peer = TheirServer::new();
    assert_eq!(peer.client.poll_event(), Some(ClientEvent::Publishing { stream_id: 1 }));
    let body = vec![0x27; 150_000];
    for time in [0, 40, 16_777_215, 16_777_300] {
        let message =
            SharedMessage::new(csid::VIDEO, MessageType::VIDEO, &body[..5], body[5..].to_vec().into());
        let wire = message.remainder(message.header(time, 1), 65_536, 0).concat();
        peer.feed(&wire);
        let Some(ServerSessionEvent::VideoDataReceived { stream_key, data, timestamp, .. }) =
            peer.events.pop()
        else {
            panic!("no video at {time}");
        };
        assert_eq!((stream_key.as_str(), timestamp.value), ("key?sign=a%2Fb", time), "the key as configured");
        assert!(data == body);
    }
    peer.client.finish();
    peer.take(Vec::new());
    let finished =
        |event: &ServerSessionEvent| matches!(event, ServerSessionEvent::PublishStreamFinished { .. });
    assert!(peer.events.iter().any(finished), "{:?}", peer.events);
}
