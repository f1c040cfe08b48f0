//! Measures a stream from the entries of its ring, a second at a time.
//!
//! Pure: time is an argument. What a slate made up is not measured, since it says nothing of the encoder.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sample::{Media, Sample};
use crate::media::{Codec, CodecConfig, Frame, Packet, TrackId, TrackSet};
use crate::store::UnixMillis;
use crate::stream::{Entry, Origin};

/// Steps between pictures that are remembered to know the usual one.
const STEPS: usize = 31;
/// A step longer than this is a pause and no row of missing pictures, milliseconds.
const STEP_MAX: i64 = 10_000;
/// Milliseconds after which the first keyframe interval is told although it is not over.
const FIRST_INTERVAL: i64 = 4_000;
/// Bytes of a fill element: FFmpeg's AAC encoder says its name in one of 256 frames (ISO/IEC 14496-3, 4.5.2.9).
const FILL_MAX: usize = 32;
/// A second is silent with one such frame in so many.
const FAINT_ONE_IN: u32 = 16;
/// How long the encoder's clock is compared with ours before drift is told: the least late packets of that time are the
/// mark.
const ANCHOR: Duration = Duration::from_secs(5);

/// The measurements in progress.
#[derive(Debug, Default)]
pub(super) struct Meter {
    second: Second,
    tracks: Option<Arc<TrackSet>>,
    /// Newest decode times of the default tracks, milliseconds.
    video_ms: Option<i64>,
    audio_ms: Option<i64>,
    keyframe_ms: Option<i64>,
    interval_ms: Option<i64>,
    steps: VecDeque<i64>,
    arrived: Option<Instant>,
    clock: Option<Clock>,
}

/// What the present second came to so far.
#[derive(Debug, Default)]
struct Second {
    began: Option<Instant>,
    video_bytes: u64,
    audio_bytes: u64,
    pictures: u32,
    sounds: u32,
    /// Sounds whose length tells whether they are silence.
    telling: u32,
    /// Of them, those a little too long for it.
    faint: u32,
    /// Of them, those that are none.
    loud: u32,
    gap: Duration,
    missing: u32,
    discontinuities: u32,
    filler: bool,
    lead_ms: Option<i64>,
    pictures_moved: bool,
    sounds_moved: bool,
}

/// The encoder's clock beside ours.
#[derive(Debug)]
struct Clock {
    media_ms: i64,
    wall: Instant,
    /// The lead that counts as none; still being found before [`ANCHOR`] is over.
    mark_ms: i64,
}

impl Meter {
    /// Takes an entry. `skipped`: some before it were not seen.
    pub(super) fn take(&mut self, entry: &Entry, skipped: bool) {
        let Frame::Media(packet) = &entry.frame else { return };
        self.second.began.get_or_insert(entry.arrived);
        if !self.tracks.as_ref().is_some_and(|known| Arc::ptr_eq(known, &entry.tracks)) {
            self.tracks = Some(Arc::clone(&entry.tracks));
        }
        // A show that has no sound is to be told so.
        if entry.origin == Origin::Silence {
            return;
        }
        if entry.origin == Origin::Slate {
            self.second.filler = true;
            self.forget();
            return;
        }
        if entry.discontinuity {
            self.second.discontinuities += 1;
        }
        if entry.discontinuity || skipped {
            self.forget();
        }
        if let Some(last) = self.arrived.replace(entry.arrived) {
            self.second.gap = self.second.gap.max(entry.arrived.saturating_duration_since(last));
        }
        self.time(packet, entry.arrived);
        if packet.track.is_video() { self.picture(packet) } else { self.sound(packet, &entry.tracks) }
    }

    /// What came before says nothing of what comes.
    fn forget(&mut self) {
        (self.video_ms, self.audio_ms, self.keyframe_ms) = (None, None, None);
        (self.interval_ms, self.arrived, self.clock) = (None, None, None);
        self.steps.clear();
    }

    fn time(&mut self, packet: &Packet, arrived: Instant) {
        let media_ms = packet.dts.as_millis();
        let clock = self.clock.get_or_insert(Clock { media_ms, wall: arrived, mark_ms: 0 });
        let wall = arrived.saturating_duration_since(clock.wall);
        let lead = (media_ms - clock.media_ms).saturating_sub(millis(wall));
        if wall < ANCHOR {
            clock.mark_ms = clock.mark_ms.max(lead);
        } else {
            let lead = lead.saturating_sub(clock.mark_ms);
            self.second.lead_ms = Some(self.second.lead_ms.map_or(lead, |most| most.max(lead)));
        }
    }

    fn picture(&mut self, packet: &Packet) {
        self.second.video_bytes += packet.payload.len() as u64;
        if packet.track != TrackId::VIDEO {
            return;
        }
        let now_ms = packet.dts.as_millis();
        self.second.pictures += 1;
        self.second.pictures_moved = true;
        if let Some(last) = self.video_ms.replace(now_ms) {
            let step = now_ms.saturating_sub(last);
            self.second.missing += self.missing(step);
            if self.steps.len() == STEPS {
                self.steps.pop_front();
            }
            self.steps.push_back(step);
        }
        if packet.keyframe
            && let Some(last) = self.keyframe_ms.replace(now_ms)
        {
            self.interval_ms = Some(now_ms.saturating_sub(last));
        }
    }

    /// How many pictures fit into a step beside the one that ends it.
    fn missing(&self, step: i64) -> u32 {
        let Some(usual) = self.usual_step() else { return 0 };
        // Timestamps are whole milliseconds, and encoders shake them a little.
        if step > STEP_MAX || step * 10 < usual * 17 {
            return 0;
        }
        u32::try_from((step + usual / 2) / usual.max(1) - 1).unwrap_or(0)
    }

    fn usual_step(&self) -> Option<i64> {
        if self.steps.len() < STEPS / 2 {
            return None;
        }
        let mut steps: Vec<i64> = self.steps.iter().copied().collect();
        let middle = steps.len() / 2;
        Some(*steps.select_nth_unstable(middle).1).filter(|usual| *usual > 0)
    }

    fn sound(&mut self, packet: &Packet, tracks: &TrackSet) {
        self.second.audio_bytes += packet.payload.len() as u64;
        if packet.track != TrackId::AUDIO {
            return;
        }
        self.second.sounds += 1;
        self.second.sounds_moved = true;
        self.audio_ms = Some(packet.dts.as_millis());
        let second = &mut self.second;
        if let Some(loudness) = tracks.audio().and_then(|config| loudness(config, packet.payload.len())) {
            second.telling += 1;
            second.faint += u32::from(loudness == Loudness::Faint);
            second.loud += u32::from(loudness == Loudness::Loud);
        }
    }

    /// Ends the second and says what it came to.
    pub(super) fn close(&mut self, now: Instant, at: UnixMillis) -> Sample {
        let second = std::mem::take(&mut self.second);
        self.second.began = Some(now);
        let length = second.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        let waited = self.arrived.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let since_keyframe = self.video_ms.zip(self.keyframe_ms).map(|(newest, last)| newest - last);
        // The first interval is at least what has passed of it, which is told once it is long for any.
        let interval = self
            .interval_ms
            .max(since_keyframe.filter(|ms| self.interval_ms.is_some() || *ms > FIRST_INTERVAL));
        let both = second.pictures_moved && second.sounds_moved;
        let skew = self.video_ms.zip(self.audio_ms).filter(|_| both).map(|(video, audio)| video - audio);
        Sample {
            at,
            video_bps: bits_a_second(second.video_bytes, length),
            audio_bps: bits_a_second(second.audio_bytes, length),
            fps: a_second(second.pictures, length),
            audio_fps: a_second(second.sounds, length),
            keyframe_awaited: since_keyframe.is_some_and(|ms| self.interval_ms.is_none_or(|last| ms > last)),
            keyframe_interval_ms: interval.map(whole),
            skew_ms: skew.map(signed),
            drift_ms: second.lead_ms.map(signed),
            gap_ms: whole(millis(second.gap.max(waited))),
            missing_frames: second.missing,
            discontinuities: second.discontinuities,
            filler: second.filler,
            silent: (second.telling > 0)
                .then_some(second.loud == 0 && second.faint * FAINT_ONE_IN <= second.telling),
        }
    }

    /// What is sent, as its configurations say.
    pub(super) fn media(&self) -> Media {
        let Some(tracks) = &self.tracks else { return Media::default() };
        let shape = tracks.video().and_then(|config| config.shape());
        let said = tracks.metadata.as_ref().and_then(|metadata| metadata.frame_rate());
        let rate = shape.and_then(|shape| shape.frame_rate).map(|(n, d)| f64::from(n) / f64::from(d.max(1)));
        let sound = tracks.audio().and_then(|config| config.sound());
        #[expect(clippy::cast_possible_truncation, reason = "a rate for people")]
        Media {
            video_codec: tracks.video().map(|config| config.codec_string()),
            width: shape.map(|shape| shape.width),
            height: shape.map(|shape| shape.height),
            frame_rate: said.or(rate).filter(|rate| *rate < 1_000.0).map(|rate| rate as f32),
            audio_codec: tracks.audio().map(|config| config.codec_string()),
            channels: sound.map(|(channels, _)| channels),
            sample_rate: sound.map(|(_, rate)| rate),
        }
    }

    /// The coding of the default pictures.
    pub(super) fn video_codec(&self) -> Option<Codec> {
        Some(self.tracks.as_ref()?.video()?.codec())
    }
}

/// What a frame's length says of its sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loudness {
    Silence,
    /// Silence with something beside it, or next to none.
    Faint,
    Loud,
}

/// Whether a frame of this length can only be silence: encoders without padding write next to nothing for it. Those that
/// fill every frame up show nothing here.
fn loudness(config: &CodecConfig, len: usize) -> Option<Loudness> {
    let (channels, _) = config.sound()?;
    let (silence, faint) = match config.codec() {
        Codec::Aac => (8 + 4 * usize::from(channels), FILL_MAX),
        Codec::Opus => (8, 0),
        _ => return None,
    };
    Some(match len {
        len if len <= silence => Loudness::Silence,
        len if len <= silence + faint => Loudness::Faint,
        _ => Loudness::Loud,
    })
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn whole(millis: i64) -> u32 {
    u32::try_from(millis.max(0)).unwrap_or(u32::MAX)
}

fn signed(millis: i64) -> i32 {
    i32::try_from(millis).unwrap_or(if millis < 0 { i32::MIN } else { i32::MAX })
}

fn bits_a_second(bytes: u64, length: Duration) -> u64 {
    let micros = length.as_micros().max(1);
    if length < Duration::from_millis(100) {
        return 0;
    }
    u64::try_from(u128::from(bytes) * 8 * 1_000_000 / micros).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "some hundred frames")]
fn a_second(frames: u32, length: Duration) -> f32 {
    if length < Duration::from_millis(100) { 0.0 } else { frames as f32 / length.as_secs_f32() }
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
