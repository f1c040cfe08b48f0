//! Figures and issues of a broadcast, as its page, its stream of events and its report show them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::v1::give::Moment;
use crate::journal::{self, Media, Sample};

/// One second of a broadcast.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Figures {
    at: Moment,
    /// Bits a second, pictures and sound together.
    pub(super) bitrate_bits: u64,
    pub(super) video_bits: u64,
    pub(super) audio_bits: u64,
    /// Frames a second.
    pub(super) fps: f32,
    keyframe_interval_s: Option<f64>,
    width: Option<u32>,
    height: Option<u32>,
    /// RFC 6381.
    #[schema(example = "avc1.64001f")]
    video_codec: Option<String>,
    #[schema(example = "mp4a.40.2")]
    audio_codec: Option<String>,
    sample_rate: Option<u32>,
    channels: Option<u8>,
    /// How far pictures are ahead of sound.
    skew_ms: Option<i32>,
    /// How far the encoder's clock has run ahead of ours.
    drift_ms: Option<i32>,
    /// Pictures missing by their timestamps, an estimate.
    pub(super) missing_frames: u32,
    /// Whether there was a second without a packet: 1 or 0; in a longer step, how many.
    pub(super) gaps: u32,
    /// The longest time without a packet.
    pub(super) gap_ms: u32,
    /// Times the source's clock broke, or the source changed.
    pub(super) discontinuities: u32,
    /// Whether the encoder was away, and what stands in for it was sent.
    filler: bool,
    /// Whether the sound was silence; null where its coding does not show that.
    silent: Option<bool>,
    /// How long the encoder has been connected; null while it is away, and for the past.
    connected_s: Option<f64>,
}

/// A time without a packet that counts as a gap.
const GAP_MS: u32 = 1_000;

impl Figures {
    pub(super) fn of(sample: &Sample, media: &Media) -> Self {
        Self {
            at: sample.at.into(),
            bitrate_bits: sample.video_bps + sample.audio_bps,
            video_bits: sample.video_bps,
            audio_bits: sample.audio_bps,
            fps: sample.fps,
            keyframe_interval_s: sample.keyframe_interval_ms.map(|millis| f64::from(millis) / 1000.0),
            width: media.width,
            height: media.height,
            video_codec: media.video_codec.clone(),
            audio_codec: media.audio_codec.clone(),
            sample_rate: media.sample_rate,
            channels: media.channels,
            skew_ms: sample.skew_ms,
            drift_ms: sample.drift_ms,
            missing_frames: sample.missing_frames,
            gaps: u32::from(sample.gap_ms >= GAP_MS),
            gap_ms: sample.gap_ms,
            discontinuities: sample.discontinuities,
            filler: sample.filler,
            silent: sample.silent,
            connected_s: None,
        }
    }

    /// With how long the encoder has been connected.
    pub(super) fn connected(self, seconds: Option<f64>) -> Self {
        Self { connected_s: seconds, ..self }
    }

    /// Several seconds as one: averages of rates, the worst of what can be bad, the rest as at the end.
    pub(super) fn together(seconds: &[Self]) -> Option<Self> {
        let last = seconds.last()?.clone();
        let count = u64::try_from(seconds.len()).unwrap_or(1).max(1);
        let average = |of: fn(&Self) -> u64| seconds.iter().map(of).sum::<u64>() / count;
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let fps = seconds.iter().map(|second| second.fps).sum::<f32>() / seconds.len() as f32;
        Some(Self {
            bitrate_bits: average(|second| second.bitrate_bits),
            video_bits: average(|second| second.video_bits),
            audio_bits: average(|second| second.audio_bits),
            fps,
            missing_frames: seconds.iter().map(|second| second.missing_frames).sum(),
            gaps: seconds.iter().map(|second| second.gaps).sum(),
            gap_ms: seconds.iter().map(|second| second.gap_ms).max().unwrap_or(0),
            discontinuities: seconds.iter().map(|second| second.discontinuities).sum(),
            ..last
        })
    }
}

/// Something that is wrong with a broadcast.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssueShown {
    #[schema(example = "keyframe_interval_long")]
    code: &'static str,
    /// `info`, `warning` or `error`.
    #[schema(example = "warning")]
    severity: &'static str,
    title: &'static str,
    what_to_do: &'static str,
    /// What was measured or said.
    detail: Option<String>,
    since: Moment,
    /// The destination that it is about; the source without.
    destination_id: Option<String>,
    destination_name: Option<String>,
}

impl From<&journal::Issue> for IssueShown {
    fn from(issue: &journal::Issue) -> Self {
        let about = issue.about.as_ref();
        Self {
            code: issue.code.label(),
            severity: issue.severity().label(),
            title: issue.code.title(),
            what_to_do: issue.code.what_to_do(),
            detail: Some(issue.detail.clone()).filter(|detail| !detail.is_empty()),
            since: issue.since.into(),
            destination_id: about.and_then(|about| about.row).map(|id| id.to_string()),
            destination_name: about.map(|about| about.name.clone()),
        }
    }
}
