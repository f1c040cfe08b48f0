//! Streams of several tracks as HLS: variants and sounds, each whole, all cut alike; and sound that is not AAC.

use std::path::{Path, PathBuf};
use std::process::Command;

use m3u8_rs::{AlternativeMediaType, MasterPlaylist};

use crate::browser::{assert_clean, watch_until};
use crate::needs;
use crate::support::engine::{Gostream, KEY, PLAYBACK};
use crate::support::packets::{Clip, Kind, Packets};
use crate::support::peers::{assert_decodes, ffmpeg_publish};
use crate::support::programs::Program;
use crate::support::several::Show;
use crate::support::viewer::{Text, check_index};
use crate::support::{eventually, until};

/// Sound before the first picture, in packets, that a viewer is not sent.
const EARLY_SOUND_MAX: usize = 8;

/// Frames of MP3 while the pictures of a group last, and a few.
const SOUND_OF_A_GROUP: usize = 44;

fn index(engine: &Gostream) -> MasterPlaylist {
    let answer = eventually("the multivariant playlist", || {
        Some(engine.get(&format!("/hls/{PLAYBACK}/index.m3u8"))).filter(|answer| answer.status == 200)
    });
    m3u8_rs::parse_master_playlist_res(&answer.body).unwrap_or_else(|_| panic!("{}", answer.text()))
}

/// The lists of an index: variants, then sounds.
fn lists(index: &MasterPlaylist) -> Vec<String> {
    let sounds = index.alternatives.iter().filter(|it| it.media_type == AlternativeMediaType::Audio);
    let sounds = sounds.filter_map(|sound| sound.uri.clone());
    index.variants.iter().map(|variant| variant.uri.clone()).chain(sounds).collect()
}

fn text(engine: &Gostream, uri: &str, query: &str) -> Text {
    let answer = engine.get(&format!("/hls/{PLAYBACK}/{uri}{query}"));
    assert_eq!(answer.status, 200, "{uri}: {}", answer.text());
    Text::read(&answer.text())
}

fn until_ended(engine: &Gostream, uri: &str) {
    until("the end of the playlist", || {
        engine.get(&format!("/hls/{PLAYBACK}/{uri}")).text().contains("#EXT-X-ENDLIST")
    });
}

fn hashes(packets: &Packets, kind: Kind) -> Vec<String> {
    packets.track(kind).iter().map(|packet| packet.hash.clone()).collect()
}

/// What ffmpeg reads of an ended list is all of one track of a source.
fn assert_whole(engine: &Gostream, uri: &str, source: &Packets, kind: Kind) {
    let url = engine.http_url(&format!("/hls/{PLAYBACK}/{uri}"));
    let read = Packets::of(Path::new(&url));
    let other = if kind == Kind::Video { Kind::Audio } else { Kind::Video };
    assert!(read.track(other).is_empty(), "{uri} is of one track");
    let (is, was) = (hashes(&read, kind), hashes(source, kind));
    let early = was.len() - is.len().min(was.len());
    assert!(early <= if kind == Kind::Audio { EARLY_SOUND_MAX } else { 0 }, "{uri}: {early} are missing");
    assert!(!is.is_empty() && was.ends_with(&is), "{uri}: {} of {}", is.len(), was.len());
    assert_decodes(&url);
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Two pictures and two sounds, of three clips.
struct Four {
    wide: Clip,
    narrow: Clip,
    surround: Clip,
}

impl Four {
    fn new(seconds: u32) -> Self {
        Self { wide: Clip::av_wider(seconds), narrow: Clip::av(seconds), surround: Clip::surround(seconds) }
    }

    fn show(&self) -> Show {
        Show::of(&[
            (Kind::Video, 0, &self.wide.file),
            (Kind::Video, 1, &self.narrow.file),
            (Kind::Audio, 0, &self.wide.file),
            (Kind::Audio, 1, &self.surround.file),
        ])
    }
}

fn packets(clip: &Clip) -> Packets {
    Packets::of(&clip.file)
}

#[test]
fn every_track_is_whole_in_a_playlist_of_its_own() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 60).start();
    let four = Four::new(6);
    four.show().publish(engine.address("rtmp"), KEY);
    let main = index(&engine);
    let [wide, narrow, stereo, surround] = &lists(&main)[..] else { panic!("{main:?}") };
    let size = |at: usize| main.variants[at].resolution.map(|size| (size.width, size.height));
    assert_eq!((size(0), size(1)), (Some((480, 270)), Some((320, 180))));
    assert!(main.variants.iter().all(|variant| variant.audio.as_deref() == Some("sound")), "{main:?}");
    until_ended(&engine, wide);
    assert_whole(&engine, wide, &packets(&four.wide), Kind::Video);
    assert_whole(&engine, narrow, &packets(&four.narrow), Kind::Video);
    assert_whole(&engine, stereo, &packets(&four.wide), Kind::Audio);
    assert_whole(&engine, surround, &packets(&four.surround), Kind::Audio);
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "stream=codec_type,width,channels", "-of", "csv=p=0"]);
    let output = command.arg(engine.hls_url()).output().expect("ffprobe runs");
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in ["video,480", "video,320", "audio,2", "audio,6"] {
        assert!(seen.lines().any(|it| it.starts_with(line)), "{line}: {seen}");
    }
}

#[test]
fn players_may_change_from_any_list_to_any() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 6).start();
    Four::new(12).show().publish(engine.address("rtmp"), KEY);
    let lists = lists(&index(&engine));
    let mut texts: Vec<Text> = lists.iter().map(|uri| text(&engine, uri, "")).collect();
    for _ in 0..12 {
        for (uri, before) in lists.iter().zip(&mut texts) {
            let part = before.open.as_ref().map_or(0, |open| open.parts.len());
            let now = text(&engine, uri, &format!("?_HLS_msn={}&_HLS_part={part}", before.next()));
            now.check_after(before, uri);
            assert!(now.last() > before.last(), "a blocking reload brings something new");
            *before = now;
        }
        let latest = texts.last().expect("four");
        for (uri, segment, part) in &latest.reports {
            let reported = text(&engine, uri, "");
            assert!(reported.last() >= (*segment, *part), "{uri} is as far as reported");
        }
        assert_eq!(latest.reports.len(), 3);
    }
    assert_eq!(check_index(&engine), 4);
    // What two of them list of one number is of one time.
    for (number, segment) in (texts[0].sequence..).zip(&texts[0].segments) {
        for other in &texts[1..] {
            let at = number.checked_sub(other.sequence).and_then(|at| usize::try_from(at).ok());
            let Some(same) = at.and_then(|at| other.segments.get(at)) else { continue };
            assert_eq!((&same.date, same.duration), (&segment.date, segment.duration));
        }
    }
    assert!(texts.iter().all(|text| text.independent), "their keyframes are aligned");
}

#[test]
fn what_ffmpeg_9_sends_of_several_tracks_is_packaged() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    Show::recorded(&fixture("ffmpeg-9-multitrack.flv")).publish(engine.address("rtmp"), KEY);
    let main = index(&engine);
    let lists = lists(&main);
    assert_eq!(lists.len(), 4, "{main:?}");
    let codecs = main.variants[0].codecs.clone().expect("CODECS");
    assert!(codecs.ends_with("mp4a.40.2,Opus") || codecs.ends_with("mp4a.40.2,opus"), "{codecs}");
    for uri in &lists {
        until_ended(&engine, uri);
        assert_decodes(&engine.http_url(&format!("/hls/{PLAYBACK}/{uri}")));
    }
}

#[test]
fn sound_alone_of_codings_that_few_browsers_decode_is_packaged() {
    needs!(Program::Ffmpeg);
    for (name, codec) in [("ffmpeg-9-ac3.flv", "ac-3"), ("ffmpeg-9-eac3.flv", "ec-3")] {
        for container in ["fmp4", "ts"] {
            let engine = Gostream::config().set("hls.container", container).start();
            Show::recorded(&fixture(name)).publish(engine.address("rtmp"), KEY);
            let main = index(&engine);
            assert_eq!(main.variants[0].codecs.as_deref(), Some(codec));
            until_ended(&engine, &main.variants[0].uri);
            assert_decodes(&engine.hls_url());
            assert_eq!(probe(&engine), codec.replace('-', "").replace("ec3", "eac3"), "{container}");
        }
    }
}

/// The coding that ffprobe finds of the sound, with every packet in it counted.
fn probe(engine: &Gostream) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-select_streams", "a:0", "-show_entries", "stream=codec_name"]);
    let output = command.args(["-of", "csv=p=0"]).arg(engine.hls_url()).output().expect("ffprobe runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().next().unwrap_or_default().trim_end_matches(',').to_owned()
}

#[test]
fn ac3_beside_pictures_is_whole_and_a_browser_plays_the_pictures() {
    needs!(Program::Ffmpeg, Program::Browser);
    let engine = Gostream::config().set("hls.segment", "2s").set("hls.window", 12).start();
    Show::with_ac3(&Clip::av(60).file, 60).publish(engine.address("rtmp"), KEY);
    let main = index(&engine);
    assert_eq!(main.variants.len(), 2, "{main:?}");
    assert!(main.variants[0].codecs.as_deref().is_some_and(|codecs| codecs.ends_with(",ac-3")), "{main:?}");
    assert_eq!((main.variants[1].audio.as_ref(), &main.variants[1].uri), (None, &main.variants[0].uri));
    let seen = watch_until(&engine.http_url(&format!("/watch/{PLAYBACK}")), &["3"]);
    assert_eq!((&seen["status"], &seen["console"]), (&"playing".into(), &serde_json::json!([])), "{seen}");
    assert_eq!(probe(&engine), "ac3");
}

#[test]
fn mp3_is_played_in_transport_streams() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.container", "ts").set("hls.window", 60).start();
    let clip = Clip::mp3(5);
    let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
    let main = index(&engine);
    assert!(main.variants[0].codecs.as_deref().is_some_and(|codecs| codecs.ends_with(",mp4a.40.34")));
    encoder.process.succeed();
    until_ended(&engine, &main.variants[0].uri);
    let read = Packets::of(Path::new(&engine.hls_url()));
    let (is, was) = (hashes(&read, Kind::Audio), hashes(&packets(&clip), Kind::Audio));
    // Its first frame, which is its header too, comes behind the first picture, and the show begins at the next keyframe.
    assert!(is.len() + SOUND_OF_A_GROUP > was.len() && was.ends_with(&is), "{} of {}", is.len(), was.len());
    assert_eq!(probe(&engine), "mp3");
    assert_decodes(&engine.hls_url());
}

#[test]
fn a_browser_changes_to_the_larger_picture_and_hears_the_same_sound() {
    needs!(Program::Ffmpeg, Program::Browser);
    let engine = Gostream::config().set("hls.segment", "2s").set("hls.window", 12).start();
    Four::new(90).show().publish(engine.address("rtmp"), KEY);
    engine.until_playable();
    let seen = watch_until(&engine.http_url(&format!("/watch/{PLAYBACK}")), &["3", "30", "480"]);
    assert_clean(&seen);
    assert_eq!((seen["narrow"].as_u64(), seen["width"].as_u64()), (Some(320), Some(480)), "{seen}");
}

#[test]
fn a_browser_plays_on_where_the_picture_that_it_shows_has_a_gap() {
    needs!(Program::Ffmpeg, Program::Browser);
    let engine = Gostream::config().set("hls.segment", "2s").set("hls.window", 12).start();
    let (narrow, wide) = (Clip::av(90), Clip::av_wider(90));
    let tracks =
        [(Kind::Video, 0, &*narrow.file), (Kind::Video, 1, &*wide.file), (Kind::Audio, 0, &*narrow.file)];
    Show::of(&tracks).without_pictures(1, 20_000..34_000).publish(engine.address("rtmp"), KEY);
    engine.until_playable();
    let url = engine.http_url(&format!("/watch/{PLAYBACK}"));
    // From before the gap to well after it.
    let watching = std::thread::spawn(move || watch_until(&url, &["40"]));
    let lists = lists(&index(&engine));
    let gaps = || {
        let texts = lists.iter().map(|uri| engine.get(&format!("/hls/{PLAYBACK}/{uri}")).text());
        texts.map(|text| text.matches("#EXT-X-GAP").count()).max().unwrap_or(0)
    };
    until("gaps in the wide picture", || gaps() >= 4);
    let seen = watching.join().expect("the browser plays on");
    assert_clean(&seen);
}

#[test]
fn ffmpeg_reads_on_behind_a_gap() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 60).start();
    let (narrow, wide) = (Clip::av(14), Clip::av_wider(14));
    let tracks =
        [(Kind::Video, 0, &*narrow.file), (Kind::Video, 1, &*wide.file), (Kind::Audio, 0, &*narrow.file)];
    Show::of(&tracks).without_pictures(1, 4_000..9_000).publish(engine.address("rtmp"), KEY);
    let main = index(&engine);
    let uri = main.variants[1].uri.clone();
    until_ended(&engine, &uri);
    let list = engine.get(&format!("/hls/{PLAYBACK}/{uri}")).text();
    assert!(list.matches("#EXT-X-GAP").count() >= 3, "{list}");
    // What stands for a gap is there at once, and there is nothing in it to decode.
    let url = engine.http_url(&format!("/hls/{PLAYBACK}/{uri}"));
    let (is, was) =
        (hashes(&Packets::of(Path::new(&url)), Kind::Video), hashes(&packets(&wide), Kind::Video));
    assert!(is.len() + 5 * 25 <= was.len() && is.len() > 150, "{} of {}", is.len(), was.len());
    assert_eq!((is.first(), is.last()), (was.first(), was.last()), "from before the gap to behind it");
}
