//! How long segments may be: the choice of the target duration, and the limit it sets.

use std::time::Duration;

use super::{CLOCK, Config};

/// Segments that are finished before the target duration is chosen and the playlist shown.
const SEGMENTS_BEFORE_CHOICE: u32 = 2;
/// One segment this many targets long is enough to choose.
const TARGETS_BEFORE_CHOICE: i64 = 3;
/// What later segments may be longer than the longest of the first without a cut between keyframes, besides the
/// quarter second that rounding gives: 2.002 s is a target of 2, 2.3 s one of 3.
const SPARE: i64 = 22_500;
/// Kept back from the half second of rounding, so that five decimals never round across it: 5 ms.
const ROUNDING_MARGIN: i64 = 450;
const SECOND: i64 = CLOCK.ticks_per_second() as i64;

/// Durations in ticks of 90 kHz.
#[derive(Debug)]
pub(super) struct Pacing {
    segment: i64,
    part: i64,
    max: i64,
    chosen: Option<i64>,
    finished: u32,
    total: i64,
    longest: i64,
}

impl Pacing {
    pub(super) fn new(config: Config) -> Self {
        let ticks =
            |duration: Duration| i64::try_from(duration.as_micros() * 9 / 100).unwrap_or(i64::MAX / 4);
        Self {
            segment: ticks(config.segment).max(1),
            part: ticks(config.part).max(1),
            max: ticks(config.segment_max.max(config.segment)).max(SECOND),
            chosen: None,
            finished: 0,
            total: 0,
            longest: 0,
        }
    }

    /// What a segment aims at.
    pub(super) const fn segment(&self) -> i64 {
        self.segment
    }

    /// What a part may last.
    pub(super) const fn part(&self) -> i64 {
        self.part
    }

    /// Whether no playlist can have been shown.
    pub(super) const fn undecided(&self) -> bool {
        self.chosen.is_none()
    }

    /// Whether a segment was finished in this session.
    pub(super) const fn any(&self) -> bool {
        self.finished > 0
    }

    /// The longest a segment may be: it still rounds to the target duration.
    pub(super) fn limit(&self) -> i64 {
        self.chosen.unwrap_or_else(|| whole_seconds(self.max)) * SECOND + SECOND / 2 - ROUNDING_MARGIN
    }

    /// The target duration in whole seconds: as chosen, or as it would be now.
    pub(super) fn target_duration(&self) -> u32 {
        let now = whole_seconds(self.longest.max(self.segment) - SPARE).min(whole_seconds(self.max)).max(1);
        u32::try_from(self.chosen.unwrap_or(now)).unwrap_or(u32::MAX)
    }

    /// Counts a finished segment. The target duration, when this was the one that decides it.
    pub(super) fn finished(&mut self, duration: i64) -> Option<u32> {
        self.finished = self.finished.saturating_add(1);
        self.total = self.total.saturating_add(duration);
        self.longest = self.longest.max(duration);
        let enough = self.finished >= SEGMENTS_BEFORE_CHOICE
            || self.total >= self.segment.saturating_mul(TARGETS_BEFORE_CHOICE);
        if self.chosen.is_some() || !enough {
            return None;
        }
        let target = self.target_duration();
        self.chosen = Some(i64::from(target));
        Some(target)
    }
}

/// Rounded up.
const fn whole_seconds(ticks: i64) -> i64 {
    (ticks + SECOND - 1) / SECOND
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hls::Container;

    fn chosen_after(durations: &[i64]) -> Option<u32> {
        let mut pacing = Pacing::new(Config {
            segment: Duration::from_secs(2),
            part: Duration::from_millis(333),
            segment_max: Duration::from_secs(10),
            container: Container::default(),
        });
        durations.iter().find_map(|millis| pacing.finished(millis * 90))
    }

    #[test]
    fn the_longest_of_the_first_segments_decides() {
        assert_eq!(chosen_after(&[2_000]), None);
        assert_eq!(chosen_after(&[2_000, 2_002]), Some(2));
        assert_eq!(chosen_after(&[2_000, 2_300]), Some(3));
        assert_eq!(chosen_after(&[500, 400]), Some(2));
        assert_eq!(chosen_after(&[8_333]), Some(9));
        assert_eq!(chosen_after(&[10_490]), Some(10), "never beyond the configured maximum");
    }

    #[test]
    fn the_limit_still_rounds_to_the_target_duration() {
        let mut pacing = Pacing::new(Config {
            segment: Duration::from_secs(2),
            part: Duration::from_millis(333),
            segment_max: Duration::from_secs(10),
            container: Container::default(),
        });
        assert_eq!(pacing.limit(), 945_000 - ROUNDING_MARGIN);
        pacing.finished(180_000);
        pacing.finished(180_000);
        assert_eq!(pacing.limit(), 225_000 - ROUNDING_MARGIN);
    }
}
