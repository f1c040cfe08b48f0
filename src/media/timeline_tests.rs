//! Clocks that encoders really have, and what the stream's clock makes of them.

use super::*;
use proptest::prelude::*;

const VIDEO: TrackId = TrackId::VIDEO;
const AUDIO: TrackId = TrackId::AUDIO;

fn place(timeline: &mut Timeline, track: TrackId, millis: u32) -> i64 {
    let placed = timeline.place(track, millis);
    assert!(!placed.discontinuity, "a break at {millis}");
    placed.dts.as_millis()
}

fn video(timeline: &mut Timeline, millis: impl IntoIterator<Item = u32>) -> Vec<i64> {
    millis.into_iter().map(|millis| place(timeline, VIDEO, millis)).collect()
}

fn broke(timeline: &mut Timeline, track: TrackId, millis: u32) -> i64 {
    let placed = timeline.place(track, millis);
    assert!(placed.discontinuity, "no break at {millis}");
    placed.dts.as_millis()
}

#[test]
fn a_stream_starts_at_zero_wherever_the_encoder_starts() {
    assert_eq!(video(&mut Timeline::default(), [3_000_000_000, 3_000_000_033]), [0, 33]);
}

#[test]
fn four_hours_and_forty_minutes_pass_without_a_glitch() {
    let mut timeline = Timeline::default();
    assert_eq!(video(&mut timeline, [16_777_182, 16_777_215, 16_777_248]), [0, 33, 66]);
}

#[test]
fn a_small_step_back_is_no_break() {
    let mut timeline = Timeline::default();
    assert_eq!(video(&mut timeline, [1_000, 1_033, 1_017, 1_066]), [0, 33, 34, 66]);
}

#[test]
fn the_clock_goes_on_where_32_or_31_bits_end() {
    let mut timeline = Timeline::default();
    assert_eq!(video(&mut timeline, [u32::MAX - 10, 22, 55]), [0, 33, 66]);
    let mut timeline = Timeline::default();
    assert_eq!(video(&mut timeline, [0x7FFF_FFF0, 17, 50]), [0, 33, 66]);
    // One that uses the 32nd bit does not wrap there.
    let mut timeline = Timeline::default();
    assert_eq!(video(&mut timeline, [0x7FFF_FFF0, 0x8000_0011, 0x8000_0032]), [0, 33, 66]);
}

#[test]
fn both_tracks_wrap_each_in_its_turn() {
    let mut timeline = Timeline::default();
    assert_eq!(place(&mut timeline, VIDEO, u32::MAX - 20), 0);
    assert_eq!(place(&mut timeline, AUDIO, u32::MAX - 10), 10);
    assert_eq!(place(&mut timeline, VIDEO, 12), 33);
    assert_eq!(place(&mut timeline, AUDIO, u32::MAX), 20);
    assert_eq!(place(&mut timeline, AUDIO, 20), 41);
}

#[test]
fn tracks_whose_clocks_have_nothing_in_common_are_aligned_by_arrival() {
    let mut timeline = Timeline::default();
    assert_eq!(place(&mut timeline, VIDEO, 3_000_000_000), 0);
    assert_eq!(place(&mut timeline, VIDEO, 3_000_000_033), 33);
    assert_eq!(place(&mut timeline, AUDIO, 0), 33);
    assert_eq!(place(&mut timeline, AUDIO, 23), 56);
    assert_eq!(place(&mut timeline, VIDEO, 3_000_000_066), 66);
}

#[test]
fn tracks_that_start_a_little_apart_stay_apart() {
    let mut timeline = Timeline::default();
    assert_eq!(place(&mut timeline, VIDEO, 5_000), 0);
    assert_eq!(place(&mut timeline, AUDIO, 5_046), 46);
    assert_eq!(place(&mut timeline, VIDEO, 5_033), 33);
    assert_eq!(place(&mut timeline, AUDIO, 5_069), 69);
}

#[test]
fn what_a_second_track_sends_from_before_the_first_frame_has_no_place() {
    let mut timeline = Timeline::default();
    assert!(!timeline.precedes(VIDEO, 5_000), "it begins the stream");
    for begin in [0, 160] {
        // Sound comes late, and from before the picture.
        timeline.place(VIDEO, 5_000);
        place(&mut timeline, VIDEO, 5_040);
        assert!(timeline.precedes(AUDIO, 4_900) && timeline.precedes(AUDIO, 4_999));
        assert!(!timeline.precedes(AUDIO, 5_000));
        assert_eq!(place(&mut timeline, AUDIO, 5_020), begin + 20, "in sync from its first frame");
        assert!(!timeline.precedes(AUDIO, 4_999), "a track that has begun is no matter of this");
        assert!(!timeline.precedes(TrackId { index: 1, ..AUDIO }, 100), "on another clock");
        assert_eq!(place(&mut timeline, VIDEO, 5_100), begin + 100);
        timeline.new_source();
    }
}

#[test]
fn a_repeated_timestamp_still_moves_by_a_millisecond() {
    let mut timeline = Timeline::default();
    assert_eq!(video(&mut timeline, [100, 100, 100, 133]), [0, 1, 2, 33]);
}

#[test]
fn data_never_moves_the_clock() {
    let mut timeline = Timeline::default();
    assert_eq!(timeline.place_data(77).as_millis(), 0);
    video(&mut timeline, [90_000, 90_033, 96_000]);
    assert_eq!(timeline.place_data(0).as_millis(), 6_000, "a stamp of zero is now");
    assert_eq!(timeline.place_data(95_900).as_millis(), 5_900);
    assert_eq!(timeline.place_data(4_000_000_000).as_millis(), 6_000);
    assert_eq!(place(&mut timeline, VIDEO, 96_033), 6_033);
}

#[test]
fn an_hour_forward_or_ten_seconds_back_is_one_break_for_both_tracks() {
    for jump in [3_600_000_i64, -10_000, 0x5175_0A9A] {
        let mut timeline = Timeline::default();
        let at = |millis: i64| u32::try_from(millis + 100_000).expect("in range");
        for n in 0..100 {
            place(&mut timeline, VIDEO, at(n * 40));
            place(&mut timeline, AUDIO, at(n * 40 + 10));
        }
        // The video's clock breaks first; a sound from before is still on its way.
        assert_eq!(broke(&mut timeline, VIDEO, at(4_000 + jump)), 3_970 + 40, "jump by {jump}");
        assert_eq!(place(&mut timeline, AUDIO, at(4_010)), 4_010);
        assert_eq!(place(&mut timeline, AUDIO, at(4_050 + jump)), 4_060, "one offset for both");
        assert_eq!(place(&mut timeline, VIDEO, at(4_040 + jump)), 4_050);
        assert_eq!(place(&mut timeline, AUDIO, at(4_090 + jump)), 4_100);
    }
}

#[test]
fn a_gap_of_some_seconds_stays_a_gap() {
    let mut timeline = Timeline::default();
    assert_eq!(video(&mut timeline, [0, 33, 8_033]), [0, 33, 8_033]);
}

#[test]
fn a_gap_of_both_tracks_stays_a_gap_once_both_show_it() {
    let mut timeline = Timeline::default();
    for n in 0..50 {
        place(&mut timeline, VIDEO, n * 40);
        place(&mut timeline, AUDIO, n * 40 + 10);
    }
    assert_eq!(place(&mut timeline, VIDEO, 7_000), 2_000, "nobody knows yet whether it is alone");
    assert_eq!(place(&mut timeline, AUDIO, 7_010), 7_010);
    assert_eq!(place(&mut timeline, VIDEO, 7_040), 7_040);
    assert_eq!(place(&mut timeline, AUDIO, 7_050), 7_050);
}

#[test]
fn a_track_that_jumps_alone_goes_on_beside_the_other() {
    for (jumps, stays) in [(VIDEO, AUDIO), (AUDIO, VIDEO)] {
        let mut timeline = Timeline::default();
        for n in 0..50 {
            place(&mut timeline, jumps, n * 40);
            place(&mut timeline, stays, n * 40);
        }
        for n in 50..500_u32 {
            assert_eq!(place(&mut timeline, jumps, n * 40 + 9_000), i64::from(n * 40));
            assert_eq!(place(&mut timeline, stays, n * 40), i64::from(n * 40));
        }
        // Its clock is set right again.
        assert_eq!(place(&mut timeline, jumps, 20_000), 20_000);
        assert_eq!(place(&mut timeline, stays, 20_000), 20_000);
        // Tracks and moments that come later count as this one does.
        assert_eq!(timeline.place_data(20_010).as_millis(), 20_010);
        assert_eq!(place(&mut timeline, TrackId { index: 1, ..AUDIO }, 20_020), 20_020);
    }
}

/// Pictures 40 ms apart with sound twice between them, `late` by so much, whose clocks jump by so much at a picture; what
/// became of them.
fn with_jumps(late: i64, jumps: &[(i64, TrackId, i64)], frames: i64) -> Vec<[i64; 2]> {
    let mut timeline = Timeline::default();
    let mut place = |n: i64, track: TrackId, behind: i64| {
        let jumped = jumps.iter().filter(|(at, of, _)| *at <= n && *of == track).map(|(_, _, by)| by);
        let sent = (n * 40 + behind + jumped.sum::<i64>()).rem_euclid(1 << 32);
        timeline.place(track, sent.try_into().expect("32 bits")).dts.as_millis()
    };
    let placed =
        (0..frames).map(|n| [place(n, VIDEO, 0), place(n, AUDIO, 5 - late), place(n, AUDIO, 25 - late)]);
    placed.map(|[video, _, audio]| [video, audio]).collect()
}

#[test]
fn a_track_stays_where_it_is_while_another_jumps_for_the_second_time() {
    let placed = with_jumps(0, &[(10, VIDEO, -3_842), (45, AUDIO, 271), (171, VIDEO, 2_887)], 250);
    for [before, after] in placed.array_windows().skip(46) {
        assert_eq!(after[1] - before[1], 40, "{before:?} and {after:?}");
    }
}

#[test]
fn a_track_that_jumped_alone_is_not_held_still_to_count_as_the_others_do() {
    let placed = with_jumps(0, &[(10, AUDIO, 1_137), (45, VIDEO, -3_731), (276, VIDEO, 3_853)], 350);
    for [before, after] in placed.array_windows().skip(278) {
        assert_eq!([after[0] - before[0], after[1] - before[1]], [40, 40], "{before:?} and {after:?}");
    }
}

#[test]
fn a_track_comes_to_the_other_that_cannot_come_to_it() {
    let jumps =
        [(10, AUDIO, 501), (40, AUDIO, 689), (125, VIDEO, 6_300), (155, AUDIO, 3_585), (185, VIDEO, -1_040)];
    for [video, audio] in with_jumps(0, &jumps, 500).into_iter().skip(200) {
        assert!((video - audio).abs() < 1_000, "{video} and {audio}");
    }
}

#[test]
fn a_clock_that_is_set_right_again_is_right_however_late_the_sound_is() {
    for late in [0, 250, 480] {
        for (track, by) in [(AUDIO, -600), (VIDEO, 700), (VIDEO, 1_200), (AUDIO, 2_500)] {
            let placed = with_jumps(late, &[(250, track, by), (400, track, -by)], 600);
            for n in 450..600 {
                let [video, audio] = placed[usize::try_from(n).expect("small")];
                assert_eq!((video, audio), (n * 40, n * 40 + 25 - late), "{track:?} by {by}, {late} late");
            }
        }
    }
}

#[test]
fn slides_beside_sound_and_sound_that_pauses_are_no_jumps() {
    let mut timeline = Timeline::default();
    for n in 0..2_000_u32 {
        // A picture each second, and now and then none for seven.
        if n.is_multiple_of(25) && !(500..675).contains(&n) {
            assert_eq!(place(&mut timeline, VIDEO, n * 40), i64::from(n * 40));
        }
        // Sound that stops for eight seconds.
        if !(1_000..1_200).contains(&n) {
            assert_eq!(place(&mut timeline, AUDIO, n * 40 + 5), i64::from(n * 40 + 5));
        }
    }
}

#[test]
fn a_track_that_was_silent_for_long_comes_back_in_sync() {
    let mut timeline = Timeline::default();
    place(&mut timeline, AUDIO, 0);
    for n in 0..1_000 {
        place(&mut timeline, VIDEO, n * 40);
    }
    assert_eq!(place(&mut timeline, AUDIO, 39_970), 39_970);
}

#[test]
fn one_garbage_timestamp_leaves_the_tracks_in_sync() {
    let mut timeline = Timeline::default();
    for n in 0..10 {
        place(&mut timeline, VIDEO, n * 40);
        place(&mut timeline, AUDIO, n * 40);
    }
    broke(&mut timeline, VIDEO, 0x5175_0A9A);
    place(&mut timeline, AUDIO, 400);
    broke(&mut timeline, VIDEO, 440);
    place(&mut timeline, AUDIO, 440);
    let video = place(&mut timeline, VIDEO, 480);
    assert_eq!(place(&mut timeline, AUDIO, 480), video);
}

#[test]
fn a_source_that_returns_goes_on_right_behind_the_last_frame() {
    let mut timeline = Timeline::default();
    timeline.new_source();
    assert_eq!(video(&mut timeline, [500, 540, 580]), [0, 40, 80]);
    assert_eq!(place(&mut timeline, AUDIO, 590), 90);
    timeline.new_source();
    assert_eq!(timeline.place_data(0).as_millis(), 90, "no frame of the new source yet");
    assert_eq!(broke(&mut timeline, VIDEO, 7), 130);
    assert_eq!(place(&mut timeline, AUDIO, 17), 140);
    assert_eq!(place(&mut timeline, VIDEO, 47), 170);
}

fn sent() -> impl Strategy<Value = Vec<(bool, u32)>> {
    let millis = prop_oneof![4 => 0u32..3_000, 2 => any::<u32>(), 1 => 0x7FFF_F000u32..0x8000_1000];
    proptest::collection::vec((any::<bool>(), millis), 0..200)
}

proptest! {
    #[test]
    fn decode_times_of_a_track_only_grow_whatever_is_sent(sent in sent(), renewed in 0usize..200) {
        let mut timeline = Timeline::default();
        let mut last = [-1; 2];
        for (n, (is_video, millis)) in sent.into_iter().enumerate() {
            if n == renewed {
                timeline.new_source();
            }
            let dts = timeline.place(if is_video { VIDEO } else { AUDIO }, millis).dts.as_millis();
            let last = &mut last[usize::from(is_video)];
            prop_assert!(dts > *last, "{dts} after {last}");
            *last = dts;
            prop_assert!(timeline.place_data(millis).as_millis() >= 0);
        }
    }

    #[test]
    fn clocks_that_jump_alone_leave_the_tracks_beside_each_other(
        start in any::<u32>(),
        jumps in proptest::collection::vec((10u32..500, any::<bool>(), -15_000i64..15_000), 0..10),
    ) {
        let mut timeline = Timeline::default();
        let mut off = [i64::from(start); 2];
        // One after the other: what two of them at once have in common cannot be told from what they have not, and a step back
        // holds its track still for up to a second.
        let mut jumps = jumps;
        jumps.sort_unstable();
        jumps.dedup_by(|next, one| next.0 < one.0 + 30);
        for n in 0..600 {
            for (_, is_video, by) in jumps.iter().filter(|(at, ..)| *at == n) {
                off[usize::from(*is_video)] += by;
            }
            for (track, at) in [(VIDEO, n * 40), (AUDIO, n * 40 + 5), (AUDIO, n * 40 + 25)] {
                let sent = off[usize::from(track == VIDEO)] + i64::from(at);
                timeline.place(track, sent.rem_euclid(1 << 32).try_into().expect("32 bits"));
            }
            let [video, audio] = [VIDEO, AUDIO].map(|track| timeline.last(track).expect("placed").as_millis());
            // Not at once: of two that jump to one time the other has yet to show it.
            let settled = jumps.iter().all(|(at, ..)| !(*at..*at + 5).contains(&n));
            prop_assert!(!settled || (video - audio).abs() <= JUMP_APART_MAX + 250, "{n}: {video} and {audio}");
        }
    }

    #[test]
    fn a_steady_source_keeps_the_distance_of_its_tracks(start in any::<u32>(), apart in 0u32..900, count in 2u32..300) {
        let mut timeline = Timeline::default();
        for n in 0..count {
            let (video, audio) = (start.wrapping_add(n * 33), start.wrapping_add(n * 33 + apart));
            prop_assert_eq!(place(&mut timeline, VIDEO, video), i64::from(n * 33));
            prop_assert_eq!(place(&mut timeline, AUDIO, audio), i64::from(n * 33 + apart));
        }
    }

    #[test]
    fn a_break_moves_all_tracks_by_one_offset(
        start in any::<u32>(), jump in 20_000u32..1_000_000_000, back in any::<bool>(),
        apart in 0u32..200, video_first in any::<bool>(),
    ) {
        let mut timeline = Timeline::default();
        for n in 0..20 {
            place(&mut timeline, VIDEO, start.wrapping_add(n * 40));
            place(&mut timeline, AUDIO, start.wrapping_add(n * 40 + apart));
        }
        let base = if back { start.wrapping_sub(jump) } else { start.wrapping_add(jump) };
        let mut order = [(VIDEO, 800), (AUDIO, 800 + apart)];
        if !video_first {
            order.reverse();
        }
        let breaks: Vec<_> = order.iter().map(|(track, at)| timeline.place(*track, base.wrapping_add(*at)).discontinuity).collect();
        prop_assert_eq!(breaks, [true, false]);
        let video = place(&mut timeline, VIDEO, base.wrapping_add(1_000));
        let audio = place(&mut timeline, AUDIO, base.wrapping_add(1_000 + apart));
        prop_assert_eq!(audio - video, i64::from(apart));
    }
}
