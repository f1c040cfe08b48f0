//! Streams of several tracks: each a playlist, all of them alike but for their frames. Every viewer holds every playlist
//! on the way to the rules.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::lifecycle::KEPT_BYTES_MAX;
use super::testing::{Studio, Text, Viewer, aac, avc};
use super::{Ask, Config, Container, File, Missing};
use crate::format::ac3::Ac3;
use crate::format::amf0::Value;
use crate::format::mp3::Mp3Header;
use crate::media::{CodecConfig, End, Metadata, TrackId, TrackSet};

fn several(video: u8, audio: u8, lists: usize) -> Studio {
    let mut studio = Studio::new(Some(1_280), true);
    studio.send_tracks(video, audio);
    studio.watch(lists);
    studio
}

/// All viewers saw segments of the same numbers, times and breaks.
fn assert_alike(studio: &Studio) {
    let course = studio.viewer.course();
    assert!(course.len() >= 3, "{course:?}");
    for other in &studio.others {
        assert_eq!(other.course(), course, "{}", other.name);
        assert_eq!(
            (other.read().sequence, other.read().discontinuities, other.read().last()),
            (
                studio.viewer.read().sequence,
                studio.viewer.read().discontinuities,
                studio.viewer.read().last()
            )
        );
        assert_eq!(other.read().control, studio.viewer.read().control);
        assert_eq!(other.read().part_target, studio.viewer.read().part_target);
    }
}

fn line<'a>(index: &'a str, wanted: &str) -> &'a str {
    index.lines().find(|line| line.contains(wanted)).unwrap_or_else(|| panic!("{wanted}: {index}"))
}

#[test]
fn every_track_has_a_playlist_and_all_are_cut_alike() {
    let mut studio = several(3, 2, 5);
    studio.run(34_000);
    assert_alike(&studio);
    assert!(studio.viewer.durations().iter().all(|millis| *millis == 2_000));
    let all = || std::iter::once(&studio.viewer).chain(&studio.others);
    assert!(all().all(|viewer| viewer.read().independent), "their keyframes are aligned");
    let names: Vec<_> = all().map(|viewer| viewer.name.clone()).collect();
    let expected = ["", "-v1", "-v2", "-a0", "-a1"].map(|tag| format!("live_0000feed0{tag}.m3u8"));
    assert_eq!(names, expected);
    let index = &studio.viewer.index;
    for (width, height) in [(1_280, 720), (960, 540), (640, 360)] {
        let variant = line(index, &format!("RESOLUTION={width}x{height}"));
        assert!(variant.contains("CODECS=\"avc1.64001f,mp4a.40.2\""), "{index}");
        assert!(
            variant.ends_with("FRAME-RATE=30,VIDEO-RANGE=SDR,AUDIO=\"sound\",CLOSED-CAPTIONS=NONE"),
            "{index}"
        );
    }
    assert!(line(index, "-a0").ends_with("NAME=\"Audio 1\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\""));
    assert!(line(index, "-a1").ends_with("NAME=\"Audio 2\",CHANNELS=\"2\""), "{index}");
}

#[test]
fn what_a_variant_needs_counts_its_sound() {
    let figures = |studio: &Studio| {
        let index = m3u8_rs::parse_master_playlist_res(studio.viewer.index.as_bytes()).expect("valid");
        let variant = &index.variants[0];
        (variant.bandwidth, variant.average_bandwidth.expect("an average"))
    };
    let mut together = Studio::new(Some(1_280), true);
    together.run(20_000);
    let mut apart = several(1, 2, 3);
    apart.run(20_000);
    let (together, apart) = (figures(&together), figures(&apart));
    for (together, apart) in [(together.0, apart.0), (together.1, apart.1)] {
        assert!(apart >= together && apart < together * 11 / 10, "{together} {apart}");
    }
}

#[test]
fn playlists_report_how_far_the_others_are() {
    let mut studio = several(2, 2, 4);
    studio.run(10_000);
    for _ in 0..40 {
        studio.run(100);
        let all: Vec<&Viewer> = std::iter::once(&studio.viewer).chain(&studio.others).collect();
        for viewer in &all {
            let others = all.iter().filter(|other| other.name != viewer.name);
            let mut expected: Vec<_> = others
                .map(|other| {
                    let (segment, part) = other.read().last();
                    (other.name.clone(), segment, part)
                })
                .collect();
            let mut reports = viewer.read().reports.clone();
            expected.sort();
            reports.sort();
            assert_eq!(reports, expected);
        }
    }
    let mut single = Studio::new(Some(1_280), true);
    single.run(10_000);
    assert!(single.viewer.read().reports.is_empty());
}

#[test]
fn each_list_is_rendered_once_a_change_and_only_if_somebody_asks() {
    let mut studio = several(2, 2, 4);
    studio.run(20_000);
    let names: Vec<_> =
        std::iter::once(&studio.viewer).chain(&studio.others).map(|it| it.name.clone()).collect();
    studio.mute();
    let renders = studio.lifecycle.renders();
    let mut changes = 0;
    for _ in 0..60 {
        studio.run(100);
        let before = renders.load(Ordering::Relaxed);
        let Some(snapshot) = studio.lifecycle.poll_snapshot() else { continue };
        changes += 1;
        let again = studio.lifecycle.show();
        assert_eq!(renders.load(Ordering::Relaxed), before, "nobody asked");
        for (name, snapshot) in names.iter().flat_map(|name| [(name, &snapshot), (name, &again)]) {
            for skip in [false, true] {
                snapshot.find(name, Ask { skip, ..Ask::default() }).file().expect("live");
            }
        }
        assert_eq!(renders.load(Ordering::Relaxed) - before, 8, "whole, and as a delta");
    }
    assert!(changes >= 15, "{changes}");
}

#[test]
fn a_break_is_one_of_all() {
    let mut studio = several(2, 2, 4);
    studio.run(9_000);
    studio.break_clock(30_000);
    studio.run(9_000);
    studio.end(End::Lost);
    studio.wait(3_000);
    studio.break_clock(3_000);
    studio.run(9_000);
    assert_alike(&studio);
    assert_eq!(studio.viewer.breaks(), 2);
    studio.end(End::Clean);
    assert!(studio.others.iter().all(|other| other.read().ended));
    assert_alike(&studio);
}

#[test]
fn a_second_session_has_all_playlists_again() {
    let mut studio = several(2, 2, 4);
    studio.run(9_000);
    studio.end(End::Clean);
    studio.wait(5_000);
    studio.break_clock(5_000);
    studio.run(9_000);
    assert_alike(&studio);
    assert_eq!(studio.others[1].name, "live_0000feed1-a0.m3u8");
    // Another publisher, of the same tracks.
    studio.end(End::Clean);
    studio.wait(5_000);
    studio.break_clock(5_000);
    studio.send_tracks(2, 2);
    studio.run(9_000);
    assert_alike(&studio);
    assert_eq!(studio.others[2].name, "live_0000feed2-a1.m3u8");
    // And one of fewer.
    studio.end(End::Clean);
    studio.wait(5_000);
    studio.break_clock(5_000);
    studio.send_tracks(1, 1);
    studio.run(9_000);
    assert!(
        studio.viewer.index.contains("CODECS=\"avc1.64001f,mp4a.40.2\"")
            && !studio.viewer.index.contains("AUDIO=")
    );
}

#[test]
fn a_keyframe_that_comes_early_for_its_reordering_begins_its_segment() {
    let mut studio = several(2, 1, 3);
    (studio.cts, studio.ahead) = (33, 67);
    studio.run(20_000);
    assert_alike(&studio);
    assert!(studio.others[0].read().independent, "{}", studio.others[0].text);
}

#[test]
fn a_track_that_stalls_has_empty_parts_and_goes_on_where_the_others_are() {
    let mut studio = several(2, 2, 4);
    studio.run(9_000);
    studio.silent = true;
    studio.run(6_000);
    assert_alike(&studio);
    assert!(!studio.others[0].read().independent, "nobody can start in a segment without pictures");
    let gaps = |viewer: &Viewer| viewer.read().segments.iter().filter(|segment| segment.gap).count();
    assert!(gaps(&studio.others[0]) >= 2, "{}", studio.others[0].text);
    assert_eq!(gaps(&studio.viewer), 0);
    studio.silent = false;
    studio.run(6_000);
    assert_alike(&studio);
    assert_eq!(studio.viewer.breaks(), 0);
}

#[test]
fn pictures_that_stall_while_sound_goes_on_stall_in_all_lists_alike() {
    let mut studio = several(2, 2, 4);
    studio.run(9_000);
    studio.run_with(5_000, false, true);
    studio.run(6_000);
    assert_alike(&studio);
    studio.run_with(5_000, true, false);
    studio.run(6_000);
    assert_alike(&studio);
}

#[test]
fn a_track_that_is_gone_ends_its_playlist_and_gets_another_when_it_is_back() {
    let mut studio = several(2, 1, 1);
    studio.run(9_000);
    let read = |studio: &mut Studio, name: &str| match studio.lifecycle.show().file(name) {
        Ok(File::Playlist(list)) => Ok(Text::read(std::str::from_utf8(&list.plain).expect("text"))),
        Ok(other) => panic!("{name} is {other:?}"),
        Err(missing) => Err(missing),
    };
    let (gone, back) = ("live_0000feed0-v1.m3u8", "live_0000feed0-v1.1.m3u8");
    assert!(!read(&mut studio, gone).expect("there").ended);
    studio.send_tracks(1, 1);
    studio.run(6_000);
    // Who has it learns that it is over, and can play it to its end; nobody else hears of it.
    let list = read(&mut studio, gone).expect("still there");
    assert!(list.ended && list.open.is_none() && list.next_part.is_none() && list.reports.is_empty());
    let last = list.segments.last().expect("some").uri.clone();
    assert!(studio.lifecycle.show().file(&last).is_ok());
    assert!(!studio.viewer.index.contains("-v1") && studio.viewer.index.contains("-a0"));
    studio.send_tracks(2, 1);
    studio.run(8_000);
    assert!(!read(&mut studio, back).expect("there").ended);
    assert!(studio.viewer.index.contains("-v1.1.m3u8"), "{}", studio.viewer.index);
    assert_eq!(studio.viewer.breaks(), 0);
    // A minute, and what it plays.
    studio.run(40_000);
    assert!(read(&mut studio, gone).is_ok());
    studio.run(40_000);
    assert_eq!(read(&mut studio, gone).map(|_| ()), Err(Missing::NotLive));
    assert!(studio.lifecycle.show().file(&last).is_err());
}

#[test]
fn tracks_that_join_late_are_offered_to_those_who_come_after() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(9_000);
    assert!(studio.viewer.index.contains("live_0000feed0.m3u8"));
    studio.send_tracks(2, 2);
    studio.watch(4);
    studio.run(20_000);
    assert_eq!((studio.viewer.name.as_str(), studio.viewer.breaks()), ("live_0000feed0.m3u8", 0));
    assert!(!studio.viewer.index.contains("live_0000feed0.m3u8"), "{}", studio.viewer.index);
    for tag in ["-v0", "-v1", "-a0", "-a1"] {
        assert!(
            studio.viewer.index.contains(&format!("live_0000feed0{tag}.m3u8")),
            "{}",
            studio.viewer.index
        );
    }
    let last = studio.viewer.read().last();
    assert!(studio.others.iter().all(|other| other.read().last() == last));
    let whole = studio.viewer.course();
    for other in &studio.others {
        assert!(whole.ends_with(&other.course()) && other.course().len() >= 7, "{}", other.name);
    }
}

#[test]
fn tracks_that_are_known_before_the_first_playlist_are_in_it() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.watch(3);
    studio.run(1_000);
    studio.send_tracks(2, 1);
    studio.run(12_000);
    assert_alike(&studio);
    assert_eq!((studio.viewer.name.as_str(), studio.viewer.breaks()), ("live_0000feed0.m3u8", 0));
}

#[test]
fn sound_that_is_configured_by_its_first_frame_costs_no_pictures() {
    let mut studio = Studio::new(Some(1_280), false);
    studio.watch(3);
    studio.run(60);
    studio.send_tracks(1, 2);
    studio.into_gop = 2;
    studio.run(16_000);
    assert_alike(&studio);
    assert_eq!(studio.viewer.seen.values().next().map(|first| first.date), Some(super::testing::NOON));
    assert_eq!(studio.others[1].name, "live_0000feed0-a1.m3u8");
}

#[test]
fn what_is_kept_for_late_viewers_is_bounded_for_all_lists_together() {
    let mut studio = several(4, 2, 1);
    studio.keyframe_len = 6_000_000;
    studio.run(60_000);
    let kept = studio.lifecycle.kept_bytes();
    let segment = 6_100_000;
    assert!((KEPT_BYTES_MAX - segment..=KEPT_BYTES_MAX).contains(&kept), "{kept}");
}

#[test]
fn sounds_without_pictures_are_chosen_from_too() {
    let mut studio = Studio::new(None, true);
    studio.send_tracks(0, 3);
    studio.watch(3);
    studio.run(20_000);
    assert_alike(&studio);
    let index = &studio.viewer.index;
    let first = line(index, "NAME=\"Audio 1\"");
    assert!(!first.contains("URI") && first.contains("DEFAULT=YES"), "it is the variant itself: {index}");
    assert!(line(index, "STREAM-INF").contains("CODECS=\"mp4a.40.2\",AUDIO=\"sound\""), "{index}");
}

#[test]
fn names_and_languages_are_the_sources_own() {
    let mut studio = several(1, 3, 4);
    let told = |name: &str, language: &str| {
        Value::Object(vec![
            ("name".to_owned(), Value::String(name.to_owned())),
            ("language".to_owned(), Value::String(language.to_owned())),
        ])
    };
    let tracks = [("0", told("Main", "en")), ("1", told("Ma\"in\n", "de")), ("2", told("Main", "x y"))];
    let tracks = tracks.map(|(key, value)| (key.to_owned(), value));
    let properties = vec![("audioTrackIdInfoMap".to_owned(), Value::Object(tracks.into()))];
    let mut set = TrackSet::clone(&studio.tracks);
    set.metadata = Some(Arc::new(Metadata { properties }));
    studio.tracks = Arc::new(set);
    studio.run(6_000);
    let index = &studio.viewer.index;
    assert!(line(index, "-a0").contains("LANGUAGE=\"en\",NAME=\"Main\",DEFAULT=YES"), "{index}");
    assert!(line(index, "-a1").contains("LANGUAGE=\"de\",NAME=\"Main (2)\",AUTOSELECT=YES"), "{index}");
    assert!(line(index, "-a2").contains("NAME=\"Main (3)\",CHANNELS"), "{index}");
}

#[test]
fn pictures_play_where_their_sound_is_not_decoded() {
    let (fscod, bsid, bsmod, acmod, lfe) = (0, 8, 0, 7, true);
    let ac3 = Ac3 { sample_rate: 48_000, fscod, bsid, bsmod, acmod, lfe, bit_rate_code: 15 };
    let mut tracks = TrackSet::default();
    tracks.set(TrackId::VIDEO, avc(1_280));
    tracks.set(TrackId::AUDIO, CodecConfig::Ac3(ac3));
    let mut studio = Studio::new(Some(1_280), true);
    studio.tracks = Arc::new(tracks.clone());
    studio.watch(2);
    studio.run(12_000);
    let index = &studio.viewer.index;
    assert!(
        line(index, "-a0").contains("GROUP-ID=\"surround\"") && line(index, "-a0").contains("CHANNELS=\"6\"")
    );
    let variants: Vec<_> = index.lines().filter(|line| line.contains("STREAM-INF")).collect();
    assert!(
        variants[0].contains("CODECS=\"avc1.64001f,ac-3\"") && variants[0].contains("AUDIO=\"surround\"")
    );
    assert!(variants[1].contains("CODECS=\"avc1.64001f\"") && !variants[1].contains("AUDIO="), "{index}");
    // Beside another sound it has a group of its own, and the pictures need no variant without any.
    tracks.set(TrackId::AUDIO, aac());
    tracks.set(TrackId { index: 1, ..TrackId::AUDIO }, CodecConfig::Ac3(ac3));
    let mut studio = Studio::new(Some(1_280), true);
    studio.tracks = Arc::new(tracks);
    studio.run(12_000);
    let index = &studio.viewer.index;
    let groups: Vec<_> =
        index.lines().filter_map(|line| line.split_once("AUDIO=\"")).map(|(_, it)| it).collect();
    assert_eq!(groups.len(), 2, "{index}");
    assert!(groups[0].starts_with("sound\"") && groups[1].starts_with("surround\""), "{index}");
}

#[test]
fn mp3_that_would_stop_the_pictures_is_left_out() {
    let mp3 = Mp3Header { sample_rate: 44_100, channels: 2, samples: 1_152 };
    let mut tracks = TrackSet::default();
    tracks.set(TrackId::VIDEO, avc(1_280));
    tracks.set(TrackId::AUDIO, CodecConfig::Mp3(mp3));
    let mut studio = Studio::new(Some(1_280), true);
    studio.tracks = Arc::new(tracks);
    studio.run(6_000);
    assert!(studio.viewer.index.contains("CODECS=\"avc1.64001f\""), "{}", studio.viewer.index);
    // Where it is all there is, some players play it.
    let mut tracks = TrackSet::default();
    tracks.set(TrackId::AUDIO, CodecConfig::Mp3(mp3));
    let mut studio = Studio::new(None, true);
    studio.tracks = Arc::new(tracks);
    studio.run(12_000);
    assert!(studio.viewer.index.contains("CODECS=\"mp4a.40.34\""), "{}", studio.viewer.index);
}

#[test]
fn transport_streams_have_a_playlist_for_every_track_too() {
    let mut studio =
        Studio::with(Config { container: Container::Ts, ..Config::default() }, Some(1_280), true);
    studio.send_tracks(2, 2);
    // The viewer reads fMP4; here it is the lists themselves that are compared.
    studio.mute();
    studio.run(12_000);
    let snapshot = studio.lifecycle.show();
    let text = |name: &str| match snapshot.file(name) {
        Ok(File::Playlist(playlist)) => String::from_utf8(playlist.plain.to_vec()).expect("text"),
        other => panic!("{name}: {other:?}"),
    };
    let main = text("live_0000feed0.m3u8");
    assert!(main.matches("#EXTINF").count() >= 3, "{main}");
    for tag in ["-v1", "-a0", "-a1"] {
        let list = text(&format!("live_0000feed0{tag}.m3u8"));
        assert_eq!(list.replace(&format!("feed0{tag}_"), "feed0_"), main);
        let Some(name) = list.lines().find(|line| line.ends_with(".ts")) else { panic!("{list}") };
        let Ok(File::Segment(listed)) = snapshot.file(name) else { panic!("{name}") };
        assert!(listed.segment.len > 10 * 188 && listed.segment.len % 188 == 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Tracks come and go; the viewer looks into every list that the index names.
    #[test]
    fn whatever_tracks_come_and_go_the_lists_of_an_index_are_there_and_alike(
        low_latency in prop::bool::weighted(0.8),
        acts in prop::collection::vec((0_u8..8, 1_u8..4, 0_u8..4, 300_i64..9_000), 1..10),
    ) {
        let mut studio = Studio::with(Config { low_latency, ..Config::default() }, Some(1_280), true);
        for (act, video, audio, millis) in acts {
            match act {
                0..=2 => studio.send_tracks(video, audio),
                3 => studio.break_clock(millis),
                4 => studio.silent = !studio.silent,
                5 => studio.run_with(millis, false, true),
                6 => {
                    studio.end(if audio == 0 { End::Clean } else { End::Lost });
                    studio.wait(millis);
                    studio.break_clock(millis);
                }
                _ => studio.gop = i64::from(video) * 30,
            }
            studio.run(millis);
        }
        studio.end(End::Clean);
    }
}
