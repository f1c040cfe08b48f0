//! Parts, hints and delta updates as players meet them. The viewer holds every playlist on the way to the rules.

use std::collections::BTreeSet;
use std::time::Duration;

use super::testing::{Studio, decimal, picture, tracks};
use super::{Ask, Config, File, Lifecycle, Missing};
use crate::media::{End, Frame, MediaTime};

fn live(video: Option<u32>, audio: bool) -> Studio {
    let mut studio = Studio::new(video, audio);
    studio.run(10_000);
    studio
}

#[test]
fn a_part_is_listed_as_soon_as_the_frame_after_it_is_there() {
    let mut studio = live(Some(1_280), true);
    let before = studio.viewer.read().parts().count();
    let mut growing = 0;
    for _ in 0..20 {
        studio.run(100);
        growing = growing.max(studio.viewer.read().open.as_ref().map_or(0, |open| open.parts.len()));
    }
    assert_eq!(growing, 5, "the sixth part comes with its segment");
    assert_eq!(studio.viewer.read().part_target.as_deref(), Some("PART-TARGET=0.335"));
    assert!(before > 0);
}

#[test]
fn parts_of_old_segments_are_not_listed_and_still_there() {
    let mut studio = live(Some(1_280), true);
    studio.run(1_000);
    let early = studio.viewer.last_part().expect("parts");
    studio.run(8_000);
    let read = studio.viewer.read();
    assert!(read.parts().all(|part| part.uri != early));
    assert!(read.segments.iter().filter(|segment| segment.parts.is_empty()).count() >= 3);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    assert!(matches!(snapshot.file(&early), Ok(File::Part(_))));
    studio.run(60_000);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    assert_eq!(snapshot.file(&early).err(), Some(Missing::Gone));
    assert_eq!(snapshot.file("part_0000feed0_99999.m4s").err(), Some(Missing::Unknown));
    assert_eq!(snapshot.file("part_other_0.m4s").err(), Some(Missing::Unknown));
}

#[test]
fn an_extra_keyframe_makes_no_short_part_and_no_false_promise() {
    let mut studio = live(Some(1_280), true);
    // A scene cut half a second into every group of pictures.
    for _ in 0..10 {
        studio.gop = 15;
        studio.run(500);
        studio.gop = 45;
        studio.run(1_500);
    }
    let read = studio.viewer.read();
    assert!(studio.viewer.durations().iter().rev().take(8).all(|millis| *millis == 2_000));
    for segment in read.segments.iter().filter(|segment| !segment.parts.is_empty()) {
        let flags: Vec<_> = segment.parts.iter().map(|part| part.independent).collect();
        assert_eq!(flags.iter().filter(|flag| **flag).count(), 1, "the cut lies inside a part: {flags:?}");
        assert_eq!(flags.first(), Some(&true));
    }
}

#[test]
fn frames_that_last_longer_than_a_part_leave_parts_without_frames() {
    for audio in [true, false] {
        let mut studio = live(Some(1_280), audio);
        studio.frame = (700, 1);
        studio.gop = 3;
        studio.run(10_500);
        studio.frame = (100, 3);
        studio.gop = 60;
        studio.run(10_000);
        assert_eq!(studio.viewer.breaks(), 0);
    }
}

#[test]
fn a_slide_show_has_parts_as_long_as_its_slides() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.frame = (1_000, 1);
    studio.gop = 2;
    studio.run(20_000);
    assert_eq!(studio.viewer.read().part_target.as_deref(), Some("PART-TARGET=1.001"));
    assert!(
        studio.viewer.durations().iter().all(|millis| *millis == 2_000),
        "{:?}",
        studio.viewer.durations()
    );
}

#[test]
fn sound_alone_has_parts_that_all_can_be_started_at() {
    let studio = live(None, true);
    let read = studio.viewer.read();
    assert!(read.parts().count() > 5 && read.parts().all(|part| part.independent));
    assert_eq!(read.part_target.as_deref(), Some("PART-TARGET=0.300"));
}

#[test]
fn parts_go_on_with_sound_while_pictures_stall() {
    let mut studio = live(Some(1_280), true);
    studio.run_with(1_500, false, true);
    let mut seen = BTreeSet::new();
    for _ in 0..35 {
        studio.run_with(100, false, true);
        seen.extend(studio.viewer.last_part());
    }
    assert!(seen.len() >= 9, "a part every third of a second: {seen:?}");
    studio.run(6_000);
    assert_eq!(studio.viewer.breaks(), 0);
    assert_eq!(studio.viewer.durations().last(), Some(&2_000));
}

#[test]
fn the_next_part_is_announced_while_the_encoder_is_away_and_comes_when_it_is_back() {
    let mut studio = live(Some(1_280), true);
    studio.run(700);
    studio.end(End::Lost);
    let hint = studio.viewer.read().next_part.clone().expect("a hint");
    assert!(studio.viewer.read().open.is_none(), "the last segment is whole");
    studio.wait(3_000);
    studio.break_clock(3_000);
    studio.run(500);
    let open = studio.viewer.read().open.as_ref().expect("parts");
    assert!(open.discontinuity && open.map.is_some());
    assert_eq!(open.parts.first().map(|part| &part.uri), Some(&hint));
}

#[test]
fn pictures_that_come_back_behind_a_cut_of_sound_make_no_part_too_long() {
    let config = Config { part: Duration::from_millis(100), window: 3, ..Config::default() };
    let mut studio = Studio::with(config, Some(1_280), true);
    studio.run_with(4_260, true, false);
    studio.pause(2_337);
    studio.run(1_000);
    assert_eq!(studio.viewer.read().part_target.as_deref(), Some("PART-TARGET=0.101"));
}

#[test]
fn a_new_init_segment_is_announced_before_the_part_that_needs_it() {
    let mut studio = live(Some(1_920), true);
    studio.tracks = tracks(Some(1_280), true);
    studio.send(&Frame::Media(picture(studio.at, 66, true, 4_000)));
    let map = studio.viewer.read().next_map.clone().expect("a hint");
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    assert!(matches!(snapshot.file(&map), Ok(File::Init(_))));
    studio.at += 33;
    studio.run(1_000);
    let read = studio.viewer.read();
    assert_eq!(read.next_map, None);
    let open = read.open.as_ref().expect("parts");
    assert_eq!((open.map.as_ref(), open.discontinuity), (Some(&map), true));
}

#[test]
fn a_reader_who_knows_the_past_is_not_told_it_again() {
    let config = Config { window: 12, ..Config::default() };
    let mut studio = Studio::with(config, Some(1_280), true);
    studio.run(50_000);
    assert!(studio.viewer.skipped > 100, "{}", studio.viewer.skipped);
    let snapshot = studio.viewer.snapshot.as_ref().expect("live");
    let skip = Ask { skip: true, ..Ask::default() };
    let Ok(File::Playlist(delta)) = snapshot.find(&studio.viewer.name, skip).file() else { panic!("live") };
    assert!(delta.plain.len() < studio.viewer.text.len());
    assert!(delta.plain.windows(32).any(|it| it == b"#EXT-X-SKIP:SKIPPED-SEGMENTS=6\n#"));
    let short = live(Some(1_280), true);
    assert_eq!(short.viewer.skipped, 0, "a short list is sent whole");
}

#[test]
fn without_low_latency_the_playlist_is_an_ordinary_one() {
    let mut studio = Studio::with(Config { low_latency: false, ..Config::default() }, Some(1_280), true);
    studio.run(20_000);
    for tag in ["PART", "SERVER-CONTROL", "PRELOAD", "SKIP"] {
        assert!(!studio.viewer.text.contains(tag), "{}", studio.viewer.text);
    }
    assert!(studio.viewer.text.starts_with("#EXTM3U\n#EXT-X-VERSION:6\n"));
}

#[test]
fn odd_frame_rates_and_part_lengths_keep_every_bound() {
    for frame in [(1_001, 24), (1_000, 15), (125, 1), (1_001, 60), (1_000, 7)] {
        for part in [100, 250, 333, 500, 1_000] {
            let config = Config { part: Duration::from_millis(part), ..Config::default() };
            for audio in [true, false] {
                let mut studio = Studio::with(config, Some(640), audio);
                studio.frame = frame;
                studio.gop = 2_000 * frame.1 / frame.0;
                studio.run(15_000);
                assert!(studio.viewer.read().parts().count() > 3, "{frame:?} {part}");
            }
        }
    }
}

/// How long the shortest part of all that are listed is, in hundredths of the part target.
fn shortest_part(studio: &Studio) -> i64 {
    let read = studio.viewer.read();
    let target =
        read.part_target.as_deref().and_then(|it| it.strip_prefix("PART-TARGET=")).expect("a target");
    let target = decimal(target);
    let finished = read.segments.iter().flat_map(|segment| &segment.parts);
    finished.map(|part| part.duration * 100 / target).min().expect("parts")
}

#[test]
fn the_parts_of_a_segment_are_of_one_length_and_the_last_is_no_splinter() {
    for (frame, gop) in [
        ((1_000, 25), 25),
        ((1_000, 50), 50),
        ((1_000, 25), 50),
        ((1_000, 25), 100),
        ((1_000, 25), 250),
        ((1_000, 24), 48),
        ((1_001, 24), 48),
        ((1_001, 30), 60),
        ((1_000, 30), 72),
        ((1_000, 50), 100),
        ((1_001, 60), 120),
        ((1_000, 60), 250),
    ] {
        for audio in [true, false] {
            let segment = Duration::from_secs(if frame.1 == gop { 1 } else { 2 });
            let mut studio = Studio::with(Config { segment, ..Config::default() }, Some(640), audio);
            (studio.frame, studio.gop) = (frame, gop);
            studio.run(30_000);
            let shortest = shortest_part(&studio);
            assert!(shortest >= 75, "{frame:?} {gop}: {shortest}% of a part");
        }
    }
    let shortest = shortest_part(&live(None, true));
    assert!(shortest >= 75, "sound: {shortest}% of a part");
}

/// A process that comes after another one.
fn following() -> Studio {
    let mut studio = Studio::new(Some(1_280), true);
    let lifecycle = Lifecycle::new(Config::default(), 0xfeed, MediaTime::from_millis(studio.wall));
    studio.lifecycle = lifecycle.breaking_from(20_000);
    studio
}

#[test]
fn the_first_list_of_a_process_begins_behind_a_break_for_players_of_the_one_that_died() {
    let first = |studio: &Studio| studio.viewer.read().segments.first().expect("segments").clone();
    assert!(!first(&live(Some(1_280), true)).discontinuity, "nobody was there before the first process");
    let mut studio = following();
    studio.run(6_000);
    assert!(first(&studio).discontinuity && first(&studio).map.is_some());
    assert_eq!(studio.viewer.breaks(), 0);
    studio.end(End::Clean);
    studio.run(6_000);
    assert!(!studio.viewer.read().segments[0].discontinuity, "everybody knows that the other one ended");
}

#[test]
fn a_list_that_is_interrupted_before_it_is_shown_begins_behind_a_break_all_the_same() {
    let mut studio = following();
    studio.run(300);
    studio.break_clock(500);
    studio.run(200);
    studio.send_tracks(1, 2);
    studio.run(6_000);
    assert!(studio.viewer.read().segments[0].discontinuity);
}

#[test]
fn a_list_as_it_is_by_default_has_delta_updates_and_a_short_one_does_not_promise_them() {
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(60_000);
    assert!(studio.viewer.skipped > 20, "{}", studio.viewer.skipped);
    assert!(studio.viewer.text.contains(",CAN-SKIP-UNTIL=12\n"), "{}", studio.viewer.text);
    let mut short = Studio::with(Config { window: 6, ..Config::default() }, Some(1_280), true);
    short.run(60_000);
    assert!(!short.viewer.text.contains("CAN-SKIP"), "{}", short.viewer.text);
    assert_eq!(short.viewer.skipped, 0);
}
