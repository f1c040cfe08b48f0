//! Samples as slices of what came in, and the session clock.

use super::*;
use crate::format::av1::Av1Config;
use crate::format::h264::AvcConfig;
use crate::format::vp9::Vp9Config;
use crate::media::TrackId;

fn config() -> AvcConfig {
    AvcConfig {
        record: Bytes::new(),
        length_size: 4,
        sps: vec![Bytes::from_static(&[0x67, 1, 2, 3])],
        pps: vec![Bytes::from_static(&[0x68, 9])],
        picture: None,
    }
}

fn layout() -> Layout {
    let mut tracks = TrackSet::default();
    tracks.set(TrackId::VIDEO, CodecConfig::H264(config()));
    Layout::of(&tracks)
}

fn packet(units: &[&[u8]]) -> Packet {
    let mut payload = Vec::new();
    for unit in units {
        payload.extend_from_slice(&u32::try_from(unit.len()).expect("small").to_be_bytes());
        payload.extend_from_slice(unit);
    }
    Packet {
        track: TrackId::VIDEO,
        dts: MediaTime::ZERO,
        cts: MediaTime::ZERO,
        keyframe: true,
        payload: payload.into(),
    }
}

#[test]
fn a_plain_frame_is_one_slice_of_the_ingested_bytes() {
    let packet = packet(&[&[0x06, 5], &[0x65, 1, 2, 3]]);
    let slices = layout().slices(&packet);
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0].as_ptr(), packet.payload.as_ptr());
    assert_eq!(slices[0], packet.payload);
}

#[test]
fn delimiters_filler_and_known_parameter_sets_are_cut_out_without_a_copy() {
    let packet = packet(&[&[9, 0x10], &[0x67, 1, 2, 3], &[0x68, 9], &[6, 5], &[12, 0xff], &[0x65, 7, 7]]);
    let slices = layout().slices(&packet);
    let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
    assert_eq!(all, [0, 0, 0, 2, 6, 5, 0, 0, 0, 3, 0x65, 7, 7]);
    let whole = packet.payload.as_ptr_range();
    assert!(slices.iter().all(|slice| whole.contains(&slice.as_ptr())));
}

#[test]
fn parameter_sets_that_differ_from_the_configuration_stay() {
    let slices = layout().slices(&packet(&[&[0x67, 1, 2, 4], &[0x65, 7]]));
    assert_eq!(slices.iter().map(Bytes::len).sum::<usize>(), 8 + 6);
}

#[test]
fn where_it_is_described_a_keyframe_says_its_parameter_sets_once_before_its_picture() {
    let sets = [0, 0, 0, 4, 0x67, 1, 2, 3, 0, 0, 0, 2, 0x68, 9];
    let key = packet(&[&[9, 0x10], &[0x67, 1, 2, 3], &[0x68, 9], &[0x65, 7, 7]]);
    assert_eq!(layout().slices_described(&key).concat(), [&sets[..], &[0, 0, 0, 3, 0x65, 7, 7]].concat());
    let other = Packet { keyframe: false, ..packet(&[&[0x41, 7]]) };
    assert_eq!(layout().slices_described(&other).concat(), [0, 0, 0, 2, 0x41, 7]);
    assert!(layout().slices_described(&packet(&[&[9, 0x10]])).is_empty());
    let long = AvcConfig { length_size: 1, pps: vec![vec![0x68; 256].into()], ..config() };
    assert_eq!(h264_sets(&long), None, "no length says so much");
    let short = AvcConfig { length_size: 1, ..config() };
    assert_eq!(h264_sets(&short).as_deref(), Some(&[4, 0x67, 1, 2, 3, 2, 0x68, 9][..]));
}

#[test]
fn a_length_that_lies_ends_the_sample_before_it() {
    let mut packet = packet(&[&[0x65, 7]]);
    packet.payload = [&packet.payload[..], &[0, 0, 1, 0, 0x65]].concat().into();
    assert_eq!(layout().slices(&packet).iter().map(Bytes::len).sum::<usize>(), 6);
    packet.payload = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff]);
    assert!(layout().slices(&packet).is_empty());
}

#[test]
fn a_session_starts_ten_seconds_in_and_never_counts_below_zero() {
    let clock = SessionClock::starting_at(MediaTime::from_millis(5_000));
    assert_eq!(clock.ticks(MediaTime::from_millis(5_040), Timescale::NINETY_KHZ), 903_600);
    assert_eq!(clock.ticks(MediaTime::from_millis(4_960), Timescale::NINETY_KHZ), 896_400);
    assert_eq!(clock.ticks(MediaTime::from_millis(-9_000), Timescale::NINETY_KHZ), 0);
}

#[test]
fn a_fragment_carries_the_very_bytes_that_came_in() {
    let packet = packet(&[&[0x65, 1, 2, 3]]);
    let sample =
        Sample { time: 90_000, duration: 3_000, cts: -3_000, sync: true, data: layout().slices(&packet) };
    let fragment = fragment(1, vec![sample], Vec::new()).expect("fits");
    assert_eq!(fragment.payload.len(), 1);
    assert_eq!(fragment.payload[0].as_ptr(), packet.payload.as_ptr());
    assert!(fragment.header.ends_with(b"\0\0\0\x10mdat"));
}

fn av1() -> Layout {
    let header = [0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0, 0x40];
    let config = Av1Config::from_sequence_header(&header).expect("a sequence header");
    let mut tracks = TrackSet::default();
    tracks.set(TrackId::VIDEO, CodecConfig::Av1(config));
    Layout::of(&tracks)
}

#[test]
fn temporal_delimiters_and_padding_are_cut_out_of_av1_without_a_copy() {
    let payload = Bytes::from_static(&[0x12, 0, 0x0a, 1, 7, 0x7a, 2, 0, 0, 0x32, 2, 0x10, 9]);
    let slices = av1().slices(&Packet { payload: payload.clone(), ..packet(&[]) });
    assert_eq!(slices[..], [payload.slice(2..5), payload.slice(9..)]);
    assert_eq!(slices[0].as_ptr(), payload[2..].as_ptr());
    let delimiter = Bytes::from_static(&[0x12, 0]);
    assert!(av1().slices(&Packet { payload: delimiter, ..packet(&[]) }).is_empty());
}

#[test]
fn a_key_frame_of_av1_without_a_sequence_header_gets_one() {
    let payload = Bytes::from_static(&[0x12, 0, 0x32, 2, 0x10, 9]);
    let packet = Packet { payload: payload.clone(), ..packet(&[]) };
    let slices = av1().slices(&packet);
    assert_eq!(slices.len(), 2);
    assert_eq!(slices[0][..4], [0x0a, 11, 0, 0]);
    assert_eq!(slices[1], payload.slice(2..));
    let inter = Packet { keyframe: false, ..packet };
    assert_eq!(av1().slices(&inter)[..], [payload.slice(2..)]);
}

#[test]
fn pictures_are_packaged_once_their_configuration_is_whole() {
    let bare_av1 = Av1Config::parse(Bytes::from_static(&[0x81, 9, 0x4c, 0])).expect("a record");
    let bare_vp9 = Vp9Config::parse(&Bytes::from_static(&[0, 10, 0x82, 2, 2, 2, 0, 0])).expect("a record");
    let sized_vp9 = Vp9Config { size: Some((96, 54)), ..bare_vp9.clone() };
    let packaged = |config| {
        let mut tracks = TrackSet::default();
        tracks.set(TrackId::VIDEO, config);
        !Layout::of(&tracks).is_empty()
    };
    assert!(!packaged(CodecConfig::Av1(bare_av1)));
    assert!(!packaged(CodecConfig::Vp9(bare_vp9)));
    assert!(packaged(CodecConfig::Vp9(sized_vp9)));
    assert!(!av1().is_empty());
    assert_eq!((av1().codecs(), av1().display_size()), ("av01.0.00M.08".to_owned(), Some((320, 180))));
}
