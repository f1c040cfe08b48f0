//! HEVC as an encoder sends it in FLV bodies: which configuration is in force, and where a decoder may start.
//!
//! Bodies lie about both: relays write 0 in place of the frame type, parameter sets change inside frames, and cameras
//! send the header again with every group of pictures. The NAL units decide here, as in `avc`.

use bytes::Bytes;
use smallvec::SmallVec;

use super::avc::{HEADER_BYTES_MAX, PARAMETER_SET_BYTES_MAX, PARAMETER_SETS_MAX, length_prefixed, trim};
use super::from_flv::Refusal;
use crate::format::a53::Captions;
use crate::format::h265::{HevcConfig, Sets, unit};
use crate::format::nal;
use crate::media::TrackId;

/// Bytes of a length prefix where no record says otherwise, and after a conversion from Annex B.
const LENGTH_SIZE: u8 = 4;

/// One coded picture, and the configuration that begins with it, if it is new.
#[derive(Debug)]
pub(super) struct AccessUnit {
    pub(super) config: Option<HevcConfig>,
    /// Whether it is an intra random access point. Behind one that is no IDR picture (CRA, BLA), skipped leading
    /// pictures may follow; who starts there leaves them out.
    pub(super) keyframe: bool,
    pub(super) payload: Bytes,
}

/// The HEVC track of one publisher.
#[derive(Debug, Default)]
pub(super) struct HevcSource {
    /// In force. Without a set of each kind when the record leaves them to the frames and none came yet.
    config: Option<HevcConfig>,
    /// The last sequence header as sent: encoders repeat it, also while in-band sets are in force.
    header: Bytes,
    /// Parameter sets that came in band, differ from the configuration, and wait for a random access point.
    pending: Sets,
    /// The captions found so far. Looked for until they are those that all players know.
    captions: Option<Captions>,
}

/// What the units of one message are.
#[derive(Debug, Default)]
struct Scan<'a> {
    /// The type of the first slice of the base layer.
    picture: Option<u8>,
    vps: SmallVec<[&'a [u8]; 4]>,
    sps: SmallVec<[&'a [u8]; 4]>,
    pps: SmallVec<[&'a [u8]; 4]>,
    sei: SmallVec<[&'a [u8]; 4]>,
}

impl HevcSource {
    /// Reads a sequence header. `None` when it says nothing new, or leaves something to the frames.
    pub(super) fn header(&mut self, data: &Bytes) -> Result<Option<HevcConfig>, Refusal> {
        if data.is_empty() || *data == self.header {
            return Ok(None);
        }
        if data.len() > HEADER_BYTES_MAX {
            return Err(Refusal::malformed(
                "HEVC sequence header",
                format_args!("{} bytes of it", data.len()),
            ));
        }
        let config = if opens_with_start_code(data) {
            from_annex_b(data)?
        } else {
            HevcConfig::parse(data.clone())
                .map_err(|error| Refusal::malformed("HEVC sequence header", error))?
        };
        self.header = data.clone();
        self.pending = Sets::default();
        if self.config.as_ref() == Some(&config) {
            return Ok(None);
        }
        self.config = Some(config.clone());
        Ok(config.sets.is_complete().then_some(config))
    }

    /// The closed captions that were found in some frame.
    pub(super) const fn captions(&self) -> Option<Captions> {
        self.captions
    }

    /// Reads the NAL units of a frame. `None` when there is no picture among them.
    pub(super) fn units(&mut self, data: Bytes) -> Result<Option<AccessUnit>, Refusal> {
        if data.is_empty() {
            return Ok(None);
        }
        let announced = self.config.as_ref().map(|config| config.length_size);
        let (payload, length_size) = length_prefixed(data, announced);
        let Some(kind) = self.scan(&payload, length_size)? else { return Ok(None) };
        let keyframe = unit::is_random_access(kind);
        let config = if keyframe { self.activate(length_size) } else { None };
        let Some(in_force) = self.config.as_ref().filter(|config| config.sets.is_complete()) else {
            return Err(Refusal::NoConfiguration(TrackId::VIDEO));
        };
        if in_force.length_size != length_size {
            return Err(Refusal::malformed("HEVC frame", "start codes where lengths were announced"));
        }
        Ok(Some(AccessUnit { config, keyframe, payload }))
    }

    /// Looks through the units of a frame and keeps the parameter sets. `None` when there is no picture.
    fn scan(&mut self, payload: &[u8], length_size: u8) -> Result<Option<u8>, Refusal> {
        let scan = Scan::new(payload, length_size)?;
        self.remember(&scan);
        self.captions = Captions::after(self.captions, scan.sei.iter().copied(), 2);
        Ok(scan.picture)
    }

    /// Keeps parameter sets that are not the configuration's. Encoders that repeat them repeat all of a kind, so
    /// those that came last stand for all.
    fn remember(&mut self, scan: &Scan<'_>) {
        let none = Sets::default();
        let known = self.config.as_ref().map_or(&none, |config| &config.sets);
        remember(&mut self.pending.vps, &scan.vps, &known.vps);
        remember(&mut self.pending.sps, &scan.sps, &known.sps);
        remember(&mut self.pending.pps, &scan.pps, &known.pps);
    }

    /// Puts pending parameter sets in force. `None` when there are none, or they cannot be read.
    fn activate(&mut self, length_size: u8) -> Option<HevcConfig> {
        let pending = std::mem::take(&mut self.pending);
        let resized = self.config.as_ref().is_some_and(|config| config.length_size != length_size);
        if pending == Sets::default() && !resized {
            return None;
        }
        let none = Sets::default();
        let known = self.config.as_ref().map_or(&none, |config| &config.sets);
        let newest = |pending: Vec<Bytes>, known: &[Bytes]| {
            if pending.is_empty() { known.to_vec() } else { pending }
        };
        let config = HevcConfig::from_parameter_sets(
            &newest(pending.vps, &known.vps),
            &newest(pending.sps, &known.sps),
            &newest(pending.pps, &known.pps),
        )?;
        let config = with_length_size(config, length_size)?;
        self.config = Some(config.clone());
        Some(config)
    }
}

impl<'a> Scan<'a> {
    fn new(payload: &'a [u8], length_size: u8) -> Result<Self, Refusal> {
        let mut scan = Self::default();
        for found in nal::Units::new(payload, length_size) {
            let found = found.map_err(|error| Refusal::malformed("HEVC frame", error))?;
            let Some(kind) = unit::unit_type(found) else { continue };
            if !unit::is_base_layer(found) {
                continue;
            }
            if unit::is_slice(kind) {
                scan.picture = scan.picture.or(Some(kind));
                continue;
            }
            let sets = match kind {
                unit::VPS => &mut scan.vps,
                unit::SPS => &mut scan.sps,
                unit::PPS => &mut scan.pps,
                unit::PREFIX_SEI => &mut scan.sei,
                _ => continue,
            };
            if sets.len() < PARAMETER_SETS_MAX && found.len() <= PARAMETER_SET_BYTES_MAX {
                sets.push(trim(found));
            }
        }
        Ok(scan)
    }
}

fn from_annex_b(data: &Bytes) -> Result<HevcConfig, Refusal> {
    let units = nal::annex_b_to_length_prefixed(data);
    let scan = Scan::new(&units, LENGTH_SIZE)?;
    let copied = |sets: &[&[u8]]| sets.iter().map(|set| Bytes::copy_from_slice(set)).collect::<Vec<_>>();
    HevcConfig::from_parameter_sets(&copied(&scan.vps), &copied(&scan.sps), &copied(&scan.pps))
        .ok_or_else(|| Refusal::malformed("HEVC sequence header", "start codes without parameter sets"))
}

fn with_length_size(config: HevcConfig, length_size: u8) -> Option<HevcConfig> {
    if config.length_size == length_size {
        return Some(config);
    }
    // ISO/IEC 14496-15 §8.3.3.1: frame rate, layers and nesting in six bits, then lengthSizeMinusOne.
    let mut record = config.record.to_vec();
    let byte = record.get_mut(21)?;
    *byte = *byte & 0xFC | length_size.checked_sub(1)?;
    HevcConfig::parse(Bytes::from(record)).ok()
}

/// Whether a header is Annex B: a start code, and a parameter set of the base layer behind it. Three zeros before a
/// record look alike, but no profile opens it like that.
fn opens_with_start_code(data: &[u8]) -> bool {
    let unit = data.strip_prefix(&[0, 0, 0, 1]).or_else(|| data.strip_prefix(&[0, 0, 1])).unwrap_or_default();
    let kind = unit::unit_type(unit).unwrap_or_default();
    unit::is_base_layer(unit) && matches!(kind, unit::VPS..=unit::AUD)
}

/// Replaces `pending` by the sets `seen`, or by nothing when all of them are `known`.
fn remember(pending: &mut Vec<Bytes>, seen: &[&[u8]], known: &[Bytes]) {
    if seen.is_empty() {
        return;
    }
    pending.clear();
    if !seen.iter().all(|set| known.iter().any(|known| trim(known) == *set)) {
        // Copied: a slice would keep the whole message in memory for as long as the configuration lives.
        pending.extend(seen.iter().map(|set| Bytes::copy_from_slice(set)));
    }
}

#[cfg(test)]
#[path = "hevc_tests.rs"]
mod tests;
