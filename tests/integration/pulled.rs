//! The encoder is away for ten seconds, with all settings as they come: a recording has no hole, and no list stands still.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::needs;
use crate::support::engine::{Config, Gostream, PLAYBACK};
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Kind, Packets};
use crate::support::peers::{Encoder, assert_decodes, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::viewer::Viewer;
use crate::support::{let_flow, until};

/// Repeated pictures come twice a second. A source that returns may have its first one a little later.
const PICTURES_APART_MS: i64 = 700;
/// Silence follows sound without a hole; a source that comes back may leave one of a frame's length or two.
const SOUND_APART_MS: i64 = 150;
const AWAY: Duration = Duration::from_secs(10);

/// Ends a loop, also where its test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long the stream's media playlist was the same at the longest while something happened, and its target duration.
fn standstill(engine: &Gostream, happens: impl FnOnce()) -> (Duration, Duration) {
    let over = AtomicBool::new(false);
    let viewer = Viewer::start(engine);
    let target = Duration::from_secs(viewer.text.target);
    thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let (mut text, mut since, mut longest) = (String::new(), Instant::now(), Duration::ZERO);
            while !over.load(Ordering::Relaxed) {
                let now = viewer.get(&viewer.name).text();
                longest = longest.max(since.elapsed());
                if now != text {
                    (text, since) = (now, Instant::now());
                }
                thread::sleep(Duration::from_millis(50));
            }
            longest
        });
        let guard = Over(&over);
        happens();
        drop(guard);
        (watching.join().expect("the list is there"), target)
    })
}

/// As it comes, but for the addresses.
fn by_default(nginx: &Nginx) -> Config {
    Gostream::config().set("hls.segment", "2s").destination("one", &nginx.url(), "one")
}

/// One publish of one recording, which decodes clean, and whose times grow without a hole.
fn assert_whole(engine: &Gostream, nginx: &Nginx) {
    let recording = nginx.recording("one");
    assert_decodes(&recording.to_string_lossy());
    assert_eq!(nginx.events().matches("publish: name=").count(), 1);
    let output = [("stream", PLAYBACK), ("output", "one")];
    assert!(engine.count("gostream_output_reconnects_total", &output) < 0.5);
    let packets = Packets::of(&recording);
    for (kind, apart) in [(Kind::Video, PICTURES_APART_MS), (Kind::Audio, SOUND_APART_MS)] {
        let times: Vec<i64> = packets.track(kind).iter().map(|packet| packet.dts).collect();
        let seconds = (times[times.len() - 1] - times[0]) / 1_000;
        assert!(seconds >= 15, "{kind:?} of {seconds} s");
        for pair in times.windows(2) {
            let step = pair[1] - pair[0];
            assert!((1..=apart).contains(&step), "{kind:?} goes from {} to {}", pair[0], pair[1]);
        }
    }
}

/// The encoder is there for five seconds, away for ten as `pulled` says, and back for five.
fn away(pulled: impl FnOnce(&Gostream, Encoder) -> Encoder) {
    let nginx = Nginx::destination();
    let engine = by_default(&nginx).start();
    let encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    nginx.until_receives("one");
    engine.until_playable();
    let_flow(Duration::from_secs(3));
    let (longest, target) = standstill(&engine, || {
        let mut encoder = pulled(&engine, encoder);
        let_flow(Duration::from_secs(5));
        encoder.process.signal(Signal::Int);
        encoder.process.wait();
    });
    assert_whole(&engine, &nginx);
    assert!(longest <= target * 3 / 2, "the list stood still for {longest:?}, its target is {target:?}");
}

#[test]
fn a_cable_that_is_pulled_for_ten_seconds_leaves_no_hole() {
    needs!(Program::Ffmpeg, Program::Nginx);
    away(|engine, mut encoder| {
        encoder.process.signal(Signal::Stop); // connected, and silent
        let_flow(AWAY);
        assert!(engine.stream_is("live"), "nobody has gone");
        encoder.process.signal(Signal::Cont);
        let back = || engine.logged(|line| line["message"] == "the encoder is back");
        until("the encoder to be back", back);
        encoder
    });
}

#[test]
fn an_encoder_that_dies_and_is_started_ten_seconds_later_leaves_no_hole() {
    needs!(Program::Ffmpeg, Program::Nginx);
    away(|engine, mut encoder| {
        encoder.process.kill();
        let_flow(AWAY);
        assert!(engine.stream_is("interrupted"));
        let again = ffmpeg_publish_forever(&Clip::av_wider(6), &engine.publish_url());
        engine.until_stream("live");
        again
    });
}
