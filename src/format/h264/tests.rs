//! Records and parameter sets as senders write them.

use std::hint::black_box;
use std::slice::from_ref;

use proptest::prelude::*;

use super::*;

/// x264 through GStreamer, 320x180, High.
const HIGH_180P: &str = "6764000dacd941419f9f0110000003001000000303c0f1429960";
/// The record around it.
const HIGH_180P_RECORD: &str =
    "0164000dffe1001a6764000dacd941419f9f0110000003001000000303c0f14299600100 0668ebe3cb22c0fdf8f800";
const HIGH_720P: &str = "6764001facd9405005bb011000003e90000ea600f1831960";
const HIGH_1080P: &str = "6764002aacd940780227e5c044000003000400000301e03c60c658";
const HIGH_444_10_BIT: &str = "67f4000d90d96405067e37016a0c0c0c80000003008000001e478a1524";
/// An hvcC with one VPS array and one SPS array, cut to what tells them.
const HVCC: &str = "0101600000009000000000005df000fcfdf8f800000f02a00001000440010c01a10001000442010101";

fn hex(text: &str) -> Bytes {
    let digits: Vec<u8> =
        text.bytes().filter_map(|digit| char::from(digit).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}

fn picture(sps: &str) -> Picture {
    Picture::parse(&hex(sps)).expect("an SPS that encoders write")
}

/// An SPS of the Main profile, from the bits behind its level.
fn main_sps(bits: &str) -> Vec<u8> {
    let mut bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
    bits.resize(bits.len().next_multiple_of(8), 0);
    let payload = bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| (value << 1) | bit));
    [0x67, 77, 0x40, 31].into_iter().chain(payload).collect()
}

/// sps_id, frame_num, order count type 2, one reference frame, no gaps: then 2 by 2 macroblocks, frames only, direct 8x8.
const MAIN_32X32: &str = "1 1 011 010 0 010 010 1 1";

#[test]
fn a_record_of_the_high_profile_is_read_whole() {
    let record = hex(HIGH_180P_RECORD);
    let config = AvcConfig::parse(record.clone()).expect("a record");
    assert_eq!(config.record, record);
    assert_eq!(config.length_size, 4);
    assert_eq!(config.sps, [hex(HIGH_180P)]);
    assert_eq!(config.pps, [hex("68ebe3cb22c0")]);
    assert_eq!(config.picture, Some(picture(HIGH_180P)));
    assert_eq!(config.codec_string(), "avc1.64000d");
}

#[test]
fn pictures_of_the_high_profile() {
    let expected = Picture {
        profile: 100,
        constraints: 0,
        level: 13,
        width: 320,
        height: 180,
        frame_rate: Some((30, 1)),
        sample_aspect: (1, 1),
    };
    assert_eq!(picture(HIGH_180P), expected);
    let expected =
        Picture { level: 31, width: 1280, height: 720, frame_rate: Some((30_000, 1001)), ..expected };
    assert_eq!(picture(HIGH_720P), expected);
    let expected = Picture { level: 42, width: 1920, height: 1080, frame_rate: Some((60, 1)), ..expected };
    assert_eq!(picture(HIGH_1080P), expected);
}

#[test]
fn pictures_of_ten_bits_and_full_chroma() {
    let seen = picture(HIGH_444_10_BIT);
    assert_eq!((seen.profile, seen.width, seen.height, seen.frame_rate), (244, 320, 180, Some((30, 1))));
    let sequence = Sequence::parse(&hex(HIGH_444_10_BIT)).expect("an SPS");
    assert_eq!(
        (sequence.chroma_format, sequence.luma_depth_above_8, sequence.chroma_depth_above_8),
        (3, 2, 2)
    );
}

#[test]
fn the_trailer_may_be_missing_or_superfluous() {
    let record = hex(HIGH_180P_RECORD);
    let short = record.slice(..record.len() - 4);
    assert_eq!(AvcConfig::parse(short).expect("no trailer").pps.len(), 1);
    let mut baseline = hex("0142c01effe1000467 42c01e 01 0002 68ce").to_vec();
    baseline.extend([0xfd, 0xf8, 0xf8, 0]);
    let config = AvcConfig::parse(Bytes::from(baseline)).expect("a trailer");
    assert_eq!(config.codec_string(), "avc1.42c01e");
}

#[test]
fn reserved_bits_may_be_zero_and_lengths_short() {
    let mut record = hex(HIGH_180P_RECORD).to_vec();
    for (lengths, length_size) in [(0x00, 1), (0x01, 2), (0x03, 4), (0xfd, 2)] {
        record[4] = lengths;
        record[5] = 0x01;
        let config = AvcConfig::parse(Bytes::from(record.clone())).expect("a record");
        assert_eq!((config.length_size, config.sps.len()), (length_size, 1));
    }
    record[4] = 0xfe;
    assert_eq!(AvcConfig::parse(Bytes::from(record)), Err(Error::LengthSize(3)));
}

#[test]
fn the_sps_is_trusted_over_the_zeros_of_a_phone() {
    let mut record = hex(HIGH_180P_RECORD).to_vec();
    record[1..4].fill(0);
    let config = AvcConfig::parse(Bytes::from(record)).expect("a record");
    assert_eq!(config.codec_string(), "avc1.64000d");
}

#[test]
fn a_record_without_parameter_sets_waits_for_them() {
    for text in ["0142001effe000", "0142001effe0"] {
        let config = AvcConfig::parse(hex(text)).expect("sets are in band");
        assert_eq!((config.sps.len(), config.pps.len(), config.picture.as_ref()), (0, 0, None));
        assert_eq!(config.codec_string(), "avc1.42001e");
    }
}

#[test]
fn several_sets_are_all_kept_and_empty_ones_passed_over() {
    let text = "0164000dff e3 001a6764000dacd941419f9f0110000003001000000303c0f1429960 0000 00046764000d 02 000168 000268eb";
    let config = AvcConfig::parse(hex(text)).expect("a record");
    assert_eq!((config.sps.len(), config.pps.len()), (2, 2));
    assert!(config.picture.is_some());
}

#[test]
fn a_damaged_sps_leaves_a_record_that_can_be_relayed() {
    let config = AvcConfig::parse(hex("0164000dffe100046764000d 01000168")).expect("a record");
    assert_eq!(config.picture, None);
    assert_eq!(Picture::parse(&hex("6764000d")), Err(Error::TooShort));
}

#[test]
fn a_record_that_is_cut_or_of_another_kind_is_refused() {
    let record = hex(HIGH_180P_RECORD);
    assert_eq!(AvcConfig::parse(Bytes::new()), Err(Error::TooShort));
    assert_eq!(AvcConfig::parse(record.slice(..20)), Err(Error::TooShort));
    assert_eq!(AvcConfig::parse(record.slice(..38)), Err(Error::TooShort));
    assert_eq!(AvcConfig::parse(hex("0064000dffe1")), Err(Error::Version(0)));
    assert_eq!(AvcConfig::parse(hex("0164000dffe1000168")), Err(Error::NotSps(8)));
}

#[test]
fn hevc_under_the_label_of_h264_is_named() {
    assert_eq!(AvcConfig::parse(hex(HVCC)), Err(Error::Hevc));
    // With its compatibility and constraint bytes zero it also walks as an avcC without sets.
    let mut plain = hex(HVCC).to_vec();
    plain[2..12].fill(0);
    assert_eq!(AvcConfig::parse(Bytes::from(plain)), Err(Error::Hevc));
    assert!(Error::Hevc.to_string().contains("HEVC"));
}

#[test]
fn a_record_is_built_from_sets_in_band() {
    let (sps, pps) = (hex(HIGH_180P), hex("68ebe3cb22c0"));
    let built =
        AvcConfig::from_parameter_sets(&[sps.clone(), sps.clone()], from_ref(&pps)).expect("both sets");
    assert_eq!(built.record, hex(HIGH_180P_RECORD));
    assert_eq!(AvcConfig::parse(built.record.clone()), Ok(built));
    let deep = AvcConfig::from_parameter_sets(&[hex(HIGH_444_10_BIT)], from_ref(&pps)).expect("both sets");
    assert!(deep.record.ends_with(&[0xff, 0xfa, 0xfa, 0]));
    let main =
        AvcConfig::from_parameter_sets(&[main_sps(MAIN_32X32).into()], from_ref(&pps)).expect("both sets");
    assert!(main.record.ends_with(&pps));
    assert_eq!(AvcConfig::from_parameter_sets(&[sps], &[]), None);
    assert_eq!(AvcConfig::from_parameter_sets(&[], &[pps]), None);
}

#[test]
fn an_sps_that_ends_behind_the_size_is_read_with_nothing_more_said() {
    let seen = Picture::parse(&main_sps(MAIN_32X32)).expect("an SPS");
    assert_eq!((seen.width, seen.height, seen.frame_rate, seen.sample_aspect), (32, 32, None, (1, 1)));
}

#[test]
fn cropping_counts_in_chroma_units_and_an_impossible_one_is_ignored() {
    let cropped = main_sps(&format!("{MAIN_32X32} 1 010 1 1 011 0 1"));
    let seen = Picture::parse(&cropped).expect("an SPS");
    assert_eq!((seen.width, seen.height), (30, 28));
    // Right by 30 units of two pixels, where the picture has 32.
    let impossible = main_sps(&format!("{MAIN_32X32} 1 1 000011111 1 1 0 1"));
    let seen = Picture::parse(&impossible).expect("an SPS");
    assert_eq!((seen.width, seen.height), (32, 32));
}

#[test]
fn interlaced_pictures_are_twice_as_high() {
    // Frames or fields, macroblock adaptive, direct 8x8, cropped at the bottom by one unit of four rows.
    let seen = Picture::parse(&main_sps("1 1 011 010 0 010 010 0 1 1 1 1 1 1 010 0 1")).expect("an SPS");
    assert_eq!((seen.width, seen.height), (32, 60));
}

#[test]
fn sample_aspect_is_read_and_a_cut_vui_keeps_what_came_before() {
    let anamorphic = main_sps(&format!("{MAIN_32X32} 0 1 1 00001110"));
    assert_eq!(Picture::parse(&anamorphic).expect("an SPS").sample_aspect, (4, 3));
    let explicit = main_sps(&format!("{MAIN_32X32} 0 1 1 11111111 0000000001000000 0000000000101101"));
    assert_eq!(Picture::parse(&explicit).expect("an SPS").sample_aspect, (64, 45));
}

#[test]
fn a_clock_in_place_of_a_frame_rate_is_not_believed() {
    let timing = |ticks: u32, scale: u32| {
        let sps = main_sps(&format!("{MAIN_32X32} 0 1 0 0 0 0 1 {ticks:032b} {scale:032b} 1 0 0 0 0 1"));
        // Tests write plain bits, so the escape that an encoder adds is added here.
        Picture::parse(&escape(&sps)).expect("an SPS").frame_rate
    };
    assert_eq!(timing(1, 50), Some((25, 1)));
    assert_eq!(timing(1, 90_000), None);
    assert_eq!(timing(0, 50), None);
    assert_eq!(timing(1, 0), None);
    assert_eq!(timing(u32::MAX, u32::MAX), Some((1, 2)));
}

#[test]
fn absurd_dimensions_are_refused() {
    let wide = main_sps("1 1 011 010 0 0000000000001000000000000 010 1 1 0 0 1");
    assert_eq!(Picture::parse(&wide), Err(Error::Dimensions { width: 65_536, height: 32 }));
}

fn escape(unit: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    for &byte in unit {
        if escaped.ends_with(&[0, 0]) && byte <= 3 {
            escaped.push(3);
        }
        escaped.push(byte);
    }
    escaped
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..128), keep in 0..8_usize) {
        let good = hex(HIGH_180P_RECORD);
        let record: Bytes = good.iter().copied().take(keep).chain(bytes.iter().copied()).collect();
        if let Ok(config) = AvcConfig::parse(record) {
            prop_assert!(config.codec_string().starts_with("avc1."));
            black_box(AvcConfig::from_parameter_sets(&config.sps, &config.pps));
        }
        let hevc: Bytes = hex(HVCC).iter().copied().take(keep * 5).chain(bytes).collect();
        black_box(&AvcConfig::parse(hevc));
    }

    #[test]
    fn a_damaged_sps_never_panics(at in 0..29_usize, with in any::<u8>(), cut in 0..30_usize, high in any::<bool>()) {
        let mut sps = hex(if high { HIGH_444_10_BIT } else { HIGH_1080P }).to_vec();
        if let Some(byte) = sps.get_mut(at) {
            *byte = with;
        }
        sps.truncate(cut);
        if let Ok(seen) = Picture::parse(&sps) {
            prop_assert!((1..=16_384).contains(&seen.width) && (1..=16_384).contains(&seen.height));
        }
        let built = AvcConfig::from_parameter_sets(&[Bytes::from(sps)], &[Bytes::from_static(&[0x68])]);
        prop_assert!(built.is_none_or(|config| AvcConfig::parse(config.record.clone()) == Ok(config)));
    }
}

#[test]
fn a_parameter_set_is_known_by_its_id() {
    for (unit, id) in [
        (&[0x68, 0xeb, 0xe3][..], Some(0)),
        (&[0x68, 0x5b], Some(1)),
        (&[0x28, 0x6b], Some(2)),
        // 255 is eight zeros, then 1_0000_0000.
        (&[0x68, 0x00, 0x80, 0x00], Some(255)),
        // 256 is none, and so is what ends early.
        (&[0x68, 0x00, 0x80, 0x80], None),
        (&[0x68, 0x00], None),
        (&[0x67, 0x64, 0x00, 0x1f, 0xac], Some(0)),
        (&[0x67, 0x64, 0x00, 0x1f, 0x4c], Some(1)),
        // 71, behind a byte of emulation prevention.
        (&[0x67, 0x42, 0x00, 0x00, 0x03, 0x02, 0x40], None),
        (&[0x67, 0x64, 0x00], None),
        (&[0x65, 0x88], None),
        (&[], None),
    ] {
        assert_eq!(set_id(unit), id, "{unit:02x?}");
    }
}
