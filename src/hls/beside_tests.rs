//! What rides beside the pictures: captions, cue points; and the same in MPEG-TS.

use std::sync::Arc;

use super::testing::{NOON, Studio, picture, sound, tracks};
use super::{Config, Container, File, Input, Lifecycle};
use crate::format::amf0::Value;
use crate::media::{DataMessage, End, Frame, MediaTime, TrackSet};

fn cue(millis: i64, name: &str) -> Frame {
    let mut payload = Vec::new();
    Value::String("onCuePoint".to_owned()).encode(&mut payload);
    let properties =
        [("name".to_owned(), Value::String(name.to_owned())), ("duration".to_owned(), Value::Number(1.5))];
    Value::Object(properties.into()).encode(&mut payload);
    Frame::Data(DataMessage { dts: MediaTime::from_millis(millis), payload: payload.into() })
}

fn index(studio: &Studio) -> String {
    match studio.viewer.snapshot.as_ref().expect("seen").file("index.m3u8") {
        Ok(File::Index(index)) => String::from_utf8(index.plain.to_vec()).expect("text"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cue_point_is_listed_while_its_moment_is() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.send(&cue(0, "before anything"));
    studio.run(6_000);
    studio.send(&cue(6_000, "break \"one\""));
    studio.run(4_000);
    let line = studio.viewer.text.lines().find(|line| line.contains("DATERANGE")).expect("a cue").to_owned();
    assert!(
        line.contains("CLASS=\"onCuePoint\",START-DATE=\"2026-08-01T12:00:06.000Z\",DURATION=1.5,"),
        "{line}"
    );
    assert!(line.ends_with("X-NAME=\"break 'one'\""), "{line}");
    assert!(!studio.viewer.text.contains("before anything"));
    studio.run(30_000);
    assert!(!studio.viewer.text.contains("DATERANGE"), "{}", studio.viewer.text);
}

#[test]
fn a_source_cannot_fill_the_playlist_with_cue_points() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(5_000);
    for number in 0..500 {
        studio.send(&cue(5_000, &number.to_string()));
    }
    studio.run(2_000);
    let text = &studio.viewer.text;
    assert_eq!(text.matches("#EXT-X-DATERANGE").count(), 64);
    assert!(text.contains("X-NAME=\"499\""), "the newest stay");
}

#[test]
fn captions_are_signalled_from_when_they_come() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(5_000);
    assert!(index(&studio).contains("CLOSED-CAPTIONS=NONE"), "{}", index(&studio));
    let mut captioned = TrackSet::clone(&studio.tracks);
    captioned.captions = true;
    studio.tracks = Arc::new(captioned);
    studio.run(4_000);
    let text = index(&studio);
    assert!(text.contains("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\""), "{text}");
    assert!(text.contains("CLOSED-CAPTIONS=\"cc\""), "{text}");
    assert_eq!(studio.viewer.breaks(), 0, "no new configuration");
}

#[test]
fn transport_streams_have_no_init_segment_and_whole_packets() {
    let config = Config { container: Container::Ts, ..Config::default() };
    let mut lifecycle = Lifecycle::new(config, 0xfeed, MediaTime::from_millis(NOON));
    let tracks = tracks(Some(1_280), true);
    let mut push = |frame: &Frame, at: i64, start: bool| {
        let arrived = MediaTime::from_millis(NOON + at);
        lifecycle.push(Input { frame, tracks: &tracks, start, discontinuity: false, arrived });
    };
    for number in 0..300 {
        let (at, key) = (number * 40, number % 50 == 0);
        push(&Frame::Media(picture(at, 80, key, 700)), at, key);
        push(&Frame::Media(sound(at)), at, false);
    }
    push(&Frame::End(End::Clean), 12_000, false);
    let snapshot = lifecycle.poll_snapshot().expect("changed");
    let Ok(File::Index(index)) = snapshot.file("index.m3u8") else { panic!("an index") };
    let index = String::from_utf8(index.plain.to_vec()).expect("text");
    let name = index.lines().last().expect("a variant");
    let Ok(File::Playlist(playlist)) = snapshot.file(name) else { panic!("{name}") };
    let text = String::from_utf8(playlist.plain.to_vec()).expect("text");
    assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:3\n") && !text.contains("EXT-X-MAP"), "{text}");
    let segments: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(segments.len(), 6);
    for name in segments {
        let Ok(File::Segment(listed)) = snapshot.file(name) else { panic!("{name}") };
        assert!(name.ends_with(".ts") && listed.segment.len % 188 == 0);
        let first = listed.segment.parts.first().and_then(|part| part.piece(0)).expect("bytes");
        assert_eq!(first[..4], [0x47, 0x40, 0, 0x10 | first[3] & 15], "the association table is first");
    }
}
