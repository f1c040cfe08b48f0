//! AV1 as an encoder sends it in FLV bodies: which configuration is in force, and where a decoder may start.
//!
//! Encoders announce an empty record, or none, and relays write 0 in place of the frame type. The open bitstream units
//! decide here.

use bytes::Bytes;

use super::avc::{AccessUnit, HEADER_BYTES_MAX};
use super::from_flv::Refusal;
use crate::format::av1::obu::Obus;
use crate::format::av1::{Av1Config, Opening, TemporalUnit};
use crate::media::TrackId;

/// The AV1 track of one publisher.
#[derive(Debug, Default)]
pub(super) struct Av1Source {
    /// In force. Without a sequence header when the record leaves it to the frames and none came yet.
    config: Option<Av1Config>,
    /// The last record as sent: encoders repeat it, also while an in-band header is in force.
    header: Bytes,
}

impl Av1Source {
    /// Reads a record. `None` when it says nothing new, or leaves the sequence header to the frames; libaom through
    /// FFmpeg opens with an empty one.
    pub(super) fn header(&mut self, data: &Bytes) -> Result<Option<Av1Config>, Refusal> {
        if data.is_empty() || *data == self.header {
            return Ok(None);
        }
        if data.len() > HEADER_BYTES_MAX {
            return Err(Refusal::malformed("AV1 record", format_args!("{} bytes of it", data.len())));
        }
        let config =
            Av1Config::parse(data.clone()).map_err(|error| Refusal::malformed("AV1 record", error))?;
        self.header = data.clone();
        if self.config.as_ref() == Some(&config) {
            return Ok(None);
        }
        self.config = Some(config.clone());
        Ok(config.sequence.is_some().then_some(config))
    }

    /// Reads a temporal unit. `None` when there is no frame in it.
    pub(super) fn units(&mut self, data: Bytes) -> Result<Option<AccessUnit<Av1Config>>, Refusal> {
        let in_force = self.config.as_ref().and_then(|config| config.sequence.as_ref());
        let reduced = in_force.is_some_and(|sequence| sequence.reduced);
        let unit = TemporalUnit::read(&data, reduced)
            .map_err(|error| Refusal::malformed("AV1 temporal unit", error))?;
        let Some(opening) = unit.opening else { return Ok(None) };
        let keyframe = opening == Opening::Key;
        // A new sequence begins with a key frame (AV1 §7.5); a header elsewhere repeats the one in force.
        let config = unit.sequence_header.filter(|_| keyframe).and_then(|header| self.activate(header));
        if self.config.as_ref().is_none_or(|config| config.sequence.is_none()) {
            return Err(Refusal::NoConfiguration(TrackId::VIDEO));
        }
        Ok(Some(AccessUnit { config, keyframe, payload: data }))
    }

    /// Puts a sequence header that came in band in force. `None` when it is what was there, or cannot be read.
    fn activate(&mut self, header: &[u8]) -> Option<Av1Config> {
        let known = self.config.as_ref().and_then(|config| config.sequence_obu.as_ref());
        let known = known.and_then(|unit| Obus::new(unit).next()?.ok());
        if known.is_some_and(|known| known.payload == header) {
            return None;
        }
        let config = Av1Config::from_sequence_header(header).ok()?;
        self.config = Some(config.clone());
        Some(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::av1::obu;

    /// libaom, 96x54, ten bits, HLG: key frames 1 and 5 of 6.
    const HLG: &[u8] = include_bytes!("../../../tests/fixtures/video/libaom-hlg.obu");
    /// libaom, 320x180.
    const RECORD: &[u8] = &[0x81, 0, 0x0c, 0, 0x0a, 0x0b, 0, 0, 0, 4, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0, 0x40];

    fn temporal_units() -> Vec<Bytes> {
        let mut units: Vec<Vec<u8>> = Vec::new();
        for unit in Obus::new(HLG) {
            let unit = unit.expect("whole");
            if unit.kind == obu::TEMPORAL_DELIMITER {
                units.push(Vec::new());
            }
            units.last_mut().expect("a delimiter first").extend_from_slice(unit.whole);
        }
        units.into_iter().map(Bytes::from).collect()
    }

    fn read(source: &mut Av1Source, unit: &Bytes) -> AccessUnit<Av1Config> {
        source.units(unit.clone()).expect("good").expect("a frame")
    }

    #[test]
    fn an_empty_record_leaves_all_to_the_first_key_frame() {
        let mut source = Av1Source::default();
        assert_eq!(source.header(&Bytes::new()), Ok(None));
        let units = temporal_units();
        assert_eq!(source.units(units[1].clone()).err(), Some(Refusal::NoConfiguration(TrackId::VIDEO)));
        let first = read(&mut source, &units[0]);
        assert!(first.keyframe);
        assert_eq!(first.payload, units[0]);
        let config = first.config.expect("new");
        assert_eq!(config.codec_string(), "av01.0.00M.10.0.110.09.18.09.0");
        let later: Vec<_> = units[1..].iter().map(|unit| read(&mut source, unit)).collect();
        assert!(later.iter().all(|unit| unit.config.is_none()), "it repeats what is in force");
        assert_eq!(
            later.iter().map(|unit| unit.keyframe).collect::<Vec<_>>(),
            [false, false, false, true, false]
        );
    }

    #[test]
    fn a_record_is_in_force_until_a_key_frame_brings_another_sequence_header() {
        let mut source = Av1Source::default();
        let record = Bytes::from_static(RECORD);
        assert!(source.header(&record).expect("good").is_some());
        assert_eq!(source.header(&record), Ok(None), "the same again");
        let units = temporal_units();
        assert!(read(&mut source, &units[1]).config.is_none());
        let config = read(&mut source, &units[0]).config.expect("new");
        assert_eq!(config.shape().map(|shape| (shape.width, shape.height)), Some((96, 54)));
        assert_eq!(source.header(&record), Ok(None), "a repeated record does not undo it");
    }

    #[test]
    fn a_record_of_the_encoder_is_kept_where_frames_repeat_its_header() {
        let mut source = Av1Source::default();
        let units = temporal_units();
        let ours = read(&mut source, &units[0]).config.expect("new");
        // With a metadata unit behind the sequence header.
        let theirs: Bytes = [&ours.record[..], &[0x2a, 1, 0x80]].concat().into();
        let config = source.header(&theirs).expect("good").expect("other bytes");
        assert_eq!(config.sequence, ours.sequence);
        assert!(read(&mut source, &units[4]).config.is_none());
    }

    #[test]
    fn units_without_a_frame_and_broken_ones_are_no_packets() {
        let mut source = Av1Source::default();
        assert!(source.units(Bytes::new()).expect("nothing").is_none());
        assert!(source.units(Bytes::from_static(&[0x12, 0])).expect("nothing").is_none());
        assert!(matches!(source.units(Bytes::from_static(&[0x32, 9])), Err(Refusal::Malformed { .. })));
        assert!(source.header(&Bytes::from_static(&[1, 2, 3, 4])).is_err());
        assert!(source.header(&vec![0; HEADER_BYTES_MAX + 1].into()).is_err());
    }
}
