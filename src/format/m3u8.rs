//! HLS playlists as text (RFC 8216 and its revision): the media playlist by hand, the multivariant by `m3u8-rs`.
//!
//! The media playlist is ours because the tags of low latency have no place in that crate's model. Which segments
//! are listed, and under which names, `hls::playlist` decides.

use std::fmt::{self, Write as _};
use std::time::Duration;

use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ClosedCaptionGroupId, InstreamId, MasterPlaylist, Resolution,
    VariantStream,
};
use time::OffsetDateTime;

use super::date_range::DateRange;

/// `EXT-X-VERSION`: 6 is the lowest that has `EXT-X-MAP` in ordinary playlists (RFC 8216bis §8).
const VERSION: usize = 6;
/// The lowest that has durations with decimals, which is all that segments without `EXT-X-MAP` need.
const VERSION_WITHOUT_MAP: usize = 3;
/// The group of closed captions, and what a viewer reads in the menu.
const CAPTIONS_GROUP: &str = "cc";
const CAPTIONS_NAME: &str = "CC1";
/// Bytes of text a listed segment takes at most, to size the buffer.
const SEGMENT_LEN: usize = 256;

/// A sliding media playlist.
#[derive(Debug, Clone)]
pub struct MediaPlaylist<'a> {
    /// Whole seconds; every segment's duration, rounded, is at most this. Never changes for one URL (§4.4.3.1).
    pub target_duration: u32,
    /// Number of the first listed segment.
    pub media_sequence: u64,
    /// Discontinuities that have left the list.
    pub discontinuity_sequence: u64,
    /// Whether every segment can be decoded by itself (§4.4.2.1).
    pub independent_segments: bool,
    /// Whether no segment will ever be added.
    pub ended: bool,
    /// What is said of stretches of time.
    pub date_ranges: Vec<&'a DateRange>,
    /// Oldest first.
    pub segments: Vec<MediaSegment<'a>>,
}

/// One listed segment.
#[derive(Debug, Clone)]
pub struct MediaSegment<'a> {
    /// Its address, relative to the playlist.
    pub uri: &'a str,
    /// The address of the init segment, where it is not that of the segment before.
    pub map: Option<&'a str>,
    /// Whether timestamps or codings break before it.
    pub discontinuity: bool,
    /// When its first frame arrived, in milliseconds since 1970 in UTC.
    pub date: Option<i64>,
    /// How long it plays.
    pub duration: Duration,
}

impl fmt::Display for MediaPlaylist<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapped = self.segments.iter().any(|segment| segment.map.is_some());
        let version = if mapped { VERSION } else { VERSION_WITHOUT_MAP };
        writeln!(f, "#EXTM3U\n#EXT-X-VERSION:{version}")?;
        writeln!(f, "#EXT-X-TARGETDURATION:{}", self.target_duration)?;
        writeln!(f, "#EXT-X-MEDIA-SEQUENCE:{}", self.media_sequence)?;
        writeln!(f, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence)?;
        if self.independent_segments {
            writeln!(f, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        }
        self.date_ranges.iter().try_for_each(|range| range.fmt(f))?;
        self.segments.iter().try_for_each(|segment| segment.fmt(f))?;
        if self.ended {
            writeln!(f, "#EXT-X-ENDLIST")?;
        }
        Ok(())
    }
}

impl fmt::Display for MediaSegment<'_> {
    /// The order of the tags matters to some players: DISCONTINUITY, MAP, date, EXTINF.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.discontinuity {
            writeln!(f, "#EXT-X-DISCONTINUITY")?;
        }
        if let Some(uri) = self.map {
            writeln!(f, "#EXT-X-MAP:URI=\"{uri}\"")?;
        }
        if let Some(date) = self.date.and_then(date) {
            write!(
                f,
                "#EXT-X-PROGRAM-DATE-TIME:{:04}-{:02}-{:02}",
                date.year(),
                u8::from(date.month()),
                date.day()
            )?;
            writeln!(
                f,
                "T{:02}:{:02}:{:02}.{:03}Z",
                date.hour(),
                date.minute(),
                date.second(),
                date.millisecond()
            )?;
        }
        // Five decimals: longer floats have upset players.
        let units = (self.duration.as_nanos() + 5_000) / 10_000;
        writeln!(f, "#EXTINF:{}.{:05},\n{}", units / 100_000, units % 100_000, self.uri)
    }
}

fn date(millis: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

impl MediaPlaylist<'_> {
    /// The playlist's text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(SEGMENT_LEN * (self.segments.len() + 1));
        // Writing to a String cannot fail.
        write!(text, "{self}").ok();
        text
    }
}

/// The one variant of a multivariant playlist: pictures and sound in one rendition.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant<'a> {
    /// The media playlist's address, relative to this one.
    pub uri: &'a str,
    /// Peak bits a second, above zero.
    pub bandwidth: u64,
    /// Mean bits a second, above zero.
    pub average_bandwidth: u64,
    /// RFC 6381 codings, comma separated; empty leaves the attribute out.
    pub codecs: &'a str,
    /// Width and height in square pixels; `None` without pictures.
    pub resolution: Option<(u32, u32)>,
    /// Frames a second; `None` without pictures.
    pub frame_rate: Option<f64>,
    /// Whether the pictures carry closed captions (CEA-608).
    pub captions: bool,
    /// Whether the media playlist has init segments.
    pub init_segments: bool,
}

impl Variant<'_> {
    /// A multivariant playlist with this variant alone.
    ///
    /// `EXT-X-INDEPENDENT-SEGMENTS` is left to the media playlist: a player loads this one once, and what it
    /// promises must hold for the life of the stream.
    #[must_use]
    pub fn render(&self) -> String {
        let variant = VariantStream {
            uri: self.uri.to_owned(),
            bandwidth: self.bandwidth,
            average_bandwidth: Some(self.average_bandwidth),
            codecs: (!self.codecs.is_empty()).then(|| self.codecs.to_owned()),
            resolution: self
                .resolution
                .map(|(width, height)| Resolution { width: width.into(), height: height.into() }),
            // The attribute has at most three decimals (§4.4.6.2).
            frame_rate: self.frame_rate.map(|rate| (rate * 1_000.0).round() / 1_000.0),
            // Without this word, iOS offers captions that do not exist.
            closed_captions: self.resolution.map(|_| match self.captions {
                true => ClosedCaptionGroupId::GroupId(CAPTIONS_GROUP.to_owned()),
                false => ClosedCaptionGroupId::None,
            }),
            ..VariantStream::default()
        };
        let captions = AlternativeMedia {
            media_type: AlternativeMediaType::ClosedCaptions,
            group_id: CAPTIONS_GROUP.to_owned(),
            name: CAPTIONS_NAME.to_owned(),
            autoselect: true,
            instream_id: Some(InstreamId::CC(1)),
            ..AlternativeMedia::default()
        };
        let playlist = MasterPlaylist {
            version: Some(if self.init_segments { VERSION } else { VERSION_WITHOUT_MAP }),
            alternatives: Vec::from_iter((self.captions && self.resolution.is_some()).then_some(captions)),
            variants: vec![variant],
            ..MasterPlaylist::default()
        };
        let mut bytes = Vec::with_capacity(SEGMENT_LEN);
        // Writing to a Vec cannot fail, and the crate writes text.
        playlist.write_to(&mut bytes).ok();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_playlist_reads_as_the_specification_shows_it() {
        let segment = |uri, map, discontinuity, millis: i64| MediaSegment {
            uri,
            map,
            discontinuity,
            date: Some(1_785_585_600_000 + millis),
            duration: Duration::from_micros(1_966_667),
        };
        let playlist = MediaPlaylist {
            target_duration: 2,
            media_sequence: 120,
            discontinuity_sequence: 1,
            independent_segments: true,
            ended: true,
            date_ranges: Vec::new(),
            segments: vec![
                segment("a.m4s", Some("i1.mp4"), false, 0),
                segment("b.m4s", Some("i2.mp4"), true, 7_400),
            ],
        };
        assert_eq!(
            playlist.render(),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:120\n\
             #EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"i1.mp4\"\n\
             #EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:00.000Z\n#EXTINF:1.96667,\na.m4s\n#EXT-X-DISCONTINUITY\n\
             #EXT-X-MAP:URI=\"i2.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:07.400Z\n#EXTINF:1.96667,\nb.m4s\n\
             #EXT-X-ENDLIST\n"
        );
    }

    #[test]
    fn a_multivariant_playlist_names_its_one_variant() {
        let variant = Variant {
            uri: "live_a.m3u8",
            bandwidth: 3_000_000,
            average_bandwidth: 2_500_000,
            codecs: "avc1.640028,mp4a.40.2",
            resolution: Some((1_920, 1_080)),
            frame_rate: Some(60_000.0 / 1_001.0),
            captions: false,
            init_segments: true,
        };
        assert_eq!(
            variant.render(),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2500000,\
             CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080,FRAME-RATE=59.94,CLOSED-CAPTIONS=NONE\n\
             live_a.m3u8\n"
        );
        let sound = Variant { resolution: None, frame_rate: None, codecs: "mp4a.40.2", ..variant };
        assert!(!sound.render().contains("RESOLUTION"));
        let captioned = Variant { captions: true, init_segments: false, ..variant };
        assert_eq!(
            captioned.render().lines().take(3).collect::<Vec<_>>(),
            [
                "#EXTM3U",
                "#EXT-X-VERSION:3",
                "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\""
            ]
        );
        assert!(captioned.render().contains(",CLOSED-CAPTIONS=\"cc\"\n"), "{}", captioned.render());
    }
}
