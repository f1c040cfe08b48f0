//! The publisher goes away and comes back: outputs and viewers keep their connection and their clock.

use std::time::Duration;

use crate::needs;
use crate::support::engine::Gostream;
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Kind, Packets};
use crate::support::peers::{Player, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::until;

/// Times of a track never go back, and hold no jump that a platform would take for an error.
fn assert_monotonic(who: &str, packets: &Packets) {
    for kind in [Kind::Video, Kind::Audio] {
        for pair in packets.track(kind).windows(2) {
            assert!(
                pair[1].dts >= pair[0].dts,
                "{who}: {kind:?} goes back from {} to {}",
                pair[0].dts,
                pair[1].dts
            );
            assert!(
                pair[1].dts - pair[0].dts < 60_000,
                "{who}: {kind:?} jumps from {} to {}",
                pair[0].dts,
                pair[1].dts
            );
        }
    }
}

#[test]
fn a_viewer_stays_connected_while_another_encoder_takes_over() {
    needs!(Program::Ffmpeg);
    let (first, second) = (Clip::av(6), Clip::av_wider(6));
    let engine = Gostream::start();
    let mut old = ffmpeg_publish_forever(&first, &engine.publish_url());
    engine.until_stream("live");
    let mut viewer = Player::ffmpeg(&engine.play_url());
    until("the viewer to receive", || viewer.received_bytes() > 0);
    let mut new = ffmpeg_publish(&second, &engine.publish_url());
    old.process.wait();
    new.process.succeed();
    viewer.process.end(Duration::from_secs(15), Signal::Int);
    let packets = viewer.packets();
    assert_monotonic("the viewer", &packets);
    assert!(first.is_in(&packets) && second.is_in(&packets));
}

#[test]
fn a_destination_sees_times_that_never_go_back() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let (first, second) = (Clip::av(6), Clip::av_wider(6));
    let nginx = Nginx::destination();
    let engine = Gostream::config().destination("one", &nginx.url(), "one").start();
    let mut old = ffmpeg_publish_forever(&first, &engine.publish_url());
    nginx.until_receives("one");
    let mut new = ffmpeg_publish(&second, &engine.publish_url());
    old.process.wait();
    new.process.succeed();
    until("the end at nginx", || !nginx.receives("one"));
    let recordings = nginx.recordings("one");
    for recording in &recordings {
        assert_monotonic("the destination", &Packets::of(recording));
    }
    assert!(
        second.is_in(&Packets::of(recordings.last().expect("a recording"))),
        "the newcomer's picture arrives"
    );
}

#[test]
fn an_encoder_that_stops_and_starts_again_is_live_again() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(4);
    let nginx = Nginx::destination();
    let engine = Gostream::config().destination("one", &nginx.url(), "one").start();
    for round in 1..=2 {
        let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
        nginx.until_receives("one");
        encoder.process.succeed();
        engine.until_stream("ended");
        until("the end at nginx", || !nginx.receives("one"));
        assert_eq!(
            nginx.recordings("one").len(),
            round,
            "each broadcast is one of its own at the destination"
        );
    }
    for recording in nginx.recordings("one") {
        clip.assert_whole_in("each broadcast", &Packets::of(&recording), 1);
    }
}

#[test]
fn an_encoder_whose_network_dropped_gets_in_again() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_stream("live");
    encoder.process.signal(Signal::Stop); // the connection hangs: no FIN, no RST
    let mut again = ffmpeg_publish(&Clip::av(4), &engine.publish_url());
    again.process.succeed();
    engine.until_stream("ended");
}
