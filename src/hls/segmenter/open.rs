//! The stretch being cut: the open segment, its open part, and the frames that wait to be placed in them.

use super::beside::Beside;
use super::lanes::{Closing, Lanes, Taken};
use super::pacing::PartRule;
use super::sound::Sound;
use crate::hls::lineup::Lineup;
use crate::media::TrackId;
use crate::media::remux::to_fmp4::Sample;

/// A frame's duration until one has been seen: 30 frames a second.
const FRAME_FIRST_GUESS: i64 = 3_000;
/// Samples of one track in a part at most, for streams whose clock hardly moves.
const PART_SAMPLES_MAX: usize = 1_000;

/// Times are ticks of 90 kHz unless a sample's own track counts otherwise.
#[derive(Debug)]
pub(super) struct Open {
    /// Where the open segment begins.
    pub(super) start: i64,
    /// Whether the open segment begins with a random access point.
    pub(super) independent: bool,
    /// Whether the open segment follows a break.
    pub(super) discontinuity: bool,
    /// Where the open part begins.
    pub(super) part_start: i64,
    video: Vec<Sample>,
    /// The newest video frame, whose duration is not known yet.
    pub(super) held: Option<Sample>,
    /// Where the last frame whose duration is known ends.
    picture_end: i64,
    /// How long the last frame lasted.
    pub(super) frame: i64,
    /// Since when sound comes without pictures, in milliseconds since 1970: when video arrived last, or sound behind a
    /// pause.
    pub(super) alone_since: i64,
    /// Whether the pictures so far belong to the first keyframe, which skipped leading ones may follow.
    pub(super) entering: bool,
    /// The default audio track, where there is one.
    pub(super) sound: Option<Sound>,
    /// The other tracks.
    beside: Vec<Beside>,
    /// Bytes in the open segment's parts, and in its open part.
    closed_bytes: u64,
    open_bytes: u64,
}

impl Open {
    /// Begins at `start`; sound from before `audio_from` is dropped.
    pub(super) fn new(start: i64, audio_from: i64, discontinuity: bool, lineup: &Lineup) -> Self {
        Self {
            start,
            independent: true,
            discontinuity,
            part_start: start,
            video: Vec::new(),
            held: None,
            picture_end: start,
            frame: FRAME_FIRST_GUESS,
            alone_since: 0,
            entering: true,
            sound: Sound::of(&lineup.main, audio_from),
            beside: lineup.beside.iter().map(|track| Beside::new(track, audio_from)).collect(),
            closed_bytes: 0,
            open_bytes: 0,
        }
    }

    /// A track besides the default ones.
    pub(super) fn beside(&mut self, id: TrackId) -> Option<&mut Beside> {
        self.beside.iter_mut().find(|beside| beside.id == id)
    }

    /// When the first picture of a stretch is shown, where nothing was closed yet.
    pub(super) fn shown_from(&self) -> i64 {
        let first = self.video.first().or(self.held.as_ref());
        first.map_or(self.start, |first| first.time + first.cts)
    }

    /// Takes up tracks that are not there yet, whose sound before `from` is dropped, and lets those go that are not any
    /// more. The pictures stay.
    pub(super) fn follow(&mut self, lineup: &Lineup, from: i64, now: i64) {
        if self.sound.is_none() || lineup.main.audio().is_none() {
            self.sound = Sound::of(&lineup.main, from);
            if let Some(sound) = &mut self.sound {
                sound.heard = now;
            }
        }
        self.beside.retain(|beside| lineup.has(beside.id));
        for track in &lineup.beside {
            if self.beside.iter().all(|known| known.id != track.id) {
                self.beside.push(Beside::new(track, from));
            }
        }
    }

    /// Bytes of the open segment so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.closed_bytes + self.open_bytes
    }

    /// Where the sound so far ends.
    pub(super) fn sound_end(&self) -> i64 {
        let queued = self.sound.as_ref().and_then(Sound::waits_until);
        queued.map_or(self.part_start, |end| end.max(self.part_start))
    }

    /// Adds a frame whose duration is known, closing the part first where the frame would make it too long.
    ///
    /// Where parts are published a part that would be too short without the frame takes it, and ends where a part
    /// must; what the frame lasts beyond goes to the parts after it.
    pub(super) fn add_video(&mut self, sample: Sample, rule: PartRule, lanes: &mut Lanes) {
        let end = sample.time + sample.duration;
        // Where sound moved the parts on, no picture may have been for longer than a part.
        while rule.strict && sample.time - self.part_start > rule.max {
            self.close_part(self.part_start + rule.max, false, rule, lanes);
        }
        let long_enough = sample.time - self.part_start >= rule.min.max(1);
        let too_many = self.video.len() >= PART_SAMPLES_MAX && sample.time > self.part_start;
        let whole =
            long_enough && (end - self.part_start > rule.max || rule.is_share(self.part_start, sample.time));
        if whole || too_many {
            self.close_part(sample.time, false, rule, lanes);
        }
        self.frame = sample.duration;
        self.picture_end = end;
        self.open_bytes += sample.len();
        self.video.push(sample);
        while rule.strict && end.min(rule.until) - self.part_start > rule.max {
            self.close_part(self.part_start + rule.max, false, rule, lanes);
        }
    }

    /// Closes parts where sound alone moves them on, now that there is a unit from `at` to `end`.
    pub(super) fn follow_sound(&mut self, at: i64, end: i64, rule: PartRule, lanes: &mut Lanes) {
        let full = |from: i64| end - from > rule.max || rule.is_share(from, at);
        while full(self.part_start) && at > self.part_start {
            let from = self.part_start;
            let whole = !rule.strict || (rule.min..=rule.max).contains(&(at - from));
            self.close_part(if whole { at } else { from + rule.max }, false, rule, lanes);
            if self.part_start == from {
                break;
            }
        }
    }

    /// Closes all parts of a segment that ends at `end`, where it has any media. Silence takes the place of sound that
    /// does not come any more, at `now`.
    pub(super) fn close_parts(&mut self, end: i64, now: i64, rule: PartRule, lanes: &mut Lanes) {
        if let Some(sound) = &mut self.sound {
            sound.fill_silence(end, now);
        }
        let sound = self.sound.as_ref().and_then(Sound::waits_from).is_some_and(|at| at < end);
        if lanes.are_empty() && self.video.is_empty() && !sound {
            return;
        }
        for beside in &mut self.beside {
            beside.settle(end, now);
        }
        while rule.strict && end - self.part_start > rule.max {
            self.close_part(self.part_start + rule.max, false, rule, lanes);
        }
        self.close_part(end, true, rule, lanes);
    }

    /// Lets an access unit wait for its part.
    pub(super) fn queue(&mut self, unit: Sample) {
        if let Some(sound) = &mut self.sound {
            self.open_bytes += unit.len();
            sound.queue(unit);
        }
    }

    /// Finishes the open part at `end`. Nothing happens when it is empty, except where parts are published, which must
    /// add up to their segment: there it becomes a part without samples.
    fn close_part(&mut self, end: i64, last: bool, rule: PartRule, lanes: &mut Lanes) {
        let audio = self.sound.as_mut().map(|sound| sound.take(end)).unwrap_or_default();
        let video = std::mem::take(&mut self.video);
        let mut taken = Taken { tracks: vec![(TrackId::VIDEO, video), (TrackId::AUDIO, audio)] };
        if taken.is_empty() && !(rule.strict && end > self.part_start) {
            return;
        }
        taken.tracks.extend(self.beside.iter_mut().map(|beside| (beside.id, beside.take(end, last))));
        let closing = Closing {
            start: self.part_start,
            end,
            discontinuity: self.discontinuity,
            independent: self.independent,
        };
        self.closed_bytes += lanes.close(closing, taken, |id| self.next_sample(id, end));
        self.open_bytes = self.sound.as_ref().map_or(0, Sound::waiting_bytes);
        self.part_start = end;
    }

    /// Where the next sample of a track belongs, in its ticks, when there is none before `end`.
    fn next_sample(&self, id: TrackId, end: i64) -> i64 {
        match id {
            TrackId::VIDEO => self.picture_end.max(self.part_start),
            TrackId::AUDIO => self.sound.as_ref().map_or(end, |sound| sound.next(end)),
            _ => self.beside.iter().find(|known| known.id == id).map_or(end, |beside| beside.next(end)),
        }
    }

    /// Opens the next segment at `at`.
    pub(super) const fn finish(&mut self, at: i64, independent: bool) {
        self.start = at;
        self.independent = independent;
        self.discontinuity = false;
        self.part_start = at;
        self.closed_bytes = 0;
    }

    /// Moves the open, empty segment to `at`, behind a discontinuity.
    pub(super) const fn jump(&mut self, at: i64) {
        (self.start, self.part_start, self.discontinuity) = (at, at, true);
    }
}
