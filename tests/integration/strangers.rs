//! Strangers on the RTMP port: silent, slow, lost, or too many. Each is answered or closed, and none holds a place.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::engine::Gostream;
use crate::support::{GUARD, SERVER_HANDSHAKE, hello, let_flow, until};

fn connect(engine: &Gostream) -> TcpStream {
    let socket = TcpStream::connect(engine.address("rtmp")).expect("the engine listens");
    socket.set_read_timeout(Some(GUARD)).expect("a timeout");
    socket
}

/// Whether the peer closes, in whatever way, without another word.
fn is_closed(socket: &mut TcpStream) -> bool {
    match socket.read(&mut [0; 4096]) {
        Ok(read) => read == 0,
        Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
    }
}

fn open(engine: &Gostream) -> f64 {
    engine.count("gostream_connections", &[("service", "rtmp")])
}

#[test]
fn the_whole_answer_comes_before_c2() {
    let engine = Gostream::start();
    let mut socket = connect(&engine);
    socket.write_all(&hello()).expect("the engine reads");
    let mut answer = vec![0; SERVER_HANDSHAKE];
    socket.read_exact(&mut answer).expect("S0, S1 and S2 without a C2");
    assert_eq!(answer[0], 3);
    assert_eq!(answer[5..9], [0; 4], "a simple S1, or ffmpeg's player would check a signature");
}

#[test]
fn a_handshake_in_drops_is_answered() {
    let engine = Gostream::start();
    let mut socket = connect(&engine);
    socket.set_nodelay(true).expect("an option");
    let hello = hello();
    for (index, byte) in hello.chunks(1).enumerate() {
        socket.write_all(byte).expect("the engine reads");
        if index % 64 == 0 {
            let_flow(Duration::from_millis(2));
        }
    }
    socket.read_exact(&mut [0; SERVER_HANDSHAKE]).expect("an answer");
}

#[test]
fn other_protocols_are_closed_at_their_first_byte() {
    let engine = Gostream::config().set("rtmp.handshake_timeout", "1m").start();
    for first in [&b"\x16\x03\x01"[..], b"GET / HTTP/1.1\r\n\r\n", b"\x06", b"\x00"] {
        let mut socket = connect(&engine);
        socket.write_all(first).expect("the engine reads");
        assert!(is_closed(&mut socket), "{first:?}");
    }
    until("their places to be free", || open(&engine) < 0.5);
}

#[test]
fn a_silent_stranger_is_closed_and_its_place_is_free() {
    let engine = Gostream::config().set("rtmp.handshake_timeout", "500ms").start();
    let mut socket = connect(&engine);
    assert!(is_closed(&mut socket));
    until("its place to be free", || open(&engine) < 0.5);
}

#[test]
fn who_shakes_hands_and_says_nothing_more_is_closed() {
    let engine = Gostream::config().set("rtmp.connect_timeout", "500ms").start();
    let mut socket = connect(&engine);
    socket.write_all(&hello()).expect("the engine reads");
    socket.read_exact(&mut [0; SERVER_HANDSHAKE]).expect("an answer");
    socket.write_all(&[0; 1536]).expect("the engine reads");
    assert!(is_closed(&mut socket));
}

#[test]
fn one_address_gets_so_many_places_and_the_next_is_counted() {
    let engine = Gostream::config().set("rtmp.max_connections_per_address", 2).start();
    let places = [connect(&engine), connect(&engine)];
    until("both to be counted", || open(&engine) > 1.5);
    let mut third = connect(&engine);
    assert!(is_closed(&mut third));
    assert!(engine.count("gostream_connections_rejected_total", &[("service", "rtmp")]) >= 1.0);
    drop(places);
    until("the places to be free", || open(&engine) < 0.5);
    let mut again = connect(&engine);
    again.write_all(&hello()).expect("the engine reads");
    again.read_exact(&mut [0; SERVER_HANDSHAKE]).expect("a place again");
}

#[test]
fn garbage_after_the_handshake_is_closed_and_harms_nobody() {
    let engine = Gostream::start();
    for seed in 1..=20_u8 {
        let mut socket = connect(&engine);
        socket.write_all(&hello()).expect("the engine reads");
        socket.read_exact(&mut [0; SERVER_HANDSHAKE]).expect("an answer");
        let mut value = u32::from(seed);
        let garbage: Vec<u8> = std::iter::repeat_with(|| {
            value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            value.to_be_bytes()[0]
        })
        .take(1536 + 300_000)
        .collect();
        // It may close while we still write; then the write fails, which is the point.
        socket.write_all(&garbage).ok();
        socket.shutdown(std::net::Shutdown::Write).ok();
        until("the end of the connection", || is_closed(&mut socket));
    }
    until("their places to be free", || open(&engine) < 0.5);
    assert_eq!(engine.get("/livez").status, 200);
}
