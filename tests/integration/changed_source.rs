//! Another encoder takes over in mid-show with another size of picture, as FFmpeg decodes it from both kinds of segments.
//!
//! FFmpeg's demuxer knows no EXT-X-DISCONTINUITY and joins segments to one file. Of fMP4 it keeps the first init segment, whose
//! parameter sets are wrong for all that follows a change (5.1 and 9.0 both; FFmpeg's own segments joined in one playlist
//! with EXT-X-DISCONTINUITY and EXT-X-MAP do no better). So keyframes behind a change say their own. Sound has no such remedy:
//! AAC's configuration cannot stand in its frames, and FFmpeg plays another sample rate at the old one; other players do not.

use std::process::Command;
use std::time::Duration;

use crate::needs;
use crate::support::engine::Gostream;
use crate::support::packets::Clip;
use crate::support::peers::{Player, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::{Program, ffmpeg9};
use crate::support::until;

/// Bytes of a decoded picture, of the first encoder's size and of the second's.
const PICTURES: [usize; 2] = [320 * 180 * 3 / 2, 480 * 270 * 3 / 2];
/// Pictures of six seconds.
const SENT: usize = 150;

fn decodes_through_a_change(container: &str, player: Command) {
    let engine = Gostream::config().set("hls.container", container).set("hls.window", 60).start();
    let mut first = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let mut player = Player::decoding(player, &engine.hls_url());
    until("the player to play", || player.received_bytes() > 0);
    let mut second = ffmpeg_publish(&Clip::av_wider(6), &engine.publish_url());
    first.process.wait();
    second.process.succeed();
    player.process.end(Duration::from_secs(30), Signal::Int);
    assert_eq!(player.process.log(), "", "the decoders complain about nothing");
    let shown = player.pictures();
    let of_size = |size: usize| shown.iter().filter(|shown| **shown == size).count();
    let [before, after] = PICTURES.map(of_size);
    assert!(before > SENT / 6, "{before} pictures before the change");
    assert_eq!((after, shown.len()), (SENT, before + after), "every picture behind the change is shown");
}

#[test]
fn ffmpeg_decodes_on_where_the_picture_changes_its_size() {
    needs!(Program::Ffmpeg);
    decodes_through_a_change("fmp4", Command::new("ffmpeg"));
}

#[test]
fn ffmpeg_9_decodes_on_where_the_picture_changes_its_size() {
    needs!(Program::Ffmpeg, Program::Ffmpeg9);
    decodes_through_a_change("fmp4", Command::new(ffmpeg9()));
}

#[test]
fn ffmpeg_decodes_on_in_transport_streams() {
    needs!(Program::Ffmpeg);
    decodes_through_a_change("ts", Command::new("ffmpeg"));
}

#[test]
fn ffmpeg_9_decodes_on_in_transport_streams() {
    needs!(Program::Ffmpeg, Program::Ffmpeg9);
    decodes_through_a_change("ts", Command::new(ffmpeg9()));
}
