//! H.264 as an encoder sends it in FLV bodies: which configuration is in force, and where a decoder may start.
//!
//! Bodies lie about both: parameter sets change inside frames, headers come again with every group of pictures,
//! and the key bit is set by habit. The NAL units decide here.

use bytes::Bytes;
use smallvec::SmallVec;

use super::from_flv::Refusal;
use crate::format::a53::Captions;
use crate::format::h264::{self, AvcConfig};
use crate::format::nal;
use crate::media::{TrackId, TrackKind};

/// Parameter sets of one kind that are looked at in one message, and gathered from messages. Encoders send one to three;
/// H.264 has ids for 32 SPS and 256 PPS, which nobody uses, and a record holds 31 SPS.
pub(super) const PARAMETER_SETS_MAX: usize = 31;

/// SEI units that are looked at in one message. Encoders send one to five.
const SEI_UNITS_MAX: usize = 16;

/// Bytes of one parameter set. Real ones have up to 200; what is kept is sent to every reader.
pub(super) const PARAMETER_SET_BYTES_MAX: usize = 4_096;

/// Bytes of a sequence header: room for all of its parameter sets.
pub(super) const HEADER_BYTES_MAX: usize = 64 * 1_024;

/// Frames without an IDR picture, after which a recovery point counts as a keyframe, whatever the body calls it: 10 s at
/// 30 frames a second. Counted in frames, since a translator sees no clock.
const OPEN_GOP_FRAMES: u32 = 300;

/// Bytes of a length prefix where no record says otherwise, and after a conversion from Annex B.
const LENGTH_SIZE: u8 = 4;

/// One coded picture, and the configuration that begins with it, if it is new.
#[derive(Debug)]
pub(super) struct AccessUnit<C = AvcConfig> {
    pub(super) config: Option<C>,
    pub(super) keyframe: bool,
    pub(super) payload: Bytes,
}

/// The H.264 track of one publisher.
#[derive(Debug, Default)]
pub(super) struct AvcSource {
    /// In force. Without SPS when the record leaves them to the frames and none came yet.
    config: Option<AvcConfig>,
    /// The last sequence header as sent: encoders repeat it, also while in-band sets are in force.
    header: Bytes,
    /// Parameter sets that came in band, differ from the configuration, and wait for an IDR picture.
    pending: ParameterSets,
    /// Frames since the last IDR picture, or since the first frame.
    since_idr: u32,
    /// Whether there was an IDR picture.
    had_idr: bool,
    /// The captions found so far. Looked for until they are those that all players know.
    captions: Option<Captions>,
}

#[derive(Debug, Default)]
struct ParameterSets {
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
}

/// Which kind of picture a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    /// Decoding may start at it.
    Idr,
    /// Any other.
    Other,
}

/// What the units of one message are.
#[derive(Debug, Default)]
struct Scan<'a> {
    picture: Option<Picture>,
    sps: SmallVec<[&'a [u8]; 4]>,
    pps: SmallVec<[&'a [u8]; 4]>,
    sei: SmallVec<[&'a [u8]; 4]>,
}

impl AvcSource {
    /// Reads a sequence header. `None` when it says nothing new, or leaves all to the frames.
    pub(super) fn header(&mut self, data: &Bytes) -> Result<Option<AvcConfig>, Refusal> {
        if data.is_empty() || *data == self.header {
            return Ok(None);
        }
        if data.len() > HEADER_BYTES_MAX {
            return Err(Refusal::malformed(
                "H.264 sequence header",
                format_args!("{} bytes of it", data.len()),
            ));
        }
        let config = if starts_with_start_code(data) { from_annex_b(data)? } else { from_record(data)? };
        self.header = data.clone();
        self.pending = ParameterSets::default();
        if self.config.as_ref() == Some(&config) {
            return Ok(None);
        }
        self.config = Some(config.clone());
        Ok((!config.sps.is_empty()).then_some(config))
    }

    /// The closed captions that were found in some frame.
    pub(super) const fn captions(&self) -> Option<Captions> {
        self.captions
    }

    /// Reads the NAL units of a frame. `None` when there is no picture among them.
    pub(super) fn units(&mut self, key: bool, data: Bytes) -> Result<Option<AccessUnit>, Refusal> {
        if data.is_empty() {
            return Ok(None);
        }
        let announced = self.config.as_ref().map(|config| config.length_size);
        let (payload, length_size) = length_prefixed(data, announced);
        let idr = match self.scan(&payload, length_size)? {
            None => return Ok(None),
            Some(picture) => picture == Picture::Idr,
        };
        let config = if idr { self.activate(length_size) } else { None };
        if self.config.as_ref().is_none_or(|config| config.sps.is_empty()) {
            return Err(Refusal::NoConfiguration(TrackId::VIDEO));
        }
        if self.config.as_ref().is_none_or(|config| config.length_size != length_size) {
            return Err(Refusal::malformed("H.264 frame", "start codes where lengths were announced"));
        }
        let keyframe =
            idr || self.takes_recovery(key) && nal::recovery_point(&payload, length_size).is_some();
        self.since_idr = if idr { 0 } else { self.since_idr.saturating_add(1) };
        self.had_idr |= idr;
        Ok(Some(AccessUnit { config, keyframe, payload }))
    }

    /// Looks through the units of a frame and keeps the parameter sets. `None` when there is no picture.
    fn scan(&mut self, payload: &[u8], length_size: u8) -> Result<Option<Picture>, Refusal> {
        let scan = Scan::new(payload, length_size)?;
        self.remember(&scan);
        self.captions = Captions::after(self.captions, scan.sei.iter().copied(), 1);
        Ok(scan.picture)
    }

    /// Whether the source sends IDR pictures too seldom, or not at all, for a reader to wait for one. Before the first
    /// that is believed of a frame that is called a key frame. Later, and of other frames (intra refresh, where every
    /// frame is called an inter frame), it takes [`OPEN_GOP_FRAMES`] to tell.
    const fn takes_recovery(&self, key: bool) -> bool {
        self.since_idr > OPEN_GOP_FRAMES || key && !self.had_idr
    }

    /// Keeps parameter sets that are not the configuration's.
    fn remember(&mut self, scan: &Scan<'_>) {
        let (sps, pps) = match &self.config {
            Some(config) => (config.sps.as_slice(), config.pps.as_slice()),
            None => (&[][..], &[][..]),
        };
        remember(&mut self.pending.sps, &scan.sps, sps);
        remember(&mut self.pending.pps, &scan.pps, pps);
    }

    /// Puts pending parameter sets in force. `None` when there are none, or they cannot be read.
    fn activate(&mut self, length_size: u8) -> Option<AvcConfig> {
        let ParameterSets { sps, pps } = std::mem::take(&mut self.pending);
        let resized = self.config.as_ref().is_some_and(|config| config.length_size != length_size);
        if sps.is_empty() && pps.is_empty() && !resized {
            return None;
        }
        let (known_sps, known_pps) =
            self.config.as_ref().map_or((&[][..], &[][..]), |config| (&config.sps, &config.pps));
        let (sps, pps) = (replaced(known_sps, sps), replaced(known_pps, pps));
        if sps.is_empty() || pps.is_empty() {
            return None;
        }
        let config = with_length_size(AvcConfig::from_parameter_sets(&sps, &pps)?, length_size)?;
        self.config = Some(config.clone());
        Some(config)
    }
}

impl<'a> Scan<'a> {
    fn new(payload: &'a [u8], length_size: u8) -> Result<Self, Refusal> {
        let mut scan = Self::default();
        for unit in nal::Units::new(payload, length_size) {
            let unit = unit.map_err(|error| Refusal::malformed("H.264 frame", error))?;
            let keeps =
                |sets: &[&[u8]]| sets.len() < PARAMETER_SETS_MAX && unit.len() <= PARAMETER_SET_BYTES_MAX;
            match nal::unit_type(unit) {
                nal::IDR => scan.picture = Some(Picture::Idr),
                nal::SLICE..nal::IDR if scan.picture.is_none() => scan.picture = Some(Picture::Other),
                nal::SPS if keeps(&scan.sps) => scan.sps.push(trim(unit)),
                nal::PPS if keeps(&scan.pps) => scan.pps.push(trim(unit)),
                nal::SEI if scan.sei.len() < SEI_UNITS_MAX => scan.sei.push(unit),
                _ => {}
            }
        }
        Ok(scan)
    }
}

/// A frame's units with lengths before them, converted where it came with start codes, and the size of the lengths.
pub(super) fn length_prefixed(data: Bytes, announced: Option<u8>) -> (Bytes, u8) {
    let length_size = announced.unwrap_or(LENGTH_SIZE);
    if nal::is_annex_b(&data, length_size) {
        return (nal::annex_b_to_length_prefixed(&data), LENGTH_SIZE);
    }
    (data, length_size)
}

/// A unit ends with a stop bit; zeros behind it are padding of the byte stream.
pub(super) fn trim(mut unit: &[u8]) -> &[u8] {
    while let [rest @ .., 0] = unit {
        unit = rest;
    }
    unit
}

/// A set stands for what had its id before (H.264 §7.4.1.2.1), and for nothing else: encoders may repeat one set alone.
fn remember(pending: &mut Vec<Bytes>, seen: &[&[u8]], known: &[Bytes]) {
    for set in seen {
        let is_known = known.iter().any(|known| trim(known) == *set);
        if is_known && pending.is_empty() {
            continue;
        }
        // Without an id, no picture can name it.
        let Some(id) = h264::set_id(set) else { continue };
        pending.retain(|waiting| h264::set_id(waiting) != Some(id));
        if !is_known && pending.len() < PARAMETER_SETS_MAX {
            // Copied: a slice would keep the whole message in memory for as long as the configuration lives.
            pending.push(Bytes::copy_from_slice(set));
        }
    }
}

/// The known sets with the new ones in the places of those with their ids. Those of new ids come first, since what a
/// configuration says of its pictures is what its first SPS says; the oldest give way where there are too many.
fn replaced(known: &[Bytes], mut new: Vec<Bytes>) -> Vec<Bytes> {
    let mut kept = known.to_vec();
    new.retain(|set| {
        let same = kept.iter_mut().find(|kept| h264::set_id(kept) == h264::set_id(set));
        same.map(|kept| *kept = set.clone()).is_none()
    });
    new.append(&mut kept);
    new.truncate(known.len().max(PARAMETER_SETS_MAX));
    new
}

fn from_record(data: &Bytes) -> Result<AvcConfig, Refusal> {
    if is_hevc_record(data) {
        return Err(Refusal::unsupported(TrackKind::Video, "HEVC under the codec id of H.264"));
    }
    AvcConfig::parse(data.clone()).map_err(|error| Refusal::malformed("H.264 sequence header", error))
}

fn from_annex_b(data: &Bytes) -> Result<AvcConfig, Refusal> {
    let units = nal::annex_b_to_length_prefixed(data);
    let scan = Scan::new(&units, LENGTH_SIZE)?;
    let copied = |sets: &[&[u8]]| sets.iter().map(|set| Bytes::copy_from_slice(set)).collect::<Vec<_>>();
    AvcConfig::from_parameter_sets(&copied(&scan.sps), &copied(&scan.pps))
        .ok_or_else(|| Refusal::malformed("H.264 sequence header", "start codes without parameter sets"))
}

fn with_length_size(config: AvcConfig, length_size: u8) -> Option<AvcConfig> {
    if config.length_size == length_size {
        return Some(config);
    }
    // ISO/IEC 14496-15 §5.3.3.1: six reserved bits, then lengthSizeMinusOne.
    let mut record = config.record.to_vec();
    *record.get_mut(4)? = 0xFC | length_size.checked_sub(1)?;
    AvcConfig::parse(Bytes::from(record)).ok()
}

fn starts_with_start_code(data: &[u8]) -> bool {
    data.starts_with(&[0, 0, 1]) || data.starts_with(&[0, 0, 0, 1])
}

/// Whether a record that came as H.264 is an hvcC (ISO/IEC 14496-15 §8.3.3.1), as OBS before 29.1 sent it with
/// some plugins. One whose first parameter set is an H.264 SPS is not.
fn is_hevc_record(data: &[u8]) -> bool {
    let is_avc = data.get(5).is_some_and(|count| count & 0x1F > 0)
        && data.get(8).is_some_and(|unit| unit & 0x9F == nal::SPS);
    // The type of the first array: VPS, SPS or PPS.
    !is_avc && data.get(22).is_some_and(|arrays| *arrays > 0) && {
        matches!(data.get(23).map(|byte| byte & 0x3F), Some(32..=34))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_no_part_of_a_unit() {
        assert_eq!(trim(&[0x67, 1, 0, 0]), [0x67, 1]);
        assert!(trim(&[0, 0]).is_empty());
    }
}
