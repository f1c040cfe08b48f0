//! Configuration boxes byte by byte, and init segments through ffprobe where it is installed.

use std::process::Command;

use bytes::Bytes;

use super::*;
use crate::format::ac3::{Ac3, Eac3};
use crate::format::flac::StreamInfo;
use crate::format::light::Light;
use crate::format::opus::OpusHead;

fn opus() -> OpusHead {
    OpusHead::parse(&Bytes::from_static(b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"))
        .expect("a header")
}

fn surround() -> OpusHead {
    let record = b"OpusHead\x01\x06\x38\x01\x80\xbb\x00\x00\xff\xfe\x01\x04\x02\x00\x04\x01\x02\x03\x05";
    OpusHead::parse(&Bytes::from_static(record)).expect("a header")
}

fn flac() -> StreamInfo {
    let mut info = vec![0x12, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 0x02, 0xf0];
    info.resize(34, 0);
    StreamInfo::parse(&info).expect("a STREAMINFO")
}

fn ac3() -> Ac3 {
    Ac3::parse(&[0x0b, 0x77, 0, 0, 0x1e, 0x40, 0xe1, 0x00]).expect("a syncframe").0
}

fn eac3() -> Eac3 {
    let mut frame = vec![0x0b, 0x77, 0x01, 0xff, 0x3f, 0x80];
    frame.resize(1_024, 0);
    Eac3::parse(&frame).expect("a syncframe")
}

fn init(entry: SampleEntry<'_>, timescale: u32) -> Bytes {
    init_segment(&[InitTrack { id: 1, timescale, entry, light: Light::default() }]).expect("fits")
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn configuration_boxes_are_as_the_specifications_lay_them_out() {
    let bytes = init(SampleEntry::Opus(&opus()), 48_000);
    assert!(has(&bytes, b"\x00\x00\x00\x13dOps\x00\x02\x01\x38\x00\x00\xbb\x80\x00\x00\x00"));
    let bytes = init(SampleEntry::Opus(&surround()), 48_000);
    assert!(has(&bytes, b"dOps\x00\x06\x01\x38\x00\x00\xbb\x80\xfe\xff\x01\x04\x02\x00\x04\x01\x02\x03\x05"));
    let info = flac();
    let bytes = init(SampleEntry::Flac(&info), 48_000);
    assert!(has(&bytes, &[&b"dfLa\x00\x00\x00\x00"[..], &info.record[4..]].concat()));
    // fscod 0, bsid 8, bsmod 0, acmod 7, lfe, code 15 (448 kbit/s).
    let bytes = init(SampleEntry::Ac3(&ac3()), 48_000);
    assert!(has(&bytes, b"\x00\x00\x00\x0bdac3\x10\x3d\xe0"));
    // 256 kbit/s, one substream: bsid 16, acmod 7, lfe, none that depends on it.
    let bytes = init(SampleEntry::Eac3(&eac3()), 48_000);
    assert!(has(&bytes, b"\x00\x00\x00\x0ddec3\x08\x00\x20\x0f\x00"));
}

#[test]
fn ffprobe_knows_each_coding_by_its_sample_entry() {
    if Command::new("ffprobe").arg("-version").output().is_err() {
        eprintln!("SKIPPED: ffprobe is not installed");
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let (opus, info, ac3, eac3) = (opus(), flac(), ac3(), eac3());
    for (entry, name, channels) in [
        (SampleEntry::Opus(&opus), "opus", 2),
        (SampleEntry::Flac(&info), "flac", 2),
        (SampleEntry::Ac3(&ac3), "ac3", 6),
        (SampleEntry::Eac3(&eac3), "eac3", 6),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, init(entry, 48_000)).expect("written");
        let shown = Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-of",
                "csv=p=0",
                "-show_entries",
                "stream=codec_name,sample_rate,channels",
            ])
            .arg(&path)
            .output()
            .expect("ffprobe runs");
        let shown = String::from_utf8_lossy(&shown.stdout).trim().trim_end_matches(',').to_owned();
        assert_eq!(shown, format!("{name},48000,{channels}"));
    }
}
