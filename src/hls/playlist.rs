//! From a window to the texts of its playlists: rendered for the first who asks, once for each change, shared by all.
//!
//! A change costs what it takes to note what the text will say; a stream without viewers has no texts at all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::index::{self, Index};
use super::lifecycle::Session;
use super::names;
use super::numbers::Numbers;
use super::rendered::Rendered;
use super::segment::{Opening, Part};
use super::window::{Growing, Listed, Window};
use crate::format::a53::Captions;
use crate::format::date_range::DateRange;
use crate::format::m3u8::{
    LowLatency, MediaHead, MediaPart, MediaPlaylist, MediaSegment, OpenSegment, RenditionReport,
};

/// How long, in target durations, a cache may answer a blocking reload with what it answered before (RFC 8216bis
/// appendix on caching).
const SETTLED_TARGETS: u32 = 6;

/// Media playlists rendered of one stream, full ones and delta updates, shared by the requests that render them.
pub(crate) type Renders = Arc<AtomicU64>;

/// A media playlist in both of its forms, each of which is rendered for the first who asks for it. Who asks meanwhile
/// waits for that, some tens of microseconds.
#[derive(Debug)]
pub(super) struct Media {
    sheet: Sheet,
    renders: Renders,
    full: OnceLock<Arc<Rendered>>,
    delta: OnceLock<Arc<Rendered>>,
}

impl Media {
    const fn new(sheet: Sheet, renders: Renders) -> Self {
        Self { sheet, renders, full: OnceLock::new(), delta: OnceLock::new() }
    }

    /// All of it.
    pub(super) fn full(&self) -> &Arc<Rendered> {
        self.full.get_or_init(|| self.render(0))
    }

    /// Without what the reader of an earlier one knows; the full one where that is little.
    pub(super) fn delta(&self) -> &Arc<Rendered> {
        match self.sheet.skippable {
            0 => self.full(),
            skipped => self.delta.get_or_init(|| self.render(skipped)),
        }
    }

    fn render(&self, skipped: usize) -> Arc<Rendered> {
        self.renders.fetch_add(1, Ordering::Relaxed);
        Arc::new(self.sheet.render(skipped))
    }
}

/// The multivariant playlist, rendered for the first who asks.
#[derive(Debug)]
pub(super) struct Multivariant {
    version: IndexVersion,
    index: Index,
    max_age: u32,
    text: OnceLock<Arc<Rendered>>,
}

impl Multivariant {
    pub(super) fn text(&self) -> &Arc<Rendered> {
        self.text.get_or_init(|| {
            let IndexVersion { nonce, newest, captions, lanes } = &self.version;
            let etag = format!(
                "W/\"{nonce}-{newest}-{}-{lanes}\"",
                captions.map_or(0, |captions| 1 + captions as u8)
            );
            Arc::new(Rendered::new(self.index.render(), etag, self.max_age))
        })
    }
}

/// What tells the multivariant playlists of all sessions apart.
#[derive(Debug, PartialEq, Eq)]
struct IndexVersion {
    nonce: String,
    newest: u64,
    captions: Option<Captions>,
    lanes: usize,
}

/// Keeps what there is to be read until it changes.
#[derive(Debug, Default)]
pub(super) struct Press {
    media: Vec<Arc<Media>>,
    index: Option<Arc<Multivariant>>,
    /// Media playlists rendered so far.
    pub(super) renders: Renders,
}

impl Press {
    /// The media playlist; `None` until there is a target duration.
    pub(super) fn media(&mut self, session: &Session, window: &Window) -> Option<Arc<Media>> {
        let version = Version::of(window);
        let own = |media: &&mut Arc<Media>| media.sheet.nonce == window.nonce();
        let before = self.media.iter_mut().find(own);
        if let Some(media) = before.as_ref().filter(|media| media.sheet.version == version) {
            return Some(Arc::clone(media));
        }
        let sheet = Sheet::of(session, window, version)?;
        let media = Arc::new(Media::new(sheet, self.renders.clone()));
        match before {
            Some(before) => *before = media.clone(),
            None => self.media.push(media.clone()),
        }
        Some(media)
    }

    /// Drops what belongs to none of these sessions.
    pub(super) fn keep<'a>(&mut self, windows: impl Iterator<Item = &'a Window> + Clone) {
        self.media.retain(|media| windows.clone().any(|window| window.nonce() == media.sheet.nonce));
    }

    /// The multivariant playlist; `None` until there is a media playlist with a segment.
    pub(super) fn multivariant(&mut self, session: &Session) -> Option<Arc<Multivariant>> {
        let window = &session.main;
        let version = IndexVersion {
            nonce: window.nonce().to_owned(),
            newest: window.listed().next_back()?.number,
            captions: window.captions(),
            lanes: index::listed_together(session).len(),
        };
        if self.index.as_ref().is_none_or(|index| index.version != version) {
            let max_age = (window.target_duration()? / 2).max(1);
            let index = Index::of(session);
            self.index =
                index.map(|index| Arc::new(Multivariant { version, index, max_age, text: OnceLock::new() }));
        }
        self.index.clone()
    }
}

/// What tells the texts of one list apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    next: u64,
    part: u64,
    init: u32,
    cues: u64,
    ended: bool,
}

impl Version {
    fn of(window: &Window) -> Self {
        Self {
            next: window.next(),
            part: window.next_part().unwrap_or(0),
            init: window.next_init().map_or(0, |init| init.number),
            cues: window.cues_marked(),
            ended: window.ended(),
        }
    }
}

/// All that a media playlist says at one moment, before it is text. What is long is shared with the window.
#[derive(Debug)]
struct Sheet {
    nonce: String,
    version: Version,
    target_duration: u32,
    low_latency: Option<LowLatency>,
    numbers: Numbers,
    independent: bool,
    cues: Vec<Arc<DateRange>>,
    listed: Vec<Arc<Listed>>,
    parts_listed_from: u64,
    growing: Option<Growing>,
    next_part: Option<u64>,
    next_init: Option<u32>,
    /// Segments at the front that a delta update leaves out.
    skippable: usize,
    reports: Reports,
}

impl Sheet {
    /// `None` until there is a target duration.
    fn of(session: &Session, window: &Window, version: Version) -> Option<Self> {
        let target_duration = window.target_duration()?;
        let low_latency =
            window.part_target().map(|part_target| LowLatency { part_target, skips: window.skips() });
        let reach = low_latency.filter(|it| it.skips).map(|_| LowLatency::skip_until(target_duration));
        Some(Self {
            nonce: window.nonce().to_owned(),
            version,
            target_duration,
            low_latency,
            numbers: window.numbers(),
            independent: window.independent(),
            cues: window.cues().cloned().collect(),
            listed: window.listed().cloned().collect(),
            parts_listed_from: window.parts_listed_from(),
            growing: window.growing().cloned(),
            next_part: window.next_part(),
            next_init: window.next_init().map(|init| init.number),
            skippable: reach.map_or(0, |reach| window.skippable(reach)),
            reports: Reports::of(session, window),
        })
    }

    /// A weak tag, unlike those of all other texts of all sessions.
    fn etag(&self, delta: bool) -> String {
        let Version { next, part, init, cues, ended } = self.version;
        let (form, ended) = (if delta { "d" } else { "" }, u8::from(ended));
        format!("W/\"{form}{}-{next}-{part}-{init}-{cues}-{ended}\"", self.nonce)
    }

    fn render(&self, skipped: usize) -> Rendered {
        let names = Names::of(self);
        let mut map_before = None;
        let segments =
            self.listed.iter().zip(names.maps.iter().zip(&names.parts)).map(|(listed, (map, part_names))| {
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
        let open = self.growing.as_ref().map(|growing| OpenSegment {
            head: head(&growing.opening, &names.growing_map, &mut map_before),
            parts: parts(&names.growing_parts, &growing.parts),
        });
        let ended = self.version.ended;
        let playlist = MediaPlaylist {
            target_duration: self.target_duration,
            low_latency: self.low_latency,
            media_sequence: self.numbers.media,
            discontinuity_sequence: self.numbers.discontinuity,
            independent_segments: self.independent,
            skipped,
            ended,
            date_ranges: self.cues.iter().map(Arc::as_ref).collect(),
            segments,
            open,
            next_part: names.next_part.as_deref(),
            next_map: names.next_map.as_deref(),
            reports: self.reports.lines(),
        };
        // Half a target duration keeps a cache from hiding a new segment for long (RFC 8216bis appendix on caching).
        let max_age = if ended { self.target_duration } else { self.target_duration / 2 };
        let mut rendered = Rendered::new(playlist.render(), self.etag(skipped > 0), max_age);
        rendered.settled_age = if ended { max_age } else { self.target_duration * SETTLED_TARGETS };
        rendered.takes_directives = self.next_part.is_some();
        rendered
    }
}

/// How far the lists are that a player of one may change to (RFC 8216bis §4.4.5.4).
#[derive(Debug)]
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

/// The addresses in a playlist, made before the playlist that borrows them.
struct Names {
    maps: Vec<String>,
    parts: Vec<Vec<String>>,
    growing_map: String,
    growing_parts: Vec<String>,
    next_part: Option<String>,
    next_map: Option<String>,
}

impl Names {
    fn of(sheet: &Sheet) -> Self {
        let nonce = &sheet.nonce;
        let named =
            |from: u64, count: usize| (from..).take(count).map(|number| names::part(nonce, number)).collect();
        let parts = sheet.listed.iter().map(|listed| match listed.parts_from {
            Some(from) if listed.number >= sheet.parts_listed_from => named(from, listed.segment.parts.len()),
            _ => Vec::new(),
        });
        let growing = sheet.growing.as_ref();
        let map = |opening: &Opening| names::init(nonce, opening.init.number);
        Self {
            maps: sheet.listed.iter().map(|listed| map(&listed.segment.opening)).collect(),
            parts: parts.collect(),
            growing_map: growing.map(|growing| map(&growing.opening)).unwrap_or_default(),
            growing_parts: growing.map_or_else(Vec::new, |it| named(it.parts_from, it.parts.len())),
            next_part: sheet.next_part.map(|number| names::part(nonce, number)),
            next_map: sheet.next_init.map(|number| names::init(nonce, number)),
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
