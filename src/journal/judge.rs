//! Which issues a broadcast has: looks at each second, and raises and clears issues without flapping.
//!
//! Pure. What is compared with what stands here; the words stand in `issue`.

use std::collections::{BTreeMap, VecDeque};

use super::issue::{Concerned, Issue, IssueCode};
use super::sample::{Media, OutputSample, Sample};
use crate::media::Codec;
use crate::push::{DestinationId, OutputState, Reason};
use crate::store::UnixMillis;
use crate::stream::StreamState;

/// Seconds that averages look back.
const WINDOW: usize = 30;
/// YouTube asks for 4 s or less; the rest is for encoders that count frames.
const KEYFRAME_MS_MAX: u32 = 4_200;
/// What a destination's limit may be passed by before it is told: encoders do not hit a rate exactly.
const TOLERANCE: f64 = 1.05;
const GAP_MS: u32 = 1_000;
const SKEW_MS: u32 = 700;
const DRIFT_MS: u32 = 3_000;
const LAG_MS: u64 = 2_000;

/// Bits a second that a picture of so many lines takes at 30 frames a second in H.264, the fewest and the most: what
/// YouTube recommends.
const RATES: &[(u32, u64, u64)] = &[
    (240, 300_000, 700_000),
    (360, 400_000, 1_000_000),
    (480, 500_000, 2_000_000),
    (720, 1_500_000, 4_000_000),
    (1080, 3_000_000, 6_000_000),
    (1440, 6_000_000, 13_000_000),
    (2160, 13_000_000, 34_000_000),
];

/// What an issue is about, for telling one from another.
type Key = (IssueCode, Option<DestinationId>);

/// Something that is so in this second.
#[derive(Debug)]
struct Seen {
    code: IssueCode,
    about: Option<Concerned>,
    detail: String,
}

/// How long something has been so, or has not.
#[derive(Debug, Default)]
struct Trial {
    so: u32,
    not_so: u32,
    raised: Option<Issue>,
}

/// What a second looks like.
pub(super) struct View<'a> {
    pub(super) state: StreamState,
    pub(super) sample: &'a Sample,
    pub(super) media: &'a Media,
    pub(super) video: Option<Codec>,
    pub(super) outputs: &'a [OutputSample],
}

/// The judge of one broadcast.
#[derive(Debug, Default)]
pub(super) struct Judge {
    window: VecDeque<Sample>,
    intervals: VecDeque<u32>,
    trials: BTreeMap<Key, Trial>,
}

impl Judge {
    /// Looks at a second. `true` when the issues are others than before.
    pub(super) fn look(&mut self, view: &View<'_>) -> bool {
        let sample = view.sample;
        let absent = sample.filler || sample.fps + sample.audio_fps == 0.0;
        let mut seen = Vec::new();
        if view.state == StreamState::Interrupted {
            seen.push(of(IssueCode::EncoderGone, String::new()));
        } else if absent {
            seen.push(of(IssueCode::Starved, String::new()));
        } else {
            self.remember(sample);
        }
        self.outputs(view, &mut seen);
        if !absent {
            self.pictures(view, &mut seen);
            self.sound(sample, &mut seen);
            self.clock(sample, &mut seen);
            self.limits(view, &mut seen);
        }
        // An encoder that is away makes the pictures neither better nor worse.
        self.try_all(seen, absent, sample.at)
    }

    /// The issues that there are, the worst first, and of one severity the oldest.
    pub(super) fn issues(&self) -> Vec<Issue> {
        let mut issues: Vec<Issue> = self.trials.values().filter_map(|trial| trial.raised.clone()).collect();
        issues.sort_by_key(|issue| (std::cmp::Reverse(issue.severity()), issue.since));
        issues
    }

    fn remember(&mut self, sample: &Sample) {
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back(*sample);
        // One that grows by the second is no interval yet.
        if let Some(interval) = sample.keyframe_interval_ms.filter(|_| !sample.keyframe_awaited)
            && self.intervals.back() != Some(&interval)
        {
            if self.intervals.len() == 8 {
                self.intervals.pop_front();
            }
            self.intervals.push_back(interval);
        }
    }

    fn last(&self, seconds: usize) -> impl Iterator<Item = &Sample> {
        self.window.iter().rev().take(seconds)
    }

    #[expect(clippy::cast_precision_loss, reason = "rates for comparison")]
    fn average(&self, seconds: usize, figure: impl Fn(&Sample) -> u64) -> f64 {
        let (count, sum) = self.last(seconds).fold((0_u64, 0_u64), |(n, sum), s| (n + 1, sum + figure(s)));
        sum as f64 / count.max(1) as f64
    }

    fn pictures(&self, view: &View<'_>, seen: &mut Vec<Seen>) {
        let sample = view.sample;
        if sample.fps == 0.0 {
            seen.push(of(IssueCode::VideoMissing, String::new()));
            return;
        }
        if let Some(interval) = sample.keyframe_interval_ms.filter(|ms| *ms > KEYFRAME_MS_MAX) {
            let detail =
                format!("A keyframe comes every {:.1} s; 2 s are good, 4 s the most.", seconds(interval));
            seen.push(of(IssueCode::KeyframeIntervalLong, detail));
        }
        if let (Some(least), Some(most)) = (self.intervals.iter().min(), self.intervals.iter().max())
            && self.intervals.len() >= 4
            && *most >= 2_000
            && most * 2 > least * 3
        {
            let detail = format!("They are {:.1} to {:.1} s apart.", seconds(*least), seconds(*most));
            seen.push(of(IssueCode::KeyframeIntervalIrregular, detail));
        }
        self.rate(view, seen);
        self.frames(seen);
    }

    fn rate(&self, view: &View<'_>, seen: &mut Vec<Seen>) {
        let Some((least, most)) = recommended(view.media, view.video) else { return };
        let rate = self.average(20, |sample| sample.video_bps);
        let detail = || {
            let Media { width, height, .. } = view.media;
            let (width, height) = (width.unwrap_or(0), height.unwrap_or(0));
            format!(
                "{} kbit/s for {width}x{height}; {} to {} are usual.",
                kilo(rate),
                kilo(least),
                kilo(most)
            )
        };
        if rate < least * 0.6 {
            seen.push(of(IssueCode::BitrateLow, detail()));
        } else if rate > most * 1.5 {
            seen.push(of(IssueCode::BitrateHigh, detail()));
        }
    }

    fn frames(&self, seen: &mut Vec<Seen>) {
        let rates = || self.last(10).map(|sample| sample.fps);
        let (least, most) =
            rates().fold((f32::MAX, 0.0_f32), |(low, high), fps| (low.min(fps), high.max(fps)));
        if self.window.len() >= 10 && most >= 5.0 && least < most * 0.75 {
            let detail = format!("It was between {least:.0} and {most:.0} frames a second in the last 10 s.");
            seen.push(of(IssueCode::FrameRateUnstable, detail));
        }
        let missing: u32 = self.window.iter().map(|sample| sample.missing_frames).sum();
        let there: f32 = self.window.iter().map(|sample| sample.fps).sum();
        #[expect(clippy::cast_precision_loss, reason = "some hundred frames")]
        let share = missing as f32 / (there + missing as f32).max(1.0);
        if share > 0.02 {
            let detail = format!("{missing} in the last {} s, {:.0} %.", self.window.len(), share * 100.0);
            seen.push(of(IssueCode::FramesMissing, detail));
        }
    }

    fn sound(&self, sample: &Sample, seen: &mut Vec<Seen>) {
        if sample.audio_fps == 0.0 {
            seen.push(of(IssueCode::AudioMissing, String::new()));
        }
        if sample.silent == Some(true) {
            seen.push(of(IssueCode::AudioSilent, String::new()));
        }
        if let Some(skew) = sample.skew_ms.filter(|skew| skew.unsigned_abs() > SKEW_MS) {
            let who = if skew > 0 { "Pictures are" } else { "Sound is" };
            let detail = format!("{who} {:.1} s ahead.", seconds(skew.unsigned_abs()));
            seen.push(of(IssueCode::AvSkew, detail));
        }
    }

    fn clock(&self, sample: &Sample, seen: &mut Vec<Seen>) {
        if let Some(drift) = sample.drift_ms.filter(|drift| drift.unsigned_abs() > DRIFT_MS) {
            let way = if drift > 0 { "ahead of" } else { "behind" };
            let detail =
                format!("It is {:.1} s {way} real time since it began.", seconds(drift.unsigned_abs()));
            seen.push(of(IssueCode::Drift, detail));
        }
        let gaps = self.window.iter().filter(|sample| sample.gap_ms >= GAP_MS);
        if gaps.clone().count() >= 2 {
            let longest = gaps.map(|sample| sample.gap_ms).max().unwrap_or(0);
            let detail = format!("Nothing came for up to {:.1} s at a time.", seconds(longest));
            seen.push(of(IssueCode::NetworkGaps, detail));
        }
        let jumps: u32 = self.window.iter().map(|sample| sample.discontinuities).sum();
        if jumps >= 3 {
            seen.push(of(
                IssueCode::TimestampsBroken,
                format!("{jumps} times in the last {} s.", self.window.len()),
            ));
        }
    }

    /// What outputs say of themselves.
    fn outputs(&self, view: &View<'_>, seen: &mut Vec<Seen>) {
        for output in view.outputs {
            let code = match (output.state, output.reason) {
                (OutputState::Failed, Some(Reason::CodecUnsupported)) => IssueCode::CodecUnsupported,
                (OutputState::Failed, Some(Reason::TrackMissing)) => IssueCode::TrackMissing,
                (OutputState::Failed, _) => IssueCode::OutputFailed,
                (OutputState::Retrying { .. }, _) | (OutputState::Connecting, Some(_)) => {
                    IssueCode::OutputRetrying
                }
                (OutputState::Connecting, None) if output.reconnects > 0 => IssueCode::OutputRetrying,
                (OutputState::Sending, _) if output.lag_ms > LAG_MS => IssueCode::OutputSlow,
                _ => continue,
            };
            let detail = match code {
                IssueCode::OutputSlow => format!("It is {:.1} s behind.", seconds(whole(output.lag_ms))),
                _ => output.detail.clone(),
            };
            seen.push(Seen { code, about: Some(concerned(output)), detail });
        }
    }

    /// What destinations take at most: by their owners' word, or else by what is known of their platforms.
    fn limits(&self, view: &View<'_>, seen: &mut Vec<Seen>) {
        let switched_on = |output: &&OutputSample| output.state != OutputState::Disabled;
        for output in view.outputs.iter().filter(switched_on) {
            let (limits, own) = (output.platform.limits(), output.limits);
            let name = output.platform.name().unwrap_or(&output.name);
            let over = |rate: f64, limit: Option<f64>| {
                let limit = limit?;
                let said = || format!("{} kbit/s are sent, and {name} takes {}.", kilo(rate), kilo(limit));
                (rate > limit * TOLERANCE).then(said)
            };
            let about = || Some(concerned(output));
            let bits = |kilobits: Option<u32>| kilobits.map(|kilobits| f64::from(kilobits) * 1_000.0);
            // Who bounds pictures and sound together has bounded the pictures.
            let (rate, limit) = match own.bitrate {
                Some(both) => {
                    (self.average(20, |sample| sample.video_bps + sample.audio_bps), Some(whole_bits(both)))
                }
                None => (self.average(20, |sample| sample.video_bps), bits(limits.video_kbps)),
            };
            if let Some(detail) = over(rate, limit) {
                seen.push(Seen { code: IssueCode::BitrateOverLimit, about: about(), detail });
            }
            let audio = self.average(20, |sample| sample.audio_bps);
            if let Some(detail) = over(audio, bits(limits.audio_kbps)) {
                seen.push(Seen { code: IssueCode::AudioBitrateOverLimit, about: about(), detail });
            }
            let platform = limits.keyframe_seconds.map(|seconds| u128::from(seconds) * 1_000);
            let limit = own
                .keyframe
                .map(|limit| limit.as_millis())
                .or(platform)
                .and_then(|ms| u32::try_from(ms).ok());
            let interval = view.sample.keyframe_interval_ms;
            if let (Some(interval), Some(limit)) = (interval, limit)
                && interval > limit.saturating_add(200)
            {
                let detail = format!(
                    "One comes every {:.1} s, and {name} wants one every {} s.",
                    seconds(interval),
                    seconds(limit)
                );
                seen.push(Seen { code: IssueCode::KeyframeIntervalOverLimit, about: about(), detail });
            }
        }
    }

    /// Counts the seconds, and raises and clears. `true` when the issues are others than before.
    fn try_all(&mut self, seen: Vec<Seen>, absent: bool, now: UnixMillis) -> bool {
        let mut changed = false;
        let mut now_so = BTreeMap::new();
        for seen in seen {
            let key = (seen.code, seen.about.as_ref().map(|about| about.destination.clone()));
            self.trials.entry(key.clone()).or_default();
            now_so.insert(key, seen);
        }
        for (key, trial) in &mut self.trials {
            if let Some(Seen { code, about, detail }) = now_so.remove(key) {
                (trial.so, trial.not_so) = (trial.so + 1, 0);
                if trial.raised.is_none() && trial.so >= code.raise_after() {
                    trial.raised = Some(Issue { code, about, detail, since: now });
                    changed = true;
                }
            } else if !(absent && key.0.is_of_source()) {
                (trial.so, trial.not_so) = (0, trial.not_so + 1);
                if trial.not_so >= key.0.clear_after() {
                    changed |= trial.raised.take().is_some();
                }
            }
        }
        self.trials.retain(|_, trial| trial.raised.is_some() || trial.so > 0);
        changed
    }
}

impl IssueCode {
    /// Whether it is measured from what the encoder sends, so that nothing can be said while it sends nothing.
    const fn is_of_source(self) -> bool {
        !matches!(
            self,
            Self::EncoderGone
                | Self::Starved
                | Self::CodecUnsupported
                | Self::TrackMissing
                | Self::OutputFailed
                | Self::OutputRetrying
                | Self::OutputSlow
        )
    }
}

fn of(code: IssueCode, detail: String) -> Seen {
    Seen { code, about: None, detail }
}

fn concerned(output: &OutputSample) -> Concerned {
    Concerned { destination: output.destination.clone(), row: output.row, name: output.name.clone() }
}

/// Bits a second that are usual for these pictures, the fewest and the most; `None` while their size is not known.
#[expect(clippy::cast_precision_loss, reason = "rates for comparison")]
fn recommended(media: &Media, codec: Option<Codec>) -> Option<(f64, f64)> {
    // A phone's upright pictures have as many lines as they are wide.
    let lines = media.width?.min(media.height?);
    let (_, least, most) = RATES.iter().rev().find(|(from, ..)| lines + lines / 10 >= *from)?;
    let smooth = if media.frame_rate.is_some_and(|rate| rate > 40.0) { 1.5 } else { 1.0 };
    let thrifty = match codec {
        Some(Codec::H265 | Codec::Vp9) => 0.7,
        Some(Codec::Av1) => 0.6,
        _ => 1.0,
    };
    Some((*least as f64 * thrifty * smooth, *most as f64 * smooth))
}

#[expect(clippy::cast_precision_loss, reason = "rates for comparison")]
const fn whole_bits(bits: u64) -> f64 {
    bits as f64
}

fn seconds(millis: u32) -> f64 {
    f64::from(millis) / 1_000.0
}

fn whole(millis: u64) -> u32 {
    u32::try_from(millis).unwrap_or(u32::MAX)
}

fn kilo(bits: f64) -> String {
    format!("{:.0}", bits / 1_000.0)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
