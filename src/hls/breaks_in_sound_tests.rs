//! Sources that are gone in the middle of something, and others that take over at once: what is left of the first.

use std::collections::BTreeMap;
use std::time::Duration;

use mp4_atom::{Decode as _, Moof};

use super::testing::{Studio, Viewer, picture, sound};
use super::{Config, File};
use crate::media::{End, Frame};

/// Decode times and ends of a segment's samples, in ticks, by track.
type Times = BTreeMap<u32, Vec<(u64, u64)>>;

/// What the segments hold that a viewer sees listed, in order.
fn segments(viewer: &Viewer) -> Vec<Times> {
    let snapshot = viewer.snapshot.as_ref().expect("live");
    let playlist = viewer.playlist.as_ref().expect("live");
    let times = |uri: &str| {
        let Ok(File::Segment(listed)) = snapshot.file(uri) else { panic!("{uri} is listed") };
        let mut times = Times::new();
        for part in &listed.segment.parts {
            let moof = Moof::decode(&mut &part.header[..]).expect("a moof");
            for traf in &moof.traf {
                let mut at = traf.tfdt.as_ref().expect("a decode time").base_media_decode_time;
                for sample in traf.trun.iter().flat_map(|run| run.samples.iter()) {
                    let length = sample.duration.or(traf.tfhd.default_sample_duration).expect("a duration");
                    let from = at;
                    at += u64::from(length);
                    times.entry(traf.tfhd.track_id).or_default().push((from, at));
                }
            }
        }
        times
    };
    playlist.segments.iter().map(|segment| times(&segment.uri)).collect()
}

/// 25 pictures a second, a keyframe every two seconds; and one more keyframe, with nothing behind it.
fn gone_behind_a_keyframe(sound_until: i64) -> Studio {
    let mut studio = Studio::new(Some(1_280), true);
    (studio.frame, studio.gop, studio.cts) = ((40, 1), 50, 0);
    studio.run(sound_until);
    studio.into_gop = sound_until / 40 % 50;
    studio.run_with(10_000 - sound_until, true, false);
    studio.into_gop = 0;
    studio.send(&Frame::Media(picture(10_000, 0, true, 4_000)));
    studio
}

#[test]
fn the_single_picture_of_a_source_that_was_replaced_right_behind_it_has_sound() {
    for sound_until in [10_000, 9_800, 9_200] {
        let mut studio = gone_behind_a_keyframe(sound_until);
        studio.break_clock(40);
        studio.run(6_000);
        let segments = segments(&studio.viewer);
        let at = segments.iter().position(|times| times[&1].len() == 1).expect("the picture is there");
        let (before, lone) = (&segments[at - 1], &segments[at]);
        let [(from, to)] = lone[&1][..] else { panic!("one picture") };
        assert_eq!(to - from, 3_600, "as long as those before it");
        let sound = lone.get(&2).expect("its segment has sound");
        assert_eq!(
            before[&2].last().map(|last| last.1),
            sound.first().map(|first| first.0),
            "without a hole"
        );
        let missing = (to * 48 / 90).abs_diff(sound.last().expect("some").1);
        assert!(
            missing <= 512,
            "{sound_until}: up to the end of the picture, but for half a unit: {missing}"
        );
    }
}

#[test]
fn a_show_that_ends_right_behind_a_keyframe_ends_as_it_was_sent() {
    let mut studio = gone_behind_a_keyframe(10_000);
    studio.end(End::Clean);
    let segments = segments(&studio.viewer);
    let lone = segments.last().expect("some");
    assert_eq!((lone[&1].len(), lone.get(&2)), (1, None));
}

/// Holds that each sample of a track begins where the one before it ended, in all segments.
fn assert_whole(viewer: &Viewer) {
    let mut ends = BTreeMap::new();
    for (track, samples) in segments(viewer).iter().flatten() {
        for (from, to) in samples {
            let before = ends.insert(*track, *to);
            assert!(before.is_none_or(|before| before == *from), "track {track} from {before:?} to {from}");
        }
    }
    assert_eq!(viewer.breaks(), 0);
}

/// Publishes parts or not, and shows all segments of a short show.
fn studio(low_latency: bool) -> Studio {
    Studio::with(Config { low_latency, window: 20, ..Config::default() }, Some(1_280), true)
}

#[test]
fn a_pause_longer_than_a_segment_may_be_is_a_break_behind_which_nothing_is_missing() {
    for (low_latency, pause) in [(true, 2_496), (false, 2_496), (true, 4_000), (false, 4_000)] {
        // The sound comes first, and was there until a while before the pictures ended, or longer than they.
        for without_sound in [0, 400] {
            let mut studio = studio(low_latency);
            studio.run(5_483 - without_sound);
            studio.run_with(without_sound, true, false);
            studio.pause(pause);
            studio.run(6_000);
            assert_eq!(studio.viewer.breaks(), 1, "{low_latency} {pause}");
            for times in segments(&studio.viewer) {
                let [picture, sound] = [1, 2].map(|track| times[&track].last().expect("some").1);
                let apart = (picture * 48 / 90).abs_diff(sound);
                assert!(apart <= 2 * 1_024, "{low_latency} {pause}: no picture without sound: {apart}");
            }
        }
    }
}

#[test]
fn a_pause_that_a_segment_can_hold_leaves_no_hole_in_any_track() {
    for low_latency in [true, false] {
        let mut studio = studio(low_latency);
        studio.run(8_179);
        // Longer than what is left of the segment.
        studio.pause(2_318);
        studio.run(6_000);
        assert_whole(&studio.viewer);
    }
    // The pictures were missing for a second, and the sound for a little less.
    let mut studio =
        Studio::with(Config { part: Duration::from_secs(1), ..Config::default() }, Some(1_280), true);
    studio.run(6_465);
    studio.pause(981);
    studio.run(6_000);
    assert_whole(&studio.viewer);
    // The first segment may be longest.
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(200);
    studio.run_with(337, true, false);
    studio.pause(9_900);
    studio.run(6_000);
    assert_whole(&studio.viewer);
}

#[test]
fn nor_in_the_sound_of_another_track() {
    let mut studio = studio(true);
    studio.send_tracks(1, 2);
    studio.watch(3);
    studio.run(8_200);
    studio.pause(1_500);
    // In the middle of a group of pictures.
    studio.into_gop = 50;
    studio.run(6_000);
    assert_whole(&studio.viewer);
    studio.others.iter().for_each(assert_whole);
}

#[test]
fn sound_that_goes_on_without_pictures_moves_the_segments_on_without_a_break() {
    for low_latency in [true, false] {
        for pause in [0, 600, 1_600] {
            let mut studio = studio(low_latency);
            studio.run(7_950);
            studio.pause(pause);
            studio.run_with(950, false, true);
            // It is late, and nothing of it is missing.
            studio.wait(600);
            studio.run_with(9_000, false, true);
            assert!(studio.viewer.durations().len() >= 7, "{:?}", studio.viewer.durations());
            studio.run(6_000);
            assert_eq!(studio.viewer.breaks(), 0, "{low_latency} {pause}");
        }
    }
}

#[test]
fn sound_that_comes_in_bursts_is_no_pause_and_goes_on_alone() {
    let mut studio = studio(true);
    studio.run(7_950);
    // 28 access units each 597 ms.
    for burst in 0..20 {
        let before = studio.viewer.last_part();
        studio.wait(597);
        for unit in 0..28 {
            studio.send(&Frame::Media(sound((373 + 28 * burst + unit) * 1_024 / 48)));
        }
        assert!(burst < 2 || studio.viewer.last_part() != before, "no part by burst {burst}");
    }
}

#[test]
fn sound_that_goes_on_where_pictures_were_gone_before_it_is_not_dropped_with_them() {
    let mut studio = studio(false);
    (studio.frame, studio.gop) = ((40, 1), 100);
    studio.run(8_100);
    studio.run_with(3_000, false, true);
    studio.pause(1_600);
    let before = studio.viewer.durations().len();
    studio.run_with(12_000, false, true);
    assert!(studio.viewer.durations().len() > before + 2, "{:?}", studio.viewer.durations());
}
