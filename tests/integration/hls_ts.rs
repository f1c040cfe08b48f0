//! HLS in MPEG-TS: the packets that were published, as ffmpeg and GStreamer read them out of segments.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use m3u8_rs::{MediaPlaylist, Playlist};

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::eventually;
use crate::support::packets::{Clip, Packets};
use crate::support::peers::{Player, assert_decodes, curl, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::scratch::Scratch;

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

/// Every packet's counter follows the one before it, over all segments.
fn assert_counted(stream: &[u8]) {
    assert_eq!(stream.len() % 188, 0);
    let mut counters: BTreeMap<u16, u8> = BTreeMap::new();
    for (number, packet) in stream.chunks(188).enumerate() {
        if packet[3] & 0x10 == 0 {
            continue;
        }
        let counter = packet[3] & 15;
        let expected = counters.insert(pid(packet), (counter + 1) & 15);
        assert!(expected.is_none_or(|expected| expected == counter), "packet {number} is out of count");
    }
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
