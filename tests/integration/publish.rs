//! Encoders publish: each real one gets in, the wrong key gets an answer, the same key twice gets the newcomer in.

use std::time::Duration;

use crate::needs;
use crate::support::engine::{Gostream, KEY, PLAYBACK};
use crate::support::machines::{Feed, Show};
use crate::support::packets::Clip;
use crate::support::peers::{
    Encoder, GST_RETIMES_MS, Player, ffmpeg_publish, ffmpeg_publish_forever, gst_encode, gst_publish,
};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::raw::{Raw, Tag, tags};
use crate::support::tap::Tap;
use crate::support::until;

/// An encoder's clip reaches a player of the engine whole, from the keyframe at which the player came in.
fn arrives_whole(start: impl FnOnce(&Clip, &str) -> Encoder, who: &str, ms_tolerance: i64) {
    let clip = Clip::av(6);
    let engine = Gostream::start();
    let mut encoder = start(&clip, &engine.publish_url());
    engine.until_stream("live");
    let mut player = Player::ffmpeg(&engine.play_url());
    encoder.process.succeed();
    player.process.end(Duration::from_secs(15), Signal::Int);
    clip.assert_whole_in(who, &player.packets(), ms_tolerance);
    engine.until_stream("ended");
    assert!(engine.count("gostream_stream_received_bytes_total", &[("stream", PLAYBACK)]) > 100_000.0);
}

#[test]
fn ffmpeg_publishes() {
    needs!(Program::Ffmpeg);
    arrives_whole(ffmpeg_publish, "from ffmpeg", 1);
}

/// RTMP's first chunk size, and the smallest that the engine announces.
const CHUNK_SIZE_MIN: u32 = 128;
/// Set Chunk Size behind its timestamp: four bytes, type 1, message stream 0.
const SET_CHUNK_SIZE: [u8; 8] = [0, 0, 4, 1, 0, 0, 0, 0];

/// ffmpeg takes the chunk size that it is told, and says so; told the smallest, each of its pictures is hundreds of chunks.
#[test]
fn ffmpeg_publishes_in_the_smallest_chunks() {
    needs!(Program::Ffmpeg);
    let clip = Clip::av(6);
    let engine = Gostream::config().set("rtmp.chunk_size", i64::from(CHUNK_SIZE_MIN)).start();
    let tap = Tap::before(engine.address("rtmp"));
    let mut encoder = ffmpeg_publish(&clip, &format!("rtmp://{}/live/{KEY}", tap.address()));
    engine.until_stream("live");
    let mut player = Player::ffmpeg(&engine.play_url());
    encoder.process.succeed();
    player.process.end(Duration::from_secs(15), Signal::Int);
    clip.assert_whole_in("in chunks of 128 bytes", &player.packets(), 1);

    let sent = tap.sessions().remove(0).to_server;
    let said =
        sent.windows(SET_CHUNK_SIZE.len() + 4).filter_map(|window| window.strip_prefix(&SET_CHUNK_SIZE));
    let said: Vec<_> = said.map(|size| u32::from_be_bytes(size.try_into().expect("four bytes"))).collect();
    assert!(said.iter().all(|size| *size == CHUNK_SIZE_MIN), "ffmpeg sends chunks of {said:?}");
}

#[test]
fn gstreamers_librtmp_sink_publishes() {
    needs!(Program::Ffmpeg, Program::Gst("rtmpsink"), Program::Gst("flvmux"));
    arrives_whole(|clip, url| gst_publish(clip, "rtmpsink", url), "from rtmpsink", GST_RETIMES_MS);
}

#[test]
fn gstreamers_own_sink_publishes() {
    needs!(Program::Ffmpeg, Program::Gst("rtmp2sink"), Program::Gst("flvmux"));
    arrives_whole(|clip, url| gst_publish(clip, "rtmp2sink", url), "from rtmp2sink", GST_RETIMES_MS);
}

#[test]
fn gstreamers_encoders_publish_and_decode_cleanly() {
    needs!(Program::Ffmpeg, Program::Gst("rtmp2sink"), Program::Gst("x264enc"), Program::Gst("voaacenc"));
    let engine = Gostream::start();
    let mut encoder = gst_encode("rtmp2sink", 125, &engine.publish_url());
    engine.until_stream("live");
    crate::support::peers::assert_decodes(&engine.play_url());
    encoder.process.succeed();
}

#[test]
fn a_wrong_key_is_told_so_before_the_encoder_sends_anything() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let url = format!("rtmp://{}/live/wrong_key_of_a_stranger", engine.address("rtmp"));
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &url);
    let status = encoder.process.wait();
    assert!(!status.success(), "ffmpeg gives up");
    let log = encoder.process.log();
    assert!(log.contains("Server error:"), "ffmpeg was told why: {log}");
    assert!(!engine.stream_is("live"));
    until("the refusal to be counted", || {
        let all = engine.count("gostream_publish_total", &[]);
        all >= 1.0 && all > engine.count("gostream_publish_total", &[("result", "accepted")])
    });
    let log = engine.log_text();
    assert!(
        !log.contains("wrong_key_of_a_stranger"),
        "an offered key is a secret of somebody: it is not logged"
    );
}

#[test]
fn an_unknown_app_is_refused() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let url = engine.publish_url().replace("/live/", "/elsewhere/");
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &url);
    assert!(!encoder.process.wait().success());
}

#[test]
fn the_same_key_again_takes_over_at_once() {
    needs!(Program::Ffmpeg);
    let (first, second) = (Clip::av(6), Clip::av_wider(6));
    let engine = Gostream::start();
    let mut old = ffmpeg_publish_forever(&first, &engine.publish_url());
    engine.until_stream("live");
    let mut viewer = Player::ffmpeg(&engine.play_url());
    until("the viewer to receive", || viewer.received_bytes() > 0);
    let mut new = ffmpeg_publish(&second, &engine.publish_url());
    old.process.wait(); // the encoder that hung is told, and its connection closed
    new.process.succeed();
    viewer.process.end(Duration::from_secs(15), Signal::Int);
    assert!(
        first.is_in(&viewer.packets()) && second.is_in(&viewer.packets()),
        "the viewer saw both, on one connection"
    );
}

#[test]
fn the_same_key_again_is_refused_where_the_operator_says_so() {
    needs!(Program::Ffmpeg);
    let clip = Clip::av(8);
    let engine = Gostream::config().set("rtmp.on_duplicate", "reject").start();
    let mut first = ffmpeg_publish(&clip, &engine.publish_url());
    engine.until_stream("live");
    let mut viewer = Player::ffmpeg(&engine.play_url());
    let mut second = ffmpeg_publish_forever(&Clip::av_wider(6), &engine.publish_url());
    assert!(!second.process.wait().success());
    assert!(second.process.log().contains("Server error:"), "{}", second.process.log());
    first.process.succeed();
    viewer.process.end(Duration::from_secs(15), Signal::Int);
    clip.assert_whole_in("the viewer of the first", &viewer.packets(), 1);
}

#[test]
fn a_publisher_that_goes_silent_is_closed_and_its_key_is_free() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("rtmp.stall_timeout", "2s").start();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_stream("live");
    encoder.process.signal(Signal::Stop);
    until("the silent publisher to be given up", || !engine.stream_is("live"));
    encoder.process.kill();
    let mut next = ffmpeg_publish(&Clip::av(4), &engine.publish_url());
    engine.until_stream("live");
    next.process.succeed();
}

#[test]
fn an_encoder_whose_connection_is_reset_did_not_say_goodbye_and_may_come_back() {
    let engine = Gostream::start();
    let first = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_stream("live");
    first.cut();
    engine.until_stream("interrupted");
    let second = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_stream("live");
    let interruptions = engine.count("gostream_stream_interruptions_total", &[("stream", PLAYBACK)]);
    assert!((interruptions - 1.0).abs() < 0.5, "{interruptions}");
    drop(second);
    engine.until_stream("ended");
}

#[test]
fn an_encoder_whose_timestamps_mean_nothing_is_played_by_the_clock_on_the_wall() {
    let engine = Gostream::start();
    let _encoder = Feed::start(&engine.publish_url(), Show::h264().stamped(77));
    engine.until_stream("live");
    until("the engine to see it", || {
        engine.logged(|line| {
            line["message"].as_str().is_some_and(|said| said.contains("timestamps mean nothing"))
        })
    });
    engine.until_playable();
    let discontinuities = engine.count("gostream_stream_discontinuities_total", &[("stream", PLAYBACK)]);
    assert!((discontinuities - 1.0).abs() < 0.5, "once: {discontinuities}");
}

/// Shows that begin and end.
const SHOWS: usize = 1_000;
/// What a thousand of them may leave in memory, in kilobytes: what the first ones made the process take.
const LEFT_KB_MAX: f64 = 40_000.0;

#[test]
fn a_thousand_short_shows_leave_nothing_behind() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let tags: Vec<_> = tags(&Clip::av(4).file).into_iter().filter(|tag| tag.millis < 200).collect();
    let now: Vec<_> = tags.into_iter().map(|tag| Tag { millis: 0, ..tag }).collect();
    let show = || Raw::publish(engine.address("rtmp"), KEY).send_all(&now);
    let memory = || engine.count("process_resident_memory_bytes", &[]) / 1_024.0;
    let files = || engine.count("process_open_fds", &[]);
    (0..SHOWS / 10).for_each(|_| show());
    engine.until_stream("ended");
    let (memory_before, files_before) = (memory(), files());
    (0..SHOWS).for_each(|_| show());
    engine.until_stream("ended");
    until("all connections to end", || engine.count("gostream_connections", &[("service", "rtmp")]) < 0.5);
    assert!(files() <= files_before + 2.0, "{} files, {files_before} before", files());
    let left = memory() - memory_before;
    assert!(left < LEFT_KB_MAX, "{left} kB are left of {SHOWS} shows");
    let accepted = engine.count("gostream_publish_total", &[("result", "accepted")]);
    assert!((accepted - (SHOWS + SHOWS / 10) as f64).abs() < 0.5, "{accepted}");
}
