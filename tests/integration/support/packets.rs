//! Coded packets as ffmpeg sees them, by hash: what a clip holds, what arrived, and whether the one is the other.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::scratch::Scratch;

/// A kind of track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Video,
    Audio,
}

/// One packet: its bytes' hash and its times, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) hash: String,
    pub(crate) dts: i64,
    pub(crate) pts: i64,
}

/// The packets of one file or one received stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packets {
    video: Vec<Packet>,
    audio: Vec<Packet>,
}

impl Packets {
    /// Reads a file with ffmpeg, decoding nothing.
    pub(crate) fn of(file: &Path) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-i"]).arg(file).args(FRAMEHASH).arg("-");
        let output = command.output().expect("ffmpeg runs");
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        Self::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// Reads a file or playlist as elementary streams, in a form that all containers share: start codes without
    /// delimiters and parameter sets, and access units of AAC without ADTS headers.
    pub(crate) fn elementary(input: &str) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-i", input, "-map", "0:v?", "-map", "0:a?", "-c", "copy"]);
        command.args(["-bsf:v", "h264_mp4toannexb,filter_units=remove_types=7-9", "-bsf:a", "aac_adtstoasc"]);
        let output = command.args(["-f", "framehash", "-hash", "md5", "-"]).output().expect("ffmpeg runs");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.trim().is_empty(), "{input}: {complaints}");
        Self::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// Parses ffmpeg's framehash: `stream, dts, pts, duration, size, hash`, with the kinds in its head.
    pub(crate) fn parse(text: &str) -> Self {
        let mut kinds: HashMap<&str, Kind> = HashMap::new();
        let mut scales: HashMap<&str, (i64, i64)> = HashMap::new();
        let mut packets = Self::default();
        for line in text.lines() {
            if let Some((stream, scale)) = line.strip_prefix("#tb ").and_then(|rest| rest.split_once(": ")) {
                let (unit, second) = scale.split_once('/').expect("a time base is a fraction");
                scales.insert(stream, (unit.parse().expect("a number"), second.parse().expect("a number")));
                continue;
            }
            if let Some((stream, kind)) =
                line.strip_prefix("#media_type ").and_then(|rest| rest.split_once(": "))
            {
                // Whatever else there is (data messages that ffmpeg shows as a stream) is neither.
                match kind {
                    "video" => kinds.insert(stream, Kind::Video),
                    "audio" => kinds.insert(stream, Kind::Audio),
                    _ => None,
                };
                continue;
            }
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let [stream, dts, pts, _, size, hash, ..] = fields[..] else { continue };
            if size == "0" {
                continue; // FFmpeg 9 opens AV1 with a packet of nothing
            }
            let (unit, second) = scales.get(stream).copied().unwrap_or((1, 1000));
            let ms = |text: &str| text.parse::<i64>().map_or(0, |time| time * 1000 * unit / second);
            let packet = Packet { hash: format!("{size}:{hash}"), dts: ms(dts), pts: ms(pts) };
            match kinds.get(stream) {
                Some(Kind::Video) => packets.video.push(packet),
                Some(Kind::Audio) => packets.audio.push(packet),
                None => {}
            }
        }
        packets
    }

    pub(crate) fn track(&self, kind: Kind) -> &[Packet] {
        match kind {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
        }
    }
}

/// ffmpeg's arguments between an input and the framehash of its packets.
pub(crate) const FRAMEHASH: [&str; 8] = ["-map", "0", "-c", "copy", "-f", "framehash", "-hash", "md5"];

/// What a test sends: a short clip with B-frames, a keyframe a second, and sound of which no two packets are alike.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    pub(crate) file: PathBuf,
    packets: Packets,
    /// Hashes of the video's keyframes.
    keyframes: Vec<String>,
}

/// What sound a clip has.
#[derive(Debug, Clone, Copy)]
enum Sound {
    None,
    Stereo,
    Surround,
    /// At so many samples a second, of one channel or two.
    Mp3(u32, &'static str),
}

impl Sound {
    const fn channels(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Stereo => Some("2"),
            Self::Mp3(_, channels) => Some(channels),
            Self::Surround => Some("6"),
        }
    }
}

/// Pictures each second.
pub(crate) const FRAME_RATE: usize = 25;

impl Clip {
    /// Video and audio, 320x180, about 0.5 Mbit/s.
    pub(crate) fn av(seconds: u32) -> Self {
        Self::make(&format!("av-{seconds}"), seconds, Some((320, 180, 400)), Sound::Stereo)
    }

    /// The same at another resolution: its parameter sets differ.
    pub(crate) fn av_wider(seconds: u32) -> Self {
        Self::make(&format!("wide-{seconds}"), seconds, Some((480, 270, 400)), Sound::Stereo)
    }

    /// Noise at 8 Mbit/s, which fills a socket that nobody reads within a second or two.
    pub(crate) fn heavy(seconds: u32) -> Self {
        Self::make(&format!("heavy-{seconds}"), seconds, Some((640, 360, 8000)), Sound::Stereo)
    }

    pub(crate) fn video_only(seconds: u32) -> Self {
        Self::make(&format!("video-{seconds}"), seconds, Some((320, 180, 400)), Sound::None)
    }

    pub(crate) fn audio_only(seconds: u32) -> Self {
        Self::make(&format!("audio-{seconds}"), seconds, None, Sound::Stereo)
    }

    /// Pictures with keyframes at odd distances, from a tenth of a second to more than three seconds.
    pub(crate) fn irregular() -> Self {
        let file = kept("irregular-11", |fresh| {
            let mut command = Command::new("ffmpeg");
            command.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]);
            command.args([&format!("testsrc2=size=320x180:rate={FRAME_RATE}"), "-f", "lavfi", "-i"]);
            command.args(["anoisesrc=r=44100:a=0.1:seed=7", "-c:a", "aac", "-ac", "2", "-b:a", "64k"]);
            command.args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "400k"]);
            command.args(["-g", "1000", "-sc_threshold", "0", "-bf", "2"]);
            command.args(["-force_key_frames", "0,0.4,0.5,2.2,2.32,5.6,6,7,7.04,9.5", "-t", "11"]);
            let status = command.args(["-f", "flv"]).arg(fresh).status().expect("ffmpeg runs");
            assert!(status.success(), "the clip can be made");
        });
        let packets = Packets::of(&file);
        Self { keyframes: keyframes_of(&file, &packets), packets, file }
    }

    /// The same clip, to compare with [`Packets::elementary`].
    pub(crate) fn elementary(&self) -> Self {
        let packets = Packets::elementary(&self.file.to_string_lossy());
        let both = self.packets.video.iter().zip(&packets.video);
        let keys = both.filter(|(was, _)| self.keyframes.contains(&was.hash)).map(|(_, is)| is.hash.clone());
        Self { keyframes: keys.collect(), packets, file: self.file.clone() }
    }

    /// 5.1 sound beside pictures.
    pub(crate) fn surround(seconds: u32) -> Self {
        Self::make(&format!("surround-{seconds}"), seconds, Some((320, 180, 400)), Sound::Surround)
    }

    /// MP3 beside pictures.
    pub(crate) fn mp3(seconds: u32) -> Self {
        Self::mp3_of(seconds, 44_100, "2")
    }

    /// MP3 of this rate and so many channels.
    pub(crate) fn mp3_of(seconds: u32, rate: u32, channels: &'static str) -> Self {
        let name = format!("mp3-{rate}-{channels}-{seconds}");
        Self::make(&name, seconds, Some((320, 180, 400)), Sound::Mp3(rate, channels))
    }

    fn make(name: &str, seconds: u32, video: Option<(u32, u32, u32)>, audio: Sound) -> Self {
        let file = kept(name, |fresh| encode(fresh, seconds, video, audio));
        let packets = Packets::of(&file);
        Self { keyframes: keyframes_of(&file, &packets), packets, file }
    }

    /// A clip that was made elsewhere: its packets, and the hashes of the video's keyframes among them.
    pub(crate) const fn of(file: PathBuf, packets: Packets, keyframes: Vec<String>) -> Self {
        Self { file, packets, keyframes }
    }

    /// Asserts that what arrived is this clip from some keyframe on: every later packet once, in order, bytes equal,
    /// to the clip's last one; and that it keeps the clip's distances in time (`ms_tolerance`).
    ///
    /// # Panics
    /// With the first difference.
    pub(crate) fn assert_whole_in(&self, who: &str, arrived: &Packets, ms_tolerance: i64) {
        self.assert_in(who, arrived, ms_tolerance);
        for kind in [Kind::Video, Kind::Audio] {
            let last = |packets: &Packets| packets.track(kind).last().map(|packet| packet.hash.clone());
            assert_eq!(
                last(arrived),
                last(&self.packets),
                "{who}: the last {kind:?} packet is the clip's last"
            );
        }
    }

    /// As [`Self::assert_whole_in`], for a player that itself drops the last packet of each track.
    pub(crate) fn assert_nearly_whole_in(&self, who: &str, arrived: &Packets, ms_tolerance: i64) {
        self.assert_in(who, arrived, ms_tolerance);
        for kind in [Kind::Video, Kind::Audio] {
            let sent = self.packets.track(kind);
            let last = arrived.track(kind).last().map(|packet| &packet.hash);
            let near = sent.iter().rev().take(2).any(|packet| Some(&packet.hash) == last);
            assert!(near || sent.is_empty(), "{who}: the last {kind:?} packet is near the clip's end");
        }
    }

    /// As [`Self::assert_whole_in`], for one who left before the end.
    pub(crate) fn assert_in(&self, who: &str, arrived: &Packets, ms_tolerance: i64) {
        for kind in [Kind::Video, Kind::Audio] {
            let (sent, got) = (self.packets.track(kind), arrived.track(kind));
            if sent.is_empty() {
                assert!(got.is_empty(), "{who}: {kind:?} out of nothing");
                continue;
            }
            assert!(!got.is_empty(), "{who}: no {kind:?} arrived");
            let start = sent.iter().position(|packet| packet.hash == got[0].hash);
            let start =
                start.unwrap_or_else(|| panic!("{who}: the first {kind:?} packet is none of the clip's"));
            assert!(
                got.len() <= sent.len() - start,
                "{who}: more {kind:?} arrived than was sent: {} from packet {start} of {}",
                got.len(),
                sent.len()
            );
            for (index, (is, was)) in got.iter().zip(&sent[start..]).enumerate() {
                assert_eq!(
                    is.hash, was.hash,
                    "{who}: {kind:?} packet {index} after the start differs from the clip's"
                );
                let (moved, was_moved) = (is.dts - got[0].dts, was.dts - sent[start].dts);
                let drift = (moved - was_moved).abs();
                assert!(drift <= ms_tolerance, "{who}: {kind:?} packet {index} is {drift} ms off its place");
            }
            if kind == Kind::Video {
                assert!(self.keyframes.contains(&got[0].hash), "{who}: the picture starts at a keyframe");
            }
        }
        self.assert_together(who, arrived, ms_tolerance);
    }

    /// Audio keeps its distance from the picture.
    fn assert_together(&self, who: &str, arrived: &Packets, ms_tolerance: i64) {
        let first_pts = |kind| arrived.track(kind).first().map(|packet| (packet.hash.clone(), packet.pts));
        let (Some(video), Some(audio)) = (first_pts(Kind::Video), first_pts(Kind::Audio)) else { return };
        let pts_of = |kind, hash: &str| {
            self.packets.track(kind).iter().find(|packet| packet.hash == hash).map(|packet| packet.pts)
        };
        let (Some(was_video), Some(was_audio)) =
            (pts_of(Kind::Video, &video.0), pts_of(Kind::Audio, &audio.0))
        else {
            return;
        };
        let apart = ((audio.1 - video.1) - (was_audio - was_video)).abs();
        assert!(apart <= ms_tolerance, "{who}: sound and picture moved {apart} ms apart");
    }

    /// For a clip sent in a loop to somebody who lost some of it: each run of packets is the clip's (round and round),
    /// and each run after a loss starts at a keyframe. Returns the number of runs of video.
    pub(crate) fn assert_runs_in(&self, who: &str, arrived: &Packets) -> usize {
        let sent = &self.packets.video;
        let place: HashMap<&str, usize> =
            sent.iter().enumerate().map(|(index, packet)| (packet.hash.as_str(), index)).collect();
        let mut runs = 0;
        let mut expected = None;
        for (index, packet) in arrived.video.iter().enumerate() {
            let at = place.get(packet.hash.as_str());
            let at = *at.unwrap_or_else(|| panic!("{who}: video packet {index} is none of the clip's"));
            if expected != Some(at) {
                runs += 1;
                assert!(
                    self.keyframes.contains(&packet.hash),
                    "{who}: after a loss, video packet {index} is no keyframe"
                );
            }
            expected = Some((at + 1) % sent.len());
        }
        assert!(runs > 0, "{who}: no picture arrived");
        runs
    }

    /// Whether anything of this clip arrived.
    pub(crate) fn is_in(&self, arrived: &Packets) -> bool {
        let sent: HashSet<&str> = self.packets.video.iter().map(|packet| packet.hash.as_str()).collect();
        arrived.video.iter().any(|packet| sent.contains(packet.hash.as_str()))
    }
}

/// A file in FLV, made once for each name and kept beside the build's other products.
///
/// What is there is never replaced: another test has read its packets already, and no encoder makes the same twice.
pub(crate) fn kept(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clips");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join(format!("{name}.flv"));
    if !file.exists() {
        let scratch = Scratch::new("clip");
        let fresh = scratch.join("clip.flv");
        make(&fresh);
        // Copied first: /tmp may be another disk. Whole when it gets its name, which the first of several tests gives.
        let near = tempfile::NamedTempFile::new_in(&folder).expect("a file beside the clips");
        std::fs::copy(&fresh, near.path()).expect("a clip can be copied");
        match near.persist_noclobber(&file) {
            Err(refused) if refused.error.kind() != std::io::ErrorKind::AlreadyExists => panic!("{refused}"),
            _ => {}
        }
    }
    file
}

fn encode(file: &Path, seconds: u32, video: Option<(u32, u32, u32)>, audio: Sound) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    if let Some((width, height, kilobits)) = video {
        let noise = if kilobits > 1000 { ",noise=alls=60:allf=t" } else { "" };
        let input = format!("testsrc2=size={width}x{height}:rate={FRAME_RATE}{noise}");
        command.args(["-f", "lavfi", "-i", &input]);
    }
    if let Some(channels) = audio.channels() {
        command.args(["-f", "lavfi", "-i", "anoisesrc=r=44100:a=0.1:seed=7"]);
        match audio {
            Sound::Mp3(rate, _) => command.args(["-c:a", "libmp3lame", "-ar", &rate.to_string()]),
            _ => command.args(["-c:a", "aac"]),
        };
        command.args(["-ac", channels, "-b:a", "64k"]);
    }
    if let Some((_, _, kilobits)) = video {
        let (rate, group) = (format!("{kilobits}k"), FRAME_RATE.to_string());
        command.args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-b:v",
            &rate,
            "-maxrate",
            &rate,
        ]);
        command.args([
            "-bufsize",
            &rate,
            "-g",
            &group,
            "-keyint_min",
            &group,
            "-sc_threshold",
            "0",
            "-bf",
            "2",
        ]);
    }
    let status =
        command.args(["-t", &seconds.to_string(), "-f", "flv"]).arg(file).status().expect("ffmpeg runs");
    assert!(status.success(), "the clip can be made");
}

fn keyframes_of(file: &Path, packets: &Packets) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command
        .args(["-v", "error", "-select_streams", "v", "-show_entries", "packet=flags", "-of", "csv=p=0"])
        .arg(file);
    let output = command.output().expect("ffprobe runs");
    let flags = String::from_utf8_lossy(&output.stdout).into_owned();
    let flags: Vec<&str> = flags.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(flags.len(), packets.video.len(), "ffprobe and ffmpeg see the same packets");
    let keys = flags.iter().zip(&packets.video).filter(|(flag, _)| flag.starts_with('K'));
    keys.map(|(_, packet)| packet.hash.clone()).collect()
}
