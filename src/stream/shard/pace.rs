//! When what arrived is sent: a write costs the same whatever its size, so frames wait for each other, up to a window.
//!
//! The window opens with the first frame that waits. It closes early at the last video frame that is expected to fit in
//! it, since waiting on for the timer would bring nothing more: so video goes out without delay once it is there, and
//! audio waits for it.
//!
//! Times are those of the frames' arrival, so it does not matter when they are heard: as long as no frame can close a
//! window, none needs to be heard, and the shard sleeps. It looks for what came meanwhile at the latest when a window
//! that opened right behind the last one would end.

use std::time::{Duration, Instant};

use super::super::bell::Hush;
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
    /// Without an open window: when to look whether there is one.
    look: Option<Instant>,
    /// Up to where entries were heard.
    heard: u64,
    last_video_millis: Option<i64>,
    interval: Duration,
}

impl Pace {
    /// Nothing waits; entries before `heard` are not waited for.
    pub(super) const fn new(window: Duration, heard: u64) -> Self {
        Self { window, due: None, look: None, heard, last_video_millis: None, interval: INTERVAL_MAX }
    }

    /// When something is to be sent, or to be heard at the latest.
    pub(super) fn wakes(&self) -> Option<Instant> {
        self.due.or(self.look)
    }

    /// Until when frames need not be heard, because none can close the window before.
    pub(super) fn hush(&self) -> Option<Hush> {
        let others = self.wakes()?;
        let pictures = others.checked_sub(self.next_video()).unwrap_or(others);
        Some(Hush { pictures, others })
    }

    /// Hears what arrived. Whether it is to be sent at once.
    pub(super) fn hear(&mut self, ring: &Ring, now: Instant) -> bool {
        let head = ring.head();
        for seq in self.heard.max(ring.tail())..head {
            if let Some(entry) = ring.get(seq) {
                self.hear_entry(&entry);
            }
        }
        self.heard = head;
        self.is_due(now)
    }

    /// Whether it is time; the window is closed then.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let taken = self.due.take_if(|due| *due <= now).is_some();
        if taken && !self.window.is_zero() {
            self.look = Some(now + self.window);
        }
        taken
    }

    fn is_due(&mut self, now: Instant) -> bool {
        // It looked.
        self.look.take_if(|look| *look <= now);
        self.due.is_some_and(|due| due <= now)
    }

    fn hear_entry(&mut self, entry: &Entry) {
        let arrived = entry.arrived;
        let due = *self.due.get_or_insert(arrived + self.window);
        let is_last = match &entry.frame {
            Frame::Media(packet) if packet.track == TrackId::VIDEO => {
                self.learn(packet.dts.as_millis());
                arrived + self.next_video() >= due
            }
            Frame::Media(_) | Frame::Data(_) => false,
            Frame::End(_) => true,
        };
        if is_last {
            self.due = Some(due.min(arrived));
        }
    }

    /// How long the next video frame may take: a quarter more, since frames come a little late as often as early.
    fn next_video(&self) -> Duration {
        self.interval + self.interval / 4
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

    fn entry(track: TrackId, millis: i64, arrived: Instant) -> Entry {
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
            arrived,
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
            pace.hear_entry(&entry(track, i64::from(number * step), now));
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
        pace.hear_entry(&entry(TrackId::AUDIO, 0, now));
        assert!(!pace.take(now + Duration::from_millis(49)));
        assert!(pace.take(now + Duration::from_millis(50)));
        assert_eq!(pace.due, None);
    }

    /// When something is sent of these frames, milliseconds from the beginning, and how often the shard was woken:
    /// by every frame, or by those alone that need it.
    fn sent_and_woken(window: u64, frames: &[(TrackId, u64)], hushed: bool) -> (Vec<u64>, u32) {
        let mut pace = Pace::new(Duration::from_millis(window), 0);
        let began = Instant::now() + Duration::from_secs(1);
        let (mut waiting, mut sent, mut woken, mut hush) = (Vec::new(), Vec::new(), 0, None::<Hush>);
        for millis in 0..3_000 {
            let now = began + Duration::from_millis(millis);
            let mut wakes = pace.wakes().is_some_and(|at| at <= now);
            for (track, _) in frames.iter().filter(|(_, at)| *at == millis) {
                let from = hush.map(|hush| if track.is_video() { hush.pictures } else { hush.others });
                wakes |= !hushed || from.is_none_or(|from| now >= from);
                waiting.push(entry(*track, i64::try_from(millis).expect("small"), now));
            }
            if !wakes {
                continue;
            }
            woken += 1;
            waiting.drain(..).for_each(|entry| pace.hear_entry(&entry));
            if pace.is_due(now) && pace.take(now) {
                sent.push(millis);
            }
            hush = pace.hush();
        }
        assert!(waiting.is_empty(), "nothing waits for ever");
        (sent, woken)
    }

    #[test]
    fn a_shard_that_sleeps_sends_when_one_that_hears_everything_does() {
        let video = |step: u64| (0..2_000 / step).map(move |n| (TrackId::VIDEO, n * step + n % 3));
        let audio = |step: u64| (0..2_000 / step).map(move |n| (TrackId::AUDIO, n * step + 7));
        for (window, frames) in [
            (50, video(33).chain(audio(21)).collect::<Vec<_>>()),
            (100, video(33).chain(audio(21)).collect()),
            (50, video(16).chain(audio(21)).collect()),
            (50, video(33).collect()),
            (50, audio(21).collect()),
            (50, video(100).chain(audio(23)).collect()),
            (0, video(33).chain(audio(21)).collect()),
        ] {
            let (sent, woken) = sent_and_woken(window, &frames, true);
            let (sent_by_all, woken_by_all) = sent_and_woken(window, &frames, false);
            assert_eq!(sent, sent_by_all, "window {window}");
            assert!(woken <= woken_by_all, "window {window}: {woken} of {woken_by_all}");
        }
        let (_, woken) = sent_and_woken(50, &video(33).chain(audio(21)).collect::<Vec<_>>(), true);
        assert!(woken < 75, "once a picture, and {woken} times for sixty");
    }

    #[test]
    fn a_stream_that_pauses_leaves_the_shard_in_peace() {
        let frames: Vec<_> =
            (0..30).map(|n| (TrackId::VIDEO, n * 33)).chain([(TrackId::AUDIO, 2_500)]).collect();
        let (sent, woken) = sent_and_woken(50, &frames, true);
        assert!(sent.ends_with(&[2_550]), "by its own window: {sent:?}");
        assert!(woken < 40, "{woken}");
    }
}
