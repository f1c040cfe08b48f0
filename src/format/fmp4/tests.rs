//! Boxes byte by byte, and through another reader.

use bytes::Bytes;
use mp4_atom::{Decode, DecodeMaybe, Moof};

use super::*;
use crate::format::aac::AudioSpecificConfig;
use crate::format::av1::Av1Config;
use crate::format::h264::{AvcConfig, Picture};
use crate::format::h265::{HevcConfig, unit};
use crate::format::light::Light;
use crate::format::nal::AnnexBUnits;
use crate::format::vp9::Vp9Config;

const OPEN_GOP: &[u8] = include_bytes!("../../../tests/fixtures/video/x265-main10-pq-open-gop.h265");

fn avc() -> AvcConfig {
    let sps = Bytes::from_static(&[
        0x67, 0x64, 0x00, 0x0d, 0xac, 0xd9, 0x41, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
        0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x42, 0x99, 0x60,
    ]);
    let pps = Bytes::from_static(&[0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0]);
    let mut record = vec![1, 0, 0, 0, 0xff, 0xe1, 0, sps.len() as u8];
    record.extend_from_slice(&sps);
    record.extend_from_slice(&[1, 0, pps.len() as u8]);
    record.extend_from_slice(&pps);
    record.extend_from_slice(&[0xfd, 0xf8, 0xf8, 0]);
    AvcConfig {
        record: record.into(),
        length_size: 4,
        sps: vec![sps],
        pps: vec![pps],
        picture: Some(Picture {
            profile: 100,
            constraints: 0,
            level: 13,
            width: 320,
            height: 180,
            frame_rate: Some((30, 1)),
            sample_aspect: (4, 3),
        }),
    }
}

fn aac() -> AudioSpecificConfig {
    AudioSpecificConfig {
        record: Bytes::from_static(&[0x11, 0x90, 0x56, 0xe5, 0x00]),
        object_type: 2,
        sample_rate: 48_000,
        output_rate: 48_000,
        channels: 2,
        frame_length: 1_024,
        sbr: false,
        ps: false,
    }
}

fn init() -> Bytes {
    let (avc, aac) = (avc(), aac());
    init_segment(&[
        InitTrack { id: 1, timescale: 90_000, entry: SampleEntry::Avc1(&avc), light: Light::default() },
        InitTrack { id: 2, timescale: 48_000, entry: SampleEntry::Mp4a(&aac), light: Light::default() },
    ])
    .expect("these fit")
}

fn sample(duration: u32, size: u32, cts: i32, sync: bool) -> RunSample {
    RunSample { duration, size, cts, sync }
}

#[test]
fn another_reader_finds_both_tracks_in_the_init_segment() {
    let bytes = init();
    let reader =
        mp4::Mp4Reader::read_header(std::io::Cursor::new(&bytes), bytes.len() as u64).expect("readable");
    let video = reader.tracks().get(&1).expect("track 1");
    assert_eq!(video.media_type().expect("known"), mp4::MediaType::H264);
    assert_eq!((video.width(), video.height()), (320, 180));
    assert_eq!(video.timescale(), 90_000);
    let avcc = &video.trak.mdia.minf.stbl.stsd.avc1.as_ref().expect("avc1").avcc;
    assert_eq!((avcc.avc_profile_indication, avcc.avc_level_indication), (0x64, 0x0d), "the SPS decides");
    let audio = reader.tracks().get(&2).expect("track 2");
    assert_eq!(audio.media_type().expect("known"), mp4::MediaType::AAC);
    assert_eq!(audio.timescale(), 48_000);
}

#[test]
fn the_audio_configuration_stands_in_the_init_segment_as_it_was_sent() {
    let bytes = init();
    assert!(bytes.windows(5).any(|window| window == [0x11, 0x90, 0x56, 0xe5, 0x00]));
    assert!(bytes.windows(4).any(|window| window == b"pasp"));
    assert!(!bytes.windows(4).any(|window| window == b"elst"));
}

#[test]
fn a_configuration_without_parameter_sets_is_refused() {
    let mut config = avc();
    config.sps.clear();
    let tracks =
        [InitTrack { id: 1, timescale: 90_000, entry: SampleEntry::Avc1(&config), light: Light::default() }];
    assert!(matches!(init_segment(&tracks), Err(Error::NoParameterSets)));
    let head = [1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 0];
    let hevc = HevcConfig::parse(Bytes::copy_from_slice(&head)).expect("a record");
    let av1 = Av1Config::parse(Bytes::from_static(&[0x81, 9, 0x4c, 0])).expect("a record");
    let vp9 = Vp9Config::parse(&Bytes::from_static(&[0, 10, 0x82, 2, 2, 2, 0, 0])).expect("a record");
    for entry in [SampleEntry::Hvc1(&hevc), SampleEntry::Av01(&av1), SampleEntry::Vp09(&vp9)] {
        let init = init_segment(&[InitTrack { id: 1, timescale: 90_000, entry, light: Light::default() }]);
        assert!(matches!(init, Err(Error::NoParameterSets)), "{entry:?}");
    }
}

#[test]
fn a_record_of_hevc_is_written_from_its_parameter_sets() {
    let mut sets = [&[][..]; 3];
    for found in AnnexBUnits::new(OPEN_GOP) {
        match unit::unit_type(found) {
            Some(unit::VPS) => sets[0] = found,
            Some(unit::SPS) => sets[1] = found,
            Some(unit::PPS) => sets[2] = found,
            _ => {}
        }
    }
    let [vps, sps, pps] = sets.map(|set| [Bytes::from_static(set)]);
    let config = HevcConfig::from_parameter_sets(&vps, &sps, &pps).expect("whole");
    let mut lying = config.record.to_vec();
    // Zeros in place of the profile, as some senders leave them, and a SEI unit in an array of its own.
    lying[1..13].fill(0);
    lying[22] = 4;
    lying.extend_from_slice(&[39, 0, 1, 0, 4, 0x4e, 1, 0x90, 0x80]);
    let lying = HevcConfig::parse(lying.into()).expect("a record");
    let tracks =
        [InitTrack { id: 1, timescale: 90_000, entry: SampleEntry::Hvc1(&lying), light: Light::default() }];
    let bytes = init_segment(&tracks).expect("fits");
    let at = bytes.windows(4).position(|window| window == b"hvcC").expect("a record") + 4;
    let written = bytes.slice(at..at + config.record.len() + 9);
    assert_eq!(written[..22], config.record[..22], "the SPS decides");
    assert_eq!(written[23..config.record.len()], config.record[23..]);
    assert_eq!(HevcConfig::parse(written).expect("a record").sets, lying.sets);
    // BT.2020 and PQ, limited range; three samples wide for each four.
    assert!(bytes.windows(15).any(|window| window == b"colrnclx\0\x09\0\x10\0\x09\0"));
    assert!(bytes.windows(12).any(|window| window == b"pasp\0\0\0\x04\0\0\0\x03"));
}

#[test]
fn data_offsets_lead_to_each_tracks_bytes_behind_the_mdat_header() {
    let video = Run {
        track: 1,
        decode_time: u64::from(u32::MAX) + 7,
        samples: vec![sample(3_000, 1_000, 6_000, true), sample(3_000, 50, -3_000, false)],
    };
    let audio = Run { track: 2, decode_time: 480_000, samples: vec![sample(1_024, 300, 0, true); 3] };
    let header = fragment_header(9, &[video, audio]).expect("fits");

    let mut rest = header.as_ref();
    let moof = Moof::decode(&mut rest).expect("a moof");
    assert_eq!(rest, [&(8 + 1_050 + 900_u32).to_be_bytes()[..], b"mdat"].concat());
    assert_eq!(moof.mfhd.sequence_number, 9);
    let [video, audio] = &moof.traf[..] else { panic!("two trafs") };
    let end = i32::try_from(header.len()).expect("small");
    assert_eq!(video.trun[0].data_offset, Some(end));
    assert_eq!(audio.trun[0].data_offset, Some(end + 1_050));
    assert!(video.tfhd.default_base_is_moof && audio.tfhd.default_base_is_moof);
    assert_eq!(video.tfdt.as_ref().map(|tfdt| tfdt.base_media_decode_time), Some(u64::from(u32::MAX) + 7));
    assert_eq!(video.tfhd.default_sample_flags, Some(FLAGS_NON_SYNC));
    let entries: Vec<_> = video.trun[0].samples.iter().collect();
    assert_eq!(entries[0].flags, Some(FLAGS_SYNC));
    assert_eq!((entries[1].flags, entries[1].cts), (None, Some(-3_000)));
    assert_eq!(audio.tfhd.default_sample_flags, Some(FLAGS_SYNC));
    assert_eq!(audio.tfhd.default_sample_duration, Some(1_024));
}

#[test]
fn a_keyframe_inside_a_run_keeps_its_flag() {
    let samples = vec![sample(1, 1, 0, false), sample(2, 1, 0, true), sample(3, 1, 0, false)];
    let header = fragment_header(1, &[Run { track: 1, decode_time: 0, samples }]).expect("fits");
    let moof = Moof::decode_maybe(&mut header.as_ref()).expect("valid").expect("whole");
    let flags: Vec<_> = moof.traf[0].trun[0].samples.iter().map(|entry| entry.flags).collect();
    assert_eq!(flags, [Some(FLAGS_NON_SYNC), Some(FLAGS_SYNC), Some(FLAGS_NON_SYNC)]);
}

#[test]
fn a_track_without_samples_has_no_traf() {
    let empty = Run { track: 1, decode_time: 0, samples: Vec::new() };
    let audio = Run { track: 2, decode_time: 0, samples: vec![sample(1_024, 4, 0, true)] };
    let header = fragment_header(1, &[empty, audio]).expect("fits");
    let moof = Moof::decode(&mut header.as_ref()).expect("a moof");
    assert_eq!(moof.traf.iter().map(|traf| traf.tfhd.track_id).collect::<Vec<_>>(), [2]);
    assert_eq!(moof.traf[0].trun[0].data_offset, i32::try_from(header.len()).ok());
}

const FLAGS_SYNC: u32 = 0x0200_0000;
const FLAGS_NON_SYNC: u32 = 0x0101_0000;
