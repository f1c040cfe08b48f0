//! The means themselves: that the peers work without us, so that a failure elsewhere is the engine's.

use crate::needs;
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Packets};
use crate::support::peers::{GST_RETIMES_MS, Player, ffmpeg_publish, gst_publish};
use crate::support::programs::Program;
use crate::support::tap::Tap;

/// Prints what is absent on this machine, once, so that a run with skipped tests says so at its end.
#[test]
fn what_is_skipped_on_this_machine() {
    for program in Program::ALL {
        crate::support::programs::all_here(&[*program]);
    }
}

#[test]
fn nginx_records_what_ffmpeg_sends_byte_for_byte() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(4);
    let nginx = Nginx::destination();
    let tap = Tap::before(nginx.address());
    let mut encoder = ffmpeg_publish(&clip, &format!("rtmp://{}/live/one", tap.address()));
    nginx.until_receives("one");
    encoder.process.succeed();
    let recording = nginx.recording("one");
    clip.assert_whole_in("nginx", &Packets::of(&recording), 1);
    assert!(nginx.was_told_the_end());
    assert!(tap.sessions()[0].client_said("FCUnpublish"));
}

#[test]
fn nginx_sees_the_difference_between_an_end_and_a_crash() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    let mut encoder = ffmpeg_publish(&Clip::av(8), &format!("{}/one", nginx.url()));
    nginx.until_receives("one");
    encoder.process.kill();
    nginx.recording("one");
    assert!(!nginx.was_told_the_end());
}

#[test]
fn a_viewer_of_nginx_gets_the_same_packets() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::av(6);
    let nginx = Nginx::destination();
    let mut encoder = ffmpeg_publish(&clip, &format!("{}/one", nginx.url()));
    nginx.until_receives("one");
    let pulling = Nginx::pulling(nginx.address(), "one");
    encoder.process.succeed();
    clip.assert_whole_in("nginx pull", &Packets::of(&pulling.quiet_recording("pulled")), 1);
}

#[test]
fn gstreamer_copies_the_clip_as_it_is() {
    needs!(
        Program::Ffmpeg,
        Program::Nginx,
        Program::Gst("rtmp2sink"),
        Program::Gst("rtmpsink"),
        Program::Gst("flvmux")
    );
    let clip = Clip::av(4);
    let nginx = Nginx::destination();
    for sink in ["rtmp2sink", "rtmpsink"] {
        let mut encoder = gst_publish(&clip, sink, &format!("{}/{sink}", nginx.url()));
        encoder.process.succeed();
        clip.assert_whole_in(sink, &Packets::of(&nginx.recording(sink)), GST_RETIMES_MS);
    }
}

#[test]
fn a_tap_that_stops_reading_holds_the_sender() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let nginx = Nginx::destination();
    let tap = Tap::before(nginx.address());
    let clip = Clip::heavy(4);
    let mut encoder = ffmpeg_publish(&clip, &format!("rtmp://{}/live/one", tap.address()));
    nginx.until_receives("one");
    tap.stop_reading();
    std::thread::sleep(std::time::Duration::from_secs(5));
    assert!(encoder.process.is_running(), "4 s of heavy media are not sent after 5 s");
    tap.read_again();
    encoder.process.succeed();
    clip.assert_whole_in("nginx", &Packets::of(&nginx.recording("one")), 1);
}

#[test]
fn the_players_of_the_tests_play_a_file() {
    needs!(Program::Ffmpeg);
    let clip = Clip::av(4);
    let mut player = Player::ffmpeg(&clip.file.to_string_lossy());
    player.process.succeed();
    clip.assert_whole_in("ffmpeg", &player.packets(), 0);
}
