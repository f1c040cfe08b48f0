//! What has been measured of the segments of a list: bits and pictures a second.

use std::time::Duration;

use super::segment::Segment;

/// The highest measured bit rate is told with a fifth on top: the next segment may be larger, and players that
/// trust the figure must not stall.
const PEAK_MARGIN_PERCENT: u64 = 120;

/// The sums of all segments so far, and the heaviest of them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Measured {
    bytes: u64,
    frames: u64,
    time: Duration,
    peak: u64,
}

impl Measured {
    /// Takes in a segment.
    pub(super) fn add(&mut self, segment: &Segment) {
        self.bytes += segment.len;
        self.frames += u64::from(segment.frames);
        self.time += segment.play_time();
    }

    /// Weighs the runs that end with the first of these segments, which go back in time, in a list of this target duration.
    /// A peak is of any run that lasts half to one and a half of it (RFC 8216bis §4.1): short segments count together.
    pub(super) fn weigh<'a>(&mut self, newest_first: impl Iterator<Item = &'a Segment>, target: Duration) {
        let (mut bytes, mut time) = (0, Duration::ZERO);
        for segment in newest_first {
            bytes += segment.len;
            time += segment.play_time();
            if time * 2 > target * 3 {
                break;
            }
            if time * 2 >= target {
                self.peak = self.peak.max(bits_per_second(bytes, time));
            }
        }
    }

    /// Peak and mean bits a second.
    pub(super) fn bandwidth(&self) -> (u64, u64) {
        let mean = bits_per_second(self.bytes, self.time).max(1);
        (self.peak.max(mean) * PEAK_MARGIN_PERCENT / 100, mean)
    }

    /// Pictures a second; `None` without any.
    pub(super) fn frame_rate(&self) -> Option<f64> {
        let frames = u32::try_from(self.frames).unwrap_or(u32::MAX);
        (frames > 0).then(|| f64::from(frames) / self.time.as_secs_f64().max(0.001))
    }
}

fn bits_per_second(bytes: u64, time: Duration) -> u64 {
    let micros = time.as_micros().max(1);
    u64::try_from(u128::from(bytes) * 8_000_000 / micros).unwrap_or(u64::MAX)
}
