//! Blocking reloads: whether a playlist already has what a player waits for (RFC 8216bis §6.2.5.2). Pure.

use std::time::Duration;

use super::window::Window;

/// How far beyond the open segment a player may ask.
const SEGMENTS_AHEAD_MAX: u64 = 1;
/// How far beyond the newest part a player may ask, in milliseconds: three seconds, or three parts where they are
/// longer than one.
const PARTS_AHEAD_MILLIS: u32 = 3_000;
const PARTS_AHEAD_MIN: u32 = 3;
/// A player waits three target durations at most, and never so long that it gives up by itself, which players do
/// after ten seconds without an answer.
const TARGETS_HELD: u32 = 3;
const HELD_MAX: Duration = Duration::from_secs(8);

/// What a player wants to see in a playlist: `_HLS_msn` and `_HLS_part`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// A media sequence number.
    pub segment: u64,
    /// A part of it by its place; without one the whole segment is wanted.
    pub part: Option<u64>,
}

/// Whether a playlist has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It has it, or something after it.
    Ready,
    /// It will.
    Soon,
    /// So far ahead that the player must be mistaken.
    TooFar,
}

/// Where a playlist ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    /// The number of the open segment.
    next: u64,
    /// Finished parts of the open segment.
    open_parts: u64,
    /// Parts of the newest finished segment, where they were published.
    last_parts: Option<u64>,
    /// Parts that may be asked for beyond the newest.
    ahead: u64,
    target_duration: u32,
    ended: bool,
}

impl Edge {
    /// `None` where there is no playlist, or one without parts, which does not offer blocking reloads.
    pub(super) fn of(window: &Window) -> Option<Self> {
        let (target_duration, part) = (window.target_duration()?, window.part_target()?.max(1));
        let newest = window.listed().next_back();
        let in_segment = (target_duration * 1_000).div_ceil(part);
        let ahead = PARTS_AHEAD_MILLIS.div_ceil(part).max(PARTS_AHEAD_MIN);
        Some(Self {
            next: window.next(),
            open_parts: window.growing().map_or(0, |growing| growing.parts.len() as u64),
            last_parts: newest.filter(|it| it.parts_from.is_some()).map(|it| it.segment.parts.len() as u64),
            // Players that do not use parts ask for the last part of a whole segment (hls.js).
            ahead: u64::from(ahead.max(in_segment + 1)),
            target_duration,
            ended: window.ended(),
        })
    }

    /// Compares what is wanted with what there is.
    pub(super) fn readiness(&self, wanted: Wanted) -> Readiness {
        let Wanted { segment, part } = wanted;
        let finished = segment < self.next;
        let ready = match part {
            _ if self.ended => true,
            // A part that its finished segment does not have is the first of the next.
            Some(part) if segment.checked_add(1) == Some(self.next) => {
                self.last_parts.is_none_or(|parts| part < parts) || self.open_parts > 0
            }
            Some(part) => finished || (segment == self.next && part < self.open_parts),
            None => finished,
        };
        let too_many = part.is_some_and(|part| {
            let there = if segment == self.next { self.open_parts } else { 0 };
            part >= there.saturating_add(self.ahead)
        });
        if ready {
            Readiness::Ready
        } else if segment > self.next.saturating_add(SEGMENTS_AHEAD_MAX) || (too_many && !finished) {
            Readiness::TooFar
        } else {
            Readiness::Soon
        }
    }

    /// How long a player is held.
    pub(super) fn held(&self) -> Duration {
        Duration::from_secs((self.target_duration * TARGETS_HELD).into()).min(HELD_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: Edge =
        Edge { next: 100, open_parts: 2, last_parts: Some(6), ahead: 9, target_duration: 2, ended: false };

    fn ask(segment: u64, part: impl Into<Option<u64>>) -> Readiness {
        EDGE.readiness(Wanted { segment, part: part.into() })
    }

    #[test]
    fn what_is_there_is_answered_at_once_and_what_comes_next_is_waited_for() {
        assert_eq!(ask(3, None), Readiness::Ready, "long gone");
        assert_eq!(ask(3, 5_000), Readiness::Ready);
        assert_eq!(ask(99, None), Readiness::Ready);
        assert_eq!(ask(100, 1), Readiness::Ready);
        assert_eq!(ask(100, 2), Readiness::Soon);
        assert_eq!(ask(100, None), Readiness::Soon);
        assert_eq!(ask(101, None), Readiness::Soon);
        assert_eq!(ask(101, 0), Readiness::Soon);
    }

    #[test]
    fn a_part_beyond_a_finished_segment_is_the_first_of_the_next() {
        assert_eq!(ask(99, 5), Readiness::Ready);
        assert_eq!(ask(99, 6), Readiness::Ready, "the next has parts");
        let closed = Edge { open_parts: 0, ..EDGE };
        assert_eq!(closed.readiness(Wanted { segment: 99, part: Some(6) }), Readiness::Soon);
        assert_eq!(closed.readiness(Wanted { segment: 99, part: Some(60) }), Readiness::Soon);
        let whole = Edge { last_parts: None, ..closed };
        assert_eq!(whole.readiness(Wanted { segment: 99, part: Some(0) }), Readiness::Ready);
    }

    #[test]
    fn the_absurd_is_refused() {
        assert_eq!(ask(102, None), Readiness::TooFar);
        assert_eq!(ask(u64::MAX, None), Readiness::TooFar);
        assert_eq!(ask(u64::MAX, u64::MAX), Readiness::TooFar);
        assert_eq!(ask(100, 10), Readiness::Soon);
        assert_eq!(ask(100, 11), Readiness::TooFar);
        assert_eq!(ask(101, 9), Readiness::TooFar);
        let ended = Edge { ended: true, ..EDGE };
        assert_eq!(ended.readiness(Wanted { segment: 500, part: None }), Readiness::Ready);
    }

    #[test]
    fn nobody_is_held_until_they_give_up() {
        assert_eq!(EDGE.held(), Duration::from_secs(6));
        assert_eq!(Edge { target_duration: 10, ..EDGE }.held(), HELD_MAX);
    }
}
