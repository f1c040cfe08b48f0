//! HLS in MPEG-TS: the packets that were published, as ffmpeg and GStreamer read them out of segments.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use m3u8_rs::{MediaPlaylist, Playlist};

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::packets::{Clip, Packets};
use crate::support::peers::{Player, assert_decodes, curl, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::scratch::Scratch;
use crate::support::viewer::{Viewer, check_index};
use crate::support::{eventually, let_flow};

/// PIDs of the program's map and of its pictures.
const TABLES: u16 = 0x1000;
const PICTURES: u16 = 0x100;

fn engine() -> Gostream {
    Gostream::config().set("hls.container", "ts").set("hls.window", 60).start()
}

fn text(engine: &Gostream, path: &str) -> String {
    let answer = eventually(path, || Some(engine.get(path)).filter(|answer| answer.status == 200));
    answer.text()
}

/// The path and the text of the media playlist, once it says what is `wanted`.
fn media(engine: &Gostream, wanted: &str) -> (String, MediaPlaylist, String) {
    let index = text(engine, &format!("/hls/{PLAYBACK}/index.m3u8"));
    assert!(index.starts_with("#EXTM3U\n#EXT-X-VERSION:3\n"), "{index}");
    let uri = index.lines().find(|line| !line.starts_with('#') && !line.is_empty()).expect("a variant");
    let path = format!("/hls/{PLAYBACK}/{uri}");
    let text = eventually(wanted, || Some(text(engine, &path)).filter(|text| text.contains(wanted)));
    let Ok(Playlist::MediaPlaylist(playlist)) = m3u8_rs::parse_playlist_res(text.as_bytes()) else {
        panic!("{text}")
    };
    (path, playlist, text)
}

/// Every segment of an ended playlist, joined.
fn joined(engine: &Gostream) -> Vec<u8> {
    let (_, playlist, text) = media(engine, "#EXT-X-ENDLIST");
    assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:3\n") && !text.contains("EXT-X-MAP"), "{text}");
    let mut joined = Vec::new();
    for segment in &playlist.segments {
        assert!(segment.uri.ends_with(".ts"), "{}", segment.uri);
        let answer = engine.get(&format!("/hls/{PLAYBACK}/{}", segment.uri));
        let pids: Vec<_> = answer.body.chunks(188).take(3).map(pid).collect();
        assert_eq!(pids[..2], [0, 0x1000], "the tables are first");
        joined.extend(answer.body);
    }
    joined
}

fn pid(packet: &[u8]) -> u16 {
    assert_eq!(packet[0], 0x47);
    u16::from_be_bytes([packet[1], packet[2]]) & 0x1fff
}

/// The next counter of each PID.
#[derive(Debug, Default)]
struct Counters(BTreeMap<u16, u8>);

impl Counters {
    /// Every packet's counter follows the one before it of its PID, unless it says that it does not (ISO/IEC 13818-1
    /// §2.4.3.4).
    fn check(&mut self, stream: &[u8]) {
        assert_eq!(stream.len() % 188, 0, "whole packets");
        for (number, packet) in stream.chunks(188).enumerate() {
            let (pid, counter) = (pid(packet), packet[3] & 15);
            let anew = packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x80 != 0;
            let step = u8::from(packet[3] & 0x10 != 0);
            let expected = self.0.insert(pid, (counter + 1) & 15);
            let goes_on = expected.is_none_or(|expected| (expected + step + 15) & 15 == counter);
            assert!(anew || goes_on, "packet {number} is out of count");
        }
    }
}

/// A segment begins with its tables, and a player can begin with its pictures.
fn assert_starts(segment: &[u8], independent: bool) {
    let starts: Vec<_> =
        segment.chunks(188).take(3).map(|packet| (pid(packet), packet[1] & 0x40 != 0)).collect();
    assert!(
        starts.len() == 3 && starts[..2] == [(0, true), (TABLES, true)],
        "the tables are first: {starts:?}"
    );
    let pictures = segment.chunks(188).find(|packet| pid(packet) == PICTURES).expect("pictures");
    let random = pictures[3] & 0x20 != 0 && pictures[4] >= 7 && pictures[5] & 0x50 == 0x50;
    assert!(random || !independent, "a clock and a place to begin: {:?}", &pictures[..6]);
}

/// Every packet's counter follows the one before it, over all segments.
fn assert_counted(stream: &[u8]) {
    Counters::default().check(stream);
}

/// What must be there when a player opens any segment, and whether it is refused where it is not.
#[test]
fn packets_out_of_count_and_segments_without_tables_are_refused() {
    let packet = |pid: u16, counter: u8| {
        let mut packet = vec![0xff; 188];
        let [high, low] = pid.to_be_bytes();
        packet[..12].copy_from_slice(&[0x47, 0x40 | high, low, 0x30 | counter, 7, 0x50, 0, 0, 0, 0, 0, 0]);
        packet
    };
    let [pat, pmt, first, second] =
        [packet(0, 3), packet(TABLES, 9), packet(PICTURES, 15), packet(PICTURES, 0)];
    let lost = packet(PICTURES, 1);
    let mut signalled = lost.clone();
    signalled[5] |= 0x80;
    let counted = |packets: &[&Vec<u8>]| {
        let stream: Vec<u8> = packets.iter().flat_map(|packet| packet.iter().copied()).collect();
        std::panic::catch_unwind(|| Counters::default().check(&stream)).is_ok()
    };
    assert!(counted(&[&pat, &pmt, &first, &second, &lost]));
    assert!(!counted(&[&first, &lost]) && !counted(&[&first, &first]), "one is missing, or there twice");
    assert!(counted(&[&first, &signalled]), "it says so");
    let starts = |packets: &[&Vec<u8>], independent| {
        let stream: Vec<u8> = packets.iter().flat_map(|packet| packet.iter().copied()).collect();
        std::panic::catch_unwind(|| assert_starts(&stream, independent)).is_ok()
    };
    let mut middle = first.clone();
    middle[5] = 0x10;
    assert!(starts(&[&pat, &pmt, &first], true) && starts(&[&pat, &pmt, &middle], false));
    assert!(!starts(&[&pat, &first, &second], true) && !starts(&[&pmt, &pat, &first], true));
    assert!(!starts(&[&pat, &pmt, &middle], true));
}

/// An encoder, and another that takes over with larger pictures, seen by a viewer who checks every segment and list.
#[test]
fn a_show_with_two_encoders_keeps_every_rule() {
    needs!(Program::Ffmpeg);
    let config = Gostream::config().set("hls.container", "ts").set("hls.segment", "1s");
    let engine = config.set("hls.window", 5).start();
    let _first = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let mut viewer = Viewer::start(&engine);
    let (from, mut second) = (viewer.text.sequence, None);
    let (mut next, mut breaks, mut counters) = (from, 0, Counters::default());
    while next < from + 13 {
        let_flow(Duration::from_millis(300));
        viewer.look();
        assert!(viewer.text.version == 3 && viewer.text.open.is_none(), "no parts: {:?}", viewer.text);
        assert!(viewer.text.sequence <= next, "the viewer keeps up");
        for (number, segment) in (viewer.text.sequence..).zip(&viewer.text.segments) {
            if number < next {
                continue;
            }
            let bytes = viewer.get(&segment.uri).body;
            assert_starts(&bytes, viewer.text.independent);
            if segment.discontinuity {
                (counters, breaks) = (Counters::default(), breaks + usize::from(number > from));
            }
            counters.check(&bytes);
            next = number + 1;
        }
        if next >= from + 5 && second.is_none() {
            check_index(&engine);
            second = Some(ffmpeg_publish_forever(&Clip::av_wider(6), &engine.publish_url()));
        }
    }
    assert_eq!(breaks, 1, "the second begins a stretch of its own");
    assert!(viewer.text.sequence > from, "segments left the list");
    assert_eq!(check_index(&engine), 1);
}

fn comes_out_whole(clip: &Clip, who: &str) -> Vec<u8> {
    let engine = engine();
    ffmpeg_publish(clip, &engine.publish_url()).process.succeed();
    let stream = joined(&engine);
    assert_counted(&stream);
    let scratch = Scratch::new("ts");
    let file = scratch.join("joined.ts");
    std::fs::write(&file, &stream).expect("a file can be written");
    let file = file.to_string_lossy();
    assert_decodes(&file);
    clip.elementary().assert_whole_in(who, &Packets::elementary(&file), 2);
    assert_decodes(&engine.hls_url());
    stream
}

#[test]
fn a_segment_says_what_it_is() {
    needs!(Program::Ffmpeg, Program::Curl);
    let engine = engine();
    ffmpeg_publish(&Clip::av(4), &engine.publish_url()).process.succeed();
    let (_, playlist, _) = media(&engine, "#EXT-X-ENDLIST");
    let url = engine.http_url(&format!("/hls/{PLAYBACK}/{}", playlist.segments[0].uri));
    let head = curl(&["--head", &url]).to_ascii_lowercase();
    assert!(head.contains("content-type: video/mp2t"), "{head}");
}

#[test]
fn joined_segments_hold_every_packet_and_decode() {
    needs!(Program::Ffmpeg);
    comes_out_whole(&Clip::av(8), "TS");
}

#[test]
fn pictures_alone_and_sound_alone_come_out_whole() {
    needs!(Program::Ffmpeg);
    comes_out_whole(&Clip::video_only(6), "TS, video only");
    comes_out_whole(&Clip::audio_only(6), "TS, audio only");
}

#[test]
fn surround_sound_keeps_its_six_channels() {
    needs!(Program::Ffmpeg);
    let stream = comes_out_whole(&Clip::surround(6), "TS, 5.1");
    let scratch = Scratch::new("ts");
    let file = scratch.join("surround.ts");
    std::fs::write(&file, &stream).expect("a file can be written");
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-select_streams", "a", "-show_entries", "stream=channels,channel_layout"]);
    let output = probe.args(["-of", "csv=p=0"]).arg(&file).output().expect("ffprobe runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.lines().all(|line| line.trim().is_empty() || line.starts_with("6,5.1")), "{shown}");
    assert!(shown.contains("6,5.1"), "{shown}");
}

#[test]
fn gstreamer_reads_every_packet() {
    needs!(Program::Ffmpeg, Program::Gst("hlsdemux"), Program::Gst("souphttpsrc"), Program::Gst("mpegtsmux"));
    let clip = Clip::av(8);
    let engine = engine();
    ffmpeg_publish(&clip, &engine.publish_url()).process.succeed();
    media(&engine, "#EXT-X-ENDLIST");
    let mut player = Player::gst_hls(&engine.hls_url(), "tsdemux");
    player.process.succeed();
    let received = Packets::elementary(&player.received().to_string_lossy());
    clip.elementary().assert_nearly_whole_in("hlsdemux", &received, 60);
}

#[test]
fn ffmpeg_plays_the_live_playlist() {
    needs!(Program::Ffmpeg);
    let engine = engine();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    media(&engine, "#EXTINF");
    let mut player = Player::hls(&engine.hls_url());
    eventually("some of it", || (player.received_bytes() > 20_000).then_some(()));
    encoder.process.end(Duration::from_secs(10), Signal::Int);
    player.process.end(Duration::from_secs(30), Signal::Int);
    let (_, playlist, text) = media(&engine, "#EXT-X-ENDLIST");
    assert!(playlist.segments.iter().all(|segment| !segment.discontinuity), "{text}");
}
