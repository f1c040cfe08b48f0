//! The media playlist, with the tags of low latency (RFC 8216bis §4.4).

use std::fmt::{self, Write as _};
use std::time::Duration;

use time::OffsetDateTime;

use crate::format::date_range::DateRange;

/// `EXT-X-VERSION`: 6 is the lowest that has `EXT-X-MAP` in ordinary playlists (RFC 8216bis §8).
const VERSION: u32 = 6;
/// The lowest that has durations with decimals, which is all that segments without `EXT-X-MAP` need.
const VERSION_WITHOUT_MAP: u32 = 3;
/// The lowest that has `EXT-X-SKIP`. A playlist that may be asked for in part says it always.
const VERSION_LOW_LATENCY: u32 = 9;
/// Bytes of text that a listed segment and a part take at most, to size the buffer.
const SEGMENT_LEN: usize = 256;
const PART_LEN: usize = 96;
/// Lengths of `HOLD-BACK` and `CAN-SKIP-UNTIL` in target durations: the least that is allowed (§4.4.3.8).
const HOLD_BACK_TARGETS: u32 = 3;
const SKIP_UNTIL_TARGETS: u32 = 6;
/// Length of `PART-HOLD-BACK` in halves of part targets. Three parts are recommended; players that were tried need a
/// little more to play without stalls, since a part is as late as its last frame.
const PART_HOLD_BACK_HALVES: u32 = 9;

/// A sliding media playlist.
#[derive(Debug, Clone)]
pub struct MediaPlaylist<'a> {
    /// Whole seconds; every segment's duration, rounded, is at most this. Never changes for one URL (§4.4.3.1).
    pub target_duration: u32,
    /// What it promises where parts are listed.
    pub low_latency: Option<LowLatency>,
    /// Number of the first listed segment.
    pub media_sequence: u64,
    /// Discontinuities that have left the list.
    pub discontinuity_sequence: u64,
    /// Whether every segment can be decoded by itself (§4.4.2.1).
    pub independent_segments: bool,
    /// Segments at the front that the reader knows already, left out of `segments` (§4.4.5.2).
    pub skipped: usize,
    /// Whether no segment will ever be added.
    pub ended: bool,
    /// What is said of stretches of time.
    pub date_ranges: Vec<&'a DateRange>,
    /// Oldest first.
    pub segments: Vec<MediaSegment<'a>>,
    /// The segment that is not finished, where parts of it are.
    pub open: Option<OpenSegment<'a>>,
    /// The next part's address, announced before there is such a part (§4.4.5.3).
    pub next_part: Option<&'a str>,
    /// The address of the init segment that the next part needs, where it is another one.
    pub next_map: Option<&'a str>,
    /// How far the other renditions are (§4.4.5.4).
    pub reports: Vec<RenditionReport<'a>>,
}

/// The promises of low latency. Players compare their text from reload to reload, so all of it follows from two
/// numbers that never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowLatency {
    /// No part is longer than so many milliseconds.
    pub part_target: u32,
    /// Whether the list can be so long that a delta update leaves something out.
    pub skips: bool,
}

impl LowLatency {
    /// Whether a list of so many segments ever has some that a delta update leaves out: none is longer than the target
    /// duration, and those of the last six are always there.
    #[must_use]
    pub const fn skips_in(segments: usize) -> bool {
        segments > SKIP_UNTIL_TARGETS as usize
    }

    /// How far from the end of the list the segments lie that a delta update leaves out.
    #[must_use]
    pub const fn skip_until(target_duration: u32) -> Duration {
        Duration::from_secs((target_duration * SKIP_UNTIL_TARGETS) as u64)
    }

    fn fmt(self, target_duration: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, hold_back) =
            (self.part_target, self.part_target.saturating_mul(PART_HOLD_BACK_HALVES).div_ceil(2));
        write!(
            f,
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={}.{:03},HOLD-BACK={}",
            hold_back / 1_000,
            hold_back % 1_000,
            target_duration * HOLD_BACK_TARGETS,
        )?;
        if self.skips {
            write!(f, ",CAN-SKIP-UNTIL={}", target_duration * SKIP_UNTIL_TARGETS)?;
        }
        writeln!(f)?;
        writeln!(f, "#EXT-X-PART-INF:PART-TARGET={}.{:03}", part / 1_000, part % 1_000)
    }
}

/// What stands before the parts and the address of a segment.
#[derive(Debug, Clone, Copy, Default)]
pub struct MediaHead<'a> {
    /// The address of the init segment, where it is not that of the segment before.
    pub map: Option<&'a str>,
    /// Whether timestamps or codings break before it.
    pub discontinuity: bool,
    /// When its first frame arrived, in milliseconds since 1970 in UTC.
    pub date: Option<i64>,
}

/// One listed segment.
#[derive(Debug, Clone)]
pub struct MediaSegment<'a> {
    /// What it begins with.
    pub head: MediaHead<'a>,
    /// Its parts, where they are still listed.
    pub parts: Vec<MediaPart<'a>>,
    /// Whether there is no media in it, and players should go to another rendition or wait it out (§4.4.4.7).
    pub gap: bool,
    /// How long it plays.
    pub duration: Duration,
    /// Its address, relative to the playlist.
    pub uri: &'a str,
}

/// The segment at the end of the list, of which there are parts alone.
#[derive(Debug, Clone)]
pub struct OpenSegment<'a> {
    /// What it begins with.
    pub head: MediaHead<'a>,
    /// The parts that are finished; one at least.
    pub parts: Vec<MediaPart<'a>>,
}

/// One part (§4.4.4.9).
#[derive(Debug, Clone, Copy)]
pub struct MediaPart<'a> {
    /// Its address, relative to the playlist.
    pub uri: &'a str,
    /// How long it plays.
    pub duration: Duration,
    /// Whether a decoder can start at its first frame.
    pub independent: bool,
}

/// How far another rendition is.
#[derive(Debug, Clone, Copy)]
pub struct RenditionReport<'a> {
    /// Its playlist's address, relative to this one.
    pub uri: &'a str,
    /// The number of the segment that its newest part belongs to.
    pub last_segment: u64,
    /// The place of that part in its segment; `None` where the segment is whole and has no parts.
    pub last_part: Option<u64>,
}

impl fmt::Display for MediaPlaylist<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapped = self.segments.iter().any(|segment| segment.head.map.is_some());
        let version = match (self.low_latency, mapped) {
            (Some(_), _) => VERSION_LOW_LATENCY,
            (None, true) => VERSION,
            (None, false) => VERSION_WITHOUT_MAP,
        };
        writeln!(f, "#EXTM3U\n#EXT-X-VERSION:{version}")?;
        writeln!(f, "#EXT-X-TARGETDURATION:{}", self.target_duration)?;
        if let Some(low_latency) = self.low_latency {
            low_latency.fmt(self.target_duration, f)?;
        }
        writeln!(f, "#EXT-X-MEDIA-SEQUENCE:{}", self.media_sequence)?;
        writeln!(f, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence)?;
        if self.independent_segments {
            writeln!(f, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        }
        if self.skipped > 0 {
            writeln!(f, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}", self.skipped)?;
        }
        self.date_ranges.iter().try_for_each(|range| range.fmt(f))?;
        self.segments.iter().try_for_each(|segment| segment.fmt(f))?;
        if let Some(open) = &self.open {
            open.head.fmt(f)?;
            open.parts.iter().try_for_each(|part| part.fmt(f))?;
        }
        if let Some(uri) = self.next_map {
            writeln!(f, "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"{uri}\"")?;
        }
        if let Some(uri) = self.next_part {
            writeln!(f, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}\"")?;
        }
        for report in &self.reports {
            let RenditionReport { uri, last_segment, last_part } = report;
            write!(f, "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={last_segment}")?;
            match last_part {
                Some(last_part) => writeln!(f, ",LAST-PART={last_part}")?,
                None => writeln!(f)?,
            }
        }
        if self.ended {
            writeln!(f, "#EXT-X-ENDLIST")?;
        }
        Ok(())
    }
}

impl fmt::Display for MediaHead<'_> {
    /// The order of the tags matters to some players: DISCONTINUITY, MAP, date.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.discontinuity {
            writeln!(f, "#EXT-X-DISCONTINUITY")?;
        }
        if let Some(uri) = self.map {
            writeln!(f, "#EXT-X-MAP:URI=\"{uri}\"")?;
        }
        let Some(date) = self.date.and_then(date) else { return Ok(()) };
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        let (hour, minute, second, millis) = (date.hour(), date.minute(), date.second(), date.millisecond());
        write!(f, "#EXT-X-PROGRAM-DATE-TIME:{year:04}-{month:02}-{day:02}")?;
        writeln!(f, "T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

impl fmt::Display for MediaSegment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head.fmt(f)?;
        self.parts.iter().try_for_each(|part| part.fmt(f))?;
        if self.gap {
            writeln!(f, "#EXT-X-GAP")?;
        }
        writeln!(f, "#EXTINF:{},\n{}", Seconds(self.duration), self.uri)
    }
}

impl fmt::Display for MediaPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#EXT-X-PART:DURATION={},URI=\"{}\"", Seconds(self.duration), self.uri)?;
        f.write_str(if self.independent { ",INDEPENDENT=YES\n" } else { "\n" })
    }
}

/// A duration with five decimals, to the nearest: longer floats have upset players.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = (self.0.as_nanos() + 5_000) / 10_000;
        write!(f, "{}.{:05}", units / 100_000, units % 100_000)
    }
}

fn date(millis: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

impl MediaPlaylist<'_> {
    /// The playlist's text.
    #[must_use]
    pub fn render(&self) -> String {
        let parts = self.segments.iter().map(|segment| segment.parts.len()).sum::<usize>()
            + self.open.as_ref().map_or(0, |open| open.parts.len());
        let mut text = String::with_capacity(SEGMENT_LEN * (self.segments.len() + 3) + PART_LEN * parts);
        // Writing to a String cannot fail.
        write!(text, "{self}").ok();
        text
    }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
