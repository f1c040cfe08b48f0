//! Packets to fMP4: which tracks can be packaged, how a packet becomes a sample, and a fragment of samples.
//!
//! Decode times count from a fixed offset for the whole session, so that no clock is ever negative (`tfdt` is
//! unsigned) and composition times may be. Video is counted on 90 kHz from its own timestamps, audio by its samples
//! ([`AudioClock`]). Where fragments and segments are cut, `hls::segmenter` decides.
//!
//! **Invariant:** payload bytes are shared, never copied: a sample is a list of slices of what was ingested.

mod audio_clock;
mod slices;

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

pub use audio_clock::{AudioClock, Placed};
use slices::{av1_slices, h264_sets, h264_slices, h265_slices};

use crate::format::fmp4::{
    Error, InitTrack, Run, RunSample, SampleEntry, empty_fragment_header, fragment_header, init_segment,
};
use crate::format::h265::unit;
use crate::format::light::Light;
use crate::format::nal;
use crate::format::shape::Shape;
use crate::media::{CodecConfig, MediaTime, Packet, Timescale, TrackId, TrackKind, TrackSet};

/// The number of the video track in every init segment.
const VIDEO_TRACK: u32 = 1;
/// The number of the audio track in every init segment.
const AUDIO_TRACK: u32 = 2;
/// Where a session's clock starts, in milliseconds: more than any encoder's reordering or start offset, so that
/// neither decode times nor presentation times fall below zero.
const SESSION_OFFSET_MILLIS: i64 = 10_000;

/// The pieces of one sample, in order. Nearly always one.
pub type Slices = SmallVec<[Bytes; 1]>;

/// The tracks of a stream that HLS can carry, with their configurations. Equal when an init segment stays valid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    video: Option<Arc<CodecConfig>>,
    audio: Option<Arc<CodecConfig>>,
    /// What the source says of the pictures' light beside their own headers.
    light: Light,
}

/// Whether samples can be made of a track: pictures whose parameter sets (sequence header, size) are known, and sound
/// whose frames are all as long.
#[must_use]
pub fn is_packageable(config: &CodecConfig) -> bool {
    match config {
        CodecConfig::H264(avc) => !avc.sps.is_empty() && !avc.pps.is_empty(),
        CodecConfig::H265(hevc) => hevc.sets.is_complete() && hevc.picture.is_some(),
        CodecConfig::Av1(av1) => av1.sequence.is_some(),
        CodecConfig::Vp9(vp9) => vp9.size.is_some(),
        CodecConfig::Aac(asc) => asc.sample_rate > 0 && asc.frame_length > 0,
        CodecConfig::Flac(info) => info.frame_samples().is_some(),
        CodecConfig::Opus { .. } | CodecConfig::Mp3(_) | CodecConfig::Ac3(_) | CodecConfig::Eac3(_) => true,
    }
}

/// What is said of the light of a track's pictures beside their own headers.
#[must_use]
pub fn light_of(tracks: &TrackSet, id: TrackId) -> Light {
    let own = tracks.config(id).and_then(|config| config.shape()).and_then(|shape| shape.colour);
    let said = tracks.remark(id).filter(|_| id.is_video());
    said.map(|said| Light::from_color_info(said, own)).unwrap_or_default()
}

impl Layout {
    /// Of the default tracks among `tracks`, those that [are packageable](is_packageable).
    #[must_use]
    pub fn of(tracks: &TrackSet) -> Self {
        let packageable = |config: &&Arc<CodecConfig>| is_packageable(config);
        Self {
            video: tracks.video().filter(packageable).cloned(),
            audio: tracks.audio().filter(packageable).cloned(),
            light: light_of(tracks, TrackId::VIDEO),
        }
    }

    /// Of one track alone.
    #[must_use]
    pub fn alone(kind: TrackKind, config: Arc<CodecConfig>) -> Self {
        match kind {
            TrackKind::Video => Self { video: Some(config), ..Self::default() },
            TrackKind::Audio => Self { audio: Some(config), ..Self::default() },
        }
    }

    /// The same, whose pictures have this said of their light.
    #[must_use]
    pub fn lit(self, light: Light) -> Self {
        Self { light, ..self }
    }

    /// Of its pictures alone.
    #[must_use]
    pub fn mute(self) -> Self {
        Self { audio: None, ..self }
    }

    /// Of its pictures alone; of its sound where there are none.
    #[must_use]
    pub fn without_beside(&self) -> Self {
        let audio = self.audio.clone().filter(|_| self.video.is_none());
        Self { video: self.video.clone(), audio, light: self.light }
    }

    /// Whether a picture refers to pictures before the random access point that it follows: it cannot be shown when
    /// decoding began there (H.265 §8.1.3).
    #[must_use]
    pub fn is_skipped_leading(&self, packet: &Packet) -> bool {
        let Some(CodecConfig::H265(hevc)) = self.video.as_deref() else { return false };
        let mut units = nal::Units::new(&packet.payload, hevc.length_size).map_while(Result::ok);
        let picture = units.find_map(|found| unit::unit_type(found).filter(|kind| unit::is_slice(*kind)));
        picture.is_some_and(unit::is_skipped_leading)
    }

    /// Whether there is nothing to package.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.video.is_none() && self.audio.is_none()
    }

    /// The video configuration.
    #[must_use]
    pub const fn video(&self) -> Option<&Arc<CodecConfig>> {
        self.video.as_ref()
    }

    /// The audio configuration.
    #[must_use]
    pub const fn audio(&self) -> Option<&Arc<CodecConfig>> {
        self.audio.as_ref()
    }

    /// What is said of the pictures' light beside their own headers.
    #[must_use]
    pub const fn light(&self) -> Light {
        self.light
    }

    /// What the pictures look like.
    #[must_use]
    pub fn picture(&self) -> Option<Shape> {
        self.video.as_deref().and_then(CodecConfig::shape).map(|shape| self.light.on(shape))
    }

    /// Width and height on a screen with square pixels.
    #[must_use]
    pub fn display_size(&self) -> Option<(u32, u32)> {
        self.picture().map(|shape| shape.display_size())
    }

    /// RFC 6381 codings, comma separated, video first.
    #[must_use]
    pub fn codecs(&self) -> String {
        let strings = [&self.video, &self.audio].into_iter().flatten().map(|config| config.codec_string());
        strings.filter(|codec| !codec.is_empty()).collect::<Vec<_>>().join(",")
    }

    /// The init segment.
    ///
    /// # Errors
    /// Those of [`init_segment`].
    pub fn init(&self) -> Result<Bytes, Error> {
        let configs = [(VIDEO_TRACK, &self.video), (AUDIO_TRACK, &self.audio)];
        let tracks = configs.iter().filter_map(|(id, config)| {
            let config = config.as_deref()?;
            let entry = match config {
                CodecConfig::H264(avc) => SampleEntry::Avc1(avc),
                CodecConfig::H265(hevc) => SampleEntry::Hvc1(hevc),
                CodecConfig::Av1(av1) => SampleEntry::Av01(av1),
                CodecConfig::Vp9(vp9) => SampleEntry::Vp09(vp9),
                CodecConfig::Aac(asc) => SampleEntry::Mp4a(asc),
                CodecConfig::Opus { head, .. } => SampleEntry::Opus(head),
                CodecConfig::Flac(info) => SampleEntry::Flac(info),
                CodecConfig::Mp3(header) => SampleEntry::Mp3(header),
                CodecConfig::Ac3(header) => SampleEntry::Ac3(header),
                CodecConfig::Eac3(config) => SampleEntry::Eac3(config),
            };
            let light = if *id == VIDEO_TRACK { self.light } else { Light::default() };
            Some(InitTrack { id: *id, timescale: config.timescale().ticks_per_second(), entry, light })
        });
        init_segment(&tracks.collect::<SmallVec<[_; 2]>>())
    }

    /// A clock for the audio track of a new run of segments.
    #[must_use]
    pub fn audio_clock(&self) -> Option<AudioClock> {
        self.audio.as_deref().and_then(AudioClock::new)
    }

    /// The pieces of `packet` that a sample keeps; empty when none is worth keeping.
    #[must_use]
    pub fn slices(&self, packet: &Packet) -> Slices {
        let payload = &packet.payload;
        match self.video.as_deref().filter(|_| packet.track.is_video()) {
            Some(CodecConfig::H264(avc)) => h264_slices(payload, avc),
            Some(CodecConfig::H265(hevc)) => h265_slices(payload, hevc),
            Some(CodecConfig::Av1(av1)) => av1_slices(payload, av1, packet.keyframe),
            _ if payload.is_empty() => Slices::new(),
            _ => Slices::from_elem(payload.clone(), 1),
        }
    }

    /// As [`Self::slices`], where a keyframe of H.264 says its parameter sets again before its picture.
    ///
    /// Players that read segments as one file (FFmpeg's, and all that is built on it) keep the first init segment that they
    /// see and skip the others, so that behind a change they decode with the wrong sets, whoever the server is. With the
    /// sets beside the picture they go right, and for all others they repeat what the init segment says. HEVC is not helped
    /// so: `hvc1` promises that no sets are in its samples, and Safari shows nothing of what breaks that.
    #[must_use]
    pub fn slices_described(&self, packet: &Packet) -> Slices {
        let mut slices = self.slices(packet);
        if let Some(CodecConfig::H264(avc)) = self.video.as_deref()
            && packet.track.is_video()
            && packet.keyframe
            && !slices.is_empty()
            && let Some(sets) = h264_sets(avc)
        {
            slices.insert(0, sets);
        }
        slices
    }
}

/// The clock of one session: the stream's own, moved so that it starts at [`SESSION_OFFSET_MILLIS`].
#[derive(Debug, Clone, Copy)]
pub struct SessionClock {
    origin: MediaTime,
}

impl SessionClock {
    /// Starts at the decode time of the session's first frame.
    #[must_use]
    pub fn starting_at(first: MediaTime) -> Self {
        Self { origin: MediaTime::new(first.as_millis() - SESSION_OFFSET_MILLIS, Timescale::MILLIS) }
    }

    /// Ticks of `scale` since the session's zero; never negative.
    #[must_use]
    pub fn ticks(&self, time: MediaTime, scale: Timescale) -> i64 {
        (time.rescale(scale) - self.origin).ticks().max(0)
    }
}

/// One frame as fMP4 carries it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Decode time in ticks of its track.
    pub time: i64,
    /// Ticks until the next sample of its track.
    pub duration: i64,
    /// Ticks from decoding to showing.
    pub cts: i64,
    /// Whether a decoder may start here.
    pub sync: bool,
    /// Its bytes.
    pub data: Slices,
}

impl Sample {
    /// An access unit of sound.
    #[must_use]
    pub const fn sound(time: i64, duration: i64, data: Slices) -> Self {
        Self { time, duration, cts: 0, sync: true, data }
    }

    /// Its bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.data.iter().map(|slice| slice.len() as u64).sum()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn described(&self) -> RunSample {
        RunSample {
            // A zero duration stops some decoders.
            duration: u32::try_from(self.duration.max(1)).unwrap_or(u32::MAX),
            size: u32::try_from(self.len()).unwrap_or(u32::MAX),
            cts: i32::try_from(self.cts).unwrap_or(0),
            sync: self.sync,
        }
    }
}

/// A `moof`, the opening of its `mdat`, and the frames in it.
#[derive(Debug, Clone)]
pub struct Fragment {
    /// Everything before the frames.
    pub header: Bytes,
    /// The frames, as they were ingested.
    pub payload: Vec<Bytes>,
}

/// Fragment number `sequence` with the samples of both tracks; each list is in decode order. A fragment says no times but
/// the first of each track, so a sample before a hole lasts until the one behind it.
///
/// # Errors
/// Those of [`fragment_header`].
pub fn fragment(sequence: u32, video: Vec<Sample>, mut audio: Vec<Sample>) -> Result<Fragment, Error> {
    let mut next = None;
    for sample in audio.iter_mut().rev() {
        sample.duration = next.map_or(sample.duration, |next: i64| sample.duration.max(next - sample.time));
        next = Some(sample.time);
    }
    let run = |track, samples: &[Sample]| Run {
        track,
        decode_time: samples.first().and_then(|first| u64::try_from(first.time).ok()).unwrap_or(0),
        samples: samples.iter().map(Sample::described).collect(),
    };
    let header = fragment_header(sequence, &[run(VIDEO_TRACK, &video), run(AUDIO_TRACK, &audio)])?;
    let payload = video.into_iter().chain(audio).flat_map(|sample| sample.data).collect();
    Ok(Fragment { header, payload })
}

/// Fragment number `sequence` without samples, for a part of a timeline in which no frame begins. It names one track,
/// since players refuse a fragment of none: `sound` or pictures, whose next sample belongs at `next` in its ticks.
///
/// # Errors
/// Those of [`empty_fragment_header`].
pub fn empty_fragment(sequence: u32, sound: bool, next: i64) -> Result<Fragment, Error> {
    let track = if sound { AUDIO_TRACK } else { VIDEO_TRACK };
    let header = empty_fragment_header(sequence, track, u64::try_from(next).unwrap_or(0))?;
    Ok(Fragment { header, payload: Vec::new() })
}

#[cfg(test)]
mod tests;
