//! The default sound: each frame to its place, and the segments on where no picture moves them.

use super::{
    CLOCK, PAUSE, PICTURE_STALL_FRAMES, PICTURE_STALL_MILLIS, SEGMENT_BYTES_MAX, SOUND_TAIL_MAX, Segmenter,
    VIDEO_STALL_MILLIS,
};
use crate::media::remux::to_fmp4::{Layout, Placed, Sample, Slices};
use crate::media::{MediaTime, Packet, Timescale};

impl Segmenter {
    /// Takes a packet of the default sound.
    pub(super) fn audio(&mut self, packet: &Packet) {
        let (Some(clock), true) = (self.clock, self.fits(Layout::audio)) else { return };
        let Some(layout) = self.layout() else { return };
        let data = layout.slices(packet);
        let Some(open) = self.open.as_mut().filter(|_| !data.is_empty()) else { return };
        let Some(sound) = &mut open.sound else { return };
        let at = clock.ticks(packet.pts(), sound.grid().timescale());
        for (at, frame) in sound.frames(at, data) {
            if !self.place_audio(at, frame) {
                // Nothing else went on through a hole: it is a break of the stream.
                self.interrupt(true);
                if self.may_begin(packet) {
                    self.begin(packet);
                    self.audio(packet);
                }
                return;
            }
        }
    }

    /// Places one frame of the default sound. `false` for one behind a hole that breaks the stream.
    fn place_audio(&mut self, at: i64, frame: Slices) -> bool {
        let limit = self.pacing.limit();
        let Some(open) = &mut self.open else { return true };
        let Some(sound) = &mut open.sound else { return true };
        let rate = sound.grid().timescale();
        let to_clock = |ticks| MediaTime::new(ticks, rate).ticks_at(CLOCK);
        let Some((at, data)) = sound.join(at, frame) else { return true };
        if sound.is_early(at) {
            return true;
        }
        let next = sound.grid().next().unwrap_or(at);
        let behind = |ticks, held: &Sample| to_clock(ticks) - held.time;
        // Whether one segment may have both the picture held back and this.
        let together = open.held.as_ref().is_some_and(|held| behind(at, held) <= limit);
        // Whether a hole is one of all there is: the pictures were missing with the sound, or are gone.
        let alone = open.held.as_ref().is_none_or(|held| {
            let alone_for = self.now - open.alone_since;
            !together
                && behind(next, held) <= SOUND_TAIL_MAX
                && alone_for >= VIDEO_STALL_MILLIS.min(limit / 90)
        });
        let placed = if alone { sound.grid().place(at) } else { sound.grid().place_beside_others(at) };
        // The pictures paused too, and are about to come: only from now on is the sound alone.
        if together && to_clock(at - next) >= PAUSE {
            open.alone_since = self.now;
        }
        let (time, silent) = match placed {
            Placed::Late => return true,
            Placed::At { time, silent } => (time, silent),
            Placed::AfterHole { .. } if alone => return false,
            Placed::AfterHole { time } => {
                sound.grid().go_on(time);
                (time, 0)
            }
        };
        let unit = sound.grid().unit();
        for silence in sound.silence_before(time, silent) {
            self.queue_audio(silence, rate);
        }
        self.queue_audio(Sample::sound(time, unit, data), rate);
        true
    }

    /// Queues one access unit, and lets it move the segments on where no video does.
    fn queue_audio(&mut self, unit: Sample, rate: Timescale) {
        let limit = self.pacing.limit();
        let target = self.pacing.segment();
        let has_video = self.layout().is_some_and(|layout| layout.video().is_some());
        let Some(open) = &mut self.open else { return };
        if let Some(sound) = &mut open.sound {
            sound.heard = self.now;
        }
        let at = MediaTime::new(unit.time, rate).ticks_at(CLOCK);
        let end = MediaTime::new(unit.time + unit.duration, rate).ticks_at(CLOCK);
        open.queue(unit);
        let length = at - open.start;
        let full = end - open.start > limit;
        if let Some(held) = &open.held {
            let alone_for = self.now - open.alone_since;
            let frames = PICTURE_STALL_FRAMES * open.frame / 90;
            // What comes at once, as after a silence, has pictures behind its sound: they stall by its time too.
            if at - held.time < PICTURE_STALL_MILLIS * 90 {
                return;
            }
            // What waits for a picture fits one segment.
            let overdue = end - held.time > limit && alone_for >= frames;
            if full && (alone_for >= VIDEO_STALL_MILLIS || overdue) {
                let at = at.min(open.start + limit).max(held.time + 1);
                self.video_floor = at;
                self.settle(at);
                self.cut(at, false);
            } else if self.pacing.publishes_parts() && alone_for >= PICTURE_STALL_MILLIS.max(frames) {
                self.video_floor = at;
                self.settle(at);
            }
            return;
        }
        if length > 0 && (full || length + (end - at) / 2 >= target || open.bytes() > SEGMENT_BYTES_MAX) {
            self.cut(at, !has_video);
        } else {
            open.follow_sound(at, end, self.pacing.part_rule(open.start), &mut self.lanes);
        }
    }
}
