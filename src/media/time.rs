//! Time as a type with a scale: a raw integer timestamp cannot be mistaken for another clock's.
//!
//! No bare integer leaves this file without its scale, except where a container writes one.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::{Add, Sub};

/// Ticks a second of a media clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timescale(NonZeroU32);

impl Timescale {
    /// RTMP and FLV: milliseconds.
    pub const MILLIS: Self = Self::constant(1_000);
    /// Video in fMP4 and everything in MPEG-TS. Exact from milliseconds.
    pub const NINETY_KHZ: Self = Self::constant(90_000);

    const fn constant(hz: u32) -> Self {
        match NonZeroU32::new(hz) {
            Some(hz) => Self(hz),
            None => panic!("a timescale has at least one tick a second"),
        }
    }

    /// A clock of `hz` ticks a second, such as an audio sample rate.
    #[must_use]
    pub const fn hz(hz: NonZeroU32) -> Self {
        Self(hz)
    }

    /// Ticks a second.
    #[must_use]
    pub const fn ticks_per_second(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Debug for Timescale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.0)
    }
}

/// A point on a media timeline, or the distance between two: signed ticks and their scale.
#[derive(Clone, Copy)]
pub struct MediaTime {
    ticks: i64,
    scale: Timescale,
}

impl MediaTime {
    /// The origin of a timeline.
    pub const ZERO: Self = Self { ticks: 0, scale: Timescale::MILLIS };

    /// `ticks` of `scale`.
    #[must_use]
    pub const fn new(ticks: i64, scale: Timescale) -> Self {
        Self { ticks, scale }
    }

    /// `millis` on the millisecond clock.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self { ticks: millis, scale: Timescale::MILLIS }
    }

    /// Ticks of its own [`scale`](Self::scale).
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.ticks
    }

    /// The clock it counts on.
    #[must_use]
    pub const fn scale(self) -> Timescale {
        self.scale
    }

    /// The same time on another clock, rounded toward the past.
    #[must_use]
    pub fn rescale(self, scale: Timescale) -> Self {
        if scale == self.scale {
            return self;
        }
        let ticks = (i128::from(self.ticks) * i128::from(scale.ticks_per_second()))
            .div_euclid(i128::from(self.scale.ticks_per_second()));
        Self { ticks: saturate(ticks), scale }
    }

    /// Ticks on the clock `scale`, rounded toward the past.
    #[must_use]
    pub fn ticks_at(self, scale: Timescale) -> i64 {
        self.rescale(scale).ticks
    }

    /// Whole milliseconds, rounded toward the past.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.ticks_at(Timescale::MILLIS)
    }

    /// Seconds, for people and playlists; never for arithmetic.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display: 2^53 ticks of any clock are years")]
    pub fn as_secs_f64(self) -> f64 {
        self.ticks as f64 / f64::from(self.scale.ticks_per_second())
    }
}

fn saturate(ticks: i128) -> i64 {
    i64::try_from(ticks).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
}

/// The left side's clock is kept.
impl Add for MediaTime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { ticks: self.ticks.saturating_add(other.ticks_at(self.scale)), scale: self.scale }
    }
}

/// The left side's clock is kept.
impl Sub for MediaTime {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { ticks: self.ticks.saturating_sub(other.ticks_at(self.scale)), scale: self.scale }
    }
}

impl Ord for MediaTime {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.ticks) * i128::from(other.scale.ticks_per_second());
        let right = i128::from(other.ticks) * i128::from(self.scale.ticks_per_second());
        left.cmp(&right)
    }
}

impl PartialOrd for MediaTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Equal points are equal on any clock: 1 ms is 90 ticks of 90 kHz.
impl PartialEq for MediaTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MediaTime {}

impl fmt::Debug for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:?}", self.ticks, self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_is_equal_on_every_clock() {
        let ms = MediaTime::from_millis(33);
        assert_eq!(ms, ms.rescale(Timescale::NINETY_KHZ));
        assert_eq!(ms.ticks_at(Timescale::NINETY_KHZ), 2_970);
        assert!(MediaTime::from_millis(34) > ms.rescale(Timescale::NINETY_KHZ));
    }

    #[test]
    fn rescaling_rounds_toward_the_past_on_both_sides_of_zero() {
        let clock = Timescale::hz(NonZeroU32::new(44_100).expect("not zero"));
        assert_eq!(MediaTime::new(1_024, clock).as_millis(), 23);
        assert_eq!(MediaTime::new(-1, clock).as_millis(), -1);
    }

    #[test]
    fn sums_keep_the_left_clock_and_saturate() {
        let sum = MediaTime::new(90, Timescale::NINETY_KHZ) + MediaTime::from_millis(1);
        assert_eq!((sum.ticks(), sum.scale()), (180, Timescale::NINETY_KHZ));
        assert_eq!((MediaTime::from_millis(i64::MAX) + MediaTime::from_millis(1)).ticks(), i64::MAX);
    }
}
