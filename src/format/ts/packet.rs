//! Transport packets: header, continuity counter, adaptation field, stuffing (ISO/IEC 13818-1 §2.4.3).

use bytes::BufMut;

use super::{PACKET_LEN, wrapped};

/// What begins every packet.
const SYNC_BYTE: u8 = 0x47;
/// Bytes of a packet's header.
const HEADER_LEN: usize = 4;
/// Bytes of a packet behind its header.
const BODY_LEN: usize = PACKET_LEN - HEADER_LEN;
/// Bytes of a program clock reference.
const PCR_LEN: usize = 6;

/// One kind of packet: its number, and the counter by which a receiver notices that one was lost.
///
/// The counter goes on for as long as this lives, over segments too: players that join two segments count.
#[derive(Debug, Clone)]
pub struct Pid {
    number: u16,
    /// Of the next packet with payload; 4 bits are sent.
    counter: u8,
}

/// What the adaptation field of a packet says (§2.4.3.4); without any of it there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Adaptation {
    /// Time jumps here: clock references before it say nothing of those behind it.
    pub discontinuity: bool,
    /// A decoder may start at the frame that begins in this packet.
    pub random_access: bool,
    /// The program's clock, in ticks of 90 kHz.
    pub clock: Option<u64>,
}

impl Adaptation {
    /// Bytes it takes at least, its length field included.
    const fn len(self) -> usize {
        match self.clock {
            Some(_) => 2 + PCR_LEN,
            None if self.discontinuity || self.random_access => 2,
            None => 0,
        }
    }

    /// Writes it as a field of exactly `len` bytes, which is never less than its own length.
    fn put(self, out: &mut impl BufMut, len: usize) {
        // A field of one byte is its length alone: 0 bytes follow.
        let Some(behind) = len.checked_sub(1) else { return };
        out.put_u8(u8::try_from(behind).unwrap_or(u8::MAX));
        if behind == 0 {
            return;
        }
        let flags = u8::from(self.discontinuity) << 7
            | u8::from(self.random_access) << 6
            | u8::from(self.clock.is_some()) << 4;
        out.put_u8(flags);
        if let Some(clock) = self.clock {
            // 33 bits of base, 6 reserved, 9 of extension: the extension counts 27 MHz and stays 0.
            out.put_uint(wrapped(clock) << 15 | 0x3f << 9, PCR_LEN);
        }
        out.put_bytes(0xff, len.saturating_sub(self.len().max(2)));
    }
}

impl Pid {
    /// A number of 13 bits; its counter starts at 0.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self { number: number & 0x1fff, counter: 0 }
    }

    /// The number.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// Writes one payload unit, a PES packet or a table, whose bytes are `pieces` one after another: whole packets,
    /// the last one stuffed. `adaptation` goes into the first.
    pub fn put_unit(&mut self, out: &mut impl BufMut, adaptation: Adaptation, pieces: &[&[u8]]) {
        let mut left: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut pieces = Pieces { current: &[], rest: pieces };
        let mut adaptation = adaptation;
        let mut first = true;
        while left > 0 {
            let carried = left.min(BODY_LEN - adaptation.len());
            let field = BODY_LEN - carried;
            self.put_header(out, first, field > 0, true);
            self.counter = self.counter.wrapping_add(1);
            adaptation.put(out, field);
            pieces.put(out, carried);
            left -= carried;
            first = false;
            adaptation = Adaptation::default();
        }
    }

    /// Writes a packet of an adaptation field alone, for the clock. The counter stays (§2.4.3.3).
    pub fn put_adaptation(&self, out: &mut impl BufMut, adaptation: Adaptation) {
        // A packet without payload repeats the counter of the one before it.
        let repeated = Self { counter: self.counter.wrapping_sub(1), ..*self };
        repeated.put_header(out, false, true, false);
        adaptation.put(out, BODY_LEN);
    }

    fn put_header(&self, out: &mut impl BufMut, start: bool, adaptation: bool, payload: bool) {
        out.put_u8(SYNC_BYTE);
        out.put_u16(u16::from(start) << 14 | self.number);
        let control = u8::from(adaptation) << 5 | u8::from(payload) << 4;
        out.put_u8(control | self.counter & 0x0f);
    }
}

/// Bytes that lie in several places, read in order.
struct Pieces<'a> {
    current: &'a [u8],
    rest: &'a [&'a [u8]],
}

impl Pieces<'_> {
    /// Copies the next `count` bytes; there are that many.
    fn put(&mut self, out: &mut impl BufMut, mut count: usize) {
        while count > 0 {
            if self.current.is_empty() {
                let Some((next, rest)) = self.rest.split_first() else { return };
                (self.current, self.rest) = (next, rest);
                continue;
            }
            let (now, later) = self.current.split_at(count.min(self.current.len()));
            out.put_slice(now);
            self.current = later;
            count -= now.len();
        }
    }
}
