//! The ring's promises, for any interleaving of a writer and its readers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::super::ring::{Entry, RingLimits, RingWriter};
use super::*;
use crate::media::{End, Frame, MediaTime, Packet, TrackId, TrackSet};
use crate::rtmp::SharedMessage;

fn entry(millis: i64, len: usize, start: bool) -> Entry {
    let payload = Bytes::from(vec![0; len]);
    Entry {
        seq: 0,
        wire: Some(SharedMessage::new(6, 9, &[], payload.clone())),
        frame: Frame::Media(Packet {
            track: TrackId::VIDEO,
            dts: MediaTime::from_millis(millis),
            cts: MediaTime::ZERO,
            keyframe: start,
            payload,
        }),
        tracks: Arc::new(TrackSet::default()),
        start,
        discontinuity: false,
        origin: crate::stream::Origin::Encoder,
        arrived: Instant::now(),
        plain: None,
    }
}

fn end() -> Entry {
    Entry { frame: Frame::End(End::Clean), wire: None, ..entry(0, 0, false) }
}

fn limits(entries: usize) -> RingLimits {
    RingLimits { duration: Duration::from_secs(3_600), bytes: 1 << 30, entries }
}

fn seqs(cursor: &mut Cursor, ring: &Ring) -> Vec<(u64, u64)> {
    std::iter::from_fn(|| cursor.read(ring).map(|(entry, lost)| (entry.seq, lost))).collect()
}

#[test]
fn a_new_reader_begins_at_the_newest_keyframe() {
    let mut writer = RingWriter::new(limits(16));
    for at in 0..10 {
        writer.push(entry(at * 40, 10, at % 4 == 0));
    }
    let mut cursor = Cursor::new(writer.ring(), Start::NewestKeyframe);
    assert_eq!(seqs(&mut cursor, writer.ring()), [(8, 0), (9, 0)]);
    let mut next = Cursor::new(writer.ring(), Start::Next);
    writer.push(entry(400, 10, false));
    writer.push(entry(440, 10, true));
    assert_eq!(seqs(&mut next, writer.ring()), [(11, 0)], "what came before its keyframe is no loss");
}

#[test]
fn a_reader_goes_on_where_another_ended_or_at_the_newest_keyframe() {
    let mut writer = RingWriter::new(limits(8));
    for at in 0..8 {
        writer.push(entry(at * 40, 10, at % 4 == 0));
    }
    let mut cursor = Cursor::new(writer.ring(), Start::At(4));
    assert_eq!(seqs(&mut cursor, writer.ring()), [(4, 0), (5, 0), (6, 0), (7, 0)]);
    for at in 8..14 {
        writer.push(entry(at * 40, 10, at % 4 == 0));
    }
    let mut late = Cursor::new(writer.ring(), Start::At(4));
    assert_eq!(seqs(&mut late, writer.ring()), [(12, 0), (13, 0)]);
}

#[test]
fn the_ring_is_bounded_by_bytes_and_by_time() {
    let mut writer = RingWriter::new(RingLimits { bytes: 10_000, ..limits(64) });
    for at in 0..100 {
        writer.push(entry(at * 40, 1_000, at == 0));
        assert!(writer.ring().bytes() <= 10_000);
    }
    let mut writer = RingWriter::new(RingLimits { duration: Duration::from_secs(1), ..limits(64) });
    for at in 0..100 {
        writer.push(entry(at * 40, 10, at == 0));
    }
    assert_eq!(writer.ring().head() - writer.ring().tail(), 26, "one second and the frame that ends it");
}

#[test]
fn an_entry_larger_than_the_bound_is_still_delivered() {
    let mut writer = RingWriter::new(RingLimits { bytes: 100, ..limits(16) });
    let mut cursor = Cursor::new(writer.ring(), Start::Next);
    writer.push(entry(0, 5_000, true));
    assert_eq!(seqs(&mut cursor, writer.ring()), [(0, 0)]);
}

#[test]
fn a_reader_that_comes_after_the_end_waits_for_the_next_broadcast() {
    let mut writer = RingWriter::new(limits(16));
    writer.push(entry(0, 10, true));
    let mut early = Cursor::new(writer.ring(), Start::NewestKeyframe);
    writer.push(end());
    let mut late = Cursor::new(writer.ring(), Start::NewestKeyframe);
    assert_eq!(seqs(&mut early, writer.ring()), [(0, 0), (1, 0)], "who was there sees the end");
    assert_eq!(seqs(&mut late, writer.ring()), []);
    writer.push(entry(40, 10, false));
    writer.push(entry(80, 10, true));
    assert_eq!(seqs(&mut late, writer.ring()), [(3, 0)]);
    assert_eq!(seqs(&mut early, writer.ring()), [(3, 1)], "after an end, too, it begins at a keyframe");
}

#[test]
fn an_overtaken_reader_still_learns_of_the_end() {
    let mut writer = RingWriter::new(limits(4));
    writer.push(entry(0, 10, true));
    let mut cursor = Cursor::new(writer.ring(), Start::NewestKeyframe);
    assert_eq!(seqs(&mut cursor, writer.ring()), [(0, 0)]);
    for at in 1..10 {
        writer.push(entry(at, 10, false));
    }
    writer.push(end());
    assert_eq!(seqs(&mut cursor, writer.ring()), [(10, 9)]);
}

#[test]
fn a_cleared_ring_holds_nothing_and_goes_on() {
    let mut writer = RingWriter::new(limits(16));
    for at in 0..5 {
        writer.push(entry(at, 100, true));
    }
    writer.clear();
    assert_eq!(writer.ring().bytes(), 0);
    let mut cursor = Cursor::new(writer.ring(), Start::NewestKeyframe);
    writer.push(entry(9, 100, true));
    assert_eq!(seqs(&mut cursor, writer.ring()), [(5, 0)]);
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Write { start: bool, len: usize },
    Read { reader: usize, most: usize },
    SkipAhead { reader: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (proptest::bool::weighted(0.2), 0_usize..2_000).prop_map(|(start, len)| Act::Write { start, len }),
        2 => (0_usize..3, 1_usize..6).prop_map(|(reader, most)| Act::Read { reader, most }),
        1 => (0_usize..3).prop_map(|reader| Act::SkipAhead { reader }),
    ];
    proptest::collection::vec(act, 1..300)
}

proptest! {
    /// Each reader gets a sequence in order, without repeats, that resumes only at keyframes after a skip, and the
    /// numbers it is told to have lost are exactly those missing.
    #[test]
    fn any_interleaving_keeps_the_promises(acts in acts(), bytes in 2_000_u64..20_000, entries in 2_usize..32) {
        let limits = RingLimits { bytes, entries, ..limits(entries) };
        let mut writer = RingWriter::new(limits);
        let ring = Arc::clone(writer.ring());
        let mut cursors = (0..3).map(|_| Cursor::new(&ring, Start::NewestKeyframe)).collect::<Vec<_>>();
        let mut last = [None::<u64>; 3];
        let mut starts = Vec::new();
        for act in acts {
            match act {
                Act::Write { start, len } => {
                    starts.push(start);
                    writer.push(entry(i64::try_from(starts.len()).expect("small"), len, start));
                }
                Act::SkipAhead { reader } => { cursors[reader].skip_ahead(&ring); }
                Act::Read { reader, most } => for _ in 0..most {
                    let Some((read, lost)) = cursors[reader].read(&ring) else { break };
                    let at = usize::try_from(read.seq).expect("small");
                    prop_assert_eq!(read.start, starts[at]);
                    match last[reader] {
                        None => prop_assert!(read.start, "begins at a keyframe"),
                        Some(before) => {
                            prop_assert_eq!(before + 1 + lost, read.seq, "what is missing is counted");
                            prop_assert!(lost == 0 || read.start, "resumes at a keyframe");
                        }
                    }
                    last[reader] = Some(read.seq);
                }
            }
            prop_assert!(ring.head() - ring.tail() <= entries.next_power_of_two() as u64);
            prop_assert!(ring.bytes() <= bytes.max(2_000 + 256));
        }
    }
}

#[test]
fn readers_on_other_threads_keep_the_promises_too() {
    let mut writer = RingWriter::new(limits(64));
    let ring = Arc::clone(writer.ring());
    let total = 50_000_u64;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut cursor = Cursor::new(&ring, Start::NewestKeyframe);
                let mut last = None::<u64>;
                while last != Some(total - 1) {
                    let Some((read, lost)) = cursor.read(&ring) else {
                        std::thread::yield_now();
                        continue;
                    };
                    assert!(lost == 0 || read.start);
                    if let Some(before) = last {
                        assert_eq!(before + 1 + lost, read.seq);
                    }
                    last = Some(read.seq);
                }
            });
        }
        for at in 0..total {
            writer.push(entry(0, 8, at % 10 == 0 || at == total - 1));
        }
    });
}
