//! Three minutes of a show in which all that happens to encoders happens, and a viewer who checks everything it is sent:
//! every playlist against the rules and against the one before, every segment behind its init segment by ffprobe.

use std::collections::{BTreeMap, HashSet};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use mp4_atom::{Decode as _, Moof};

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::packets::Clip;
use crate::support::peers::{Encoder, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::scratch::Scratch;
use crate::support::viewer::{SegmentLines, Text, Viewer, check_index};

/// From the first publish to the end.
const SHOW: Duration = Duration::from_secs(180);
/// Between two lists of new parts: the playlist's target, as players have it, and what a busy machine adds.
const NOTHING_NEW_MAX: Duration = Duration::from_secs(6);
/// What the times of pictures may miss of a playlist's, in milliseconds: it counts ten microseconds, FFmpeg's 90 kHz.
const TIMES_APART_MS: f64 = 2.0;

/// Encoders come and go on one stream key, until the show is over and the last one says so.
fn direct(url: &str) {
    let wait = |seconds| thread::sleep(Duration::from_secs(seconds));
    let publish = |clip: &Clip| ffmpeg_publish_forever(clip, url);
    let killed = |mut encoder: Encoder, away: u64| {
        encoder.process.kill();
        wait(away);
    };
    let began = Instant::now();
    let first = publish(&Clip::av(6));
    wait(25);
    killed(first, 4);
    // Back with another resolution; then a second one takes over, and the first is told to go.
    let wider = publish(&Clip::av_wider(6));
    wait(25);
    let took_over = publish(&Clip::av(6));
    wait(20);
    drop(wider);
    // Keyframes where nobody expects them.
    let irregular = publish(&Clip::irregular());
    wait(40);
    drop(took_over);
    // Gone so briefly that no picture is missing, and at once again.
    killed(irregular, 0);
    let mut last = publish(&Clip::av(6));
    wait(15);
    // Connected, and silent.
    last.process.signal(Signal::Stop);
    wait(6);
    last.process.signal(Signal::Cont);
    wait(SHOW.saturating_sub(began.elapsed()).as_secs());
    last.process.signal(Signal::Int);
    last.process.wait();
}

/// A segment as ffprobe sees it.
#[derive(Debug, Clone, Copy)]
struct Pictures {
    starts_with_key: bool,
    /// Decode time of the first picture and the end of the last, in milliseconds of the session's clock.
    from: f64,
    to: f64,
}

/// All that one viewer has seen.
struct Walk<'a> {
    viewer: Viewer<'a>,
    scratch: Scratch,
    inits: BTreeMap<String, Vec<u8>>,
    /// The map in force.
    map: Option<String>,
    /// Where each track's next sample belongs, in ticks of its own.
    clocks: BTreeMap<u32, u64>,
    /// Where the segment before ends by its own duration, in milliseconds.
    end: Option<f64>,
    /// Up to which number segments were fetched.
    fetched: u64,
    uris: HashSet<String>,
    sizes: HashSet<String>,
    breaks: usize,
    /// Maps that were announced.
    hinted: HashSet<String>,
    /// Segments without pictures.
    sound_alone: usize,
    /// Segments that have left the list, and when they are asked for once more.
    left: Vec<(Instant, String)>,
}

impl<'a> Walk<'a> {
    fn start(engine: &'a Gostream) -> Self {
        let viewer = Viewer::start(engine);
        Self {
            fetched: viewer.text.sequence,
            viewer,
            scratch: Scratch::new("walk"),
            inits: BTreeMap::new(),
            map: None,
            clocks: BTreeMap::new(),
            end: None,
            uris: HashSet::new(),
            sizes: HashSet::new(),
            breaks: 0,
            hinted: HashSet::new(),
            sound_alone: 0,
            left: Vec::new(),
        }
    }

    fn fetch(&self, uri: &str) -> Vec<u8> {
        let answer = self.viewer.get(uri);
        assert_eq!(answer.status, 200, "{uri} is listed");
        answer.body
    }

    /// One reload, and everything that is new by it.
    fn step(&mut self) {
        let asked = Instant::now();
        let before = self.viewer.text.clone();
        self.viewer.reload();
        let waited = asked.elapsed();
        assert!(waited < NOTHING_NEW_MAX, "{waited:?} without a part");
        let now = self.viewer.text.clone();
        if let Some(map) = now.next_map.clone().filter(|map| self.hinted.insert(map.clone())) {
            assert_eq!(self.fetch(&map).get(4..8), Some(&b"ftyp"[..]), "a map is there when it is announced");
        }
        let gone = usize::try_from(now.sequence - before.sequence).expect("few");
        // It stays for as long as the list was, at the least. Half of that passes here, for the asking may be late.
        let total: i64 = before.segments.iter().map(|segment| segment.duration).sum();
        let again = Instant::now() + Duration::from_micros(u64::try_from(total).expect("positive") * 5);
        let gone = before.segments.iter().take(gone).map(|segment| (again, segment.uri.clone()));
        self.left.extend(gone);
        for (number, segment) in (now.sequence..).zip(&now.segments) {
            if number >= self.fetched {
                self.check_segment(segment, &now);
                self.fetched = number + 1;
            }
        }
        let due: Vec<_> = self.left.extract_if(.., |(at, _)| *at <= Instant::now()).collect();
        for (_, uri) in due {
            self.fetch(&uri);
        }
    }

    /// Each sample begins where the one before it in its track ended, inside segments and across them.
    fn check_times(&mut self, segment: &SegmentLines, bytes: &[u8]) {
        if segment.discontinuity {
            self.clocks.clear();
        }
        for traf in fragments(bytes).iter().flat_map(|moof| &moof.traf) {
            let track = traf.tfhd.track_id;
            let from = traf.tfdt.as_ref().expect("a decode time").base_media_decode_time;
            let samples = traf.trun.iter().flat_map(|run| run.samples.iter());
            let lengths = samples.map(|sample| sample.duration.or(traf.tfhd.default_sample_duration));
            let length: u64 = lengths.map(|length| u64::from(length.expect("a duration"))).sum();
            let expected = self.clocks.insert(track, from + length).unwrap_or(from);
            assert_eq!(from, expected, "track {track} of {} has a hole", segment.uri);
        }
    }

    fn check_segment(&mut self, segment: &SegmentLines, text: &Text) {
        assert!(self.uris.insert(segment.uri.clone()), "{} stands for two segments", segment.uri);
        self.breaks += usize::from(segment.discontinuity);
        self.map = segment.map.clone().or(self.map.take());
        let map = self.map.clone().expect("a map before the first segment");
        if !self.inits.contains_key(&map) {
            let init = self.fetch(&map);
            assert_eq!(init.get(4..8), Some(&b"ftyp"[..]));
            self.inits.insert(map.clone(), init);
        }
        let bytes = self.fetch(&segment.uri);
        self.check_times(segment, &bytes);
        let joined: Vec<u8> = segment.parts.iter().flat_map(|part| self.fetch(&part.uri)).collect();
        assert!(segment.parts.is_empty() || joined == bytes, "the parts of {} are the segment", segment.uri);
        let file = self.scratch.join("segment.mp4");
        std::fs::write(&file, [&self.inits[&map][..], &bytes].concat()).expect("a file can be written");
        let Some((pictures, size)) = probed(&file.to_string_lossy()) else {
            // Pictures stopped and sound went on, as it may where an encoder falls silent.
            assert!(segment.parts.iter().all(|part| !part.independent), "{segment:?} has no pictures");
            (self.end, self.sound_alone) = (None, self.sound_alone + 1);
            return;
        };
        self.sizes.insert(size);
        assert!(pictures.starts_with_key || !text.independent, "{} begins with a keyframe", segment.uri);
        let length = segment.duration as f64 / 100.0;
        // ffprobe guesses how long the last picture stays; the next segment shows it.
        assert!(pictures.to <= pictures.from + length + TIMES_APART_MS, "{}: {pictures:?}", segment.uri);
        if let Some(end) = self.end.filter(|_| !segment.discontinuity) {
            let hole = pictures.from - end;
            assert!(hole.abs() <= TIMES_APART_MS, "{}: {hole} ms behind the one before", segment.uri);
        }
        self.end = Some(pictures.from + length);
    }
}

/// The fragments of a segment.
fn fragments(segment: &[u8]) -> Vec<Moof> {
    let (mut rest, mut found) = (segment, Vec::new());
    while let Some((size, name)) = rest.split_first_chunk::<8>().map(|(head, _)| head.split_at(4)) {
        let size = u32::from_be_bytes(size.try_into().expect("four bytes")) as usize;
        if name == b"moof" {
            found.push(Moof::decode(&mut &rest[..size]).expect("a moof"));
        }
        rest = &rest[size..];
    }
    found
}

/// Reads a file with ffprobe, which must have nothing to complain of; its pictures' times and size.
fn probed(file: &str) -> Option<(Pictures, String)> {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-show_entries", "stream=width,height"]);
    probe.args(["-show_entries", "packet=codec_type,dts_time,duration_time,flags"]);
    let output = probe.args(["-of", "csv", file]).output().expect("ffprobe runs");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaints}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let fields = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let packets: Vec<_> = text.lines().filter(|line| line.starts_with("packet,video")).map(fields).collect();
    assert!(text.lines().any(|line| line.starts_with("packet,audio")), "sound in every segment: {text}");
    let millis = |text: &str| text.parse::<f64>().unwrap_or_else(|_| panic!("no time: {text}")) * 1_000.0;
    let (first, last) = (packets.first()?, packets.last()?);
    let size = text.lines().find(|line| line.starts_with("stream,") && line.matches(',').count() > 1);
    // One that begins in the middle of a group does not decode alone, and the playlist says so.
    assert!(complaints.is_empty() || !first[4].starts_with('K'), "{complaints}");
    let pictures = Pictures {
        starts_with_key: first[4].starts_with('K'),
        from: millis(&first[2]),
        to: millis(&last[2]) + millis(&last[3]),
    };
    Some((pictures, size.expect("a size").to_owned()))
}

/// What the server answers to directives that make no sense, and to those that ask for what was long ago.
fn check_directives(viewer: &Viewer<'_>) {
    let status = |query: &str| viewer.get(&format!("{}?{query}", viewer.name)).status;
    assert_eq!(status("_HLS_part=0"), 400, "a part of no segment");
    assert_eq!(status("_HLS_msn=x"), 400);
    assert_eq!(status(&format!("_HLS_msn={}", viewer.text.next() + 10)), 400, "far ahead");
    let long_ago = viewer.get(&format!("{}?_HLS_msn=0&_HLS_part=7", viewer.name));
    assert_eq!(long_ago.status, 200);
    assert_eq!(Text::read(&long_ago.text()).skipped, 0, "the whole list");
    assert_eq!(viewer.get("never-there.m4s").status, 404);
}

#[test]
fn a_show_in_which_everything_happens_keeps_every_rule() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().start();
    let url = engine.publish_url();
    let director = thread::spawn(move || direct(&url));
    let mut walk = Walk::start(&engine);
    let (mut steps, mut skipped) = (0_u32, 0);
    while !walk.viewer.text.ended {
        walk.step();
        steps += 1;
        if steps % 20 == 0 && !walk.viewer.text.ended {
            check_directives(&walk.viewer);
            check_index(&engine);
            skipped += walk.viewer.check_delta().unwrap_or(0);
        }
    }
    director.join().expect("the encoders did as they were told");
    let seconds = SHOW.as_secs();
    eprintln!("{steps} reloads, {} segments, {} breaks, {skipped} skipped", walk.uris.len(), walk.breaks);
    eprintln!("{} maps were announced", walk.hinted.len());
    assert!(u64::from(steps) > seconds, "parts are waited for: {steps}");
    assert!(walk.uris.len() as u64 > seconds / 3, "{} segments", walk.uris.len());
    assert!(walk.breaks >= 4, "each encoder begins a stretch of its own: {}", walk.breaks);
    assert!(walk.sound_alone <= 2, "{} segments without pictures", walk.sound_alone);
    assert_eq!(walk.sizes.len(), 2, "both resolutions were seen: {:?}", walk.sizes);
    let stream = [("stream", PLAYBACK)];
    assert!(engine.count("gostream_hls_waiting_requests", &stream) < 0.5, "nobody waits in vain");
}
