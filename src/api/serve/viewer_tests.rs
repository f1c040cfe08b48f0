//! Viewers on kept connections, over real sockets: what they get, how they share a connection with other requests, and
//! what becomes of those that stop reading.

use std::net::SocketAddr;

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;
use crate::api::hls;
use crate::api::hls::tests::live;
use crate::auth::PlaybackTokens;
use crate::hls::testing::{Studio, gunzip};
use crate::hls::{Kind, Rendition};
use crate::media::End;
use crate::stream::{PlaybackId, TokenFault};

/// Bytes of the answers that a reader who stops has asked for: more than the sockets of both sides hold.
const FLOOD: usize = 64 << 20;

/// A server with one live stream.
struct Served {
    addr: SocketAddr,
    rendition: Arc<Rendition>,
    studio: Studio,
    stats: Arc<Stats>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Served {
    fn start(limits: Limits) -> Self {
        Self::with(limits, 2)
    }

    /// With so many threads for viewers.
    fn with(limits: Limits, hands: usize) -> Self {
        Self::guarded(limits, hands, None)
    }

    /// For those with a token.
    fn guarded(limits: Limits, hands: usize, tokens: Option<Arc<PlaybackTokens>>) -> Self {
        let (library, rendition, studio) = live();
        let hall = Hall::new(library, tokens);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let router = Router::new().route("/who", get(|| async { "me" })).merge(hls::router(hall.clone()));
        let server = Server::new(listener, router).expect("a listener");
        let server = Server { limits, hands, hall: Some(hall), ..server };
        let (stats, stop) = (server.stats.clone(), CancellationToken::new());
        let running = tokio::spawn(server.run(stop.clone()));
        Self { addr, rendition, studio, stats, stop, running }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.expect("connects")
    }

    fn playlist(&self) -> String {
        format!("/hls/talk/{}", self.studio.viewer.name)
    }

    fn segment(&self) -> String {
        let playlist = self.studio.viewer.playlist.as_ref().expect("live");
        format!("/hls/talk/{}", playlist.segments.last().expect("some").uri)
    }

    /// A reload that waits for the next part.
    fn reload(&self) -> String {
        let read = self.studio.viewer.read();
        let parts = read.open.as_ref().map_or(0, |open| open.parts.len());
        format!("{}?_HLS_msn={}&_HLS_part={parts}", self.playlist(), read.next())
    }

    async fn until(&self, what: &str, mut is: impl FnMut(&Self) -> bool) {
        for _ in 0..500 {
            if is(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited for: {what}");
    }

    async fn end(self) {
        self.stop.cancel();
        self.running.await.expect("ends");
    }
}

fn question(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
}

/// The next answer on a connection: its head in small letters, and its body.
async fn answer(socket: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("text").to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    socket.read_exact(&mut body).await.expect("a body");
    (head, body)
}

async fn ask(socket: &mut TcpStream, path: &str) -> (String, Vec<u8>) {
    socket.write_all(question(path).as_bytes()).await.expect("sends");
    answer(socket).await
}

#[tokio::test]
async fn a_viewer_gets_the_same_whoever_answers() {
    for hands in [0, 1] {
        the_same(&Served::with(Limits::default(), hands)).await;
    }
}

async fn the_same(served: &Served) {
    let others = ["index.m3u8", "x.m4s"].map(|name| format!("/hls/talk/{name}"));
    for path in [served.playlist(), served.segment()].into_iter().chain(others) {
        let mut plain = served.connect().await;
        let (head, body) = ask(&mut plain, &path).await;
        // Another request first, and the connection is hyper's.
        let mut other = served.connect().await;
        assert_eq!(ask(&mut other, "/who").await.1, b"me");
        let (other_head, other_body) = ask(&mut other, &path).await;
        let lines = |head: &str| {
            let lines = head.lines().filter(|line| !line.starts_with("date: "));
            let mut lines: Vec<_> = lines.map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&head), lines(&other_head), "{path}");
        assert!(body == other_body, "{path}");
        assert!(head.contains("\r\ndate: "), "{head}");
    }
}

#[tokio::test]
async fn one_connection_carries_whatever_is_asked_in_whatever_pieces() {
    let served = Served::start(Limits::default());
    let mut socket = served.connect().await;
    let (playlist, segment) = (question(&served.playlist()), question(&served.segment()));
    let text = served.studio.viewer.text.clone().into_bytes();
    let whole = ask(&mut served.connect().await, &served.segment()).await.1;
    // Two and a half requests at once, then the rest, and then what is none of ours.
    let (begun, rest) = segment.split_at(20);
    socket.write_all(format!("{playlist}{segment}{begun}").as_bytes()).await.expect("sends");
    assert!(answer(&mut socket).await.1 == text);
    assert!(answer(&mut socket).await.1 == whole);
    socket.write_all(rest.as_bytes()).await.expect("sends");
    assert!(answer(&mut socket).await.1 == whole);
    assert_eq!(ask(&mut socket, "/who").await.1, b"me");
    assert!(ask(&mut socket, &served.playlist()).await.1 == text);
    let sent = served.rendition.counters().bytes(Kind::Segment);
    assert_eq!(sent, 3 * whole.len() as u64);
    // Only a head, and a range.
    let mut socket = served.connect().await;
    let path = served.segment();
    let asked = format!("HEAD {path} HTTP/1.1\r\n\r\nGET {path} HTTP/1.1\r\nrange: bytes=4-7\r\n\r\n");
    socket.write_all(asked.as_bytes()).await.expect("sends");
    let mut head = vec![0; 4_096];
    let mut read = 0;
    while !head.get(..read).unwrap_or_default().ends_with(b"moof") {
        read += socket.read(head.get_mut(read..).expect("room")).await.expect("answers");
    }
    let heads = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).to_lowercase();
    assert!(heads.contains(&format!("content-length: {}\r\n", whole.len())), "{heads}");
    assert!(heads.contains(&format!("content-range: bytes 4-7/{}\r\n", whole.len())), "{heads}");
    served.end().await;
}

#[tokio::test]
async fn a_viewer_who_leaves_while_waiting_gives_the_place_back() {
    let served = Served::start(Limits::default());
    let mut socket = served.connect().await;
    socket.write_all(question(&served.reload()).as_bytes()).await.expect("sends");
    served.until("the viewer to wait", |served| served.rendition.waiting() == 1).await;
    // What is asked meanwhile is answered afterwards.
    socket.write_all(question(&served.playlist()).as_bytes()).await.expect("sends");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(served.rendition.waiting(), 1);
    drop(socket);
    served.until("the place to be free", |served| served.rendition.waiting() == 0).await;
    served.until("the connection to end", |served| served.stats.closed.load(Ordering::Relaxed) == 1).await;
    served.end().await;
}

#[tokio::test]
async fn all_who_wait_for_a_part_get_it_and_are_counted() {
    const VIEWERS: usize = 40;
    // Nobody is helped by the end of the time in which a viewer may say nothing.
    let mut served =
        Served::start(Limits { header_timeout: Duration::from_secs(3_600), ..Limits::default() });
    let counts = |served: &Served| {
        let counters = served.rendition.counters();
        (counters.requests(Kind::Playlist), counters.bytes(Kind::Playlist))
    };
    let (reload, before) = (served.reload(), counts(&served));
    let mut viewers = Vec::new();
    for at in 0..VIEWERS {
        let mut socket = served.connect().await;
        // Some ask in a way of their own, some ask more before they have this.
        let zip = if at % 4 == 1 { "accept-encoding: gzip\r\n" } else { "" };
        let asked = format!("GET {reload} HTTP/1.1\r\nhost: x\r\n{zip}\r\n");
        let more = if at % 4 == 2 { question("/hls/talk/index.m3u8") } else { String::new() };
        socket.write_all(format!("{asked}{more}").as_bytes()).await.expect("sends");
        viewers.push(socket);
    }
    let gone = served.connect().await;
    gone.try_write(question(&reload).as_bytes()).expect("sends");
    served.until("all to wait", |served| served.rendition.waiting() == VIEWERS + 1).await;
    drop(gone);
    served.until("one to have left", |served| served.rendition.waiting() == VIEWERS).await;

    served.studio.run(400);
    served.studio.show(&served.rendition);
    let text = served.studio.viewer.text.clone();
    let mut bytes = 0;
    for (at, socket) in viewers.iter_mut().enumerate() {
        let (head, body) = answer(socket).await;
        bytes += body.len() as u64;
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        let zipped = at % 4 == 1;
        assert_eq!(head.contains("content-encoding: gzip"), zipped, "{head}");
        assert!((if zipped { gunzip(&body) } else { body }) == text.as_bytes(), "{at}");
        if at % 4 == 2 {
            assert!(answer(socket).await.1.starts_with(b"#EXTM3U"), "what was asked meanwhile");
        }
    }
    let counted = (before.0 + VIEWERS as u64, before.1 + bytes);
    served.until("all to be counted", |served| counts(served) == counted).await;
    assert_eq!(served.rendition.waiting(), 0);
    // Those who were answered together go on each by itself, and come together again.
    let reload = served.reload();
    for socket in &mut viewers {
        assert!(ask(socket, &served.playlist()).await.1 == text.as_bytes());
        socket.write_all(question(&reload).as_bytes()).await.expect("sends");
    }
    served.until("all to wait", |served| served.rendition.waiting() == VIEWERS).await;
    served.studio.run(400);
    served.studio.show(&served.rendition);
    for socket in &mut viewers {
        assert!(answer(socket).await.1 == served.studio.viewer.text.as_bytes());
    }
    served.end().await;
}

#[tokio::test]
async fn who_waits_needs_a_token_and_is_refused_once_without_a_good_one() {
    let tokens = Arc::new(PlaybackTokens::new("sixteen bytes or more"));
    let mut served = Served::guarded(Limits::default(), 1, Some(tokens.clone()));
    let id = PlaybackId::parse("talk").expect("valid");
    let reload = |served: &Served, until| {
        served.reload().replace("/talk/", &format!("/talk/{}/", tokens.issue(&id, until)))
    };
    let (head, _) = ask(&mut served.connect().await, &reload(&served, 1_000)).await;
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    assert_eq!(tokens.refused(TokenFault::Expired), 1);
    let mut socket = served.connect().await;
    socket.write_all(question(&reload(&served, u64::MAX / 2)).as_bytes()).await.expect("sends");
    served.until("the viewer to wait", |served| served.rendition.waiting() == 1).await;
    served.studio.run(400);
    served.studio.show(&served.rendition);
    let (head, body) = answer(&mut socket).await;
    assert!(head.contains("cache-control: private, "), "{head}");
    assert!(body == served.studio.viewer.text.as_bytes());
    served.end().await;
}

#[tokio::test]
async fn a_viewer_who_was_answered_with_others_and_asks_no_more_is_ended_as_any_other() {
    let mut served =
        Served::start(Limits { header_timeout: Duration::from_millis(400), ..Limits::default() });
    let mut socket = served.connect().await;
    socket.write_all(question(&served.reload()).as_bytes()).await.expect("sends");
    served.until("the viewer to wait", |served| served.rendition.waiting() == 1).await;
    // Longer than it might say nothing if nobody owed it an answer.
    tokio::time::sleep(Duration::from_secs(1)).await;
    served.studio.run(400);
    served.studio.show(&served.rendition);
    assert!(answer(&mut socket).await.1 == served.studio.viewer.text.as_bytes());
    assert_eq!(socket.read(&mut [0]).await.expect("a clean end"), 0);
    served.end().await;
}

#[tokio::test]
async fn a_stop_answers_who_waits_and_ends_who_does_not() {
    let mut served = Served::start(Limits::default());
    let (mut waiting, mut idle) = (served.connect().await, served.connect().await);
    ask(&mut idle, &served.playlist()).await;
    waiting.write_all(question(&served.reload()).as_bytes()).await.expect("sends");
    waiting.write_all(question(&served.playlist()).as_bytes()).await.expect("sends");
    served.until("the viewer to wait", |served| served.rendition.waiting() == 1).await;
    served.stop.cancel();
    assert_eq!(idle.read(&mut [0]).await.expect("a clean end"), 0);
    served.studio.end(End::Clean);
    served.studio.show(&served.rendition);
    let (head, body) = answer(&mut waiting).await;
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    assert!(body.ends_with(b"#EXT-X-ENDLIST\n"));
    assert_eq!(waiting.read(&mut [0]).await.unwrap_or(0), 0, "nothing is begun after the stop");
    served.end().await;
}

#[tokio::test]
async fn a_reader_who_stops_loses_its_place_and_a_slow_one_does_not() {
    let patience = Duration::from_millis(300);
    let served = Served::start(Limits { write_timeout: patience, ..Limits::default() });
    let length = ask(&mut served.connect().await, &served.segment()).await.1.len();
    served.until("the first to end", |served| served.stats.closed.load(Ordering::Relaxed) == 1).await;
    // Once plainly, and once as hyper's.
    for (number, first) in ["", "GET /who HTTP/1.1\r\n\r\n"].into_iter().enumerate() {
        let (read, mut write) = served.connect().await.into_split();
        let questions = format!("{first}{}", question(&served.segment()).repeat(FLOOD / length));
        let asking = tokio::spawn(async move { write.write_all(questions.as_bytes()).await.map(|()| write) });
        let ended = 2 + number as u64;
        served
            .until("the reader to be given up", |served| served.stats.closed.load(Ordering::Relaxed) == ended)
            .await;
        drop(read);
        asking.abort();
    }
    let mut slow = served.connect().await;
    for _ in 0..FLOOD / length {
        slow.write_all(question(&served.segment()).as_bytes()).await.expect("sends");
    }
    for _ in 0..6 {
        tokio::time::sleep(patience / 2).await;
        slow.read_exact(&mut vec![0; 4 << 20]).await.expect("it comes");
    }
    served.end().await;
}
