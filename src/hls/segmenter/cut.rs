//! Where segments end: what is told of them, and what of their parts before.

use super::lanes::{Changes, Head};
use super::{CLOCK, Output, SOUND_TAIL_MAX, Segmenter};
use crate::hls::segment::Segment;
use crate::media::MediaTime;
use crate::media::remux::to_fmp4::Layout;

impl Segmenter {
    /// Ends what runs: the frame held back lasts as long as the one before it. What follows is a discontinuity, and where
    /// something does (it `goes_on`), silence stands for the sound that is missing up to there. A show ends as it was sent.
    pub(super) fn interrupt(&mut self, goes_on: bool) {
        let Some(open) = &mut self.open else { return };
        let sound = open.sound_end();
        let end = match &open.held {
            // The last picture stands until the sound is over too: it ends later wherever frames are reordered.
            Some(held) => {
                let picture = held.time + open.frame.min(self.pacing.limit()).max(1);
                sound.clamp(picture, picture + SOUND_TAIL_MAX)
            }
            None => sound,
        };
        if let Some(sound) = open.sound.as_mut().filter(|_| goes_on) {
            sound.fill_nearly(end);
        }
        self.settle(end);
        self.video_floor = self.video_floor.max(end);
        self.cut(end, false);
        self.open = None;
        self.broken = self.pacing.any() || self.first_breaks;
    }

    /// Finishes the segment at `at` and opens the next there. A segment that would be longer than may be, because its
    /// last frame lasts and lasts, ends at the limit, and the next one is behind a discontinuity.
    pub(super) fn cut(&mut self, at: i64, independent: bool) {
        let Some(open) = &mut self.open else { return };
        let rule = self.pacing.part_rule(open.start);
        let end = at.min(rule.until).max(open.part_start);
        open.close_parts(end, self.now, rule, &mut self.lanes);
        self.tell_parts();
        if let Some(lineup) = &self.lineup {
            self.outputs.extend(self.lanes.retire(lineup).into_iter().map(Output::Retired));
        }
        let (Some(head), Some(open)) = (self.head(), &mut self.open) else { return };
        let finished = self.lanes.finish(open.start, end, head);
        let regular = open.independent && independent;
        open.finish(end, independent);
        if end < at {
            open.jump(at);
        }
        let Some((_, main)) = finished.first() else { return };
        self.dated_until = head.date.as_millis() + main.duration.as_millis();
        let (duration, frames) = (main.duration.ticks(), self.frames_in(main));
        let chosen = self.pacing.finished(duration, frames, regular);
        self.outputs.extend(finished.into_iter().map(|(lane, segment)| Output::Segment(lane, segment)));
        self.outputs.extend(chosen.map(Output::Targets));
        if independent && chosen.is_none() {
            self.grow();
        }
    }

    /// Begins playlists for tracks that came while those of the others went on.
    pub(super) fn grow(&mut self) {
        if self.pending_breaks || self.pacing.undecided() {
            return;
        }
        let (Some(lineup), Some(open)) = (self.pending.take(), &mut self.open) else { return };
        open.follow(&lineup, open.start, self.now);
        let metadata = self.tracks.as_ref().and_then(|tracks| tracks.metadata.as_deref());
        let mut changes = Changes::default();
        self.lanes.grow(&lineup, metadata, &mut changes);
        self.lineup = Some(lineup);
        self.tell_changes(changes);
    }

    pub(super) fn tell_changes(&mut self, changes: Changes) {
        self.outputs.extend(changes.refused.into_iter().map(Output::Refused));
        self.outputs.extend(changes.added.into_iter().map(Output::Lane));
        if !self.pacing.undecided() {
            self.outputs.extend(changes.inits.into_iter().map(|(lane, init)| Output::Init(lane, init)));
        }
    }

    /// How many frames of the track that paces it a segment has.
    fn frames_in(&self, segment: &Segment) -> i64 {
        let layout = self.lineup.as_ref().map(|lineup| &lineup.main);
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
    fn head(&self) -> Option<Head> {
        let open = self.open.as_ref()?;
        let (base, millis) = self.anchor;
        let date = MediaTime::from_millis(millis + (open.start - base) / 90);
        Some(Head { date, discontinuity: open.discontinuity })
    }

    /// Tells the parts that are finished, where they are published.
    pub(super) fn tell_parts(&mut self) {
        if !self.pacing.publishes_parts() {
            return;
        }
        let Some(head) = self.head() else { return };
        let news = self.lanes.tell(head).into_iter();
        self.outputs.extend(news.map(|(lane, part, opening)| Output::Part(lane, part, opening)));
    }
}
