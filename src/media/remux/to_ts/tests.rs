//! Streams as a receiver takes them apart: counters, tables, clocks, and the bytes of frames.

use super::*;
use crate::format::aac::AudioSpecificConfig;
use crate::format::h264::AvcConfig;
use crate::format::mp3::Mp3Header;
use crate::media::remux::to_fmp4::Slices;

const FRAME: i64 = 3_000;

fn avc() -> CodecConfig {
    CodecConfig::H264(AvcConfig {
        record: Bytes::new(),
        length_size: 4,
        sps: vec![Bytes::from_static(&[0x67, 1, 2])],
        pps: vec![Bytes::from_static(&[0x68, 9])],
        picture: None,
    })
}

fn aac(record: &'static [u8]) -> CodecConfig {
    CodecConfig::Aac(AudioSpecificConfig::parse(Bytes::from_static(record)).expect("a good record"))
}

fn configured(mut writer: TsWriter, video: bool, audio: Option<CodecConfig>) -> Result<TsWriter, Error> {
    let video = video.then(|| Arc::new(avc()));
    writer.configure(video.as_ref(), audio.map(Arc::new).as_ref())?;
    Ok(writer)
}

fn writer(video: bool, audio: Option<&'static [u8]>) -> TsWriter {
    configured(TsWriter::default(), video, audio.map(aac)).expect("TS has these")
}

fn picture(time: i64, sync: bool, len: usize) -> Sample {
    let mut data = u32::try_from(len + 1).expect("small").to_be_bytes().to_vec();
    data.push(if sync { 0x65 } else { 0x41 });
    data.resize(5 + len, 0xab);
    Sample { time, duration: FRAME, cts: 2 * FRAME, sync, data: Slices::from_elem(data.into(), 1) }
}

fn pictures(from: i64, count: i64) -> Vec<Sample> {
    (0..count).map(|index| picture(from + index * FRAME, index == 0, 400)).collect()
}

fn units(first: i64, count: i64) -> Vec<Sample> {
    let unit = Slices::from_elem(Bytes::from_static(&[0x21; 100]), 1);
    (first..first + count).map(|index| Sample::sound(index * 1_024, 1_024, unit.clone())).collect()
}

/// One packet, taken apart.
#[derive(Debug)]
struct Packet<'a> {
    pid: u16,
    starts: bool,
    counter: u8,
    /// Flags of the adaptation field.
    flags: u8,
    clock: Option<u64>,
    payload: &'a [u8],
}

fn packets(stream: &[u8]) -> Vec<Packet<'_>> {
    assert_eq!(stream.len() % PACKET_LEN, 0);
    stream.chunks(PACKET_LEN).map(packet).collect()
}

fn packet(bytes: &[u8]) -> Packet<'_> {
    assert_eq!(bytes[0], 0x47);
    let field = if bytes[3] & 0x20 == 0 { 0 } else { usize::from(bytes[4]) + 1 };
    let flags = if field > 1 { bytes[5] } else { 0 };
    let base = |at: &[u8]| at[..5].iter().fold(0, |value, byte| value << 8 | u64::from(*byte)) >> 7;
    Packet {
        pid: u16::from_be_bytes([bytes[1], bytes[2]]) & 0x1fff,
        starts: bytes[1] & 0x40 != 0,
        counter: bytes[3] & 15,
        flags,
        clock: (flags & 0x10 != 0).then(|| base(&bytes[6..])),
        payload: if bytes[3] & 0x10 == 0 { &[] } else { &bytes[4 + field..] },
    }
}

/// The PES packets of one PID: time stamps and payload.
fn frames(stream: &[u8], pid: u16) -> Vec<(u64, u64, Vec<u8>)> {
    let mut frames: Vec<(u64, u64, Vec<u8>)> = Vec::new();
    let stamp = |at: &[u8]| {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|index| u64::from(at[index]));
        (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1
    };
    for packet in packets(stream).into_iter().filter(|packet| packet.pid == pid) {
        let mut payload = packet.payload;
        if packet.starts {
            assert_eq!(payload[..3], [0, 0, 1]);
            let dts = if payload[7] & 0x40 == 0 { stamp(&payload[9..]) } else { stamp(&payload[14..]) };
            frames.push((stamp(&payload[9..]), dts, Vec::new()));
            payload = &payload[9 + usize::from(payload[8])..];
        }
        if let Some((_, _, bytes)) = frames.last_mut() {
            bytes.extend_from_slice(payload);
        }
    }
    frames
}

#[test]
fn a_segment_begins_with_its_tables_and_counters_go_on_over_segments() {
    let mut writer = writer(true, Some(&[0x11, 0x90]));
    let first = writer.write(Begins::Segment, &pictures(900_000, 30), &units(480, 40));
    let second = writer.write(Begins::Segment, &pictures(990_000, 30), &units(520, 40));
    for segment in [&first, &second] {
        let opening: Vec<_> = packets(segment).iter().take(3).map(|packet| packet.pid).collect();
        assert_eq!(opening, [PID_ASSOCIATION, PID_MAP, PID_VIDEO]);
    }
    let both = [first, second].concat();
    let mut counters = std::collections::BTreeMap::new();
    for packet in packets(&both).iter().filter(|packet| !packet.payload.is_empty()) {
        let next = counters.insert(packet.pid, packet.counter.wrapping_add(1) & 15);
        assert!(next.is_none_or(|next| next == packet.counter), "PID {}", packet.pid);
    }
    assert_eq!(counters.len(), 4);
}

#[test]
fn a_picture_has_a_delimiter_first_and_parameter_sets_before_a_random_access_point() {
    let mut writer = writer(true, None);
    let samples = [picture(900_000, true, 3), picture(903_000, false, 2)];
    let segment = writer.write(Begins::Segment, &samples, &[]);
    let frames = frames(&segment, PID_VIDEO);
    let start = [0, 0, 0, 1];
    let key = [
        &start[..],
        &[9, 0xf0],
        &start,
        &[0x67, 1, 2],
        &start,
        &[0x68, 9],
        &start,
        &[0x65, 0xab, 0xab, 0xab],
    ];
    assert_eq!(frames[0], (906_000, 900_000, key.concat()));
    let other = [&start[..], &[9, 0xf0], &start, &[0x41, 0xab, 0xab]];
    assert_eq!(frames[1], (909_000, 903_000, other.concat()));
    let flags: Vec<_> =
        packets(&segment).iter().filter(|it| it.pid == PID_VIDEO).map(|it| it.flags).collect();
    assert_eq!(flags, [0x50, 0x10], "random access, and the clock");
}

#[test]
fn units_of_sound_share_a_packet_and_carry_adts_headers() {
    let mut writer = writer(true, Some(&[0x11, 0xb0]));
    let segment = writer.write(Begins::Segment, &pictures(900_000, 1), &units(480, 10));
    let frames = frames(&segment, PID_AUDIO);
    assert_eq!(frames.iter().map(|(pts, ..)| *pts).collect::<Vec<_>>(), [921_600, 929_280, 936_960]);
    assert_eq!(frames.iter().map(|(.., bytes)| bytes.len() / 107).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(frames[0].2[..4], [0xff, 0xf1, 0x4d, 0x80], "six channels of 48 kHz");
}

#[test]
fn a_hole_in_the_sound_begins_another_packet() {
    let mut writer = writer(false, Some(&[0x11, 0x90]));
    let audio = [units(480, 2), units(484, 1)].concat();
    let stamps: Vec<_> =
        frames(&writer.write(Begins::Segment, &[], &audio), PID_AUDIO).iter().map(|frame| frame.0).collect();
    assert_eq!(stamps, [921_600, 929_280]);
}

#[test]
fn the_clock_is_never_far_and_never_ahead_of_decoding() {
    // One picture in ten seconds, and sound all along.
    let mut writer = writer(true, Some(&[0x11, 0x90]));
    let segment = writer.write(Begins::Segment, &pictures(900_000, 1), &units(469, 470));
    let mut clocks = Vec::new();
    for packet in packets(&segment) {
        if let Some(clock) = packet.clock {
            assert_eq!(packet.pid, PID_VIDEO);
            clocks.push(clock);
        }
    }
    assert!(clocks.windows(2).all(|pair| pair[1] > pair[0] && pair[1] - pair[0] <= 9_000), "{clocks:?}");
    assert_eq!(clocks.first(), Some(&855_000), "half a second behind");
    assert!(clocks.len() > 80);
    let tables = packets(&segment).iter().filter(|packet| packet.pid == PID_MAP).count();
    assert!(tables >= 19, "twice a second: {tables}");
}

#[test]
fn sound_alone_carries_the_clock_itself_and_can_be_joined_anywhere() {
    let mut writer = writer(false, Some(&[0x12, 0x10]));
    let segment = writer.write(Begins::Segment, &[], &units(440, 40));
    let sound: Vec<_> =
        packets(&segment).into_iter().filter(|packet| packet.pid == PID_AUDIO && packet.starts).collect();
    assert!(sound.iter().all(|packet| packet.flags & 0x40 != 0));
    assert!(sound.first().is_some_and(|first| first.clock.is_some()));
}

#[test]
fn a_break_in_time_is_said_once_where_the_clock_jumps() {
    let mut writer = writer(true, None);
    drop(writer.write(Begins::Segment, &pictures(900_000, 2), &[]));
    let segment = writer.write(Begins::AfterBreak, &pictures(9_000_000, 2), &[]);
    let said = packets(&segment).iter().filter(|packet| packet.flags & 0x80 != 0).count();
    assert_eq!(said, 1);
}

#[test]
fn mp3_has_a_type_of_its_own_and_odd_aac_is_refused() {
    let header = Mp3Header { sample_rate: 22_050, channels: 2, samples: 576 };
    let mut writer =
        configured(TsWriter::default(), false, Some(CodecConfig::Mp3(header))).expect("TS has MP3");
    let segment = writer.write(Begins::Segment, &[], &units(0, 1));
    assert_eq!(packets(&segment)[1].payload[13], 0x04, "MPEG-2 audio");
    assert_eq!(frames(&segment, PID_AUDIO)[0].2, [0x21; 100], "as it came");
    let refused = configured(TsWriter::default(), true, Some(aac(&[0x11, 0x94])));
    assert_eq!(refused.err(), Some(Error::NoAdts));
}

#[test]
fn changed_tracks_raise_the_version_of_the_map() {
    let mut writer = writer(true, None);
    let version = |segment: &[u8]| packets(segment)[1].payload[6] >> 1 & 0x1f;
    assert_eq!(version(&writer.write(Begins::Segment, &pictures(900_000, 1), &[])), 0);
    let mut writer = configured(writer, true, Some(aac(&[0x11, 0x90]))).expect("TS has these");
    assert_eq!(version(&writer.write(Begins::Segment, &pictures(990_000, 1), &[])), 1);
}
