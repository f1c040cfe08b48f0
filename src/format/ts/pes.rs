//! The header of a PES packet: which stream, how long, when it is decoded and shown (ISO/IEC 13818-1 §2.4.3.6).

use super::wrapped;

/// The longest header: start code, length, flags, and two time stamps.
const HEADER_LEN_MAX: usize = 19;
/// Bytes of a time stamp.
const STAMP_LEN: usize = 5;
/// Bytes between the length field and the time stamps, which the length counts.
const FLAGS_LEN: usize = 3;

/// Which kind of stream a PES packet belongs to (§2.4.3.7, table 2-22). The first of its kind; HLS has no second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamId {
    /// Sound: its packets say their length.
    Audio,
    /// Sound that MPEG does not know (`private_stream_1`), which says its length too.
    Private,
    /// Pictures: their length may be left open, for the next picture ends them.
    Video,
}

impl StreamId {
    const fn code(self) -> u8 {
        match self {
            Self::Audio => 0xc0,
            Self::Private => 0xbd,
            Self::Video => 0xe0,
        }
    }
}

/// The bytes before the payload of one PES packet.
#[derive(Debug, Clone, Copy)]
pub struct PesHeader {
    bytes: [u8; HEADER_LEN_MAX],
    len: usize,
}

impl PesHeader {
    /// For a payload of `payload` bytes that begins with a whole frame, shown at `pts` and decoded at `dts`, in ticks of
    /// 90 kHz. Sound beyond 64 KiB leaves its length open too, which no sender comes near.
    #[must_use]
    pub fn new(stream: StreamId, payload: usize, pts: u64, dts: u64) -> Self {
        let (pts, dts) = (wrapped(pts), wrapped(dts));
        let apart = pts != dts;
        let stamps = if apart { 2 * STAMP_LEN } else { STAMP_LEN };
        let told = match stream {
            StreamId::Audio | StreamId::Private => u16::try_from(payload + FLAGS_LEN + stamps).unwrap_or(0),
            StreamId::Video => 0,
        };
        let [high, low] = told.to_be_bytes();
        // 0x84: no scrambling, data alignment.
        let flags = if apart { 0xc0 } else { 0x80 };
        let [p0, p1, p2, p3, p4] = stamp(if apart { 3 } else { 2 }, pts);
        let [d0, d1, d2, d3, d4] = stamp(1, dts);
        let stamps_len = if apart { 10 } else { 5 };
        let bytes = [
            0,
            0,
            1,
            stream.code(),
            high,
            low,
            0x84,
            flags,
            stamps_len, //
            p0,
            p1,
            p2,
            p3,
            p4,
            d0,
            d1,
            d2,
            d3,
            d4,
        ];
        Self { bytes, len: HEADER_LEN_MAX - 2 * STAMP_LEN + stamps }
    }

    /// As it is written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

/// Four bits that say which stamp it is, then 33 bits in three groups, each closed by a marker bit.
fn stamp(which: u64, ticks: u64) -> [u8; STAMP_LEN] {
    let value = which << 36
        | (ticks >> 30 & 0x7) << 33
        | 1 << 32
        | (ticks >> 15 & 0x7fff) << 17
        | 1 << 16
        | (ticks & 0x7fff) << 1
        | 1;
    let [_, _, _, bytes @ ..] = value.to_be_bytes();
    bytes
}
