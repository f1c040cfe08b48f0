//! HEVC, AV1 and VP9 of real encoders (`tests/fixtures/video`) in fragmented MP4, decoded again by ffprobe.
//!
//! What is looked for: that the sample entry, its configuration, size, sample shape and colour are read as they were
//! meant, and that each frame of the encoder decodes from our samples with the parameter sets in the init segment alone.

use std::io::Write as _;
use std::process::{Command, Stdio};

use bytes::Bytes;
use gostream::format::amf0::Value;
use gostream::format::av1::obu::{self, Obus};
use gostream::format::av1::{Av1Config, Opening, TemporalUnit};
use gostream::format::h265::{HevcConfig, unit};
use gostream::format::nal::AnnexBUnits;
use gostream::format::vp9::{Frame, Vp9Config};
use gostream::media::remux::to_fmp4::{Layout, Sample, fragment};
use gostream::media::{CodecConfig, MediaTime, Packet, TrackId, TrackSet};

const HEVC: &[u8] = include_bytes!("fixtures/video/x265-main10-pq-open-gop.h265");
const AV1: &[u8] = include_bytes!("fixtures/video/libaom-hlg.obu");
const VP9: &[u8] = include_bytes!("fixtures/video/libvpx-vp9.ivf");

/// Ticks of 90 kHz between frames at 25 a second.
const FRAME: i64 = 3_600;

/// A coded frame, and whether a decoder may start at it.
type Coded = (Vec<u8>, bool);

/// An MP4 file with one fragment, as HLS would send it.
fn file(config: CodecConfig, frames: Vec<Coded>) -> Vec<u8> {
    file_with(config, frames, None)
}

/// The same, where the sender says this of its light.
fn file_with(config: CodecConfig, frames: Vec<Coded>, color_info: Option<Bytes>) -> Vec<u8> {
    let mut tracks = TrackSet::default();
    if let Some(said) = color_info {
        tracks.set_remark(TrackId::VIDEO, config.codec(), said);
    }
    tracks.set(TrackId::VIDEO, config);
    let layout = Layout::of(&tracks);
    let mut file = layout.init().expect("an init segment").to_vec();
    let samples = frames.into_iter().zip(0..).map(|((payload, keyframe), at)| {
        let packet = Packet {
            track: TrackId::VIDEO,
            dts: MediaTime::ZERO,
            cts: MediaTime::ZERO,
            keyframe,
            payload: payload.into(),
        };
        let data = layout.slices(&packet);
        Sample { time: at * FRAME, duration: FRAME, cts: 0, sync: keyframe, data }
    });
    let fragment = fragment(1, samples.collect(), Vec::new()).expect("a fragment");
    file.extend_from_slice(&fragment.header);
    fragment.payload.iter().for_each(|slice| file.extend_from_slice(slice));
    file
}

/// What ffprobe says of the file's stream, as `key=value` lines; `None` where ffprobe is not installed.
fn probed(file: &[u8]) -> Option<String> {
    let arguments = ["-v", "error", "-count_frames", "-show_streams", "-of", "default=nw=1", "-"];
    let mut command = Command::new("ffprobe");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if std::env::var_os("GOSTREAM_TEST_REQUIRE_ALL").is_some() => panic!("ffprobe: {error}"),
        Err(error) => {
            writeln!(std::io::stderr(), "SKIPPED: ffprobe: {error}").ok();
            return None;
        }
    };
    // The files are far smaller than a pipe, so that nobody waits for the other.
    child.stdin.take().expect("piped").write_all(file).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "ffprobe has nothing to complain of");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn assert_seen(file: &[u8], expected: &[&str]) {
    let Some(seen) = probed(file) else { return };
    for line in expected {
        assert!(seen.lines().any(|seen| seen == *line), "{line} is not in:\n{seen}");
    }
}

#[test]
fn hevc_with_open_groups_of_pictures_decodes_from_hvc1() {
    let mut frames: Vec<Coded> = Vec::new();
    let (mut vps, mut sps, mut pps) = (Vec::new(), Vec::new(), Vec::new());
    for found in AnnexBUnits::new(HEVC) {
        let kind = unit::unit_type(found).expect("whole");
        let sets = match kind {
            unit::VPS => Some(&mut vps),
            unit::SPS => Some(&mut sps),
            unit::PPS => Some(&mut pps),
            _ => None,
        };
        if let Some(sets) = sets {
            sets.push(Bytes::from_static(found));
        }
        if kind == unit::AUD {
            frames.push((Vec::new(), false));
        }
        let (payload, keyframe) = frames.last_mut().expect("a delimiter first");
        payload.extend_from_slice(&u32::try_from(found.len()).expect("small").to_be_bytes());
        payload.extend_from_slice(found);
        *keyframe |= unit::is_random_access(kind);
    }
    let config = HevcConfig::from_parameter_sets(&vps, &sps, &pps).expect("whole");
    let file = file(CodecConfig::H265(config), frames);
    // Delimiters, and parameter sets in the samples, were cut out.
    assert!(!file.windows(6).any(|window| window == [0, 0, 0, 3, unit::AUD << 1, 1]));
    assert_eq!(file.windows(vps[0].len()).filter(|window| *window == vps[0]).count(), 1);
    assert_seen(
        &file,
        &[
            "codec_name=hevc",
            "codec_tag_string=hvc1",
            "profile=Main 10",
            "level=60",
            "width=98",
            "height=54",
            "sample_aspect_ratio=4:3",
            "pix_fmt=yuv420p10le",
            "color_primaries=bt2020",
            "color_transfer=smpte2084",
            "color_space=bt2020nc",
            "nb_read_frames=20",
        ],
    );
}

#[test]
fn av1_decodes_from_av01() {
    let mut frames: Vec<Coded> = Vec::new();
    for found in Obus::new(AV1) {
        let found = found.expect("whole");
        if found.kind == obu::TEMPORAL_DELIMITER {
            frames.push((Vec::new(), false));
        }
        frames.last_mut().expect("a delimiter first").0.extend_from_slice(found.whole);
    }
    let mut config = None;
    for (payload, keyframe) in &mut frames {
        let seen = TemporalUnit::read(payload, false).expect("whole");
        *keyframe = seen.opening == Some(Opening::Key);
        let header = seen.sequence_header.and_then(|header| Av1Config::from_sequence_header(header).ok());
        config = config.or(header);
    }
    let file = file(CodecConfig::Av1(config.expect("a sequence header")), frames);
    assert_seen(
        &file,
        &[
            "codec_name=av1",
            "codec_tag_string=av01",
            "profile=Main",
            "width=96",
            "height=54",
            "pix_fmt=yuv420p10le",
            "color_primaries=bt2020",
            "color_transfer=arib-std-b67",
            "color_space=bt2020nc",
            "nb_read_frames=6",
        ],
    );
}

fn vp9() -> (CodecConfig, Vec<Coded>) {
    let mut frames: Vec<Coded> = Vec::new();
    let mut config = None;
    // A header of 32 bytes, then a size, a time and a payload for each frame.
    let mut rest = &VP9[32..];
    while let Some((head, behind)) = rest.split_first_chunk::<12>() {
        let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (payload, behind) = behind.split_at(size);
        rest = behind;
        let frame = Frame::parse(payload).expect("a frame");
        if let Frame::Key(key) = frame {
            config = Some(Vp9Config::from_key_frame(&key));
        }
        frames.push((payload.to_vec(), matches!(frame, Frame::Key(_))));
    }
    (CodecConfig::Vp9(config.expect("a key frame")), frames)
}

/// `colorInfo` of Enhanced RTMP with all that FFmpeg sends.
fn color_info() -> Bytes {
    let numbers = |properties: &[(&str, f64)]| {
        let values = properties.iter().map(|(name, value)| ((*name).to_owned(), Value::Number(*value)));
        Value::Object(values.collect())
    };
    let points = [("colorPrimaries", 9.0), ("transferCharacteristics", 16.0), ("matrixCoefficients", 9.0)];
    let display = [
        ("redX", 0.68),
        ("redY", 0.32),
        ("greenX", 0.265),
        ("greenY", 0.69),
        ("blueX", 0.15),
        ("blueY", 0.06),
        ("whitePointX", 0.3127),
        ("whitePointY", 0.329),
        ("maxLuminance", 1_000.0),
        ("minLuminance", 0.005),
    ];
    let mut bytes = Vec::new();
    Value::String("colorInfo".to_owned()).encode(&mut bytes);
    Value::Object(vec![
        ("colorConfig".to_owned(), numbers(&points)),
        ("hdrMdcv".to_owned(), numbers(&display)),
        ("hdrCll".to_owned(), numbers(&[("maxCLL", 900.0), ("maxFall", 400.0)])),
    ])
    .encode(&mut bytes);
    bytes.into()
}

#[test]
fn what_the_sender_says_of_its_light_is_read_from_the_init_segment() {
    let (config, frames) = vp9();
    let file = file_with(config, frames, Some(color_info()));
    let seen = [
        "color_primaries=bt2020",
        "color_transfer=smpte2084",
        "side_data_type=Mastering display metadata",
        "red_x=34000/50000",
        "green_y=34500/50000",
        "blue_x=7500/50000",
        "white_point_x=15635/50000",
        "max_luminance=10000000/10000",
        "min_luminance=50/10000",
        "side_data_type=Content light level metadata",
        "max_content=900",
        "max_average=400",
        "nb_read_frames=10",
    ];
    assert_seen(&file, &seen);
}

#[test]
fn vp9_decodes_from_vp09() {
    let (config, frames) = vp9();
    let file = file(config, frames);
    let seen = ["codec_name=vp9", "codec_tag_string=vp09", "width=96", "height=54", "nb_read_frames=10"];
    assert_seen(&file, &seen);
    let reader =
        mp4::Mp4Reader::read_header(std::io::Cursor::new(&file), file.len() as u64).expect("readable");
    let track = reader.tracks().get(&1).expect("track 1");
    assert_eq!(track.media_type().expect("known"), mp4::MediaType::VP9);
    let entry = track.trak.mdia.minf.stbl.stsd.vp09.as_ref().expect("vp09");
    assert_eq!((entry.width, entry.height, entry.vpcc.level, entry.vpcc.bit_depth), (96, 54, 10, 8));
}
