//! MPEG transport streams (ISO/IEC 13818-1), as HLS carries them: packets of 188 bytes, tables, PES headers.
//!
//! Writes only, and only what one program with few streams needs: no null packets, no scrambling, no descriptors.
//! Payload bytes are copied here, since a header stands before every 184 of them. Which frame becomes which PES
//! packet, and when tables are repeated, `media::remux::to_ts` decides.

mod packet;
mod pes;
mod psi;
#[cfg(test)]
mod tests;

pub use packet::{Adaptation, Pid};
pub use pes::{PesHeader, StreamId};
pub use psi::{StreamType, TABLE_LEN, program_association, program_map};

/// Bytes of a transport packet (§2.4.3.2).
pub const PACKET_LEN: usize = 188;
/// Ticks a second of time stamps, and of the base of the clock reference.
pub const CLOCK_HZ: u32 = 90_000;

/// Bits of a time stamp (§2.4.3.7).
const TIMESTAMP_BITS: u32 = 33;

/// A time of 90 kHz as the stream carries it: 33 bits that wrap every 26.5 hours, which players follow.
#[must_use]
const fn wrapped(ticks: u64) -> u64 {
    ticks & ((1 << TIMESTAMP_BITS) - 1)
}
