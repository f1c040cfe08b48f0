//! Where segments end: what is told of them, and what of their parts before.

use super::open::Open;
use super::{CLOCK, Output, SOUND_TAIL_MAX, Segmenter};
use crate::hls::segment::{Opening, Segment};
use crate::media::MediaTime;
use crate::media::remux::to_fmp4::Layout;

impl Segmenter {
    /// Ends what runs: the frame held back lasts as long as the one before it. What follows is a discontinuity.
    pub(super) fn interrupt(&mut self) {
        let Some(open) = &self.open else { return };
        let sound = open.sound_end();
        let end = match &open.held {
            // The last picture stands until the sound is over too: it ends later wherever frames are reordered.
            Some(held) => {
                let picture = held.time + open.frame.min(self.pacing.limit()).max(1);
                sound.clamp(picture, picture + SOUND_TAIL_MAX)
            }
            None => sound,
        };
        self.settle(end);
        self.video_floor = self.video_floor.max(end);
        self.cut(end, false);
        self.open = None;
        self.broken = self.pacing.any();
    }

    /// Finishes the segment at `at` and opens the next there. A segment that would be longer than may be, because its
    /// last frame lasts and lasts, ends at the limit, and the next one is behind a discontinuity.
    pub(super) fn cut(&mut self, at: i64, independent: bool) {
        let Some(open) = &mut self.open else { return };
        let rule = self.pacing.part_rule(open.start);
        let end = at.min(rule.until).max(open.part_start);
        open.fill_silence(end, self.now);
        open.close_parts(end, rule, &mut self.fragments);
        self.tell_parts();
        let (Some(opening), Some(open)) = (self.opening(), &mut self.open) else { return };
        let date = opening.date.as_millis();
        let finished = open.finish(end, independent, opening);
        if end < at {
            open.jump(at);
        }
        let Some(segment) = finished else { return };
        self.dated_until = date + segment.duration.as_millis();
        let chosen = self.pacing.finished(segment.duration.ticks(), self.frames_in(&segment));
        self.outputs.push_back(Output::Segment(segment));
        self.outputs.extend(chosen.map(Output::Targets));
    }

    /// How many frames of the track that paces it a segment has.
    fn frames_in(&self, segment: &Segment) -> i64 {
        let layout = self.packaging.as_ref().map(|packaging| &packaging.layout);
        let sound = layout.filter(|layout| layout.video().is_none()).and_then(Layout::audio_clock);
        match sound {
            Some(clock) => {
                let unit = MediaTime::new(clock.unit(), clock.timescale()).ticks_at(CLOCK).max(1);
                segment.duration.ticks() / unit
            }
            None => segment.frames.into(),
        }
    }

    /// What stands before the open segment.
    fn opening(&self) -> Option<Opening> {
        let (open, packaging) = (self.open.as_ref()?, self.packaging.as_ref()?);
        let (base, millis) = self.anchor;
        let date = MediaTime::from_millis(millis + (open.start - base) / 90);
        Some(open.opening(&packaging.init, date))
    }

    /// Tells the parts that are finished, where they are published.
    pub(super) fn tell_parts(&mut self) {
        if !self.pacing.publishes_parts() {
            return;
        }
        let Some(opening) = self.opening() else { return };
        while let Some(part) = self.open.as_mut().and_then(Open::tell) {
            self.outputs.push_back(Output::Part(part, opening.clone()));
        }
    }
}
