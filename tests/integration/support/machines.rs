//! Peers that say what no program at hand can be made to say: an encoder and a destination around the engine's own protocol
//! machines, each on a thread.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gostream::format::amf0::Value;
use gostream::format::flv::{TagKind, Tags};
use gostream::rtmp::{
    Client, ClientConfig, ClientEvent, Limits, Media, MessageType, PublishRefusal, RtmpUrl, Server,
    ServerConfig, ServerEvent, SharedMessage, csid,
};

/// How long a thread waits for bytes before it looks at everything else.
const TICK: Duration = Duration::from_millis(5);
const CHUNK_SIZE: u32 = 65_536;
/// Message type of commands in AMF0.
const COMMAND: u8 = 20;

/// A message that an encoder sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) type_id: u8,
    pub(crate) millis: u32,
    pub(crate) body: Bytes,
}

/// What an encoder sends, round and round.
#[derive(Debug, Clone)]
pub(crate) struct Show {
    pub(crate) tags: Vec<Tag>,
    /// Of one round.
    length: Duration,
    /// What all of it is stamped with, where that is not when it is sent.
    stamp: Option<u32>,
    /// Where its clock begins.
    from: u32,
}

impl Show {
    fn of_flv(file: &Path, length: Duration) -> Self {
        let bytes = Bytes::from(std::fs::read(file).expect("the file is there"));
        let tags = Tags::new(&bytes).expect("an FLV file").map(|tag| tag.expect("a whole file"));
        let type_id = |kind: TagKind| match kind {
            TagKind::Audio => MessageType::AUDIO,
            TagKind::Video => MessageType::VIDEO,
            _ => MessageType::DATA,
        };
        let tags = tags.map(|tag| Tag { type_id: type_id(tag.kind), millis: tag.millis, body: tag.body });
        Self { tags: tags.collect(), length, stamp: None, from: 0 }
    }

    /// The same with every body of pictures otherwise.
    pub(crate) fn map_video(mut self, change: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        for tag in self.tags.iter_mut().filter(|tag| tag.type_id == MessageType::VIDEO) {
            tag.body = change(&tag.body).into();
        }
        self
    }

    /// The same with one timestamp in all messages.
    pub(crate) fn stamped(self, millis: u32) -> Self {
        Self { stamp: Some(millis), ..self }
    }

    /// The same by a clock that begins at another time than 0.
    pub(crate) fn starting_at(self, millis: u32) -> Self {
        Self { from: millis, ..self }
    }

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
    }

    /// H.264 and AAC, 10 s.
    pub(crate) fn h264() -> Self {
        let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app/demo/clip.flv");
        Self::of_flv(&clip, Duration::from_secs(10))
    }

    /// Two tracks of H.264, AAC and Opus, 0.6 s, as FFmpeg 9 sends it.
    pub(crate) fn multitrack() -> Self {
        Self::of_flv(&Self::fixture("ffmpeg-9-multitrack.flv"), Duration::from_millis(640))
    }

    /// Nothing, for longer than any test.
    #[allow(dead_code, reason = "the API's tests alone need it")]
    pub(crate) const fn silent() -> Self {
        Self { tags: Vec::new(), length: Duration::from_secs(3_600), stamp: None, from: 0 }
    }

    /// VP9 and nothing else, 0.4 s, with what FFmpeg says of its colours.
    pub(crate) fn vp9() -> Self {
        let ivf = std::fs::read(Self::fixture("video/libvpx-vp9.ivf")).expect("the file is there");
        let head = |first: u8, rest: &[u8]| [&[first], &b"vp09"[..], rest].concat();
        let mut bodies = vec![
            (0, head(0x90, b"\x01\0\0\0\0\x0b\x82\x02\x02\x02\0\0")),
            (0, head(0xD4, b"\x02\0\x09colorInfo\x03\0\x0bcolorConfig\x03\0\0\x09\0\0\x09")),
        ];
        let (mut rest, mut millis) = (&ivf[32..], 0);
        while let [a, b, c, d, ..] = *rest {
            let size = u32::from_le_bytes([a, b, c, d]) as usize;
            bodies.push((millis, head(0xA1, &rest[12..12 + size])));
            rest = &rest[12 + size..];
            millis += 40;
        }
        let tag =
            |(millis, body): (u32, Vec<u8>)| Tag { type_id: MessageType::VIDEO, millis, body: body.into() };
        let length = Duration::from_millis(millis.into());
        Self { tags: bodies.into_iter().map(tag).collect(), length, stamp: None, from: 0 }
    }

    /// Whether these bodies of frames follow each other in it, in a round or from one to the next.
    pub(crate) fn has_run(&self, type_id: u8, run: &[Vec<u8>]) -> bool {
        let is_frame = |tag: &&Tag| tag.type_id == type_id && tag.body.get(1) == Some(&1);
        let round: Vec<_> = self.tags.iter().filter(is_frame).map(|tag| tag.body.to_vec()).collect();
        [round.clone(), round].concat().windows(run.len()).any(|window| window == run)
    }
}

/// What an encoder's thread is told and tells.
#[derive(Default)]
struct Shared {
    show: Mutex<Option<Show>>,
    stop: AtomicBool,
    cut: AtomicBool,
    asked_to_move: AtomicBool,
    ended: AtomicBool,
}

/// An encoder that knows Enhanced RTMP and says so. Dropping it is a clean stop.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Publishes a show at its own pace.
    pub(crate) fn start(url: &str, show: Show) -> Self {
        let shared = Arc::new(Shared { show: Mutex::new(Some(show)), ..Shared::default() });
        let url = RtmpUrl::parse(url, "").expect("an address with a key");
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                Line::connect(url).run(&shared);
                shared.ended.store(true, Ordering::Relaxed);
            }
        });
        Self { shared, thread: Some(thread) }
    }

    /// Goes on with another show, over the same connection.
    pub(crate) fn switch(&self, show: Show) {
        *self.shared.show.lock().expect("no thread panicked") = Some(show);
    }

    /// Resets the connection in the middle of everything, as OBS does when it stops for want of network.
    pub(crate) fn cut(self) {
        self.shared.cut.store(true, Ordering::Relaxed);
    }

    /// Whether the server asked to connect anew.
    pub(crate) fn was_asked_to_move(&self) -> bool {
        self.shared.asked_to_move.load(Ordering::Relaxed)
    }

    /// Whether the server closed the connection.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // the panic of a thread shows in its own message
        }
    }
}

/// An encoder's connection.
struct Line {
    socket: TcpStream,
    client: Client,
    stream_id: Option<u32>,
    open: bool,
}

impl Line {
    fn connect(url: RtmpUrl) -> Self {
        let socket = TcpStream::connect((url.host.as_str(), url.port)).expect("the server listens");
        socket.set_read_timeout(Some(TICK)).expect("a timeout");
        let config = ClientConfig { url, chunk_size: CHUNK_SIZE, limits: Limits::default() };
        Self { socket, client: Client::new(config, 1), stream_id: None, open: true }
    }

    fn run(&mut self, shared: &Shared) {
        let (mut began, mut show, mut next) = (Instant::now(), None::<Show>, 0);
        // The clock of the connection runs on from show to show, and from round to round.
        let mut base = Duration::ZERO;
        while self.open {
            self.turn(shared);
            if shared.cut.load(Ordering::Relaxed) {
                let socket = socket2::SockRef::from(&self.socket);
                socket.set_linger(Some(Duration::ZERO)).expect("an option");
                return;
            }
            if shared.stop.load(Ordering::Relaxed) {
                self.client.finish();
                self.turn(shared);
                return;
            }
            let Some(stream_id) = self.stream_id else {
                began = Instant::now();
                continue;
            };
            if let Some(other) = shared.show.lock().expect("nobody panicked").take() {
                (show, next, base) = (Some(other), 0, began.elapsed());
            }
            let Some(show) = &show else { continue };
            while let Some(tag) = show.tags.get(next) {
                let at = base + Duration::from_millis(tag.millis.into());
                if began.elapsed() < at || !self.open {
                    break;
                }
                let millis = u32::try_from(at.as_millis()).expect("a short test");
                self.send(stream_id, tag, show.stamp.unwrap_or(millis.wrapping_add(show.from)));
                next += 1;
            }
            if next == show.tags.len() && began.elapsed() >= base + show.length {
                (next, base) = (0, base + show.length);
            }
        }
    }

    fn send(&mut self, stream_id: u32, tag: &Tag, millis: u32) {
        let csid = match tag.type_id {
            MessageType::AUDIO => csid::AUDIO,
            MessageType::VIDEO => csid::VIDEO,
            _ => csid::STREAM,
        };
        let message = SharedMessage::new(csid, tag.type_id, &[], tag.body.clone());
        for piece in message.remainder(message.header(millis, stream_id), CHUNK_SIZE, 0) {
            self.open &= self.socket.write_all(&piece).is_ok();
        }
    }

    /// Writes what the machine has to say, and gives it what came.
    fn turn(&mut self, shared: &Shared) {
        while let Some(bytes) = self.client.poll_output() {
            self.open &= self.socket.write_all(&bytes).is_ok();
        }
        match read(&mut self.socket) {
            Some(bytes) => self.client.handle_input(&bytes).expect("the engine keeps the rules"),
            None => self.open = false,
        }
        while let Some(event) = self.client.poll_event() {
            match event {
                ClientEvent::Publishing { stream_id } => self.stream_id = Some(stream_id),
                ClientEvent::ReconnectRequest { .. } => shared.asked_to_move.store(true, Ordering::Relaxed),
                ClientEvent::Refused(_) => self.open = false,
            }
        }
    }
}

/// What came within a tick; `None` when the connection is over.
fn read(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 64 << 10];
    match socket.read(&mut buffer) {
        Ok(0) => None,
        Ok(taken) => {
            buffer.truncate(taken);
            Some(buffer)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Some(Vec::new()),
        Err(_) => None,
    }
}

/// One publish, as a destination got it.
#[derive(Debug, Default)]
pub(crate) struct Publish {
    pub(crate) media: Vec<Media>,
    /// The publisher said that it is done.
    pub(crate) goodbye: bool,
    /// The server is to ask the publisher to connect to this address.
    ask: Option<String>,
}

impl Publish {
    /// Bodies of one kind.
    pub(crate) fn bodies(&self, type_id: u8) -> Vec<&[u8]> {
        self.media.iter().filter(|media| media.type_id == type_id).map(|media| &media.body[..]).collect()
    }

    /// The bodies of one kind that begin with these bytes.
    pub(crate) fn count(&self, type_id: u8, begin: &[u8]) -> usize {
        self.bodies(type_id).iter().filter(|body| body.starts_with(begin)).count()
    }
}

/// Words that a destination says otherwise, of the same length.
pub(crate) type Renamed = &'static [(&'static [u8], &'static [u8])];

/// Nothing of Enhanced RTMP is said.
pub(crate) const SILENT: Renamed = &[
    (b"capsEx", b"nothin"),
    (b"fourCcList", b"nothingatl"),
    (b"videoFourCcInfoMap", b"nothingatallforyou"),
    (b"audioFourCcInfoMap", b"nothingatallforyou"),
];

/// A destination that takes everything and keeps it.
pub(crate) struct Sink {
    address: SocketAddr,
    publishes: Arc<Mutex<Vec<Publish>>>,
    connections: Arc<Mutex<usize>>,
}

impl Sink {
    pub(crate) fn start(renamed: Renamed) -> Self {
        Self::busy(renamed, 0)
    }

    /// One that says of the first `refusals` publishes that their key is in use.
    pub(crate) fn busy(renamed: Renamed, refusals: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (publishes, connections) = (Arc::default(), Arc::new(Mutex::new(0)));
        let sink = Self { address, publishes: Arc::clone(&publishes), connections: Arc::clone(&connections) };
        std::thread::spawn(move || {
            for (number, socket) in listener.incoming().map_while(Result::ok).enumerate() {
                *connections.lock().expect("nobody panicked") += 1;
                let publishes = Arc::clone(&publishes);
                std::thread::spawn(move || serve(socket, renamed, number < refusals, &publishes));
            }
        });
        sink
    }

    /// The server part of its address.
    pub(crate) fn url(&self) -> String {
        format!("rtmp://{}/live", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("nobody panicked")
    }

    /// Everything that was published, in order.
    pub(crate) fn publishes(&self) -> MutexGuard<'_, Vec<Publish>> {
        self.publishes.lock().expect("nobody panicked")
    }

    /// Asks the last publisher to connect anew.
    pub(crate) fn ask_to_move(&self, tc_url: &str) {
        self.publishes().last_mut().expect("somebody publishes").ask = Some(tc_url.to_owned());
    }
}

fn serve(mut socket: TcpStream, renamed: Renamed, refuses: bool, publishes: &Mutex<Vec<Publish>>) {
    socket.set_read_timeout(Some(TICK)).expect("a timeout");
    let config = ServerConfig {
        app: "live".to_owned(),
        chunk_size: CHUNK_SIZE,
        limits: Limits::default(),
        handshake_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(60),
        stall_timeout: Duration::from_secs(60),
        publish_auth: None,
    };
    let mut server = Server::new(Arc::new(config), 1, Instant::now());
    let mut index = None;
    loop {
        while let Some(bytes) = server.poll_output() {
            if socket.write_all(&rename(&bytes, renamed)).is_err() {
                return;
            }
        }
        let Some(bytes) = read(&mut socket).filter(|_| !server.is_closing()) else { return };
        server.handle_input(Instant::now(), &bytes).expect("the engine keeps the rules");
        let mut publishes = publishes.lock().expect("nobody panicked");
        while let Some(event) = server.poll_event() {
            match (event, index.and_then(|index: usize| publishes.get_mut(index))) {
                (ServerEvent::Publish(_), _) if refuses => server.refuse_publish(PublishRefusal::Busy),
                (ServerEvent::Publish(_), _) => {
                    server.accept_publish(Instant::now());
                    index = Some(publishes.len());
                    publishes.push(Publish::default());
                }
                (ServerEvent::Media(media), Some(publish)) => publish.media.push(media),
                (ServerEvent::Done, Some(publish)) => publish.goodbye = true,
                _ => {}
            }
        }
        let ask = index.and_then(|index| publishes.get_mut(index)?.ask.take());
        if let Some(tc_url) = ask {
            assert!(server.request_reconnect(Some(&tc_url).filter(|url| !url.is_empty()).map(|url| &**url)));
        }
    }
}

/// A player that knows Enhanced RTMP and says so. It keeps the bytes of what it got.
pub(crate) struct Viewer {
    got: Arc<Mutex<Vec<u8>>>,
    socket: TcpStream,
}

impl Viewer {
    /// Plays a stream of the app `live`.
    pub(crate) fn start(server: SocketAddr, name: &str) -> Self {
        let every = Value::StrictArray(vec![Value::String("*".to_owned())]);
        let says = [("capsEx", Value::Number(3.0)), ("fourCcList", every)];
        Self::saying(server, name, says.to_vec())
    }

    /// The same for one that says nothing of Enhanced RTMP, as most players do that decode HEVC.
    pub(crate) fn plain(server: SocketAddr, name: &str) -> Self {
        Self::saying(server, name, Vec::new())
    }

    fn saying(server: SocketAddr, name: &str, says: Vec<(&str, Value)>) -> Self {
        let mut socket = TcpStream::connect(server).expect("the server listens");
        let text = |text: &str| Value::String(text.to_owned());
        let properties = [("app", text("live"))].into_iter().chain(says);
        let connect = properties.map(|(name, value)| (name.to_owned(), value)).collect();
        let connect = Value::Object(connect);
        let mut bytes = hello();
        bytes.extend([0; 1_536]);
        for (stream_id, command) in [
            (0, vec![text("connect"), Value::Number(1.0), connect]),
            (0, vec![text("createStream"), Value::Number(2.0), Value::Null]),
            (1, vec![text("play"), Value::Number(0.0), Value::Null, text(name)]),
        ] {
            let mut body = Vec::new();
            command.iter().for_each(|value| value.encode(&mut body));
            let message = SharedMessage::new(csid::COMMAND, COMMAND, &[], body.into());
            for piece in message.remainder(message.header(0, stream_id), 128, 0) {
                bytes.extend_from_slice(&piece);
            }
        }
        socket.write_all(&bytes).expect("the server reads");
        let got = Arc::<Mutex<Vec<u8>>>::default();
        let (kept, mut reading) = (Arc::clone(&got), socket.try_clone().expect("a socket can be shared"));
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(taken @ 1..) = reading.read(&mut buffer) {
                kept.lock().expect("nobody panicked").extend_from_slice(&buffer[..taken]);
            }
        });
        Self { got, socket }
    }

    /// Where these bytes stand in what it got.
    pub(crate) fn place(&self, bytes: &[u8]) -> Option<usize> {
        self.got.lock().expect("nobody panicked").windows(bytes.len()).position(|window| window == bytes)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.socket.shutdown(std::net::Shutdown::Both).ok(); // the server may have closed first
    }
}

fn rename(bytes: &[u8], renamed: Renamed) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (from, to) in renamed {
        assert_eq!(from.len(), to.len(), "lengths stand elsewhere in the message");
        let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

/// C0 and C1 of a simple handshake: 1 + 1536 bytes.
pub(crate) fn hello() -> Vec<u8> {
    let mut bytes = vec![0; 1_537];
    bytes[0] = 3;
    bytes[9..].iter_mut().zip((0..=255).cycle()).for_each(|(byte, value)| *byte = value);
    bytes
}
