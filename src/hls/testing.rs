//! What the room's tests share: synthetic streams, and a check of everything a viewer could see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mp4_atom::{Decode, Moof};

use super::rendition::{File, Rendition, Snapshot};
use super::{Config, Input, Lifecycle, Listed};
use crate::format::aac::AudioSpecificConfig;
use crate::format::h264::{AvcConfig, Picture};
use crate::media::{CodecConfig, End, Frame, MediaTime, Packet, TrackId, TrackSet};

/// 2026-08-01T12:00:00Z.
pub(crate) const NOON: i64 = 1_785_585_600_000;

pub(crate) fn avc(width: u32) -> CodecConfig {
    CodecConfig::H264(AvcConfig {
        record: Bytes::from(vec![
            1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee,
        ]),
        length_size: 4,
        sps: vec![Bytes::from(vec![0x67, 0x64, 0, 0x1f, u8::try_from(width % 251).expect("below 251")])],
        pps: vec![Bytes::from_static(&[0x68, 0xee])],
        picture: Some(Picture {
            profile: 100,
            constraints: 0,
            level: 31,
            width,
            height: width * 9 / 16,
            frame_rate: None,
            sample_aspect: (1, 1),
        }),
    })
}

pub(crate) fn aac() -> CodecConfig {
    CodecConfig::Aac(AudioSpecificConfig {
        record: Bytes::from_static(&[0x11, 0x90]),
        object_type: 2,
        sample_rate: 48_000,
        output_rate: 48_000,
        channels: 2,
        frame_length: 1_024,
        sbr: false,
        ps: false,
    })
}

pub(crate) fn tracks(video: Option<u32>, audio: bool) -> Arc<TrackSet> {
    let mut tracks = TrackSet::default();
    if let Some(width) = video {
        tracks.set(TrackId::VIDEO, avc(width));
    }
    if audio {
        tracks.set(TrackId::AUDIO, aac());
    }
    Arc::new(tracks)
}

/// A frame of `len` bytes of slice data.
pub(crate) fn picture(dts: i64, cts: i64, keyframe: bool, len: usize) -> Packet {
    let mut payload = u32::try_from(len).expect("small").to_be_bytes().to_vec();
    payload.push(if keyframe { 0x65 } else { 0x41 });
    payload.resize(4 + len, 0xab);
    let (dts, cts) = (MediaTime::from_millis(dts), MediaTime::from_millis(cts));
    Packet { track: TrackId::VIDEO, dts, cts, keyframe, payload: payload.into() }
}

pub(crate) fn sound(dts: i64) -> Packet {
    Packet {
        track: TrackId::AUDIO,
        dts: MediaTime::from_millis(dts),
        cts: MediaTime::ZERO,
        keyframe: true,
        payload: Bytes::from(vec![0x21; 300]),
    }
}

/// An encoder, the rendition of its stream, and a viewer who looks at everything after every frame.
pub(crate) struct Studio {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) viewer: Viewer,
    pub(crate) tracks: Arc<TrackSet>,
    /// Milliseconds between frames, as a fraction.
    pub(crate) frame: (i64, i64),
    /// Frames from keyframe to keyframe.
    pub(crate) gop: i64,
    pub(crate) cts: i64,
    /// The stream's clock and the wall's, in milliseconds.
    pub(crate) at: i64,
    pub(crate) wall: i64,
    /// The next access unit.
    unit: i64,
    broken: bool,
}

impl Studio {
    pub(crate) fn new(video: Option<u32>, audio: bool) -> Self {
        Self::with(Config::default(), video, audio)
    }

    pub(crate) fn with(config: Config, video: Option<u32>, audio: bool) -> Self {
        Self {
            lifecycle: Lifecycle::new(config, 0xfeed, MediaTime::from_millis(NOON)),
            viewer: Viewer::default(),
            tracks: tracks(video, audio),
            frame: (100, 3),
            gop: 60,
            cts: 66,
            at: 0,
            wall: NOON,
            unit: 0,
            broken: false,
        }
    }

    pub(crate) fn send(&mut self, frame: &Frame) {
        let discontinuity = std::mem::take(&mut self.broken);
        let arrived = MediaTime::from_millis(self.wall);
        let start = match frame {
            Frame::Media(packet) => {
                self.tracks.video().is_none() || (packet.track.is_video() && packet.keyframe)
            }
            _ => false,
        };
        self.lifecycle.push(Input { frame, tracks: &self.tracks, start, discontinuity, arrived });
        self.look();
    }

    pub(crate) fn look(&mut self) {
        if let Some(snapshot) = self.lifecycle.poll_snapshot() {
            self.viewer.look(snapshot);
        }
    }

    /// Sends `millis` of both tracks, interleaved by time.
    pub(crate) fn run(&mut self, millis: i64) {
        self.run_with(millis, true, true);
    }

    /// Like [`run`](Self::run), but a track may be silent.
    pub(crate) fn run_with(&mut self, millis: i64, video: bool, audio: bool) {
        let (from, until) = (self.at, self.at + millis);
        let (has_video, has_audio) =
            (self.tracks.video().is_some() && video, self.tracks.audio().is_some() && audio);
        let mut unit = self.unit.max(from * 48 / 1_024);
        let mut number = 0;
        loop {
            let picture_at = from + number * self.frame.0 / self.frame.1;
            let sound_at = unit * 1_024 / 48;
            let next = picture_at.min(sound_at);
            if next >= until {
                break;
            }
            self.wall += (next - self.at).max(0);
            self.at = self.at.max(next);
            if sound_at < picture_at {
                unit += 1;
                if has_audio {
                    self.send(&Frame::Media(sound(sound_at)));
                }
            } else {
                let keyframe = number % self.gop == 0;
                let len = if keyframe { 4_000 } else { 400 };
                if has_video {
                    self.send(&Frame::Media(picture(picture_at, self.cts, keyframe, len)));
                }
                number += 1;
            }
        }
        self.unit = unit;
        self.wall += until - self.at;
        self.at = until;
    }

    pub(crate) fn break_clock(&mut self, millis: i64) {
        self.at += millis;
        self.broken = true;
    }

    /// Sends nothing for `millis`, after which the source's clock has gone on.
    pub(crate) fn pause(&mut self, millis: i64) {
        self.at += millis;
        self.wait(millis);
    }

    pub(crate) fn end(&mut self, end: End) {
        self.send(&Frame::End(end));
    }

    /// Shows viewers of `rendition` what this studio's viewer saw last.
    pub(crate) fn show(&mut self, rendition: &Rendition) {
        rendition.publish(self.viewer.snapshot.take().unwrap_or_default());
    }

    /// Lets `millis` go by without a frame.
    pub(crate) fn wait(&mut self, millis: i64) {
        self.wall += millis;
        self.lifecycle.handle_timeout(MediaTime::from_millis(self.wall));
        self.look();
    }
}

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
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) playlist: Option<m3u8_rs::MediaPlaylist>,
    pub(crate) name: String,
    pub(crate) text: String,
    /// Every segment ever listed in the present playlist, by number.
    pub(crate) seen: BTreeMap<u64, Seen>,
    /// Names of segments and what they were, over all sessions.
    names: BTreeMap<String, usize>,
    fragments: u32,
    /// For each track of the present discontinuity domain: where its next sample belongs.
    clocks: BTreeMap<u32, u64>,
    ended: Vec<String>,
}

impl Viewer {
    fn look(&mut self, snapshot: Snapshot) {
        if let Ok(File::Index(index)) = snapshot.file("index.m3u8") {
            let text = String::from_utf8(index.plain.to_vec()).expect("text");
            let uri = check_index(&text);
            let Ok(File::Playlist(media)) = snapshot.file(&uri) else {
                panic!("{uri} is named but not there")
            };
            assert_eq!(gunzip(&media.gzip), media.plain);
            self.text = String::from_utf8(media.plain.to_vec()).expect("text");
            self.check_media(&uri, &snapshot);
        }
        self.snapshot = Some(snapshot);
    }

    /// The numbered checks are those of the conformance list: header, durations, numbers, maps, length of the list,
    /// continuity, sync samples, parts, names, end.
    fn check_media(&mut self, uri: &str, snapshot: &Snapshot) {
        let text = self.text.clone();
        check_header(&text);
        let playlist = match m3u8_rs::parse_media_playlist_res(text.as_bytes()) {
            Ok(playlist) => playlist,
            Err(error) => panic!("{error}: {text}"),
        };
        if self.name != uri {
            assert!(!self.ended.contains(&uri.to_owned()), "an ended playlist grows");
            let before = self.playlist.take();
            if let Some(before) = before {
                assert!(playlist.media_sequence > before.media_sequence, "numbers go on over sessions");
                assert!(playlist.discontinuity_sequence > before.discontinuity_sequence);
            }
            self.name = uri.to_owned();
            self.seen.clear();
            self.clocks.clear();
        }
        if let Some(before) = self.playlist.take() {
            assert_eq!(before.target_duration, playlist.target_duration, "the target duration never changes");
            assert!(playlist.media_sequence >= before.media_sequence);
            let left = before
                .segments
                .iter()
                .take(usize::try_from(playlist.media_sequence - before.media_sequence).expect("small"));
            let breaks = left.filter(|segment| segment.discontinuity).count() as u64;
            assert_eq!(playlist.discontinuity_sequence, before.discontinuity_sequence + breaks);
            assert!(!before.end_list || before == playlist, "nothing follows an end");
            if playlist.media_sequence > before.media_sequence {
                let total: f64 = playlist.segments.iter().map(|segment| f64::from(segment.duration)).sum();
                assert!(total + 0.01 >= 3.0 * playlist.target_duration as f64, "cut too short: {text}");
            }
        }
        self.check_segments(&playlist, snapshot, &text);
        if playlist.end_list {
            self.ended.push(uri.to_owned());
        }
        self.playlist = Some(playlist);
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
            self.seen.insert(number, seen);
        }
    }

    /// Reads the fragments of a new segment.
    fn check_bytes(&mut self, listed: &Listed, claims_independence: bool) {
        let segment = &listed.segment;
        let address = std::ptr::from_ref(listed).addr();
        assert!(self.names.insert(listed.uri.clone(), address).is_none(), "{} is used twice", listed.uri);
        if segment.discontinuity {
            self.clocks.clear();
        }
        let parts: i64 = segment.parts.iter().map(|part| part.duration.ticks()).sum();
        assert_eq!(parts, segment.duration.ticks(), "parts add up to their segment");
        assert_eq!(segment.len, segment.parts.iter().map(super::Part::len).sum::<u64>());
        for (index, part) in segment.parts.iter().enumerate() {
            let mut header = part.header.as_ref();
            let moof = Moof::decode(&mut header).expect("a moof first");
            assert!(moof.mfhd.sequence_number > self.fragments, "fragments are numbered upward");
            self.fragments = moof.mfhd.sequence_number;
            let mut offset = part.header.len();
            for traf in &moof.traf {
                let time = traf.tfdt.as_ref().expect("tfdt").base_media_decode_time;
                let run = &traf.trun[0];
                assert_eq!(run.data_offset, i32::try_from(offset).ok());
                let mut end = time;
                for entry in run.samples.iter() {
                    end +=
                        u64::from(entry.duration.or(traf.tfhd.default_sample_duration).expect("a duration"));
                    offset += usize::try_from(entry.size.expect("a size")).expect("small");
                }
                if let Some(expected) = self.clocks.insert(traf.tfhd.track_id, end) {
                    assert!(time >= expected, "track {} goes back: {time} < {expected}", traf.tfhd.track_id);
                }
            }
            assert_eq!(offset as u64, part.len());
            let first = &moof.traf[0];
            let flags = first.trun[0]
                .samples
                .get(0)
                .and_then(|entry| entry.flags)
                .or(first.tfhd.default_sample_flags);
            if part.independent || (index == 0 && (claims_independence || segment.independent)) {
                assert_eq!(flags.map(|flags| flags & 0x0001_0000), Some(0), "begins with a sync sample");
            }
        }
    }

    pub(crate) fn durations(&self) -> Vec<i64> {
        self.seen.values().map(|seen| i64::try_from(seen.duration.as_millis()).expect("small")).collect()
    }

    pub(crate) fn breaks(&self) -> usize {
        self.seen.values().filter(|seen| seen.discontinuity).count()
    }
}

fn check_index(text: &str) -> String {
    let Ok(index) = m3u8_rs::parse_master_playlist_res(text.as_bytes()) else { panic!("{text}") };
    let [variant] = &index.variants[..] else { panic!("one variant: {text}") };
    assert!(variant.bandwidth > 0 && variant.average_bandwidth.is_some_and(|average| average > 0), "{text}");
    assert!(variant.average_bandwidth.is_some_and(|average| average <= variant.bandwidth));
    if variant.resolution.is_some() {
        assert!(variant.frame_rate.is_some_and(|rate| rate > 0.0), "{text}");
    }
    variant.uri.clone()
}

/// Tags that stand once, before the first segment.
fn check_header(text: &str) {
    assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:6\n"), "{text}");
    assert!(!text.contains("PLAYLIST-TYPE"));
    let first = text.find("#EXTINF").unwrap_or(text.len());
    for tag in [
        "#EXT-X-VERSION:",
        "#EXT-X-TARGETDURATION:",
        "#EXT-X-MEDIA-SEQUENCE:",
        "#EXT-X-DISCONTINUITY-SEQUENCE:",
    ] {
        assert_eq!(text.matches(tag).count(), 1, "{tag} in {text}");
        assert!(text.find(tag).is_some_and(|at| at < first));
    }
    assert!(text.matches("#EXT-X-ENDLIST").count() <= 1);
    assert!(!text.contains("#EXT-X-ENDLIST") || text.ends_with("#EXT-X-ENDLIST\n"));
}

pub(crate) fn gunzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).expect("gzip");
    plain
}
