//! Chunk headers (RTMP 1.0 §5.3.1): the basic header of any format, and the full header that we write.

use bytes::BufMut;

use super::EXTENDED;
use crate::format::wire::{Reader, Truncated, put_u24};

/// The longest header that we write before a message's body: basic header, fmt 0 and extended timestamp.
pub const HEADER_LEN_MAX: usize = 1 + 11 + 4;

/// The first one to three bytes of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BasicHeader {
    /// 0 to 3.
    pub(super) format: u8,
    /// Chunk stream id, 2 to 65599, whichever of the three encodings carried it.
    pub(super) csid: u32,
}

impl BasicHeader {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Truncated> {
        let first = reader.u8()?;
        let csid = match first & 0x3F {
            0 => 64 + u32::from(reader.u8()?),
            // Little-endian, unlike everything around it (RTMP 1.0 §5.3.1.1).
            1 => 64 + u32::from(reader.u8()?) + 256 * u32::from(reader.u8()?),
            direct => u32::from(direct),
        };
        Ok(Self { format: first >> 6, csid })
    }
}

/// What precedes a message's body on the wire when it is written whole (fmt 0), so that no state is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageHeader {
    /// Chunk stream id, 2 to 63: the one-byte encoding.
    pub csid: u8,
    /// Milliseconds, absolute.
    pub timestamp: u32,
    /// Bytes of the body, below 2^24.
    pub length: u32,
    /// Message type.
    pub type_id: u8,
    /// Message stream id.
    pub stream_id: u32,
}

impl MessageHeader {
    /// Writes basic header, fmt 0 fields and, from 0xFFFFFF ms on, the extended timestamp.
    pub fn write(&self, out: &mut impl BufMut) {
        debug_assert!((2..64).contains(&self.csid), "one-byte chunk stream ids only: {}", self.csid);
        out.put_u8(self.csid);
        put_u24(out, self.timestamp.min(EXTENDED));
        put_u24(out, self.length);
        out.put_u8(self.type_id);
        out.put_u32_le(self.stream_id);
        if self.is_extended() {
            out.put_u32(self.timestamp);
        }
    }

    /// Writes the header between two chunks of one message: fmt 3, with the extended timestamp repeated.
    pub fn write_continuation(&self, out: &mut impl BufMut) {
        out.put_u8(0xC0 | self.csid);
        if self.is_extended() {
            out.put_u32(self.timestamp);
        }
    }

    /// Whether the timestamp needs 32 bits.
    #[must_use]
    pub const fn is_extended(&self) -> bool {
        self.timestamp >= EXTENDED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_a_chunk_stream_id_is_read() {
        for (bytes, csid) in [
            (&[0x03][..], 3),
            (&[0x3F][..], 63),
            (&[0x00, 0x00][..], 64),
            (&[0x01, 0x00, 0x00][..], 64),
            (&[0x00, 0xFF][..], 319),
            (&[0x01, 0xFF, 0x00][..], 319),
            (&[0x01, 0x00, 0x01][..], 320),
            (&[0x01, 0xFF, 0xFF][..], 65_599),
        ] {
            let read = BasicHeader::read(&mut Reader::new(bytes));
            assert_eq!(read, Ok(BasicHeader { format: 0, csid }), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_timestamp_of_ffffff_is_extended_and_one_less_is_not() {
        let written = |timestamp| {
            let mut out = Vec::new();
            MessageHeader { csid: 4, timestamp, length: 1, type_id: 8, stream_id: 1 }.write(&mut out);
            out
        };
        assert_eq!(written(0xFF_FFFE).len(), 12);
        let extended = written(0xFF_FFFF);
        assert_eq!(extended.len(), 16);
        assert_eq!(extended[1..4], [0xFF; 3]);
        assert_eq!(extended[12..], [0, 0xFF, 0xFF, 0xFF]);
    }
}
