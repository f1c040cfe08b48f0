//! What rides beside pictures and sound, live: closed captions in the pictures, cue points and texts in data messages.

use std::process::Command;

use crate::needs;
use crate::support::engine::{Gostream, KEY, PLAYBACK};
use crate::support::eventually;
use crate::support::packets::Clip;
use crate::support::programs::Program;
use crate::support::raw::{Amf, DATA, Raw, Tag, VIDEO, amf, tags};
use crate::support::scratch::Scratch;
use crate::support::viewer::Text;

/// CEA-608 pairs of the first field, with parity, one a picture: load, a place, "HELLO!", show.
const HELLO: [[u8; 2]; 9] = [
    [0x94, 0x20],
    [0x94, 0x20],
    [0x94, 0x70],
    [0x94, 0x70],
    [0xc8, 0x45],
    [0x4c, 0x4c],
    [0x4f, 0xa1],
    [0x94, 0x2f],
    [0x94, 0x2f],
];
/// Shows nothing again.
const CLEAR: [u8; 2] = [0x94, 0x2c];

/// An SEI unit with caption data (ATSC A/53): one pair.
fn caption(pair: [u8; 2]) -> Vec<u8> {
    let mut unit = vec![6, 4, 14, 0xb5, 0x00, 0x31];
    unit.extend(b"GA94\x03");
    unit.extend([0x41, 0xff, 0xfc, pair[0], pair[1], 0xff, 0x80]);
    unit
}

/// The clip with a caption in every picture, in the order in which they are shown: a word each second.
fn captioned(clip: &Clip) -> Vec<Tag> {
    let mut tags = tags(&clip.file);
    let coded = |tag: &Tag| tag.kind == VIDEO && tag.body.get(1) == Some(&1);
    let mut pictures: Vec<_> = tags.iter_mut().filter(|tag| coded(tag)).collect();
    pictures.sort_by_key(|tag| tag.millis + u32::from_be_bytes([0, tag.body[2], tag.body[3], tag.body[4]]));
    for (number, tag) in pictures.into_iter().enumerate() {
        let pair = match number % 25 {
            at if at < HELLO.len() => HELLO[at],
            20 | 21 => CLEAR,
            _ => [0x80, 0x80],
        };
        let unit = caption(pair);
        let size = u32::try_from(unit.len()).expect("small").to_be_bytes();
        tag.body.splice(5..5, size.into_iter().chain(unit));
    }
    tags
}

/// The multivariant playlist and the media playlist of a show that is over.
fn playlists(engine: &Gostream) -> (String, Text) {
    let path = |file: &str| format!("/hls/{PLAYBACK}/{file}");
    let index = eventually("the multivariant playlist", || {
        Some(engine.get(&path("index.m3u8"))).filter(|answer| answer.status == 200)
    });
    let index = index.text();
    let uri = index.lines().find(|line| !line.starts_with('#')).expect("a variant").to_owned();
    let ended = eventually("the end", || {
        Some(engine.get(&path(&uri)).text()).filter(|text| text.contains("#EXT-X-ENDLIST"))
    });
    (index, Text::read(&ended))
}

/// All segments behind their init segment, in one file.
fn joined(engine: &Gostream, text: &Text, scratch: &Scratch) -> String {
    let init = text.segments[0].map.iter();
    let uris = init.chain(text.segments.iter().map(|segment| &segment.uri));
    let bytes: Vec<u8> = uris.flat_map(|uri| engine.get(&format!("/hls/{PLAYBACK}/{uri}")).body).collect();
    let file = scratch.join("joined.mp4");
    std::fs::write(&file, bytes).expect("a file can be written");
    file.to_string_lossy().into_owned()
}

/// The words that FFmpeg's decoder of captions reads.
fn words(file: &str) -> String {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &format!("movie={file}[out0+subcc]")]);
    let output = command.args(["-map", "0:s", "-f", "srt", "-"]).output().expect("ffmpeg runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn captions_are_announced_and_can_be_read() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 60).start();
    Raw::publish(engine.address("rtmp"), KEY).send_all(&captioned(&Clip::av(6)));
    let (index, text) = playlists(&engine);
    assert!(index.contains("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,"), "{index}");
    assert!(index.contains("INSTREAM-ID=\"CC1\"") && index.contains(",CLOSED-CAPTIONS=\""), "{index}");
    let scratch = Scratch::new("captions");
    let words = words(&joined(&engine, &text, &scratch));
    assert!(words.matches("HELLO!").count() >= 4, "a word a second: {words}");
}

#[test]
fn pictures_without_captions_say_that_they_have_none() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 60).start();
    Raw::publish(engine.address("rtmp"), KEY).send_all(&tags(&Clip::av(4).file));
    let (index, _) = playlists(&engine);
    assert!(index.contains(",CLOSED-CAPTIONS=NONE") && !index.contains("TYPE=CLOSED-CAPTIONS"), "{index}");
}

/// A message of a name and properties.
fn message(millis: u32, name: &str, properties: &[(&str, Amf<'_>)]) -> Tag {
    Tag { kind: DATA, millis, body: amf(&[Amf::Text(name), Amf::Object(properties)]) }
}

#[test]
fn cue_points_and_texts_are_date_ranges_where_they_belong() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 60).start();
    let mut tags = tags(&Clip::av(6).file);
    let parameters = [("sponsor", Amf::Text("acme \"& sons\""))];
    let properties = [
        ("name", Amf::Text("break one")),
        ("time", Amf::Number(2.5)),
        ("duration", Amf::Number(30.5)),
        ("parameters", Amf::Object(&parameters)),
    ];
    tags.push(message(2_500, "onCuePoint", &properties));
    tags.push(message(3_500, "onTextData", &[("text", Amf::Text("hello")), ("language", Amf::Text("en"))]));
    tags.push(message(3_600, "onNobodyKnows", &[("text", Amf::Text("hidden"))]));
    tags.sort_by_key(|tag| tag.millis);
    Raw::publish(engine.address("rtmp"), KEY).send_all(&tags);
    let (index, text) = playlists(&engine);
    let uri = index.lines().find(|line| !line.starts_with('#')).expect("a variant");
    let plain = engine.get(&format!("/hls/{PLAYBACK}/{uri}")).text();
    assert!(!plain.contains("hidden"), "{plain}");
    assert_eq!(text.ranges.len(), 2, "{plain}");
    let began = text.segments[0].date.as_deref().map(millis_of_day).expect("a date");
    for (class, at, says) in [
        ("onCuePoint", 2_500, &["DURATION=30.5", "X-NAME=\"break one\"", "X-SPONSOR=\"acme '& sons'\""][..]),
        ("onTextData", 3_500, &["X-TEXT=\"hello\"", "X-LANGUAGE=\"en\""]),
    ] {
        let line = plain.lines().find(|line| line.contains(&format!("CLASS=\"{class}\""))).expect(class);
        assert!(says.iter().all(|wanted| line.contains(wanted)), "{line}");
        let date =
            line.split("START-DATE=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a date");
        // The first picture is shown two frames after it is decoded, and the date is that of its showing or decoding.
        let off = (millis_of_day(date) - began).rem_euclid(86_400_000) - at;
        assert!(off.abs() <= 150, "{class} is {off} ms off: {plain}");
    }
}

/// The time of day in a playlist's date, in milliseconds.
fn millis_of_day(date: &str) -> i64 {
    let time = date.split('T').nth(1).and_then(|time| time.strip_suffix('Z')).expect("a time");
    let fields: Vec<i64> = time.split([':', '.']).map(|field| field.parse().expect("a number")).collect();
    ((fields[0] * 60 + fields[1]) * 60 + fields[2]) * 1_000 + fields[3]
}
