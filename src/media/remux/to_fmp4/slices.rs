//! Payloads without what a sample must not carry: cut out by slicing, never by copying.

use bytes::{Bytes, BytesMut};

use super::Slices;
use crate::format::av1::Av1Config;
use crate::format::av1::obu::{self, Obus};
use crate::format::h264::AvcConfig;
use crate::format::h265::{HevcConfig, unit};
use crate::format::nal;
use crate::format::wire::Reader;

/// The stretches of a payload that are kept, as they are walked.
struct Kept<'a> {
    payload: &'a Bytes,
    slices: Slices,
    start: usize,
    end: usize,
}

impl<'a> Kept<'a> {
    const fn of(payload: &'a Bytes) -> Self {
        Self { payload, slices: Slices::new_const(), start: 0, end: 0 }
    }

    /// Takes what lies before `past` and after the last call, or leaves it out.
    fn walk(&mut self, past: usize, keep: bool) {
        if keep {
            self.end = past;
            return;
        }
        self.cut();
        (self.start, self.end) = (past, past);
    }

    fn cut(&mut self) {
        if self.end > self.start {
            self.slices.push(self.payload.slice(self.start..self.end));
        }
    }

    fn finish(mut self) -> Slices {
        self.cut();
        self.slices
    }
}

/// The payload's NAL units without delimiters, filler, and parameter sets that the configuration has already.
///
/// Parameter sets that differ stay: a decoder that reads them goes right, and one that does not is no worse off.
/// A unit whose length runs past the payload ends the sample before it.
pub(super) fn h264_slices(payload: &Bytes, config: &AvcConfig) -> Slices {
    nal_slices(payload, config.length_size, |unit| match nal::unit_type(unit) {
        nal::SPS => config.sps.iter().any(|known| known == unit),
        nal::PPS => config.pps.iter().any(|known| known == unit),
        nal::AUD | nal::FILLER => true,
        _ => false,
    })
}

/// The parameter sets of a configuration as units of its samples; `None` where one is longer than their lengths can say.
pub(super) fn h264_sets(config: &AvcConfig) -> Option<Bytes> {
    let sets = || config.sps.iter().chain(&config.pps);
    let prefix = usize::from(config.length_size).min(4);
    let mut units = BytesMut::with_capacity(sets().map(|set| prefix + set.len()).sum());
    for set in sets() {
        let len = u32::try_from(set.len()).ok()?.to_be_bytes();
        let (unsaid, said) = len.split_at(len.len() - prefix);
        if unsaid.iter().any(|byte| *byte != 0) {
            return None;
        }
        units.extend_from_slice(said);
        units.extend_from_slice(set);
    }
    Some(units.freeze())
}

/// As [`h264_slices`], for HEVC.
pub(super) fn h265_slices(payload: &Bytes, config: &HevcConfig) -> Slices {
    let sets = &config.sets;
    nal_slices(payload, config.length_size, |unit| match unit::unit_type(unit) {
        Some(unit::VPS) => sets.vps.iter().any(|known| known == unit),
        Some(unit::SPS) => sets.sps.iter().any(|known| known == unit),
        Some(unit::PPS) => sets.pps.iter().any(|known| known == unit),
        Some(unit::AUD | unit::FILLER) => true,
        _ => false,
    })
}

fn nal_slices(payload: &Bytes, length_size: u8, dispensable: impl Fn(&[u8]) -> bool) -> Slices {
    let mut kept = Kept::of(payload);
    let mut reader = Reader::new(payload);
    while let Some(unit) = next_unit(&mut reader, length_size) {
        kept.walk(payload.len() - reader.remaining(), !unit.is_empty() && !dispensable(unit));
    }
    kept.finish()
}

/// The temporal unit without delimiters, tile lists and padding.
///
/// A key frame without a sequence header gets that of the configuration before it: players start at samples that
/// are marked as a start, and not all of them hand the configuration to the decoder. An unreadable unit ends the
/// sample before it.
pub(super) fn av1_slices(payload: &Bytes, config: &Av1Config, keyframe: bool) -> Slices {
    let mut kept = Kept::of(payload);
    let (mut past, mut described) = (0, false);
    for unit in Obus::new(payload).map_while(Result::ok) {
        past += unit.whole.len();
        described |= unit.kind == obu::SEQUENCE_HEADER;
        kept.walk(past, !obu::is_left_out_of_samples(unit.kind));
    }
    let mut slices = kept.finish();
    if keyframe
        && !described
        && !slices.is_empty()
        && let Some(header) = &config.sequence_obu
    {
        slices.insert(0, header.clone());
    }
    slices
}

/// The next unit behind its length; `None` at the end and where the length lies.
fn next_unit<'a>(reader: &mut Reader<'a>, length_size: u8) -> Option<&'a [u8]> {
    let mut ahead = *reader;
    let prefix = ahead.take(usize::from(length_size)).ok().filter(|prefix| !prefix.is_empty())?;
    let len = prefix.iter().fold(0_usize, |len, byte| (len << 8) | usize::from(*byte));
    let unit = ahead.take(len).ok()?;
    *reader = ahead;
    Some(unit)
}
