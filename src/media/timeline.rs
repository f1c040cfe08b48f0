//! One timeline for a stream: source timestamps in, monotonic decode times out, for all outputs alike.
//!
//! A source has one clock for its tracks, 32 bits of milliseconds that may start anywhere, wrap, stumble or jump.
//! The stream has one clock from 0 that only goes forward. One offset lies between them; when the source's clock
//! breaks, or another source takes over, a new offset continues the stream's clock for all tracks at once.
//!
//! Composition times are not touched here, and arrival times not known: a source whose timestamps mean nothing
//! comes out monotonic, not right, until its [`SourceClock`](super::SourceClock) stands in.

use std::collections::BTreeMap;

use super::{MediaTime, TrackId};

/// A step back by more than this, in milliseconds, is a break of the clock; a smaller one is a sender that does
/// not sort its messages, or rounds.
const BACKWARD_MAX: i64 = 1_000;

/// A step forward by more than this, in milliseconds, is a break of the clock. A smaller one is a gap that
/// viewers see as such: encoders that lose their network for a while skip that long, and nothing shorter tells
/// a gap from a clock that was set.
const FORWARD_MAX: i64 = 10_000;

/// How far, in milliseconds, the first frame of a second track may be from the newest frame of the first.
/// Senders interleave closer than this; what is further away counts on another clock and is aligned by arrival.
/// Not more than [`BACKWARD_MAX`], or the frames that follow would look like a break.
const START_APART_MAX: i64 = 1_000;

/// How far, in milliseconds, a data message may be from the newest frame. Some senders write 0 into all of them.
const DATA_APART_MAX: i64 = 1_000;

/// A step of one track, milliseconds, that is looked at: whether the track jumps alone.
const JUMP_MIN: i64 = 100;

/// How far, in milliseconds, a track may be from the others by a jump of its own. Tracks are interleaved closer than this;
/// what a jump takes further apart is the sender's error, and would stay so for ever.
const JUMP_APART_MAX: i64 = 1_000;

/// How much later than decoded, in milliseconds, a picture is believed to be shown.
const REORDER_MAX: i64 = 1_000;

/// Half of 2^31 milliseconds, 12 days: a step beyond it is a wrap at 2^31, not a jump.
const HALF_WRAP: i64 = 1 << 30;

/// Length of a frame, in milliseconds, while two frames of the track have not told it: 30 frames a second.
const FRAME: i64 = 33;

/// Lengths of a frame, in milliseconds, that are believed: down to one frame a second.
const FRAME_MAX: i64 = 1_000;

/// Where the timeline put a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Decode time on the stream's own clock.
    pub dts: MediaTime,
    /// Whether the source's clock broke here and all tracks were re-anchored.
    pub discontinuity: bool,
}

/// The normaliser that all outputs of a stream share. All times inside are milliseconds.
#[derive(Debug, Default)]
pub struct Timeline {
    tracks: BTreeMap<TrackId, Track>,
    /// What the source of the moment is anchored by; `None` before its first frame.
    anchor: Option<Anchor>,
    /// The greatest decode time of all tracks; `None` before the stream's first frame.
    newest: Option<i64>,
}

/// Ties the source's clock to the stream's.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    /// Stream time minus source time.
    offset: i64,
    /// Stream time of the first frame that was placed by this offset.
    start: i64,
    /// The last one.
    last: SourceTime,
}

impl Anchor {
    /// What another track counts by is in force from now on. That offset.
    const fn follow(&mut self, other: &Elsewhere) -> i64 {
        (self.offset, self.last) = (other.offset, other.source);
        other.offset
    }
}

/// A timestamp as sent, and what it is on an axis that does not wrap.
#[derive(Debug, Clone, Copy)]
struct SourceTime {
    raw: u32,
    millis: i64,
}

impl SourceTime {
    /// The time on the same axis of what was sent `raw` near this.
    const fn near(self, raw: u32) -> Self {
        Self { raw, millis: self.millis.saturating_add(step(self.raw, raw)) }
    }
}

/// Signed milliseconds from `from` to `to`: the short way around 2^32, and around 2^31, where FFmpeg wraps.
const fn step(from: u32, to: u32) -> i64 {
    let step = to.wrapping_sub(from).cast_signed() as i64;
    if step >= HALF_WRAP {
        step - 2 * HALF_WRAP
    } else if step < -HALF_WRAP {
        step + 2 * HALF_WRAP
    } else {
        step
    }
}

/// One track's place on both clocks.
#[derive(Debug)]
struct Track {
    /// Its last frame, and the offset it was placed by; `None` while this source has sent no frame of it.
    source: Option<(SourceTime, i64)>,
    /// Decode time of its last frame; -1 before the first, so that the stream starts at 0.
    dts: i64,
    /// Its last believable step, which stands for the length of a frame.
    frame: i64,
    /// Its last step. One that is far longer than those before it is a gap or a jump, and two like it are frames.
    step: i64,
    /// It jumped alone, and its offset keeps it beside the others.
    alone: bool,
}

impl Default for Track {
    fn default() -> Self {
        Self { source: None, dts: -1, frame: FRAME, step: FRAME, alone: false }
    }
}

impl Track {
    /// Whether a frame at `dts` goes on with this track, where the stream has come to `newest`.
    const fn continues(&self, dts: i64, newest: i64) -> bool {
        dts >= self.dts.saturating_sub(BACKWARD_MAX) && dts <= newest.saturating_add(FORWARD_MAX)
    }
}

/// What to do with a frame's source time.
enum Fit {
    /// Place it by this offset.
    At(i64),
    /// The same, which is the track's own.
    Alone(i64),
    /// The clock broke: anchor anew.
    Break,
}

impl Timeline {
    /// Places a frame of a track that the source sent at `source_millis`.
    pub fn place(&mut self, track: TrackId, source_millis: u32) -> Placed {
        let newest = self.newest.unwrap_or(-1);
        let others = self.others_of_jump(track, source_millis);
        let beside = self.beside_alone(track);
        let track = self.tracks.entry(track).or_default();
        let Some(anchor) = self.anchor.as_mut() else {
            let (source, began) = (SourceTime { raw: source_millis, millis: 0 }, self.newest.is_some());
            let offset = after(newest, track.frame, began);
            self.anchor = Some(Anchor { offset, start: offset, last: source });
            let dts = settle(&mut self.newest, track, source, offset);
            return Placed { dts, discontinuity: began };
        };
        let (source, fit) = match track.source {
            Some((last, offset)) => {
                let source = last.near(source_millis);
                let fit = fit(track, source, offset, anchor.offset, beside, newest);
                (source, realign(fit, track, source, &others, anchor))
            }
            None => (begin(anchor.last, source_millis), Fit::At(anchor.offset)),
        };
        let (offset, discontinuity) = match fit {
            Fit::At(offset) => (offset, false),
            Fit::Alone(offset) => {
                track.alone = true;
                (offset, false)
            }
            Fit::Break => {
                anchor.start = after(newest, track.frame, true);
                anchor.offset = anchor.start.saturating_sub(source.millis);
                (anchor.offset, true)
            }
        };
        if offset == anchor.offset {
            anchor.last = source;
            track.alone = false;
        }
        let dts = settle(&mut self.newest, track, source, offset);
        Placed { dts, discontinuity }
    }

    /// Where the other tracks are, where a frame is far from the last of its own.
    fn others_of_jump(&self, track: TrackId, source_millis: u32) -> Vec<Elsewhere> {
        let last = self.tracks.get(&track).and_then(|track| track.source);
        let jumps = last.is_some_and(|(last, _)| step(last.raw, source_millis).abs() > JUMP_MIN);
        let others = self.tracks.iter().filter(|(other, _)| jumps && **other != track);
        let others = others.filter_map(|(_, other)| {
            let (source, offset) = other.source?;
            Some(Elsewhere { source, offset, dts: other.dts })
        });
        others.collect()
    }

    /// How far the others have come beside a track that jumped alone: it counts by the offset in force again when that takes
    /// it to where they are.
    fn beside_alone(&self, track: TrackId) -> Option<i64> {
        self.tracks.get(&track).filter(|track| track.alone)?;
        let others = self.tracks.iter().filter(|(other, found)| **other != track && found.source.is_some());
        others.map(|(_, other)| other.dts).max()
    }

    /// Whether a frame is of a track of which this source has sent nothing yet, and from before its very first frame. There is
    /// no time for it: placed, it and those up to there would be pressed together behind what is on the timeline.
    #[must_use]
    pub fn precedes(&self, track: TrackId, source_millis: u32) -> bool {
        let has_begun = self.tracks.get(&track).is_some_and(|track| track.source.is_some());
        let Some(anchor) = self.anchor.filter(|_| !has_begun) else { return false };
        begin(anchor.last, source_millis).millis.saturating_add(anchor.offset) < anchor.start
    }

    /// The time of a data message. It never moves the clock; what cannot be believed is now.
    #[must_use]
    pub fn place_data(&mut self, source_millis: u32) -> MediaTime {
        let now = self.newest.unwrap_or(0);
        let apart = self.anchor.map(|anchor| {
            anchor.last.near(source_millis).millis.saturating_add(anchor.offset).saturating_sub(now)
        });
        let apart = apart.filter(|apart| (-DATA_APART_MAX..=DATA_APART_MAX).contains(apart));
        MediaTime::from_millis(now.saturating_add(apart.unwrap_or(0)).max(0))
    }

    /// Where a frame of our own making goes, which no source sent: at `dts`, and behind the last of its track. The source's
    /// clock stays tied as it was.
    pub fn place_filler(&mut self, track: TrackId, dts: MediaTime) -> MediaTime {
        let track = self.tracks.entry(track).or_default();
        let dts = dts.as_millis().max(track.dts.saturating_add(1));
        track.dts = dts;
        self.newest = Some(self.newest.map_or(dts, |newest| newest.max(dts)));
        MediaTime::from_millis(dts)
    }

    /// How far behind the newest frame of all tracks a frame of the source would be placed; negative when ahead.
    /// Zero for a track of which this source has sent nothing.
    #[must_use]
    pub fn lateness(&self, track: TrackId, source_millis: u32) -> MediaTime {
        let placed = self.tracks.get(&track).and_then(|track| track.source).map(|(last, offset)| {
            let at = last.near(source_millis).millis.saturating_add(offset);
            self.newest.unwrap_or(at).saturating_sub(at)
        });
        MediaTime::from_millis(placed.unwrap_or(0))
    }

    /// The greatest decode time of all tracks; `None` before the first frame.
    #[must_use]
    pub fn newest(&self) -> Option<MediaTime> {
        self.newest.map(MediaTime::from_millis)
    }

    /// The decode time of a track's last frame.
    #[must_use]
    pub fn last(&self, track: TrackId) -> Option<MediaTime> {
        let dts = self.tracks.get(&track)?.dts;
        (dts >= 0).then(|| MediaTime::from_millis(dts))
    }

    /// The publisher returned, or another took over: its first frame goes right behind the last of the old one,
    /// and says so.
    pub fn new_source(&mut self) {
        self.anchor = None;
        for track in self.tracks.values_mut() {
            (track.source, track.alone) = (None, false);
        }
    }

    /// Lets what comes next be behind `until`, where that is later than all there is: by a second at most, which holds any
    /// reordering of pictures.
    pub fn advance(&mut self, until: MediaTime) {
        let until = until.as_millis();
        self.newest = self.newest.map(|newest| until.clamp(newest, newest.saturating_add(REORDER_MAX)));
    }
}

/// The stream time of a frame that follows `newest` by the length of a frame, or that begins the stream.
const fn after(newest: i64, frame: i64, began: bool) -> i64 {
    if began { newest.saturating_add(frame) } else { 0 }
}

/// Where the first frame of another track is on the source's clock.
fn begin(reference: SourceTime, raw: u32) -> SourceTime {
    let source = reference.near(raw);
    let apart = source.millis.saturating_sub(reference.millis);
    if (-START_APART_MAX..=START_APART_MAX).contains(&apart) {
        source
    } else {
        SourceTime { raw, millis: reference.millis }
    }
}

/// Decides between the offset that a track has and the one in force, which differ from the moment another track's
/// clock broke until this track's frames break too: those still on their way are of the old clock. One that jumped alone
/// goes over where that brings it as near to those `beside` it as it is, or is where it goes on: its clock was set right.
fn fit(track: &Track, source: SourceTime, own: i64, in_force: i64, beside: Option<i64>, newest: i64) -> Fit {
    let newest = beside.unwrap_or(newest);
    let old = source.millis.saturating_add(own);
    let new = source.millis.saturating_add(in_force);
    let (goes_on, goes_over) = (track.continues(old, newest), track.continues(new, newest));
    let from = |place: i64, other: i64| place.saturating_sub(other).saturating_abs();
    let believed = match beside {
        Some(beside) => from(old, beside).saturating_add(JUMP_MIN),
        None => from(old, track.dts).max(BACKWARD_MAX),
    };
    let next = track.dts.saturating_add(track.frame);
    let set_right = beside.is_some() && from(new, next) <= JUMP_MIN.min(from(old, next));
    if goes_over && (!goes_on || from(new, newest) <= believed || set_right) {
        Fit::At(in_force)
    } else if goes_on {
        Fit::At(own)
    } else {
        Fit::Break
    }
}

/// Where another track is.
struct Elsewhere {
    source: SourceTime,
    offset: i64,
    dts: i64,
}

/// Lets a track that jumps alone go on as it did, beside the others: by arrival. If they jump as far, the encoder's clock did,
/// or it sent nothing for so long; that shows when the first of them does, and all are where the clock says again.
fn realign(fit: Fit, track: &Track, source: SourceTime, others: &[Elsewhere], anchor: &mut Anchor) -> Fit {
    let Fit::At(offset) = fit else { return fit };
    let near = |apart: i64| apart.saturating_abs() <= JUMP_APART_MAX;
    // Twice: who is as far apart as may be is looked at still, and who is behind by more has stopped, or was never beside.
    let beside = others.iter().filter(|other| near(other.dts.saturating_sub(track.dts) / 2));
    let Some(newest) = beside.map(|other| other.dts).max() else { return fit };
    if near(source.millis.saturating_add(offset).saturating_sub(newest)) {
        return fit;
    }
    // By half as much: a little further on, it must still be near enough to come over.
    let same_clock =
        |other: &&Elsewhere| near(other.source.millis.saturating_sub(source.millis).saturating_mul(2));
    let unused = others.iter().all(|other| other.offset != anchor.offset);
    if let Some(other) = others.iter().find(same_clock) {
        let behind = other.dts.saturating_sub(other.source.millis.saturating_add(anchor.offset));
        if offset != anchor.offset {
            return Fit::At(other.offset);
        }
        // The other comes by the offset in force too, at its next frame. Where that is too far back for it, this one comes to
        // the other, and where nobody stays, so does what follows.
        if behind <= BACKWARD_MAX {
            return fit;
        }
        return if unused { Fit::At(anchor.follow(other)) } else { Fit::Alone(other.offset) };
    }
    let own = track.dts.saturating_add(track.frame).saturating_sub(source.millis);
    // Where none counts by the offset in force any more, it is what those count by who did not jump.
    if let Some(steady) = others.iter().find(|other| unused && other.dts == newest) {
        anchor.follow(steady);
    }
    Fit::Alone(own)
}

/// Writes down where a frame went: never before or at the last one of its track.
fn settle(newest: &mut Option<i64>, track: &mut Track, source: SourceTime, offset: i64) -> MediaTime {
    if let Some((last, _)) = track.source {
        let step = source.millis.saturating_sub(last.millis);
        if (1..=FRAME_MAX).contains(&step) {
            if step <= 2 * track.frame.max(track.step) {
                track.frame = step;
            }
            track.step = step;
        }
    }
    let dts = source.millis.saturating_add(offset).max(track.dts.saturating_add(1));
    track.source = Some((source, offset));
    track.dts = dts;
    *newest = Some(newest.map_or(dts, |newest| newest.max(dts)));
    MediaTime::from_millis(dts)
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "timeline_recorded_tests.rs"]
mod recorded_tests;
