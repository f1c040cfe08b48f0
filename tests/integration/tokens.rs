//! Viewers who need a token: over HLS, over RTMP, on the page; and a log that says nothing of any.

use std::process::Command;

use crate::needs;
use crate::support::engine::{Config, Gostream, KEY, PLAYBACK};
use crate::support::packets::Clip;
use crate::support::peers::{Player, curl, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::scratch::Scratch;
use crate::support::until;

const SECRET: &str = "sixteen-bytes-or-more";

fn guarded() -> Config {
    Gostream::config().set("playback.require_token", true).set("playback.secret", SECRET)
}

/// A token that the command line makes.
fn token(valid_for: &str) -> String {
    let scratch = Scratch::new("token");
    std::fs::write(scratch.join("secret"), format!("{SECRET}\n")).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
    command.args(["playback-url", PLAYBACK, "--valid-for", valid_for, "--host", "live.example"]);
    command.current_dir(scratch.path()).env("GOSTREAM_PLAYBACK__SECRET_FILE", "secret");
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains(SECRET));
    let play =
        text.lines().find(|line| line.starts_with("rtmp://live.example:1935/live/")).expect("an address");
    play.rsplit_once("?token=").expect("a token").1.to_owned()
}

#[test]
fn viewers_with_a_token_watch_and_others_are_told_why_not() {
    needs!(Program::Ffmpeg, Program::Curl);
    let clip = Clip::av(6);
    // At this level every library in the binary says what it does.
    let engine = guarded().set("log.level", "trace").start();
    let _encoder = ffmpeg_publish_forever(&clip, &engine.publish_url());
    engine.until_stream("live");
    let token = token("4h");
    let path = format!("/hls/{PLAYBACK}/{token}/index.m3u8");
    until("the playlist", || engine.get(&path).status == 200);
    let by_query = format!("{}?token={token}", engine.hls_url());
    for url in [engine.http_url(&path), by_query.clone()] {
        let mut player = Player::hls(&url);
        until("a picture", || player.received_bytes() > 10_000);
        player.process.signal(Signal::Int);
        player.process.wait();
    }
    let told = curl(&[
        "--location",
        "--write-out",
        "%{http_code} %{num_redirects}",
        "--output",
        "/dev/null",
        &by_query,
    ]);
    assert_eq!(told, "200 1");
    let told =
        curl(&["--http2-prior-knowledge", "--write-out", "%{http_code}", "--output", "/dev/null", &by_query]);
    assert_eq!(told, "302");
    assert!(engine.count("gostream_hls_viewers", &[("stream", PLAYBACK)]) >= 1.0);

    let mut player = Player::ffmpeg(&format!("{}?token={token}", engine.play_url()));
    until("a picture over RTMP", || player.received_bytes() > 10_000);
    player.process.signal(Signal::Int);
    player.process.wait();

    let refused = engine.get(&format!("/hls/{PLAYBACK}/index.m3u8"));
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("token_missing"), "{}", refused.text());
    for url in [engine.play_url(), format!("{}?token={token}x", engine.play_url())] {
        let mut player = Player::ffmpeg(&url);
        assert!(!player.process.wait().success());
        assert!(player.process.log().contains("The token") || player.process.log().contains("with a token"));
    }
    for (metric, label, reason) in [
        ("gostream_play_total", "result", "token_missing"),
        ("gostream_play_total", "result", "token_invalid"),
        ("gostream_playback_refused_total", "reason", "token_invalid"),
    ] {
        assert!(engine.count(metric, &[(label, reason)]) > 0.5, "{metric} {reason}");
    }
    let mac = token.split_once('-').expect("a token").1;
    let log = engine.log_text();
    for secret in [mac, SECRET, KEY] {
        let line = log.lines().find(|line| line.contains(secret)).unwrap_or_default();
        assert!(line.is_empty(), "{line}");
    }
}

#[test]
fn a_token_that_is_too_old_is_no_token() {
    let engine = guarded().start();
    let token = token("1s");
    let path = format!("/hls/{PLAYBACK}/{token}/index.m3u8");
    until("it to expire", || engine.get(&path).status == 403);
    assert!(engine.get(&path).text().contains("token_expired"));
}

#[test]
fn each_player_of_one_address_counts_once() {
    needs!(Program::Ffmpeg, Program::Curl);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let index = engine.get(&format!("/hls/{PLAYBACK}/index.m3u8")).text();
    let media = engine.http_url(&format!("/hls/{PLAYBACK}/{}", index.lines().last().expect("an address")));
    let viewers = || engine.count("gostream_hls_viewers", &[("stream", PLAYBACK)]);
    for _ in 0..2 {
        for player in ["Player/1", "Player/2", "Player/3"] {
            curl(&["--user-agent", player, "--output", "/dev/null", &media]);
        }
    }
    assert_eq!(viewers(), 3.0);
    // Ten seconds, or three of the playlist's target durations of a second or two.
    until("them to be forgotten", || viewers() < 0.5);
}
