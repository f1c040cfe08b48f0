//! The two tables that say what is in the stream: program association and program map (ISO/IEC 13818-1 §2.4.4).

use bytes::BufMut;

/// Bytes of a table as the payload of one packet, with the pointer before it and the stuffing behind.
pub const TABLE_LEN: usize = 184;

/// The program's number; there is one.
const PROGRAM: u16 = 1;
/// The stream's number in the association table; nobody looks at it.
const TRANSPORT_STREAM: u16 = 1;
/// Bytes of a section behind its length field that are not its body: number, version, section numbers, and CRC.
const SECTION_OVERHEAD: usize = 9;
/// Streams in a program map at most: what fits one packet, and far more than HLS has.
const STREAMS_MAX: usize = 16;

/// The registration descriptor and the bytes in it (§2.6.8).
const REGISTRATION: u8 = 5;
const REGISTRATION_LEN: u8 = 4;

/// What a stream holds (§2.4.4.9, table 2-34).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamType {
    /// MPEG-1 audio of any layer.
    Mpeg1Audio,
    /// MPEG-2 audio of any layer, which has the lower sample rates.
    Mpeg2Audio,
    /// AAC with ADTS headers.
    AacAdts,
    /// H.264 as an Annex B byte stream.
    H264,
    /// AC-3 as North America and Apple number it.
    Ac3,
    /// E-AC-3 in the same way.
    Eac3,
}

impl StreamType {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Mpeg1Audio => 0x03,
            Self::Mpeg2Audio => 0x04,
            Self::AacAdts => 0x0f,
            Self::H264 => 0x1b,
            Self::Ac3 => 0x81,
            Self::Eac3 => 0x87,
        }
    }

    /// Who gave it its code, where it is a private one, as the registration descriptor names them (§2.6.8).
    const fn registration(self) -> Option<[u8; 4]> {
        match self {
            Self::Ac3 => Some(*b"AC-3"),
            Self::Eac3 => Some(*b"EAC3"),
            Self::Mpeg1Audio | Self::Mpeg2Audio | Self::AacAdts | Self::H264 => None,
        }
    }
}

/// The association table: the one program's map is found at `map`.
#[must_use]
pub fn program_association(map: u16) -> [u8; TABLE_LEN] {
    let mut body = Vec::with_capacity(4);
    body.put_u16(PROGRAM);
    body.put_u16(0xe000 | map);
    section(0x00, TRANSPORT_STREAM, 0, &body)
}

/// The map of the program: its streams by number and type, the first 16, and which of them carries the clock.
/// `version` must change with the content; 5 bits of it are sent.
#[must_use]
pub fn program_map(version: u8, clock: u16, streams: &[(u16, StreamType)]) -> [u8; TABLE_LEN] {
    let mut body = Vec::with_capacity(4 + 5 * streams.len());
    body.put_u16(0xe000 | clock);
    // No descriptors of the program.
    body.put_u16(0xf000);
    for (pid, kind) in streams.iter().take(STREAMS_MAX) {
        body.put_u8(kind.code());
        body.put_u16(0xe000 | *pid);
        match kind.registration() {
            Some(format) => {
                body.put_u16(0xf000 | (u16::from(REGISTRATION_LEN) + 2));
                body.put_slice(&[REGISTRATION, REGISTRATION_LEN]);
                body.put_slice(&format);
            }
            // Nor of the stream.
            None => body.put_u16(0xf000),
        }
    }
    section(0x02, PROGRAM, version, &body)
}

/// A table of one section, in force at once, as a packet's payload.
fn section(table: u8, number: u16, version: u8, body: &[u8]) -> [u8; TABLE_LEN] {
    let mut section = Vec::with_capacity(3 + SECTION_OVERHEAD + body.len());
    section.put_u8(table);
    section.put_u16(0xb000 | u16::try_from(body.len() + SECTION_OVERHEAD).unwrap_or(0));
    section.put_u16(number);
    section.put_u8(0xc1 | (version & 0x1f) << 1);
    // Section 0 of 0.
    section.put_u16(0);
    section.put_slice(body);
    section.put_u32(crc32(&section));
    let mut payload = [0xff; TABLE_LEN];
    // The pointer: the section begins behind it.
    let bytes = std::iter::once(0).chain(section);
    payload.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    payload
}

/// CRC-32 of annex A: polynomial 04C11DB7, not reflected. A hundred bytes a segment need no table.
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000_0000 == 0 { shifted } else { shifted ^ 0x04c1_1db7 }
        })
    })
}
