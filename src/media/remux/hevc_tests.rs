//! Headers and frames as encoders send them, from a stream of x265 with open groups of pictures.

use std::sync::Arc;

use super::*;
use crate::format::a53::Captions;
use crate::format::nal::AnnexBUnits;
use crate::media::remux::from_flv::Refusal;
use crate::media::remux::to_fmp4::Layout;
use crate::media::{CodecConfig, MediaTime, Packet, TrackKind};

/// 98x54, ten bits, PQ: an IDR picture, and CRA pictures with skipped leading ones.
const OPEN_GOP: &[u8] = include_bytes!("../../../tests/fixtures/video/x265-main10-pq-open-gop.h265");
/// An SPS of 1280x720.
const SPS_720P: &[u8] = &[
    0x42, 0x01, 0x01, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00,
    0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x13, 0x65, 0x95, 0x9a, 0x49, 0x32, 0xbc, 0x05, 0xa8, 0x10, 0x10,
    0x48, 0x20, 0x00, 0x00, 0x7d, 0x20, 0x00, 0x0e, 0xa6, 0x01,
];

fn prefixed(units: &[&[u8]]) -> Bytes {
    let mut payload = Vec::new();
    for unit in units {
        payload.extend_from_slice(&u32::try_from(unit.len()).expect("small").to_be_bytes());
        payload.extend_from_slice(unit);
    }
    payload.into()
}

fn packet(payload: Bytes) -> Packet {
    let (track, dts, cts) = (TrackId::VIDEO, MediaTime::ZERO, MediaTime::ZERO);
    Packet { track, dts, cts, keyframe: false, payload }
}

/// The fixture's access units: each begins with a delimiter.
fn access_units() -> Vec<Vec<&'static [u8]>> {
    let mut units: Vec<Vec<&[u8]>> = Vec::new();
    for found in AnnexBUnits::new(OPEN_GOP) {
        if unit::unit_type(found) == Some(unit::AUD) {
            units.push(Vec::new());
        }
        units.last_mut().expect("a delimiter first").push(found);
    }
    units
}

fn sets(kind: u8) -> &'static [u8] {
    AnnexBUnits::new(OPEN_GOP).find(|found| unit::unit_type(found) == Some(kind)).expect("one")
}

fn record() -> HevcConfig {
    let [vps, sps, pps] = [unit::VPS, unit::SPS, unit::PPS].map(|kind| [Bytes::from_static(sets(kind))]);
    HevcConfig::from_parameter_sets(&vps, &sps, &pps).expect("whole")
}

fn units(source: &mut HevcSource, payload: Bytes) -> AccessUnit {
    source.units(payload).expect("good").expect("a picture")
}

#[test]
fn keyframes_and_skipped_leading_pictures_are_known_by_their_units() {
    let mut source = HevcSource::default();
    assert_eq!(source.header(&record().record), Ok(Some(record())));
    let seen: Vec<_> = access_units().iter().map(|found| units(&mut source, prefixed(found))).collect();
    assert_eq!(seen.len(), 20);
    let at = |want: fn(&AccessUnit) -> bool| -> Vec<usize> {
        seen.iter().enumerate().filter(|(_, seen)| want(seen)).map(|(at, _)| at).collect()
    };
    let keyframes = at(|seen| seen.keyframe);
    assert_eq!((keyframes[0], keyframes.len()), (0, 3));
    // In decode order they follow the CRA picture that they are shown before.
    let layout = Layout::alone(TrackKind::Video, Arc::new(CodecConfig::H265(record())));
    let skipped = seen.iter().map(|seen| layout.is_skipped_leading(&packet(seen.payload.clone())));
    let skipped: Vec<_> = skipped.enumerate().filter(|(_, skipped)| *skipped).map(|(at, _)| at).collect();
    assert_eq!(skipped[..2], [keyframes[1] + 1, keyframes[1] + 2]);
    assert!(seen.iter().all(|seen| seen.config.is_none()), "in-band sets repeat the record's");
}

#[test]
fn a_record_without_sets_waits_for_those_in_the_first_keyframe() {
    let mut source = HevcSource::default();
    let mut bare = record().record[..23].to_vec();
    bare[22] = 0;
    assert_eq!(source.header(&bare.into()), Ok(None));
    let first = access_units().swap_remove(0);
    let slices: Vec<_> = first.iter().copied().filter(|found| found[0] >> 1 == unit::IDR_N_LP).collect();
    let early = source.units(prefixed(&slices));
    assert_eq!(early.err(), Some(Refusal::NoConfiguration(TrackId::VIDEO)));
    let seen = units(&mut source, prefixed(&first));
    assert!(seen.keyframe);
    assert_eq!(seen.config, Some(record()));
}

#[test]
fn frames_alone_configure_a_track() {
    let mut source = HevcSource::default();
    let first = access_units().swap_remove(0);
    assert_eq!(units(&mut source, prefixed(&first)).config, Some(record()));
    // The header comes late and says the same.
    assert_eq!(source.header(&record().record), Ok(None));
}

#[test]
fn other_sets_in_band_wait_for_a_keyframe() {
    let mut source = HevcSource::default();
    source.header(&record().record).expect("good");
    let trail = prefixed(&[SPS_720P, &[unit::CRA << 1, 1, 0x80]]);
    assert!(units(&mut source, prefixed(&[SPS_720P, &[0x02, 1, 0x80]])).config.is_none());
    let config = units(&mut source, trail.clone()).config.expect("new");
    assert_eq!(config.shape().map(|shape| (shape.width, shape.height)), Some((1280, 720)));
    assert!(units(&mut source, trail).config.is_none());
    // The encoder repeats its first header, which is not what is in force.
    assert_eq!(source.header(&record().record), Ok(None));
}

#[test]
fn start_codes_in_headers_and_frames_become_lengths() {
    let mut source = HevcSource::default();
    let header: Vec<u8> = [unit::VPS, unit::SPS, unit::PPS]
        .iter()
        .flat_map(|kind| [&[0, 0, 0, 1], sets(*kind)].concat())
        .collect();
    assert_eq!(source.header(&header.into()), Ok(Some(record())));
    let frame =
        [&[0, 0, 0, 1][..], &[unit::IDR_N_LP << 1, 1, 0xaf], &[0, 0, 1], &[unit::IDR_N_LP << 1, 1, 0x11]];
    let seen = units(&mut source, frame.concat().into());
    assert!(seen.keyframe);
    assert_eq!(seen.payload, prefixed(&[&[0x28, 1, 0xaf], &[0x28, 1, 0x11]]));
}

#[test]
fn a_record_of_short_lengths_gives_way_to_start_codes_at_a_keyframe() {
    let mut source = HevcSource::default();
    let short = with_length_size(record(), 2).expect("a record");
    source.header(&short.record).expect("good");
    let inter = source.units(Bytes::from_static(&[0, 0, 0, 1, 2, 1, 0x80, 0x55, 0x66]));
    assert!(matches!(inter, Err(Refusal::Malformed { .. })));
    let key = Bytes::from_static(&[0, 0, 0, 1, unit::IDR_N_LP << 1, 1, 0x80, 0x55, 0x66]);
    assert_eq!(units(&mut source, key).config.map(|config| config.length_size), Some(4));
}

#[test]
fn three_zeros_before_a_record_are_no_start_code() {
    let mut source = HevcSource::default();
    let shifted: Bytes = [&[0, 0, 0][..], &record().record].concat().into();
    assert_eq!(source.header(&shifted), Ok(Some(record())));
}

#[test]
fn messages_without_pictures_are_no_packets() {
    let mut source = HevcSource::default();
    assert!(source.units(Bytes::new()).expect("nothing").is_none());
    let sets_only = prefixed(&[sets(unit::VPS), sets(unit::SPS), sets(unit::PPS)]);
    assert!(source.units(sets_only).expect("nothing").is_none());
    // Sets that came alone are in force with the next keyframe.
    let seen = units(&mut source, prefixed(&[&[unit::IDR_W_RADL << 1, 1, 0x80]]));
    assert_eq!(seen.config, Some(record()));
    assert!(matches!(source.units(Bytes::from_static(&[0, 0, 0, 9, 1])), Err(Refusal::Malformed { .. })));
    assert!(source.header(&vec![0; HEADER_BYTES_MAX + 1].into()).is_err());
    assert!(source.header(&Bytes::from_static(&[2; 40])).is_err());
}

#[test]
fn another_layer_decides_nothing() {
    let mut source = HevcSource::default();
    source.header(&record().record).expect("good");
    // A second eye's IDR slice in layer 1 beside a trailing picture.
    let both = prefixed(&[&[0x02, 0x01, 0x80], &[unit::IDR_N_LP << 1, 0x09, 0x80]]);
    assert!(!units(&mut source, both).keyframe);
}

#[test]
fn closed_captions_are_noticed_in_the_messages_before_a_picture() {
    // A/53 user data (T.35) with one valid pair of field 1.
    const CAPTIONS: &[u8] = b"\x4e\x01\x04\x0e\xb5\x00\x31GA94\x03\x41\xff\xfc\x94\x2c\xff\x80";
    let mut source = HevcSource::default();
    source.header(&record().record).expect("whole");
    let units_of = access_units();
    units(&mut source, prefixed(&units_of[0]));
    assert_eq!(source.captions(), None);
    let captioned: Vec<&[u8]> = std::iter::once(CAPTIONS).chain(units_of[1].iter().copied()).collect();
    units(&mut source, prefixed(&captioned));
    assert_eq!(source.captions(), Some(Captions::Cea608));
}
