//! Seconds as they are measured, and the issues that come of them.

use std::time::{Duration, SystemTime};

use super::*;
use crate::push::{OwnLimits, Platform};

/// A judge and the clock.
struct Court {
    judge: Judge,
    now: i64,
    state: StreamState,
    media: Media,
    outputs: Vec<OutputSample>,
}

impl Court {
    fn new() -> Self {
        let media =
            Media { width: Some(1920), height: Some(1080), frame_rate: Some(30.0), ..Media::default() };
        Self { judge: Judge::default(), now: 0, state: StreamState::Live, media, outputs: Vec::new() }
    }

    /// So many seconds of this kind. Returns how often the issues changed.
    fn pass(&mut self, seconds: u32, sample: &Sample) -> usize {
        let mut changes = 0;
        for _ in 0..seconds {
            self.now += 1_000;
            let sample = Sample { at: UnixMillis(self.now), ..*sample };
            let view = View {
                state: self.state,
                sample: &sample,
                media: &self.media,
                video: Some(Codec::H264),
                outputs: &self.outputs,
            };
            changes += usize::from(self.judge.look(&view));
        }
        changes
    }

    fn codes(&self) -> Vec<IssueCode> {
        self.judge.issues().iter().map(|issue| issue.code).collect()
    }
}

fn good() -> Sample {
    Sample {
        video_bps: 4_500_000,
        audio_bps: 160_000,
        fps: 30.0,
        audio_fps: 47.0,
        keyframe_interval_ms: Some(2_000),
        skew_ms: Some(40),
        drift_ms: Some(-30),
        gap_ms: 40,
        silent: Some(false),
        ..Sample::nothing(UnixMillis(0))
    }
}

fn output(platform: Platform, state: OutputState, reason: Option<Reason>) -> OutputSample {
    OutputSample {
        destination: DestinationId::new("one"),
        row: None,
        name: "One".to_owned(),
        platform,
        limits: OwnLimits::default(),
        state,
        reason,
        detail: "Twitch takes H.264 video only".to_owned(),
        since: SystemTime::UNIX_EPOCH,
        bps: 0,
        lag_ms: 0,
        sent_bytes: 0,
        dropped: 0,
        reconnects: 0,
        rtt_ms: None,
    }
}

#[test]
fn a_good_stream_has_no_issues() {
    let mut court = Court::new();
    court.outputs = vec![output(Platform::Twitch, OutputState::Sending, None)];
    assert_eq!(court.pass(600, &good()), 0);
}

#[test]
fn each_fault_is_named() {
    let cases: &[(IssueCode, Sample)] = &[
        (IssueCode::KeyframeIntervalLong, Sample { keyframe_interval_ms: Some(8_333), ..good() }),
        (IssueCode::BitrateLow, Sample { video_bps: 900_000, ..good() }),
        (IssueCode::BitrateHigh, Sample { video_bps: 20_000_000, ..good() }),
        (IssueCode::AudioMissing, Sample { audio_fps: 0.0, audio_bps: 0, ..good() }),
        (IssueCode::VideoMissing, Sample { fps: 0.0, video_bps: 0, ..good() }),
        (IssueCode::AudioSilent, Sample { silent: Some(true), ..good() }),
        (IssueCode::AvSkew, Sample { skew_ms: Some(-900), ..good() }),
        (IssueCode::Drift, Sample { drift_ms: Some(-4_000), ..good() }),
        (IssueCode::NetworkGaps, Sample { gap_ms: 1_400, ..good() }),
        (IssueCode::FramesMissing, Sample { fps: 28.0, missing_frames: 2, ..good() }),
        (IssueCode::TimestampsBroken, Sample { discontinuities: 1, ..good() }),
        (IssueCode::Starved, Sample::nothing(UnixMillis(0))),
        (IssueCode::Starved, Sample { filler: true, ..Sample::nothing(UnixMillis(0)) }),
    ];
    for (code, sample) in cases {
        let mut court = Court::new();
        court.pass(10, &good());
        court.pass(60, sample);
        assert_eq!(court.codes(), [*code], "{sample:?}");
        court.pass(120, &good());
        assert_eq!(court.codes(), [], "{code} is over");
    }
}

#[test]
fn what_comes_and_goes_by_the_second_is_one_issue() {
    let mut court = Court::new();
    court.pass(30, &good());
    let mut changes = 0;
    for _ in 0..60 {
        changes += court.pass(1, &Sample { fps: 12.0, ..good() });
        changes += court.pass(1, &good());
    }
    assert_eq!((changes, court.codes()), (1, vec![IssueCode::FrameRateUnstable]));
    changes += court.pass(60, &good());
    assert_eq!(changes, 2);
}

#[test]
fn a_moment_is_no_issue() {
    let mut court = Court::new();
    court.pass(30, &good());
    assert_eq!(court.pass(2, &Sample::nothing(UnixMillis(0))), 0);
    assert_eq!(court.pass(3, &Sample { skew_ms: Some(2_000), ..good() }), 0);
    assert_eq!(court.pass(60, &good()), 0);
}

#[test]
fn keyframes_that_come_as_they_please_are_irregular() {
    let mut court = Court::new();
    for interval in [2_000, 700, 4_000, 1_300].repeat(20) {
        court.pass(2, &Sample { keyframe_interval_ms: Some(interval), ..good() });
    }
    assert_eq!(court.codes(), [IssueCode::KeyframeIntervalIrregular]);
}

#[test]
fn keyframes_that_come_seldom_and_regularly_are_not_irregular() {
    let mut court = Court::new();
    for interval in (1..=24).map(|second| 4_000 + second * 1_000) {
        let awaited = Sample { keyframe_interval_ms: Some(interval), keyframe_awaited: true, ..good() };
        court.pass(1, &awaited);
    }
    court.pass(60, &Sample { keyframe_interval_ms: Some(12_000), ..good() });
    assert_eq!(court.codes(), [IssueCode::KeyframeIntervalLong]);
}

#[test]
fn an_encoder_that_is_away_is_the_one_issue_and_its_others_wait() {
    let mut court = Court::new();
    court.pass(60, &Sample { silent: Some(true), ..good() });
    court.state = StreamState::Interrupted;
    assert_eq!(court.pass(1, &Sample { filler: true, ..Sample::nothing(UnixMillis(0)) }), 1);
    court.pass(60, &Sample { filler: true, ..Sample::nothing(UnixMillis(0)) });
    assert_eq!(court.codes(), [IssueCode::EncoderGone, IssueCode::AudioSilent], "the worst first");
    court.state = StreamState::Live;
    court.pass(1, &good());
    assert_eq!(court.codes(), [IssueCode::AudioSilent]);
}

#[test]
fn what_a_destination_s_owner_allows_goes_before_what_its_platform_does() {
    let limits = OwnLimits { bitrate: Some(3_000_000), keyframe: Some(Duration::from_secs(1)) };
    let mut court = Court::new();
    court.outputs = vec![OutputSample { limits, ..output(Platform::Custom, OutputState::Sending, None) }];
    court.pass(40, &good());
    let issues = court.judge.issues();
    assert_eq!(court.codes(), [IssueCode::KeyframeIntervalOverLimit, IssueCode::BitrateOverLimit]);
    assert_eq!(issues[0].detail, "One comes every 2.0 s, and One wants one every 1 s.");
    assert_eq!(issues[1].detail, "4660 kbit/s are sent, and One takes 3000.", "pictures and sound together");

    // A partner of the platform may send more than others.
    let limits = OwnLimits { bitrate: Some(9_000_000), keyframe: Some(Duration::from_millis(4_500)) };
    court.outputs[0] = OutputSample { limits, ..output(Platform::Twitch, OutputState::Sending, None) };
    court.pass(60, &Sample { video_bps: 8_000_000, keyframe_interval_ms: Some(4_000), ..good() });
    assert_eq!(court.codes(), []);
    // Of which nothing is said there, the platform's word holds.
    court.pass(40, &Sample { audio_bps: 512_000, ..good() });
    assert_eq!(court.codes(), [IssueCode::AudioBitrateOverLimit]);
}

#[test]
fn a_destination_s_limits_and_troubles_are_about_it() {
    let mut court = Court::new();
    court.outputs = vec![output(Platform::Twitch, OutputState::Sending, None)];
    court.pass(40, &Sample { video_bps: 8_000_000, keyframe_interval_ms: Some(4_000), ..good() });
    let issues = court.judge.issues();
    assert_eq!(court.codes(), [IssueCode::KeyframeIntervalOverLimit, IssueCode::BitrateOverLimit]);
    assert_eq!(issues[1].detail, "8000 kbit/s are sent, and Twitch takes 6000.");
    assert_eq!(issues[1].about.as_ref().map(|about| about.name.as_str()), Some("One"));
    court.outputs[0].state = OutputState::Disabled;
    court.pass(60, &Sample { video_bps: 8_000_000, keyframe_interval_ms: Some(4_000), ..good() });
    assert_eq!(court.codes(), [], "it is not asked to take it");

    let (unsupported, refused) = (Some(Reason::CodecUnsupported), Some(Reason::PublishRejected));
    court.outputs = vec![output(Platform::Twitch, OutputState::Failed, unsupported)];
    court.pass(1, &good());
    assert_eq!(court.codes(), [IssueCode::CodecUnsupported]);
    assert_eq!(court.judge.issues()[0].detail, "Twitch takes H.264 video only");
    court.outputs = vec![output(Platform::Custom, OutputState::Failed, refused)];
    court.pass(1, &good());
    assert_eq!(court.codes(), [IssueCode::OutputFailed]);
    court.outputs[0] = OutputSample { lag_ms: 3_000, ..output(Platform::Custom, OutputState::Sending, None) };
    court.pass(10, &good());
    assert_eq!(court.codes(), [IssueCode::OutputSlow]);
}
