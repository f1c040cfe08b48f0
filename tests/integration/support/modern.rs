//! FFmpeg 9 as encoder, player and judge: codings that RTMP carries by its enhanced form alone.

use std::path::PathBuf;
use std::process::Command;

use super::packets::{Clip, FRAMEHASH, Packets, kept};
use super::peers::{Encoder, Player};
use super::programs::ffmpeg9;

/// A pair of codings, and how to make and compare it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coding {
    /// Of the file that is kept.
    pub(crate) name: &'static str,
    /// ffmpeg's encoders and their options: quick ones, a keyframe a second.
    pub(crate) encoders: &'static [&'static str],
    /// A bitstream filter to the form that all containers share.
    pub(crate) filter: &'static [&'static str],
}

/// Pictures and sound of a coding for so many seconds, small: 192x108.
pub(crate) fn coded(coding: &Coding, seconds: u32) -> Clip {
    let file = kept(&format!("{}-{seconds}", coding.name), |fresh| {
        let encoded = fresh.with_extension("encoded");
        let mut command = Command::new(ffmpeg9());
        command.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]);
        command.args(["testsrc2=size=192x108:rate=25", "-f", "lavfi", "-i"]);
        command.args(["anoisesrc=r=48000:a=0.1:seed=7", "-pix_fmt", "yuv420p", "-ac", "2"]);
        command.args(coding.encoders).args(["-t", &seconds.to_string(), "-f", "flv"]).arg(&encoded);
        assert!(command.status().expect("ffmpeg runs").success(), "{} can be made", coding.name);
        // AV1 fresh from its encoder opens with a packet of no sound, and FFmpeg finds no way back to before that.
        let mut copy = Command::new(ffmpeg9());
        copy.args(["-nostdin", "-v", "error", "-i"])
            .arg(encoded)
            .args(["-c", "copy", "-f", "flv"])
            .arg(fresh);
        assert!(copy.status().expect("ffmpeg runs").success(), "{} can be copied", coding.name);
    });
    clip_of(file, coding.filter)
}

/// A file as a clip.
pub(crate) fn clip_of(file: PathBuf, filter: &[&str]) -> Clip {
    let input = file.to_string_lossy();
    let packets = packets(&input, filter);
    let keyframes = keyframes(&input, filter, &packets);
    Clip::of(file, packets, keyframes)
}

/// The packets of an input, decoding nothing.
pub(crate) fn packets(input: &str, filter: &[&str]) -> Packets {
    let shown = shown(input, &[filter, &FRAMEHASH[..]].concat());
    Packets::parse(&shown)
}

/// Hashes of the first video track's keyframes. `framecrc` names the flags of a packet that is none.
fn keyframes(input: &str, filter: &[&str], packets: &Packets) -> Vec<String> {
    let shown = shown(input, &[filter, &["-map", "0:v:0", "-c", "copy", "-f", "framecrc"]].concat());
    let lines = shown.lines().filter(|line| !line.starts_with('#'));
    let lines: Vec<_> = lines.filter(|line| line.split(',').nth(4).map(str::trim) != Some("0")).collect();
    let video = packets.track(super::packets::Kind::Video);
    assert_eq!(lines.len(), video.len(), "both forms show the same packets");
    let keys = lines.iter().zip(video).filter(|(line, _)| !line.contains("F=0x"));
    keys.map(|(_, packet)| packet.hash.clone()).collect()
}

fn shown(input: &str, output: &[&str]) -> String {
    let mut command = Command::new(ffmpeg9());
    command.args(["-nostdin", "-v", "error", "-i", input]).args(output).arg("-");
    let output = command.output().expect("ffmpeg runs");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.trim().is_empty(), "{input}: {complaints}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Sends clips once, their tracks beside each other, at the pace of a camera, copying their packets.
pub(crate) fn publish(clips: &[&Clip], url: &str) -> Encoder {
    publish_with(&[], clips, url)
}

/// Sends a clip round and round until it is killed.
pub(crate) fn publish_forever(clip: &Clip, url: &str) -> Encoder {
    publish_with(&["-stream_loop", "-1"], &[clip], url)
}

fn publish_with(input: &[&str], clips: &[&Clip], url: &str) -> Encoder {
    let mut command = Command::new(ffmpeg9());
    command.args(["-nostdin", "-v", "info", "-nostats"]);
    for clip in clips {
        command.arg("-re").args(input).arg("-i").arg(&clip.file);
    }
    for number in 0..clips.len() {
        command.args(["-map", &number.to_string()]);
    }
    command.args(["-c", "copy", "-flvflags", "no_duration_filesize", "-f", "flv"]).arg(url);
    Encoder::start("ffmpeg9", &mut command)
}

/// Plays a URL and hashes its packets.
pub(crate) fn play(url: &str, filter: &[&str]) -> Player {
    Player::hashing(Command::new(ffmpeg9()), &[], url, filter)
}

/// Decodes an input wholly and asserts that the decoders complain about nothing.
pub(crate) fn assert_decodes(input: &str) {
    shown(input, &["-map", "0", "-f", "null"]);
}
