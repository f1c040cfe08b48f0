//! What readers receive, and that it is what a publisher sent.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::format::aac::AudioSpecificConfig;
use crate::format::ac3::{Ac3, Eac3};
use crate::format::amf0::{Limits, decode_all};
use crate::format::flac::StreamInfo;
use crate::format::h264::AvcConfig;
use crate::format::opus::OpusHead;
use crate::format::vp9::Vp9Config;
use crate::media::remux::from_flv::{Demuxed, FromFlv, Refusal, SourceFrameParts};
use crate::media::{DataMessage, End, MediaTime, TrackId};

const AVCC: &[u8] = &[
    0x01, 0x64, 0x00, 0x0d, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x0d, 0xac, 0xd9, 0x41, 0x41, 0x9f,
    0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x42, 0x99, 0x60,
    0x01, 0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
];

fn h264() -> CodecConfig {
    CodecConfig::H264(AvcConfig::parse(Bytes::from_static(AVCC)).expect("a good record"))
}

fn aac() -> CodecConfig {
    CodecConfig::Aac(AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("a good record"))
}

fn mp3(sample_rate: u32, channels: u8) -> CodecConfig {
    CodecConfig::Mp3(Mp3Header {
        sample_rate,
        channels,
        samples: if sample_rate < 32_000 { 576 } else { 1_152 },
    })
}

fn tracks(video: Option<CodecConfig>, audio: Option<CodecConfig>) -> TrackSet {
    let mut tracks = TrackSet::default();
    for (id, config) in [(TrackId::VIDEO, video), (TrackId::AUDIO, audio)] {
        if let Some(config) = config {
            tracks.set(id, config);
        }
    }
    tracks
}

fn packet(track: TrackId, cts: i64, keyframe: bool, payload: impl Into<Bytes>) -> Frame {
    let cts = MediaTime::from_millis(cts);
    Frame::Media(Packet { track, dts: MediaTime::ZERO, cts, keyframe, payload: payload.into() })
}

fn prefix(tracks: &TrackSet, frame: &Frame) -> Vec<u8> {
    message(frame, tracks).expect("has a form").prefix.to_vec()
}

#[test]
fn codings_without_a_legacy_form_have_the_extended_one() {
    let vp9 = Vp9Config::parse(&Bytes::from_static(&[0, 10, 0x82, 2, 2, 2, 0, 0])).expect("a good record");
    let tracks = tracks(Some(CodecConfig::Vp9(vp9)), Some(aac()));
    assert_eq!(prefix(&tracks, &packet(TrackId::VIDEO, 0, true, "x")), b"\x91vp09");
    let header = sequence_header(&tracks.tracks()[0]).expect("a record");
    assert!(header.starts_with(b"\x90vp09"), "{header:?}");
    let (_, metadata) = described(&tracks, false);
    assert_eq!(metadata.number("videocodecid"), Some(f64::from(u32::from_be_bytes(*b"vp09"))));
}

fn described(tracks: &TrackSet, wrap: bool) -> (Vec<String>, Metadata) {
    let mut values = decode_all(&metadata(tracks, wrap), &Limits::default()).expect("ours");
    let properties = values.pop().expect("properties");
    let names = values.iter().map(|value| value.as_str().expect("a name").to_owned()).collect();
    (names, Metadata::parse(&[properties]).expect("properties"))
}

#[test]
fn bodies_begin_as_flv_wants() {
    let set = tracks(Some(h264()), Some(aac()));
    assert_eq!(prefix(&set, &packet(TrackId::VIDEO, 67, true, "x")), [0x17, 1, 0, 0, 67]);
    assert_eq!(prefix(&set, &packet(TrackId::VIDEO, -1, false, "x")), [0x27, 1, 0xFF, 0xFF, 0xFF]);
    assert_eq!(prefix(&set, &packet(TrackId::VIDEO, i64::MAX, false, "x")), [0x27, 1, 0x7F, 0xFF, 0xFF]);
    assert_eq!(prefix(&set, &packet(TrackId::AUDIO, 0, true, "x")), [0xAF, 1]);
    for (config, flags) in
        [(mp3(44_100, 2), 0x2F), (mp3(48_000, 1), 0x2E), (mp3(8_000, 1), 0xEE), (mp3(8_000, 2), 0xEF)]
    {
        assert_eq!(prefix(&tracks(None, Some(config)), &packet(TrackId::AUDIO, 0, true, "x")), [flags]);
    }
}

#[test]
fn a_frame_is_shared_and_not_copied() {
    let payload = Bytes::from(vec![7; 100]);
    let set = tracks(Some(h264()), None);
    let message = message(&packet(TrackId::VIDEO, 0, true, payload.clone()), &set).expect("has a form");
    assert_eq!(message.payload.as_ptr(), payload.as_ptr());
    assert!(!message.prefix.spilled());
}

#[test]
fn what_has_no_form_is_left_out() {
    let set = tracks(Some(h264()), None);
    assert_eq!(message(&Frame::End(End::Clean), &set), None);
    assert_eq!(message(&packet(TrackId::AUDIO, 0, true, "x"), &set), None, "a track that is not there");
    let second = TrackId { index: 1, ..TrackId::VIDEO };
    assert_eq!(message(&packet(second, 0, true, "x"), &set), None, "a track that is not there");
    let track = Track { id: TrackId::AUDIO, config: Arc::new(mp3(44_100, 2)) };
    assert_eq!(sequence_header(&track), None);
}

#[test]
fn metadata_that_was_sent_goes_on_without_tracks_that_never_came() {
    let mut set = tracks(None, Some(aac()));
    let said = [("width", 1280.0), ("videocodecid", 7.0), ("audiocodecid", 10.0), ("duration", 0.0)];
    let properties = said.map(|(name, number)| (name.to_owned(), Value::Number(number))).to_vec();
    set.metadata = Some(Arc::new(Metadata { properties }));
    let (names, sent) = described(&set, false);
    assert_eq!(names, ["onMetaData"]);
    assert_eq!(
        sent.properties.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        ["audiocodecid", "duration"]
    );
    assert_eq!(described(&set, true).0, ["@setDataFrame", "onMetaData"]);
}

#[test]
fn metadata_that_was_not_sent_is_made_of_the_configurations() {
    let (_, made) = described(&tracks(Some(h264()), Some(aac())), false);
    let numbers =
        ["width", "height", "framerate", "videocodecid", "audiocodecid", "audiosamplerate", "audiochannels"];
    let numbers = numbers.map(|name| made.number(name));
    assert_eq!(numbers, [320.0, 180.0, 30.0, 7.0, 10.0, 48_000.0, 2.0].map(Some));
    assert_eq!((made.get("stereo"), made.encoder()), (Some(&Value::Boolean(true)), Some("gostream")));
    let (_, made) = described(&tracks(None, Some(aac())), false);
    assert!(!made.announces_video());
}

fn body(message: &FlvMessage) -> Bytes {
    [&message.prefix[..], &message.payload].concat().into()
}

/// What a message with one track is.
fn read(from: &mut FromFlv, is_video: bool, body: Bytes) -> Result<Demuxed, Refusal> {
    let mut outcomes = if is_video { from.video(body) } else { from.audio(body) };
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

#[test]
fn a_sequence_header_is_read_as_the_configuration_it_came_from() {
    let set = tracks(Some(h264()), Some(aac()));
    let mut from = FromFlv::default();
    for track in set.tracks() {
        let header = Bytes::from(sequence_header(track).expect("has one"));
        let got = read(&mut from, track.id.is_video(), header);
        assert_eq!(got, Ok(Demuxed::Config(track.id, CodecConfig::clone(&track.config))));
    }
}

const OPUS_HEAD: &[u8] = b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00";
/// CELT, 20 ms.
const OPUS_PACKET: &[u8] = &[0xfc, 0x7e, 1];
const AC3_FRAME: &[u8] = &[0x0b, 0x77, 0, 0, 0x14, 0x40, 0x40, 0];
const EAC3_FRAME: &[u8] = &[0x0b, 0x77, 0x01, 0xff, 0x3f, 0x80];

/// What only Enhanced RTMP carries: a frame of each, the first bytes of its message, and those of its header's.
fn enhanced() -> [(CodecConfig, &'static [u8], &'static str, &'static str); 4] {
    let head = OpusHead::parse(&Bytes::from_static(OPUS_HEAD)).expect("a header");
    let mut info = vec![0x12, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 0x02, 0xf0];
    info.resize(34, 0);
    let info = StreamInfo::parse(&info).expect("a STREAMINFO");
    let (ac3, _) = Ac3::parse(AC3_FRAME).expect("a syncframe");
    let eac3 = Eac3::parse(EAC3_FRAME).expect("a syncframe");
    [
        (CodecConfig::Opus { head, packet_samples: 960 }, OPUS_PACKET, "\u{91}Opus", "\u{90}OpusOpusHead"),
        (CodecConfig::Flac(info), &[0xff, 0xf8, 0x5a], "\u{91}fLaC", "\u{90}fLaCfLaC"),
        (CodecConfig::Ac3(ac3), AC3_FRAME, "\u{91}ac-3", "\u{90}ac-3"),
        (CodecConfig::Eac3(eac3), EAC3_FRAME, "\u{91}ec-3", "\u{90}ec-3"),
    ]
}

/// Latin-1.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("Latin-1")).collect()
}

#[test]
fn codings_without_a_legacy_form_have_the_extended_one_and_are_read_as_they_were_sent() {
    for (config, payload, begins, header_begins) in enhanced() {
        let set = tracks(None, Some(config.clone()));
        let mut from = FromFlv::default();
        let header = sequence_header(&set.tracks()[0]).expect("has one");
        assert!(header.starts_with(&latin(header_begins)), "{header:02x?}");
        let configured = read(&mut from, false, header.into());
        let message = message(&packet(TrackId::AUDIO, 0, true, payload), &set).expect("has a form");
        assert_eq!(message.prefix[..], latin(begins));
        let frame = SourceFrameParts {
            track: TrackId::AUDIO,
            cts: MediaTime::ZERO,
            keyframe: true,
            payload: Bytes::from_static(payload),
        };
        let got = read(&mut from, false, body(&message));
        match configured {
            Ok(Demuxed::Config(_, early)) => {
                assert_eq!((early, got), (config, Ok(Demuxed::Frame(frame))));
            }
            other => {
                assert_eq!(other, Ok(Demuxed::Nothing));
                assert_eq!(got, Ok(Demuxed::ConfigAndFrame(TrackId::AUDIO, config, frame)));
            }
        }
        let (_, made) = described(&set, false);
        let four = u32::from_be_bytes(message.prefix[1..].try_into().expect("a FourCC"));
        assert_eq!(made.number("audiocodecid"), Some(f64::from(four)));
    }
}

#[test]
fn other_tracks_than_the_default_ones_go_alone_in_a_multitrack_message() {
    let (video, audio) = (TrackId { index: 1, ..TrackId::VIDEO }, TrackId { index: 2, ..TrackId::AUDIO });
    let mut set = tracks(Some(h264()), Some(aac()));
    set.set(video, h264());
    set.set(audio, mp3(44_100, 2));
    let unit = packet(video, 67, true, vec![0, 0, 0, 2, 0x65, 7]);
    assert_eq!(prefix(&set, &unit), b"\x96\x01avc1\x01\x00\x00\x43");
    assert_eq!(prefix(&set, &packet(video, 0, false, "x")), b"\xa6\x03avc1\x01");
    assert_eq!(prefix(&set, &packet(audio, 0, true, "x")), b"\x95\x01.mp3\x02");
    let header = sequence_header(&Track { id: video, config: Arc::new(h264()) }).expect("has one");
    assert_eq!(header, [b"\x96\x00avc1\x01", AVCC].concat());
    let mut from = FromFlv::default();
    assert_eq!(read(&mut from, true, header.into()), Ok(Demuxed::Config(video, h264())));
    let message = message(&unit, &set).expect("has a form");
    let Ok(Demuxed::Frame(frame)) = read(&mut from, true, body(&message)) else { panic!("no frame") };
    assert_eq!((frame.track, frame.cts, frame.keyframe), (video, MediaTime::from_millis(67), true));
}

#[test]
fn data_is_read_as_it_was_sent() {
    let mut payload = Vec::new();
    Value::String("onCuePoint".to_owned()).encode(&mut payload);
    let payload = Bytes::from(payload);
    let frame = Frame::Data(DataMessage { dts: MediaTime::ZERO, payload: payload.clone() });
    let message = message(&frame, &TrackSet::default()).expect("has a form");
    assert_eq!(message.kind, MessageKind::Data);
    assert_eq!(FromFlv::default().data(body(&message)), Ok(Demuxed::Data(payload)));
}

proptest! {
    #[test]
    fn a_frame_is_read_as_it_was_sent(
        is_video: bool, idr: bool, cts in -900_000i64..=900_000, rest in proptest::collection::vec(any::<u8>(), 1..200)
    ) {
        let set = tracks(Some(h264()), Some(aac()));
        let mut from = FromFlv::default();
        for track in set.tracks() {
            let header = Bytes::from(sequence_header(track).expect("has one"));
            let got = read(&mut from, track.id.is_video(), header);
            prop_assert!(got.is_ok());
        }
        let (track, cts, keyframe, payload) = if is_video {
            let unit = [&[if idr { 0x65 } else { 0x41 }][..], &rest].concat();
            let length = u32::try_from(unit.len()).expect("short").to_be_bytes();
            (TrackId::VIDEO, cts, idr, [&length[..], &unit].concat())
        } else {
            // A first byte that no ADTS header has.
            (TrackId::AUDIO, 0, true, [&[0x21][..], &rest].concat())
        };
        let message = message(&packet(track, cts, keyframe, payload.clone()), &set).expect("has a form");
        let got = read(&mut from, is_video, body(&message));
        let cts = MediaTime::from_millis(cts);
        prop_assert_eq!(got, Ok(Demuxed::Frame(SourceFrameParts { track, cts, keyframe, payload: payload.into() })));
    }
}
