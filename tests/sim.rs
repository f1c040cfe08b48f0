//! Both ends of the protocol over a link that cuts bytes anywhere, delivers late, and sometimes dies. Seeded: a failure
//! names its seed, and `SIM_SEED=n cargo test --test sim` runs that one again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gostream::rtmp::{
    Client, ClientConfig, ClientEvent, Limits, Media, MessageType, PublishRefusal, RtmpUrl, Server,
    ServerConfig, ServerEvent, SharedMessage, csid,
};

/// One direction: bytes on their way, handed out in pieces of any size.
#[derive(Default)]
struct Pipe(Vec<u8>);

impl Pipe {
    fn piece(&mut self, random: &mut fastrand::Rng) -> Vec<u8> {
        let most = if random.bool() { 7 } else { 9_000 };
        let length = random.usize(0..=self.0.len().min(most));
        self.0.drain(..length).collect()
    }
}

struct World {
    random: fastrand::Rng,
    now: Instant,
    client: Client,
    server: Server,
    to_server: Pipe,
    to_client: Pipe,
    client_events: Vec<ClientEvent>,
    server_events: Vec<ServerEvent>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let now = Instant::now();
        let sizes = [128, 129, 1_000, 4_096, 60_000, 65_536];
        let url = RtmpUrl::parse("rtmp://host/live", "key?token=a/b").expect("a good address");
        let chunk_size = sizes[random.usize(0..sizes.len())];
        let config = ClientConfig { url, chunk_size, limits: Limits::default() };
        let server = ServerConfig {
            app: "live".into(),
            chunk_size: sizes[random.usize(0..sizes.len())],
            limits: Limits::default(),
            handshake_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(15),
            publish_auth: None,
        };
        Self {
            client: Client::new(config, random.u64(..)),
            server: Server::new(Arc::new(server), random.u64(..), now),
            random,
            now,
            to_server: Pipe::default(),
            to_client: Pipe::default(),
            client_events: Vec::new(),
            server_events: Vec::new(),
        }
    }

    /// Moves some bytes and some time.
    fn turn(&mut self) {
        while let Some(bytes) = self.client.poll_output() {
            self.to_server.0.extend_from_slice(&bytes);
        }
        while let Some(bytes) = self.server.poll_output() {
            self.to_client.0.extend_from_slice(&bytes);
        }
        self.now += Duration::from_millis(self.random.u64(0..5));
        let piece = self.to_server.piece(&mut self.random);
        self.server.handle_input(self.now, &piece).expect("our client keeps the rules");
        let piece = self.to_client.piece(&mut self.random);
        self.client.handle_input(&piece).expect("our server keeps the rules");
        self.client_events.extend(std::iter::from_fn(|| self.client.poll_event()));
        self.server_events.extend(std::iter::from_fn(|| self.server.poll_event()));
    }

    fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        for _ in 0..200_000 {
            self.turn();
            if done(self) {
                return;
            }
        }
        panic!("never: {what}");
    }

    /// Both ends up to the moment media may flow.
    fn publish(&mut self) {
        self.until("a publish request", |world| !world.server_events.is_empty());
        let Some(ServerEvent::Publish(request)) = world_first(&mut self.server_events) else {
            panic!("no publish request");
        };
        assert_eq!((request.name.name.as_str(), request.name.query.as_str()), ("key", "token=a/b"));
        assert!(self.client_events.is_empty(), "nothing looks like a start before the grant");
        self.server.accept_publish(self.now);
        self.until("a start", |world| !world.client_events.is_empty());
        assert_eq!(world_first(&mut self.client_events), Some(ClientEvent::Publishing { stream_id: 1 }));
    }
}

fn world_first<T>(events: &mut Vec<T>) -> Option<T> {
    (!events.is_empty()).then(|| events.remove(0))
}

fn seeds() -> Vec<u64> {
    match std::env::var("SIM_SEED") {
        Ok(seed) => vec![seed.parse().expect("SIM_SEED is a number")],
        Err(_) => (0..60).collect(),
    }
}

/// Runs a story under every seed, and names the one that fails.
fn every_seed(story: impl Fn(&mut World)) {
    for seed in seeds() {
        let mut world = World::new(seed);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| story(&mut world)));
        assert!(result.is_ok(), "failed with SIM_SEED={seed}");
    }
}

#[test]
fn media_arrives_whole_and_in_order_however_the_network_cuts_it() {
    every_seed(|world| {
        world.publish();
        // Announced by the client before connect, so it is known to the server; any value works for the writer.
        let mut sent = Vec::new();
        let mut time = if world.random.bool() { 0 } else { 16_776_900 };
        for number in 0..60_u32 {
            let (csid, type_id) = if number % 3 == 0 {
                (csid::VIDEO, MessageType::VIDEO)
            } else {
                (csid::AUDIO, MessageType::AUDIO)
            };
            let length = if type_id == MessageType::VIDEO { 30_000 } else { 400 };
            let body = (0..world.random.usize(1..length)).map(|_| world.random.u8(..)).collect::<Vec<u8>>();
            let message = SharedMessage::new(csid, type_id, &body[..1], body[1..].to_vec().into());
            let chunk_size = world.chunk_size();
            for piece in message.remainder(message.header(time, 1), chunk_size, 0) {
                world.to_server.0.extend_from_slice(&piece);
            }
            sent.push((type_id, time, body));
            time += world.random.u32(0..40);
        }
        world.until("all media", |world| world.server_events.len() == sent.len());
        for (event, (type_id, timestamp, body)) in world.server_events.iter().zip(&sent) {
            let expected = Media { type_id: *type_id, timestamp: *timestamp, body: body.clone().into() };
            assert_eq!(*event, ServerEvent::Media(expected));
        }
        world.server_events.clear();
        world.client.finish();
        world.until("the end", |world| !world.server_events.is_empty());
        assert_eq!(world_first(&mut world.server_events), Some(ServerEvent::Done));
    });
}

#[test]
fn a_request_to_connect_anew_arrives_with_its_address_and_media_goes_on() {
    every_seed(|world| {
        world.publish();
        for tc_url in ["/other", ""] {
            assert!(world.server.request_reconnect(Some(tc_url).filter(|url| !url.is_empty())));
            world.until("the request", |world| !world.client_events.is_empty());
            let request = ClientEvent::ReconnectRequest { tc_url: tc_url.to_owned() };
            assert_eq!(world_first(&mut world.client_events), Some(request));
        }
        assert!(!world.server.is_closing());
        world.client.finish();
        world.until("the end", |world| !world.server_events.is_empty());
    });
}

#[test]
fn a_refusal_arrives_with_its_reason() {
    every_seed(|world| {
        world.until("a publish request", |world| !world.server_events.is_empty());
        world.server.refuse_publish(PublishRefusal::UnknownKey);
        world.until("the refusal", |world| !world.client_events.is_empty());
        let Some(ClientEvent::Refused(refusal)) = world_first(&mut world.client_events) else {
            panic!("not refused");
        };
        assert_eq!(refusal.code, "NetStream.Publish.Denied");
        assert!(!refusal.description.is_empty());
        assert!(world.server.is_closing());
    });
}

#[test]
fn a_connection_that_dies_anywhere_in_its_setup_times_out_and_nothing_panics() {
    every_seed(|world| {
        for _ in 0..world.random.usize(0..60) {
            world.turn();
        }
        // The cable is pulled. Time goes on.
        let deadline = world.server.poll_timeout();
        if let Some(deadline) = deadline {
            assert!(world.server.handle_timeout(deadline - Duration::from_millis(1)).is_ok());
            assert!(world.server.handle_timeout(deadline).is_err());
        } else {
            let asked = world.server_events.iter().any(|event| matches!(event, ServerEvent::Publish(_)));
            assert!(asked, "without a deadline only while a request waits for its grant");
        }
    });
}

impl World {
    /// What the client announced: it must be what its media is cut with.
    fn chunk_size(&self) -> u32 {
        self.client.chunk_size()
    }
}
