//! LL-HLS over a real publish: a viewer who waits for every part, and holds all that it is sent to the rules.

use std::thread;
use std::time::Duration;

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::http;
use crate::support::packets::Clip;
use crate::support::peers::{ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::until;
use crate::support::viewer::{Text, Viewer, check_index};

/// Reloads of one viewer: more than a whole window of parts.
const RELOADS: usize = 30;

fn walks(clip: &Clip, engine: &Gostream) {
    let _encoder = ffmpeg_publish_forever(clip, &engine.publish_url());
    let mut viewer = Viewer::start(engine);
    for _ in 0..RELOADS {
        viewer.reload();
    }
    assert_eq!(check_index(engine), 1);
    let whole: Vec<_> = viewer.text.segments.iter().filter(|segment| !segment.parts.is_empty()).collect();
    assert!(!whole.is_empty());
    for segment in whole {
        let joined: Vec<u8> = segment.parts.iter().flat_map(|part| viewer.get(&part.uri).body).collect();
        assert_eq!(joined, viewer.get(&segment.uri).body, "the parts of {} joined", segment.uri);
    }
}

#[test]
fn a_viewer_who_waits_for_every_part_sees_the_rules_kept() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    walks(&Clip::av(6), &engine);
    let renders = engine.count("gostream_hls_playlist_renders_total", &[("stream", PLAYBACK)]);
    assert!(renders >= RELOADS as f64, "{renders}");
    assert!(engine.count("gostream_hls_waiting_requests", &[("stream", PLAYBACK)]) < 0.5, "nobody waits");
}

#[test]
fn sound_alone_and_pictures_alone_keep_them_too() {
    needs!(Program::Ffmpeg);
    walks(&Clip::audio_only(6), &Gostream::start());
    walks(&Clip::video_only(6), &Gostream::start());
}

#[test]
fn a_delta_update_and_the_playlist_before_it_make_the_whole() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 20).start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let mut viewer = Viewer::start(&engine);
    until("a delta update that leaves segments out", || {
        viewer.reload();
        viewer.check_delta().is_some_and(|skipped| skipped >= 2)
    });
}

#[test]
fn a_part_that_is_asked_for_early_comes_when_it_is_whole() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let mut viewer = Viewer::start(&engine);
    for _ in 0..5 {
        viewer.reload();
        let hint = viewer.text.next_part.clone().expect("a hint");
        let early = viewer.get(&hint);
        assert_eq!(early.status, 200, "{}", early.text());
        assert_eq!(early.body, viewer.get(&hint).body);
        assert_eq!(early.body.get(4..8), Some(&b"moof"[..]));
    }
}

#[test]
fn who_waits_is_answered_when_the_source_is_cut_off() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let viewer = Viewer::start(&engine);
    let (server, far) = (engine.address("http"), viewer.text.next() + 1);
    let paths = [
        format!("{}{}?_HLS_msn={far}", viewer.folder, viewer.name),
        format!("{}{}?_HLS_msn={far}&_HLS_part=3", viewer.folder, viewer.name),
    ];
    let waiting = paths.map(|path| thread::spawn(move || http::get(server, &path)));
    until("both to wait", || engine.count("gostream_hls_waiting_requests", &[("stream", PLAYBACK)]) > 1.5);
    encoder.process.kill();
    for viewer in waiting {
        let answer = viewer.join().expect("no panic").expect("never a hung socket");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = Text::read(&answer.text());
        assert!(!text.ended && text.next_part.is_some(), "the encoder may return");
    }
}

#[test]
fn who_waits_is_told_of_the_end() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish(&Clip::av(6), &engine.publish_url());
    let mut viewer = Viewer::start(&engine);
    while !viewer.text.ended {
        viewer.reload();
    }
    encoder.process.end(Duration::from_secs(10), Signal::Int);
    let total: i64 = viewer.text.segments.iter().map(|segment| segment.duration).sum();
    assert!((total - 600_000).abs() < 20_000, "all of it is listed: {total}");
}

#[test]
fn the_playlist_is_an_ordinary_one_where_low_latency_is_off() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.low_latency", false).start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let viewer = Viewer::start(&engine);
    assert_eq!((viewer.text.version, &viewer.text.control, &viewer.text.next_part), (6, &None, &None));
    let answer = viewer.get(&format!("{}?_HLS_msn=1&_HLS_part=x", viewer.name));
    assert_eq!(answer.status, 200, "directives are for playlists that offer them");
}
