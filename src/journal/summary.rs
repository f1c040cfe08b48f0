//! What is to be said of a broadcast when it is over: its report.
//!
//! **Invariant:** no secret is in it, and no address of a destination: it is made to be shown to others.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::issue::{Issue, IssueCode};
use super::sample::{Media, OutputSample, Sample};
use crate::push::{DestinationId, OutputState, Reason};
use crate::store;

/// Points of the curves in a report; when there are as many, two become one.
const POINTS_MAX: usize = 240;
/// Seconds of a point at first.
const STEP: u32 = 5;
/// Destinations that a report tells of; a broadcast whose destinations are changed all the time has more.
const OUTPUTS_MAX: usize = 200;
/// A time without packets that counts as a gap, milliseconds.
const GAP_MS: u32 = 1_000;

/// A report in the making.
#[derive(Debug, Default)]
pub(super) struct Summary {
    media: Media,
    /// Seconds in which the encoder sent, and in which it did not.
    seconds: u64,
    filled: u64,
    video_bits: u64,
    audio_bits: u64,
    most_bps: u64,
    frames: f64,
    missing: u64,
    gaps: u64,
    longest_gap_ms: u32,
    last_interval_ms: Option<u32>,
    longest_interval_ms: Option<u32>,
    discontinuities: u64,
    pub(super) interruptions: u64,
    issues: BTreeMap<(IssueCode, Option<DestinationId>), Trouble>,
    outputs: BTreeMap<DestinationId, Output>,
    curve: Curve,
}

#[derive(Debug, Default)]
struct Trouble {
    name: Option<String>,
    times: u64,
    seconds: u64,
    is_there: bool,
}

#[derive(Debug)]
struct Output {
    last: OutputSample,
    trouble: Option<Reason>,
    sending_seconds: u64,
}

/// Averages over equal times.
#[derive(Debug)]
struct Curve {
    step: u32,
    /// Bits a second, and frames a second.
    points: Vec<(u64, f64)>,
    seconds: u32,
    bits: u64,
    frames: f64,
}

impl Default for Curve {
    fn default() -> Self {
        Self { step: STEP, points: Vec::new(), seconds: 0, bits: 0, frames: 0.0 }
    }
}

impl Curve {
    fn add(&mut self, sample: &Sample) {
        self.seconds += 1;
        self.bits += sample.video_bps + sample.audio_bps;
        self.frames += f64::from(sample.fps);
        if self.seconds < self.step {
            return;
        }
        let seconds = f64::from(self.seconds);
        self.points.push((self.bits / u64::from(self.seconds), self.frames / seconds));
        (self.seconds, self.bits, self.frames) = (0, 0, 0.0);
        if self.points.len() >= POINTS_MAX {
            let pairs = self.points.chunks_exact(2).map(|pair| {
                let (first, last) = (pair[0], pair[1]);
                (first.0.midpoint(last.0), first.1.midpoint(last.1))
            });
            self.points = pairs.collect();
            self.step *= 2;
        }
    }
}

impl Summary {
    /// Takes a second.
    pub(super) fn add(&mut self, sample: &Sample, media: &Media, issues: &[Issue], outputs: &[OutputSample]) {
        if sample.filler {
            self.filled += 1;
        } else {
            self.seconds += 1;
            self.frames += f64::from(sample.fps);
        }
        self.media.clone_from(media);
        self.video_bits += sample.video_bps;
        self.audio_bits += sample.audio_bps;
        self.most_bps = self.most_bps.max(sample.video_bps + sample.audio_bps);
        self.missing += u64::from(sample.missing_frames);
        self.gaps += u64::from(sample.gap_ms >= GAP_MS);
        self.longest_gap_ms = self.longest_gap_ms.max(sample.gap_ms);
        self.last_interval_ms = sample.keyframe_interval_ms.or(self.last_interval_ms);
        self.longest_interval_ms = self.longest_interval_ms.max(sample.keyframe_interval_ms);
        self.discontinuities += u64::from(sample.discontinuities);
        self.curve.add(sample);
        self.trouble(issues);
        for output in outputs {
            self.output(output);
        }
    }

    fn trouble(&mut self, issues: &[Issue]) {
        let mut there = Vec::with_capacity(issues.len());
        for issue in issues {
            let key = (issue.code, issue.about.as_ref().map(|about| about.destination.clone()));
            let trouble = self.issues.entry(key.clone()).or_default();
            trouble.name = issue.about.as_ref().map(|about| about.name.clone());
            trouble.times += u64::from(!trouble.is_there);
            trouble.seconds += 1;
            there.push(key);
        }
        for (key, trouble) in &mut self.issues {
            trouble.is_there = there.contains(key);
        }
    }

    fn output(&mut self, now: &OutputSample) {
        if self.outputs.len() >= OUTPUTS_MAX && !self.outputs.contains_key(&now.destination) {
            return;
        }
        let output = self.outputs.entry(now.destination.clone()).or_insert_with(|| Output {
            last: now.clone(),
            trouble: None,
            sending_seconds: 0,
        });
        output.last.clone_from(now);
        output.trouble = now.reason.or(output.trouble);
        output.sending_seconds += u64::from(now.state == OutputState::Sending);
    }

    /// The report as it is now.
    pub(super) fn report(&self) -> Value {
        let seconds = (self.seconds + self.filled).max(1);
        #[expect(clippy::cast_precision_loss, reason = "an average for people")]
        let fps = self.frames / self.seconds.max(1) as f64;
        json!({
            "seconds": self.seconds + self.filled,
            "filled_seconds": self.filled,
            "interruptions": self.interruptions,
            "media": media(&self.media),
            "video_kbps": self.video_bits / seconds / 1_000,
            "audio_kbps": self.audio_bits / seconds / 1_000,
            "most_kbps": self.most_bps / 1_000,
            "fps": rounded(fps),
            "missing_frames": self.missing,
            "gaps": self.gaps,
            "longest_gap_ms": self.longest_gap_ms,
            "keyframe_interval_ms": self.last_interval_ms,
            "longest_keyframe_interval_ms": self.longest_interval_ms,
            "discontinuities": self.discontinuities,
            "issues": self.issues.iter().map(trouble).collect::<Vec<_>>(),
            "outputs": self.outputs.values().map(output).collect::<Vec<_>>(),
            "curve": {
                "step_seconds": self.curve.step,
                "kbps": self.curve.points.iter().map(|(bits, _)| bits / 1_000).collect::<Vec<_>>(),
                "fps": self.curve.points.iter().map(|(_, fps)| rounded(*fps)).collect::<Vec<_>>(),
            },
        })
    }
}

fn trouble(((code, destination), trouble): (&(IssueCode, Option<DestinationId>), &Trouble)) -> Value {
    json!({
        "code": code.label(),
        "severity": code.severity().label(),
        "title": code.title(),
        "destination": destination.as_ref().map(DestinationId::as_str),
        "destination_name": trouble.name,
        "times": trouble.times,
        "seconds": trouble.seconds,
    })
}

fn output(output: &Output) -> Value {
    let last = &output.last;
    json!({
        "destination_id": last.row.map(|id: store::DestinationId| id.to_string()),
        "destination": last.destination.as_str(),
        "name": last.name,
        "platform": last.platform.label(),
        "state": last.state.label(),
        "last_reason": output.trouble.map(Reason::label),
        "sent_bytes": last.sent_bytes,
        "dropped": last.dropped,
        "reconnects": last.reconnects,
        "sending_seconds": output.sending_seconds,
    })
}

/// What is sent, as events and reports tell it.
pub(super) fn media(media: &Media) -> Value {
    json!({
        "video_codec": media.video_codec,
        "width": media.width,
        "height": media.height,
        "frame_rate": media.frame_rate.map(|rate| rounded(rate.into())),
        "audio_codec": media.audio_codec,
        "channels": media.channels,
        "sample_rate": media.sample_rate,
    })
}

/// To two places, as people read it.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UnixMillis;

    fn second(bps: u64) -> Sample {
        Sample { video_bps: bps, fps: 30.0, ..Sample::nothing(UnixMillis(0)) }
    }

    #[test]
    fn a_day_has_no_more_points_than_an_hour() {
        let mut summary = Summary::default();
        for n in 0..86_400 {
            summary.add(&second(if n < 43_200 { 1_000_000 } else { 3_000_000 }), &Media::default(), &[], &[]);
        }
        let report = summary.report();
        let curve = report["curve"]["kbps"].as_array().expect("a list");
        assert!(curve.len() < POINTS_MAX && curve.len() >= POINTS_MAX / 2 - 1, "{}", curve.len());
        assert_eq!((curve[0].as_u64(), curve[curve.len() - 1].as_u64()), (Some(1_000), Some(3_000)));
        assert_eq!((&report["video_kbps"], &report["fps"]), (&json!(2_000), &json!(30.0)));
    }

    #[test]
    fn an_issue_that_comes_back_is_counted_as_often() {
        let (code, detail, since) = (IssueCode::Starved, String::new(), UnixMillis(0));
        let issue = Issue { code, about: None, detail, since };
        let mut summary = Summary::default();
        for there in [true, true, false, true] {
            let issues = if there { std::slice::from_ref(&issue) } else { &[] };
            summary.add(&second(1), &Media::default(), issues, &[]);
        }
        let report = summary.report();
        assert_eq!((&report["issues"][0]["times"], &report["issues"][0]["seconds"]), (&json!(2), &json!(3)));
    }
}
