//! A track beside the default ones: its frames wait until the default pictures have come to them, and its segments end
//! where theirs do.
//!
//! Encoders of several tracks align their keyframes, and players change between variants where segments begin. A
//! keyframe may come a little before the cut that it belongs to, where its encoder delays more: it waits until that is
//! decided. A track whose keyframes lie elsewhere is cut all the same, and its segments do not promise independence:
//! segments of one number must be of one time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::CLOCK;
use super::sound::Sound;
use crate::media::remux::to_fmp4::{Layout, Placed, Sample, SessionClock, Slices};
use crate::media::{CodecConfig, Packet, Track, TrackId};

/// How far before a cut a keyframe may come that belongs behind it, in ticks of 90 kHz: reordering of two encoders differs
/// by less than 250 ms.
const KEYFRAME_REACH: i64 = 22_500;
/// Pictures that wait at most: ten seconds of 60 a second, while the default pictures stall, and their bytes. Beyond,
/// the track starts anew at its next keyframe.
const QUEUE_MAX: usize = 600;
const QUEUE_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

/// One track.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) id: TrackId,
    config: Arc<CodecConfig>,
    layout: Layout,
    flow: Flow,
}

#[derive(Debug)]
enum Flow {
    Pictures(Pictures),
    Sound(Sound),
}

/// Times are ticks of 90 kHz.
#[derive(Debug, Default)]
struct Pictures {
    /// Whether a keyframe has come; nothing can be decoded before.
    started: bool,
    /// Whether the pictures so far belong to the first keyframe, which skipped leading ones may follow.
    entering: bool,
    /// Pictures whose duration is known.
    ready: VecDeque<Sample>,
    /// Bytes of those.
    waiting: u64,
    /// The newest.
    held: Option<Sample>,
    /// The earliest time the next may have.
    floor: i64,
    /// Whether nothing was taken of the open segment.
    fresh: bool,
}

impl Beside {
    /// Of a track, whose sound before `from` is dropped.
    pub(super) fn new(track: &Track, from: i64) -> Self {
        let layout = Layout::alone(track.id.kind, track.config.clone());
        let flow = match Sound::of(&layout, from) {
            Some(sound) => Flow::Sound(sound),
            None => Flow::Pictures(Pictures { fresh: true, ..Pictures::default() }),
        };
        Self { id: track.id, config: track.config.clone(), layout, flow }
    }

    /// Whether its frames are of this configuration still.
    pub(super) fn fits(&self, config: Option<&Arc<CodecConfig>>) -> bool {
        config == Some(&self.config)
    }

    /// What its samples are made by.
    pub(super) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Takes a frame that arrived at `now`, in milliseconds since 1970, and what is kept of it.
    pub(super) fn push(&mut self, packet: &Packet, data: Slices, clock: &SessionClock, now: i64) {
        if data.is_empty() {
            return;
        }
        match &mut self.flow {
            Flow::Pictures(pictures) => {
                let skipped = pictures.entering && self.layout.is_skipped_leading(packet);
                if !skipped {
                    let dts = clock.ticks(packet.dts, CLOCK);
                    let cts = packet.cts.ticks_at(CLOCK);
                    pictures.push(Sample { time: dts, duration: 0, cts, sync: packet.keyframe, data });
                }
            }
            Flow::Sound(sound) => {
                let at = clock.ticks(packet.pts(), sound.grid().timescale());
                for (at, frame) in sound.frames(at, data) {
                    let Some((at, data)) = sound.join(at, frame).filter(|(at, _)| !sound.is_early(*at))
                    else {
                        continue;
                    };
                    sound.heard = now;
                    match sound.grid().place_beside_others(at) {
                        Placed::Late => {}
                        Placed::At { time, silent } => sound.queue_behind_silence(silent, time, data),
                        Placed::AfterHole { time } => {
                            sound.grid().go_on(time);
                            sound.queue_behind_silence(0, time, data);
                        }
                    }
                }
            }
        }
    }

    /// The open segment ends at `end`: nothing of it is waited for any more.
    pub(super) fn settle(&mut self, end: i64, now: i64) {
        match &mut self.flow {
            Flow::Pictures(pictures) => pictures.settle(end),
            Flow::Sound(sound) => sound.fill_silence(end, now),
        }
    }

    /// What a part takes that ends at `end`, and the segment with it where it is the `last`.
    pub(super) fn take(&mut self, end: i64, last: bool) -> Vec<Sample> {
        match &mut self.flow {
            Flow::Pictures(pictures) => pictures.take(end, last),
            Flow::Sound(sound) => sound.take(end),
        }
    }

    /// Where the next sample belongs, in ticks of its track, when a part that ends at `end` took none.
    pub(super) fn next(&self, end: i64) -> i64 {
        match &self.flow {
            Flow::Pictures(pictures) => {
                pictures.ready.front().map_or(pictures.floor.max(end), |next| next.time)
            }
            Flow::Sound(sound) => sound.next(end),
        }
    }
}

impl Pictures {
    fn push(&mut self, sample: Sample) {
        if self.ready.len() >= QUEUE_MAX || self.waiting >= QUEUE_BYTES_MAX {
            self.started = false;
            self.held = None;
        }
        if !self.started && !sample.sync {
            return;
        }
        self.entering = !self.started || (self.entering && !sample.sync);
        self.started = true;
        let time = sample.time.max(self.floor);
        self.floor = time + 1;
        if let Some(held) = self.held.take() {
            self.wait(Sample { duration: time - held.time, ..held });
        }
        // A frame that was moved to keep decode times rising is still shown when it should be.
        self.held = Some(Sample { time, cts: sample.cts - (time - sample.time), ..sample });
    }

    /// Whether a keyframe may begin the segment after one that ends near `end`.
    fn opens_next(&self, sample: &Sample, end: i64) -> bool {
        sample.sync && !self.fresh && sample.time > end - KEYFRAME_REACH
    }

    /// Gives the newest picture the time up to `end`, where it begins before.
    fn settle(&mut self, end: i64) {
        let reopened = self.ready.iter().any(|sample| self.opens_next(sample, end));
        let Some(held) = self.held.take() else { return };
        if held.time >= end || reopened || self.opens_next(&held, end) {
            self.held = Some(held);
            return;
        }
        self.floor = self.floor.max(end);
        self.wait(Sample { duration: end - held.time, ..held });
    }

    fn wait(&mut self, sample: Sample) {
        self.waiting += sample.len();
        self.ready.push_back(sample);
    }

    fn take(&mut self, end: i64, last: bool) -> Vec<Sample> {
        let mut taken = Vec::new();
        while let Some(next) = self.ready.front().filter(|next| next.time < end) {
            // Until the default pictures are past the time when it is shown, theirs of the same time may still come.
            let waits = if last {
                self.opens_next(next, end)
            } else {
                next.sync && !self.fresh && next.time + next.cts > end
            };
            if waits {
                break;
            }
            self.fresh = false;
            self.waiting = self.waiting.saturating_sub(next.len());
            taken.extend(self.ready.pop_front());
        }
        if last {
            self.fresh = true;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(millis: i64, cts: i64, sync: bool) -> Sample {
        let data = [bytes::Bytes::from_static(b"frame")].into();
        Sample { time: millis * 90, duration: 0, cts: cts * 90, sync, data }
    }

    /// 25 pictures a second from `from`, every 25th a keyframe, all shown `cts` later.
    fn pictures(from: i64, count: i64, cts: i64) -> Pictures {
        let mut pictures = Pictures { fresh: true, ..Pictures::default() };
        (0..count).for_each(|at| pictures.push(sample(from + at * 40, cts, at % 25 == 0)));
        pictures
    }

    fn taken(pictures: &mut Pictures, millis: i64, last: bool) -> (usize, bool) {
        if last {
            pictures.settle(millis * 90);
        }
        let taken = pictures.take(millis * 90, last);
        (taken.len(), taken.first().is_some_and(|first| first.sync))
    }

    #[test]
    fn the_last_picture_before_a_cut_lasts_until_it() {
        let mut pictures = pictures(0, 25, 80);
        assert_eq!(taken(&mut pictures, 320, false), (8, true));
        pictures.settle(90_000);
        let rest = pictures.take(90_000, true);
        assert_eq!((rest.len(), rest.last().map(|last| last.duration)), (17, Some(3_600)));
        pictures.push(sample(999, 80, true));
        assert_eq!(pictures.held.as_ref().map(|held| (held.time, held.cts)), Some((90_000, 7_110)));
    }

    #[test]
    fn a_keyframe_that_comes_before_its_cut_begins_the_segment_behind_it() {
        // Shown when those of the default track are, which has less to reorder.
        let mut pictures = pictures(-80, 30, 80);
        assert_eq!(taken(&mut pictures, 320, false), (10, true));
        assert_eq!(taken(&mut pictures, 960, false).0, 15, "the next keyframe waits");
        assert_eq!(taken(&mut pictures, 1_000, true), (0, false));
        assert_eq!(taken(&mut pictures, 1_320, false), (4, true), "and its segment begins with it");
    }

    #[test]
    fn a_track_that_nobody_takes_from_is_bounded_and_starts_anew_at_a_keyframe() {
        let mut pictures = pictures(0, 2_000, 0);
        assert!(pictures.ready.len() <= QUEUE_MAX);
        pictures.take(i64::MAX / 4, false);
        pictures.push(sample(90_000, 0, false));
        assert!(pictures.held.is_none());
        pictures.push(sample(90_040, 0, true));
        assert!(pictures.held.is_some());
    }
}
