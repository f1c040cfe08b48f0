//! Recorded and constructed timelines (`tests/fixtures/timelines`): whatever a clock does, what comes out keeps the rules.

use std::path::Path;

use super::*;

/// How far below zero fMP4 can show a picture, in milliseconds: a session's clock begins there.
const BELOW_ZERO_MAX: i64 = 10_000;

/// What a file says of itself.
#[derive(Debug, Default)]
struct Wanted {
    breaks: usize,
    step: i64,
    skew: i64,
    two_offsets: bool,
}

fn wanted(text: &str) -> Wanted {
    let mut wanted = Wanted { skew: 5, ..Wanted::default() };
    for line in text.lines().filter_map(|line| line.strip_prefix("! ")) {
        let (name, value) = line.split_once(' ').expect("a name and a value");
        let number = || value.parse().expect("a number");
        match name {
            "breaks" => wanted.breaks = usize::try_from(number()).expect("few"),
            "step" => wanted.step = number(),
            "skew" => wanted.skew = number(),
            "offsets" => wanted.two_offsets = true,
            other => panic!("{other} is not known"),
        }
    }
    wanted
}

/// How far a track was moved, on an axis of 31 bits: where FFmpeg wraps, and a divisor of where others do.
fn offset(dts: i64, sent: u32) -> i64 {
    (dts - i64::from(sent)).rem_euclid(1 << 31)
}

fn check(name: &str, text: &str) {
    let wanted = wanted(text);
    let mut timeline = Timeline::default();
    let mut tracks = [None; 2];
    let (mut breaks, mut counted) = (0, 0);
    for line in text.lines().filter(|line| !line.starts_with(['#', '!'])) {
        let before = timeline.newest().map(MediaTime::as_millis);
        if line == "new" {
            timeline.new_source();
            tracks = [None; 2];
            continue;
        }
        let fields: Vec<&str> = line.split(' ').collect();
        let millis: u32 = fields[1].parse().unwrap_or_else(|_| panic!("{name}: {line}"));
        if fields[0] == "d" {
            let at = timeline.place_data(millis).as_millis();
            assert_eq!(timeline.newest().map(MediaTime::as_millis), before, "{name}: data moves the clock");
            assert!((at - before.unwrap_or(0)).abs() <= DATA_APART_MAX, "{name}: {line} at {at}");
            continue;
        }
        let (index, track) = if fields[0] == "v" { (0, TrackId::VIDEO) } else { (1, TrackId::AUDIO) };
        let last = timeline.last(track).map_or(-1, MediaTime::as_millis);
        let placed = timeline.place(track, millis);
        let dts = placed.dts.as_millis();
        assert!(dts > last, "{name}: {line} goes from {last} to {dts}");
        let newest = timeline.newest().expect("something came").as_millis();
        assert!(
            newest - before.unwrap_or(0) <= wanted.step,
            "{name}: {line} takes the clock from {before:?} to {newest}"
        );
        let cts: i64 = fields.get(2).map_or(0, |cts| cts.parse().expect("a composition time"));
        assert!(dts + cts + BELOW_ZERO_MAX >= 0, "{name}: {line} is shown before the beginning");
        breaks += usize::from(placed.discontinuity);
        counted += 1;
        tracks[index] = Some(offset(dts, millis));
    }
    assert_eq!(breaks, wanted.breaks, "{name}: breaks");
    assert!(counted >= 30, "{name}: {counted} frames");
    if let [Some(video), Some(audio)] = tracks
        && !wanted.two_offsets
    {
        let skew = (video - audio).abs();
        assert!(skew.min((1 << 31) - skew) <= wanted.skew, "{name}: moved {skew} ms apart");
    }
}

#[test]
fn every_timeline_comes_out_by_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/timelines");
    let entries = std::fs::read_dir(&folder).expect("the folder is there");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("the folder can be listed").path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    assert!(names.len() >= 20, "{} timelines", names.len());
    for path in names {
        let text = std::fs::read_to_string(&path).expect("text");
        check(&path.file_stem().expect("a name").to_string_lossy(), &text);
    }
}
