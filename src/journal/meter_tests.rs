//! Streams as encoders send them, and what is measured of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::format::aac::AudioSpecificConfig;
use crate::media::{MediaTime, Packet};

/// A stream in the making: media time and arrival go on together unless a test says otherwise.
struct Source {
    meter: Meter,
    tracks: Arc<TrackSet>,
    began: Instant,
    seq: u64,
}

impl Source {
    fn new() -> Self {
        let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("48 kHz stereo");
        let mut tracks = TrackSet::default();
        tracks.set(TrackId::AUDIO, CodecConfig::Aac(asc));
        Self { meter: Meter::default(), tracks: Arc::new(tracks), began: Instant::now(), seq: 0 }
    }

    fn entry(&mut self, track: TrackId, dts_ms: i64, len: usize, at_ms: u64) -> Entry {
        let keyframe = !track.is_video() || dts_ms % 2_000 == 0;
        self.seq += 1;
        let packet = Packet {
            track,
            dts: MediaTime::from_millis(dts_ms),
            cts: MediaTime::ZERO,
            keyframe,
            payload: Bytes::from(vec![0; len]),
        };
        Entry {
            seq: self.seq,
            frame: Frame::Media(packet),
            tracks: Arc::clone(&self.tracks),
            start: keyframe,
            discontinuity: false,
            origin: Origin::Encoder,
            arrived: self.began + Duration::from_millis(at_ms),
            wire: None,
            plain: None,
        }
    }

    fn send(&mut self, track: TrackId, dts_ms: i64, len: usize, at_ms: u64) {
        let entry = self.entry(track, dts_ms, len, at_ms);
        self.meter.take(&entry, false);
    }

    /// A second of 25 pictures of 10,000 bytes and 50 sounds, from `second` on, `late` milliseconds late.
    fn second(&mut self, second: u64, late: u64, sound_len: usize, except: impl Fn(u64) -> bool) {
        for half in 0..50 {
            let dts = second * 1_000 + half * 20;
            if half % 2 == 0 && !except(half / 2) {
                self.send(TrackId::VIDEO, dts.cast_signed(), 10_000, dts + late);
            }
            self.send(TrackId::AUDIO, dts.cast_signed(), sound_len, dts + late);
        }
    }

    fn close(&mut self, second: u64) -> Sample {
        let now = self.began + Duration::from_millis(second * 1_000 + 999);
        self.meter.close(now, UnixMillis(0))
    }
}

#[test]
fn a_steady_stream_has_steady_figures() {
    let mut source = Source::new();
    for second in 0..10 {
        source.second(second, 0, 200, |_| false);
        let sample = source.close(second);
        assert!((sample.fps - 25.0).abs() < 0.1, "{sample:?}");
        assert!((sample.video_bps as i64 - 2_000_000).abs() < 20_000, "{sample:?}");
        assert!((sample.audio_bps as i64 - 80_000).abs() < 1_000, "{sample:?}");
        assert_eq!((sample.missing_frames, sample.silent, sample.filler), (0, Some(false), false));
        assert!(sample.gap_ms <= 21, "{sample:?}");
        assert_eq!(sample.skew_ms, Some(-20), "the last sound is half a picture later");
        let interval = if second < 2 { None } else { Some(2_000) };
        assert_eq!(sample.keyframe_interval_ms, interval, "in second {second}");
        let drift = if second < 5 { None } else { Some(0) };
        assert_eq!(sample.drift_ms, drift);
    }
    assert_eq!(source.meter.media().sample_rate, Some(48_000));
}

#[test]
fn pictures_that_are_left_out_are_missed() {
    let mut source = Source::new();
    source.second(0, 0, 200, |_| false);
    source.close(0);
    source.second(1, 0, 200, |picture| [3, 4, 5, 20].contains(&picture));
    let sample = source.close(1);
    assert_eq!(sample.missing_frames, 4);
}

#[test]
fn a_phone_whose_rate_wanders_a_little_misses_none() {
    let mut source = Source::new();
    let mut dts = 0;
    for picture in 0..300 {
        dts += if picture % 3 == 0 { 50 } else { 33 };
        source.send(TrackId::VIDEO, dts, 1_000, dts.cast_unsigned());
    }
    assert_eq!(source.meter.close(source.began + Duration::from_secs(12), UnixMillis(0)).missing_frames, 0);
}

#[test]
fn a_network_that_stops_leaves_a_gap_and_an_encoder_that_lags_drifts() {
    let mut source = Source::new();
    for second in 0..6 {
        source.second(second, 0, 200, |_| false);
        source.close(second);
    }
    source.second(6, 1_500, 200, |_| false);
    let sample = source.meter.close(source.began + Duration::from_millis(8_499), UnixMillis(0));
    assert!(sample.gap_ms >= 1_500, "{sample:?}");
    assert_eq!(sample.drift_ms, Some(-1_500));
}

#[test]
fn silence_shows_where_its_coding_shows_it() {
    let mut source = Source::new();
    source.second(0, 0, 6, |_| false);
    assert_eq!(source.close(0).silent, Some(true));
    source.second(1, 0, 6, |_| false);
    source.send(TrackId::AUDIO, 1_999, 180, 1_999);
    assert_eq!(source.close(1).silent, Some(false));
    source.send(TrackId::VIDEO, 2_000, 180, 2_000);
    assert_eq!(source.close(2).silent, None);
}

/// Captured of FFmpeg 5.1: silence is 6 bytes a frame, and 23 in one of 256.
#[test]
fn silence_in_which_the_encoder_says_its_name_is_silence() {
    let mut source = Source::new();
    source.second(0, 0, 6, |_| false);
    source.send(TrackId::AUDIO, 999, 23, 999);
    assert_eq!(source.close(0).silent, Some(true));
    source.second(1, 0, 23, |_| false);
    assert_eq!(source.close(1).silent, Some(false), "of all frames, it is sound");
}

#[test]
fn what_a_slate_made_up_is_not_measured() {
    let mut source = Source::new();
    source.second(0, 0, 200, |_| false);
    source.close(0);
    for n in 0..20 {
        let entry = source.entry(TrackId::VIDEO, 1_000 + n * 500, 90_000, 1_000 + n.cast_unsigned() * 500);
        source.meter.take(&Entry { origin: Origin::Slate, ..entry }, false);
    }
    let sample = source.meter.close(source.began + Duration::from_secs(11), UnixMillis(0));
    assert!(sample.filler && sample.video_bps == 0 && sample.missing_frames == 0, "{sample:?}");
    source.second(12, 0, 200, |_| false);
    let sample = source.close(12);
    assert_eq!((sample.filler, sample.missing_frames, sample.skew_ms), (false, 0, Some(-20)));
}
