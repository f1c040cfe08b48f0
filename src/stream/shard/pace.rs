//! When what arrived is sent: a write costs the same whatever its size, so frames wait for each other, up to a window.
//!
//! The window opens with the first frame that waits. It closes early when no other frame is expected to fit in it, since
//! waiting on for the timer would bring nothing more: so what comes in bursts, sound with each picture, goes out without
//! delay once the last burst that fits is there. It closes a little late where that lets one more frame in: pictures come
//! every 20, 33 or 40 ms and people set 50 or 100, so the end of a window and the arrival of a picture often coincide.

use std::time::{Duration, Instant};

use super::super::ring::{Entry, Ring};
use crate::media::Frame;

/// A distance between frames beyond which the guess for the next one is not trusted.
const GAP_MAX: Duration = Duration::from_millis(500);
/// Frames that arrive closer than this came together.
const TOGETHER: Duration = Duration::from_millis(2);
/// What part of a window it may last longer for a frame that is expected at its end.
const STRETCH: u32 = 16;
/// What part of a distance the next frame may be late.
const LATE: u32 = 16;
/// Of how much weight one distance is in the mean of them.
const WEIGHT: u32 = 4;

/// The pace of one stream in one shard.
#[derive(Debug)]
pub(super) struct Pace {
    window: Duration,
    /// When the open window closes.
    due: Option<Instant>,
    /// Up to where entries were heard.
    heard: u64,
    pictures: Arrivals,
    sound: Arrivals,
}

/// When frames of one kind arrive.
#[derive(Debug, Default)]
struct Arrivals {
    last: Option<Instant>,
    /// Between two that do not come together, in the mean of the last ones.
    gap: Option<Duration>,
}

impl Arrivals {
    fn learn(&mut self, now: Instant) {
        let gap = self.last.replace(now).map(|last| now.saturating_duration_since(last));
        if let Some(gap) = gap.filter(|gap| *gap >= TOGETHER).map(|gap| gap.min(GAP_MAX)) {
            self.gap = Some(self.gap.map_or(gap, |mean| (mean * (WEIGHT - 1) + gap) / WEIGHT));
        }
    }

    /// When the next one is expected at the latest; `None` while nothing is known of it.
    fn next(&self) -> Option<Instant> {
        let gap = self.gap?;
        // A little more, since frames come late as often as early.
        Some(self.last? + gap + gap / LATE)
    }
}

impl Pace {
    /// Nothing waits; entries before `heard` are not waited for.
    pub(super) fn new(window: Duration, heard: u64) -> Self {
        Self { window, due: None, heard, pictures: Arrivals::default(), sound: Arrivals::default() }
    }

    /// When something is to be sent.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Hears what arrived. Whether it is to be sent at once.
    pub(super) fn hear(&mut self, ring: &Ring, now: Instant) -> bool {
        let head = ring.head();
        for seq in self.heard.max(ring.tail())..head {
            if let Some(entry) = ring.get(seq) {
                self.hear_entry(&entry, now);
            }
        }
        self.heard = head;
        self.due.is_some_and(|due| due <= now)
    }

    /// Whether it is time; the window is closed then.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }

    fn hear_entry(&mut self, entry: &Entry, now: Instant) {
        let due = *self.due.get_or_insert(now + self.window + self.window / STRETCH);
        let is_last = match &entry.frame {
            Frame::Media(packet) => {
                let kind = if packet.track.is_video() { &mut self.pictures } else { &mut self.sound };
                kind.learn(entry.arrived);
                self.next().is_some_and(|next| next >= due)
            }
            Frame::Data(_) => false,
            Frame::End(_) => true,
        };
        if is_last {
            self.due = Some(now);
        }
    }

    /// When the next frame is expected.
    fn next(&self) -> Option<Instant> {
        [&self.pictures, &self.sound].into_iter().filter_map(Arrivals::next).min()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::media::{MediaTime, Packet, TrackId};

    fn entry(track: TrackId, arrived: Instant) -> Entry {
        let packet = Packet {
            track,
            dts: MediaTime::ZERO,
            cts: MediaTime::ZERO,
            keyframe: true,
            payload: Bytes::new(),
        };
        Entry {
            seq: 0,
            frame: Frame::Media(packet),
            tracks: Arc::default(),
            start: true,
            discontinuity: false,
            origin: crate::stream::Origin::Encoder,
            arrived,
            wire: None,
            plain: None,
        }
    }

    /// Hears frames as they come, at the times of a second that are given, and says when something is sent.
    fn sent_at(window: u64, mut frames: Vec<(u64, TrackId)>) -> Vec<u64> {
        frames.sort_unstable_by_key(|(at, _)| *at);
        let mut pace = Pace::new(Duration::from_millis(window), 0);
        let began = Instant::now();
        let mut sent = Vec::new();
        for at in 0..1_000 {
            let now = began + Duration::from_millis(at);
            for (_, track) in frames.iter().filter(|(arrives, _)| *arrives == at) {
                pace.hear_entry(&entry(*track, now), now);
            }
            if pace.take(now) {
                sent.push(at);
            }
        }
        sent
    }

    fn every(step: u64, track: TrackId) -> Vec<(u64, TrackId)> {
        (0..1_000 / step).map(|number| (number * step, track)).collect()
    }

    /// As OBS sends: sound leaves with the picture after it.
    fn bursts() -> Vec<(u64, TrackId)> {
        [every(33, TrackId::VIDEO), every(33, TrackId::AUDIO), every(66, TrackId::AUDIO)].concat()
    }

    /// As FFmpeg sends: each frame when its time has come.
    fn evenly() -> Vec<(u64, TrackId)> {
        [every(33, TrackId::VIDEO), every(21, TrackId::AUDIO)].concat()
    }

    #[test]
    fn without_a_window_everything_goes_at_once() {
        assert_eq!(sent_at(0, every(21, TrackId::AUDIO)).len(), 47);
    }

    #[test]
    fn a_picture_goes_at_once_when_no_other_frame_fits_the_window() {
        let frames: Vec<u64> = every(33, TrackId::VIDEO).into_iter().map(|(at, _)| at).collect();
        assert_eq!(sent_at(5, every(33, TrackId::VIDEO))[1..], frames[1..]);
        assert_eq!(sent_at(5, bursts())[2..], frames[2..]);
    }

    #[test]
    fn a_burst_waits_for_the_last_one_that_fits() {
        for frames in [every(33, TrackId::VIDEO), bursts()] {
            assert_eq!(sent_at(50, frames.clone())[1..4], [99, 165, 231]);
        }
    }

    #[test]
    fn a_window_lasts_a_little_longer_for_the_picture_at_its_end() {
        for frames in [every(33, TrackId::VIDEO), bursts()] {
            assert_eq!(sent_at(100, frames)[1..4], [231, 363, 495]);
        }
        assert_eq!(sent_at(50, every(40, TrackId::VIDEO))[1..4], [120, 200, 280]);
        assert_eq!(sent_at(50, every(17, TrackId::VIDEO))[1..4], [119, 187, 255]);
    }

    #[test]
    fn frames_that_come_evenly_fill_the_window() {
        let sent = sent_at(50, evenly());
        assert!(sent.len() <= 22, "{sent:?}");
        assert!(sent.windows(2).all(|pair| pair[1] - pair[0] <= 54 + 21), "{sent:?}");
    }

    #[test]
    fn what_is_not_known_yet_waits_for_the_timer() {
        let mut pace = Pace::new(Duration::from_millis(50), 0);
        let now = Instant::now();
        pace.hear_entry(&entry(TrackId::AUDIO, now), now);
        assert!(!pace.take(now + Duration::from_millis(50)));
        assert!(pace.take(now + Duration::from_millis(54)));
        assert_eq!(pace.due(), None);
    }
}
