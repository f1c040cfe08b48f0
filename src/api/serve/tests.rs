//! What connections live through: a drain, silence, crowds, readers that stop, and peers that ask for nothing.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::connection::H2_STREAMS_MAX;
use super::*;

fn server(limits: Limits) -> (SocketAddr, Server) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("bound");
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "slow"
    };
    let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
    let router = Router::new().route("/slow", get(slow)).route("/who", get(who));
    (addr, Server { limits, ..Server::new(listener, router).expect("a listener") })
}

async fn ask(addr: SocketAddr, path: &str) -> String {
    let mut socket = TcpStream::connect(addr).await.expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("sends");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("answers");
    answer
}

#[tokio::test]
async fn a_request_that_runs_outlives_the_stop_and_nothing_new_begins() {
    let (addr, server) = server(Limits::default());
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    assert!(ask(addr, "/who").await.ends_with("127.0.0.1"));
    let slow = tokio::spawn(ask(addr, "/slow"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.cancel();
    assert!(slow.await.expect("runs").ends_with("slow"));
    running.await.expect("ends");
    TcpStream::connect(addr).await.expect_err("closed");
}

#[tokio::test]
async fn a_silent_peer_is_ended_and_one_too_many_is_refused() {
    let limits = Limits {
        places: Arc::new(Semaphore::new(1)),
        header_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let (addr, server) = server(limits);
    let stats = server.stats.clone();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    let mut byte = [0_u8];
    for begun in ["", "PRI", "GET / HTTP/1.1\r\n"] {
        let mut silent = TcpStream::connect(addr).await.expect("connects");
        silent.write_all(begun.as_bytes()).await.expect("sends");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut second = TcpStream::connect(addr).await.expect("connects");
        assert_eq!(second.read(&mut byte).await.unwrap_or(0), 0, "refused while {begun:?} holds the place");
        // Whether or not we say a word first, the connection ends.
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(5), silent.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{begun:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stats.rejected.load(Ordering::Relaxed), 3);
    assert_eq!(stats.accepted.load(Ordering::Relaxed), 3);
    assert_eq!(stats.closed.load(Ordering::Relaxed), 3);
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test]
async fn hundreds_of_requests_wait_at_once_on_one_connection() {
    const WAITING: usize = H2_STREAMS_MAX as usize;
    let (addr, mut server) = server(Limits::default());
    let all = Arc::new(tokio::sync::Barrier::new(WAITING));
    let wait = || async move { all.wait().await.is_leader().to_string() };
    server.router = Router::new().route("/wait", get(wait));
    let stats = server.stats.clone();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    let socket = TokioIo::new(TcpStream::connect(addr).await.expect("connects"));
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket);
    let (sender, connection) = handshake.await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let mut asked = JoinSet::new();
    for _ in 0..WAITING {
        let request = Request::get(format!("http://{addr}/wait")).body(Body::empty());
        let mut sender = sender.clone();
        asked.spawn(async move { sender.send_request(request.expect("a request")).await });
    }
    let all = tokio::time::timeout(Duration::from_secs(30), asked.join_all());
    for answer in all.await.expect("none waits for another to end") {
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    assert_eq!(stats.accepted.load(Ordering::Relaxed), 1);
    drop(sender);
    stop.cancel();
    running.await.expect("ends");
    connection.await.expect("ends").expect("with a goodbye");
}

#[tokio::test]
async fn a_client_of_http_2_that_only_answers_pings_goes_and_one_that_still_takes_something_stays() {
    let idle_timeout = Duration::from_millis(400);
    // The time for a first request comes before the other.
    let limits = Limits { idle_timeout, header_timeout: idle_timeout / 2, ..Limits::default() };
    let (addr, mut server) = server(limits);
    // Twice as long as a client may be idle, a piece at a time.
    let pieces = || async {
        Body::from_stream(futures_util::stream::unfold(0_u32, |number| async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (number < 8).then(|| (Ok::<_, Infallible>("piece"), number + 1))
        }))
    };
    server.router = Router::new().route("/pieces", get(pieces)).route("/who", get(|| async { "me" }));
    let stats = server.stats.clone();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    for (path, whole) in [("/pieces", 8 * 5), ("/who", 2)] {
        let socket = TokioIo::new(TcpStream::connect(addr).await.expect("connects"));
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket);
        let (mut sender, connection) = handshake.await.expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let request = Request::get(format!("http://{addr}{path}")).body(Body::empty()).expect("a request");
        let answer = sender.send_request(request).await.expect("an answer");
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 1_024).await.expect("all of it");
        assert_eq!(body.len(), whole);
        let ended = tokio::time::timeout(Duration::from_secs(10), connection).await;
        ended.expect("who asks for nothing goes").expect("no panic").expect("with a goodbye");
    }
    assert_eq!(stats.accepted.load(Ordering::Relaxed), 2);
    stop.cancel();
    running.await.expect("ends");
}
