//! The default sound: each frame to its place, and the segments on where no picture moves them.

use super::{
    CLOCK, PICTURE_STALL_FRAMES, PICTURE_STALL_MILLIS, SEGMENT_BYTES_MAX, Segmenter, VIDEO_STALL_MILLIS,
};
use crate::media::remux::to_fmp4::{Layout, Placed, Sample, Slices};
use crate::media::{MediaTime, Packet, Timescale};

impl Segmenter {
    /// Takes a packet of the default sound.
    pub(super) fn audio(&mut self, packet: &Packet) {
        let (Some(clock), true) = (self.clock, self.fits(Layout::audio)) else { return };
        let Some(layout) = self.layout() else { return };
        let data = layout.slices(packet);
        let audio_only = layout.video().is_none();
        let Some(open) = self.open.as_mut().filter(|_| !data.is_empty()) else { return };
        let Some(sound) = &mut open.sound else { return };
        let at = clock.ticks(packet.pts(), sound.grid().timescale());
        for (at, frame) in sound.frames(at, data) {
            if !self.place_audio(at, frame, audio_only) {
                // Sound is all there is, or all there was: a hole in it is a break of the stream.
                self.interrupt(true);
                if self.may_begin(packet) {
                    self.begin(packet);
                    self.audio(packet);
                }
                return;
            }
        }
    }

    /// Places one frame of the default sound. `false` for one behind a hole that nothing else fills.
    fn place_audio(&mut self, at: i64, frame: Slices, audio_only: bool) -> bool {
        let Some(open) = &mut self.open else { return true };
        let waiting = open.held.is_none();
        let Some(sound) = &mut open.sound else { return true };
        let rate = sound.grid().timescale();
        let Some((at, data)) = sound.join(at, frame) else { return true };
        if sound.is_early(at) {
            return true;
        }
        // What is missing for longer breaks the pictures too.
        let limit = self.pacing.limit();
        let beside = |held: &Sample| MediaTime::new(at, rate).ticks_at(CLOCK) - held.time <= limit;
        let beside = open.held.as_ref().map(beside);
        let placed = if beside == Some(true) {
            sound.grid().place_beside_pictures(at)
        } else {
            sound.grid().place(at)
        };
        // Where neither came, the pictures go on behind the same break; or they are about to come too where less is missing,
        // and only from now on is the sound alone.
        let all_missing = beside == Some(false) && self.now - open.alone_since >= VIDEO_STALL_MILLIS;
        if beside == Some(true) && self.now - sound.heard >= PICTURE_STALL_MILLIS / 2 {
            open.alone_since = self.now;
        }
        let alone = audio_only || waiting || all_missing;
        let (time, silent) = match placed {
            Placed::Late => return true,
            Placed::At { time, silent } => (time, silent),
            Placed::AfterHole { .. } if alone => return false,
            Placed::AfterHole { time } => (time, 0),
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
            let silent_for = self.now - open.alone_since;
            // What comes at once, as after a silence, has pictures behind its sound: they stall by its time too.
            if at - held.time < PICTURE_STALL_MILLIS * 90 {
                return;
            }
            if full && silent_for >= VIDEO_STALL_MILLIS {
                let at = at.min(open.start + limit).max(held.time + 1);
                self.video_floor = at;
                self.settle(at);
                self.cut(at, false);
            } else if self.pacing.publishes_parts()
                && silent_for >= PICTURE_STALL_MILLIS.max(PICTURE_STALL_FRAMES * open.frame / 90)
            {
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
