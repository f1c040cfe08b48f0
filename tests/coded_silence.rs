//! The silence that stands in for a lost encoder, decoded by FFmpeg: of every configuration that it is made for.

use std::io::Write as _;
use std::process::{Command, Stdio};

use bytes::Bytes;
use gostream::format::aac::AudioSpecificConfig;
use gostream::format::mp3::Mp3Header;
use gostream::format::opus::OpusHead;
use gostream::media::remux::to_fmp4::{Layout, Sample, Slices, fragment};
use gostream::media::{CodecConfig, TrackId, TrackSet};

/// Units of a test, far above what a decoder swallows at its start.
const UNITS: i64 = 50;

/// An MP4 file of nothing but silence.
fn file(config: &CodecConfig) -> Vec<u8> {
    let (unit, samples) =
        (config.silent_unit().expect("it is known"), config.frame_samples().expect("it is even"));
    let mut tracks = TrackSet::default();
    tracks.set(TrackId::AUDIO, config.clone());
    let mut file = Layout::of(&tracks).init().expect("an init segment").to_vec();
    let sample =
        |at: i64| Sample::sound(at * i64::from(samples), samples.into(), Slices::from_elem(unit.clone(), 1));
    let fragment = fragment(1, Vec::new(), (0..UNITS).map(sample).collect()).expect("a fragment");
    file.extend_from_slice(&fragment.header);
    fragment.payload.iter().for_each(|slice| file.extend_from_slice(slice));
    file
}

/// What ffmpeg decodes of a file in this format; `None` where it is not installed.
fn decoded(format: &str, file: &[u8]) -> Option<Vec<i16>> {
    let mut command = Command::new("ffmpeg");
    command.args([
        "-nostdin",
        "-v",
        "error",
        "-xerror",
        "-err_detect",
        "explode",
        "-f",
        format,
        "-i",
        "pipe:0",
        "-f",
        "s16le",
        "-",
    ]);
    // -nostdin keeps ffmpeg from reading commands; the pipe is still its input.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if std::env::var_os("GOSTREAM_TEST_REQUIRE_ALL").is_some() => panic!("ffmpeg: {error}"),
        Err(error) => {
            writeln!(std::io::stderr(), "SKIPPED: ffmpeg: {error}").ok();
            return None;
        }
    };
    // The files are far smaller than a pipe, so that nobody waits for the other.
    child.stdin.take().expect("piped").write_all(file).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "ffmpeg has nothing to complain of");
    assert!(output.status.success());
    Some(output.stdout.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
}

/// It decodes to as many samples as it says, and none of them is heard.
fn is_silence(config: &CodecConfig, channels: usize) {
    is_silence_in("mp4", &file(config), config, channels);
}

fn is_silence_in(format: &str, file: &[u8], config: &CodecConfig, channels: usize) {
    let Some(samples) = decoded(format, file) else { return };
    let each = config.frame_samples().expect("it is even") as usize;
    // A decoder may keep its first unit or two to itself.
    let (least, most) = ((UNITS as usize - 2) * each * channels, UNITS as usize * each * channels);
    assert!((least..=most).contains(&samples.len()), "{} samples: {config:?}", samples.len());
    assert_eq!(samples.iter().map(|sample| sample.unsigned_abs()).max(), Some(0), "{config:?}");
}

#[test]
fn aac_of_every_channel_configuration() {
    let channels = [1, 2, 3, 4, 5, 6, 8, 7, 8];
    for (configuration, channels) in [1, 2, 3, 4, 5, 6, 7, 11, 12].into_iter().zip(channels) {
        // 48 kHz, and 44.1.
        for rate in [3_u8, 4] {
            let record = [0x10 | rate >> 1, rate << 7 | configuration << 3];
            let config =
                AudioSpecificConfig::parse(Bytes::copy_from_slice(&record)).expect("a configuration");
            assert_eq!(usize::from(config.channels), channels);
            is_silence(&CodecConfig::Aac(config), channels);
        }
    }
}

#[test]
fn mp3_of_every_version_rate_and_number_of_channels() {
    let mpeg1 = [44_100, 48_000, 32_000].map(|rate| (rate, 1_152));
    let lower = [22_050, 24_000, 16_000, 11_025, 12_000, 8_000].map(|rate| (rate, 576));
    for (sample_rate, samples) in mpeg1.into_iter().chain(lower) {
        for channels in [1, 2] {
            let config = CodecConfig::Mp3(Mp3Header { sample_rate, channels, samples });
            is_silence(&config, channels.into());
            let unit = config.silent_unit().expect("it is known");
            is_silence_in("mp3", &unit.repeat(UNITS as usize), &config, channels.into());
        }
    }
}

#[test]
fn opus_of_every_length_of_packets() {
    for channels in [1, 2] {
        for packet_samples in [120, 240, 480, 960, 1_920, 2_880, 5_760] {
            let config = CodecConfig::Opus { head: OpusHead::plain(channels), packet_samples };
            is_silence(&config, channels.into());
        }
    }
}

#[test]
fn opus_of_several_streams() {
    let surround = b"OpusHead\x01\x06\x00\x00\x80\xbb\x00\x00\x00\x00\x01\x04\x02\x00\x04\x01\x02\x03\x05";
    let head = OpusHead::parse(&Bytes::from_static(surround)).expect("a header");
    for packet_samples in [480, 960, 1_920] {
        is_silence(&CodecConfig::Opus { head: head.clone(), packet_samples }, 6);
    }
}
