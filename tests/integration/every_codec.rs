//! Every coding that Enhanced RTMP carries, published live by FFmpeg 9: relayed, played and packaged, packet for packet.

use std::process::Command;
use std::time::Duration;

use m3u8_rs::{MasterPlaylist, MediaPlaylist, Playlist};

use crate::needs;
use crate::support::engine::{Gostream, KEY, PLAYBACK};
use crate::support::modern::{self, Coding, assert_decodes, coded};
use crate::support::packets::Clip;
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::scratch::Scratch;
use crate::support::{eventually, until};

/// Seconds of a clip: three keyframes and what follows them.
const SECONDS: u32 = 3;
/// How long a player may take to see that its stream has ended.
const PATIENCE: Duration = Duration::from_secs(15);
/// Sound is counted by its samples in HLS, and by milliseconds in RTMP.
const HLS_RETIMES_MS: i64 = 22;

/// An engine that relays to another, and a viewer of each.
pub(crate) struct Relay {
    pub(crate) near: Gostream,
    pub(crate) far: Gostream,
}

impl Relay {
    pub(crate) fn start() -> Self {
        let far = Gostream::start();
        let url = format!("rtmp://{}/live", far.address("rtmp"));
        let near = Gostream::config().set("hls.window", 60).destination("far", &url, KEY).start();
        Self { near, far }
    }

    /// Publishes the clip; both viewers get it whole, from its first keyframe on.
    pub(crate) fn carries(&self, coding: &Coding, clip: &Clip, beside: &[&Clip]) {
        let viewers = [("the viewer", &self.near), ("the viewer of the destination", &self.far)];
        let players = viewers.map(|(_, engine)| modern::play(&engine.play_url(), coding.filter));
        for (who, engine) in viewers {
            until(who, || engine.count("gostream_connections", &[("service", "rtmp")]) >= 1.0);
        }
        modern::publish(&[&[clip], beside].concat(), &self.near.publish_url()).process.succeed();
        for (mut player, (who, _)) in players.into_iter().zip(viewers) {
            player.process.end(PATIENCE, Signal::Int);
            clip.assert_whole_in(&format!("{}: {who}", coding.name), &player.packets(), 1);
        }
    }
}

/// An engine's playlists once the show is over.
pub(crate) fn playlists(engine: &Gostream) -> (MasterPlaylist, MediaPlaylist) {
    let path = |file: &str| format!("/hls/{PLAYBACK}/{file}");
    eventually("a playlist with an end", || {
        let index = m3u8_rs::parse_master_playlist_res(&engine.get(&path("index.m3u8")).body).ok()?;
        let media = engine.get(&path(&index.variants.first()?.uri));
        let Ok(Playlist::MediaPlaylist(media)) = m3u8_rs::parse_playlist_res(&media.body) else {
            return None;
        };
        media.end_list.then_some((index, media))
    })
}

/// Every segment behind its init segment: read by ffprobe, decoded, and joined into what was published.
fn hls_holds(relay: &Relay, coding: &Coding, clip: &Clip, wanted: &Wanted) {
    let (index, media) = playlists(&relay.near);
    assert_eq!(index.variants[0].codecs.as_deref(), Some(wanted.codecs), "{}", coding.name);
    let get = |file: &str| {
        let answer = relay.near.get(&format!("/hls/{PLAYBACK}/{file}"));
        assert_eq!(answer.status, 200, "{file}");
        answer.body
    };
    let init = get(&media.segments[0].map.as_ref().expect("an init segment").uri);
    let scratch = Scratch::new("codec");
    let file = scratch.join("hls.mp4");
    let path = file.to_string_lossy().into_owned();
    let mut joined = init.clone();
    for segment in &media.segments {
        let bytes = get(&segment.uri);
        std::fs::write(&file, [&init[..], &bytes].concat()).expect("a file can be written");
        assert_eq!(probed(&path), wanted.probed, "{}: {}", coding.name, segment.uri);
        joined.extend(bytes);
    }
    std::fs::write(&file, joined).expect("a file can be written");
    assert_decodes(&path);
    clip.assert_whole_in(
        &format!("{}: HLS", coding.name),
        &modern::packets(&path, coding.filter),
        HLS_RETIMES_MS,
    );
}

/// The codings that Debian's ffprobe sees in a file, and that it finds packets of each.
fn probed(file: &str) -> Vec<String> {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets"]);
    let output = probe.args(["-of", "csv=p=0", file]).output().expect("ffprobe runs");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "{file}: {complaints}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| !line.is_empty()).map(|line| {
        let (codec, packets) = line.split_once(',').expect("two fields");
        assert!(packets.parse::<u32>().is_ok_and(|packets| packets > 0), "{file}: {line}");
        codec.to_owned()
    });
    lines.collect()
}

/// What HLS says of a coding.
struct Wanted {
    codecs: &'static str,
    probed: &'static [&'static str],
}

/// A coding goes through everything.
fn goes_everywhere(coding: &Coding, wanted: &Wanted) {
    needs!(Program::Ffmpeg, Program::Ffmpeg9);
    let clip = coded(coding, SECONDS);
    let relay = Relay::start();
    relay.carries(coding, &clip, &[]);
    hls_holds(&relay, coding, &clip, wanted);
}

/// A sound that most browsers do not decode goes everywhere, and HLS says what it is.
fn goes_everywhere_and_is_named(coding: &Coding, sound: &str) {
    needs!(Program::Ffmpeg, Program::Ffmpeg9);
    let clip = coded(coding, SECONDS);
    let relay = Relay::start();
    relay.carries(coding, &clip, &[]);
    let (index, _) = playlists(&relay.near);
    let named = index.variants.iter().filter_map(|variant| variant.codecs.as_deref());
    let named: Vec<&str> = named.filter(|codecs| codecs.split(',').any(|codec| codec == sound)).collect();
    assert_eq!(named.len(), 1, "one variant has the sound: {index:?}");
}

/// A coding with H.264 pictures, of x264 at its quickest.
macro_rules! h264 {
    ($name:literal, $($sound:literal),+) => {
        Coding {
            name: $name,
            encoders: &["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2", "-c:a", $($sound),+],
            filter: &[],
        }
    };
}

pub(crate) const HEVC_AAC: Coding = Coding {
    name: "hevc-aac",
    encoders: &[
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=error:keyint=25:min-keyint=25:scenecut=0:bframes=2",
        "-c:a",
        "aac",
    ],
    filter: &[],
};

pub(crate) const AV1_OPUS: Coding = Coding {
    name: "av1-opus",
    encoders: &["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "25", "-c:a", "libopus"],
    // FFmpeg sends temporal delimiters, and MP4 has none.
    filter: &["-bsf:v", "av1_metadata=td=remove"],
};

pub(crate) const VP9_OPUS: Coding = Coding {
    name: "vp9-opus",
    encoders: &[
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-g",
        "25",
        "-c:a",
        "libopus",
    ],
    filter: &[],
};

pub(crate) const H264_FLAC: Coding = h264!("h264-flac", "flac");

/// Beside another, as a rendition of the same show.
const LARGER: Coding = Coding {
    name: "h264-opus-larger",
    encoders: &["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-s", "256x144", "-c:a", "libopus"],
    filter: &[],
};

#[test]
fn hevc_and_aac() {
    goes_everywhere(&HEVC_AAC, &Wanted { codecs: "hvc1.1.6.L30.90,mp4a.40.2", probed: &["hevc", "aac"] });
}

#[test]
fn av1_and_opus() {
    goes_everywhere(&AV1_OPUS, &Wanted { codecs: "av01.0.00M.08,opus", probed: &["av1", "opus"] });
}

#[test]
fn vp9_and_opus() {
    goes_everywhere(&VP9_OPUS, &Wanted { codecs: "vp09.00.10.08,opus", probed: &["vp9", "opus"] });
}

#[test]
fn h264_and_flac() {
    goes_everywhere(&H264_FLAC, &Wanted { codecs: "avc1.4d400b,fLaC", probed: &["h264", "flac"] });
}

#[test]
fn h264_and_ac_3() {
    goes_everywhere_and_is_named(&h264!("h264-ac3", "ac3"), "ac-3");
}

#[test]
fn h264_and_e_ac_3() {
    goes_everywhere_and_is_named(&h264!("h264-eac3", "eac3"), "ec-3");
}

/// FFmpeg writes the first track of each kind in the old form and the others in the new one. The first come out whole,
/// with nothing of the others in them.
#[test]
fn several_tracks_are_never_mixed() {
    needs!(Program::Ffmpeg, Program::Ffmpeg9);
    let coding = h264!("h264-aac", "aac");
    let (first, second) = (coded(&coding, SECONDS), coded(&LARGER, SECONDS));
    let relay = Relay::start();
    relay.carries(&coding, &first, &[&second]);
    let configured = |codec: &str| {
        relay
            .near
            .logged(|line| line["message"] == "track configured" && line["codec"].as_str() == Some(codec))
    };
    assert!(configured("opus"), "the second track of sound is one of its own");
}
