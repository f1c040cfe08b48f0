//! Shows without sound, and platforms that show none of those.

use crate::needs;
use crate::support::engine::Gostream;
use crate::support::nginx::Nginx;
use crate::support::packets::{Clip, Kind, Packets};
use crate::support::peers::{assert_decodes, ffmpeg_publish};
use crate::support::programs::Program;

/// Case 118.
#[test]
fn a_platform_that_needs_sound_gets_silence_with_pictures_alone() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::video_only(6);
    let nginx = Nginx::destination();
    let engine = Gostream::config()
        .destination_with("youtube", &nginx.url(), "key", &[("platform", "youtube".into())])
        .start();
    let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
    engine.until_output("youtube", "sending");
    encoder.process.succeed();
    engine.until_output("youtube", "idle");
    let recording = nginx.recording("key");
    let arrived = Packets::of(&recording);
    let hashes = |packets: &Packets| -> Vec<String> {
        packets.track(Kind::Video).iter().map(|packet| packet.hash.clone()).collect()
    };
    assert!(hashes(&Packets::of(&clip.file)).ends_with(&hashes(&arrived)), "the pictures are as they were");
    let sounds = arrived.track(Kind::Audio);
    let steps = sounds.windows(2).map(|pair| pair[1].dts - pair[0].dts);
    assert!(sounds.len() > 5 * 48_000 / 1_024, "{} units of silence", sounds.len());
    assert!(steps.clone().all(|step| (20..=23).contains(&step)), "{:?}", steps.collect::<Vec<_>>());
    assert_decodes(&recording.to_string_lossy());
}

#[test]
fn a_server_of_ones_own_gets_pictures_alone_as_they_are() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let clip = Clip::video_only(3);
    let nginx = Nginx::destination();
    let engine = Gostream::config().destination("own", &nginx.url(), "key").start();
    let mut encoder = ffmpeg_publish(&clip, &engine.publish_url());
    engine.until_output("own", "sending");
    encoder.process.succeed();
    engine.until_output("own", "idle");
    let arrived = Packets::of(&nginx.recording("key"));
    assert!(arrived.track(Kind::Audio).is_empty());
    clip.assert_whole_in("the server", &arrived, 1);
}
