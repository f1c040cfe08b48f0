//! Records and frames as senders write them.

use std::hint::black_box;

use proptest::prelude::*;

use super::*;

/// libvpx through FFmpeg: a full box's head, then a record without a level.
const WITH_HEAD: &[u8] = &[1, 0, 0, 0, 0, 0x0a, 0x82, 2, 2, 2, 0, 0];
const IVF: &[u8] = include_bytes!("../../../tests/fixtures/video/libvpx-vp9.ivf");
/// The first bytes of a key frame of libvpx, 96x54, 4:4:4 in ten bits.
const KEY_444_10_BIT: &[u8] = &[0xb1, 0x24, 0xc1, 0xa1, 0, 0, 0x2f, 0x80, 0x1a, 0xb0, 0x91, 0xc1];

/// Payloads of an IVF file: a header of 32 bytes, then a size, a time and a payload each.
fn frames() -> Vec<&'static [u8]> {
    let mut rest = &IVF[32..];
    let mut frames = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<12>() {
        let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        frames.push(&behind[..size]);
        rest = &behind[size..];
    }
    frames
}

fn parse(record: &[u8]) -> Result<Vp9Config, Error> {
    Vp9Config::parse(&Bytes::copy_from_slice(record))
}

fn key_frame(payload: &[u8]) -> KeyFrame {
    match Frame::parse(payload) {
        Ok(Frame::Key(frame)) => frame,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_is_read_with_the_head_of_a_box_and_without() {
    let config = parse(WITH_HEAD).expect("a record");
    assert_eq!(config, parse(&WITH_HEAD[4..]).expect("a record"));
    assert_eq!(config.record, WITH_HEAD[4..]);
    assert_eq!((config.profile, config.level, config.bit_depth, config.chroma), (0, 10, 8, 1));
    assert_eq!(config.codec_string(), "vp09.00.10.08");
    assert_eq!(config.shape(), None, "a record has no size");
}

#[test]
fn a_record_of_profile_1_is_no_head_of_a_box() {
    let config = parse(&[1, 0, 0x86, 1, 1, 1, 0, 0]).expect("a record");
    assert_eq!((config.profile, config.chroma), (1, 3));
    assert_eq!(config.codec_string(), "vp09.01.10.08.03.01.01.01.00");
}

#[test]
fn subsampled_pictures_are_not_rgb_whatever_the_record_says() {
    let config = parse(&[0, 10, 0x82, 2, 2, 0, 0, 0]).expect("a record");
    assert_eq!((config.colour.matrix, &config.record[..]), (Colour::UNSPECIFIED, &WITH_HEAD[4..]));
    let config = parse(&[1, 10, 0x86, 1, 13, 0, 0, 0]).expect("a record");
    assert_eq!((config.chroma, config.colour.matrix), (3, 0), "RGB it may be");
}

#[test]
fn high_dynamic_range_is_in_the_codec_string() {
    let config = parse(&[2, 41, 0xa2, 9, 16, 9, 0, 0]).expect("a record");
    assert_eq!(config.codec_string(), "vp09.02.41.10.01.09.16.09.00");
    assert_eq!(config.colour.range(), VideoRange::Pq);
}

#[test]
fn broken_records_say_what_is_wrong() {
    assert_eq!(parse(&WITH_HEAD[..7]), Err(Error::TooShort));
    assert_eq!(parse(&[4, 10, 0x82, 2, 2, 2, 0, 0]), Err(Error::BadRecord));
    assert_eq!(parse(&[0, 10, 0x92, 2, 2, 2, 0, 0]), Err(Error::BadRecord));
    assert_eq!(parse(&[0, 10, 0x8e, 2, 2, 2, 0, 0]), Err(Error::BadRecord));
}

#[test]
fn key_frames_of_the_fixture_bring_the_size() {
    let keys: Vec<bool> =
        frames().into_iter().map(|frame| matches!(Frame::parse(frame), Ok(Frame::Key(_)))).collect();
    assert_eq!(keys, [true, false, false, false, false, false, true, false, false, false]);
    let key = key_frame(frames()[0]);
    assert_eq!((key.width, key.height, key.bit_depth, key.profile), (96, 54, 8, 0));
    let config = parse(WITH_HEAD).expect("a record").with_key_frame(&key);
    assert_eq!(config.shape().map(|shape| (shape.width, shape.height)), Some((96, 54)));
    assert_eq!(config.shape().and_then(|shape| shape.colour), None);
}

#[test]
fn a_key_frame_of_the_professional_profiles_says_its_samples() {
    let key = key_frame(KEY_444_10_BIT);
    assert_eq!((key.profile, key.bit_depth, key.chroma), (3, 10, 3));
    assert_eq!((key.width, key.height), (96, 54));
}

#[test]
fn a_configuration_without_a_record_comes_from_the_key_frame() {
    let config = Vp9Config::from_key_frame(&key_frame(frames()[0]));
    assert_eq!(config.record, WITH_HEAD[4..]);
    // A record of another profile than the frames is not believed.
    let lying = parse(&[2, 41, 0xa2, 9, 16, 9, 0, 0]).expect("a record");
    assert_eq!(lying.with_key_frame(&key_frame(frames()[0])), config);
}

#[test]
fn a_missing_level_is_that_of_the_size_at_30_frames_a_second() {
    let unknown = parse(&[0, 0, 0x82, 2, 2, 2, 0, 0]).expect("a record");
    assert_eq!(unknown.codec_string(), "vp09.00.10.08");
    let level = |width, height| {
        let key = KeyFrame { width, height, ..key_frame(frames()[0]) };
        unknown.with_key_frame(&key).codec_string()
    };
    assert_eq!(level(1280, 720), "vp09.00.31.08");
    assert_eq!(level(1920, 1080), "vp09.00.40.08");
    assert_eq!(level(3840, 2160), "vp09.00.50.08");
    assert_eq!(level(65_536, 65_536), "vp09.00.62.08");
}

#[test]
fn what_is_no_frame_is_refused() {
    assert_eq!(Frame::parse(&[]), Err(Error::TooShort));
    assert_eq!(Frame::parse(&[0x42, 0x49]), Err(Error::BadFrame));
    assert_eq!(Frame::parse(&[0x82, 0x49, 0x83, 0x43, 0, 0, 0, 0, 0]), Err(Error::BadFrame));
    assert_eq!(Frame::parse(&[0x88]), Ok(Frame::Other), "shown again");
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..32)) {
        black_box(Frame::parse(&bytes)).ok();
        if let Ok(config) = parse(&bytes) {
            prop_assert!(config.codec_string().starts_with("vp09."));
            prop_assert_eq!(Vp9Config::parse(&config.record), Ok(config));
        }
    }

    #[test]
    fn any_key_frame_makes_a_record_that_is_read_back(bytes in prop::collection::vec(any::<u8>(), 8..24), first in any::<u8>()) {
        let frame: Vec<u8> = [0x82 | first & 0x30, 0x49, 0x83, 0x42].into_iter().chain(bytes).collect();
        if let Ok(Frame::Key(key)) = Frame::parse(&frame) {
            let config = Vp9Config::from_key_frame(&key);
            let read = Vp9Config::parse(&config.record).expect("our own").with_key_frame(&key);
            prop_assert_eq!(read, config);
        }
    }
}
