//! How long segments may be: the choice of the target duration, and the limit it sets.

use std::time::Duration;

use super::{CLOCK, Config, Targets};

/// Segments that are finished before the target duration is chosen and the playlist shown.
const SEGMENTS_BEFORE_CHOICE: u32 = 2;
/// One segment this many targets long is enough to choose.
const TARGETS_BEFORE_CHOICE: i64 = 3;
/// What later segments may be longer than the longest of the first without a cut between keyframes, besides the
/// quarter second that rounding gives: 2.002 s is a target of 2, 2.3 s one of 3.
const SPARE: i64 = 22_500;
/// What a part may be longer than its frames: timestamps in whole milliseconds jitter by one.
const PART_JITTER: i64 = MILLI;
/// The share of a part target that every part but the last of a segment reaches, in percent (RFC 8216bis §4.4.4.9).
const PART_MIN_PERCENT: i64 = 85;
/// What a part may lack of its share and still end: the jitter of both of its ends.
const SHARE_JITTER: i64 = 2 * MILLI;
const MILLI: i64 = SECOND / 1_000;
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
    /// How long the newest segment was that lay between two random access points: what the next is expected to be.
    usual: Option<i64>,
    total: i64,
    longest: i64,
    frames: i64,
    low_latency: bool,
    /// The part target, once chosen.
    part_target: Option<i64>,
}

/// How long parts may be, in ticks of 90 kHz.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartRule {
    /// Shortest, but for the last of a segment.
    pub(super) min: i64,
    /// Longest.
    pub(super) max: i64,
    /// Whether the parts are published, and both bounds hold whatever the frames do.
    pub(super) strict: bool,
    /// Where the open segment ends at the latest.
    pub(super) until: i64,
    /// Where it is expected to end; `None` where parts are not published.
    expected: Option<i64>,
}

impl PartRule {
    /// Whether a part that begins at `from` and could end at `at` is to end there, for the parts of its segment to be of
    /// one length, the last too.
    ///
    /// Cut as long as they may be, parts leave a last one of any length. One shorter than 200 ms comes while players still
    /// fetch the part before it, and hls.js then takes the segment for whole without its end: it stands still for a segment.
    pub(super) const fn is_share(&self, from: i64, at: i64) -> bool {
        let Some(expected) = self.expected else { return false };
        let left = expected - from;
        if left <= self.max {
            return false;
        }
        let parts = div_up(left, self.max);
        at - from >= self.min && at - from + SHARE_JITTER >= left / parts
    }
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
            usual: None,
            total: 0,
            longest: 0,
            frames: 0,
            low_latency: config.low_latency,
            part_target: None,
        }
    }

    /// What a segment aims at.
    pub(super) const fn segment(&self) -> i64 {
        self.segment
    }

    /// What parts of a segment that starts at `start` may last. Before there is a playlist, and where parts are not
    /// published, their length is nobody's promise.
    pub(super) fn part_rule(&self, start: i64) -> PartRule {
        let until = start.saturating_add(self.limit());
        match self.part_target {
            // Rounded up, so that five decimals do not fall below.
            Some(max) => {
                let expected = self.usual.map_or(until, |usual| start.saturating_add(usual));
                let min = max * PART_MIN_PERCENT / 100 + 1;
                PartRule { min, max, strict: true, until, expected: Some(expected) }
            }
            None => PartRule { min: 0, max: self.part, strict: false, until, expected: None },
        }
    }

    /// Whether parts are published from now on.
    pub(super) const fn publishes_parts(&self) -> bool {
        self.part_target.is_some()
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

    /// Counts a finished segment of so many frames: pictures, or access units where there are none; `regular` where it
    /// lay between two random access points. What playlists promise, when this was the one that decides it.
    pub(super) fn finished(&mut self, duration: i64, frames: i64, regular: bool) -> Option<Targets> {
        self.finished = self.finished.saturating_add(1);
        if regular {
            self.usual = Some(duration);
        }
        self.total = self.total.saturating_add(duration);
        self.frames = self.frames.saturating_add(frames);
        self.longest = self.longest.max(duration);
        let enough = self.finished >= SEGMENTS_BEFORE_CHOICE
            || self.total >= self.segment.saturating_mul(TARGETS_BEFORE_CHOICE);
        if self.chosen.is_some() || !enough {
            return None;
        }
        let target = self.target_duration();
        self.chosen = Some(i64::from(target));
        self.part_target = self.low_latency.then(|| self.choose_part_target(i64::from(target) * SECOND));
        let part = self.part_target.map(|ticks| u32::try_from(ticks / MILLI).unwrap_or(u32::MAX));
        Some(Targets { duration: target, part_millis: part })
    }

    /// As many whole frames as the configured length holds, one at least, rounded up to a millisecond. A few less, where a
    /// segment has as many parts of those: 25 frames are 7 and three times 6, and not three times 7 and 4.
    fn choose_part_target(&self, target_duration: i64) -> i64 {
        let frame = (self.total / self.frames.max(1)).clamp(1, target_duration);
        let most = ((self.part + PART_JITTER) / frame).max(1);
        let whole = self.frames / i64::from(self.finished).max(1);
        let share = div_up(whole, div_up(whole, most).max(1));
        let frames = if share * 4 >= most * 3 { share.min(most) } else { most };
        let exact = self.total * frames / self.frames.max(1);
        (div_up(exact, MILLI) * MILLI + PART_JITTER).min(target_duration)
    }
}

/// Rounded up.
const fn whole_seconds(ticks: i64) -> i64 {
    div_up(ticks, SECOND)
}

const fn div_up(value: i64, by: i64) -> i64 {
    (value + by - 1) / by
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hls::Container;

    fn chosen_after(durations: &[i64]) -> Option<u32> {
        let mut pacing = Pacing::new(Config {
            segment: Duration::from_secs(2),
            part: Duration::from_millis(333),
            low_latency: true,
            segment_max: Duration::from_secs(10),
            container: Container::default(),
        });
        let mut finished =
            durations.iter().map(|millis| pacing.finished(millis * 90, millis * 30 / 1_000, true));
        finished.find_map(|targets| targets).map(|targets| targets.duration)
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
    fn a_part_target_is_whole_frames_rounded_up() {
        let target = |millis: i64, frames: i64| {
            let mut pacing = Pacing::new(Config {
                segment: Duration::from_secs(2),
                part: Duration::from_millis(333),
                low_latency: true,
                segment_max: Duration::from_secs(10),
                container: Container::default(),
            });
            pacing.finished(millis * 90, frames, true);
            pacing.finished(millis * 90, frames, true).and_then(|targets| targets.part_millis)
        };
        assert_eq!(target(2_000, 60), Some(335));
        assert_eq!(target(2_002, 60), Some(335), "29.97 frames a second");
        assert_eq!(target(2_000, 50), Some(321));
        assert_eq!(target(2_000, 120), Some(335));
        assert_eq!(target(2_000, 30), Some(335));
        assert_eq!(target(2_000, 2), Some(1_001), "a frame a second");
        assert_eq!(target(4_000, 1), Some(4_000), "never more than the target duration");
        assert_eq!(target(2_020, 87), Some(303), "sound at 44.1 kHz: 13 units, as seven parts take no more");
        assert_eq!(target(1_000, 25), Some(281), "7 frames and three times 6");
        assert_eq!(target(360, 9), Some(321), "half as many would be too few");
        assert_eq!(target(2_000, 0), Some(2_000));
    }

    #[test]
    fn the_limit_still_rounds_to_the_target_duration() {
        let mut pacing = Pacing::new(Config {
            segment: Duration::from_secs(2),
            part: Duration::from_millis(333),
            low_latency: true,
            segment_max: Duration::from_secs(10),
            container: Container::default(),
        });
        assert_eq!(pacing.limit(), 945_000 - ROUNDING_MARGIN);
        pacing.finished(180_000, 60, true);
        pacing.finished(180_000, 60, true);
        assert_eq!(pacing.limit(), 225_000 - ROUNDING_MARGIN);
    }
}
