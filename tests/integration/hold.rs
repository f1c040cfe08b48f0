//! The encoder drops in the middle of a show: destinations and viewers stay, the time is filled, and it comes back.

use std::time::Duration;

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Kind, Packet, Packets};
use crate::support::peers::{Player, assert_decodes, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::{let_flow, until};

/// From one picture to the next in a show whose encoder is away: twice a second, from where it stopped, and what a source
/// that comes back may be late.
const PICTURES_APART_MS: i64 = 700;
/// Silence follows sound without a hole; a source that comes back may leave one of a frame's length or two.
const SOUND_APART_MS: i64 = 150;

/// Times grow, and nothing is missing for long.
fn assert_filled(who: &str, packets: &Packets) {
    for (kind, apart) in [(Kind::Video, PICTURES_APART_MS), (Kind::Audio, SOUND_APART_MS)] {
        let track = packets.track(kind);
        assert!(track.len() > 20, "{who}: {} packets of {kind:?}", track.len());
        for pair in track.windows(2) {
            let step = pair[1].dts - pair[0].dts;
            assert!(
                (0..=apart).contains(&step),
                "{who}: {kind:?} goes from {} to {}",
                pair[0].dts,
                pair[1].dts
            );
        }
    }
}

fn slate_packets(engine: &Gostream) -> f64 {
    engine.count("gostream_stream_slate_packets_total", &[("stream", PLAYBACK)])
}

/// The encoder is killed, is away for three seconds, and another process goes on with `second`.
fn returns_with(second: &Clip) {
    returns_with_silence(&Clip::av(6), second, |_| {});
}

/// The same after `first`, where what the destination got is looked at too.
fn returns_with_silence(first: &Clip, second: &Clip, look: impl FnOnce(&Packets)) {
    let nginx = Nginx::destination();
    let engine = Gostream::config().destination("one", &nginx.url(), "one").start();
    let mut viewer = Player::ffmpeg(&engine.play_url());
    let mut encoder = ffmpeg_publish_forever(first, &engine.publish_url());
    nginx.until_receives("one");
    let_flow(Duration::from_secs(2));
    encoder.process.kill();
    engine.until_stream("interrupted");
    let_flow(Duration::from_secs(3));
    assert!(engine.output_is("one", "sending"), "the destination notices nothing");
    let filled = slate_packets(&engine);
    assert!(filled > 50.0, "{filled} packets fill three seconds");
    let mut again = ffmpeg_publish(second, &engine.publish_url());
    engine.until_stream("live");
    again.process.succeed();
    let packets = Packets::of(&nginx.recording("one"));
    assert_filled("the destination", &packets);
    assert!(first.is_in(&packets) && second.is_in(&packets));
    look(&packets);
    assert_decodes(&nginx.recording("one").to_string_lossy());
    assert_eq!(
        nginx.events().matches("publish: name=").count(),
        1,
        "one publish is all the destination sees"
    );
    viewer.process.end(Duration::from_secs(15), Signal::Int);
    assert_filled("the viewer", &viewer.packets());
    let reconnects =
        engine.count("gostream_output_reconnects_total", &[("stream", PLAYBACK), ("output", "one")]);
    assert!(reconnects.abs() < 0.5, "{reconnects} reconnects");
}

#[test]
fn an_encoder_that_is_killed_comes_back_into_the_same_broadcast() {
    needs!(Program::Ffmpeg, Program::Nginx);
    returns_with(&Clip::av(6));
}

#[test]
fn an_encoder_comes_back_with_another_resolution() {
    needs!(Program::Ffmpeg, Program::Nginx);
    returns_with(&Clip::av_wider(6));
}

/// A show whose sound is MP3 of this kind: while its encoder is away there is silence of the same kind.
fn mp3_goes_on_with(rate: u32, channels: &'static str) {
    let clip = Clip::mp3_of(6, rate, channels);
    returns_with_silence(&clip, &clip, |packets| {
        let silent = |packet: &Packet| {
            let same = packets.track(Kind::Audio).iter().filter(|other| other.hash == packet.hash);
            same.count() > 50
        };
        assert!(packets.track(Kind::Audio).iter().any(silent), "the same silent frame again and again");
    });
}

#[test]
fn mp3_of_44_khz_is_followed_by_silence() {
    needs!(Program::Ffmpeg, Program::Nginx);
    mp3_goes_on_with(44_100, "2");
}

#[test]
fn mp3_of_48_khz_and_one_channel_is_followed_by_silence() {
    needs!(Program::Ffmpeg, Program::Nginx);
    mp3_goes_on_with(48_000, "1");
}

#[test]
fn mp3_of_22_khz_is_followed_by_silence() {
    needs!(Program::Ffmpeg, Program::Nginx);
    mp3_goes_on_with(22_050, "2");
}

#[test]
fn an_encoder_that_does_not_come_back_ends_the_broadcast_after_the_hold() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    let engine = Gostream::config().set("stream.hold", "3s").destination("one", &nginx.url(), "one").start();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    nginx.until_receives("one");
    let_flow(Duration::from_secs(1));
    encoder.process.kill();
    engine.until_stream("ended");
    engine.until_output("one", "idle");
    assert_filled("the destination", &Packets::of(&nginx.recording("one")));
    assert!(nginx.was_told_the_end(), "the platform is told, and need not guess");
    // The next show is one of its own.
    ffmpeg_publish(&Clip::av(4), &engine.publish_url()).process.succeed();
    until("a second recording", || nginx.recordings("one").len() == 2 && !nginx.receives("one"));
}

#[test]
fn a_network_that_is_away_for_some_seconds_is_bridged_on_the_same_connection() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(6);
    let nginx = Nginx::destination();
    let engine = Gostream::config().destination("one", &nginx.url(), "one").start();
    let mut encoder = ffmpeg_publish_forever(&clip, &engine.publish_url());
    nginx.until_receives("one");
    let_flow(Duration::from_secs(2));
    encoder.process.signal(Signal::Stop); // connected, and silent
    until("the slate", || slate_packets(&engine) > 100.0);
    assert!(engine.stream_is("live"), "nobody has gone");
    encoder.process.signal(Signal::Cont);
    let filled = || engine.logged(|line| line["message"] == "the encoder is back");
    until("the encoder to be back", filled);
    let_flow(Duration::from_secs(3));
    encoder.process.signal(Signal::Int);
    encoder.process.wait();
    let recording = nginx.recording("one");
    assert_filled("the destination", &Packets::of(&recording));
    assert_decodes(&recording.to_string_lossy());
}

#[test]
fn a_stop_of_the_process_ends_a_broadcast_that_is_held() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    let mut engine = Gostream::config().destination("one", &nginx.url(), "one").start();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    nginx.until_receives("one");
    encoder.process.kill();
    engine.until_stream("interrupted");
    engine.drain();
    assert!(nginx.was_told_the_end());
}

#[test]
fn an_hls_viewer_sees_the_show_go_on() {
    needs!(Program::Ffmpeg);
    let (first, second) = (Clip::av(6), Clip::av_wider(6));
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish_forever(&first, &engine.publish_url());
    engine.until_playable();
    let mut viewer = Player::hls(&engine.hls_url());
    until("the viewer to receive", || viewer.received_bytes() > 0);
    encoder.process.kill();
    until("the slate", || slate_packets(&engine) > 150.0);
    ffmpeg_publish(&second, &engine.publish_url()).process.succeed();
    viewer.process.end(Duration::from_secs(30), Signal::Int);
    let packets = viewer.packets();
    assert_filled("the HLS viewer", &packets);
    assert!(first.is_in(&packets) && second.is_in(&packets));
}
