//! What the extended bodies of Enhanced RTMP v2 have in common: extensions, and the split into tracks.
//!
//! The packet types differ between sound and pictures, so each reads its own; here they are only carried along.

use bytes::Bytes;
use smallvec::SmallVec;

use super::{Error, FourCc, Prefix};
use crate::format::wire::{Reader, Truncated, put_u24};

/// The packet type, of sound and of pictures, that says that an extension stands before the real one.
pub(super) const MOD_EX: u8 = 7;

/// Tracks in one message. Encoders send one; a message of empty tracks could name millions.
const TRACKS_MAX: usize = 16;

/// The extension that moves a presentation time by nanoseconds.
const TIMESTAMP_OFFSET_NANO: u8 = 0;
/// Nanoseconds that are believed: less than a millisecond, which the timestamp counts.
const NANOS_MAX: u32 = 999_999;

/// How a message with several tracks is laid out.
mod multitrack {
    pub(super) const ONE_TRACK: u8 = 0;
    pub(super) const MANY_TRACKS: u8 = 1;
    pub(super) const MANY_TRACKS_MANY_CODECS: u8 = 2;
}

/// One track's part of a message.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) four: FourCc,
    pub(super) track: u8,
    pub(super) data: Bytes,
}

/// Parts that belong together: all have the same packet type.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) kind: u8,
    pub(super) parts: SmallVec<[Part; 1]>,
}

/// Reads the extensions that stand before a packet type. The type that follows them, and the nanoseconds that they
/// add to the presentation time.
pub(super) fn extensions(reader: &mut Reader<'_>, mut kind: u8) -> Result<(u8, u32), Truncated> {
    let mut nanos = 0;
    while kind == MOD_EX {
        let mut size = usize::from(reader.u8()?) + 1;
        // 255 says that two bytes with the real size follow.
        if size == 256 {
            size = usize::from(reader.u16()?) + 1;
        }
        let data = reader.take(size)?;
        let next = reader.u8()?;
        if next >> 4 == TIMESTAMP_OFFSET_NANO {
            nanos = Reader::new(data).u24().unwrap_or(0).min(NANOS_MAX);
        }
        kind = next & 0x0F;
    }
    Ok((kind, nanos))
}

/// Reads what follows the packet type of a message with one track: a FourCC, then the track to the end.
pub(super) fn single(body: &Bytes, mut reader: Reader<'_>, kind: u8) -> Result<Parts, Error> {
    let four = reader.array()?;
    let part = Part { four, track: 0, data: body.slice_ref(reader.rest()) };
    Ok(Parts { kind, parts: SmallVec::from_buf([part]) })
}

/// Reads what follows the packet type that says multitrack, which is `kind`.
pub(super) fn several(body: &Bytes, mut reader: Reader<'_>, kind: u8) -> Result<Parts, Error> {
    let head = reader.u8()?;
    let (layout, inner) = (head >> 4, head & 0x0F);
    if inner == kind || inner == MOD_EX {
        return Err(Error::PacketType(inner));
    }
    let mut four = match layout {
        multitrack::ONE_TRACK | multitrack::MANY_TRACKS => reader.array()?,
        multitrack::MANY_TRACKS_MANY_CODECS => FourCc::default(),
        unknown => return Err(Error::MultitrackType(unknown)),
    };
    let mut parts = SmallVec::new();
    if layout == multitrack::ONE_TRACK {
        let track = reader.u8()?;
        parts.push(Part { four, track, data: body.slice_ref(reader.rest()) });
        return Ok(Parts { kind: inner, parts });
    }
    while !reader.is_empty() {
        if parts.len() == TRACKS_MAX {
            return Err(Error::TooManyTracks);
        }
        if layout == multitrack::MANY_TRACKS_MANY_CODECS {
            four = reader.array()?;
        }
        let track = reader.u8()?;
        let size = reader.u24()?;
        parts.push(Part { four, track, data: body.slice_ref(reader.take(size as usize)?) });
    }
    Ok(Parts { kind: inner, parts })
}

/// What stands at the beginning of an extended body that carries one track.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    /// The first byte without its packet type.
    pub(super) high: u8,
    /// The packet type of the track.
    pub(super) kind: u8,
    /// The packet type that says multitrack.
    pub(super) multitrack: u8,
    pub(super) four: FourCc,
    pub(super) track: u8,
    pub(super) offset_nanos: u32,
}

impl Opening {
    /// Writes it: the plain form for track 0, `OneTrack` for others.
    pub(super) fn write(self) -> Prefix {
        let mut out = Prefix::new();
        let kind = if self.track == 0 { self.kind } else { self.multitrack };
        if self.offset_nanos == 0 {
            out.push(self.high | kind);
        } else {
            out.extend_from_slice(&[self.high | MOD_EX, 2]);
            put_nanos(&mut out, self.offset_nanos);
            out.push(TIMESTAMP_OFFSET_NANO << 4 | kind);
        }
        if self.track == 0 {
            out.extend_from_slice(&self.four);
        } else {
            out.push(multitrack::ONE_TRACK << 4 | self.kind);
            out.extend_from_slice(&self.four);
            out.push(self.track);
        }
        out
    }
}

fn put_nanos(out: &mut Prefix, nanos: u32) {
    let mut bytes = [0_u8; 3];
    put_u24(&mut bytes.as_mut_slice(), nanos.min(NANOS_MAX));
    out.extend_from_slice(&bytes);
}
