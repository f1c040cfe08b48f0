//! Encoders and players: ffmpeg, GStreamer, rtmpdump, curl, each as a process with its own log.

use std::path::PathBuf;
use std::process::Command;

use super::packets::{Clip, FRAMEHASH, Packets};
use super::process::Proc;
use super::scratch::Scratch;

/// An encoder at work. Dropping it kills it, like a power cut.
pub(crate) struct Encoder {
    pub(crate) process: Proc,
    _scratch: Scratch,
}

/// Sends a clip once, at the pace of a camera, copying its packets.
pub(crate) fn ffmpeg_publish(clip: &Clip, url: &str) -> Encoder {
    ffmpeg(clip, &[], url)
}

/// Sends a clip round and round until it is killed or told to stop.
pub(crate) fn ffmpeg_publish_forever(clip: &Clip, url: &str) -> Encoder {
    ffmpeg(clip, &["-stream_loop", "-1"], url)
}

fn ffmpeg(clip: &Clip, input: &[&str], url: &str) -> Encoder {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "info", "-nostats", "-re"]).args(input).arg("-i").arg(&clip.file);
    command.args(["-c", "copy", "-flvflags", "no_duration_filesize", "-f", "flv"]).arg(url);
    Encoder::start("ffmpeg", &mut command)
}

/// Sends a clip through GStreamer's demuxer, muxer and one of its RTMP sinks, at the pace of a camera.
pub(crate) fn gst_publish(clip: &Clip, sink: &str, url: &str) -> Encoder {
    gst_publish_with(&[], clip, sink, url)
}

/// The same with variables in its environment.
pub(crate) fn gst_publish_with(variables: &[(&str, &str)], clip: &Clip, sink: &str, url: &str) -> Encoder {
    let mut command = Command::new("gst-launch-1.0");
    command.envs(variables.iter().copied());
    command.arg("filesrc").arg(format!("location={}", clip.file.display()));
    command.args("! flvdemux name=from flvmux name=to streamable=true".split(' '));
    command.args(["!", sink, &format!("location={url}")]);
    command.args("from.video ! queue ! identity sync=true ! to.video".split(' '));
    command.args("from.audio ! queue ! identity sync=true ! to.audio".split(' '));
    Encoder::start(sink, &mut command)
}

/// How far GStreamer's muxer moves a packet from its place in a clip, in milliseconds: it knows no decode time before
/// the first picture's, and so bends the first times of a stream with B-frames.
pub(crate) const GST_RETIMES_MS: i64 = 200;

/// Encodes with GStreamer's own x264 and AAC, as its users do; parameter sets, SEI and tags come its own way.
pub(crate) fn gst_encode(sink: &str, pictures: u32, url: &str) -> Encoder {
    let mut command = Command::new("gst-launch-1.0");
    let video = format!(
        "videotestsrc is-live=true num-buffers={pictures} ! video/x-raw,width=320,height=180,framerate=25/1 \
         ! x264enc speed-preset=ultrafast tune=zerolatency key-int-max=25 bitrate=300 ! queue ! to."
    );
    // 1024 samples a buffer at 44.1 kHz: 43 buffers a second.
    let audio = format!(
        "audiotestsrc is-live=true wave=ticks num-buffers={} ! audio/x-raw,rate=44100,channels=2 ! voaacenc ! queue ! to.",
        pictures * 43 / 25
    );
    command.args("flvmux name=to streamable=true !".split(' ')).args([sink, &format!("location={url}")]);
    command.args(video.split_whitespace()).args(audio.split_whitespace());
    Encoder::start(sink, &mut command)
}

impl Encoder {
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let scratch = Scratch::new("encoder");
        Self { process: Proc::start(name, scratch.path(), command), _scratch: scratch }
    }
}

/// A player at work, writing what it receives.
pub(crate) struct Player {
    pub(crate) process: Proc,
    received: PathBuf,
    _scratch: Scratch,
}

impl Player {
    /// ffmpeg on any URL it can play, hashing packets as they arrive.
    pub(crate) fn ffmpeg(url: &str) -> Self {
        Self::ffmpeg_with(&[], url)
    }

    /// ffmpeg on a playlist, from the first segment in it.
    pub(crate) fn hls(url: &str) -> Self {
        Self::ffmpeg_with(&["-live_start_index", "0"], url)
    }

    pub(crate) fn ffmpeg_with(input: &[&str], url: &str) -> Self {
        Self::hashing(Command::new("ffmpeg"), input, url, &[])
    }

    /// Any ffmpeg, its packets hashed behind a bitstream filter.
    pub(crate) fn hashing(mut command: Command, input: &[&str], url: &str, filter: &[&str]) -> Self {
        let scratch = Scratch::new("player");
        let received = scratch.join("received.framehash");
        command
            .args(["-nostdin", "-v", "warning"])
            .args(input)
            .args(["-i", url])
            .args(filter)
            .args(FRAMEHASH)
            .args(["-flush_packets", "1"]) // a test sees the file grow
            .arg(&received);
        Self {
            process: Proc::start("ffmpeg-player", scratch.path(), &mut command),
            received,
            _scratch: scratch,
        }
    }

    /// Any ffmpeg on a playlist, from the first segment in it, decoding: each picture in its own size, and all sound.
    pub(crate) fn decoding(mut command: Command, url: &str) -> Self {
        let scratch = Scratch::new("player");
        let received = scratch.join("decoded.framehash");
        command.args(["-nostdin", "-v", "error", "-live_start_index", "0", "-i", url]);
        command.args(["-map", "0:v", "-map", "0:a", "-noautoscale", "-fps_mode", "passthrough"]);
        command.args(["-f", "framehash", "-hash", "md5", "-flush_packets", "1"]).arg(&received);
        Self {
            process: Proc::start("ffmpeg-player", scratch.path(), &mut command),
            received,
            _scratch: scratch,
        }
    }

    /// Bytes of each picture that was decoded, of a player that [decodes](Self::decoding).
    pub(crate) fn pictures(&self) -> Vec<usize> {
        let text = std::fs::read_to_string(&self.received).unwrap_or_default();
        let pictures = text.lines().filter_map(|line| line.strip_prefix("0,"));
        pictures.filter_map(|line| line.split(',').nth(3)?.trim().parse().ok()).collect()
    }

    /// rtmpdump into a file.
    pub(crate) fn rtmpdump(url: &str) -> Self {
        let scratch = Scratch::new("player");
        let received = scratch.join("received.flv");
        let mut command = Command::new("rtmpdump");
        command.args(["--live", "-r", url, "-o"]).arg(&received);
        Self { process: Proc::start("rtmpdump", scratch.path(), &mut command), received, _scratch: scratch }
    }

    /// GStreamer's `rtmp2src` into a file.
    pub(crate) fn rtmp2src(url: &str) -> Self {
        let scratch = Scratch::new("player");
        let received = scratch.join("received.flv");
        let mut command = Command::new("gst-launch-1.0");
        command.args(["-e", "rtmp2src", &format!("location={url}"), "!", "filesink"]);
        command.arg(format!("location={}", received.display()));
        Self { process: Proc::start("rtmp2src", scratch.path(), &mut command), received, _scratch: scratch }
    }

    /// GStreamer's HLS demuxer and one for segments (`tsdemux`, `qtdemux`) on a playlist that has ended, into a file that
    /// keeps the packets.
    pub(crate) fn gst_hls(url: &str, demuxer: &str) -> Self {
        let scratch = Scratch::new("player");
        let received = scratch.join("received.ts");
        let mut command = Command::new("gst-launch-1.0");
        command.args(["-e", "souphttpsrc", &format!("location={url}"), "!", "hlsdemux", "!", demuxer]);
        command.args("name=from mpegtsmux name=to ! filesink".split(' '));
        command.arg(format!("location={}", received.display()));
        command.args("from. ! queue ! h264parse ! to. from. ! queue ! aacparse ! to.".split(' '));
        Self { process: Proc::start("hlsdemux", scratch.path(), &mut command), received, _scratch: scratch }
    }

    /// The file it writes.
    pub(crate) fn received(&self) -> &std::path::Path {
        &self.received
    }

    /// Bytes it has received, as far as they are written.
    pub(crate) fn received_bytes(&self) -> u64 {
        std::fs::metadata(&self.received).map_or(0, |file| file.len())
    }

    /// The packets it received.
    pub(crate) fn packets(&self) -> Packets {
        if self.received.extension().is_some_and(|extension| extension == "framehash") {
            Packets::parse(&std::fs::read_to_string(&self.received).unwrap_or_default())
        } else {
            Packets::of(&self.received)
        }
    }
}

/// Where decoded frames go: nowhere, with the times they have. A fixed rate would make two of a live source's frames meet in
/// one slot where the machine was late.
const AS_THEY_COME: [&str; 7] = ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"];

/// Decodes an input wholly and asserts that the decoders complain about nothing.
pub(crate) fn assert_decodes(input: &str) {
    let output =
        Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-i", input]).args(AS_THEY_COME).output();
    let output = output.expect("ffmpeg runs");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.trim().is_empty(),
        "{input} does not decode cleanly:\n{complaints}"
    );
}

/// Runs curl and returns what it printed.
pub(crate) fn curl(arguments: &[&str]) -> String {
    let output =
        Command::new("curl").args(["--silent", "--show-error", "--max-time", "30"]).args(arguments).output();
    let output = output.expect("curl runs");
    assert!(output.status.success(), "curl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
