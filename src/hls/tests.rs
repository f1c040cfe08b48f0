//! Streams as encoders send them, and what their viewers see.

use std::time::Duration;

use proptest::prelude::*;

use super::testing::{NOON, Studio, picture, tracks};
use super::{Config, File, Lifecycle, Missing, Phase};
use crate::media::{End, Frame, MediaTime};

fn phase(studio: &Studio) -> Phase {
    studio.viewer.snapshot.as_ref().map_or(Phase::Absent, |snapshot| snapshot.phase)
}

#[test]
fn an_ordinary_stream_is_cut_at_its_keyframes() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(4_030);
    assert_eq!(phase(&studio), Phase::Live, "two segments are enough to begin");
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(34_000);
    assert!(
        studio.viewer.durations().iter().take(14).all(|millis| *millis == 2_000),
        "{:?}",
        studio.viewer.durations()
    );
    let playlist = studio.viewer.playlist.as_ref().expect("live");
    assert_eq!((playlist.target_duration, playlist.segments.len()), (2, 10));
    assert!(playlist.independent_segments);
    assert_eq!(studio.viewer.seen.values().next().map(|seen| seen.date), Some(NOON));
    let index = match studio.viewer.snapshot.as_ref().expect("seen").file("index.m3u8") {
        Ok(File::Index(index)) => String::from_utf8(index.plain.to_vec()).expect("text"),
        other => panic!("{other:?}"),
    };
    assert!(index.contains("RESOLUTION=1280x720,FRAME-RATE=30"), "{index}");
}

#[test]
fn a_segment_has_as_few_parts_as_it_may() {
    for frame in [(1_000, 24), (40, 1), (1_001, 30), (1_000, 60)] {
        let mut studio = Studio::new(Some(1_280), true);
        studio.frame = frame;
        studio.gop = 2_000 * frame.1 / frame.0;
        studio.run(20_000);
        let snapshot = studio.viewer.snapshot.as_ref().expect("live");
        for segment in &studio.viewer.playlist.as_ref().expect("live").segments {
            let Ok(File::Segment(listed)) = snapshot.file(&segment.uri) else { panic!("listed") };
            if listed.parts_from.is_none() {
                continue;
            }
            let parts: Vec<_> = listed.segment.parts.iter().map(|part| part.duration.as_millis()).collect();
            let most = if frame == (40, 1) { 321 } else { 335 };
            let whole: i64 = parts.iter().sum();
            assert_eq!(parts.len() as i64, (whole + most - 1) / most, "{parts:?}");
            assert!(parts.iter().all(|millis| (280..most).contains(millis)), "{parts:?}");
            assert!(listed.segment.parts.first().is_some_and(|part| part.independent));
        }
    }
}

#[test]
fn durations_do_not_drift_from_the_media_in_an_hour() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.frame = (1_001, 30);
    studio.run(3_600_000);
    let total: Duration = studio.viewer.seen.values().map(|seen| seen.duration).sum();
    let drift = 3_600_000 - i64::try_from(total.as_millis()).expect("small");
    assert!((0..=2_100).contains(&drift), "{drift} ms besides the open segment");
}

#[test]
fn nothing_is_shown_before_the_first_segments() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(1_500);
    let snapshot = studio.viewer.snapshot.as_ref().expect("seen");
    assert_eq!(snapshot.phase, Phase::Starting);
    assert_eq!(snapshot.file("index.m3u8").err(), Some(Missing::NotYet));
}

#[test]
fn a_keyframe_every_eight_seconds_makes_segments_of_eight_seconds() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.gop = 250;
    studio.run(8_400);
    assert_eq!(phase(&studio), Phase::Live, "one long segment is enough to begin");
    studio.run(1_600);
    assert_eq!(studio.viewer.playlist.as_ref().map(|playlist| playlist.target_duration), Some(9));
}

#[test]
fn a_group_of_pictures_beyond_the_target_duration_is_cut_inside_and_keyframes_are_found_again() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(8_000);
    studio.gop = 240;
    studio.run(24_000);
    studio.gop = 60;
    studio.run(8_000);
    let playlist = studio.viewer.playlist.as_ref().expect("live");
    assert_eq!(playlist.target_duration, 2);
    assert!(!playlist.independent_segments, "a promise that no longer holds is not made");
    assert_eq!(studio.viewer.breaks(), 0);
    let durations = studio.viewer.durations();
    assert!(durations.iter().all(|millis| *millis < 2_500), "{durations:?}");
    assert_eq!(durations.last(), Some(&2_000), "{durations:?}");
}

#[test]
fn a_minute_without_keyframes_is_cut_by_time() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.gop = 1_800;
    studio.run(60_000);
    assert_eq!(studio.viewer.playlist.as_ref().map(|playlist| playlist.target_duration), Some(10));
    assert!(studio.viewer.durations().len() >= 5);
}

#[test]
fn sound_alone_and_pictures_alone_are_packaged() {
    for (video, audio) in [(None, true), (Some(640), false)] {
        let mut studio = Studio::new(video, audio);
        studio.run(20_000);
        let durations = studio.viewer.durations();
        assert!(
            durations.len() >= 8 && durations.iter().all(|millis| (1_980..=2_020).contains(millis)),
            "{durations:?}"
        );
        assert!(studio.viewer.playlist.as_ref().is_some_and(|playlist| playlist.independent_segments));
    }
}

#[test]
fn a_keyframe_at_every_frame_does_not_cut_at_every_frame() {
    let mut studio = Studio::new(Some(640), true);
    studio.gop = 1;
    studio.run(20_000);
    assert!(studio.viewer.durations().iter().all(|millis| (1_980..=2_040).contains(millis)));
}

#[test]
fn a_lost_encoder_that_returns_goes_on_in_the_same_playlist() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(10_000);
    let (name, seen) = (studio.viewer.name.clone(), studio.viewer.seen.len());
    studio.end(End::Lost);
    studio.wait(3_000);
    assert_eq!(phase(&studio), Phase::Live);
    studio.break_clock(3_000);
    studio.run(10_000);
    assert_eq!(studio.viewer.name, name);
    assert!(studio.viewer.seen.len() > seen + 3);
    assert_eq!(studio.viewer.breaks(), 1);
    studio.run(30_000);
    assert!(
        studio
            .viewer
            .playlist
            .as_ref()
            .is_some_and(|playlist| playlist.segments.iter().all(|it| !it.discontinuity))
    );
}

#[test]
fn an_encoder_that_stays_away_ends_the_playlist_and_returns_in_a_new_one() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(10_000);
    let name = studio.viewer.name.clone();
    studio.end(End::Stalled);
    studio.wait(30_000);
    assert_eq!(phase(&studio), Phase::Ended);
    assert!(studio.viewer.text.ends_with("#EXT-X-ENDLIST\n"));
    studio.break_clock(0);
    studio.run(10_000);
    assert_ne!(studio.viewer.name, name);
    assert_eq!(studio.viewer.breaks(), 0);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    let Ok(File::Playlist(ended)) = snapshot.file(&name) else {
        panic!("viewers who are behind still find it")
    };
    assert!(ended.plain.ends_with(b"#EXT-X-ENDLIST\n"));
    studio.run(90_000);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    assert_eq!(snapshot.file(&name).err(), Some(Missing::NotLive), "and what ended never goes on");
}

#[test]
fn a_clean_end_is_told_at_once_and_forgotten_later() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(11_000);
    studio.end(End::Clean);
    assert_eq!(phase(&studio), Phase::Ended);
    let total: Duration = studio.viewer.seen.values().map(|seen| seen.duration).sum();
    assert!((10_990..=11_010).contains(&total.as_millis()), "nothing of the end is lost");
    studio.end(End::Clean);
    let due = studio.lifecycle.poll_timeout().expect("it is forgotten some time");
    studio.wait(due.as_millis() - studio.wall);
    let snapshot = studio.viewer.snapshot.as_ref().expect("seen");
    assert_eq!(snapshot.phase, Phase::Absent);
    assert_eq!(snapshot.file("index.m3u8").err(), Some(Missing::NotLive));
    assert_eq!(studio.lifecycle.poll_timeout(), None);
}

#[test]
fn a_short_stream_is_still_a_whole_playlist() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(900);
    studio.end(End::Clean);
    // The last sound is over a little after the last picture.
    assert!(matches!(studio.viewer.durations()[..], [895..=925]));
    let mut studio = Studio::new(Some(1_280), true);
    studio.end(End::Clean);
    assert_eq!(phase(&studio), Phase::Absent);
}

#[test]
fn a_changed_picture_size_takes_effect_at_its_keyframe() {
    let mut studio = Studio::new(Some(1_920), true);
    studio.run(10_000);
    studio.tracks = tracks(Some(1_280), true);
    studio.run(10_000);
    assert_eq!(studio.viewer.breaks(), 1);
    let maps: std::collections::BTreeSet<_> =
        studio.viewer.seen.values().map(|seen| seen.map.clone()).collect();
    assert_eq!(maps.len(), 2);
}

#[test]
fn a_repeated_configuration_changes_nothing() {
    let mut studio = Studio::new(Some(1_920), true);
    for _ in 0..5 {
        studio.run(2_000);
        studio.tracks = tracks(Some(1_920), true);
    }
    assert_eq!(studio.viewer.breaks(), 0);
}

#[test]
fn audio_that_joins_late_is_in_the_first_playlist() {
    let mut studio = Studio::new(Some(1_280), false);
    studio.run(2_000);
    studio.tracks = tracks(Some(1_280), true);
    studio.run(10_000);
    assert_eq!(studio.viewer.breaks(), 0);
    let init = studio.viewer.seen.values().next().expect("live").map.clone();
    let Ok(File::Init(init)) = studio.viewer.snapshot.as_ref().expect("live").file(&init) else {
        panic!("no init")
    };
    assert!(init.windows(4).any(|window| window == b"mp4a"));
}

#[test]
fn a_jump_of_the_clock_becomes_a_discontinuity_with_sane_dates() {
    for jump in [3_600_000, 5_000] {
        let mut studio = Studio::new(Some(1_280), true);
        studio.run(10_000);
        studio.break_clock(jump);
        studio.run(10_000);
        assert_eq!(studio.viewer.breaks(), 1);
        let last = studio.viewer.seen.values().last().expect("live");
        assert!(last.date < NOON + 21_000, "dates follow the wall");
        assert!(studio.viewer.durations().iter().all(|millis| *millis <= 2_100));
    }
}

#[test]
fn video_that_stalls_while_sound_goes_on_keeps_segments_coming() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(8_000);
    let before = studio.viewer.seen.len();
    studio.run_with(8_000, false, true);
    assert!(studio.viewer.seen.len() >= before + 3);
    studio.run(8_000);
    assert_eq!(studio.viewer.breaks(), 0);
    assert_eq!(studio.viewer.durations().last(), Some(&2_000));
}

#[test]
fn a_stall_of_both_tracks_one_after_the_other_breaks_no_promise() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run_with(2_479, true, false);
    studio.run_with(4_295, false, true);
    studio.tracks = tracks(Some(1_280), false);
    studio.run_with(5_722, false, true);
    studio.run(8_000);
    assert_eq!(studio.viewer.breaks(), 1);
}

/// Samples of all tracks, as the `trun` boxes of a part count them (ISO/IEC 14496-12 §8.8.8).
fn samples(header: &[u8]) -> u32 {
    let truns = header.windows(12).filter(|box_start| box_start.starts_with(b"trun"));
    truns.map(|trun| u32::from_be_bytes([trun[8], trun[9], trun[10], trun[11]])).sum()
}

#[test]
fn silence_takes_the_place_of_sound_that_never_comes() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run_with(10_000, true, false);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    let playlist = studio.viewer.playlist.as_ref().expect("live");
    for segment in &playlist.segments {
        let Ok(File::Segment(listed)) = snapshot.file(&segment.uri) else { panic!("listed") };
        let samples: u32 = listed.segment.parts.iter().map(|part| samples(&part.header)).sum();
        assert!(samples > 60 + 80, "{samples} frames and units");
    }
    studio.run(10_000);
    assert_eq!(studio.viewer.breaks(), 0);
}

#[test]
fn one_picture_in_four_seconds_is_a_stream_too() {
    let mut studio = Studio::new(Some(640), false);
    studio.frame = (4_000, 1);
    studio.gop = 1;
    studio.run(60_000);
    let durations = studio.viewer.durations();
    assert!(durations.len() > 10 && durations.iter().all(|millis| *millis == 4_000), "{durations:?}");
}

#[test]
fn a_segment_that_left_the_list_stays_for_one_more_window_and_is_gone_then() {
    let mut studio = Studio::with(Config { window: 6, ..Config::default() }, Some(1_280), true);
    studio.run(9_000);
    let first = studio.viewer.playlist.as_ref().expect("live").segments[0].uri.clone();
    studio.run(9_000);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    assert!(!studio.viewer.text.contains(&first));
    assert!(matches!(snapshot.file(&first), Ok(File::Segment(_))));
    studio.run(30_000);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    assert_eq!(snapshot.file(&first).err(), Some(Missing::Gone));
    assert_eq!(snapshot.file("seg_x_99999999999.m4s").err(), Some(Missing::Unknown));
    assert_eq!(snapshot.file("../secret").err(), Some(Missing::Unknown));
}

#[test]
fn a_process_that_starts_later_numbers_higher_and_names_otherwise() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(60_000);
    let (last, name) = (studio.viewer.seen.keys().max().copied().expect("live"), studio.viewer.name.clone());
    let mut next = Studio::new(Some(1_280), true);
    next.wall = studio.wall + 1_000;
    next.lifecycle = Lifecycle::new(Config::default(), 0xbeef, MediaTime::from_millis(next.wall));
    next.run(5_000);
    assert!(next.viewer.seen.keys().min().is_some_and(|first| *first > last));
    assert!(last < 1 << 31);
    let discontinuities = next.viewer.playlist.as_ref().map(|playlist| playlist.discontinuity_sequence);
    assert!(discontinuities.is_some_and(|number| number < 100_000), "players keep arrays by it");
    assert_ne!(next.viewer.name, name);
    let snapshot = next.viewer.snapshot.as_ref().expect("live");
    assert!(
        matches!(snapshot.file(&name), Ok(File::Playlist(_))),
        "players of the old process are taken along"
    );
}

#[test]
fn a_stream_is_held_in_little_more_than_its_own_bytes() {
    let mut studio = Studio::with(Config { window: 6, ..Config::default() }, Some(1_280), true);
    studio.run(60_000);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    let (mut bytes, mut pieces, mut segments) = (0, 0, 0);
    for uri in studio.viewer.seen.keys().map(|number| format!("seg_0000feed0_{number}.m4s")) {
        if let Ok(File::Segment(listed)) = snapshot.file(&uri) {
            segments += 1;
            bytes += listed.segment.parts.iter().map(|part| part.header.len()).sum::<usize>();
            pieces += listed.segment.parts.iter().map(|part| part.payload.len()).sum::<usize>();
        }
    }
    assert!((12..=14).contains(&segments), "{segments} segments are kept");
    // What HLS adds to the shared frames: headers, and the handles of the slices.
    let overhead = bytes + pieces * (size_of::<bytes::Bytes>() + 48);
    assert!(overhead < 500_000, "{overhead} bytes");
}

#[test]
fn frames_that_came_before_the_first_keyframe_are_not_shown() {
    let mut studio = Studio::new(Some(1_280), true);
    for at in 0..30 {
        studio.send(&Frame::Media(picture(at * 33, 0, false, 100)));
    }
    studio.at = 1_000;
    studio.wall = NOON + 1_000;
    studio.run(6_000);
    assert_eq!(studio.viewer.seen.values().next().map(|seen| seen.date), Some(NOON + 1_000));
}

#[test]
fn pictures_that_join_sound_after_a_pause_do_not_stretch_its_last_segment() {
    let mut studio = Studio::new(None, true);
    studio.run(4_300);
    studio.pause(2_400);
    studio.tracks = tracks(Some(1_280), true);
    // The picture comes first: sound behind a hole would end the segment by itself.
    studio.send(&Frame::Media(picture(studio.at, 0, true, 4_000)));
    studio.run(6_000);
    studio.end(End::Clean);
    assert_eq!(studio.viewer.breaks(), 1);
    assert!(
        studio.viewer.durations().iter().all(|duration| *duration <= 2_100),
        "{:?}",
        studio.viewer.durations()
    );
}

#[test]
fn a_last_frame_that_lasts_too_long_ends_its_segment_at_the_limit() {
    // The cut at the held frame chooses the target duration, six seconds, which that frame alone then exceeds.
    let mut studio = Studio::new(Some(1_920), false);
    (studio.frame, studio.gop) = ((90, 1), 68);
    studio.run(6_032);
    studio.tracks = tracks(Some(1_280), false);
    studio.pause(6_600);
    studio.run(8_000);
    studio.end(End::Clean);
    assert_eq!(studio.viewer.breaks(), 1);
    assert!(
        studio.viewer.durations().iter().all(|duration| *duration < 6_500),
        "{:?}",
        studio.viewer.durations()
    );
}

/// What may happen to a stream.
#[derive(Debug, Clone)]
enum Act {
    Run(i64),
    Gop(i64),
    Frame(i64, i64),
    Jump(i64),
    /// Nothing comes, and the source's clock goes on: no discontinuity.
    Pause(i64),
    End(End, i64),
    Resize(u32),
    Audio(bool),
    /// Pictures come, or go, while there is sound.
    Video(Option<u32>),
    WithoutVideo(i64),
    WithoutAudio(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (100_i64..9_000).prop_map(Act::Run),
        1 => (1_i64..400).prop_map(Act::Gop),
        1 => prop::sample::select(vec![(100, 3), (1_001, 30), (1_000, 60), (40, 1), (1_000, 1), (1_000, 120), (700, 1)])
            .prop_map(|(millis, per)| Act::Frame(millis, per)),
        1 => (0_i64..20_000).prop_map(Act::Jump),
        1 => (0_i64..8_000).prop_map(Act::Pause),
        1 => prop::option::of(Just(1_280_u32)).prop_map(Act::Video),
        1 => (prop::sample::select(vec![End::Clean, End::Lost, End::Stalled]), 0_i64..60_000)
            .prop_map(|(end, gap)| Act::End(end, gap)),
        1 => prop::sample::select(vec![640_u32, 1_280, 1_920]).prop_map(Act::Resize),
        1 => any::<bool>().prop_map(Act::Audio),
        1 => (100_i64..9_000).prop_map(Act::WithoutVideo),
        1 => (100_i64..9_000).prop_map(Act::WithoutAudio),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// The viewer checks every playlist and every new segment on the way.
    #[test]
    fn whatever_happens_to_a_stream_its_playlists_keep_the_rules(
        video in prop::option::weighted(0.85, Just(1_280_u32)),
        audio in prop::bool::weighted(0.85),
        low_latency in prop::bool::weighted(0.85),
        part in prop::sample::select(vec![100, 333, 1_000]),
        window in prop::sample::select(vec![3, 6, 12]),
        acts in prop::collection::vec(act(), 1..14),
    ) {
        let part = Duration::from_millis(part);
        let config = Config { low_latency, part, window, ..Config::default() };
        let mut studio = Studio::with(config, video, audio || video.is_none());
        for act in acts {
            match act {
                Act::Run(millis) => studio.run(millis),
                Act::Gop(frames) => studio.gop = frames,
                Act::Frame(millis, per) => studio.frame = (millis, per),
                Act::Jump(millis) => studio.break_clock(millis),
                Act::Pause(millis) => studio.pause(millis),
                Act::Video(width) => studio.tracks = tracks(width, true),
                Act::End(end, gap) => {
                    studio.end(end);
                    studio.wait(gap);
                    studio.break_clock(gap);
                }
                Act::Resize(width) if studio.tracks.video().is_some() => {
                    studio.tracks = tracks(Some(width), studio.tracks.audio().is_some());
                }
                Act::Audio(on) if studio.tracks.video().is_some() => {
                    studio.tracks = tracks(Some(1_280), on);
                }
                Act::WithoutVideo(millis) => studio.run_with(millis, false, true),
                Act::WithoutAudio(millis) => studio.run_with(millis, true, false),
                Act::Resize(_) | Act::Audio(_) => {}
            }
        }
        studio.end(End::Clean);
    }
}
