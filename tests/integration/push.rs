//! Destinations: several at once, each its own fate.

use std::time::Duration;

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Packets};
use crate::support::peers::{assert_decodes, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::tap::Tap;
use crate::support::{let_flow, until};

#[test]
fn three_destinations_receive_the_same_bytes() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(6);
    let nginx = [Nginx::destination(), Nginx::destination(), Nginx::destination()];
    let mut config = Gostream::config();
    for (index, nginx) in nginx.iter().enumerate() {
        config = config.destination(&format!("d{index}"), &nginx.url(), &format!("key{index}"));
    }
    let engine = config.start();
    let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
    for index in 0..nginx.len() {
        engine.until_output(&format!("d{index}"), "sending");
    }
    encoder.process.succeed();
    for (index, nginx) in nginx.iter().enumerate() {
        let recording = nginx.recording(&format!("key{index}"));
        clip.assert_whole_in(&format!("destination {index}"), &Packets::of(&recording), 1);
        assert_decodes(&recording.to_string_lossy());
        assert!(
            nginx.was_told_the_end(),
            "a clean stop is told in words, so that the platform ends the broadcast"
        );
        let labels = [("stream", PLAYBACK), ("output", &format!("d{index}"))];
        assert!(engine.count("gostream_output_sent_bytes_total", &labels) > 100_000.0);
    }
    for index in 0..nginx.len() {
        engine.until_output(&format!("d{index}"), "idle");
    }
}

#[test]
fn a_destination_that_dies_is_found_again_and_the_others_do_not_notice() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(12);
    let (steady, mut fragile) = (Nginx::destination(), Nginx::destination());
    let engine = Gostream::config()
        .set("relay.retry_min", "200ms")
        .set("relay.retry_max", "500ms")
        .destination("steady", &steady.url(), "one")
        .destination("fragile", &fragile.url(), "two")
        .start();
    let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
    fragile.until_receives("two");
    let_flow(Duration::from_secs(1));
    fragile.crash();
    engine.until_output("fragile", "retrying");
    assert!(engine.output_is("steady", "sending"));
    let_flow(Duration::from_secs(1));
    fragile.restart();
    engine.until_output("fragile", "sending");
    fragile.until_receives("two");
    encoder.process.succeed();
    clip.assert_whole_in("the steady destination", &Packets::of(&steady.recording("one")), 1);
    until("the end at the fragile one", || !fragile.receives("two"));
    let recordings = fragile.recordings("two");
    assert_eq!(recordings.len(), 2, "one before the crash, one after: {recordings:?}");
    clip.assert_in("before the crash", &Packets::of(&recordings[0]), 1);
    clip.assert_whole_in("after the crash", &Packets::of(&recordings[1]), 1);
    let labels = [("stream", PLAYBACK), ("output", "fragile")];
    assert!(engine.count("gostream_output_reconnects_total", &labels) >= 1.0);
}

#[test]
fn a_destination_that_stops_reading_is_dropped_and_the_others_do_not_notice() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::heavy(6);
    let (steady, stuck) = (Nginx::destination(), Nginx::destination());
    let tap = Tap::before(stuck.address());
    let engine = Gostream::config()
        .set("relay.queue", "1s")
        .set("relay.stall_timeout", "3s")
        .set("relay.retry_min", "200ms")
        .set("relay.retry_max", "500ms")
        .destination("steady", &steady.url(), "one")
        .destination("stuck", &format!("rtmp://{}/live", tap.address()), "two")
        .start();
    let mut encoder = ffmpeg_publish_forever(&clip, &engine.publish_url());
    steady.until_receives("one");
    stuck.until_receives("two");
    tap.stop_reading();
    until("the stuck output to be called stalled", || {
        engine.logged(|line| line.to_string().contains("stalled"))
    });
    until("the stuck output to leave `sending`", || !engine.output_is("stuck", "sending"));
    assert!(engine.output_is("steady", "sending"));
    tap.read_again();
    engine.until_output("stuck", "sending");
    let_flow(Duration::from_secs(2));
    encoder.process.signal(Signal::Int);
    encoder.process.wait();
    until("the end at the stuck one", || !stuck.receives("two"));
    let runs = clip.assert_runs_in("the steady destination", &Packets::of(&steady.recording("one")));
    assert_eq!(runs, 1, "the steady destination lost nothing");
    for recording in stuck.recordings("two") {
        clip.assert_runs_in("the stuck destination", &Packets::of(&recording));
    }
    let labels = [("stream", PLAYBACK), ("output", "steady")];
    assert!(engine.count("gostream_output_dropped_packets_total", &labels) < 0.5);
}

#[test]
fn a_destination_that_reads_again_goes_on_at_a_keyframe_on_the_same_connection() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::heavy(6);
    let nginx = Nginx::destination();
    let tap = Tap::before(nginx.address());
    let engine = Gostream::config()
        .set("relay.queue", "1s")
        .set("relay.stall_timeout", "30s")
        .destination("slow", &format!("rtmp://{}/live", tap.address()), "one")
        .start();
    let mut encoder = ffmpeg_publish_forever(&clip, &engine.publish_url());
    nginx.until_receives("one");
    tap.stop_reading();
    let labels = [("stream", PLAYBACK), ("output", "slow")];
    let_flow(Duration::from_secs(6));
    tap.read_again();
    until("the skip to be counted", || engine.count("gostream_output_dropped_packets_total", &labels) >= 1.0);
    let_flow(Duration::from_secs(2));
    encoder.process.signal(Signal::Int);
    encoder.process.wait();
    let runs = clip.assert_runs_in("the slow destination", &Packets::of(&nginx.recording("one")));
    assert!(runs >= 2, "it lost a piece in the middle");
    assert_eq!(tap.sessions().len(), 1, "on one connection");
}

#[test]
fn a_destination_that_is_not_there_is_tried_again_until_it_is() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let mut nginx = Nginx::destination();
    nginx.crash();
    let engine = Gostream::config()
        .set("relay.retry_min", "200ms")
        .set("relay.retry_max", "500ms")
        .set("relay.circuit_after", 1000)
        .destination("late", &nginx.url(), "one")
        .start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_output("late", "retrying");
    assert!(engine.logged(|line| line.to_string().contains("tcp_refused")), "the reason has a name");
    nginx.restart();
    engine.until_output("late", "sending");
    nginx.until_receives("one");
}

#[test]
fn a_disabled_destination_is_left_alone() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let (on, off) = (Nginx::destination(), Nginx::destination());
    let engine = Gostream::config()
        .destination("on", &on.url(), "one")
        .destination_with("off", &off.url(), "two", &[("enabled", false.into())])
        .start();
    let mut encoder = ffmpeg_publish(&Clip::av(4), &engine.publish_url());
    on.until_receives("one");
    assert!(engine.output_is("off", "disabled"));
    encoder.process.succeed();
    on.recording("one");
    assert!(!off.events().contains("client connected"));
}

#[test]
fn keys_of_destinations_are_in_no_log_and_no_metric() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    let engine = Gostream::config()
        .set("log.level", "trace")
        .destination("one", &nginx.url(), "very_secret_key")
        .start();
    let mut encoder = ffmpeg_publish(&Clip::av(4), &engine.publish_url());
    nginx.until_receives("very_secret_key");
    encoder.process.succeed();
    assert!(!engine.log_text().contains("very_secret_key"));
    assert!(!engine.log_text().contains(crate::support::engine::KEY));
    assert!(!engine.metrics_text().contains("very_secret_key"));
}

#[test]
fn one_of_our_engines_feeds_another() {
    needs!(Program::Ffmpeg);
    let clip = Clip::av(6);
    let edge = Gostream::start();
    let origin = Gostream::config()
        .destination("edge", &format!("rtmp://{}/live", edge.address("rtmp")), crate::support::engine::KEY)
        .start();
    let mut encoder = ffmpeg_publish(&clip, &origin.publish_url());
    edge.until_stream("live");
    let mut player = crate::support::peers::Player::ffmpeg(&edge.play_url());
    encoder.process.succeed();
    player.process.end(Duration::from_secs(15), Signal::Int);
    clip.assert_whole_in("the edge's viewer", &player.packets(), 1);
    edge.until_stream("ended");
}
