//! Recorded encoders replayed: what OBS and others really sent arrives as it does at another server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::needs;
use crate::support::engine::Gostream;
use crate::support::nginx::Nginx;
use crate::support::packets::{Kind, Packets};
use crate::support::peers::Player;
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::{let_flow, until};

/// Bytes written at once: many small writes cut messages, headers and the handshake at odd places.
const WRITE: usize = 1000;
/// Time between two writes: about the pace of the encoders, whose media is 70 to 120 kB a second. A whole recording at
/// once would be many seconds of media in one, and a viewer is meant to skip what lies too far behind.
const PACE: Duration = Duration::from_millis(8);

/// Sound that an encoder sends before its first picture: nginx records it, a viewer of ours starts at the picture.
const EARLY_SOUND_MAX: usize = 5;

/// Sends a recording to a server as its encoder did, and closes; what the server answers is read and dropped.
fn replay(name: &str, server: SocketAddr, pace: Duration) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.c2s"));
    let bytes = std::fs::read(file).expect("the fixture is there");
    let mut socket = TcpStream::connect(server).expect("the server listens");
    let mut answers = socket.try_clone().expect("a socket can be shared");
    let reader = std::thread::spawn(move || answers.read_to_end(&mut Vec::new()));
    for piece in bytes.chunks(WRITE) {
        socket.write_all(piece).expect("the server takes what its encoder sends");
        std::thread::sleep(pace);
    }
    // Time to read what is on its way; a close with unread answers would be a reset.
    let_flow(Duration::from_secs(1));
    socket.shutdown(std::net::Shutdown::Both).ok(); // the server may have closed first
    reader.join().expect("the reader did not panic").ok();
}

/// The recording's packets as nginx records them, and as a viewer of the engine gets them, are the same.
fn arrives_as_at_nginx(name: &str, key: &str) {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    replay(name, nginx.address(), Duration::ZERO);
    let expected = Packets::of(&nginx.recording(key));

    // The recordings are cut off, and nobody comes back; nor are pictures made up for the second before the connection closes.
    let engine = Gostream::config().key(key).set("stream.hold", "0s").set("stream.slate", false).start();
    let mut viewer = Player::ffmpeg(&engine.play_url());
    until("the viewer to wait", || engine.count("gostream_connections", &[("service", "rtmp")]) >= 1.0);
    let_flow(Duration::from_millis(500)); // its handshake and its `play`
    replay(name, engine.address("rtmp"), PACE);
    viewer.process.end(Duration::from_secs(3), Signal::Int);
    let arrived = viewer.packets();
    for kind in [Kind::Video, Kind::Audio] {
        let hashes = |packets: &Packets| {
            packets.track(kind).iter().map(|packet| packet.hash.clone()).collect::<Vec<_>>()
        };
        let (is, should) = (hashes(&arrived), hashes(&expected));
        assert!(should.len() > 20, "{name}: nginx recorded {kind:?}");
        let early = should.len() - is.len().min(should.len());
        let early_max = if kind == Kind::Audio { EARLY_SOUND_MAX } else { 0 };
        assert!(early <= early_max, "{name}: {early} {kind:?} packets are missing");
        assert_eq!(is, should[early..], "{name}: {kind:?}");
    }
}

#[test]
fn obs() {
    arrives_as_at_nginx("obs-29.0.2-x264-aac", "obskey");
}

#[test]
fn ffmpeg() {
    arrives_as_at_nginx("ffmpeg-5.1-publish", "fixture");
}

#[test]
fn gstreamers_librtmp_sink() {
    arrives_as_at_nginx("gst-1.22-rtmpsink-publish", "fixture");
}

#[test]
fn gstreamers_own_sink() {
    arrives_as_at_nginx("gst-1.22-rtmp2sink-publish", "fixture");
}
