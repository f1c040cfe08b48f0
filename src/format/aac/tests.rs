//! Records as senders write them.

use std::hint::black_box;

use proptest::prelude::*;

use super::*;

fn parse(bytes: &[u8]) -> Result<AudioSpecificConfig, Error> {
    AudioSpecificConfig::parse(Bytes::copy_from_slice(bytes))
}

fn good(bytes: &[u8]) -> AudioSpecificConfig {
    parse(bytes).expect("a record that senders write")
}

fn lc(record: &[u8], rate: u32, channels: u8) -> AudioSpecificConfig {
    AudioSpecificConfig {
        record: Bytes::copy_from_slice(record),
        object_type: 2,
        sample_rate: rate,
        output_rate: rate,
        channels,
        frame_length: 1024,
        sbr: false,
        ps: false,
    }
}

#[test]
fn low_complexity_records_of_two_bytes() {
    assert_eq!(good(&[0x12, 0x10]), lc(&[0x12, 0x10], 44_100, 2));
    assert_eq!(good(&[0x11, 0x90]), lc(&[0x11, 0x90], 48_000, 2));
    assert_eq!(good(&[0x12, 0x10]).codec_string(), "mp4a.40.2");
    assert_eq!(good(&[0x11, 0x90]).frame_duration().as_micros(), 21_333);
}

#[test]
fn a_tail_that_denies_sbr_is_kept_and_believed() {
    let stereo = [0x11, 0x90, 0x56, 0xe5, 0x00];
    assert_eq!(good(&stereo), lc(&stereo, 48_000, 2));
    let surround = [0x11, 0xb0, 0x56, 0xe5, 0x00];
    assert_eq!(good(&surround), lc(&surround, 48_000, 6));
    assert_eq!(good(&surround).codec_string(), "mp4a.40.2");
}

#[test]
fn sbr_in_a_backward_compatible_tail() {
    let record = [0x13, 0x90, 0x56, 0xe5, 0xa0];
    let config = good(&record);
    let expected = AudioSpecificConfig { output_rate: 44_100, sbr: true, ..lc(&record, 22_050, 2) };
    assert_eq!(config, expected);
    assert_eq!(config.codec_string(), "mp4a.40.5");
    assert_eq!(config.output_frame_length(), 2048);
    assert_eq!(config.frame_duration().as_micros(), 46_439);
}

#[test]
fn parametric_stereo_in_a_backward_compatible_tail_makes_two_channels_of_one() {
    let record = [0x13, 0x88, 0x56, 0xe5, 0xa5, 0x48, 0x80];
    let config = good(&record);
    let expected = AudioSpecificConfig { output_rate: 44_100, sbr: true, ps: true, ..lc(&record, 22_050, 2) };
    assert_eq!(config, expected);
    assert_eq!(config.codec_string(), "mp4a.40.29");
}

#[test]
fn hierarchical_sbr_and_parametric_stereo() {
    let record = [0x2b, 0x92, 0x08, 0x00];
    let expected = AudioSpecificConfig { output_rate: 44_100, sbr: true, ..lc(&record, 22_050, 2) };
    assert_eq!(good(&record), expected);
    // 11101 0111 0001 0100 00010 000: the same with object type 29 and a mono core.
    let config = good(&[0xeb, 0x8a, 0x08, 0x00]);
    assert_eq!((config.object_type, config.sbr, config.ps, config.channels), (2, true, true, 2));
    assert_eq!(config.codec_string(), "mp4a.40.29");
}

#[test]
fn an_empty_record_and_one_of_one_byte_are_too_short() {
    assert_eq!(parse(&[]), Err(Error::TooShort));
    assert_eq!(parse(&[0x12]), Err(Error::TooShort));
}

#[test]
fn junk_behind_the_record_is_dropped() {
    assert_eq!(good(&[0x12, 0x10, 0xde, 0xad, 0xbe]), lc(&[0x12, 0x10], 44_100, 2));
    assert_eq!(good(&[0x11, 0x90, 0x56, 0xe5, 0x00, 0x01]).record.len(), 5);
    // A tail that is cut before it says anything.
    assert_eq!(good(&[0x11, 0x90, 0x56, 0xe5]), lc(&[0x11, 0x90], 48_000, 2));
}

#[test]
fn frames_of_960_samples_and_an_explicit_rate() {
    assert_eq!(good(&[0x11, 0x94]).frame_length, 960);
    // 00010 1111 (24 bits: 48000) 0010 000
    let config = good(&[0x17, 0x80, 0x5d, 0xc0, 0x10]);
    assert_eq!((config.sample_rate, config.channels, config.record.len()), (48_000, 2, 5));
}

#[test]
fn a_program_config_element_is_counted_and_a_missing_one_means_stereo() {
    // 00010 0011 0000 000 | tag 0, type 01, rate 3, front 2, side 0, back 1, lfe 1, data 0, coupling 0, no mixdown |
    // front: single, pair; back: pair; lfe | align | no comment
    let mut bits = String::from("0001000110000000");
    bits += "0000010011001000000001010000000000";
    bits += "00000100001000000000";
    while bits.len() % 8 != 0 {
        bits.push('0');
    }
    bits += "00000000";
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|byte| byte.iter().fold(0, |value, &bit| (value << 1) | (bit - b'0')))
        .collect();
    let config = good(&bytes);
    assert_eq!((config.channels, config.record.len()), (6, bytes.len()));
    assert_eq!(good(&[0x11, 0x80]).channels, 2);
}

#[test]
fn what_cannot_be_played_is_named() {
    assert_eq!(parse(&[0x16, 0x90]), Err(Error::SampleRate));
    assert_eq!(parse(&[0x17, 0x80, 0x00, 0x00, 0x10]), Err(Error::SampleRate));
    assert_eq!(parse(&[0x11, 0xc8]), Err(Error::Channels(9)));
    assert_eq!(parse(&[0x01, 0x90]), Err(Error::ObjectType(0)));
}

#[test]
fn xhe_aac_is_refused_since_its_layout_is_not_read() {
    // 11111 001010 0011 0010 and a USAC configuration.
    assert_eq!(parse(&[0xf9, 0x46, 0x40, 0x12, 0x34]), Err(Error::ObjectType(42)));
}

#[test]
fn an_adts_header_left_on_by_a_camera_is_taken_off() {
    let framed = Bytes::from_static(&[0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc, 0x21, 0x10]);
    assert_eq!(strip_adts(&framed), Some(framed.slice(7..)));
    let with_crc = Bytes::from_static(&[0xff, 0xf0, 0x4c, 0x80, 0x01, 0x5f, 0xfc, 0xaa, 0xbb, 0x21]);
    assert_eq!(strip_adts(&with_crc), Some(with_crc.slice(9..)));
}

#[test]
fn a_raw_access_unit_is_left_alone() {
    assert_eq!(strip_adts(&Bytes::from_static(&[0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c, 0x00, 0x00])), None);
    let wrong_length = Bytes::from_static(&[0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc, 0x21]);
    assert_eq!(strip_adts(&wrong_length), None);
    assert_eq!(strip_adts(&Bytes::from_static(&[0xff, 0xf1])), None);
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let bytes = Bytes::from(bytes);
        black_box(strip_adts(&bytes));
        if let Ok(config) = AudioSpecificConfig::parse(bytes.clone()) {
            prop_assert!(bytes.starts_with(&config.record));
            prop_assert!(config.channels > 0 && config.frame_duration() > Duration::ZERO);
            // What is kept says the same again.
            prop_assert_eq!(AudioSpecificConfig::parse(config.record.clone()), Ok(config));
        }
    }

    #[test]
    fn garbage_in_a_program_config_element_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let record: Vec<u8> = [0x11, 0x80].into_iter().chain(bytes).collect();
        prop_assert!(parse(&record).is_ok_and(|config| config.channels > 0));
    }
}
