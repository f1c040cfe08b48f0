//! Where a stream is cut: packets in, finished segments out. Pure: no clock, no tasks.
//!
//! **Segments** begin at the first keyframe at or after the target duration less half a frame, audio-only streams at
//! any access unit. Nothing of a stream is packaged before its first random access point, and audio from before that
//! picture is dropped, so that the tracks begin together.
//!
//! **The target duration** of a playlist may never change, so it is chosen once, when two segments are finished (or
//! one that is three targets long): the longest of them, with a quarter of a second to spare, rounded up. From then
//! on no segment exceeds it. A group of pictures that does is cut at a frame inside it: the segment after that cut
//! is not independent, players that join there wait for the next keyframe, and the one after it starts at that
//! keyframe again. Until the choice, `segment_max` is the limit. Growing the target duration in place would stop
//! Safari, and a new playlist for each odd group of pictures would stop everyone.
//!
//! Two segments are less than the three target durations that players without low latency like to be behind, and
//! nothing fills the list up: such players begin with its first segment meanwhile, and are behind as they should be
//! once three are there. Waiting for a third would keep every viewer of a show's first seconds waiting, and gaps
//! (`EXT-X-GAP`) in the place of segments that never were would be fetched by the many players that do not know the tag.
//!
//! **A frame's duration** is known when the next one comes, so one video frame is always held back. When video stalls
//! while audio flows, segments go on with audio alone, and the held frame lasts until that cut. A source that paused goes on
//! with the sound or the pictures first: sound that comes first waits for them, where one segment may hold the pause.
//!
//! **A break** (the source's clock, another publisher, frames lost before us) ends the segment; the next begins at a
//! random access point and carries a discontinuity. Where sound ends before the pictures do, silence goes on with it up to
//! there: a source that is gone right behind a keyframe leaves a segment of one picture, which has sound too. A changed
//! configuration takes effect at the next random access point in the same way; before any playlist is published it starts
//! the session over instead, which is how a late audio track joins the first playlist without a discontinuity.
//!
//! **Behind a change** of an init segment every keyframe of H.264 in fMP4 says its parameter sets itself, to the end of the
//! session: see [`Layout::slices_described`].
//!
//! **Several tracks** are cut where the default pictures are, part by part and segment by segment ([`Lanes`]); without
//! pictures, where the default sound is. What the others have of that time goes into their parts.
//!
//! **Invariant:** the durations of the segments between two discontinuities add up to the media's own time.

mod beside;
mod cut;
mod fragments;
mod hearing;
mod join;
mod lanes;
mod open;
mod pacing;
mod sound;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Container;
use super::lineup::{Lane, Lineup};
use super::segment::{Init, Opening, Part, Segment};
use crate::format::a53::Captions;
use crate::media::remux::to_fmp4::{Layout, Sample, SessionClock, Slices};
use crate::media::{CodecConfig, Cue, DataMessage, Frame, MediaTime, Packet, Timescale, TrackId, TrackSet};
use lanes::Lanes;
use open::Open;
use pacing::Pacing;

/// Ticks a second of all positions in this file.
const CLOCK: Timescale = Timescale::NINETY_KHZ;
/// How much longer than the last picture the sound may be at an end, in ticks of 90 kHz: a second holds any reordering.
const SOUND_TAIL_MAX: i64 = 90_000;
/// Shortest segment that follows a cut inside a group of pictures, when the next keyframe comes soon.
const REMAINDER_MIN: i64 = 45_000;
/// How long sound must have come without pictures, in milliseconds, before it moves the segments on alone.
const VIDEO_STALL_MILLIS: i64 = 2_000;
/// The same, in milliseconds and in frames, before published parts go on with sound alone.
const PICTURE_STALL_MILLIS: i64 = 1_000;
const PICTURE_STALL_FRAMES: i64 = 3;
/// What must be missing of the sound, in ticks of 90 kHz, for the source to have paused: half a second.
const PAUSE: i64 = 45_000;
/// Bytes of one segment at most: 100 Mb/s for 5 s. A stream beyond is cut earlier.
const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The durations that cuts aim at.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// A segment's duration where keyframes allow it.
    pub segment: Duration,
    /// A part's duration at most.
    pub part: Duration,
    /// Whether parts are published.
    pub low_latency: bool,
    /// A segment's duration at most, whatever the keyframes.
    pub segment_max: Duration,
    /// The form of the parts.
    pub container: Container,
}

/// One entry of a stream's ring.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What came.
    pub frame: &'a Frame,
    /// The tracks in force.
    pub tracks: &'a Arc<TrackSet>,
    /// Whether a reader may begin at it.
    pub start: bool,
    /// Whether time or publisher changed before it, or frames before it were lost.
    pub discontinuity: bool,
    /// When it arrived: milliseconds since 1970, by a clock that never steps.
    pub arrived: MediaTime,
}

/// What the segmenter has to say.
#[derive(Debug)]
pub enum Output {
    /// A playlist begins beside the main one. Its first segment has the number of the main one's next.
    Lane(Lane),
    /// A playlist beside the main one is over: its track is gone.
    Retired(Lane),
    /// A part is finished, of the segment that begins so. Its segment follows with all of its parts.
    Part(Lane, Arc<Part>, Opening),
    /// A segment is finished.
    Segment(Lane, Segment),
    /// Playlists may be shown from now on, with these promises. Parts come only after this.
    Targets(Targets),
    /// This init segment is the next part's.
    Init(Lane, Arc<Init>),
    /// The pictures carry these closed captions. Told once a session, or twice.
    Captions(Captions),
    /// The source marks a moment, whose date is this, in milliseconds since 1970.
    Cue(Cue, i64),
    /// The tracks changed before anything was shown: forget the segments so far.
    StartedOver,
    /// These tracks cannot be packaged, for this reason. Nothing comes until they change.
    Refused(String),
}

/// What playlists promise for the life of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// The target duration in whole seconds.
    pub duration: u32,
    /// The part target in milliseconds, where parts are published.
    pub part_millis: Option<u32>,
}

/// The state of one stream's cutting.
#[derive(Debug)]
pub struct Segmenter {
    config: Config,
    /// The track set seen last, to notice a change without comparing.
    tracks: Option<Arc<TrackSet>>,
    /// What a running stretch is packaged of.
    lineup: Option<Lineup>,
    /// What takes over at the next random access point.
    pending: Option<Lineup>,
    /// Whether that changes what is in a playlist, rather than bring more of them.
    pending_breaks: bool,
    /// The stretch being cut; `None` while waiting for a random access point.
    open: Option<Open>,
    clock: Option<SessionClock>,
    /// When the newest frame arrived, in milliseconds since 1970.
    now: i64,
    pacing: Pacing,
    /// Whether the next segment follows a break.
    broken: bool,
    /// Whether the session's first segment follows a break.
    first_breaks: bool,
    /// Whether an init segment of this session was replaced by another.
    changed: bool,
    lanes: Lanes,
    /// The closed captions that were told of.
    captions: Option<Captions>,
    /// The earliest time the next video frame may have.
    video_floor: i64,
    /// Where the dates of a stretch are anchored: a position and milliseconds since 1970.
    anchor: (i64, i64),
    /// Where the dates of the last stretch ended, in milliseconds since 1970.
    dated_until: i64,
    outputs: VecDeque<Output>,
}

impl Segmenter {
    /// Waits for a first random access point.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            tracks: None,
            lineup: None,
            pending: None,
            pending_breaks: false,
            open: None,
            clock: None,
            now: 0,
            pacing: Pacing::new(config),
            broken: false,
            first_breaks: false,
            changed: false,
            lanes: Lanes::new(config.container),
            captions: None,
            video_floor: 0,
            anchor: (0, 0),
            dated_until: i64::MIN,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what came next.
    pub fn push(&mut self, input: Input<'_>) {
        self.now = input.arrived.as_millis();
        match input.frame {
            Frame::Media(packet) => self.media(input, packet),
            Frame::Data(message) => self.data(message),
            Frame::End(_) => self.interrupt(false),
        }
        self.tell_parts();
    }

    /// What is ready, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Starts a new session after an end: the target duration is chosen again, nothing of the past is referred to. It
    /// begins with a discontinuity where it is `behind_another`'s that nobody knows: a process that died without an end.
    pub fn start_session(&mut self, behind_another: bool) {
        self.open = None;
        self.clock = None;
        self.video_floor = 0;
        self.pacing = Pacing::new(self.config);
        self.first_breaks = behind_another;
        self.broken = behind_another;
        self.changed = false;
        self.captions = None;
        let several = self.lanes.are_several();
        self.lanes.start_session();
        // The form of a session is chosen at its start.
        if several || self.lineup.as_ref().is_some_and(Lineup::is_apart) {
            let before = self.lineup.take();
            self.pending = self.pending.take().or(before);
            self.pending_breaks = true;
        }
    }

    /// The promises of a session that ends before they were chosen.
    #[must_use]
    pub fn targets(&self) -> Targets {
        Targets { duration: self.pacing.target_duration(), part_millis: None }
    }

    fn media(&mut self, input: Input<'_>, packet: &Packet) {
        if let Some(captions) = input.tracks.captions.filter(|it| self.captions != Some(*it)) {
            self.captions = Some(captions);
            self.outputs.push_back(Output::Captions(captions));
        }
        if input.discontinuity {
            self.interrupt(true);
        }
        self.notice(input.tracks);
        if packet.track == TrackId::VIDEO {
            self.make_room(packet);
        }
        if (self.open.is_none() || self.pending_breaks) && input.start && self.may_begin(packet) {
            self.begin(packet);
        }
        match packet.track {
            TrackId::VIDEO => self.video(packet),
            TrackId::AUDIO => self.audio(packet),
            _ => self.beside(packet),
        }
    }

    /// Takes a frame of a track besides the default ones.
    fn beside(&mut self, packet: &Packet) {
        let (Some(clock), Some(tracks)) = (&self.clock, &self.tracks) else { return };
        let Some(beside) = self.open.as_mut().and_then(|open| open.beside(packet.track)) else { return };
        if beside.fits(tracks.config(packet.track)) {
            let data = slices(beside.layout(), packet, self.changed, self.config.container);
            beside.push(packet, data, clock, self.now);
        }
    }

    /// Dates a cue point by the stretch that it falls into; without one, nobody sees a moment that it could mark.
    fn data(&mut self, message: &DataMessage) {
        let (Some(clock), true) = (&self.clock, self.open.is_some()) else { return };
        let Some(cue) = Cue::parse(message) else { return };
        let (base, millis) = self.anchor;
        let date = millis + (clock.ticks(cue.at, CLOCK) - base) / 90;
        self.outputs.push_back(Output::Cue(cue, date));
    }

    /// Compares the tracks in force with those being packaged.
    fn notice(&mut self, tracks: &Arc<TrackSet>) {
        if self.tracks.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, tracks)) {
            return;
        }
        self.tracks = Some(tracks.clone());
        let lineup = Lineup::of(tracks, self.config.container);
        let same = self.lineup.as_ref() == Some(&lineup);
        self.pending_breaks =
            !same && (self.lineup.is_none() || self.pacing.undecided() || self.lanes.differ(&lineup));
        self.pending = (!same).then_some(lineup);
        self.join();
    }

    /// Takes up tracks that come when a stretch has begun and nothing is made of it yet. Where a coding is configured by
    /// its first frame (MP3, AC-3, Opus), sound is known of just after the first picture.
    fn join(&mut self) {
        let fresh = self.pacing.undecided() && !self.pacing.any() && self.lanes.are_empty();
        let (Some(open), Some(lineup)) = (&self.open, &self.lineup) else { return };
        let Some(next) = self.pending.take_if(|next| fresh && next.extends(lineup)) else { return };
        let from = open.shown_from();
        if !self.repackage(next) {
            self.open = None;
            return;
        }
        if let (Some(open), Some(lineup)) = (&mut self.open, &self.lineup) {
            open.follow(lineup, from, self.now);
        }
    }

    /// The default tracks that the next stretch will have.
    fn next_layout(&self) -> Option<&Layout> {
        self.pending.as_ref().or(self.lineup.as_ref()).map(|lineup| &lineup.main)
    }

    /// The default tracks that are being packaged.
    fn layout(&self) -> Option<&Layout> {
        self.lineup.as_ref().map(|lineup| &lineup.main)
    }

    fn may_begin(&self, packet: &Packet) -> bool {
        self.next_layout().is_some_and(|layout| match packet.track {
            TrackId::VIDEO => layout.video().is_some() && packet.keyframe,
            TrackId::AUDIO => layout.video().is_none() && layout.audio().is_some(),
            _ => false,
        })
    }

    /// Ends the open segment before the frame held back, where it would be too long with it, and the whole stretch
    /// where nothing came for longer than any segment may last. The first may choose the target duration, which the
    /// second then obeys.
    fn make_room(&mut self, packet: &Packet) {
        let (Some(open), Some(clock)) = (&self.open, &self.clock) else { return };
        let now = clock.ticks(packet.dts, CLOCK);
        let start = open.start;
        let held = open.held.as_ref().map(|held| (held.time, held.sync));
        if let Some((time, sync)) =
            held.filter(|(time, _)| now - start > self.pacing.limit() && *time > start)
        {
            self.cut(time, sync);
        }
        if now - held.map_or(start, |(time, _)| time) > self.pacing.limit() {
            self.interrupt(true);
        }
    }

    /// Starts a stretch at this packet, after finishing the one before it.
    fn begin(&mut self, packet: &Packet) {
        let clock = *self.clock.get_or_insert_with(|| SessionClock::starting_at(packet.dts));
        let mut start =
            clock.ticks(packet.dts, CLOCK).max(if packet.track.is_video() { self.video_floor } else { 0 });
        if let Some(open) = &self.open {
            // Where sound alone was left over, it ends where it ends: what takes over may come much later.
            let end = if open.held.is_some() { start } else { open.sound_end().min(start) };
            let end = end.max(open.part_start);
            start = start.max(end);
            self.settle(end);
            self.cut(end, true);
            if self.goes_on() {
                return self.grow();
            }
            self.open = None;
        }
        if let Some(lineup) = self.pending.take()
            && !self.repackage(lineup)
        {
            return;
        }
        let Some(lineup) = &self.lineup else { return };
        // Sound from before the first picture would play to a black screen, or hold it back.
        let audio_from = if packet.track.is_video() { clock.ticks(packet.pts(), CLOCK) } else { start };
        let mut open = Open::new(start, audio_from, std::mem::take(&mut self.broken), lineup);
        open.alone_since = self.now;
        if let Some(sound) = &mut open.sound {
            sound.heard = self.now;
        }
        self.open = Some(open);
        self.anchor = (start, self.now.max(self.dated_until));
    }

    /// Whether the end of a segment, which chose the target duration, left a change that brings more playlists and breaks
    /// none.
    fn goes_on(&mut self) -> bool {
        let pending = self.pending.as_ref().filter(|_| !self.pacing.undecided());
        let grows = pending.is_some_and(|lineup| self.lineup.is_some() && !self.lanes.differ(lineup));
        self.pending_breaks &= !grows;
        grows
    }

    /// Takes a new lineup in use. `false` when its default tracks cannot be packaged.
    fn repackage(&mut self, lineup: Lineup) -> bool {
        self.pending_breaks = false;
        let anew = self.pacing.undecided();
        let metadata = self.tracks.as_ref().and_then(|tracks| tracks.metadata.as_deref());
        let changes = match self.lanes.configure(&lineup, metadata, anew) {
            Ok(changes) => changes,
            Err(reason) => {
                self.lineup = None;
                self.outputs.push_back(Output::Refused(reason));
                return false;
            }
        };
        if self.lineup.is_some() && anew {
            self.pacing = Pacing::new(self.config);
            self.broken = self.first_breaks;
            self.outputs.push_back(Output::StartedOver);
        } else if self.lineup.is_some() && self.pacing.any() && !changes.inits.is_empty() {
            (self.broken, self.changed) = (true, true);
        }
        self.lineup = Some(lineup);
        self.tell_changes(changes);
        true
    }

    /// Whether a default track's frames still fit the configuration being packaged; they do not between a change and the
    /// random access point where it takes effect.
    fn fits(&self, config: impl Fn(&Layout) -> Option<&Arc<CodecConfig>>) -> bool {
        let Some(layout) = self.layout() else { return false };
        let current = config(layout);
        current.is_some() && self.pending.as_ref().is_none_or(|next| config(&next.main) == current)
    }

    fn video(&mut self, packet: &Packet) {
        let (Some(clock), true) = (self.clock, self.fits(Layout::video)) else { return };
        let Some(layout) = self.layout() else { return };
        let data = slices(layout, packet, self.changed, self.config.container);
        let entering = self.open.as_ref().is_some_and(|open| open.entering);
        let skipped = entering && layout.is_skipped_leading(packet);
        if data.is_empty() || skipped || self.open.is_none() {
            return;
        }
        let dts = clock.ticks(packet.dts, CLOCK);
        // Sound may have moved the parts on meanwhile.
        let time = dts.max(self.video_floor).max(self.open.as_ref().map_or(0, |open| open.part_start));
        self.video_floor = time + 1;
        self.settle(time);
        let half_frame = self.open.as_ref().map_or(0, |open| open.frame / 2);
        let Some(open) = &mut self.open else { return };
        let length = time - open.start;
        let enough = if open.independent {
            self.pacing.segment() - half_frame
        } else {
            self.pacing.segment().min(REMAINDER_MIN)
        };
        // A frame that was moved to keep decode times rising is still shown when it should be.
        let cts = packet.cts.ticks_at(CLOCK) - (time - dts);
        open.alone_since = self.now;
        let too_large = open.bytes() > SEGMENT_BYTES_MAX;
        if (packet.keyframe && length > 0 && length >= enough) || (too_large && length > 0) {
            self.cut(time, packet.keyframe);
        }
        if let Some(open) = &mut self.open {
            open.entering &= !packet.keyframe || time == open.start;
            open.held = Some(Sample { time, duration: 0, cts, sync: packet.keyframe, data });
        }
    }

    /// Gives the frame held back its duration, now that the next begins at `now`.
    fn settle(&mut self, now: i64) {
        let limit = self.pacing.limit();
        let Some(held) = self.open.as_mut().and_then(|open| open.held.take()) else { return };
        let start = self.open.as_ref().map_or(0, |open| open.start);
        if now - start > limit && held.time > start {
            self.cut(held.time, held.sync);
        }
        if let Some(open) = &mut self.open {
            let rule = self.pacing.part_rule(open.start);
            open.add_video(Sample { duration: now - held.time, ..held }, rule, &mut self.lanes);
        }
    }
}

/// What a sample is made of. Segments in TS say their parameter sets at every keyframe anyway.
fn slices(layout: &Layout, packet: &Packet, changed: bool, container: Container) -> Slices {
    if changed && container == Container::Fmp4 {
        layout.slices_described(packet)
    } else {
        layout.slices(packet)
    }
}
