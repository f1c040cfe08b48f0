//! The publisher goes away and comes back: outputs and viewers keep their connection and their clock.

use std::time::Duration;

use gostream::rtmp::MessageType;

use crate::every_codec::HEVC_AAC;
use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::machines::Sink;
use crate::support::modern::{coded, publish};
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Kind, Packets};
use crate::support::peers::{Player, assert_decodes, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::{let_flow, until};

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
    let recording = nginx.recording("one");
    let packets = Packets::of(&recording);
    assert_monotonic("the destination", &packets);
    assert!(first.is_in(&packets) && second.is_in(&packets), "both are in the one recording");
    assert_decodes(&recording.to_string_lossy());
    assert_eq!(nginx.events().matches("publish: name=").count(), 1, "one publish is all it sees");
    assert!(reconnects(&engine) < 0.5);
    // The newcomer's first picture is where the last one of the old encoder was to be followed. The sound to the old one's last
    // pictures, which wait for their order, was never sent.
    for (kind, apart) in [(Kind::Video, 700), (Kind::Audio, 300)] {
        let track = packets.track(kind);
        let widest = track.windows(2).map(|pair| pair[1].dts - pair[0].dts).max();
        assert!(widest.is_some_and(|widest| widest <= apart), "{kind:?} has a hole of {widest:?} ms");
    }
}

fn reconnects(engine: &Gostream) -> f64 {
    engine.count("gostream_output_reconnects_total", &[("stream", PLAYBACK), ("output", "one")])
}

#[test]
fn an_encoder_comes_back_with_another_codec_over_the_same_connection() {
    needs!(Program::Ffmpeg, Program::Ffmpeg9);
    let hevc = coded(&HEVC_AAC, 6);
    let sink = Sink::start(&[]);
    let engine = Gostream::config().destination("one", &sink.url(), "one").start();
    let mut old = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_output("one", "sending");
    until("pictures", || sink.publishes().last().is_some_and(|publish| publish.media.len() > 200));
    old.process.kill();
    engine.until_stream("interrupted");
    let_flow(Duration::from_secs(2));
    publish(&[&hevc], &engine.publish_url()).process.succeed();
    until("the goodbye", || sink.publishes()[0].goodbye);
    assert_eq!((sink.connections(), sink.publishes().len()), (1, 1), "the server notices no break");
    assert!(reconnects(&engine) < 0.5);
    let publishes = sink.publishes();
    let (video, audio) = (MessageType::VIDEO, MessageType::AUDIO);
    let of = |kind| publishes[0].media.iter().filter(move |media| media.type_id == kind);
    // Enhanced RTMP: a sequence header of HEVC, and a keyframe next (with a composition time, or without).
    let bodies: Vec<_> = of(video).map(|media| &media.body[..]).collect();
    let is_hevc = |body: &&&[u8]| body.get(1..5) == Some(b"hvc1");
    let before = bodies.iter().take_while(|body| !is_hevc(body)).count();
    assert!(before > 50 && bodies[before..].iter().all(|body| is_hevc(&body)), "the one, then the other");
    let coded = bodies[before..].iter().find(|body| matches!(body[0] & 0x0F, 1 | 3)).expect("pictures");
    assert_eq!(coded[0] & 0x70, 0x10, "a keyframe first");
    let header = bodies.iter().position(|body| body.starts_with(b"\x90hvc1")).expect("the configuration");
    assert!(bodies[before..header].iter().all(|body| !matches!(body[0] & 0x0F, 1 | 3)), "it goes before");
    for (kind, apart) in [(video, 700), (audio, 150)] {
        let times: Vec<u32> = of(kind).map(|media| media.timestamp).collect();
        for pair in times.windows(2) {
            assert!(
                (pair[0]..=pair[0] + apart).contains(&pair[1]),
                "{kind} goes from {} to {}",
                pair[0],
                pair[1]
            );
        }
    }
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
