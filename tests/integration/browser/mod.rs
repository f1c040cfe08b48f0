//! A real browser on the pages of the binary: headless Chromium with hls.js, under the CSP that the engine sends.

mod codings;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::packets::Clip;
use crate::support::peers::ffmpeg_publish_forever;
use crate::support::programs::{Program, chromium};
use crate::support::until;

/// Seconds of picture that must pass.
const SECONDS: &str = "3";

/// Opens a page and returns what the browser saw, after its picture has moved on.
fn watch(url: &str) -> Value {
    watch_until(url, &[SECONDS])
}

/// Seconds behind the live edge that the watch page must come below.
const LATENCY: &str = "3.0";

pub(crate) fn watch_until(url: &str, arguments: &[&str]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/test/watch.mjs");
    let output =
        Command::new("node").arg(script).arg(url).args(arguments).env("CHROMIUM_PATH", chromium()).output();
    let output = output.expect("node runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "the picture does not move:\n{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(crate) fn assert_clean(seen: &Value) {
    assert_eq!(seen["violations"], serde_json::json!([]), "the page keeps to its own policy");
    assert_eq!(seen["console"], serde_json::json!([]), "no error in the console");
    assert_eq!(seen["status"], "playing");
    assert!(seen["audioBytes"].as_u64() > Some(0), "sound is decoded: {seen}");
}

#[test]
fn the_watch_page_plays_a_stream() {
    needs!(Program::Ffmpeg, Program::Browser);
    // A browser that decodes in software beside a busy machine falls behind; a window this long keeps it inside.
    let engine = Gostream::config().set("hls.segment", "2s").set("hls.window", 12).start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let seen = watch(&engine.http_url(&format!("/watch/{PLAYBACK}")));
    assert_clean(&seen);
    assert_eq!((seen["width"].as_u64(), seen["height"].as_u64()), (Some(320), Some(180)));
}

#[test]
fn the_watch_page_is_less_than_three_seconds_behind() {
    needs!(Program::Ffmpeg, Program::Browser);
    let engine = Gostream::config().set("hls.segment", "2s").set("hls.window", 12).start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let seen = watch_until(&engine.http_url(&format!("/watch/{PLAYBACK}")), &[SECONDS, LATENCY]);
    assert_clean(&seen);
    assert!(seen["latency"].as_f64().is_some_and(|latency| latency > 0.5), "{seen}");
    let parts = engine.count("gostream_hls_requests_total", &[("stream", PLAYBACK), ("kind", "part")]);
    assert!(parts > 5.0, "it plays parts: {parts}");
}

#[test]
fn the_picture_goes_on_when_another_encoder_takes_over_with_another_size() {
    needs!(Program::Ffmpeg, Program::Browser);
    let engine = Gostream::config().set("hls.segment", "2s").set("hls.window", 12).start();
    let _first = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let url = engine.http_url(&format!("/watch/{PLAYBACK}"));
    let watching = std::thread::spawn(move || watch_until(&url, &["25"]));
    until("the viewer to play", || {
        engine.count("gostream_hls_requests_total", &[("stream", PLAYBACK), ("kind", "part")]) > 8.0
    });
    let _second = ffmpeg_publish_forever(&Clip::av_wider(6), &engine.publish_url());
    let seen = watching.join().expect("the picture moves on");
    assert_clean(&seen);
    assert_eq!((seen["width"].as_u64(), seen["height"].as_u64()), (Some(480), Some(270)), "{seen}");
}
