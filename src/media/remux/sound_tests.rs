//! What FFmpeg 9 sends of each coding, and what others make of it.

use super::super::from_flv::FromFlv;
use super::*;

fn hex(text: &str) -> Bytes {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).expect("hex")).expect("below 16");
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

const OPUS_START: &str = "90 4f707573 4f70757348656164 01 02 3801 80bb0000 0000 00";
const OPUS_PACKET: &str = "91 4f707573 fc7e01";
/// 34 bytes, bare, as FFmpeg sends them: 48 kHz, stereo, 16 bits, blocks of 4608.
const FLAC_START: &str =
    "90 664c6143 1200 1200 000000 000000 0bb802f0 00000000 00000000 00000000 00000000 00000000";

fn one(from: &mut FromFlv, body: &str) -> Result<Demuxed, Refusal> {
    from.audio(hex(body)).into_iter().next().unwrap_or(Ok(Demuxed::Nothing))
}

fn configured(outcome: Result<Demuxed, Refusal>) -> CodecConfig {
    match outcome {
        Ok(Demuxed::Config(TrackId::AUDIO, config) | Demuxed::ConfigAndFrame(TrackId::AUDIO, config, _)) => {
            config
        }
        other => panic!("no configuration: {other:?}"),
    }
}

fn is_frame(outcome: &Result<Demuxed, Refusal>) -> bool {
    matches!(outcome, Ok(Demuxed::Frame(_)))
}

fn remark(codec: Codec, said: &str) -> Result<Demuxed, Refusal> {
    Ok(Demuxed::Remark(TrackId::AUDIO, codec, hex(said)))
}

#[test]
fn opus_is_configured_by_its_header_and_first_packet() {
    let mut from = FromFlv::default();
    assert_eq!(one(&mut from, OPUS_PACKET), Err(Refusal::NoConfiguration(TrackId::AUDIO)));
    assert_eq!(one(&mut from, OPUS_START), Ok(Demuxed::Nothing));
    assert_eq!(one(&mut from, "94 4f707573 0102 00000003"), remark(Codec::Opus, "0102 00000003"));
    let CodecConfig::Opus { head, packet_samples } = configured(one(&mut from, OPUS_PACKET)) else {
        panic!("not Opus");
    };
    assert_eq!((head.channels, head.pre_skip, packet_samples), (2, 312, 960));
    assert!(is_frame(&one(&mut from, OPUS_PACKET)));
    assert!(is_frame(&one(&mut from, "91 4f707573 f401")), "a shorter packet changes nothing");
    assert_eq!(one(&mut from, OPUS_START), Ok(Demuxed::Nothing), "the same again");
    assert!(is_frame(&one(&mut from, OPUS_PACKET)));
    assert_eq!(one(&mut from, "91 4f707573 ff00").expect_err("no frames").reason(), "malformed");
}

#[test]
fn an_empty_opus_header_means_as_many_channels_as_are_told() {
    let mut from = FromFlv::default();
    assert_eq!(one(&mut from, "90 4f707573"), Ok(Demuxed::Nothing));
    assert_eq!(one(&mut from, "94 4f707573 0101 00000004"), remark(Codec::Opus, "0101 00000004"));
    assert_eq!(configured(one(&mut from, OPUS_PACKET)).sound(), Some((1, 48_000)));
}

#[test]
fn flac_is_configured_once_though_its_header_comes_again_with_a_sum() {
    let mut from = FromFlv::default();
    assert_eq!(one(&mut from, "91 664c6143 fff8"), Err(Refusal::NoConfiguration(TrackId::AUDIO)));
    let config = configured(one(&mut from, FLAC_START));
    assert_eq!((config.sound(), config.frame_samples()), (Some((2, 48_000)), Some(4_608)));
    assert!(is_frame(&one(&mut from, "91 664c6143 fff8")));
    let last = FLAC_START.replace(
        "00000000 00000000 00000000 00000000 00000000",
        "00075300 01020304 05060708 090a0b0c 0d0e0f10",
    );
    assert_eq!(one(&mut from, &last), Ok(Demuxed::Nothing));
    assert_eq!(one(&mut from, "91 664c6143"), Ok(Demuxed::Nothing));
    assert_eq!(one(&mut from, "90 664c6143 0400").expect_err("cut").reason(), "malformed");
}

#[test]
fn syncframes_configure_themselves() {
    let mut from = FromFlv::default();
    assert_eq!(one(&mut from, "90 61632d33"), Ok(Demuxed::Nothing));
    let stereo = "91 61632d33 0b77 0000 144040";
    assert_eq!(configured(one(&mut from, stereo)).sound(), Some((2, 48_000)));
    assert!(is_frame(&one(&mut from, stereo)));
    assert_eq!(configured(one(&mut from, "91 61632d33 0b77 0000 1e40e100")).sound(), Some((6, 48_000)));
    let enhanced = "91 65632d33 0b77 01ff 3f80";
    assert_eq!(configured(one(&mut from, enhanced)).sound(), Some((6, 48_000)), "another coding");
    assert!(is_frame(&one(&mut from, "91 65632d33 0b77 00ff 3f80")), "another bit rate");
    assert_eq!(one(&mut from, "91 65632d33 770b").expect_err("no syncframe").reason(), "malformed");
}

#[test]
fn aac_and_mp3_by_their_fourcc_are_what_they_are_in_legacy_bodies() {
    let mut from = FromFlv::default();
    assert!(matches!(configured(one(&mut from, "90 6d703461 1190")), CodecConfig::Aac(_)));
    assert!(is_frame(&one(&mut from, "91 6d703461 2110")));
    assert!(is_frame(&one(&mut from, "af 01 2110")));
    // FFmpeg: the channels of a track whose frames have legacy bodies.
    assert_eq!(one(&mut from, "94 6d703461 0106 0000003f"), remark(Codec::Aac, "0106 0000003f"));
    assert!(is_frame(&one(&mut from, "af 01 2110")));
    assert!(matches!(configured(one(&mut from, "91 2e6d7033 fffb9064")), CodecConfig::Mp3(_)));
    assert_eq!(one(&mut from, "92 2e6d7033"), Ok(Demuxed::EndOfSequence(TrackId::AUDIO)));
}

#[test]
fn each_track_of_a_message_has_its_own_outcome() {
    let mut from = FromFlv::default();
    // Track 0 is AAC, track 1 is no coding that exists, track 2 has a header that is cut.
    let outcomes =
        from.audio(hex("95 20 6d703461 00 000002 1190 77617621 01 000001 00 664c6143 02 000001 00"));
    let [Ok(Demuxed::Config(track, _)), Err(unknown), Err(cut)] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert_eq!((*track, unknown.reason(), cut.reason()), (TrackId::AUDIO, "unsupported_codec", "malformed"));
    let outcomes = from.audio(hex("95 11 6d703461 00 000001 21 01 000001 22"));
    let second = TrackId { index: 1, ..TrackId::AUDIO };
    assert!(is_frame(&outcomes[0]));
    assert_eq!(outcomes[1], Err(Refusal::NoConfiguration(second)));
}

#[test]
fn a_header_that_is_too_long_to_be_one_is_refused() {
    let body = [&hex("90 664c6143")[..], &[0; 5_000]].concat();
    let outcome = FromFlv::default().audio(body.into()).remove(0);
    assert_eq!(outcome.expect_err("long").reason(), "malformed");
}
