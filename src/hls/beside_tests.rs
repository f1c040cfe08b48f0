//! What rides beside the pictures: captions, cue points; and the same in MPEG-TS.

use std::sync::Arc;

use bytes::Bytes;
use mp4_atom::Decode as _;

use super::testing::{NOON, Studio, maps, picture, sound, tracks};
use super::{Config, Container, File, Input, Lifecycle};
use crate::format::a53::Captions;
use crate::format::amf0::Value;
use crate::media::{Codec, DataMessage, End, Frame, MediaTime, TrackId, TrackSet};

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
    captioned.captions = Some(Captions::Cea708);
    studio.tracks = Arc::new(captioned.clone());
    studio.run(4_000);
    assert!(index(&studio).contains("INSTREAM-ID=\"SERVICE1\""), "digital ones alone: {}", index(&studio));
    captioned.captions = Some(Captions::Cea608);
    studio.tracks = Arc::new(captioned);
    studio.run(4_000);
    let text = index(&studio);
    assert!(text.contains("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\""), "{text}");
    assert!(text.contains("INSTREAM-ID=\"CC1\"") && !text.contains("SERVICE"), "{text}");
    assert!(text.contains("CLOSED-CAPTIONS=\"cc\""), "{text}");
    assert_eq!(studio.viewer.breaks(), 0, "no new configuration");
}

/// What OBS says of HDR: the code points, and how bright the display is.
fn color_info(transfer: f64) -> Bytes {
    let numbers = |properties: &[(&str, f64)]| {
        let values = properties.iter().map(|(name, value)| ((*name).to_owned(), Value::Number(*value)));
        Value::Object(values.collect())
    };
    let points =
        [("colorPrimaries", 9.0), ("transferCharacteristics", transfer), ("matrixCoefficients", 9.0)];
    let mut bytes = Vec::new();
    Value::String("colorInfo".to_owned()).encode(&mut bytes);
    Value::Object(vec![
        ("colorConfig".to_owned(), numbers(&points)),
        ("hdrMdcv".to_owned(), numbers(&[("maxLuminance", 1_000.0), ("minLuminance", 0.0)])),
        ("hdrCll".to_owned(), numbers(&[("maxCLL", 900.0), ("maxFall", 400.0)])),
    ])
    .encode(&mut bytes);
    bytes.into()
}

#[test]
fn the_light_of_pictures_is_told_where_the_sender_alone_says_it() {
    let mut studio = Studio::new(Some(1_280), true);
    let say = |studio: &mut Studio, info: Bytes| {
        let mut tracks = TrackSet::clone(&studio.tracks);
        tracks.set_remark(TrackId::VIDEO, Codec::H264, info);
        studio.tracks = Arc::new(tracks);
    };
    let newest_init = |studio: &Studio| {
        let map = maps(studio.viewer.read()).into_iter().next_back().flatten().expect("a map");
        match studio.viewer.snapshot.as_ref().expect("live").file(&map) {
            Ok(File::Init(bytes)) => bytes,
            other => panic!("{other:?}"),
        }
    };
    say(&mut studio, color_info(16.0));
    studio.run(6_000);
    assert!(index(&studio).contains("VIDEO-RANGE=PQ"), "{}", index(&studio));
    let init = newest_init(&studio);
    let has = |box_: &[u8]| init.windows(box_.len()).any(|window| window == box_);
    assert!(has(b"colrnclx\0\x09\0\x10\0\x09\0"));
    // Green first, as BT.2020 has it; then, at the end, 1,000 candela and none.
    assert!(has(b"\0\0\0\x20mdcv\x21\x34\x9b\xaa"));
    assert!(has(b"\0\x98\x96\x80\0\0\0\0\0\0\0\x0cclli\x03\x84\x01\x90"));
    assert!(
        mp4_atom::Moov::decode(&mut init.get(28..).expect("behind ftyp")).is_ok(),
        "boxes fit in one another"
    );
    // The same again is no news, and an empty one takes it back behind the next keyframe.
    say(&mut studio, color_info(16.0));
    studio.run(4_000);
    assert_eq!(studio.viewer.breaks(), 0);
    say(&mut studio, Bytes::from_static(b"\x02\0\x09colorInfo\x03\0\0\x09"));
    studio.run(6_000);
    assert_eq!(studio.viewer.breaks(), 1);
    assert!(index(&studio).contains("VIDEO-RANGE=SDR"), "{}", index(&studio));
    assert!(!newest_init(&studio).windows(4).any(|window| window == b"mdcv" || window == b"clli"));
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
