//! The audio track's clock: access units are counted, timestamps only say when the count went wrong.
//!
//! RTMP rounds to milliseconds, and durations taken from their differences would make every unit too long or too
//! short. So units stand on a grid of exactly their own length, and the grid moves only when the sender's clock has
//! left it: a gap is filled with silence where the coding has a known silent unit, a repeat is dropped, slow drift is
//! corrected by one unit at a time, and whatever is larger becomes a hole with a new grid behind it.

use std::num::NonZeroU32;

use bytes::Bytes;

use crate::media::{CodecConfig, Timescale};

/// How far timestamps jitter around the grid besides the length of one unit, in milliseconds.
const JITTER_MILLIS: i64 = 40;
/// Mean distance from the grid over a second that is drift and not jitter, in milliseconds.
const DRIFT_MILLIS: i64 = 40;
/// Samples of a sample of E-AC-3: six blocks, of however many syncframes (ETSI TS 102 366 §F.6.1).
const EAC3_SAMPLE: u32 = 1_536;
/// The longest gap that is filled with silence where sound is all there is, in milliseconds. Longer ones are a break in the
/// stream.
const FILL_MILLIS: i64 = 1_000;
/// The same beside another track that lasts as long: what players wait for in vain is a hole in one track alone. As long as
/// segments may be unless somebody configures longer ones, and few enough units to wait for their part.
const FILL_BESIDE_OTHERS_MILLIS: i64 = 11_000;

/// Where an access unit belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// At `time`, after `silent` units of silence that start where the grid was.
    At {
        /// Ticks of the track.
        time: i64,
        /// Units to put in before it.
        silent: i64,
    },
    /// Behind a hole that cannot be filled: the grid [goes on](AudioClock::go_on) at `time`, if anything does.
    AfterHole {
        /// Ticks of the track.
        time: i64,
    },
    /// It repeats what was placed already: drop it.
    Late,
}

/// The grid of one audio track.
#[derive(Debug)]
pub struct AudioClock {
    rate: i64,
    unit: i64,
    silence: Option<Bytes>,
    /// Where the next unit belongs; `None` before the first.
    next: Option<i64>,
    /// Whether a repeat is being skipped.
    overlapping: bool,
    drift_sum: i64,
    drift_count: i64,
}

impl AudioClock {
    /// A clock for sound of this configuration, not started. `None` for pictures, and for sound whose units differ.
    #[must_use]
    pub fn new(config: &CodecConfig) -> Option<Self> {
        let unit = match config {
            CodecConfig::Eac3(_) => EAC3_SAMPLE,
            other => other.frame_samples()?,
        };
        Some(Self {
            rate: i64::from(config.timescale().ticks_per_second()),
            unit: i64::from(unit.max(1)),
            silence: config.silent_unit(),
            next: None,
            overlapping: false,
            drift_sum: 0,
            drift_count: 0,
        })
    }

    /// What its ticks are: samples, of the core coder for AAC.
    #[must_use]
    pub fn timescale(&self) -> Timescale {
        let rate = u32::try_from(self.rate).ok().and_then(NonZeroU32::new);
        rate.map_or(Timescale::MILLIS, Timescale::hz)
    }

    /// Ticks of one access unit.
    #[must_use]
    pub const fn unit(&self) -> i64 {
        self.unit
    }

    /// A silent access unit of the track's own configuration, where one is known.
    #[must_use]
    pub const fn silence(&self) -> Option<&Bytes> {
        self.silence.as_ref()
    }

    /// Where the next unit belongs; `None` before the first.
    #[must_use]
    pub const fn next(&self) -> Option<i64> {
        self.next
    }

    /// Where the unit that the sender dated `at` belongs.
    pub fn place(&mut self, at: i64) -> Placed {
        self.place_filling(at, FILL_MILLIS)
    }

    /// The same beside another track that lasts through what is missing of this one.
    pub fn place_beside_others(&mut self, at: i64) -> Placed {
        self.place_filling(at, FILL_BESIDE_OTHERS_MILLIS)
    }

    /// Goes on behind a hole, with a unit at `time`.
    pub const fn go_on(&mut self, time: i64) {
        self.next = Some(time + self.unit);
    }

    fn place_filling(&mut self, at: i64, fill_millis: i64) -> Placed {
        let Some(next) = self.next else { return self.put(at, 0) };
        let error = at - next;
        let slack = self.unit + self.ticks(JITTER_MILLIS);
        if error > slack {
            return self.place_after_gap(at, next, fill_millis);
        }
        if error < -slack {
            self.overlapping = true;
        }
        if self.overlapping && error < -(self.unit / 2) {
            self.forget_drift();
            return Placed::Late;
        }
        self.overlapping = false;
        self.place_by_drift(next, error)
    }

    fn place_after_gap(&mut self, at: i64, next: i64, fill_millis: i64) -> Placed {
        self.forget_drift();
        self.overlapping = false;
        let missing = (at - next + self.unit / 2) / self.unit;
        if self.silence.is_none() || missing * self.unit > self.ticks(fill_millis) {
            return Placed::AfterHole { time: at };
        }
        self.put(next, missing)
    }

    /// Once a second, a mean error beyond jitter is worked off by one unit.
    fn place_by_drift(&mut self, next: i64, error: i64) -> Placed {
        self.drift_sum += error;
        self.drift_count += 1;
        if self.drift_count * self.unit < self.rate {
            return self.put(next, 0);
        }
        let mean = self.drift_sum / self.drift_count;
        self.forget_drift();
        if mean > self.ticks(DRIFT_MILLIS) && self.silence.is_some() {
            self.put(next, 1)
        } else if mean < -self.ticks(DRIFT_MILLIS) {
            Placed::Late
        } else {
            self.put(next, 0)
        }
    }

    /// Fills with silence up to `end`: where the first silent unit belongs, and how many. Zero where no silence is
    /// known. A clock that has not started starts at `from`.
    pub fn fill(&mut self, from: i64, end: i64) -> (i64, i64) {
        let first = self.next.unwrap_or(from);
        if self.silence.is_none() || end <= first {
            return (first, 0);
        }
        self.forget_drift();
        let count = (end - first + self.unit - 1) / self.unit;
        self.next = Some(first + count * self.unit);
        (first, count)
    }

    fn put(&mut self, grid: i64, silent: i64) -> Placed {
        let time = grid + silent * self.unit;
        self.next = Some(time + self.unit);
        Placed::At { time, silent }
    }

    const fn ticks(&self, millis: i64) -> i64 {
        millis * self.rate / 1_000
    }

    const fn forget_drift(&mut self) {
        self.drift_sum = 0;
        self.drift_count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::aac::AudioSpecificConfig;
    use crate::format::opus::OpusHead;

    fn clock() -> AudioClock {
        let asc = AudioSpecificConfig {
            record: Bytes::from_static(&[0x11, 0x90]),
            object_type: 2,
            sample_rate: 48_000,
            output_rate: 48_000,
            channels: 2,
            frame_length: 1_024,
            sbr: false,
            ps: false,
        };
        AudioClock::new(&CodecConfig::Aac(asc)).expect("sound")
    }

    #[test]
    fn packets_of_opus_stand_on_a_grid_of_their_length_with_holes_where_they_are_missing() {
        let config = CodecConfig::Opus { head: OpusHead::plain(2), packet_samples: 960 };
        let mut clock = AudioClock::new(&config).expect("sound");
        assert_eq!((clock.timescale(), clock.unit()), (config.timescale(), 960));
        assert_eq!(clock.place(0), Placed::At { time: 0, silent: 0 });
        assert_eq!(clock.place(1_008), Placed::At { time: 960, silent: 0 });
        assert_eq!(clock.place(96_000), Placed::AfterHole { time: 96_000 });
    }

    /// Places `count` units whose timestamps are rounded to milliseconds, from unit `first` on.
    fn feed(clock: &mut AudioClock, first: i64, count: i64, skew_millis: i64) -> Vec<Placed> {
        let millis = |unit: i64| unit * 1_024 * 1_000 / 48_000 + skew_millis;
        (first..first + count).map(|unit| clock.place(millis(unit) * 48)).collect()
    }

    #[test]
    fn rounded_timestamps_leave_the_grid_exact_for_an_hour() {
        let mut clock = clock();
        let units = 3_600 * 48_000 / 1_024;
        for (index, placed) in feed(&mut clock, 0, units, 0).into_iter().enumerate() {
            assert_eq!(placed, Placed::At { time: index as i64 * 1_024, silent: 0 });
        }
    }

    #[test]
    fn a_gap_of_two_hundred_milliseconds_is_filled_with_silence() {
        let mut clock = clock();
        feed(&mut clock, 0, 10, 0);
        let placed = feed(&mut clock, 19, 1, 0);
        assert_eq!(placed, [Placed::At { time: 19 * 1_024, silent: 9 }]);
    }

    #[test]
    fn a_gap_of_forty_milliseconds_keeps_the_grid() {
        let mut clock = clock();
        feed(&mut clock, 0, 10, 0);
        assert_eq!(feed(&mut clock, 11, 1, 0), [Placed::At { time: 10 * 1_024, silent: 0 }]);
    }

    #[test]
    fn a_gap_of_five_seconds_is_a_hole_with_a_new_grid_behind_it_where_anything_goes_on() {
        let mut clock = clock();
        feed(&mut clock, 0, 10, 0);
        assert_eq!(clock.place(240_000), Placed::AfterHole { time: 240_000 });
        clock.go_on(240_000);
        assert_eq!(clock.place(241_008), Placed::At { time: 241_024, silent: 0 });
    }

    #[test]
    fn units_that_repeat_are_dropped_until_the_grid_is_reached() {
        let mut clock = clock();
        feed(&mut clock, 0, 100, 0);
        let placed = feed(&mut clock, 80, 25, 0);
        assert!(placed.iter().take(20).all(|placed| *placed == Placed::Late), "{placed:?}");
        assert_eq!(placed.last(), Some(&Placed::At { time: 104 * 1_024, silent: 0 }));
    }

    #[test]
    fn drift_is_worked_off_one_unit_at_a_time() {
        let mut clock = clock();
        feed(&mut clock, 0, 100, 0);
        let silent: i64 = feed(&mut clock, 100, 200, 50)
            .iter()
            .map(|placed| if let Placed::At { silent, .. } = placed { *silent } else { 0 })
            .sum();
        assert_eq!(silent, 1, "50 ms late becomes 29 ms late, which is jitter");
        let late = feed(&mut clock, 300, 200, -25);
        assert_eq!(late.iter().filter(|placed| **placed == Placed::Late).count(), 1);
    }
}
