//! Tables and packets byte for byte, and a reader that puts packets together again.

use proptest::prelude::*;

use super::*;

/// The payload of a table's packet up to its stuffing.
fn table(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0xff).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// Payload units of one PID, and whether its counter was continuous from `counter` on.
fn units(stream: &[u8], counter: u8) -> Vec<Vec<u8>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    let mut expected = counter;
    assert_eq!(stream.len() % PACKET_LEN, 0);
    for packet in stream.chunks(PACKET_LEN) {
        assert_eq!(packet[0], 0x47);
        let field = if packet[3] & 0x20 == 0 { 0 } else { usize::from(packet[4]) + 1 };
        if packet[3] & 0x10 == 0 {
            assert_eq!(
                packet[3] & 15,
                expected.wrapping_sub(1) & 15,
                "a packet without payload does not count"
            );
            assert_eq!(field, 184);
            continue;
        }
        assert_eq!(packet[3] & 15, expected & 15);
        expected = expected.wrapping_add(1);
        if packet[1] & 0x40 != 0 {
            units.push(Vec::new());
        }
        units.last_mut().expect("a unit begins").extend_from_slice(&packet[4 + field..]);
    }
    units
}

#[test]
fn tables_are_those_that_ffmpeg_writes() {
    let association = program_association(0x1000);
    assert_eq!(
        table(&association),
        [0, 0, 0xb0, 0x0d, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0, 0x2a, 0xb1, 0x04, 0xb2]
    );
    let map = program_map(0, 0x100, &[(0x100, StreamType::H264), (0x101, StreamType::AacAdts)]);
    let expected = [
        0, 2, 0xb0, 0x17, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0, 0x1b, 0xe1, 0, 0xf0, 0, 0x0f, 0xe1, 1, 0xf0, 0,
        0x2f, 0x44, 0xb9, 0x9b,
    ];
    assert_eq!(table(&map), expected);
    assert_eq!(program_map(3, 0x100, &[])[6], 0xc7, "version 3");
}

#[test]
fn a_random_access_point_carries_the_clock() {
    let mut out = Vec::new();
    let adaptation = Adaptation { random_access: true, clock: Some(0x7b0c), ..Adaptation::default() };
    Pid::new(0x100).put_unit(&mut out, adaptation, &[&[1; 176]]);
    assert_eq!(out.len(), PACKET_LEN);
    assert_eq!(out[..12], [0x47, 0x41, 0, 0x30, 7, 0x50, 0, 0, 0x3d, 0x86, 0x7e, 0]);
}

#[test]
fn time_stamps_wrap_at_33_bits_and_equal_ones_are_written_once() {
    let header = PesHeader::new(StreamId::Audio, 100, 900_000, 900_000);
    assert_eq!(header.as_bytes(), [0, 0, 1, 0xc0, 0, 108, 0x84, 0x80, 5, 0x21, 0, 0x37, 0x77, 0x41]);
    let header = PesHeader::new(StreamId::Video, 100, (1 << 33) + 1, (1 << 33) - 1);
    let expected = [0, 0, 1, 0xe0, 0, 0, 0x84, 0xc0, 10, 0x31, 0, 1, 0, 3, 0x1f, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(header.as_bytes(), expected);
}

#[test]
fn a_clock_alone_is_a_packet_without_payload() {
    let mut pid = Pid::new(0x101);
    let mut out = Vec::new();
    pid.put_unit(&mut out, Adaptation::default(), &[b"one"]);
    pid.put_adaptation(&mut out, Adaptation { clock: Some(5), ..Adaptation::default() });
    pid.put_unit(&mut out, Adaptation::default(), &[b"two"]);
    assert_eq!(units(&out, 0), [b"one", b"two"]);
    assert_eq!(out[188..192], [0x47, 0x01, 0x01, 0x20]);
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out_whole_and_counted(
        sizes in prop::collection::vec((0..600_usize, any::<bool>(), prop::option::of(any::<u64>())), 1..24)
    ) {
        let mut pid = Pid::new(0x100);
        let mut out = Vec::new();
        let mut put: Vec<Vec<u8>> = Vec::new();
        for (index, (size, random_access, clock)) in sizes.into_iter().enumerate() {
            let unit: Vec<u8> = (0..size).map(|at| (at * 7 + index) as u8).collect();
            let (head, tail) = unit.split_at(size / 3);
            let adaptation = Adaptation { discontinuity: random_access, random_access, clock };
            pid.put_unit(&mut out, adaptation, &[head, &[], tail]);
            if size > 0 {
                put.push(unit);
            }
        }
        prop_assert_eq!(units(&out, 0), put);
    }
}
