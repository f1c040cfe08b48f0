//! Silence of one track, counted in samples so that it never drifts. It stands in for an absent encoder's sound, and
//! accompanies a show that has pictures alone.
//!
//! **Invariant:** pure: a unit is due by the stream's time, and by nothing else.

use std::sync::Arc;

use bytes::Bytes;

use crate::format::aac::AudioSpecificConfig;
use crate::media::{CodecConfig, MediaTime, Packet, Timescale, Track, TrackId};

/// AAC-LC, 48 kHz, stereo (ISO/IEC 14496-3, 1.6.2.1): what every platform takes.
const STEREO: [u8; 2] = [0x11, 0x90];
/// What is made up for at most, milliseconds; a gap that is longer has none.
const CATCH_UP_MILLIS: i64 = 10_000;

/// Units of silence, one behind the other.
#[derive(Debug)]
pub(super) struct Silence {
    track: TrackId,
    unit: Bytes,
    scale: Timescale,
    unit_samples: i64,
    start_millis: i64,
    units: i64,
}

impl Silence {
    /// Silence in the configuration of `track`, from `start_millis` of the stream's time on; `None` where no silent unit of it
    /// is known.
    pub(super) fn of(track: &Track, start_millis: i64) -> Option<Self> {
        let (unit, scale) = (track.config.silent_unit()?, track.config.timescale());
        let unit_samples = i64::from(track.config.frame_samples()?);
        Some(Self { track: track.id, unit, scale, unit_samples, start_millis, units: 0 })
    }

    /// The sound of a show that has none.
    pub(super) fn companion() -> Option<(CodecConfig, Self)> {
        let config = CodecConfig::Aac(AudioSpecificConfig::parse(Bytes::from_static(&STEREO)).ok()?);
        let track = Track { id: TrackId::AUDIO, config: Arc::new(config.clone()) };
        Some((config, Self::of(&track, i64::MIN)?))
    }

    /// Whether it stands in for this track.
    pub(super) fn is_of(&self, track: TrackId) -> bool {
        self.track == track
    }

    /// How long a unit is.
    pub(super) fn unit_length(&self) -> MediaTime {
        MediaTime::new(self.unit_samples, self.scale)
    }

    /// The stream's time of the next unit, milliseconds.
    pub(super) fn next_millis(&self) -> i64 {
        self.start_millis
            .saturating_add(MediaTime::new(self.units * self.unit_samples, self.scale).as_millis())
    }

    /// Counts anew from here on.
    pub(super) fn restart(&mut self, millis: i64) {
        (self.start_millis, self.units) = (millis, 0);
    }

    /// The next unit.
    pub(super) fn take(&mut self) -> Packet {
        let dts = MediaTime::from_millis(self.next_millis());
        self.units += 1;
        Packet { track: self.track, dts, cts: MediaTime::ZERO, keyframe: true, payload: self.unit.clone() }
    }

    /// The next unit beside a picture at `until`, where the track's last unit stood at `last`; `None` when all are out.
    pub(super) fn beside(&mut self, until: MediaTime, last: Option<MediaTime>) -> Option<Packet> {
        let until = until.as_millis();
        if let Some(last) = last.filter(|last| last.as_millis() >= self.next_millis()) {
            // The slate went on with the track meanwhile.
            self.restart(last.as_millis().saturating_add(self.unit_length().as_millis()));
        }
        if self.next_millis() < until.saturating_sub(CATCH_UP_MILLIS) {
            self.restart(until);
        }
        (self.next_millis() <= until).then(|| self.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(silence: &mut Silence, until: i64, last: &mut Option<MediaTime>) -> Vec<i64> {
        let next = || {
            let packet = silence.beside(MediaTime::from_millis(until), *last)?;
            *last = Some(packet.dts);
            Some(packet.dts.as_millis())
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_show_without_sound_is_accompanied_up_to_its_pictures_without_drift() {
        let (config, mut silence) = Silence::companion().expect("silence is known");
        assert_eq!(config.sound(), Some((2, 48_000)));
        let mut last = None;
        assert_eq!(times(&mut silence, 5_000, &mut last), [5_000], "it begins with the first picture");
        assert_eq!(times(&mut silence, 5_040, &mut last), [5_021]);
        assert_eq!(times(&mut silence, 5_080, &mut last), [5_042, 5_064]);
        let minute: usize =
            (5_120..=65_080).step_by(40).map(|at| times(&mut silence, at, &mut last).len()).sum();
        assert_eq!(1 + 1 + 2 + minute, 60_080 * 48 / 1_024 + 1, "as many units as a minute has room for");
    }

    #[test]
    fn it_goes_on_behind_the_slate_and_leaves_a_long_gap_open() {
        let (_, mut silence) = Silence::companion().expect("silence is known");
        let mut last = None;
        times(&mut silence, 1_000, &mut last);
        last = Some(MediaTime::from_millis(3_000));
        assert_eq!(times(&mut silence, 3_030, &mut last), [3_021]);
        assert_eq!(times(&mut silence, 60_000, &mut last), [60_000]);
    }
}
