//! The stretch being cut: the open segment, its open part, and the frames that wait to be placed in them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::CLOCK;
use super::fragments::{Fragments, Gap};
use super::pacing::PartRule;
use crate::hls::segment::{Init, Opening, Part, Segment};
use crate::media::MediaTime;
use crate::media::remux::to_fmp4::{AudioClock, Layout, Sample};
use crate::media::remux::to_ts::Begins;

/// A frame's duration until one has been seen: 30 frames a second.
const FRAME_FIRST_GUESS: i64 = 3_000;
/// How long no audio must have arrived, in milliseconds, before silence takes its place.
const AUDIO_GONE_MILLIS: i64 = 1_000;
/// Samples of one track in a part at most, for streams whose clock hardly moves.
const PART_SAMPLES_MAX: usize = 1_000;
/// Access units that wait for video at most: a minute and more. Beyond, new ones are dropped.
const AUDIO_QUEUE_MAX: usize = 4_096;

/// Times are ticks of 90 kHz unless a sample's own track counts otherwise.
#[derive(Debug)]
pub(super) struct Open {
    /// Where the open segment begins.
    pub(super) start: i64,
    /// Whether the open segment begins with a random access point.
    pub(super) independent: bool,
    /// Whether the open segment follows a break.
    discontinuity: bool,
    parts: Vec<Arc<Part>>,
    /// How many of the parts have been told.
    told: usize,
    /// Where the open part begins.
    pub(super) part_start: i64,
    video: Vec<Sample>,
    /// The newest video frame, whose duration is not known yet.
    pub(super) held: Option<Sample>,
    /// Where the last frame whose duration is known ends.
    picture_end: i64,
    /// How long the last frame lasted.
    pub(super) frame: i64,
    /// When video arrived last, in milliseconds since 1970.
    pub(super) last_video: i64,
    /// When audio arrived last, in milliseconds since 1970.
    pub(super) last_audio: i64,
    /// Audio that ends before this is dropped.
    pub(super) audio_from: i64,
    /// Whether there are no pictures, so that every part can be decoded by itself.
    sound_alone: bool,
    grid: Option<AudioClock>,
    audio: VecDeque<Sample>,
    /// Bytes in the open segment's parts, and in its open part.
    closed_bytes: u64,
    open_bytes: u64,
    frames: u32,
}

impl Open {
    pub(super) fn new(start: i64, discontinuity: bool, layout: &Layout) -> Self {
        Self {
            start,
            independent: true,
            discontinuity,
            parts: Vec::new(),
            told: 0,
            part_start: start,
            video: Vec::new(),
            held: None,
            picture_end: start,
            frame: FRAME_FIRST_GUESS,
            last_video: 0,
            last_audio: 0,
            audio_from: start,
            sound_alone: layout.video().is_none(),
            grid: layout.audio_clock(),
            audio: VecDeque::new(),
            closed_bytes: 0,
            open_bytes: 0,
            frames: 0,
        }
    }

    /// The audio grid, where there is audio.
    pub(super) const fn grid(&mut self) -> Option<&mut AudioClock> {
        self.grid.as_mut()
    }

    /// Bytes of the open segment so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.closed_bytes + self.open_bytes
    }

    /// Where the sound so far ends.
    pub(super) fn sound_end(&self) -> i64 {
        let queued = self.audio.back().and_then(|last| self.audio_ticks(last.time + last.duration));
        queued.map_or(self.part_start, |end| end.max(self.part_start))
    }

    /// Adds a frame whose duration is known, closing the part first where the frame would make it too long.
    ///
    /// Where parts are published a part that would be too short without the frame takes it, and ends where a part
    /// must; what the frame lasts beyond goes to the parts after it.
    pub(super) fn add_video(&mut self, sample: Sample, rule: PartRule, fragments: &mut Fragments) {
        let end = sample.time + sample.duration;
        let long_enough = sample.time - self.part_start >= rule.min.max(1);
        let too_many = self.video.len() >= PART_SAMPLES_MAX && sample.time > self.part_start;
        if (end - self.part_start > rule.max && long_enough) || too_many {
            self.close_part(sample.time, rule, fragments);
        }
        self.frame = sample.duration;
        self.picture_end = end;
        self.frames = self.frames.saturating_add(1);
        self.open_bytes += sample.len();
        self.video.push(sample);
        while rule.strict && end.min(rule.until) - self.part_start > rule.max {
            self.close_part(self.part_start + rule.max, rule, fragments);
        }
    }

    /// Closes parts where sound alone moves them on, now that there is a unit from `at` to `end`.
    pub(super) fn follow_sound(&mut self, at: i64, end: i64, rule: PartRule, fragments: &mut Fragments) {
        while end - self.part_start > rule.max && at > self.part_start {
            let from = self.part_start;
            let whole = !rule.strict || (rule.min..=rule.max).contains(&(at - from));
            self.close_part(if whole { at } else { from + rule.max }, rule, fragments);
            if self.part_start == from {
                break;
            }
        }
    }

    /// Closes all parts of a segment that ends at `end`, where it has any media.
    pub(super) fn close_parts(&mut self, end: i64, rule: PartRule, fragments: &mut Fragments) {
        let sound =
            self.audio.front().and_then(|unit| self.audio_ticks(unit.time)).is_some_and(|at| at < end);
        if self.parts.is_empty() && self.video.is_empty() && !sound {
            return;
        }
        while rule.strict && end - self.part_start > rule.max {
            self.close_part(self.part_start + rule.max, rule, fragments);
        }
        self.close_part(end, rule, fragments);
    }

    /// Lets an access unit wait for its part.
    pub(super) fn queue(&mut self, unit: Sample) {
        if self.audio.len() < AUDIO_QUEUE_MAX {
            self.open_bytes += unit.len();
            self.audio.push_back(unit);
        }
    }

    /// Puts silence up to `end` where no audio comes any more, so that players do not wait for it. Audio that is
    /// only late still arrives, and keeps its place.
    pub(super) fn fill_silence(&mut self, end: i64, now: i64) {
        if now - self.last_audio < AUDIO_GONE_MILLIS {
            return;
        }
        let Some(grid) = &mut self.grid else { return };
        let rate = grid.timescale();
        let local = |ticks: i64| MediaTime::new(ticks, CLOCK).ticks_at(rate);
        let next = grid.next().unwrap_or_else(|| local(self.audio_from));
        let Some(silence) = grid.silence().cloned() else { return };
        if next >= local(end) {
            return;
        }
        let unit = grid.unit();
        let (first, count) = grid.fill(next, local(end));
        for index in 0..count {
            self.queue(Sample::sound(first + index * unit, unit, [silence.clone()].into()));
        }
    }

    /// Finishes the open part at `end`. Nothing happens when it is empty, except where parts are published, which must
    /// add up to their segment: there it becomes a part without samples.
    pub(super) fn close_part(&mut self, end: i64, rule: PartRule, fragments: &mut Fragments) {
        let audio = self.take_audio(end);
        let empty = self.video.is_empty() && audio.is_empty();
        if empty && !(rule.strict && end > self.part_start) {
            return;
        }
        let video = std::mem::take(&mut self.video);
        let independent = !empty && video.first().map_or(self.sound_alone, |first| first.sync);
        let begins = match (self.parts.is_empty(), self.discontinuity) {
            (true, true) => Begins::AfterBreak,
            (true, false) => Begins::Segment,
            (false, _) => Begins::Within,
        };
        let made = if empty {
            fragments.make_empty(Gap { sound: self.sound_alone, next: self.next_sample(end) })
        } else {
            fragments.make(begins, video, audio)
        };
        if let Some(fragment) = made {
            let part = Part {
                header: fragment.header,
                payload: fragment.payload,
                duration: MediaTime::new(end - self.part_start, CLOCK),
                independent,
            };
            self.closed_bytes += part.len();
            self.parts.push(Arc::new(part));
        }
        self.open_bytes = self.audio.iter().map(Sample::len).sum();
        self.part_start = end;
    }

    /// Where the next sample of the track that paces the parts belongs, in its ticks, when there is none before `end`.
    fn next_sample(&self, end: i64) -> i64 {
        let Some(grid) = self.grid.as_ref().filter(|_| self.sound_alone) else {
            return self.picture_end.max(self.part_start);
        };
        let queued = self.audio.front().map(|unit| unit.time).or(grid.next());
        queued.unwrap_or_else(|| MediaTime::new(end, CLOCK).ticks_at(grid.timescale()))
    }

    /// The next finished part that was not told yet.
    pub(super) fn tell(&mut self) -> Option<Arc<Part>> {
        let part = self.parts.get(self.told)?.clone();
        self.told += 1;
        Some(part)
    }

    /// What stands before the open segment.
    pub(super) fn opening(&self, init: &Arc<Init>, date: MediaTime) -> Opening {
        Opening { init: init.clone(), date, independent: self.independent, discontinuity: self.discontinuity }
    }

    /// Audio that begins before `end` and has no hole in it: a fragment cannot have one.
    fn take_audio(&mut self, end: i64) -> Vec<Sample> {
        let mut taken: Vec<Sample> = Vec::new();
        while let Some(unit) = self.audio.front() {
            let joins = taken.last().is_none_or(|last| last.time + last.duration == unit.time);
            if !joins || self.audio_ticks(unit.time).is_none_or(|time| time >= end) {
                break;
            }
            taken.extend(self.audio.pop_front());
        }
        taken
    }

    /// Finishes the open segment at `at` and opens the next; `None` when it has no media.
    pub(super) fn finish(&mut self, at: i64, independent: bool, opening: Opening) -> Option<Segment> {
        let mut parts = std::mem::take(&mut self.parts);
        let start = std::mem::replace(&mut self.start, at);
        self.told = 0;
        self.independent = independent;
        self.part_start = at;
        self.closed_bytes = 0;
        let frames = std::mem::take(&mut self.frames);
        let lengths: i64 = parts.iter().map(|part| part.duration.ticks()).sum();
        let last = parts.last_mut()?;
        // A part that stayed empty at the end leaves its time to the one before it; none does that was published.
        if let Some(last) = Arc::get_mut(last) {
            last.duration = MediaTime::new(last.duration.ticks() + (at - start - lengths).max(0), CLOCK);
        }
        self.discontinuity = false;
        Some(Segment {
            opening,
            start: MediaTime::new(start, CLOCK),
            duration: MediaTime::new(at - start, CLOCK),
            frames,
            len: parts.iter().map(|part| part.len()).sum(),
            parts,
        })
    }

    /// Moves the open, empty segment to `at`, behind a discontinuity.
    pub(super) const fn jump(&mut self, at: i64) {
        (self.start, self.part_start, self.discontinuity) = (at, at, true);
    }

    fn audio_ticks(&self, time: i64) -> Option<i64> {
        Some(MediaTime::new(time, self.grid.as_ref()?.timescale()).ticks_at(CLOCK))
    }
}
