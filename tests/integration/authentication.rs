//! A user name and password besides the stream key (authmod=adobe): who has them publishes, who has not learns why.

use std::time::Duration;

use crate::needs;
use crate::support::engine::{Config, Gostream, KEY};
use crate::support::packets::Clip;
use crate::support::peers::{
    Encoder, GST_RETIMES_MS, Player, ffmpeg_publish, ffmpeg_publish_forever, gst_publish, gst_publish_with,
};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::until;

const USER: &str = "studio";
const PASSWORD: &str = "correct-horse";

fn guarded() -> Config {
    Gostream::config().set("rtmp.publish_user", USER).set("rtmp.publish_password", PASSWORD)
}

fn url_with(engine: &Gostream, user: &str, password: &str) -> String {
    format!("rtmp://{user}:{password}@{}/live/{KEY}", engine.address("rtmp"))
}

/// Attempts to publish that ended so, or connections that were a step on the way to one.
fn counted(engine: &Gostream, what: &str) -> f64 {
    let attempts = engine.count("gostream_publish_total", &[("result", what)]);
    attempts + engine.count("gostream_publish_auth_steps_total", &[("step", what)])
}

fn attempts(engine: &Gostream) -> f64 {
    engine.count("gostream_publish_total", &[])
}

/// An encoder that logs in is published whole, to a player that does not; no log line says what it said.
fn arrives_whole(start: impl FnOnce(&Clip, &Gostream) -> Encoder, who: &str, ms_tolerance: i64) {
    let clip = Clip::av(6);
    let engine = guarded().start();
    let mut encoder = start(&clip, &engine);
    engine.until_stream("live");
    let mut player = Player::ffmpeg(&engine.play_url());
    encoder.process.succeed();
    player.process.end(Duration::from_secs(15), Signal::Int);
    clip.assert_whole_in(who, &player.packets(), ms_tolerance);
    engine.until_stream("ended");
    for step in ["auth_asked", "auth_challenged", "accepted"] {
        assert!((counted(&engine, step) - 1.0).abs() < 0.5, "{step}: {}", counted(&engine, step));
    }
    assert!((attempts(&engine) - 1.0).abs() < 0.5, "three connections are one attempt");
    let log = engine.log_text();
    for secret in [PASSWORD, "response=", "opaque=", "authmod=adobe&", KEY] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}

#[test]
fn ffmpeg_logs_in_and_publishes() {
    needs!(Program::Ffmpeg);
    let start = |clip: &Clip, engine: &Gostream| ffmpeg_publish(clip, &url_with(engine, USER, PASSWORD));
    arrives_whole(start, "from ffmpeg", 1);
}

#[test]
fn gstreamers_librtmp_sink_logs_in_and_publishes() {
    needs!(Program::Ffmpeg, Program::Gst("rtmpsink"), Program::Gst("flvmux"));
    let start = |clip: &Clip, engine: &Gostream| {
        let url = format!("{} pubUser={USER} pubPasswd={PASSWORD}", engine.publish_url());
        // Debian's librtmp writes beyond its buffer when it answers, and dies of it unless it logs what it does.
        gst_publish_with(&[("GST_DEBUG", "rtmp:5")], clip, "rtmpsink", &url)
    };
    arrives_whole(start, "from rtmpsink", GST_RETIMES_MS);
}

#[test]
fn gstreamers_own_sink_logs_in_and_publishes() {
    needs!(Program::Ffmpeg, Program::Gst("rtmp2sink"), Program::Gst("flvmux"));
    let start =
        |clip: &Clip, engine: &Gostream| gst_publish(clip, "rtmp2sink", &url_with(engine, USER, PASSWORD));
    arrives_whole(start, "from rtmp2sink", GST_RETIMES_MS);
}

/// ffmpeg gives up at this address, saying `why`, and the refusal is counted as `result`.
fn is_refused(engine: &Gostream, url: &str, why: &str, result: &str) {
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), url);
    assert!(!encoder.process.wait().success(), "ffmpeg gives up");
    let log = encoder.process.log();
    assert!(log.contains(why), "{why:?} in: {log}");
    until(&format!("{result} to be counted"), || counted(engine, result) > 0.5);
    assert!(!engine.stream_is("live"));
}

#[test]
fn a_wrong_password_an_unknown_user_and_none_at_all_are_told_apart() {
    needs!(Program::Ffmpeg);
    let engine = guarded().start();
    let nobody = engine.publish_url();
    is_refused(&engine, &nobody, "No credentials set", "auth_asked");
    let wrong = url_with(&engine, USER, "wrong");
    is_refused(&engine, &wrong, "Incorrect username/password", "auth_wrong_password");
    let unknown = url_with(&engine, "nobody", PASSWORD);
    is_refused(&engine, &unknown, "Incorrect username\n", "auth_unknown_user");
    assert!(counted(&engine, "accepted") < 0.5);
    assert!((attempts(&engine) - 2.0).abs() < 0.5, "one that has no password attempted nothing");
}

#[test]
fn the_right_password_with_a_wrong_key_opens_nothing() {
    needs!(Program::Ffmpeg);
    let engine = guarded().start();
    let url = url_with(&engine, USER, PASSWORD).replace(KEY, "wrong_key");
    is_refused(&engine, &url, "Server error:", "unknown_key");
}
