//! Records, sequence headers and temporal units as senders write them.

use std::hint::black_box;

use proptest::prelude::*;

use super::*;

/// libaom through FFmpeg, 320x180.
const RECORD: &str = "81000c000a0b000000043cfeccdaf90040";
/// libaom through FFmpeg, 96x54.
const RECORD_SMALL: &str = "81000c000a0a000000032dfd4daf9004";
const HD_10_BIT: &str = "0000004aabbfc3776be540808241";
const HLG: &[u8] = include_bytes!("../../../tests/fixtures/video/libaom-hlg.obu");

fn hex(text: &str) -> Bytes {
    let digits: Vec<u8> =
        text.bytes().filter_map(|digit| char::from(digit).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}

/// The fixture's temporal units, delimiters included.
fn temporal_units() -> Vec<Vec<u8>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    for unit in Obus::new(HLG) {
        let unit = unit.expect("whole");
        if unit.kind == obu::TEMPORAL_DELIMITER {
            units.push(Vec::new());
        }
        units.last_mut().expect("a delimiter first").extend_from_slice(unit.whole);
    }
    units
}

#[test]
fn a_record_of_an_encoder_is_read_whole() {
    let config = Av1Config::parse(hex(RECORD)).expect("a record");
    let sequence = config.sequence.as_ref().expect("readable");
    assert_eq!((sequence.profile, sequence.level, sequence.high_tier), (0, 0, false));
    assert_eq!((sequence.width, sequence.height, sequence.format.bit_depth), (320, 180, 8));
    assert_eq!(sequence.colour, None);
    assert_eq!(config.sequence_obu, Some(hex("0a0b000000043cfeccdaf90040")));
    assert_eq!(config.codec_string(), "av01.0.00M.08");
    let small = Av1Config::parse(hex(RECORD_SMALL)).expect("a record");
    assert_eq!(small.shape().map(|shape| (shape.width, shape.height)), Some((96, 54)));
}

#[test]
fn ten_bits_at_level_4_1() {
    let sequence = Sequence::parse(&hex(HD_10_BIT)).expect("a sequence header");
    assert_eq!((sequence.level, sequence.high_tier), (9, false));
    assert_eq!((sequence.width, sequence.height, sequence.format.bit_depth), (1920, 1080, 10));
    let colour = Colour { primaries: 2, transfer: 2, matrix: 9, full_range: false };
    assert_eq!(sequence.colour, Some(colour));
    let config = Av1Config::from_sequence_header(&hex(HD_10_BIT)).expect("a sequence header");
    assert_eq!(config.codec_string(), "av01.0.09M.10");
    assert_eq!(config.record[..6], [0x81, 9, 0x4c, 0, 0x0a, 14]);
}

#[test]
fn a_record_around_a_header_found_in_band_is_the_encoders_own() {
    for record in [RECORD, RECORD_SMALL] {
        let theirs = Av1Config::parse(hex(record)).expect("a record");
        let unit = theirs.sequence_obu.clone().expect("a sequence header");
        let ours = Av1Config::from_sequence_header(&unit[2..]).expect("a sequence header");
        assert_eq!(ours, theirs);
    }
}

#[test]
fn a_record_may_leave_the_sequence_header_to_the_frames() {
    let config = Av1Config::parse(hex("81094c00")).expect("a record");
    assert_eq!((&config.sequence_obu, &config.sequence), (&None, &None));
    assert_eq!(config.codec_string(), "av01.0.09M.10");
    assert_eq!(config.shape(), None);
}

#[test]
fn broken_records_say_what_is_wrong() {
    assert_eq!(Av1Config::parse(hex("81000c")), Err(Error::TooShort));
    assert_eq!(Av1Config::parse(hex("01000c00")), Err(Error::Version(1)));
    assert_eq!(Av1Config::parse(hex("81000c000a0b00")), Err(Error::TooShort));
    assert_eq!(Av1Config::parse(hex("81000c008a00")), Err(Error::BadObu));
    assert_eq!(Av1Config::parse(hex("81000c000affffffffffffffffff")), Err(Error::BadObu));
}

#[test]
fn key_frames_of_the_fixture_are_known_by_their_headers() {
    let units = temporal_units();
    let keys: Vec<bool> = units
        .iter()
        .map(|unit| TemporalUnit::read(unit, false).expect("whole").opening == Some(Opening::Key))
        .collect();
    assert_eq!(keys, [true, false, false, false, true, false]);
    let first = TemporalUnit::read(&units[0], false).expect("whole");
    let config =
        Av1Config::from_sequence_header(first.sequence_header.expect("one")).expect("a sequence header");
    let shape = config.shape().expect("readable");
    assert_eq!((shape.width, shape.height, shape.range()), (96, 54, VideoRange::Hlg));
    assert_eq!(config.codec_string(), "av01.0.00M.10.0.110.09.18.09.0");
    assert_eq!(TemporalUnit::read(&units[1], false).expect("whole").sequence_header, None);
}

#[test]
fn pictures_that_are_no_place_to_start_are_told_from_key_frames() {
    for (header, key) in [(0x10, true), (0x00, false), (0x30, false), (0x50, false), (0x90, false)] {
        let unit = [0x12, 0, 0x32, 1, header];
        let seen = TemporalUnit::read(&unit, false).expect("whole");
        assert_eq!(seen.opening == Some(Opening::Key), key, "{header:#x}");
    }
    // A reduced still picture has a key frame by definition.
    assert_eq!(obu::opening(&[0], true), Opening::Key);
    assert_eq!(TemporalUnit::read(&[0x12, 0], false).expect("whole").opening, None);
}

#[test]
fn the_last_unit_may_leave_out_its_size() {
    let units: Result<Vec<_>, _> = Obus::new(&[0x12, 0, 0x34, 0x08, 0x10, 0x20]).collect();
    let units = units.expect("whole");
    assert_eq!((units[0].kind, units[0].has_size), (obu::TEMPORAL_DELIMITER, true));
    assert_eq!((units[1].kind, units[1].has_size, units[1].payload), (obu::FRAME, false, &[0x10, 0x20][..]));
}

#[test]
fn sizes_of_many_bytes_are_written_as_they_are_read() {
    for value in [0, 1, 127, 128, 300, 16_384, 2_097_151] {
        let mut out = BytesMut::new();
        out.put_u8(0x7a);
        put_leb128(&mut out, value);
        out.resize(out.len() + value, 0);
        let units: Vec<_> = Obus::new(&out).collect();
        assert!(matches!(units[..], [Ok(unit)] if unit.payload.len() == value && unit.kind == obu::PADDING));
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), keep in 0..20_usize) {
        let record: Bytes = hex(RECORD).iter().copied().take(keep).chain(bytes.iter().copied()).collect();
        if let Ok(config) = Av1Config::parse(record) {
            prop_assert!(config.codec_string().starts_with("av01."));
        }
        black_box(TemporalUnit::read(&bytes, false)).ok();
        if let Ok(config) = Av1Config::from_sequence_header(&bytes) {
            prop_assert_eq!(Av1Config::parse(config.record.clone()), Ok(config));
        }
    }

    #[test]
    fn a_damaged_unit_never_panics(at in 0..60_usize, with in any::<u8>(), cut in 0..600_usize) {
        let mut unit = temporal_units().swap_remove(0);
        if let Some(byte) = unit.get_mut(at) {
            *byte = with;
        }
        unit.truncate(cut);
        let walked: usize = Obus::new(&unit).map_while(Result::ok).map(|unit| unit.whole.len()).sum();
        prop_assert!(walked <= unit.len());
        black_box(TemporalUnit::read(&unit, true)).ok();
    }
}
