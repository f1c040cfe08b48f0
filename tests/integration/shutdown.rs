//! The end of the process: everybody is told, nothing is cut in the middle, and nobody waits for ever.

use std::time::Duration;

use crate::needs;
use crate::support::engine::Gostream;
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Packets};
use crate::support::peers::{Player, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::tap::Tap;
use crate::support::{let_flow, until};

#[test]
fn an_idle_engine_ends_at_once() {
    for signal in [Signal::Term, Signal::Int] {
        let mut engine = Gostream::start();
        engine.process().signal(signal);
        assert_eq!(engine.process().wait().code(), Some(0));
    }
}

#[test]
fn a_drain_ends_publishers_destinations_and_viewers_in_words() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(6);
    let nginx = Nginx::destination();
    let tap = Tap::before(nginx.address());
    let mut engine =
        Gostream::config().destination("one", &format!("rtmp://{}/live", tap.address()), "one").start();
    let mut encoder = ffmpeg_publish_forever(&clip, &engine.publish_url());
    nginx.until_receives("one");
    let mut viewer = Player::ffmpeg(&engine.play_url());
    until("the viewer to receive", || viewer.received_bytes() > 0);
    engine.drain();
    encoder.process.wait();
    viewer.process.wait();
    clip.assert_runs_in("the destination", &Packets::of(&nginx.recording("one")));
    assert!(nginx.was_told_the_end(), "{}", nginx.events());
    let session = &tap.sessions()[0];
    assert!(session.client_said("FCUnpublish") && session.client_said("deleteStream"));
    clip.assert_runs_in("the viewer", &viewer.packets());
}

#[test]
fn a_drain_does_not_wait_longer_than_it_may_for_a_destination_that_is_stuck() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    let tap = Tap::before(nginx.address());
    let mut engine = Gostream::config()
        .set("drain_timeout", "2s")
        .destination("stuck", &format!("rtmp://{}/live", tap.address()), "one")
        .start();
    let _encoder = ffmpeg_publish_forever(&Clip::heavy(6), &engine.publish_url());
    nginx.until_receives("one");
    tap.stop_reading();
    let_flow(Duration::from_secs(3));
    engine.process().signal(Signal::Term);
    engine.process().wait(); // the guard is far above drain_timeout; the code is the operator's hint, not the point
}

#[test]
fn a_second_signal_ends_it_now() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    let tap = Tap::before(nginx.address());
    let mut engine = Gostream::config()
        .set("drain_timeout", "10m")
        .set("relay.stall_timeout", "10m")
        .set("relay.queue", "5m")
        .destination("stuck", &format!("rtmp://{}/live", tap.address()), "one")
        .start();
    let _encoder = ffmpeg_publish_forever(&Clip::heavy(6), &engine.publish_url());
    nginx.until_receives("one");
    tap.stop_reading();
    let_flow(Duration::from_secs(3));
    engine.process().signal(Signal::Term);
    let_flow(Duration::from_millis(500));
    engine.process().signal(Signal::Term);
    engine.process().wait();
}
