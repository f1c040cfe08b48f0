//! What encoders really send in audio, video and data messages.

use super::*;
use crate::format::a53::Captions;
use crate::format::h264::AvcConfig;

/// High, 320x180.
const SPS_180: &str = "6764000dacd941419f9f0110000003001000000303c0f1429960";
/// High, 1280x720.
const SPS_720: &str = "6764001facd9405005bb011000003e90000ea600f1831960";
const PPS: &str = "68ebe3cb22c0";
/// What FFmpeg writes for [`SPS_180`] and [`PPS`].
const AVCC_180: &str =
    "0164000dffe1001a6764000dacd941419f9f0110000003001000000303c0f142996001000668ebe3cb22c0fdf8f800";
const IDR: &str = "6588840a";
const SLICE: &str = "419a2104";
/// A recovery point, recovery_frame_cnt 0.
const RECOVERY_POINT: &str = "060601c480";
const AUD: &str = "0910";

/// A translator whose messages carry one track each.
#[derive(Default)]
struct FromFlv(super::FromFlv);

impl FromFlv {
    fn video(&mut self, body: Bytes) -> Result<Demuxed, Refusal> {
        first(self.0.video(body))
    }

    fn audio(&mut self, body: Bytes) -> Result<Demuxed, Refusal> {
        first(self.0.audio(body))
    }

    fn data(&mut self, body: Bytes) -> Result<Demuxed, Refusal> {
        self.0.data(body)
    }
}

fn first(outcomes: Outcomes) -> Result<Demuxed, Refusal> {
    outcomes.into_iter().next().unwrap_or(Ok(Demuxed::Nothing))
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).expect("hex")).expect("below 16");
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn units(units: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in units {
        let unit = hex(unit);
        out.extend(u32::try_from(unit.len()).expect("short").to_be_bytes());
        out.extend(unit);
    }
    out
}

fn annex_b(units: &[&str]) -> Vec<u8> {
    units.iter().flat_map(|unit| [vec![0, 0, 0, 1], hex(unit)].concat()).collect()
}

fn body(head: &str, rest: &[u8]) -> Bytes {
    [&hex(head), rest].concat().into()
}

fn header(record: &str) -> Bytes {
    body("1700000000", &hex(record))
}

/// A publisher whose first sequence header was taken.
fn configured() -> FromFlv {
    let mut from = FromFlv::default();
    let demuxed = from.video(header(AVCC_180)).expect("a good header");
    assert!(matches!(demuxed, Demuxed::Config(TrackId::VIDEO, CodecConfig::H264(_))));
    from
}

fn frame(demuxed: Result<Demuxed, Refusal>) -> SourceFrameParts {
    match demuxed {
        Ok(Demuxed::Frame(frame)) => frame,
        other => panic!("no lone frame: {other:?}"),
    }
}

fn keyframe(from: &mut FromFlv, head: &str, these: &[&str]) -> bool {
    frame(from.video(body(head, &units(these)))).keyframe
}

/// An SPS of id 0, in hexadecimal, with id 1 instead: `1` becomes `010`, and the bits behind it move.
fn with_sps_id_1(sps: &str) -> String {
    let bits: String = hex(sps).iter().map(|byte| format!("{byte:08b}")).collect();
    let (head, rest) = bits.split_at(32);
    let rest = rest.strip_prefix('1').expect("id 0").trim_end_matches('0');
    let mut bits = format!("{head}010{rest}");
    bits.extend(std::iter::repeat_n('0', bits.len().next_multiple_of(8) - bits.len()));
    let bytes = bits.as_bytes().chunks(8).map(|byte| {
        let byte = std::str::from_utf8(byte).expect("digits");
        u8::from_str_radix(byte, 2).expect("eight digits")
    });
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn config_and_frame(demuxed: Result<Demuxed, Refusal>) -> (AvcConfig, SourceFrameParts) {
    match demuxed {
        Ok(Demuxed::ConfigAndFrame(TrackId::VIDEO, CodecConfig::H264(config), frame)) => (config, frame),
        other => panic!("no configuration with a frame: {other:?}"),
    }
}

fn size(config: &AvcConfig) -> Option<(u32, u32)> {
    config.picture.as_ref().map(|picture| (picture.width, picture.height))
}

#[test]
fn a_frame_is_a_slice_of_its_message() {
    let message = body("1701000043", &units(&[IDR]));
    let frame = frame(configured().video(message.clone()));
    assert_eq!(frame.cts, MediaTime::from_millis(67));
    assert_eq!(frame.payload.as_ptr(), message.as_ptr().wrapping_add(5));
    assert_eq!(frame.payload.len(), message.len() - 5);
}

#[test]
fn a_negative_composition_time_stays_negative_and_a_monstrous_one_is_dropped() {
    let mut from = configured();
    let mut cts = |head| frame(from.video(body(head, &units(&[SLICE])))).cts.as_millis();
    assert_eq!(cts("2701ffffff"), -1);
    assert_eq!(cts("27017fffff"), 0);
}

#[test]
fn parameter_sets_in_band_make_up_for_a_record_without_any() {
    for length_size in ["03", "01"] {
        let mut from = FromFlv::default();
        let record = format!("014d0028{length_size}e000");
        assert_eq!(from.video(header(&record)), Ok(Demuxed::Nothing), "it says nothing yet");
        let mut payload = Vec::new();
        for unit in [SPS_180, PPS, IDR].map(hex) {
            let length = u32::try_from(unit.len()).expect("short").to_be_bytes();
            payload.extend(&length[if length_size == "03" { 0 } else { 2 }..]);
            payload.extend(unit);
        }
        let (config, frame) = config_and_frame(from.video(body("1701000000", &payload)));
        assert_eq!(size(&config), Some((320, 180)));
        assert_eq!(config.length_size, if length_size == "03" { 4 } else { 2 });
        assert!(frame.keyframe);
        assert_eq!(frame.payload, payload);
    }
}

#[test]
fn parameter_sets_in_band_make_up_for_a_header_that_never_came() {
    let mut from = FromFlv::default();
    let slice = from.video(body("2701000000", &units(&[SLICE])));
    assert_eq!(slice, Err(Refusal::NoConfiguration(TrackId::VIDEO)));
    let (config, frame) = config_and_frame(from.video(body("1701000000", &units(&[SPS_180, PPS, IDR]))));
    assert_eq!((size(&config), frame.keyframe), (Some((320, 180)), true));
}

#[test]
fn a_header_that_comes_again_with_every_group_of_pictures_changes_nothing() {
    let mut from = configured();
    for _ in 0..3 {
        assert_eq!(from.video(header(AVCC_180)), Ok(Demuxed::Nothing));
        assert!(keyframe(&mut from, "1701000000", &[SPS_180, PPS, IDR]));
    }
}

#[test]
fn a_new_picture_size_arrives_in_band_with_an_idr_picture_once() {
    let mut from = configured();
    let next = body("1701000000", &units(&[SPS_720, PPS, IDR]));
    let (config, _) = config_and_frame(from.video(next.clone()));
    assert_eq!(size(&config), Some((1280, 720)));
    frame(from.video(next));
    // The encoder goes on repeating the header of the old size.
    assert_eq!(from.video(header(AVCC_180)), Ok(Demuxed::Nothing));
}

#[test]
fn parameter_sets_sent_ahead_wait_for_the_idr_picture() {
    let mut from = configured();
    assert_eq!(from.video(body("1701000000", &units(&[SPS_720, PPS]))), Ok(Demuxed::Nothing));
    frame(from.video(body("2701000000", &units(&[SLICE]))));
    let (config, _) = config_and_frame(from.video(body("1701000000", &units(&[IDR]))));
    assert_eq!(size(&config), Some((1280, 720)));
}

#[test]
fn a_parameter_set_in_band_replaces_the_one_with_its_id_and_no_other() {
    // PPS 0 to 2 of one SPS; the new ones differ behind the id.
    let [zero, one, two, one_again, two_again] =
        ["68ebe3cb22c0", "685af2c0", "6869cb", "685af2d0", "6869db"].map(|set| Bytes::from(hex(set)));
    let mut from = configured();
    let (config, _) =
        config_and_frame(from.video(body("1701000000", &units(&[SPS_180, PPS, "685af2c0", "6869cb", IDR]))));
    assert_eq!(config.pps, [one.clone(), two, zero.clone()], "the header had one of them");

    let (config, _) = config_and_frame(from.video(body("1701000000", &units(&["6869db", IDR]))));
    assert_eq!(config.pps, [one, two_again.clone(), zero.clone()]);
    assert_eq!(size(&config), Some((320, 180)));
    assert!(keyframe(&mut from, "1701000000", &["6869db", IDR]), "it is in force");

    // Sent ahead, and taken back before the picture that would have used it.
    assert_eq!(from.video(body("1701000000", &units(&["6869cb", "685af2d0"]))), Ok(Demuxed::Nothing));
    assert_eq!(from.video(body("1701000000", &units(&["6869db"]))), Ok(Demuxed::Nothing));
    let (config, _) = config_and_frame(from.video(body("1701000000", &units(&[IDR]))));
    assert_eq!(config.pps, [one_again, two_again, zero]);
}

#[test]
fn an_sps_with_a_new_id_says_what_the_pictures_are() {
    let sps = with_sps_id_1(SPS_720);
    let mut from = configured();
    let (config, _) = config_and_frame(from.video(body("1701000000", &units(&[&sps, PPS, IDR]))));
    assert_eq!(config.sps, [hex(&sps), hex(SPS_180)]);
    assert_eq!(size(&config), Some((1280, 720)));
}

#[test]
fn a_parameter_set_without_an_id_changes_nothing() {
    let mut from = configured();
    assert!(keyframe(&mut from, "1701000000", &["68", "6764", IDR]));
}

#[test]
fn a_new_header_is_a_new_configuration() {
    let mut from = configured();
    let Ok(Demuxed::Config(_, CodecConfig::H264(config))) =
        from.video(body("1700000000", &annex_b(&[SPS_720, PPS])))
    else {
        panic!("no configuration");
    };
    assert_eq!(size(&config), Some((1280, 720)), "start codes in a header are understood");
}

#[test]
fn start_codes_in_a_frame_become_lengths() {
    let frame = frame(configured().video(body("1701000000", &annex_b(&[AUD, SPS_180, PPS, IDR]))));
    assert_eq!(frame.payload, units(&[AUD, SPS_180, PPS, IDR]));
    assert!(frame.keyframe);
}

#[test]
fn units_of_no_length_are_passed_over() {
    let mut payload = vec![0; 4];
    payload.extend(units(&[IDR]));
    assert!(frame(configured().video(body("1701000000", &payload))).keyframe);
}

#[test]
fn a_unit_longer_than_its_message_is_refused_and_the_next_frame_taken() {
    let mut from = configured();
    let refusal = from.video(body("1701000000", &hex("000000ff6588"))).expect_err("cut");
    assert_eq!(refusal.reason(), "malformed");
    assert!(keyframe(&mut from, "1701000000", &[IDR]));
}

#[test]
fn empty_messages_are_nothing() {
    let mut from = configured();
    for head in ["", "17", "1701000000", "1700000000", "5700"] {
        assert_eq!(from.video(body(head, &[])), Ok(Demuxed::Nothing), "{head}");
    }
    for head in ["", "af", "af00", "af01", "2f"] {
        assert_eq!(from.audio(body(head, &[])), Ok(Demuxed::Nothing), "{head}");
    }
}

#[test]
fn a_picture_is_a_keyframe_by_what_it_is_not_by_what_it_is_called() {
    let mut from = configured();
    assert!(keyframe(&mut from, "2701000000", &[IDR]), "an IDR picture called an inter frame");
    assert!(!keyframe(&mut from, "1701000000", &[SLICE]), "a slice called a key frame");
    assert!(!keyframe(&mut from, "1701000000", &[RECOVERY_POINT, SLICE]), "IDR pictures come");
}

#[test]
fn a_recovery_point_is_a_keyframe_when_idr_pictures_fail_to_come() {
    assert!(keyframe(&mut configured(), "1701000000", &[RECOVERY_POINT, SLICE]));
    let mut from = configured();
    assert!(keyframe(&mut from, "1701000000", &[IDR]));
    for _ in 0..301 {
        assert!(!keyframe(&mut from, "1701000000", &[SLICE]));
    }
    assert!(keyframe(&mut from, "1701000000", &[RECOVERY_POINT, SLICE]));
    assert!(!keyframe(&mut from, "1701000000", &[SLICE]));
    assert!(keyframe(&mut from, "1701000000", &[IDR]));
    assert!(!keyframe(&mut from, "1701000000", &[RECOVERY_POINT, SLICE]));
}

#[test]
fn intra_refresh_starts_at_recovery_points_that_nothing_calls_a_key_frame() {
    // A recovery point every 50 frames, as x264 sends them with recovery_frame_cnt 19, and never an IDR picture.
    let point = "0606020a4480";
    let starts = |from: &mut FromFlv| {
        let frames = (0..500).map(|frame| if frame % 50 == 0 { vec![point, SLICE] } else { vec![SLICE] });
        let frames: Vec<_> = frames.map(|units| keyframe(from, "2701000000", &units)).collect();
        (0..frames.len()).filter(|frame| frames[*frame]).collect::<Vec<_>>()
    };
    let mut from = configured();
    assert_eq!(starts(&mut from), [350, 400, 450], "first it has to be told from a stream whose IDR is near");
    assert_eq!(starts(&mut from), (0..500).step_by(50).collect::<Vec<_>>());
    assert!(keyframe(&mut from, "2701000000", &[IDR]));
    assert_eq!(starts(&mut from), [350, 400, 450]);
}

#[test]
fn what_else_is_in_a_sample_stays_in_it() {
    let sei = format!("0605ff{}{}80", "9b", "aa".repeat(255 + 155));
    let these = [AUD, SPS_180, PPS, &sei, IDR];
    assert_eq!(frame(configured().video(body("1701000000", &units(&these)))).payload, units(&these));
}

#[test]
fn a_sender_cannot_fill_the_memory_with_headers() {
    let refusal = configured().video(body("1700000000", &vec![1; 100_000])).expect_err("long");
    assert_eq!(refusal.reason(), "malformed");
    let mut from = configured();
    let sps = format!("{SPS_720}{}80", "00".repeat(5_000));
    frame(from.video(body("1701000000", &units(&[&sps, IDR]))));
}

#[test]
fn an_end_of_sequence_is_told() {
    let mut from = configured();
    assert_eq!(from.video(body("1702000000", &[])), Ok(Demuxed::EndOfSequence(TrackId::VIDEO)));
}

#[test]
fn colours_are_passed_on_whatever_frame_type_they_come_under() {
    let color_info = hex("02 0009 636f6c6f72496e666f 03 000b 636f6c6f72436f6e666967 03 000009 000009");
    let remark = Demuxed::Remark(TrackId::VIDEO, Codec::H265, color_info.clone().into());
    let mut from = configured();
    // FFmpeg's, OBS's, and that of another track.
    for head in ["d4 68766331", "84 68766331"] {
        assert_eq!(from.video(body(head, &color_info)), Ok(remark.clone()), "{head}");
    }
    let second = TrackId { index: 4, ..TrackId::VIDEO };
    let outcome = from.video(body("86 04 61766331 04", &color_info));
    assert_eq!(outcome, Ok(Demuxed::Remark(second, Codec::H264, color_info.clone().into())));
    // What nobody defined says nothing; what cannot be kept or read is refused.
    let other = hex("02 0001 78 05");
    assert_eq!(from.video(body("d4 68766331", &other)), Ok(Demuxed::Nothing));
    assert_eq!(from.video(body("d4 76766331", &color_info)), Ok(Demuxed::Nothing), "VVC");
    let long = [color_info.as_slice(), &[5; REMARK_BYTES_MAX]].concat();
    for refused in [&long[..], &color_info[..20]] {
        let refusal = from.video(body("d4 68766331", refused)).expect_err("refused");
        assert_eq!(refusal.reason(), "malformed");
    }
}

#[test]
fn hevc_is_never_read_as_h264_whatever_it_is_called() {
    let hvcc = "01016000000090000000000078f000fcfdf8f800000f03 200001001840010c01ffff01600000030090000003000003007899 9809";
    let refusal = FromFlv::default().video(body("1700000000", &hex(hvcc))).expect_err("not H.264");
    assert_eq!(refusal.reason(), "unsupported_codec");
    assert!(refusal.to_string().contains("HEVC under the codec id of H.264"), "{refusal}");
    for head in ["1c00000000", "9068766331"] {
        let refusal = FromFlv::default().video(body(head, &hex(hvcc))).expect_err("cut short");
        assert!(refusal.to_string().starts_with("unreadable HEVC sequence header"), "{refusal}");
    }
}

fn asc(demuxed: Result<Demuxed, Refusal>) -> (u32, u8, String) {
    match demuxed {
        Ok(Demuxed::Config(TrackId::AUDIO, CodecConfig::Aac(config))) => {
            (config.sample_rate, config.channels, config.codec_string())
        }
        other => panic!("no AAC configuration: {other:?}"),
    }
}

#[test]
fn aac_configurations_of_the_field_are_understood() {
    for (record, rate, channels, string) in [
        ("119056e500", 48_000, 2, "mp4a.40.2"),
        ("1210", 44_100, 2, "mp4a.40.2"),
        ("139056e5a0", 22_050, 2, "mp4a.40.5"),
        ("2b920800", 22_050, 2, "mp4a.40.5"),
        ("1190deadbeef", 48_000, 2, "mp4a.40.2"),
    ] {
        let read = asc(FromFlv::default().audio(body("af00", &hex(record))));
        assert_eq!(read, (rate, channels, string.to_owned()), "{record}");
    }
}

#[test]
fn an_empty_aac_header_is_passed_over_and_the_flags_are_not_believed() {
    let mut from = FromFlv::default();
    assert_eq!(from.audio(body("a200", &[])), Ok(Demuxed::Nothing));
    assert_eq!(from.audio(body("a201", &[1, 2])), Err(Refusal::NoConfiguration(TrackId::AUDIO)));
    assert_eq!(asc(from.audio(body("a200", &hex("1190")))).0, 48_000);
    assert_eq!(from.audio(body("af00", &hex("1190"))), Ok(Demuxed::Nothing), "the same again");
    assert_eq!(frame(from.audio(body("a201", &[0x21, 0x10]))).payload, [0x21, 0x10][..]);
}

#[test]
fn an_adts_header_in_a_raw_message_is_taken_off() {
    let mut from = FromFlv::default();
    asc(from.audio(body("af00", &hex("1190"))));
    // 7 bytes of header, 4 of sound.
    let frame = frame(from.audio(body("af01", &hex("fff14c80017ffc 21100405"))));
    assert_eq!((&frame.payload[..], frame.keyframe), (&hex("21100405")[..], true));
}

#[test]
fn mp3_configures_itself_by_its_first_frame() {
    let mut from = FromFlv::default();
    let mut frames = hex("fffb9064");
    frames.resize(417, 0);
    let first = from.audio(body("2f", &frames));
    let Ok(Demuxed::ConfigAndFrame(TrackId::AUDIO, CodecConfig::Mp3(header), first)) = first else {
        panic!("no MP3: {first:?}");
    };
    assert_eq!((header.sample_rate, header.channels, first.payload.len()), (44_100, 2, 417));
    frame(from.audio(body("2f", &frames)));
}

#[test]
fn sound_that_is_not_taken_is_named() {
    let refusal = FromFlv::default().audio(body("b2", &[1])).expect_err("Speex");
    assert_eq!(refusal.to_string(), "Speex is not supported; set the encoder to AAC");
}

fn values(values: &[Value]) -> Bytes {
    let mut out = Vec::new();
    for value in values {
        value.encode(&mut out);
    }
    out.into()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn metadata_is_read_with_and_without_its_wrapper_and_once() {
    let mut from = FromFlv::default();
    let properties = vec![
        ("width".to_owned(), Value::Number(1280.0)),
        ("when".to_owned(), Value::Date { millis: 0.0, zone: 0 }),
    ];
    let bare = [text("onMetaData"), Value::EcmaArray(properties.clone())];
    let wrapped = [text("@setDataFrame"), text("onMetaData"), Value::Object(properties)];
    let Ok(Demuxed::Metadata(metadata)) = from.data(values(&bare)) else { panic!("no metadata") };
    assert_eq!(metadata.width(), Some(1280.0));
    assert!(matches!(from.data(values(&wrapped)), Ok(Demuxed::Metadata(again)) if again == metadata));
    assert_eq!(from.data(values(&wrapped)), Ok(Demuxed::Nothing));
}

#[test]
fn other_data_passes_without_its_wrapper() {
    let mut from = FromFlv::default();
    let cue = [text("onCuePoint"), Value::Number(1.0)];
    assert_eq!(from.data(values(&cue)), Ok(Demuxed::Data(values(&cue))));
    let wrapped = [&[text("@setDataFrame")][..], &cue].concat();
    assert_eq!(from.data(values(&wrapped)), Ok(Demuxed::Data(values(&cue))));
    let clear = [text("@clearDataFrame"), text("onMetaData")];
    assert_eq!(from.data(values(&clear)), Ok(Demuxed::Nothing));
}

#[test]
fn data_that_is_no_amf0_is_refused() {
    for bytes in [&[][..], &[2, 0, 9, b'x'], &[0, 0, 0, 0, 0, 0, 0, 0, 0]] {
        let refusal = FromFlv::default().data(Bytes::copy_from_slice(bytes)).expect_err("no name");
        assert_eq!(refusal.reason(), "malformed");
    }
    let long = values(&[text("onMetaData"), text(&"x".repeat(METADATA_BYTES_MAX))]);
    assert_eq!(FromFlv::default().data(long).expect_err("long").reason(), "malformed");
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(
        bodies in proptest::collection::vec((0..5, proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)), 0..20)
    ) {
        let mut from = configured();
        for (kind, bytes) in bodies {
            let _any = match kind {
                0 => from.video(bytes.into()),
                1 => from.video(body("1701000000", &bytes)),
                2 => from.video(body("1700000000", &bytes)),
                3 => from.audio(bytes.into()),
                _ => from.data(bytes.into()),
            };
        }
    }
}

#[test]
fn closed_captions_are_noticed_once_they_come() {
    // A/53 user data with one valid pair of field 1, behind an unregistered message.
    const CAPTIONS: &str = "06 0503010203 040e b500314741393403 41ff fc942c ff 80";
    let mut from = configured();
    frame(from.video(body("1701000000", &units(&["060503010203 80", IDR]))));
    assert_eq!(from.0.captions(), None);
    frame(from.video(body("2701000000", &units(&[CAPTIONS, SLICE]))));
    assert_eq!(from.0.captions(), Some(Captions::Cea608));
}
