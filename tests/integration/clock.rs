//! Encoders whose clocks begin where they hurt: nothing of it reaches destinations, players and viewers.

use gostream::rtmp::MessageType;

use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::http::Answer;
use crate::support::machines::{Feed, Show, Sink};
use crate::support::until;

/// Frames that a destination must have got: six seconds of pictures.
const PICTURES: usize = 180;

/// The show goes by a clock that begins at `from`, and comes out as any other does.
fn assert_ordinary(from: u32) {
    let sink = Sink::start(&[]);
    let engine = Gostream::config().destination("one", &sink.url(), "key").start();
    let show = Show::h264();
    let _feed = Feed::start(&engine.publish_url(), show.clone().starting_at(from));
    until("pictures at the destination", || {
        sink.publishes()
            .last()
            .is_some_and(|publish| publish.count(MessageType::VIDEO, &[0x27, 1]) >= PICTURES)
    });
    let publishes = sink.publishes();
    let media = &publishes[0].media;
    assert_eq!(media[0].timestamp, 0, "a destination's clock begins at 0");
    for type_id in [MessageType::AUDIO, MessageType::VIDEO] {
        let times: Vec<_> =
            media.iter().filter(|media| media.type_id == type_id).map(|media| media.timestamp).collect();
        let steps = times.windows(2).map(|pair| i64::from(pair[1]) - i64::from(pair[0]));
        assert!(steps.clone().all(|step| (0..200).contains(&step)), "{from}: {:?}", steps.max());
    }
    assert_eq!(publishes.len(), 1);
    drop(publishes);
    let discontinuities = engine.count("gostream_stream_discontinuities_total", &[("stream", PLAYBACK)]);
    assert!(discontinuities < 0.5, "{from}: {discontinuities}");
    let get = |file: &str| -> Answer { engine.get(&format!("/hls/{PLAYBACK}/{file}")) };
    let index = get("index.m3u8").text();
    let list = get(index.lines().last().expect("an address")).text();
    // The first list of a process begins with one, for players of the process before.
    let segments: Vec<_> = list.split("#EXTINF").skip(1).collect();
    assert!(
        !segments.is_empty() && segments.iter().all(|it| !it.contains("#EXT-X-DISCONTINUITY\n")),
        "{list}"
    );
}

#[test]
fn a_show_passes_4_h_39_min_where_timestamps_get_longer() {
    assert_ordinary(0x00FF_FFFF - 4_000);
}

#[test]
fn a_show_passes_24_and_49_days_where_timestamps_end() {
    assert_ordinary((1 << 31) - 4_000);
    assert_ordinary(u32::MAX - 4_000);
}

#[test]
fn a_clock_that_begins_after_a_month_is_as_good_as_any() {
    assert_ordinary(3_000_000_000);
}
