//! Tracks and their codec configuration, parsed once at the door.
//!
//! Every frame in the ring carries the [`TrackSet`] in force, so that a reader that starts or skips
//! anywhere knows the headers it must send first.

use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::{Codec, Metadata, Timescale};
use crate::format::a53::Captions;
use crate::format::aac::AudioSpecificConfig;
use crate::format::ac3::{Ac3, Eac3};
use crate::format::av1::Av1Config;
use crate::format::flac::{self, StreamInfo};
use crate::format::h264::{AvcConfig, Picture};
use crate::format::h265::HevcConfig;
use crate::format::mp3::Mp3Header;
use crate::format::opus::{self, OpusHead};
use crate::format::shape::Shape;
use crate::format::vp9::Vp9Config;

/// What a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

/// A track of a stream: its kind, and its number among tracks of that kind (0 for the default one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId {
    /// What it carries.
    pub kind: TrackKind,
    /// 0 for the default track; others come with multitrack Enhanced RTMP.
    pub index: u8,
}

impl TrackId {
    /// The default video track.
    pub const VIDEO: Self = Self { kind: TrackKind::Video, index: 0 };
    /// The default audio track.
    pub const AUDIO: Self = Self { kind: TrackKind::Audio, index: 0 };

    /// Whether it carries pictures.
    #[must_use]
    pub const fn is_video(self) -> bool {
        matches!(self.kind, TrackKind::Video)
    }
}

/// A track's configuration: what a decoder needs before the first frame. Equal when the sender's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodecConfig {
    /// From an avcC record.
    H264(AvcConfig),
    /// From an hvcC record.
    H265(HevcConfig),
    /// From an av1C record.
    Av1(Av1Config),
    /// From a vpcC record and a key frame, which has the size.
    Vp9(Vp9Config),
    /// From an AudioSpecificConfig.
    Aac(AudioSpecificConfig),
    /// From the first frame's header; MP3 has no sequence header.
    Mp3(Mp3Header),
    /// From an identification header and the first packet.
    Opus {
        /// The header.
        head: OpusHead,
        /// Samples a packet at 48 kHz, as the first one has them.
        packet_samples: u32,
    },
    /// From a STREAMINFO.
    Flac(StreamInfo),
    /// From the first syncframe.
    Ac3(Ac3),
    /// From the first syncframe of each substream.
    Eac3(Eac3),
}

impl CodecConfig {
    /// Which coding it configures.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        match self {
            Self::H264(_) => Codec::H264,
            Self::H265(_) => Codec::H265,
            Self::Av1(_) => Codec::Av1,
            Self::Vp9(_) => Codec::Vp9,
            Self::Aac(_) => Codec::Aac,
            Self::Mp3(_) => Codec::Mp3,
            Self::Opus { .. } => Codec::Opus,
            Self::Flac(_) => Codec::Flac,
            Self::Ac3(_) => Codec::Ac3,
            Self::Eac3(_) => Codec::Eac3,
        }
    }

    /// The record that containers carry (avcC, hvcC, av1C, vpcC, AudioSpecificConfig, OpusHead, STREAMINFO behind its
    /// marker); `None` where the coding has none.
    #[must_use]
    pub const fn record(&self) -> Option<&Bytes> {
        match self {
            Self::H264(avc) => Some(&avc.record),
            Self::H265(hevc) => Some(&hevc.record),
            Self::Av1(av1) => Some(&av1.record),
            Self::Vp9(vp9) => Some(&vp9.record),
            Self::Aac(asc) => Some(&asc.record),
            Self::Opus { head, .. } => Some(&head.record),
            Self::Flac(info) => Some(&info.record),
            Self::Mp3(_) | Self::Ac3(_) | Self::Eac3(_) => None,
        }
    }

    /// The RFC 6381 codec string, as HLS and MSE want it.
    #[must_use]
    pub fn codec_string(&self) -> String {
        match self {
            Self::H264(avc) => avc.codec_string(),
            Self::H265(hevc) => hevc.codec_string(),
            Self::Av1(av1) => av1.codec_string(),
            Self::Vp9(vp9) => vp9.codec_string(),
            Self::Aac(asc) => asc.codec_string(),
            Self::Mp3(header) => header.codec_string(),
            Self::Opus { .. } => opus::CODEC_STRING.to_owned(),
            Self::Flac(_) => flac::CODEC_STRING.to_owned(),
            Self::Ac3(config) => config.codec_string(),
            Self::Eac3(config) => config.codec_string(),
        }
    }

    /// What the pictures look like; `None` for sound, and while it is not known.
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Self::H264(avc) => avc.picture.as_ref().map(Picture::shape),
            Self::H265(hevc) => hevc.shape(),
            Self::Av1(av1) => av1.shape(),
            Self::Vp9(vp9) => vp9.shape(),
            Self::Aac(_)
            | Self::Mp3(_)
            | Self::Opus { .. }
            | Self::Flac(_)
            | Self::Ac3(_)
            | Self::Eac3(_) => None,
        }
    }

    /// The clock that fMP4 counts this track on: 90 kHz for pictures, the sample rate for sound.
    #[must_use]
    pub fn timescale(&self) -> Timescale {
        let rate = match self {
            Self::H264(_) | Self::H265(_) | Self::Av1(_) | Self::Vp9(_) => return Timescale::NINETY_KHZ,
            Self::Aac(asc) => asc.sample_rate,
            Self::Mp3(header) => header.sample_rate,
            Self::Opus { .. } => opus::SAMPLE_RATE,
            Self::Flac(info) => info.sample_rate,
            Self::Ac3(config) => config.sample_rate,
            Self::Eac3(config) => config.sample_rate,
        };
        NonZeroU32::new(rate).map_or(Timescale::NINETY_KHZ, Timescale::hz)
    }

    /// Samples a frame, in ticks of [`Self::timescale`]; `None` for pictures, and for FLAC whose frames differ.
    #[must_use]
    pub fn frame_samples(&self) -> Option<u32> {
        match self {
            Self::H264(_) | Self::H265(_) | Self::Av1(_) | Self::Vp9(_) => None,
            Self::Aac(asc) => Some(u32::from(asc.frame_length)),
            Self::Mp3(header) => Some(u32::from(header.samples)),
            Self::Opus { packet_samples, .. } => Some(*packet_samples),
            Self::Flac(info) => info.frame_samples(),
            Self::Ac3(config) => Some(config.frame_samples()),
            Self::Eac3(config) => Some(config.frame_samples),
        }
    }

    /// One unit of silence of this configuration, as long as its others; `None` where none is known: other kinds of AAC
    /// than LC, FLAC, AC-3.
    #[must_use]
    pub fn silent_unit(&self) -> Option<Bytes> {
        match self {
            Self::Aac(asc) => asc.silent_unit(),
            Self::Mp3(header) => header.silent_frame(),
            Self::Opus { head, packet_samples } => head.silence(*packet_samples),
            _ => None,
        }
    }

    /// Channels and samples a second that a player puts out; `None` for pictures.
    #[must_use]
    pub fn sound(&self) -> Option<(u8, u32)> {
        match self {
            Self::H264(_) | Self::H265(_) | Self::Av1(_) | Self::Vp9(_) => None,
            Self::Aac(asc) => Some((asc.channels, asc.output_rate)),
            Self::Mp3(header) => Some((header.channels, header.sample_rate)),
            Self::Opus { head, .. } => Some((head.channels, opus::SAMPLE_RATE)),
            Self::Flac(info) => Some((info.channels, info.sample_rate)),
            Self::Ac3(config) => Some((config.channels(), config.sample_rate)),
            Self::Eac3(config) => Some((config.channels(), config.sample_rate)),
        }
    }
}

/// A track and its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Which track.
    pub id: TrackId,
    /// What its decoder needs.
    pub config: Arc<CodecConfig>,
}

/// The tracks and the metadata in force at one point of a stream. Ordered by [`TrackId`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackSet {
    tracks: SmallVec<[Track; 2]>,
    /// What `onMetaData` said last; never trusted over the configurations.
    pub metadata: Option<Arc<Metadata>>,
    /// The closed captions that the pictures were found to carry.
    pub captions: Option<Captions>,
    /// See [`remark`](Self::remark). Nearly always empty.
    remarks: Vec<(TrackId, Codec, Bytes)>,
}

impl TrackSet {
    /// All tracks, video first.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The configuration of one track.
    #[must_use]
    pub fn config(&self, id: TrackId) -> Option<&Arc<CodecConfig>> {
        self.tracks.iter().find(|track| track.id == id).map(|track| &track.config)
    }

    /// The default video track's configuration.
    #[must_use]
    pub fn video(&self) -> Option<&Arc<CodecConfig>> {
        self.config(TrackId::VIDEO)
    }

    /// The default audio track's configuration.
    #[must_use]
    pub fn audio(&self) -> Option<&Arc<CodecConfig>> {
        self.config(TrackId::AUDIO)
    }

    /// Sets one track's configuration. `false` when it is what was there already.
    pub fn set(&mut self, id: TrackId, config: CodecConfig) -> bool {
        match self.tracks.binary_search_by_key(&id, |track| track.id) {
            Ok(at) => {
                let Some(track) = self.tracks.get_mut(at) else { return false };
                if *track.config == config {
                    return false;
                }
                track.config = Arc::new(config);
            }
            Err(at) => self.tracks.insert(at, Track { id, config: Arc::new(config) }),
        }
        true
    }

    /// What the source says of a track beside its configuration, in the form of Enhanced RTMP: of pictures `colorInfo` as
    /// AMF0 values, of sound which channel is which.
    #[must_use]
    pub fn remark(&self, id: TrackId) -> Option<&Bytes> {
        let codec = self.config(id)?.codec();
        let found = self.remarks.iter().find(|(of, about, _)| (*of, *about) == (id, codec));
        found.map(|(_, _, remark)| remark)
    }

    /// Sets what is said of a track while it has this coding; it replaces what was said before. It may come before the
    /// configuration.
    pub fn set_remark(&mut self, id: TrackId, codec: Codec, remark: Bytes) {
        match self.remarks.iter_mut().find(|(of, ..)| *of == id) {
            Some((_, about, known)) => (*about, *known) = (codec, remark),
            None => self.remarks.push((id, codec, remark)),
        }
    }

    /// The tracks that `rename` gives a number, under that number. It must not give one twice.
    pub(super) fn renumbered(&self, rename: impl Fn(&Track) -> Option<TrackId>) -> Self {
        let mut renumbered =
            Self { metadata: self.metadata.clone(), captions: self.captions, ..Self::default() };
        for track in &self.tracks {
            let Some(id) = rename(track) else { continue };
            renumbered.tracks.push(Track { id, config: Arc::clone(&track.config) });
            if let Some(remark) = self.remark(track.id) {
                renumbered.set_remark(id, track.config.codec(), remark.clone());
            }
        }
        renumbered.tracks.sort_by_key(|track| track.id);
        renumbered
    }

    /// Whether both have the same tracks with the same configurations; metadata and the like may differ.
    #[must_use]
    pub fn same_media(&self, other: &Self) -> bool {
        self.tracks == other.tracks
    }
}
