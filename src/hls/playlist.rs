//! From a window to the bytes of its playlists: rendered once for each change, shared by all viewers.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::index;
use super::lifecycle::Session;
use super::names;
use super::segment::{Opening, Part};
use super::window::Window;
use crate::format::m3u8::{
    LowLatency, MediaHead, MediaPart, MediaPlaylist, MediaSegment, OpenSegment, RenditionReport,
};

/// How long, in target durations, a cache may answer a blocking reload with what it answered before (RFC 8216bis
/// appendix on caching).
const SETTLED_TARGETS: u32 = 6;

/// A playlist as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its text.
    pub plain: Bytes,
    /// Its text, gzipped for the first who asks and shared by all others. Nobody may ask: a compressor is a quarter of
    /// a megabyte, and a low-latency playlist is rendered three times a second.
    gzip: OnceLock<Bytes>,
    /// A weak entity tag: both forms share it, another text never does.
    pub etag: String,
    /// Seconds for which a cache may answer with it.
    pub max_age: u32,
    /// Seconds for which a cache may answer with it to those who ask for the very part that it was waited for with.
    pub settled_age: u32,
    /// Whether it can be waited for.
    pub takes_directives: bool,
    /// Where its addresses end in the text, rising.
    links: Vec<usize>,
}

impl Rendered {
    fn new(text: String, etag: String, max_age: u32) -> Self {
        let links = links(&text);
        Self {
            plain: text.into(),
            gzip: OnceLock::new(),
            etag,
            max_age,
            settled_age: max_age,
            takes_directives: false,
            links,
        }
    }

    /// Its text, gzipped. Empty where that failed; the plain form is sent then.
    #[must_use]
    pub fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut gzip = GzEncoder::new(Vec::with_capacity(self.plain.len() / 2), Compression::fast());
            gzip.write_all(&self.plain).and_then(|()| gzip.finish()).unwrap_or_default().into()
        })
    }

    /// Its text with `query` behind every address in it, for viewers whose token must reach the files that it names.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Bytes {
        let mut text = Vec::with_capacity(self.plain.len() + self.links.len() * (query.len() + 1));
        let mut from = 0;
        for link in &self.links {
            text.extend_from_slice(self.plain.get(from..*link).unwrap_or_default());
            text.push(b'?');
            text.extend_from_slice(query.as_bytes());
            from = *link;
        }
        text.extend_from_slice(self.plain.get(from..).unwrap_or_default());
        text.into()
    }
}

/// Where the addresses of a playlist end: its lines that are no tags, and the `URI` attributes of those that are.
fn links(text: &str) -> Vec<usize> {
    const ATTRIBUTE: &str = "URI=\"";
    let mut links = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if !content.starts_with('#') && !content.is_empty() {
            links.push(start + content.len());
        } else if let Some((before, value)) = content.split_once(ATTRIBUTE)
            // What a cue point calls so is the source's own.
            && !content.starts_with("#EXT-X-DATERANGE")
        {
            let length = value.find('"').unwrap_or(value.len());
            links.push(start + before.len() + ATTRIBUTE.len() + length);
        }
        start += line.len();
    }
    links
}

/// A media playlist in both of its forms.
#[derive(Debug, Clone)]
pub(super) struct Media {
    /// All of it.
    pub(super) full: Arc<Rendered>,
    /// Without what the reader of an earlier one knows; the full one where that is little.
    pub(super) delta: Arc<Rendered>,
}

/// Keeps what it rendered until it changes.
#[derive(Debug, Default)]
pub(super) struct Press {
    media: Vec<(String, Media)>,
    index: Option<Arc<Rendered>>,
    /// Media playlists rendered since this was last taken, full and delta.
    pub(super) renders: u64,
}

impl Press {
    /// The media playlist; `None` until there is a target duration.
    pub(super) fn media(&mut self, session: &Session, window: &Window) -> Option<Media> {
        let etag = media_etag(window);
        if let Some((_, media)) = self.media.iter().find(|(_, media)| media.full.etag == etag) {
            return Some(media.clone());
        }
        let reports = Reports::of(session, window);
        let full = Arc::new(media(window, &reports, etag.clone(), 0)?);
        self.renders += 1;
        let reach = window.target_duration().filter(|_| window.part_target().is_some() && window.skips());
        let skipped = reach.map_or(0, |target| window.skippable(LowLatency::skip_until(target)));
        let rendered = (skipped > 0)
            .then(|| media(window, &reports, etag.replacen("W/\"", "W/\"d", 1), skipped))
            .flatten();
        self.renders += u64::from(rendered.is_some());
        let delta = rendered.map_or_else(|| full.clone(), Arc::new);
        let media = Media { full, delta };
        self.media.retain(|(nonce, _)| nonce != window.nonce());
        self.media.push((window.nonce().to_owned(), media.clone()));
        Some(media)
    }

    /// Drops what belongs to none of these sessions.
    pub(super) fn keep<'a>(&mut self, windows: impl Iterator<Item = &'a Window> + Clone) {
        self.media.retain(|(nonce, _)| windows.clone().any(|window| window.nonce() == nonce));
    }

    /// The multivariant playlist; `None` until there is a media playlist with a segment.
    pub(super) fn multivariant(&mut self, session: &Session) -> Option<Arc<Rendered>> {
        let window = &session.main;
        let newest = window.listed().next_back()?.number;
        let (captions, lanes) = (u8::from(window.captions()), index::listed_together(session).len());
        let etag = format!("W/\"{}-{newest}-{captions}-{lanes}\"", window.nonce());
        if self.index.as_ref().is_none_or(|index| index.etag != etag) {
            let max_age = (window.target_duration()? / 2).max(1);
            self.index = index::render(session).map(|text| Arc::new(Rendered::new(text, etag, max_age)));
        }
        self.index.clone()
    }
}

/// How far the lists are that a player of one may change to (RFC 8216bis §4.4.5.4).
struct Reports {
    lists: Vec<(String, u64, Option<u64>)>,
}

impl Reports {
    fn of(session: &Session, window: &Window) -> Self {
        let indexed = index::listed_together(session);
        let among = indexed.iter().any(|other| other.lane() == window.lane());
        let told = among && window.next_part().is_some();
        let others = indexed.iter().filter(|other| told && other.lane() != window.lane());
        let lists = others.filter_map(|other| {
            let (segment, part) = other.last_part()?;
            Some((other.playlist_uri(), segment, part))
        });
        Self { lists: lists.collect() }
    }

    fn lines(&self) -> Vec<RenditionReport<'_>> {
        let lines = self.lists.iter().map(|(uri, last_segment, last_part)| RenditionReport {
            uri,
            last_segment: *last_segment,
            last_part: *last_part,
        });
        lines.collect()
    }
}

/// Tells every text of every session apart.
fn media_etag(window: &Window) -> String {
    let (next, part) = (window.next(), window.next_part().unwrap_or(0));
    let init = window.next_init().map_or(0, |init| init.number);
    let (cues, ended) = (window.cues_marked(), u8::from(window.ended()));
    format!("W/\"{}-{next}-{part}-{init}-{cues}-{ended}\"", window.nonce())
}

/// The addresses of a window, made before the playlist that borrows them.
struct Names {
    maps: Vec<String>,
    parts: Vec<Vec<String>>,
    growing_map: String,
    growing_parts: Vec<String>,
    next_part: Option<String>,
    next_map: Option<String>,
}

impl Names {
    fn of(window: &Window) -> Self {
        let nonce = window.nonce();
        let parts_listed = window.parts_listed_from();
        let named =
            |from: u64, count: usize| (from..).take(count).map(|number| names::part(nonce, number)).collect();
        let parts = window.listed().map(|listed| match listed.parts_from {
            Some(from) if listed.number >= parts_listed => named(from, listed.segment.parts.len()),
            _ => Vec::new(),
        });
        let growing = window.growing();
        let map = |opening: &Opening| names::init(nonce, opening.init.number);
        Self {
            maps: window.listed().map(|listed| map(&listed.segment.opening)).collect(),
            parts: parts.collect(),
            growing_map: growing.map(|growing| map(&growing.opening)).unwrap_or_default(),
            growing_parts: growing.map_or_else(Vec::new, |it| named(it.parts_from, it.parts.len())),
            next_part: window.next_part().map(|number| names::part(nonce, number)),
            next_map: window.next_init().map(|init| names::init(nonce, init.number)),
        }
    }
}

fn head<'a>(opening: &Opening, map: &'a str, before: &mut Option<&'a str>) -> MediaHead<'a> {
    // Named again after a break, for players that forget it there.
    let named =
        (before.replace(map) != Some(map) || opening.discontinuity) && opening.init.container.has_init();
    let named = named.then_some(map);
    MediaHead { map: named, discontinuity: opening.discontinuity, date: Some(opening.date.as_millis()) }
}

fn parts<'a>(names: &'a [String], parts: &[Arc<Part>]) -> Vec<MediaPart<'a>> {
    let part = |(uri, part): (&'a String, &Arc<Part>)| MediaPart {
        uri,
        duration: part.play_time(),
        independent: part.independent,
    };
    names.iter().zip(parts).map(part).collect()
}

fn media(window: &Window, reports: &Reports, etag: String, skipped: usize) -> Option<Rendered> {
    let target_duration = window.target_duration()?;
    let names = Names::of(window);
    let mut map_before = None;
    let segments =
        window.listed().zip(names.maps.iter().zip(&names.parts)).map(|(listed, (map, part_names))| {
            let segment = &listed.segment;
            MediaSegment {
                head: head(&segment.opening, map, &mut map_before),
                parts: parts(part_names, &segment.parts),
                gap: !segment.has_media,
                duration: segment.play_time(),
                uri: &listed.uri,
            }
        });
    let segments = segments.collect::<Vec<_>>().split_off(skipped.min(names.maps.len()));
    let open = window.growing().map(|growing| OpenSegment {
        head: head(&growing.opening, &names.growing_map, &mut map_before),
        parts: parts(&names.growing_parts, &growing.parts),
    });
    let numbers = window.numbers();
    let playlist = MediaPlaylist {
        target_duration,
        low_latency: window
            .part_target()
            .map(|part_target| LowLatency { part_target, skips: window.skips() }),
        media_sequence: numbers.media,
        discontinuity_sequence: numbers.discontinuity,
        independent_segments: window.independent(),
        skipped,
        ended: window.ended(),
        date_ranges: window.cues(),
        segments,
        open,
        next_part: names.next_part.as_deref(),
        next_map: names.next_map.as_deref(),
        reports: reports.lines(),
    };
    // Half a target duration keeps a cache from hiding a new segment for long (RFC 8216bis appendix on caching).
    let max_age = if window.ended() { target_duration } else { target_duration / 2 };
    Some(Rendered {
        settled_age: if window.ended() { max_age } else { target_duration * SETTLED_TARGETS },
        takes_directives: window.next_part().is_some(),
        ..Rendered::new(playlist.render(), etag, max_age)
    })
}
