//! Messages to bytes: small ones for one peer, and the shared form of a media message for all peers.
//!
//! A media message's body is the same for every reader; only its header differs (stream id, own timeline). So the body
//! is cut into chunks once, and each reader adds its 12 to 16 bytes of header beside it.

use std::io::IoSlice;
use std::sync::OnceLock;

use bytes::{BufMut, Bytes};
use smallvec::SmallVec;

use super::header::{HEADER_LEN_MAX, MessageHeader};

/// Up to this many chunks a body is sent as slices of the payload with headers between; beyond, it is joined once
/// with its headers inside, so that no reader builds long vectors. 4 chunks are 7 slices.
const SLICES_MAX: usize = 4;

/// Writes a whole message for one peer: fmt 0, then fmt 3 between chunks.
pub(in crate::rtmp) fn write_message(
    out: &mut Vec<u8>,
    chunk_size: u32,
    header: MessageHeader,
    payload: &[u8],
) {
    debug_assert_eq!(header.length as usize, payload.len(), "the header announces the payload");
    header.write(out);
    for (at, chunk) in payload.chunks(chunk_size.max(1) as usize).enumerate() {
        if at > 0 {
            header.write_continuation(out);
        }
        out.extend_from_slice(chunk);
    }
}

/// A message that many connections send: `prefix` then `payload`, neither ever copied for a single connection.
#[derive(Debug)]
pub struct SharedMessage {
    csid: u8,
    type_id: u8,
    prefix: SmallVec<[u8; 8]>,
    payload: Bytes,
    /// The body for the first chunk size that needed one, with chunk headers inside.
    joined: OnceLock<(u32, Bytes)>,
}

impl SharedMessage {
    /// A message of `type_id` on chunk stream `csid` (2 to 63) whose body is `prefix` then `payload`.
    #[must_use]
    pub fn new(csid: u8, type_id: u8, prefix: &[u8], payload: Bytes) -> Self {
        Self { csid, type_id, prefix: SmallVec::from_slice(prefix), payload, joined: OnceLock::new() }
    }

    /// Bytes of the body.
    #[must_use]
    pub fn body_len(&self) -> usize {
        self.prefix.len() + self.payload.len()
    }

    /// The header that one connection sends before the body.
    #[must_use]
    pub fn header(&self, timestamp: u32, stream_id: u32) -> MessageHeader {
        MessageHeader {
            csid: self.csid,
            timestamp,
            length: u32::try_from(self.body_len()).unwrap_or(0x00FF_FFFF),
            type_id: self.type_id,
            stream_id,
        }
    }

    /// Writes what one connection adds: its header and, unless the body is joined, the prefix; then its fmt 3 header.
    /// Returns the number of bytes before the fmt 3 header.
    pub fn write_own(&self, header: MessageHeader, chunk_size: u32, out: &mut Vec<u8>) -> usize {
        let before = out.len();
        header.write(out);
        if self.joined_for(header, chunk_size).is_none() {
            out.extend_from_slice(&self.prefix);
        }
        let own = out.len() - before;
        header.write_continuation(out);
        own
    }

    /// Bytes on the wire for one connection.
    #[must_use]
    pub fn wire_len(&self, header: MessageHeader, chunk_size: u32) -> usize {
        let extended = if header.is_extended() { 4 } else { 0 };
        12 + extended + self.body_len() + self.chunks(chunk_size).saturating_sub(1) * (1 + extended)
    }

    /// Appends the slices of the whole message for one connection: `head` and `continuation` are what
    /// [`write_own`](Self::write_own) wrote, cut at the number it returned.
    pub fn gather<'a>(
        &'a self,
        header: MessageHeader,
        chunk_size: u32,
        head: &'a [u8],
        continuation: &'a [u8],
        out: &mut impl Extend<IoSlice<'a>>,
    ) {
        out.extend([IoSlice::new(head)]);
        if let Some(joined) = self.joined_for(header, chunk_size) {
            out.extend([IoSlice::new(joined)]);
            return;
        }
        let first = (chunk_size as usize).saturating_sub(self.prefix.len());
        let (first, rest) = self.payload.split_at_checked(first).unwrap_or((&self.payload, &[]));
        out.extend([IoSlice::new(first)]);
        for chunk in rest.chunks(chunk_size.max(1) as usize) {
            out.extend([IoSlice::new(continuation), IoSlice::new(chunk)]);
        }
    }

    /// What is left of the whole message for one connection after its first `sent` bytes, sharing the payload.
    pub fn remainder(&self, header: MessageHeader, chunk_size: u32, sent: usize) -> SmallVec<[Bytes; 8]> {
        let mut own = Vec::with_capacity(HEADER_LEN_MAX * 2);
        let cut = self.write_own(header, chunk_size, &mut own);
        let own = Bytes::from(own);
        let (head, continuation) = (own.slice(..cut), own.slice(cut..));
        let mut slices: SmallVec<[IoSlice<'_>; 8]> = SmallVec::new();
        self.gather(header, chunk_size, &head, &continuation, &mut slices);
        let joined = self.joined_for(header, chunk_size);
        let mut skip = sent;
        let mut pieces = SmallVec::new();
        for (at, slice) in slices.iter().enumerate() {
            let bytes: &[u8] = slice;
            let Some(left) = bytes.get(skip.min(bytes.len())..).filter(|left| !left.is_empty()) else {
                skip -= bytes.len();
                continue;
            };
            skip = 0;
            // Even slices after the head are headers of ours; odd ones are the body.
            let parent = match (at, joined) {
                (0, _) => &head,
                (_, Some(joined)) => joined,
                (at, None) if at % 2 == 0 => &continuation,
                _ => &self.payload,
            };
            pieces.push(parent.slice_ref(left));
        }
        pieces
    }

    fn chunks(&self, chunk_size: u32) -> usize {
        self.body_len().div_ceil(chunk_size.max(1) as usize)
    }

    /// The joined body, made at the first call. `None` where slices serve: few chunks, an own extended timestamp in
    /// each fmt 3 header, or a second chunk size among the readers.
    fn joined_for(&self, header: MessageHeader, chunk_size: u32) -> Option<&Bytes> {
        if header.is_extended() || self.chunks(chunk_size) <= SLICES_MAX {
            return None;
        }
        let (size, joined) = self.joined.get_or_init(|| (chunk_size, self.join(chunk_size)));
        (*size == chunk_size).then_some(joined)
    }

    fn join(&self, chunk_size: u32) -> Bytes {
        let size = chunk_size.max(1) as usize;
        let mut out = Vec::with_capacity(self.body_len() + self.chunks(chunk_size));
        out.extend_from_slice(&self.prefix);
        let first = size.saturating_sub(self.prefix.len());
        let (first, rest) = self.payload.split_at_checked(first).unwrap_or((&self.payload, &[]));
        out.extend_from_slice(first);
        for chunk in rest.chunks(size) {
            out.put_u8(0xC0 | self.csid);
            out.extend_from_slice(chunk);
        }
        Bytes::from(out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChunkLimits, ChunkReader, RawMessage};
    use super::*;

    const LIMITS: ChunkLimits =
        ChunkLimits { message_max: 1 << 24, chunk_streams_max: 8, unfinished_max: 1 << 25 };

    fn wire(message: &SharedMessage, timestamp: u32, chunk_size: u32) -> Vec<u8> {
        let header = message.header(timestamp, 1);
        let mut own = Vec::new();
        let cut = message.write_own(header, chunk_size, &mut own);
        let (head, continuation) = own.split_at(cut);
        let mut slices = Vec::new();
        message.gather(header, chunk_size, head, continuation, &mut slices);
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied()).collect::<Vec<u8>>();
        assert_eq!(bytes.len(), message.wire_len(header, chunk_size));
        bytes
    }

    #[test]
    fn what_is_left_after_any_number_of_bytes_completes_the_message() {
        let payload = Bytes::from((0..700_u32).map(|i| i.to_le_bytes()[0]).collect::<Vec<u8>>());
        for (chunk_size, timestamp) in [(128, 5), (256, 5), (256, 0x0100_0000), (4_096, 5)] {
            let message = SharedMessage::new(6, 9, &[0x17, 1, 0, 0, 0], payload.clone());
            let whole = wire(&message, timestamp, chunk_size);
            for sent in 0..=whole.len() {
                let left = message.remainder(message.header(timestamp, 1), chunk_size, sent);
                assert_eq!(left.concat(), whole[sent..], "after {sent} of chunks of {chunk_size}");
            }
        }
    }

    fn read_back(bytes: &[u8], chunk_size: u32) -> RawMessage {
        let mut reader = ChunkReader::new(LIMITS);
        reader.set_chunk_size(chunk_size).expect("not zero");
        let mut input = bytes;
        let message = reader.read(&mut input).expect("legal chunks").expect("a whole message");
        assert!(input.is_empty(), "nothing follows the message");
        message
    }

    #[test]
    fn every_form_of_a_message_is_the_same_message() {
        let payload = Bytes::from((0..10_000_u32).map(|i| i.to_le_bytes()[0]).collect::<Vec<u8>>());
        let mut body = vec![0x17, 1, 0, 0, 0];
        body.extend_from_slice(&payload);
        for chunk_size in [128, 129, 4_096, 5_000, 10_004, 10_005, 65_536] {
            for timestamp in [0, 33, 0xFF_FFFE, 0xFF_FFFF, 0x0100_0000, u32::MAX] {
                let message = SharedMessage::new(6, 9, &[0x17, 1, 0, 0, 0], payload.clone());
                let read = read_back(&wire(&message, timestamp, chunk_size), chunk_size);
                assert_eq!((read.timestamp, read.type_id, read.stream_id), (timestamp, 9, 1));
                assert_eq!(read.payload, body, "chunks of {chunk_size} at {timestamp}");
            }
        }
    }

    #[test]
    fn a_second_chunk_size_gets_the_same_message() {
        let message = SharedMessage::new(6, 9, &[0x27, 1, 0, 0, 0], Bytes::from(vec![7; 5_000]));
        assert_eq!(read_back(&wire(&message, 1, 128), 128).payload.len(), 5_005);
        assert_eq!(read_back(&wire(&message, 1, 256), 256).payload.len(), 5_005);
    }

    #[test]
    fn a_message_without_payload_is_sent() {
        let message = SharedMessage::new(4, 8, &[], Bytes::new());
        assert_eq!(read_back(&wire(&message, 5, 4_096), 4_096).payload.len(), 0);
    }

    #[test]
    fn control_messages_are_cut_like_any_other() {
        let mut out = Vec::new();
        let header = MessageHeader { csid: 3, timestamp: 0, length: 300, type_id: 20, stream_id: 0 };
        write_message(&mut out, 128, header, &[9; 300]);
        assert_eq!(out.len(), 12 + 300 + 2);
        assert_eq!(read_back(&out, 128).payload, vec![9; 300]);
    }
}
