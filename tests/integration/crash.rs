//! The process is killed in the middle of a show and started again: players go on where they were.

use std::collections::HashSet;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::packets::Clip;
use crate::support::peers::{Player, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::until;
use crate::support::viewer::{Text, Viewer};

fn breaks(text: &Text) -> u64 {
    text.segments.iter().chain(&text.open).filter(|segment| segment.discontinuity).count() as u64
}

/// Watches until the list has so many breaks behind its first segment, one reload after the other held to the rules.
fn watched(viewer: &mut Viewer<'_>, more: u64) -> Text {
    let before = viewer.text.discontinuities + breaks(&viewer.text);
    until("another break", || {
        viewer.reload();
        viewer.text.discontinuities + breaks(&viewer.text) >= before + more && viewer.text.segments.len() >= 3
    });
    viewer.text.clone()
}

#[test]
fn players_go_on_behind_a_process_that_was_killed() {
    needs!(Program::Ffmpeg);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let mut engine = Gostream::config().set("http.listen", port.to_string()).start();
    let (mut known, mut uris) = (None::<(String, Text)>, HashSet::new());
    // Twice, for the second crash comes within the hour of the first.
    for _ in 0..3 {
        let mut first = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
        let mut viewer = Viewer::start(&engine);
        if let Some((name, before)) = known.take() {
            let answer = viewer.get(&name);
            assert_eq!(answer.status, 200, "the address that a player has still leads to the show");
            let now = Text::read(&answer.text());
            assert!(now.sequence >= before.next(), "{} after {}", now.sequence, before.next());
            assert!(
                now.discontinuities >= before.discontinuities + breaks(&before),
                "{} after {} and {} more",
                now.discontinuities,
                before.discontinuities,
                breaks(&before)
            );
            assert!(now.segments[0].discontinuity && now.segments[0].map.is_some());
            now.check_after(&before, &answer.text());
            assert!(now.segments.iter().all(|segment| !uris.contains(&segment.uri)));
            let url = engine.http_url(&format!("/hls/{PLAYBACK}/{name}"));
            let mut player = Player::decoding(Command::new("ffmpeg"), &url);
            until("pictures", || player.pictures().len() > 50);
            player.process.end(Duration::ZERO, Signal::Int);
            assert_eq!(player.process.log().trim(), "", "it decodes clean");
        }
        watched(&mut viewer, 0);
        first.process.kill();
        let _again = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
        let last = watched(&mut viewer, 1);
        uris.extend(last.segments.iter().map(|segment| segment.uri.clone()));
        known = Some((viewer.name.clone(), last));
        engine.crash();
    }
}
