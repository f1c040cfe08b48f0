//! Records and parameter sets as senders write them.

use std::hint::black_box;

use proptest::prelude::*;

use super::*;
use crate::format::nal::AnnexBUnits;
use crate::format::shape::{Colour, VideoRange};

/// x265 through FFmpeg, 96x54 at 29.97, default scaling lists, timing in VPS and SPS.
const MAIN_RECORD: &str = "0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff016000000300900000\
    03000003001e959809210001002842010101600000030090000003000003001ea030839f596566b9395e02d01000003e9000075300802\
    2000100064401c173d189";
const MAIN10_720P: &str =
    "42010102200000030090000003000003005da00280802d1365959a4932bc05a81010482000007d20000ea601";
const MAIN10_1080P: &str =
    "42010102200000030090000003000003007ba003c08010e4d96566924caf016a04041208000003000800000301e040";
/// The head of an encoder's record that leaves all sets to the frames.
const HEAD_ONLY: &str = "01016000000090000000000 05df000fcfdf8f800000f00";
const OPEN_GOP: &[u8] = include_bytes!("../../../tests/fixtures/video/x265-main10-pq-open-gop.h265");

fn hex(text: &str) -> Bytes {
    let digits: Vec<u8> =
        text.bytes().filter_map(|digit| char::from(digit).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}

/// The units of one type in the stream of the fixture.
fn units(kind: u8) -> Vec<Bytes> {
    AnnexBUnits::new(OPEN_GOP)
        .filter(|found| unit::unit_type(found) == Some(kind))
        .map(Bytes::copy_from_slice)
        .collect()
}

fn open_gop() -> HevcConfig {
    HevcConfig::from_parameter_sets(&units(unit::VPS), &units(unit::SPS), &units(unit::PPS)).expect("whole")
}

#[test]
fn a_record_of_an_encoder_is_read_whole() {
    let record = hex(MAIN_RECORD);
    let config = HevcConfig::parse(record.clone()).expect("a record");
    assert_eq!(config.record, record);
    assert_eq!(config.length_size, 4);
    assert_eq!(
        (config.sets.vps.len(), config.sets.sps.len(), &config.sets.pps, config.sets.sei.len()),
        (1, 1, &vec![hex("4401c173d189")], 0)
    );
    let picture = config.picture.as_ref().expect("readable");
    assert_eq!((picture.width, picture.height), (96, 54));
    assert_eq!(picture.frame_rate, Some((30_000, 1_001)));
    assert_eq!((picture.chroma_format, picture.luma_depth, picture.chroma_depth), (1, 8, 8));
    assert_eq!((picture.temporal_layers, picture.temporal_nesting), (1, true));
    assert_eq!(config.codec_string(), "hvc1.1.6.L30.90");
}

#[test]
fn pictures_of_ten_bits() {
    let colour =
        |primaries, transfer, matrix| Some(Colour { primaries, transfer, matrix, full_range: false });
    let hd = Picture::parse(&hex(MAIN10_720P)).expect("an SPS");
    assert_eq!((hd.width, hd.height, hd.luma_depth), (1280, 720, 10));
    assert_eq!(hd.frame_rate, Some((30_000, 1_001)));
    assert_eq!(hd.colour, colour(2, 2, 9));
    assert_eq!(hd.profile.codec_string(), "hvc1.2.4.L93.90");
    let full = Picture::parse(&hex(MAIN10_1080P)).expect("an SPS");
    assert_eq!((full.width, full.height, full.frame_rate), (1920, 1080, Some((60, 1))));
    assert_eq!(full.profile.codec_string(), "hvc1.2.4.L123.90");
}

#[test]
fn high_dynamic_range_anamorphic_pictures_are_known_by_their_sps() {
    let config = open_gop();
    let shape = config.shape().expect("readable");
    assert_eq!((shape.width, shape.height, shape.sample_aspect), (98, 54, (4, 3)));
    assert_eq!(shape.range(), VideoRange::Pq);
    assert_eq!(shape.frame_rate, Some((25, 1)));
    assert_eq!(config.codec_string(), "hvc1.2.4.L60.90");
}

#[test]
fn a_record_around_sets_found_in_band_is_read_back_the_same() {
    let config = open_gop();
    assert_eq!((config.sets.vps.len(), config.sets.sps.len(), config.sets.pps.len()), (1, 1, 1));
    assert_eq!(config.record[22..26], [3, 0xa0, 0, 1]);
    assert_eq!(HevcConfig::parse(config.record.clone()), Ok(config));
}

#[test]
fn an_encoders_record_differs_from_ours_only_in_promises() {
    let theirs = HevcConfig::parse(hex(MAIN_RECORD)).expect("a record");
    let Sets { vps, sps, pps, .. } = &theirs.sets;
    let ours = HevcConfig::from_parameter_sets(vps, sps, pps).expect("whole");
    assert_eq!(ours.sets, theirs.sets);
    assert_eq!(ours.record[..22], theirs.record[..22]);
}

#[test]
fn a_record_may_leave_all_sets_to_the_frames() {
    for text in [HEAD_ONLY, &HEAD_ONLY[..HEAD_ONLY.len() - 2]] {
        let config = HevcConfig::parse(hex(text)).expect("a record");
        assert!(!config.sets.is_complete());
        assert_eq!(config.picture, None);
        assert_eq!(config.codec_string(), "hvc1.1.6.L93.90");
    }
}

#[test]
fn a_composition_time_before_the_record_is_passed_over() {
    let record = hex(MAIN_RECORD);
    let shifted: Bytes = [&[0, 0, 0][..], &record].concat().into();
    assert_eq!(HevcConfig::parse(shifted), HevcConfig::parse(record));
}

#[test]
fn broken_records_say_what_is_wrong() {
    let mut bytes = hex(MAIN_RECORD).to_vec();
    assert_eq!(HevcConfig::parse(Bytes::copy_from_slice(&bytes[..bytes.len() - 1])), Err(Error::TooShort));
    assert_eq!(HevcConfig::parse(Bytes::copy_from_slice(&bytes[..12])), Err(Error::TooShort));
    bytes[21] = 0x0e;
    assert_eq!(HevcConfig::parse(Bytes::copy_from_slice(&bytes)), Err(Error::LengthSize(3)));
    bytes[0] = 2;
    assert_eq!(HevcConfig::parse(bytes.into()), Err(Error::Version(2)));
    let crowd: Vec<u8> = [&hex(HEAD_ONLY)[..22], &[1, 0xa2, 0, 65], &[0, 2, 0x44, 1].repeat(65)].concat();
    assert_eq!(HevcConfig::parse(crowd.into()), Err(Error::TooManySets));
}

#[test]
fn codec_strings_write_every_part() {
    let profile = Profile {
        space: 1,
        high_tier: true,
        idc: 4,
        compatibility: 0x0800_0000,
        constraints: [0xb0, 0, 0x0c, 0, 0, 0],
        level: 153,
    };
    assert_eq!(profile.codec_string(), "hvc1.A4.10.H153.B0.0.C");
    assert_eq!(Profile::from_bytes(profile.to_bytes()), profile);
    assert_eq!(Profile { constraints: [0; 6], ..profile }.codec_string(), "hvc1.A4.10.H153");
}

#[test]
fn timing_in_the_vps_counts_where_the_sps_has_none() {
    let bits: String = [
        // Set 0, base layer alone, one sub-layer.
        "0000 1 1 000000 000 1 1111111111111111",
        // Main at level 3.1, then ordering for one layer, no layer sets beyond the first, and timing.
        "00000001 01100000000000000000000000000000",
        &"0".repeat(48),
        "01011101 1 1 1 1 000000 1 1",
        &format!("{:032b}{:032b}", 1_001, 60_000),
        "0 1",
    ]
    .concat()
    .replace(' ', "");
    let bits: Vec<u8> = bits.bytes().map(|bit| bit - b'0').collect();
    let plain =
        bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| (value << 1) | bit) << (8 - byte.len()));
    let vps: Vec<u8> = [0x40, 1].into_iter().chain(plain).collect();
    assert_eq!(sps::vps_frame_rate(&vps), Some((60_000, 1_001)));
}

#[test]
fn pictures_of_the_fixture_are_what_their_types_say() {
    let kinds: Vec<u8> = AnnexBUnits::new(OPEN_GOP)
        .filter_map(unit::unit_type)
        .filter(|kind| {
            unit::is_slice(*kind) && (unit::is_random_access(*kind) || unit::is_skipped_leading(*kind))
        })
        .collect();
    assert_eq!(kinds, [unit::IDR_N_LP, unit::CRA, unit::RASL_R, unit::RASL_N, unit::CRA]);
    assert!(unit::is_base_layer(&[0x42, 0x01]) && !unit::is_base_layer(&[0x42, 0x09]));
    assert_eq!(unit::unit_type(&[0x42]), None);
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), keep in 0..120_usize) {
        let record: Bytes = hex(MAIN_RECORD).iter().copied().take(keep).chain(bytes).collect();
        if let Ok(config) = HevcConfig::parse(record) {
            prop_assert!(config.codec_string().starts_with("hvc1."));
            let Sets { vps, sps, pps, .. } = &config.sets;
            black_box(HevcConfig::from_parameter_sets(vps, sps, pps));
        }
    }

    #[test]
    fn a_damaged_sps_never_panics(at in 0..50_usize, with in any::<u8>(), cut in 0..60_usize, which in 0..3_usize) {
        let sps = [hex(MAIN10_720P), hex(MAIN10_1080P), units(unit::SPS).swap_remove(0)];
        let mut sps = sps[which].to_vec();
        if let Some(byte) = sps.get_mut(at) {
            *byte = with;
        }
        sps.truncate(cut);
        if let Ok(seen) = Picture::parse(&sps) {
            prop_assert!((1..=DIMENSION_MAX).contains(&seen.width) && (1..=DIMENSION_MAX).contains(&seen.height));
        }
        let (vps, pps) = (Bytes::from_static(&[0x40, 1]), Bytes::from_static(&[0x44, 1]));
        let built = HevcConfig::from_parameter_sets(&[vps], &[Bytes::from(sps)], &[pps]);
        prop_assert!(built.is_none_or(|config| HevcConfig::parse(config.record.clone()) == Ok(config)));
    }
}
