//! RTMP viewers: every kind of player gets the stream from a keyframe, whole, with nothing changed.

use std::time::Duration;

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::machines::{Feed, Show, Viewer};
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Packets};
use crate::support::peers::{Player, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::{let_flow, until};

/// How long a player may take to notice the end by itself before it is asked to stop.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a player gets that comes while the stream is live, until it ends.
fn played(clip: &Clip, player: impl FnOnce(&str) -> Player) -> Packets {
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish(clip, &engine.publish_url());
    engine.until_stream("live");
    let mut player = player(&engine.play_url());
    encoder.process.succeed();
    player.process.end(PATIENCE, Signal::Int);
    player.packets()
}

fn plays_whole(clip: &Clip, player: impl FnOnce(&str) -> Player, who: &str) {
    clip.assert_whole_in(who, &played(clip, player), 1);
}

#[test]
fn ffmpeg_plays() {
    needs!(Program::Ffmpeg);
    plays_whole(&Clip::av(6), Player::ffmpeg, "ffmpeg");
}

#[test]
fn ffmpeg_plays_as_a_live_viewer() {
    needs!(Program::Ffmpeg);
    plays_whole(
        &Clip::av(6),
        |url| Player::ffmpeg_with(&["-rtmp_live", "live"], url),
        "ffmpeg -rtmp_live live",
    );
}

#[test]
fn rtmpdump_plays() {
    needs!(Program::Ffmpeg, Program::Rtmpdump);
    plays_whole(&Clip::av(6), Player::rtmpdump, "rtmpdump");
}

#[test]
fn gstreamer_plays() {
    needs!(Program::Ffmpeg, Program::Gst("rtmp2src"));
    let clip = Clip::av(6);
    let packets = played(&clip, Player::rtmp2src);
    // rtmp2src hands a message on when the next one comes, and so loses the last one before StreamEOF.
    clip.assert_nearly_whole_in("rtmp2src", &packets, 1);
}

#[test]
fn ffmpeg_plays_pictures_alone() {
    needs!(Program::Ffmpeg);
    plays_whole(&Clip::video_only(6), Player::ffmpeg, "ffmpeg, video only");
}

#[test]
fn ffmpeg_plays_sound_alone() {
    needs!(Program::Ffmpeg);
    plays_whole(&Clip::audio_only(6), Player::ffmpeg, "ffmpeg, audio only");
}

#[test]
fn another_server_pulls() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(8);
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
    engine.until_stream("live");
    let nginx = Nginx::pulling(engine.address("rtmp"), PLAYBACK);
    nginx.until_receives("pulled");
    encoder.process.succeed();
    clip.assert_whole_in("nginx pull", &Packets::of(&nginx.quiet_recording("pulled")), 1);
}

#[test]
fn a_viewer_who_comes_before_the_publisher_waits_and_gets_everything() {
    needs!(Program::Ffmpeg);
    let clip = Clip::av(4);
    let engine = Gostream::start();
    let mut player = Player::ffmpeg(&engine.play_url());
    until("the viewer to be connected", || {
        engine.count("gostream_connections", &[("service", "rtmp")]) >= 1.0
    });
    ffmpeg_publish(&clip, &engine.publish_url()).process.succeed();
    player.process.end(PATIENCE, Signal::Int);
    let packets = player.packets();
    clip.assert_whole_in("the early viewer", &packets, 1);
    let count = packets.track(crate::support::packets::Kind::Video).len();
    assert_eq!(count, 4 * crate::support::packets::FRAME_RATE, "from the very first picture on");
}

#[test]
fn hundreds_of_viewers_wait_for_a_publisher_and_all_get_the_show() {
    const WAITING: usize = 300;
    let engine = Gostream::start();
    let viewers: Vec<_> = (0..WAITING).map(|_| Viewer::start(engine.address("rtmp"), PLAYBACK)).collect();
    let start = b"NetStream.Play.Start";
    until("all of them to wait", || viewers.iter().all(|viewer| viewer.place(start).is_some()));
    let_flow(Duration::from_secs(2));
    let _feed = Feed::start(&engine.publish_url(), Show::h264());
    until("all of them to see it", || viewers.iter().all(|viewer| viewer.place(&[0x27, 1]).is_some()));
}

#[test]
fn a_viewer_of_nothing_is_told_so() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let url = engine.play_url().replace(PLAYBACK, "no-such-stream");
    let mut player = Player::ffmpeg(&url);
    assert!(!player.process.wait().success());
}

#[test]
fn a_stream_key_does_not_play() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_stream("live");
    let mut player = Player::ffmpeg(&engine.publish_url());
    assert!(
        !player.process.wait().success(),
        "the key is for publishing; who has it must not learn that by playing"
    );
}

#[test]
fn a_viewer_who_stops_reading_harms_nobody() {
    needs!(Program::Ffmpeg);
    let clip = Clip::heavy(6);
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
    engine.until_stream("live");
    let mut frozen = Player::ffmpeg(&engine.play_url());
    let mut healthy = Player::ffmpeg(&engine.play_url());
    until("the viewer to receive", || frozen.received_bytes() > 0);
    frozen.process.signal(Signal::Stop);
    encoder.process.succeed();
    healthy.process.end(PATIENCE, Signal::Int);
    clip.assert_whole_in("the other viewer", &healthy.packets(), 1);
}
