//! Makes the recorded sessions of `tests/fixtures` anew. Not part of a normal run:
//! `cargo test --test integration -- --ignored record`.

use std::path::Path;

use crate::needs;
use crate::support::nginx::Nginx;
use crate::support::packets::Clip;
use crate::support::peers::{Encoder, Player, ffmpeg_publish, gst_encode, gst_publish};
use crate::support::programs::Program;
use crate::support::tap::Tap;
use crate::support::until;

/// Enough for a handshake, all commands and some seconds of media, small enough for a repository.
const KEPT_BYTES_MAX: usize = 200_000;

fn keep(name: &str, tap: &Tap) {
    let session = tap.sessions().into_iter().next().expect("one connection");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for (bytes, direction) in [(session.to_server, "c2s"), (session.to_client, "s2c")] {
        let file = folder.join(format!("{name}.{direction}"));
        std::fs::write(file, &bytes[..bytes.len().min(KEPT_BYTES_MAX)]).expect("a fixture can be written");
    }
}

fn record(name: &str, start: impl FnOnce(&str) -> Encoder) {
    let nginx = Nginx::destination();
    let tap = Tap::before(nginx.address());
    let mut encoder = start(&format!("rtmp://{}/live/fixture", tap.address()));
    encoder.process.succeed();
    until("the connection to end", || !nginx.receives("fixture"));
    keep(name, &tap);
}

#[test]
#[ignore = "rewrites tests/fixtures"]
fn record_encoders() {
    needs!(
        Program::Ffmpeg,
        Program::Nginx,
        Program::Gst("rtmpsink"),
        Program::Gst("rtmp2sink"),
        Program::Gst("x264enc")
    );
    let clip = Clip::av(2);
    record("ffmpeg-5.1-publish", |url| ffmpeg_publish(&clip, url));
    record("gst-1.22-rtmpsink-publish", |url| gst_publish(&clip, "rtmpsink", url));
    record("gst-1.22-rtmp2sink-publish", |url| gst_encode("rtmp2sink", 50, url));
}

#[test]
#[ignore = "rewrites tests/fixtures"]
fn record_players() {
    needs!(Program::Ffmpeg, Program::Nginx, Program::Rtmpdump, Program::Gst("rtmp2src"));
    type Play = fn(&str) -> Player;
    let players: [(&str, Play); 3] = [
        ("ffmpeg-5.1-play", Player::ffmpeg),
        ("rtmpdump-2.4-play", Player::rtmpdump),
        ("gst-1.22-rtmp2src-play", Player::rtmp2src),
    ];
    for (name, play) in players {
        let nginx = Nginx::destination();
        let mut encoder = ffmpeg_publish(&Clip::av(4), &format!("{}/fixture", nginx.url()));
        nginx.until_receives("fixture");
        let tap = Tap::before(nginx.address());
        let player = play(&format!("rtmp://{}/live/fixture", tap.address()));
        encoder.process.succeed();
        drop(player);
        keep(name, &tap);
    }
}
