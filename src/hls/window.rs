//! The sliding list of one session's segments: what is listed, what is kept beyond, and the numbers that follow.
//!
//! Numbers and names never repeat: media sequence numbers go on over sessions and start from the wall clock after a
//! restart, and every name carries the session's nonce. Text is made from this by `playlist`.
//!
//! **Invariant:** the media sequence never decreases, and the discontinuity sequence rises by one with each
//! discontinuity that leaves the list. **Invariant:** what remains listed is never shorter than three target
//! durations because of an eviction.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::lineup::Lane;
use super::measured::Measured;
use super::names;
use super::numbers::Numbers;
use super::segment::{Init, Opening, Part, Segment};
use super::segmenter::Targets;
use crate::format::a53::Captions;
use crate::format::date_range::DateRange;
use crate::format::m3u8::LowLatency;
use crate::media::{Cue, CueValue, MediaTime};

/// A live list may not be cut shorter than this many target durations (RFC 8216bis §6.2.2).
const TARGETS_LISTED_MIN: u32 = 3;
/// Segments listed at most beyond the window's size, when many of them are short.
const SHORT_SEGMENTS_MAX: usize = 64;
/// Cue points listed at most. Beyond, the oldest goes first.
const CUES_MAX: usize = 64;
/// Bytes of their text at most: it stands in every playlist, of which there are several a second.
const CUES_BYTES_MAX: usize = 64 * 1024;

/// A segment with its place in the list.
#[derive(Debug)]
pub struct Listed {
    /// Its media sequence number.
    pub number: u64,
    /// Its name, relative to the playlist.
    pub uri: String,
    /// Its bytes.
    pub segment: Segment,
    /// The number of its first part, where its parts were published.
    pub parts_from: Option<u64>,
}

impl Listed {
    /// The part of this number, where it is one of this segment's.
    #[must_use]
    pub fn part(&self, number: u64) -> Option<&Arc<Part>> {
        let index = number.checked_sub(self.parts_from?)?;
        self.segment.parts.get(usize::try_from(index).ok()?)
    }
}

/// The segment that is not finished, and the parts of it that are.
#[derive(Debug, Clone)]
pub struct Growing {
    /// What it began with.
    pub opening: Opening,
    /// The number of its first part.
    pub parts_from: u64,
    /// Its finished parts; one at least.
    pub parts: Vec<Arc<Part>>,
}

impl Growing {
    /// The part of this number, where it is finished.
    #[must_use]
    pub fn part(&self, number: u64) -> Option<&Arc<Part>> {
        let index = number.checked_sub(self.parts_from)?;
        self.parts.get(usize::try_from(index).ok()?)
    }

    fn play_time(&self) -> Duration {
        self.parts.iter().map(|part| part.play_time()).sum()
    }
}

/// The list of one lane of a session, from its first segment to its end.
#[derive(Debug)]
pub struct Window {
    lane: Lane,
    /// The session's, without the lane's tag.
    session: String,
    nonce: String,
    size: usize,
    listed: VecDeque<Arc<Listed>>,
    /// Segments that left the list, oldest first, each with the media time at which it may be forgotten.
    kept: VecDeque<(Duration, Arc<Listed>)>,
    numbers: Numbers,
    next: u64,
    growing: Option<Growing>,
    /// The number of the next part, which is its name before it exists.
    next_part: u64,
    /// The init segment of the next part, where it is not that of the newest.
    next_init: Option<Arc<Init>>,
    targets: Option<Targets>,
    ended: bool,
    /// Media time of all segments so far.
    elapsed: Duration,
    /// Whether all segments so far can be decoded by themselves. Once false it stays so: players keep what they read.
    independent: bool,
    measured: Measured,
    captions: Option<Captions>,
    /// Oldest first.
    cues: VecDeque<Arc<DateRange>>,
    /// Cue points so far.
    cues_marked: u64,
}

impl Window {
    /// An empty list of `size` segments; its names carry `nonce`.
    #[must_use]
    pub fn new(nonce: String, size: usize, numbers: Numbers) -> Self {
        Self {
            lane: Lane::Main,
            session: nonce.clone(),
            nonce,
            size: size.max(1),
            listed: VecDeque::new(),
            kept: VecDeque::new(),
            numbers,
            next: numbers.media,
            growing: None,
            next_part: 0,
            next_init: None,
            targets: None,
            ended: false,
            elapsed: Duration::ZERO,
            independent: true,
            measured: Measured::default(),
            captions: None,
            cues: VecDeque::new(),
            cues_marked: 0,
        }
    }

    /// An empty list of a lane beside this one, whose first segment has the number of this one's next: everything but
    /// the frames is the same from there on. `again` tells it from those of the same lane before it.
    #[must_use]
    pub fn beside(&self, lane: Lane, again: usize) -> Self {
        let again = if again > 0 { format!(".{again}") } else { String::new() };
        let numbers = Numbers { media: self.next, discontinuity: self.numbers.discontinuity + self.breaks() };
        Self {
            lane,
            session: self.session.clone(),
            targets: self.targets,
            captions: self.captions,
            cues: self.cues.clone(),
            cues_marked: self.cues_marked,
            ..Self::new(format!("{}{lane}{again}", self.session), self.size, numbers)
        }
    }

    /// Which of its session's lists it is.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// What makes this list's names unlike all others.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The name of its media playlist.
    #[must_use]
    pub fn playlist_uri(&self) -> String {
        names::playlist(&self.nonce)
    }

    /// Adds a finished part of the segment that begins with `opening`.
    pub fn push_part(&mut self, part: Arc<Part>, opening: Opening) {
        if self.next_init.as_ref().is_some_and(|init| init.number == opening.init.number) {
            self.next_init = None;
        }
        let parts_from = self.next_part;
        self.next_part += 1;
        self.independent &= opening.independent;
        self.growing
            .get_or_insert_with(|| Growing { opening, parts_from, parts: Vec::new() })
            .parts
            .push(part);
    }

    /// Takes note of the init segment that the next part needs.
    pub fn announce(&mut self, init: Arc<Init>) {
        self.next_init = self.parts_published().then_some(init);
    }

    /// Adds a finished segment and lets old ones go.
    pub fn push(&mut self, segment: Segment) {
        self.elapsed += segment.play_time();
        self.independent &= segment.opening.independent;
        self.measured.add(&segment);
        let number = self.next;
        self.next += 1;
        let uri = names::segment(&self.nonce, number, segment.opening.init.container);
        let parts_from = self.growing.take().map(|growing| growing.parts_from);
        self.listed.push_back(Arc::new(Listed { number, uri, segment, parts_from }));
        self.weigh(self.listed.len());
        while self.evict() {}
        self.forget();
        self.forget_cues();
    }

    /// Notes that the pictures carry closed captions.
    pub const fn signal_captions(&mut self, captions: Captions) {
        self.captions = Some(captions);
    }

    /// The closed captions that the pictures of the session carry.
    #[must_use]
    pub const fn captions(&self) -> Option<Captions> {
        self.captions
    }

    /// Lists a cue point that is at `date`, in milliseconds since 1970.
    pub fn mark(&mut self, cue: &Cue, date: i64) {
        let id = format!("{}-{}", self.session, self.cues_marked);
        self.cues_marked += 1;
        let mut range = DateRange::new(&id, cue.kind.as_str(), date, cue.duration);
        for (name, value) in &cue.attributes {
            match value {
                CueValue::Text(text) => range.add_text(name, text),
                CueValue::Number(number) => range.add_number(name, *number),
            }
        }
        self.cues.push_back(Arc::new(range));
        let mut bytes: usize = self.cues.iter().map(|cue| cue.text_len()).sum();
        while self.cues.len() > CUES_MAX || bytes > CUES_BYTES_MAX {
            let Some(oldest) = self.cues.pop_front() else { break };
            bytes -= oldest.text_len();
        }
    }

    /// The cue points of what is listed, oldest first.
    pub fn cues(&self) -> impl Iterator<Item = &Arc<DateRange>> {
        self.cues.iter()
    }

    /// Cue points so far, those that left the list too.
    #[must_use]
    pub const fn cues_marked(&self) -> u64 {
        self.cues_marked
    }

    /// Drops cue points that are over before the list begins.
    fn forget_cues(&mut self) {
        let Some(oldest) = self.listed.front().map(|listed| listed.segment.opening.date.as_millis()) else {
            return;
        };
        self.cues.retain(|cue| cue.end() >= oldest);
    }

    /// Moves the oldest listed segment out of the list, when what remains is enough.
    fn evict(&mut self) -> bool {
        let Some(target) = self.target_duration() else { return false };
        let remaining: Duration = self.listed.iter().skip(1).map(|listed| listed.segment.play_time()).sum();
        let enough = remaining >= Duration::from_secs((target * TARGETS_LISTED_MIN).into());
        if self.listed.len() <= self.size || !(enough || self.listed.len() > self.size + SHORT_SEGMENTS_MAX) {
            return false;
        }
        let Some(oldest) = self.listed.pop_front() else { return false };
        self.numbers.media = oldest.number + 1;
        self.numbers.discontinuity += u64::from(oldest.segment.opening.discontinuity);
        // A player may ask for it as long as a playlist that named it plays (RFC 8216bis §6.2.2).
        let until = self.elapsed + remaining + oldest.segment.play_time();
        self.kept.push_back((until, oldest));
        true
    }

    /// Forgets segments that nobody can want any more.
    fn forget(&mut self) {
        while self.kept.front().is_some_and(|(until, _)| *until <= self.elapsed) {
            self.kept.pop_front();
        }
    }

    /// Bytes of the segments that are kept although they left the list.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        self.kept.iter().map(|(_, kept)| kept.segment.len).sum()
    }

    /// The date of the oldest of them.
    #[must_use]
    pub fn kept_from(&self) -> Option<MediaTime> {
        self.kept.front().map(|(_, oldest)| oldest.segment.opening.date)
    }

    /// Forgets the oldest of them. Its bytes.
    pub fn forget_oldest(&mut self) -> u64 {
        self.kept.pop_front().map_or(0, |(_, oldest)| oldest.segment.len)
    }

    /// Sets what the playlist promises, once: from now on there is one.
    pub fn choose_targets(&mut self, targets: Targets) {
        if self.targets.is_none() {
            self.targets = Some(Targets { duration: targets.duration.max(1), ..targets });
            (1..=self.listed.len()).for_each(|count| self.weigh(count));
        }
    }

    /// Weighs the newest of the first `count` segments and the runs that it ends, once the target duration is known.
    fn weigh(&mut self, count: usize) {
        if let Some(target) = self.target_duration() {
            let runs = self.listed.iter().take(count).rev().map(|listed| &listed.segment);
            self.measured.weigh(runs, Duration::from_secs(target.into()));
        }
    }

    /// Forgets all segments before anything was shown; the numbers go on.
    pub fn clear(&mut self) {
        self.listed.clear();
        self.numbers.media = self.next;
        self.independent = true;
        self.measured = Measured::default();
    }

    /// No segment will follow.
    pub fn end(&mut self, targets: Targets) {
        if !self.listed.is_empty() {
            self.choose_targets(targets);
        }
        self.next_init = None;
        // Its parts will not be a segment.
        self.growing = None;
        self.ended = true;
    }

    /// Whether [`end`](Self::end) was called.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// What the playlist promises; `None` until one may be shown.
    #[must_use]
    pub const fn targets(&self) -> Option<Targets> {
        self.targets
    }

    /// Whole seconds; `None` until a playlist may be shown.
    #[must_use]
    pub fn target_duration(&self) -> Option<u32> {
        self.targets.map(|targets| targets.duration)
    }

    /// No part is longer than so many milliseconds; `None` where parts are not published.
    #[must_use]
    pub fn part_target(&self) -> Option<u32> {
        self.targets.and_then(|targets| targets.part_millis)
    }

    fn parts_published(&self) -> bool {
        self.part_target().is_some()
    }

    /// The number of the segment after the newest finished one: the one that grows.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The segment that is not finished, where parts of it are.
    #[must_use]
    pub const fn growing(&self) -> Option<&Growing> {
        self.growing.as_ref()
    }

    /// The number of the part that is announced; `None` where none will come.
    #[must_use]
    pub fn next_part(&self) -> Option<u64> {
        (self.parts_published() && !self.ended).then_some(self.next_part)
    }

    /// The init segment that is announced.
    #[must_use]
    pub const fn next_init(&self) -> Option<&Arc<Init>> {
        self.next_init.as_ref()
    }

    /// The segment that the newest part belongs to, and the part's place in it; the newest segment alone where its parts
    /// were not published (RFC 8216bis §4.4.5.4).
    #[must_use]
    pub fn last_part(&self) -> Option<(u64, Option<u64>)> {
        if let Some(growing) = &self.growing {
            return Some((self.next, (growing.parts.len() as u64).checked_sub(1)));
        }
        let newest = self.listed.back()?;
        let parts = newest.parts_from.map(|_| newest.segment.parts.len() as u64);
        Some((newest.number, parts.and_then(|parts| parts.checked_sub(1))))
    }

    /// The first segment whose parts are listed: none that begins more than three target durations before the end
    /// (RFC 8216bis §6.2.2).
    #[must_use]
    pub fn parts_listed_from(&self) -> u64 {
        let Some(target) = self.target_duration() else { return self.next };
        let reach = Duration::from_secs((target * TARGETS_LISTED_MIN).into());
        let mut behind = self.growing.as_ref().map_or(Duration::ZERO, Growing::play_time);
        let near = self.listed.iter().rev().take_while(|listed| {
            behind += listed.segment.play_time();
            behind <= reach && listed.parts_from.is_some()
        });
        near.last().map_or(self.next, |listed| listed.number)
    }

    /// Whether delta updates are offered: from the beginning, and for good.
    #[must_use]
    pub const fn skips(&self) -> bool {
        LowLatency::skips_in(self.size)
    }

    /// The segments at the front of the list that a delta update leaves out, when `reach` before its end is enough.
    #[must_use]
    pub fn skippable(&self, reach: Duration) -> usize {
        let mut behind = Duration::ZERO;
        let near = self.listed.iter().rev().take_while(|listed| {
            let listed_already = behind >= reach;
            behind += listed.segment.play_time();
            !listed_already
        });
        self.listed.len() - near.count()
    }

    /// Where the list starts now.
    #[must_use]
    pub const fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// Where a session after this one starts.
    #[must_use]
    pub fn next_numbers(&self) -> Numbers {
        Numbers { media: self.next, discontinuity: self.numbers.discontinuity + self.breaks() + 1 }
    }

    /// Discontinuities in the list.
    fn breaks(&self) -> u64 {
        self.listed.iter().filter(|listed| listed.segment.opening.discontinuity).count() as u64
    }

    /// The segments of the playlist, oldest first.
    pub fn listed(&self) -> impl DoubleEndedIterator<Item = &Arc<Listed>> {
        self.listed.iter()
    }

    /// All segments that can be fetched, oldest first: those kept, then those listed.
    pub fn fetchable(&self) -> impl Iterator<Item = &Arc<Listed>> + Clone {
        self.kept.iter().map(|(_, kept)| kept).chain(&self.listed)
    }

    /// Whether every segment of the session so far can be decoded by itself.
    #[must_use]
    pub const fn independent(&self) -> bool {
        self.independent
    }

    /// Peak bits a second with a margin, and the mean; both above zero.
    #[must_use]
    pub fn bandwidth(&self) -> (u64, u64) {
        self.measured.bandwidth()
    }

    /// Frames a second as measured; `None` without pictures.
    #[must_use]
    pub fn frame_rate(&self) -> Option<f64> {
        self.measured.frame_rate()
    }
}
