//! A viewer who reads everything that is published, after every frame, and holds it to the rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mp4_atom::{Decode, Moof};

use super::Text;
use super::index::{Found, Index, peak};
use crate::hls::{Ask, File, Listed, Part, Snapshot};

/// The pictures of a playlist that has any.
const VIDEO_TRACK: u32 = 1;

/// One listed segment as the playlist's text has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) duration: Duration,
    pub(crate) discontinuity: bool,
    pub(crate) map: String,
    pub(crate) date: i64,
}

/// Checks every snapshot against the specification and against all it saw before.
#[derive(Default)]
pub(crate) struct Viewer {
    /// Which list of the index this one watches.
    pub(crate) place: usize,
    pub(crate) index: String,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) playlist: Option<m3u8_rs::MediaPlaylist>,
    pub(crate) name: String,
    pub(crate) text: String,
    /// Every segment ever listed in the present playlist, by number.
    pub(crate) seen: BTreeMap<u64, Seen>,
    /// Names of segments and what they were, over all sessions.
    names: BTreeMap<String, usize>,
    fragments: u32,
    /// For each track of the present discontinuity domain: where its next sample belongs, and whether a part since its last
    /// had none of it.
    clocks: BTreeMap<u32, (u64, bool)>,
    /// How long pictures stalled and sound went on, in their ticks. Where they come back, within a part or with the next, is
    /// a hole.
    pub(crate) stalled: u64,
    ended: Vec<String>,
    read: Option<Text>,
    /// Parts that were listed: kept here, so that an address stands for one part as long as this lives.
    parts: BTreeMap<String, Arc<Part>>,
    kept: Vec<Arc<Listed>>,
    /// Segments that delta updates left out, in all.
    pub(crate) skipped: usize,
}

impl Viewer {
    /// Of the list at this place of the index.
    pub(crate) fn of(place: usize) -> Self {
        Self { place, ..Self::default() }
    }

    pub(super) fn look(&mut self, snapshot: Snapshot) {
        if let Ok(File::Index(index)) = snapshot.file("index.m3u8") {
            self.index = String::from_utf8(index.plain.to_vec()).expect("text");
            let uris = check_index(&self.index);
            let index = Index::read(&self.index);
            assert_eq!(index.lists(), uris, "an independent reader sees the same: {}", self.index);
            check_lists(&uris, &snapshot);
            index.check_found(&uris.iter().map(|uri| (uri.clone(), found(uri, &snapshot))).collect());
            // Who watches a list goes on with it, whatever the index says later.
            let stays =
                self.read.as_ref().is_some_and(|read| !read.ended) && snapshot.file(&self.name).is_ok();
            let uri = if stays { Some(self.name.clone()) } else { uris.get(self.place).cloned() };
            let Some(uri) = uri else { return self.snapshot = Some(snapshot) };
            let Ok(File::Playlist(media)) = snapshot.file(&uri) else {
                panic!("{uri} is named but not there")
            };
            assert_eq!(gunzip(media.gzip()), media.plain);
            self.text = String::from_utf8(media.plain.to_vec()).expect("text");
            self.check_media(&uri, &snapshot);
        }
        self.snapshot = Some(snapshot);
    }

    /// What is in the text by itself and against the one before is [`Text`]'s; here is what needs the bytes, or
    /// everything that ever was.
    fn check_media(&mut self, uri: &str, snapshot: &Snapshot) {
        let text = self.text.clone();
        let read = Text::read(&text);
        let playlist = match m3u8_rs::parse_media_playlist_res(text.as_bytes()) {
            Ok(playlist) => playlist,
            Err(error) => panic!("{error}: {text}"),
        };
        assert_eq!(
            playlist.segments.len(),
            read.segments.len(),
            "an independent reader sees the same: {text}"
        );
        if self.name != uri {
            assert!(!self.ended.contains(&uri.to_owned()), "an ended playlist grows");
            if let Some(before) = self.read.take() {
                assert!(read.sequence > before.sequence, "numbers go on over sessions");
                assert!(read.discontinuities > before.discontinuities);
            }
            self.name = uri.to_owned();
            self.seen.clear();
            self.clocks.clear();
            self.fragments = 0;
        }
        if let Some(before) = self.read.take() {
            read.check_after(&before, &text);
            self.check_delta(uri, snapshot, &before, &read);
        }
        self.check_segments(&playlist, snapshot, &text);
        self.check_parts(&read, snapshot);
        if read.ended {
            self.ended.push(uri.to_owned());
        }
        self.playlist = Some(playlist);
        self.read = Some(read);
    }

    /// A delta update and the playlist before it make the full one.
    fn check_delta(&mut self, uri: &str, snapshot: &Snapshot, before: &Text, full: &Text) {
        let ask = Ask { skip: true, ..Ask::default() };
        let File::Playlist(delta) = snapshot.find(uri, ask).file().expect("live") else { panic!("{uri}") };
        let delta = Text::read(std::str::from_utf8(&delta.plain).expect("text"));
        self.skipped += delta.skipped;
        let merged = delta.merged(before);
        assert_eq!(merged.essence(), full.essence(), "{}", self.text);
        // The map of what was skipped is known to the reader, and what follows names its own.
        let known = maps(before).into_iter().last().flatten();
        if let (Some(first), Some(map)) = (delta.segments.first(), &known) {
            assert!(
                first.discontinuity
                    || first.map.as_ref().is_none_or(|named| named == map || delta.skipped == 0)
            );
        }
    }

    fn check_parts(&mut self, read: &Text, snapshot: &Snapshot) {
        for segment in read.segments.iter().chain(&read.open) {
            let listed = match snapshot.file(&segment.uri) {
                Ok(File::Segment(listed)) => Some(listed),
                _ => None,
            };
            for (index, line) in segment.parts.iter().enumerate() {
                let Ok(File::Part(part)) = snapshot.file(&line.uri) else { panic!("{} is listed", line.uri) };
                let address = Arc::as_ptr(&part).addr();
                let before = *self.names.entry(line.uri.clone()).or_insert(address);
                assert_eq!(before, address, "{} is used twice", line.uri);
                self.parts.insert(line.uri.clone(), part.clone());
                assert_eq!(part.independent, line.independent);
                let of_segment = listed.as_ref().map(|listed| &listed.segment.parts[index]);
                assert!(
                    of_segment.is_none_or(|of_segment| Arc::ptr_eq(of_segment, &part)),
                    "its segment's bytes"
                );
            }
            let empty = listed.as_ref().is_some_and(|listed| !listed.segment.has_media);
            assert_eq!(segment.gap, empty, "a gap exactly where there is nothing: {}", segment.uri);
            if let Some(listed) = listed.filter(|_| !segment.parts.is_empty()) {
                assert_eq!(listed.segment.parts.len(), segment.parts.len(), "all parts are listed, or none");
            }
        }
    }

    fn check_segments(&mut self, playlist: &m3u8_rs::MediaPlaylist, snapshot: &Snapshot, text: &str) {
        let mut map = None;
        for (number, entry) in (playlist.media_sequence..).zip(&playlist.segments) {
            assert!(f64::from(entry.duration).round() <= playlist.target_duration as f64, "too long: {text}");
            let named = entry.map.as_ref().map(|map| map.uri.clone());
            assert!(named.is_some() || !entry.discontinuity, "a map behind every discontinuity: {text}");
            if named.is_some() && named != map && map.is_some() {
                assert!(entry.discontinuity, "another map without a discontinuity: {text}");
            }
            map = named.or(map);
            let date = entry.program_date_time.expect("every segment is dated").timestamp_millis();
            let Ok(File::Segment(listed)) = snapshot.file(&entry.uri) else {
                panic!("{} is listed", entry.uri)
            };
            assert_eq!(listed.number, number);
            let seen = Seen {
                duration: listed.segment.play_time(),
                discontinuity: entry.discontinuity,
                map: map.clone().expect("a map before the first segment"),
                date,
            };
            assert!((f64::from(entry.duration) - seen.duration.as_secs_f64()).abs() < 0.0001);
            assert!(matches!(snapshot.file(&seen.map), Ok(File::Init(_))), "{} is named", seen.map);
            if let Some(before) = self.seen.get(&number) {
                assert_eq!(before, &seen, "a listed segment never changes");
                continue;
            }
            if let Some((_, last)) = self.seen.last_key_value() {
                let end = last.date + i64::try_from(last.duration.as_millis()).expect("small");
                assert!(date >= end - 2, "dates overlap: {text}");
                assert!(entry.discontinuity || (date - end).abs() <= 2, "dates jump: {text}");
            }
            self.check_bytes(&listed, playlist.independent_segments);
            self.kept.push(listed);
            self.seen.insert(number, seen);
        }
    }

    /// Reads the fragments of a new segment.
    fn check_bytes(&mut self, listed: &Listed, claims_independence: bool) {
        let segment = &listed.segment;
        let address = std::ptr::from_ref(listed).addr();
        assert!(self.names.insert(listed.uri.clone(), address).is_none(), "{} is used twice", listed.uri);
        if segment.opening.discontinuity {
            self.clocks.clear();
        }
        let parts: i64 = segment.parts.iter().map(|part| part.duration.ticks()).sum();
        assert_eq!(parts, segment.duration.ticks(), "parts add up to their segment");
        assert_eq!(segment.len, segment.parts.iter().map(|part| part.len()).sum::<u64>());
        for (index, part) in segment.parts.iter().enumerate() {
            let mut header = part.header.as_ref();
            let moof = Moof::decode(&mut header).expect("a moof first");
            assert!(moof.mfhd.sequence_number > self.fragments, "fragments are numbered upward");
            self.fragments = moof.mfhd.sequence_number;
            let mut offset = part.header.len();
            let sampled = |track: u32| {
                moof.traf.iter().any(|traf| traf.tfhd.track_id == track && !traf.trun.is_empty())
            };
            self.clocks.iter_mut().for_each(|(track, (_, rested))| *rested |= !sampled(*track));
            for traf in &moof.traf {
                let time = traf.tfdt.as_ref().expect("tfdt").base_media_decode_time;
                let Some(run) = traf.trun.first() else {
                    assert_eq!((part.payload.len(), part.independent), (0, false), "a part without frames");
                    continue;
                };
                assert_eq!(run.data_offset, i32::try_from(offset).ok());
                let mut end = time;
                for entry in run.samples.iter() {
                    end +=
                        u64::from(entry.duration.or(traf.tfhd.default_sample_duration).expect("a duration"));
                    offset += usize::try_from(entry.size.expect("a size")).expect("small");
                }
                let track = traf.tfhd.track_id;
                if let Some((expected, rested)) = self.clocks.insert(track, (end, false)) {
                    assert!(time >= expected, "track {track} goes back: {time} < {expected}");
                    if time > expected && !rested {
                        let uri = &listed.uri;
                        assert!(
                            track == VIDEO_TRACK && self.stalled >= time - expected,
                            "a hole in track {track} of {uri} from {expected} to {time}"
                        );
                        self.stalled -= time - expected;
                    }
                }
            }
            assert_eq!(offset as u64, part.len());
            let first = &moof.traf[0];
            let flags = first
                .trun
                .first()
                .and_then(|run| run.samples.get(0))
                .and_then(|entry| entry.flags)
                .or(first.tfhd.default_sample_flags);
            if part.independent || (index == 0 && (claims_independence || segment.opening.independent)) {
                assert_eq!(flags.map(|flags| flags & 0x0001_0000), Some(0), "begins with a sync sample");
            }
        }
    }

    /// The playlist as it reads now.
    pub(crate) fn read(&self) -> &Text {
        self.read.as_ref().expect("live")
    }

    /// The name of the newest part.
    pub(crate) fn last_part(&self) -> Option<String> {
        self.read.as_ref().and_then(|read| read.parts().last()).map(|part| part.uri.clone())
    }

    pub(crate) fn durations(&self) -> Vec<i64> {
        self.seen.values().map(|seen| i64::try_from(seen.duration.as_millis()).expect("small")).collect()
    }

    /// Numbers, durations, dates and breaks of all segments so far: what lists of one stream have in common.
    pub(crate) fn course(&self) -> Vec<(u64, Duration, i64, bool)> {
        let seen = self.seen.iter();
        seen.map(|(number, seen)| (*number, seen.duration, seen.date, seen.discontinuity)).collect()
    }

    /// Discontinuities behind the first segment, which may begin with one.
    pub(crate) fn breaks(&self) -> usize {
        self.seen.values().skip(1).filter(|seen| seen.discontinuity).count()
    }
}

/// Checks a multivariant playlist; its lists, variants first.
fn check_index(text: &str) -> Vec<String> {
    let Ok(index) = m3u8_rs::parse_master_playlist_res(text.as_bytes()) else { panic!("{text}") };
    let sounds: Vec<_> = index
        .alternatives
        .iter()
        .filter(|media| media.media_type == m3u8_rs::AlternativeMediaType::Audio)
        .collect();
    for variant in &index.variants {
        let average = variant.average_bandwidth.expect("an average");
        assert!(average > 0 && average <= variant.bandwidth, "{text}");
        assert_eq!(variant.resolution.is_some(), variant.frame_rate.is_some_and(|rate| rate > 0.0), "{text}");
        assert_eq!(variant.resolution.is_some(), variant.other_attributes.is_some(), "VIDEO-RANGE: {text}");
        let group = |group: &String| sounds.iter().any(|sound| sound.group_id == *group);
        assert!(variant.audio.as_ref().is_none_or(group), "{text}");
    }
    for (at, sound) in sounds.iter().enumerate() {
        let unlike = |other: &&m3u8_rs::AlternativeMedia| {
            other.group_id != sound.group_id
                || (other.name != sound.name && !(other.default && sound.default))
        };
        assert!(sounds[..at].iter().all(unlike), "{text}");
        assert!(sound.autoselect || !sound.default, "{text}");
        let used = |variant: &m3u8_rs::VariantStream| variant.audio.as_ref() == Some(&sound.group_id);
        assert!(index.variants.iter().any(used), "{text}");
    }
    let mut uris: Vec<_> = index.variants.iter().map(|variant| variant.uri.clone()).collect();
    uris.extend(sounds.iter().filter_map(|sound| sound.uri.clone()));
    let mut seen = Vec::new();
    for uri in uris {
        if !seen.contains(&uri) {
            seen.push(uri);
        }
    }
    seen
}

/// What is in a list that an index names.
fn found(uri: &str, snapshot: &Snapshot) -> Found {
    let Ok(File::Playlist(list)) = snapshot.file(uri) else { panic!("{uri} is named but not there") };
    let text = Text::read(std::str::from_utf8(&list.plain).expect("text"));
    let segments = text.segments.iter().map(|segment| match snapshot.file(&segment.uri) {
        Ok(File::Segment(listed)) => listed,
        _ => panic!("{} is listed", segment.uri),
    });
    let segments: Vec<_> = segments.collect();
    let codecs = segments.last().map(|newest| newest.segment.opening.init.codecs.as_str());
    let codecs = codecs.into_iter().flat_map(|codecs| codecs.split(',')).map(str::to_owned).collect();
    let lengths: Vec<u64> = segments.iter().map(|listed| listed.segment.len).collect();
    Found { codecs, peak: peak(&text, &lengths), independent: text.independent }
}

/// Every list that an index names is there, whole, and as far as the others are.
fn check_lists(uris: &[String], snapshot: &Snapshot) {
    if uris.len() < 2 {
        return;
    }
    let mut lasts = Vec::new();
    for uri in uris {
        let Ok(File::Playlist(list)) = snapshot.file(uri) else { panic!("{uri} is named but not there") };
        let text = Text::read(std::str::from_utf8(&list.plain).expect("text"));
        assert!(text.segments.iter().all(|segment| snapshot.file(&segment.uri).is_ok()), "{uri}");
        assert!(text.segments.iter().filter_map(|it| it.map.as_ref()).all(|map| snapshot.file(map).is_ok()));
        assert!(text.reports.iter().all(|(other, ..)| uris.contains(other) && other != uri), "{uri}");
        lasts.push((text.next(), text.open.as_ref().map(|open| open.parts.len()), text.target, text.ended));
    }
    assert!(lasts.iter().all(|last| *last == lasts[0]), "{lasts:?}");
}

pub(crate) fn gunzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).expect("gzip");
    plain
}

/// The map in force for each segment.
pub(crate) fn maps(text: &Text) -> Vec<Option<String>> {
    let mut map = None;
    let named = text.segments.iter().chain(&text.open).map(|segment| {
        map = segment.map.clone().or(map.take());
        map.clone()
    });
    named.collect()
}
