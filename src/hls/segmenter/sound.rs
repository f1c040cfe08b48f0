//! The sound of one track on its grid: access units that wait until a part takes them.

use std::collections::VecDeque;

use bytes::Bytes;
use smallvec::SmallVec;

use super::CLOCK;
use crate::format::ac3::Ac3;
use crate::format::mp3::Mp3Header;
use crate::media::remux::to_fmp4::{AudioClock, Layout, Sample, Slices};
use crate::media::{CodecConfig, MediaTime};

/// How long no audio must have arrived, in milliseconds, before silence takes its place.
const GONE_MILLIS: i64 = 1_000;
/// Access units that wait for video at most: a minute and more of usual sound, and their bytes. Beyond, new ones are dropped.
const QUEUE_MAX: usize = 4_096;
const QUEUE_BYTES_MAX: u64 = 16 * 1_024 * 1_024;
/// Frames of one message that are told apart. Real ones have a few.
const FRAMES_MAX: usize = 64;
/// The longest hole within a part, in ticks of 90 kHz: half a second. What is behind a longer one waits for the next.
const HOLE_MAX: i64 = 45_000;

/// Times are ticks of the track unless they say otherwise.
#[derive(Debug)]
pub(super) struct Sound {
    grid: AudioClock,
    queue: VecDeque<Sample>,
    /// Bytes of the queue.
    waiting: u64,
    /// How long the frame is that bytes begin with, for codings of which a message may have several.
    frame_len: fn(&[u8]) -> Option<usize>,
    /// Sound that ends before this, in ticks of 90 kHz, is dropped.
    pub(super) from: i64,
    /// When it arrived last, in milliseconds since 1970.
    pub(super) heard: i64,
    joined: Joined,
}

/// Frames that make one sample together: six blocks of E-AC-3, however few a frame has.
#[derive(Debug)]
struct Joined {
    frames: i64,
    frame: i64,
    start: i64,
    count: i64,
    data: Slices,
}

impl Sound {
    /// Of a layout's sound, where it has any.
    pub(super) fn of(layout: &Layout, from: i64) -> Option<Self> {
        let (config, grid) = (layout.audio()?, layout.audio_clock()?);
        let frame = match config.as_ref() {
            CodecConfig::Eac3(eac3) => i64::from(eac3.frame_samples.max(1)),
            _ => grid.unit(),
        };
        let joined = Joined { frames: grid.unit() / frame, frame, start: 0, count: 0, data: Slices::new() };
        let frame_len: fn(&[u8]) -> Option<usize> = match config.as_ref() {
            CodecConfig::Mp3(_) => |bytes| Mp3Header::parse(bytes).map(|(_, len)| len),
            CodecConfig::Ac3(_) => |bytes| Ac3::parse(bytes).map(|(_, len)| len),
            _ => |_| None,
        };
        Some(Self { grid, queue: VecDeque::new(), waiting: 0, frame_len, from, heard: 0, joined })
    }

    /// The frames of a message dated `at`, and when each begins.
    pub(super) fn frames(&self, at: i64, mut message: Slices) -> SmallVec<[(i64, Slices); 1]> {
        let mut frames = SmallVec::new();
        let mut at = at;
        while let ([bytes], true) = (message.as_mut_slice(), frames.len() + 1 < FRAMES_MAX) {
            let Some(len) = (self.frame_len)(bytes).filter(|len| (1..bytes.len()).contains(len)) else {
                break;
            };
            // What follows and is no frame belongs to this one.
            if bytes.get(len..).is_none_or(|rest| (self.frame_len)(rest).is_none()) {
                break;
            }
            frames.push((at, Slices::from_elem(bytes.split_to(len), 1)));
            at += self.grid.unit();
        }
        frames.push((at, message));
        frames
    }

    pub(super) const fn grid(&mut self) -> &mut AudioClock {
        &mut self.grid
    }

    /// The unit that a frame dated `at` completes, and when it began.
    pub(super) fn join(&mut self, at: i64, frame: Slices) -> Option<(i64, Slices)> {
        let joined = &mut self.joined;
        if joined.frames <= 1 {
            return Some((at, frame));
        }
        if (at - joined.start - joined.count * joined.frame).abs() > self.grid.unit() {
            joined.count = 0;
        }
        if joined.count == 0 {
            joined.start = at;
            joined.data.clear();
        }
        joined.data.extend(frame);
        joined.count += 1;
        if joined.count < joined.frames {
            return None;
        }
        joined.count = 0;
        Some((joined.start, std::mem::take(&mut joined.data)))
    }

    /// Whether a unit at `at` is from before the first that is wanted.
    pub(super) fn is_early(&self, at: i64) -> bool {
        self.grid.next().is_none() && self.to_clock(at + self.grid.unit()) <= self.from
    }

    /// Lets a unit wait for its part.
    pub(super) fn queue(&mut self, unit: Sample) {
        if self.queue.len() < QUEUE_MAX && self.waiting < QUEUE_BYTES_MAX {
            self.waiting += unit.len();
            self.queue.push_back(unit);
        }
    }

    /// Lets `silent` units of silence wait for their part, and the unit at `time` behind them.
    pub(super) fn queue_behind_silence(&mut self, silent: i64, time: i64, data: Slices) {
        for unit in self.silence_before(time, silent) {
            self.queue(unit);
        }
        self.queue(Sample::sound(time, self.grid.unit(), data));
    }

    /// `count` units of silence that end at `time`; none where no silence is known.
    pub(super) fn silence_before(&self, time: i64, count: i64) -> Vec<Sample> {
        let (silence, unit) = (self.grid.silence().cloned(), self.grid.unit());
        let units = silence.into_iter().flat_map(|silence: Bytes| {
            (0..count).map(move |index| {
                Sample::sound(time - (count - index) * unit, unit, [silence.clone()].into())
            })
        });
        units.collect()
    }

    /// Puts silence up to `end`, in ticks of 90 kHz, where no audio comes any more, so that players do not wait for it.
    /// Audio that is only late still arrives, and keeps its place.
    pub(super) fn fill_silence(&mut self, end: i64, now: i64) {
        if now - self.heard >= GONE_MILLIS {
            self.fill(end, 0);
        }
    }

    /// The same where nothing comes any more, as near to `end` as whole units get: what follows there has sound of its own.
    pub(super) fn fill_nearly(&mut self, end: i64) {
        self.fill(end, self.grid.unit() / 2);
    }

    /// Puts silence up to `end`, in ticks of 90 kHz, less so many of the track.
    fn fill(&mut self, end: i64, less: i64) {
        if self.grid.silence().is_none() {
            return;
        }
        let rate = self.grid.timescale();
        let local = |ticks: i64| MediaTime::new(ticks, CLOCK).ticks_at(rate);
        let next = self.grid.next().unwrap_or_else(|| local(self.from));
        let end = local(end) - less;
        if next >= end {
            return;
        }
        let (first, count) = self.grid.fill(next, end);
        for unit in self.silence_before(first + count * self.grid.unit(), count) {
            self.queue(unit);
        }
    }

    /// What waits and begins before `end`, in ticks of 90 kHz, and has no long hole in it. Short ones may come again and
    /// again, and nothing must be later for each.
    pub(super) fn take(&mut self, end: i64) -> Vec<Sample> {
        let mut taken: Vec<Sample> = Vec::new();
        while let Some(unit) = self.queue.front() {
            let hole = taken.last().map_or(0, |last| self.to_clock(unit.time - last.time - last.duration));
            if hole > HOLE_MAX || self.to_clock(unit.time) >= end {
                break;
            }
            self.waiting = self.waiting.saturating_sub(unit.len());
            taken.extend(self.queue.pop_front());
        }
        taken
    }

    /// Where the first unit that waits begins, in ticks of 90 kHz.
    pub(super) fn waits_from(&self) -> Option<i64> {
        self.queue.front().map(|unit| self.to_clock(unit.time))
    }

    /// Where the last unit that waits ends, in ticks of 90 kHz.
    pub(super) fn waits_until(&self) -> Option<i64> {
        self.queue.back().map(|unit| self.to_clock(unit.time + unit.duration))
    }

    /// Bytes that wait.
    pub(super) const fn waiting_bytes(&self) -> u64 {
        self.waiting
    }

    /// Where the next sample belongs, when none is before `end`, in ticks of 90 kHz.
    pub(super) fn next(&self, end: i64) -> i64 {
        let queued = self.queue.front().map(|unit| unit.time).or(self.grid.next());
        queued.unwrap_or_else(|| MediaTime::new(end, CLOCK).ticks_at(self.grid.timescale()))
    }

    fn to_clock(&self, time: i64) -> i64 {
        MediaTime::new(time, self.grid.timescale()).ticks_at(CLOCK)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smallvec::SmallVec;

    use super::*;
    use crate::format::ac3::Eac3;
    use crate::media::TrackKind;

    #[test]
    fn frames_of_mp3_that_come_in_one_message_are_told_apart() {
        let mp3 = Mp3Header { sample_rate: 44_100, channels: 2, samples: 1_152 };
        let layout = Layout::alone(TrackKind::Audio, Arc::new(CodecConfig::Mp3(mp3)));
        let sound = Sound::of(&layout, 0).expect("sound");
        let mut frame = vec![0; 417];
        frame[..3].copy_from_slice(&[0xff, 0xfb, 0x90]);
        let frames = |message: Vec<u8>| {
            let frames = sound.frames(1_000, [Bytes::from(message)].into());
            frames.iter().map(|(at, data)| (*at, data[0].len())).collect::<Vec<_>>()
        };
        assert_eq!(frames(frame.clone()), [(1_000, 417)]);
        assert_eq!(frames(frame.repeat(3)), [(1_000, 417), (2_152, 417), (3_304, 417)]);
        assert_eq!(frames([frame.repeat(2), vec![0; 9]].concat()), [(1_000, 417), (2_152, 426)]);
        assert_eq!(frames(frame[..100].to_vec()), [(1_000, 100)]);
        assert_eq!(frames(frame.repeat(1_000)).len(), FRAMES_MAX);
    }

    #[test]
    fn units_behind_short_holes_are_not_later_for_each() {
        let ac3 =
            Ac3 { sample_rate: 48_000, fscod: 0, bsid: 8, bsmod: 0, acmod: 2, lfe: false, bit_rate_code: 10 };
        let layout = Layout::alone(TrackKind::Audio, Arc::new(CodecConfig::Ac3(ac3)));
        let mut sound = Sound::of(&layout, 0).expect("sound");
        let unit = |at: i64| Sample::sound(at, 1_536, [Bytes::from_static(b"frame")].into());
        (0..10).for_each(|at| sound.queue(unit(at * 4_800)));
        sound.queue(unit(96_000));
        assert_eq!(sound.take(90_000).len(), 10);
        assert_eq!(sound.take(i64::MAX / 4).len(), 1);
        assert_eq!((sound.waiting_bytes(), sound.waits_from()), (0, None));
    }

    #[test]
    fn short_frames_of_eac3_make_samples_of_six_blocks() {
        let eac3 =
            Eac3 { sample_rate: 48_000, frame_samples: 512, data_rate: 192, substreams: SmallVec::new() };
        let layout = Layout::alone(TrackKind::Audio, Arc::new(CodecConfig::Eac3(eac3)));
        let mut sound = Sound::of(&layout, 0).expect("sound");
        let mut frame = |at: i64| sound.join(at, [Bytes::from_static(b"frame")].into());
        assert_eq!((frame(0), frame(528)), (None, None));
        let (at, data) = frame(1_008).expect("the third completes it");
        assert_eq!((at, data.len()), (0, 3));
        assert_eq!((frame(1_536), frame(2_064)), (None, None));
        assert_eq!((frame(9_600), frame(10_112)), (None, None), "a gap begins anew");
        assert_eq!(frame(10_624).map(|(at, data)| (at, data.len())), Some((9_600, 3)));
    }
}
