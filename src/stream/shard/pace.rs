//! When what arrived is sent: a write costs the same whatever its size, so frames wait for each other, up to a window.
//!
//! The window opens with the first frame that waits. It closes early at the last video frame that is expected to fit in
//! it, since waiting on for the timer would bring nothing more: so video goes out without delay once it is there, and
//! audio waits for it.

use std::time::{Duration, Instant};

use super::super::ring::{Entry, Ring};
use crate::media::{Frame, TrackId};

/// An interval between video frames beyond which the guess for the next one is not trusted.
const INTERVAL_MAX: Duration = Duration::from_millis(500);

/// The pace of one stream in one shard.
#[derive(Debug)]
pub(super) struct Pace {
    window: Duration,
    /// When the open window closes.
    due: Option<Instant>,
    /// Up to where entries were heard.
    heard: u64,
    last_video_millis: Option<i64>,
    interval: Duration,
}

impl Pace {
    /// Nothing waits; entries before `heard` are not waited for.
    pub(super) const fn new(window: Duration, heard: u64) -> Self {
        Self { window, due: None, heard, last_video_millis: None, interval: INTERVAL_MAX }
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
        let due = *self.due.get_or_insert(now + self.window);
        let is_last = match &entry.frame {
            Frame::Media(packet) if packet.track == TrackId::VIDEO => {
                self.learn(packet.dts.as_millis());
                // A quarter more, since frames come a little late as often as early.
                now + self.interval + self.interval / 4 >= due
            }
            Frame::Media(_) | Frame::Data(_) => false,
            Frame::End(_) => true,
        };
        if is_last {
            self.due = Some(now);
        }
    }

    /// Learns the distance between video frames from their own clock.
    fn learn(&mut self, millis: i64) {
        let apart = self.last_video_millis.replace(millis).map(|last| millis - last);
        if let Some(apart) = apart.and_then(|apart| u64::try_from(apart).ok()) {
            self.interval = Duration::from_millis(apart).min(INTERVAL_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::media::{MediaTime, Packet};

    fn entry(track: TrackId, millis: i64) -> Entry {
        let packet = Packet {
            track,
            dts: MediaTime::from_millis(millis),
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
            arrived: Instant::now(),
            wire: None,
            plain: None,
        }
    }

    /// Hears a frame every `step` ms and says at which of them something is sent at once.
    fn sent_at(window: u64, track: TrackId, step: u32) -> Vec<u32> {
        let mut pace = Pace::new(Duration::from_millis(window), 0);
        let began = Instant::now();
        let mut sent = Vec::new();
        for number in 0..12_u32 {
            let now = began + Duration::from_millis(u64::from(number * step));
            pace.hear_entry(&entry(track, i64::from(number * step)), now);
            if pace.take(now) {
                sent.push(number);
            }
        }
        sent
    }

    #[test]
    fn without_a_window_everything_goes_at_once() {
        assert_eq!(sent_at(0, TrackId::AUDIO, 21), (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn video_goes_at_once_when_no_other_fits_the_window() {
        assert_eq!(sent_at(5, TrackId::VIDEO, 33), (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn video_waits_for_the_last_one_that_fits() {
        assert_eq!(sent_at(50, TrackId::VIDEO, 33)[1..], [2, 4, 6, 8, 10]);
        assert_eq!(sent_at(100, TrackId::VIDEO, 33)[1..], [3, 6, 9]);
    }

    #[test]
    fn audio_alone_waits_for_the_timer() {
        let mut pace = Pace::new(Duration::from_millis(50), 0);
        let now = Instant::now();
        pace.hear_entry(&entry(TrackId::AUDIO, 0), now);
        assert!(!pace.take(now + Duration::from_millis(49)));
        assert!(pace.take(now + Duration::from_millis(50)));
        assert_eq!(pace.due(), None);
    }
}
