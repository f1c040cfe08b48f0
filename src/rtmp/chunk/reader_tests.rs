//! What encoders really send, and what they must not get away with.

use proptest::prelude::*;

use super::super::{MessageHeader, write_message};
use super::*;

const LIMITS: ChunkLimits =
    ChunkLimits { message_max: 1 << 20, chunk_streams_max: 64, unfinished_max: 2 << 20 };

fn reader() -> ChunkReader {
    ChunkReader::new(LIMITS)
}

fn read_all(reader: &mut ChunkReader, mut input: &[u8]) -> Result<Vec<RawMessage>, ChunkError> {
    let mut messages = Vec::new();
    while let Some(message) = reader.read(&mut input)? {
        messages.push(message);
    }
    assert!(input.is_empty(), "a reader takes everything that it is given");
    Ok(messages)
}

fn times(messages: &[RawMessage]) -> Vec<u32> {
    messages.iter().map(|message| message.timestamp).collect()
}

/// fmt 0 on a one-byte chunk stream id.
fn fmt0(csid: u8, time: u32, length: u32, type_id: u8) -> Vec<u8> {
    let mut out = Vec::new();
    MessageHeader { csid, timestamp: time, length, type_id, stream_id: 1 }.write(&mut out);
    out
}

fn fmt1(csid: u8, delta: u32, length: u32, type_id: u8) -> Vec<u8> {
    let mut out = vec![0x40 | csid];
    out.extend_from_slice(&delta.min(EXTENDED).to_be_bytes()[1..]);
    out.extend_from_slice(&length.to_be_bytes()[1..]);
    out.push(type_id);
    if delta >= EXTENDED {
        out.extend_from_slice(&delta.to_be_bytes());
    }
    out
}

fn fmt2(csid: u8, delta: u32) -> Vec<u8> {
    let mut out = vec![0x80 | csid];
    out.extend_from_slice(&delta.min(EXTENDED).to_be_bytes()[1..]);
    if delta >= EXTENDED {
        out.extend_from_slice(&delta.to_be_bytes());
    }
    out
}

#[test]
fn one_chunk_stream_id_is_one_state_in_every_encoding() {
    let mut input = vec![0x00, 0x00]; // 64 in two bytes, fmt 0
    input.extend_from_slice(&[0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xAA]);
    input.extend_from_slice(&[0xC1, 0x00, 0x00, 0xBB]); // 64 in three bytes, fmt 3
    let messages = read_all(&mut reader(), &input).expect("legal");
    assert_eq!(messages.iter().map(|m| m.csid).collect::<Vec<_>>(), [64, 64]);
    assert_eq!(messages[1].payload, [0xBB].as_slice());
}

#[test]
fn audio_inside_a_fragmented_video_message_is_joined_apart() {
    let mut input = fmt0(6, 40, 200, 9);
    input.extend_from_slice(&[1; 128]);
    input.extend_from_slice(&fmt0(4, 41, 3, 8));
    input.extend_from_slice(&[2; 3]);
    input.push(0xC6);
    input.extend_from_slice(&[1; 72]);
    let messages = read_all(&mut reader(), &input).expect("interleaving is legal");
    assert_eq!(messages[0].payload, [2; 3].as_slice());
    assert_eq!(messages[1].payload, [1; 200].as_slice());
}

#[test]
fn obs_puts_both_tracks_on_one_chunk_stream_and_deltas_count_from_either() {
    let mut input = fmt0(4, 0, 1, 18);
    input.push(0);
    input.extend_from_slice(&fmt1(4, 0, 2, 9));
    input.extend_from_slice(&[0; 2]);
    input.extend_from_slice(&fmt1(4, 21, 1, 8));
    input.push(0);
    input.extend_from_slice(&fmt1(4, 12, 2, 9));
    input.extend_from_slice(&[0; 2]);
    input.extend_from_slice(&fmt2(4, 33));
    input.extend_from_slice(&[0; 2]);
    input.push(0xC4);
    input.extend_from_slice(&[0; 2]);
    let messages = read_all(&mut reader(), &input).expect("legal");
    assert_eq!(times(&messages), [0, 0, 21, 33, 66, 99]);
}

#[test]
fn a_new_chunk_size_counts_from_the_next_chunk_also_inside_a_message() {
    let mut reader = reader();
    let mut input = fmt0(6, 0, 300, 9);
    input.extend_from_slice(&[1; 128]);
    assert_eq!(read_all(&mut reader, &input), Ok(vec![]));
    reader.set_chunk_size(4_096).expect("legal");
    let mut input = vec![0xC6];
    input.extend_from_slice(&[1; 172]);
    assert_eq!(read_all(&mut reader, &input).expect("legal")[0].payload.len(), 300);
}

#[test]
fn chunk_size_zero_is_refused_and_huge_ones_allocate_nothing() {
    let mut reader = reader();
    assert_eq!(reader.set_chunk_size(0), Err(ChunkError::ChunkSizeZero));
    assert_eq!(reader.set_chunk_size(0x8000_0000), Err(ChunkError::ChunkSizeZero));
    assert_eq!(reader.set_chunk_size(0x7FFF_FFFF), Ok(()));
    assert_eq!(reader.set_chunk_size(0x8000_0080), Ok(()), "the top bit is ignored");
}

#[test]
fn fmt_3_after_fmt_0_repeats_the_timestamp_for_ffmpeg_alone() {
    let mut input = fmt0(6, 33, 1, 9);
    input.extend_from_slice(&[0, 0xC6, 0]);
    assert_eq!(times(&read_all(&mut reader(), &input).expect("legal")), [33, 33]);
    let mut ffmpeg = reader();
    ffmpeg.set_repeats_timestamp();
    assert_eq!(times(&read_all(&mut ffmpeg, &input).expect("legal")), [33, 66]);
}

/// Messages of one byte as librtmp writes them: fmt 3 where the time is that of the message before, and not where the delta
/// is; and as the specification has it.
fn written(times: &[u32], by_time: bool) -> Vec<u8> {
    let mut out = fmt0(4, times[0], 1, 9);
    let mut before = None;
    for pair in times.windows(2) {
        out.push(0);
        let delta = pair[1] - pair[0];
        match (by_time, before) {
            (_, None) => out.extend(fmt1(4, delta, 1, 9)),
            (true, _) if delta == 0 => out.push(0xC4),
            (false, Some(last)) if delta == last => out.push(0xC4),
            _ => out.extend(fmt2(4, delta)),
        }
        before = Some(delta);
    }
    out.push(0);
    out
}

#[test]
fn a_sender_that_means_the_same_time_by_fmt_3_does_not_get_later_each_time() {
    // Twice at the same time, again and again, at 30 frames a second.
    let pair_of_three = |frame: u32| frame / 3 * 99 + [0, 33, 33][frame as usize % 3];
    let skewed: Vec<u32> = (0..300).map(pair_of_three).collect();
    let mut steady: Vec<u32> = (0..20).map(|frame| 33 * frame).collect();
    let from = steady.last().expect("some") + 33;
    steady.extend(skewed.iter().map(|time| from + time));
    let read = times(&read_all(&mut reader(), &written(&steady, true)).expect("legal"));
    assert_eq!(read, steady, "an equal delta written out tells what fmt 3 means");

    // Where that shows late, what was added is taken back: never more than the frames up to there.
    let mut late = skewed.clone();
    late.truncate(30);
    let from = late.last().expect("some") + 66;
    late.extend((0..40).map(|frame| from + 33 * frame));
    late.extend(skewed.iter().map(|time| from + 40 * 33 + time));
    let read = times(&read_all(&mut reader(), &written(&late, true)).expect("legal"));
    assert_ne!(read[29], late[29], "it cannot be known");
    assert_eq!(read[60..], late[60..]);
}

#[test]
fn a_sender_that_means_the_same_delta_by_fmt_3_is_believed() {
    let mut uneven: Vec<u32> = (0..300).map(|frame| frame * 100 / 3).collect();
    uneven.extend((0..300).map(|frame| 10_000 + frame * 20));
    let read = times(&read_all(&mut reader(), &written(&uneven, false)).expect("legal"));
    assert_eq!(read, uneven);
}

#[test]
fn a_sender_that_writes_some_equal_deltas_out_and_others_not_is_believed() {
    let mut input = fmt0(4, 0, 1, 9);
    input.push(0);
    for number in 0..300 {
        match number % 2 {
            _ if number == 0 => input.extend(fmt1(4, 33, 1, 9)),
            0 => input.extend(fmt2(4, 33)),
            _ => input.push(0xC4),
        }
        input.push(0);
    }
    let read = times(&read_all(&mut reader(), &input).expect("legal"));
    assert_eq!(read, (0..=300).map(|number| number * 33).collect::<Vec<_>>());
}

/// A message of five chunks at an extended timestamp, with what a sender puts after each fmt 3 byte.
fn long_message(time: u32, repeated: &[u8]) -> Vec<u8> {
    let mut input = fmt0(6, time, 600, 9);
    for (at, chunk) in (0..600_u32).map(|i| i.to_le_bytes()[0]).collect::<Vec<u8>>().chunks(128).enumerate() {
        if at > 0 {
            input.push(0xC6);
            input.extend_from_slice(repeated);
        }
        input.extend_from_slice(chunk);
    }
    input
}

fn assert_intact(input: &[u8], time: u32) {
    for piece in [1, 2, 3, 5, 127, 600] {
        let mut reader = reader();
        let mut messages = Vec::new();
        for bytes in input.chunks(piece) {
            messages.extend(read_all(&mut reader, bytes).expect("legal"));
        }
        assert_eq!(times(&messages), [time], "in pieces of {piece}");
        let expected = (0..600_u32).map(|i| i.to_le_bytes()[0]).collect::<Vec<u8>>();
        assert_eq!(messages[0].payload, expected, "in pieces of {piece}");
    }
}

#[test]
fn an_extended_timestamp_repeated_in_every_chunk_leaves_the_payload_intact() {
    assert_intact(&long_message(0x0100_0000, &0x0100_0000_u32.to_be_bytes()), 0x0100_0000);
}

#[test]
fn an_extended_timestamp_left_out_by_old_librtmp_leaves_the_payload_intact() {
    assert_intact(&long_message(0x0100_0000, &[]), 0x0100_0000);
}

#[test]
fn old_librtmp_repeats_the_absolute_time_of_an_extended_delta() {
    let mut input = fmt0(6, 1_000, 1, 9);
    input.push(0);
    input.extend_from_slice(&fmt1(6, 0x0100_0000, 200, 9));
    input.extend_from_slice(&[7; 128]);
    input.push(0xC6);
    input.extend_from_slice(&(0x0100_0000_u32 + 1_000).to_be_bytes());
    input.extend_from_slice(&[7; 72]);
    let messages = read_all(&mut reader(), &input).expect("legal");
    assert_eq!(times(&messages), [1_000, 0x0100_0000 + 1_000]);
    assert_eq!(messages[1].payload, [7; 200].as_slice());
}

#[test]
fn a_timestamp_of_exactly_ffffff_is_read_from_its_extension() {
    let mut input = fmt0(4, 0xFF_FFFF, 1, 8);
    input.push(0);
    assert_eq!(input.len(), 17);
    assert_eq!(times(&read_all(&mut reader(), &input).expect("legal")), [0xFF_FFFF]);
}

#[test]
fn a_negative_step_is_a_delta_near_2_to_the_32() {
    let mut input = fmt0(4, 1_000, 1, 9);
    input.push(0);
    input.extend_from_slice(&fmt2(4, 0xFFFF_FFF0));
    input.push(0);
    assert_eq!(times(&read_all(&mut reader(), &input).expect("legal")), [1_000, 984]);
}

#[test]
fn timestamps_wrap_at_32_bits() {
    let mut input = fmt0(4, u32::MAX - 9, 1, 8);
    input.push(0);
    input.extend_from_slice(&fmt2(4, 23));
    input.push(0);
    assert_eq!(times(&read_all(&mut reader(), &input).expect("legal")), [u32::MAX - 9, 13]);
}

/// Four hours 39 minutes in, the 24-bit field is full.
#[test]
fn every_kind_of_writer_crosses_4_h_39_without_a_glitch() {
    for repeats in [true, false] {
        let mut reader = reader();
        reader.set_chunk_size(4_096).expect("legal");
        let mut input = fmt0(4, 16_777_000, 5_000, 9);
        let mut expected = Vec::new();
        for step in 0..20_u32 {
            let time = 16_777_000 + step * 33;
            if step > 0 {
                input.extend_from_slice(&fmt0(4, time, 5_000, 9));
            }
            input.extend_from_slice(&[0x5A; 4_096]);
            input.push(0xC4);
            if repeats && time >= EXTENDED {
                input.extend_from_slice(&time.to_be_bytes());
            }
            input.extend_from_slice(&[0x5A; 904]);
            expected.push(time);
        }
        let messages = read_all(&mut reader, &input).expect("legal");
        assert_eq!(times(&messages), expected, "extension repeated: {repeats}");
        assert!(messages.iter().all(|m| m.payload == vec![0x5A; 5_000]));
    }
}

#[test]
fn librtmp_opens_chunk_stream_2_with_fmt_1() {
    let mut input = fmt1(2, 0, 6, 4);
    input.extend_from_slice(&[0, 3, 0, 0, 0, 0]);
    let messages = read_all(&mut reader(), &input).expect("fmt 1 says what is needed");
    assert_eq!((messages[0].type_id, messages[0].stream_id), (4, 0));
}

#[test]
fn a_fresh_chunk_stream_with_nothing_to_inherit_is_an_error_and_no_panic() {
    for format in [0x80, 0xC0] {
        let result = read_all(&mut reader(), &[format | 33, 0, 0, 10, 1, 2, 3]);
        assert_eq!(result, Err(ChunkError::NothingToInherit(33)));
    }
}

#[test]
fn an_abort_drops_the_partial_message_and_the_next_is_fine() {
    let mut reader = reader();
    let mut input = fmt0(6, 0, 300, 9);
    input.extend_from_slice(&[1; 128]);
    assert_eq!(read_all(&mut reader, &input), Ok(vec![]));
    reader.abort(6);
    reader.abort(7);
    let mut input = fmt0(6, 40, 2, 9);
    input.extend_from_slice(&[2; 2]);
    assert_eq!(read_all(&mut reader, &input).expect("legal")[0].payload, [2; 2].as_slice());
    assert_eq!(reader.unfinished, 0);
}

#[test]
fn a_message_longer_than_allowed_is_refused_by_its_header() {
    let result = read_all(&mut reader(), &fmt0(6, 0, 0xFF_FFFF, 9));
    assert_eq!(result, Err(ChunkError::MessageTooLong { length: 0xFF_FFFF, max: 1 << 20 }));
}

#[test]
fn chunk_streams_with_partial_messages_are_bounded_in_number_and_bytes() {
    let mut many = reader();
    let mut result = Ok(vec![]);
    for csid in 0..10_000_u32 {
        let [low, high, ..] = csid.to_le_bytes();
        let mut input = vec![0x01, low, high, 0, 0, 0, 0, 1, 0, 9, 1, 0, 0, 0];
        input.extend_from_slice(&[0; 128]);
        result = read_all(&mut many, &input);
        if result.is_err() {
            break;
        }
    }
    assert_eq!(result, Err(ChunkError::TooManyChunkStreams(64)));
    let mut large = reader();
    for csid in [4, 5] {
        let mut input = fmt0(csid, 0, 1 << 20, 9);
        input.extend_from_slice(&[0; 128]);
        read_all(&mut large, &input).expect("two fit");
    }
    let third = read_all(&mut large, &fmt0(6, 0, 1 << 20, 9));
    assert_eq!(third, Err(ChunkError::TooMuchUnfinished(2 << 20)));
}

#[test]
fn a_new_header_inside_a_message_is_a_protocol_error() {
    let mut input = fmt0(6, 0, 300, 9);
    input.extend_from_slice(&[1; 128]);
    input.extend_from_slice(&fmt1(6, 0, 200, 9));
    assert_eq!(read_all(&mut reader(), &input), Err(ChunkError::Interrupted(6)));
}

#[test]
fn an_empty_message_is_a_message() {
    let messages = read_all(&mut reader(), &fmt0(4, 9, 0, 8)).expect("legal");
    assert!(messages[0].payload.is_empty());
}

proptest! {
    /// However the network cuts the bytes, the same messages come out.
    #[test]
    fn bytes_may_be_cut_anywhere(
        lengths in proptest::collection::vec((4_u8..9, 0_usize..700, 0_u32..0x0200_0000), 1..20),
        cuts in proptest::collection::vec(1_usize..200, 1..200),
    ) {
        let mut bytes = Vec::new();
        for &(csid, length, timestamp) in &lengths {
            let header = MessageHeader {
                csid, timestamp, length: u32::try_from(length).expect("small"), type_id: 9, stream_id: 1,
            };
            write_message(&mut bytes, 128, header, &vec![csid; length]);
        }
        let whole = read_all(&mut reader(), &bytes).expect("legal");
        prop_assert_eq!(whole.len(), lengths.len());
        let (mut reader, mut rest, mut pieces) = (reader(), bytes.as_slice(), Vec::new());
        for cut in cuts.iter().cycle() {
            let (piece, more) = rest.split_at((*cut).min(rest.len()));
            pieces.extend(read_all(&mut reader, piece).expect("legal"));
            rest = more;
            if rest.is_empty() { break; }
        }
        prop_assert_eq!(whole, pieces);
    }

    /// Nothing that a peer sends makes the reader panic, and it holds no more than it may.
    #[test]
    fn garbage_is_an_error_or_a_message(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let mut reader = reader();
        if read_all(&mut reader, &bytes).is_ok() {
            prop_assert!(reader.unfinished <= LIMITS.unfinished_max);
        }
    }
}
