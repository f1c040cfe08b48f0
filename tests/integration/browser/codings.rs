//! Codings that RTMP carries by its enhanced form alone, published by FFmpeg 9 and played by the browser from HLS.

use serde_json::Value;

use super::{assert_clean, watch};
use crate::dashboard::{enter_room, with_ada};
use crate::every_codec::{AV1_OPUS, H264_FLAC, HEVC_AAC, VP9_OPUS};
use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::modern::{Coding, coded, publish_forever};
use crate::support::page::Browser;
use crate::support::programs::Program;

/// Seconds of the clip that goes round and round.
const SECONDS: u32 = 6;

/// What the browser saw of a show in this coding.
fn watched(coding: &Coding) -> Value {
    let engine = Gostream::config().set("hls.segment", "2s").set("hls.window", 12).start();
    let _encoder = publish_forever(&coded(coding, SECONDS), &engine.publish_url());
    engine.until_playable();
    watch(&engine.http_url(&format!("/watch/{PLAYBACK}")))
}

/// Pictures of the right size, and sound.
fn assert_plays(seen: &Value) {
    assert_clean(seen);
    assert_eq!((seen["width"].as_u64(), seen["height"].as_u64()), (Some(192), Some(108)), "{seen}");
}

#[test]
fn av1_and_opus_play() {
    needs!(Program::Ffmpeg9, Program::Browser);
    assert_plays(&watched(&AV1_OPUS));
}

#[test]
fn vp9_and_opus_play() {
    needs!(Program::Ffmpeg9, Program::Browser);
    assert_plays(&watched(&VP9_OPUS));
}

#[test]
fn h264_and_flac_play() {
    needs!(Program::Ffmpeg9, Program::Browser);
    assert_plays(&watched(&H264_FLAC));
}

/// Debian's Chromium decodes no HEVC, and a viewer and the operator are told so; one that does has to play it.
#[test]
fn a_browser_without_hevc_says_so_and_what_to_do() {
    needs!(Program::Ffmpeg9, Program::Browser);
    let engine = with_ada().set("hls.segment", "2s").start();
    let _encoder = publish_forever(&coded(&HEVC_AAC, SECONDS), &engine.publish_url());
    engine.until_playable();
    let mut page = Browser::start();
    page.open(&engine.http_url(&format!("/watch/{PLAYBACK}")));
    if page.decodes("video/mp4;codecs=\"hvc1.1.6.L30.90\"") {
        return page.moves(2.0);
    }
    let told = "This browser cannot decode HEVC. Safari can, and Chrome and Edge where the device has a decoder. \
                An encoder that sends H.264 is seen in every browser.";
    page.see(told);
    enter_room(&mut page, &engine.http_url(""));
    page.see(&format!("{told} Your destinations are not affected."));
    page.assert_clean();
}
