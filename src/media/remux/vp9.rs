//! VP9 as an encoder sends it in FLV bodies: a record without a size, and frames that say it.
//!
//! A configuration is whole with the first key frame, and changes with the size of a later one.

use bytes::Bytes;

use super::avc::AccessUnit;
use super::from_flv::Refusal;
use crate::format::vp9::{Frame, Vp9Config};
use crate::media::TrackId;

/// The VP9 track of one publisher.
#[derive(Debug, Default)]
pub(super) struct Vp9Source {
    /// The last record, without a size.
    record: Option<Vp9Config>,
    /// In force since a key frame.
    config: Option<Vp9Config>,
}

impl Vp9Source {
    /// Reads a record, with the head of a full box or without. What it says is in force from the next key frame on.
    pub(super) fn header(&mut self, data: &Bytes) -> Result<(), Refusal> {
        if data.is_empty() {
            return Ok(());
        }
        let record = Vp9Config::parse(data).map_err(|error| Refusal::malformed("VP9 record", error))?;
        self.record = Some(record);
        Ok(())
    }

    /// Reads a frame or a superframe. `None` for an empty one.
    pub(super) fn units(&mut self, data: Bytes) -> Result<Option<AccessUnit<Vp9Config>>, Refusal> {
        if data.is_empty() {
            return Ok(None);
        }
        let frame = Frame::parse(&data).map_err(|error| Refusal::malformed("VP9 frame", error))?;
        let Frame::Key(key) = frame else {
            if self.config.is_none() {
                return Err(Refusal::NoConfiguration(TrackId::VIDEO));
            }
            return Ok(Some(AccessUnit { config: None, keyframe: false, payload: data }));
        };
        let config = match &self.record {
            Some(record) => record.with_key_frame(&key),
            None => Vp9Config::from_key_frame(&key),
        };
        let config = Some(config).filter(|config| self.config.as_ref() != Some(config));
        if config.is_some() {
            self.config.clone_from(&config);
        }
        Ok(Some(AccessUnit { config, keyframe: true, payload: data }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = &[1, 0, 0, 0, 0, 0x0a, 0x82, 2, 2, 2, 0, 0];
    const INTER: &[u8] = &[0x86, 0, 0x40, 0x92];

    /// A key frame of profile 0 with this width, 54 high.
    fn key(width: u16) -> Bytes {
        let size = u32::from(width - 1) << 16 | 53;
        // A colour space and a range, four bits together, then the size.
        let bits = (u64::from(size) << 28).to_be_bytes();
        [&[0x82, 0x49, 0x83, 0x42], &bits[..]].concat().into()
    }

    fn units(source: &mut Vp9Source, data: &Bytes) -> AccessUnit<Vp9Config> {
        source.units(data.clone()).expect("good").expect("a frame")
    }

    #[test]
    fn a_configuration_is_whole_with_the_first_key_frame() {
        let mut source = Vp9Source::default();
        source.header(&Bytes::from_static(RECORD)).expect("good");
        let early = source.units(Bytes::from_static(INTER));
        assert_eq!(early.err(), Some(Refusal::NoConfiguration(TrackId::VIDEO)));
        let first = units(&mut source, &key(96));
        assert!(first.keyframe);
        let config = first.config.expect("new");
        assert_eq!((config.size, &config.record[..]), (Some((96, 54)), &RECORD[4..]));
        let inter = units(&mut source, &Bytes::from_static(INTER));
        assert!(!inter.keyframe && inter.config.is_none());
        source.header(&Bytes::from_static(RECORD)).expect("the same again");
        assert!(units(&mut source, &key(96)).config.is_none());
    }

    #[test]
    fn a_key_frame_of_another_size_is_another_configuration() {
        let mut source = Vp9Source::default();
        assert!(units(&mut source, &key(96)).config.is_some(), "a record is not needed");
        let config = units(&mut source, &key(128)).config.expect("new");
        assert_eq!(config.size, Some((128, 54)));
    }

    #[test]
    fn what_is_no_frame_is_refused_and_nothing_is_no_packet() {
        let mut source = Vp9Source::default();
        assert!(source.units(Bytes::new()).expect("nothing").is_none());
        assert!(matches!(source.units(Bytes::from_static(&[0x12])), Err(Refusal::Malformed { .. })));
        assert_eq!(source.header(&Bytes::new()), Ok(()));
        assert!(source.header(&Bytes::from_static(&[9; 8])).is_err());
    }
}
