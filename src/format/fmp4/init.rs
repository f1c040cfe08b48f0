//! The init segment: `ftyp` and a `moov` without samples (RFC 8216 §3.3).
//!
//! No edit lists: every offset between tracks stands in `tfdt` and composition times, which all players honour.

use bytes::Bytes;
use mp4_atom::{
    Audio, Codec, Dinf, Dref, DrefEntry, Encode, FixedPoint, FourCC, Ftyp, Hdlr, Mdhd, Mdia, Minf, Moov,
    Mp4a, Mvex, Mvhd, Smhd, Stbl, Stco, Stsd, Tkhd, Trak, Trex, Url, Vmhd,
    esds::{DecoderConfig, DecoderSpecific, EsDescriptor, Esds, SLConfig},
};

use super::{Error, light, sound, visual};
use crate::format::aac::AudioSpecificConfig;
use crate::format::ac3::{Ac3, Eac3};
use crate::format::av1::Av1Config;
use crate::format::flac::StreamInfo;
use crate::format::h264::{AvcConfig, Picture};
use crate::format::h265::HevcConfig;
use crate::format::light::Light;
use crate::format::mp3::Mp3Header;
use crate::format::opus::OpusHead;
use crate::format::shape::Shape;
use crate::format::vp9::Vp9Config;

/// Object type indications of MPEG-4 audio, and of MPEG-1 and MPEG-2 audio layer III (ISO/IEC 14496-1 table 5).
const OBJECT_TYPE_AAC: u8 = 0x40;
const OBJECT_TYPE_MPEG1: u8 = 0x6b;
const OBJECT_TYPE_MPEG2: u8 = 0x69;
/// Stream type of audio (ISO/IEC 14496-1 table 6).
const STREAM_TYPE_AUDIO: u8 = 5;
/// `mvhd` counts nothing in a fragmented file, but wants a clock above zero.
const MOVIE_TIMESCALE: u32 = 1_000;

/// A track as the init segment declares it.
#[derive(Debug, Clone, Copy)]
pub struct InitTrack<'a> {
    /// Number of the track in the file, from 1.
    pub id: u32,
    /// Ticks a second of its `tfdt` and durations.
    pub timescale: u32,
    /// What its decoder needs.
    pub entry: SampleEntry<'a>,
    /// What the sender says of its light.
    pub light: Light,
}

/// The sample entry of a track (ISO/IEC 14496-12 §8.5.2).
#[derive(Debug, Clone, Copy)]
pub enum SampleEntry<'a> {
    /// `avc1`: H.264 with its parameter sets out of band.
    Avc1(&'a AvcConfig),
    /// `hvc1`: HEVC with its parameter sets out of band, which Apple's players insist on.
    Hvc1(&'a HevcConfig),
    /// `av01`.
    Av01(&'a Av1Config),
    /// `vp09`.
    Vp09(&'a Vp9Config),
    /// `mp4a` with the AudioSpecificConfig as the sender wrote it.
    Mp4a(&'a AudioSpecificConfig),
    /// `mp4a` of MPEG-1 or MPEG-2 audio, whose frames say all themselves.
    Mp3(&'a Mp3Header),
    /// `Opus`; its clock is 48 kHz always.
    Opus(&'a OpusHead),
    /// `fLaC`.
    Flac(&'a StreamInfo),
    /// `ac-3`, which only some players decode.
    Ac3(&'a Ac3),
    /// `ec-3`, which only some players decode.
    Eac3(&'a Eac3),
}

impl SampleEntry<'_> {
    /// What the pictures look like; `None` for sound, and where it is not known.
    fn shape(&self) -> Option<Shape> {
        match self {
            Self::Avc1(config) => config.picture.as_ref().map(Picture::shape),
            Self::Hvc1(config) => config.shape(),
            Self::Av01(config) => config.shape(),
            Self::Vp09(config) => config.shape(),
            _ => None,
        }
    }

    const fn is_video(&self) -> bool {
        matches!(self, Self::Avc1(_) | Self::Hvc1(_) | Self::Av01(_) | Self::Vp09(_))
    }
}

/// The bytes of an init segment for `tracks`.
///
/// # Errors
/// [`Error::NoParameterSets`] for pictures whose configuration leaves what a decoder needs to the frames, [`Error::Encode`] for values no box can hold.
pub fn init_segment(tracks: &[InitTrack<'_>]) -> Result<Bytes, Error> {
    // Muxed tracks are outside CMAF's one-track files, so its brands are not claimed.
    let brands = [b"iso6", b"iso5", b"mp41"].map(FourCC::new);
    let ftyp = Ftyp { major_brand: brands[0], minor_version: 0, compatible_brands: brands.to_vec() };
    let moov = Moov {
        mvhd: Mvhd {
            timescale: MOVIE_TIMESCALE,
            rate: FixedPoint::from(1),
            volume: FixedPoint::from(1),
            next_track_id: tracks.iter().map(|track| track.id).max().unwrap_or(0).saturating_add(1),
            ..Mvhd::default()
        },
        trak: tracks.iter().map(trak).collect::<Result<_, _>>()?,
        mvex: Some(Mvex {
            mehd: None,
            trex: tracks
                .iter()
                .map(|track| Trex {
                    track_id: track.id,
                    default_sample_description_index: 1,
                    ..Trex::default()
                })
                .collect(),
        }),
        ..Moov::default()
    };
    let mut written = Vec::with_capacity(1_024);
    moov.encode(&mut written)?;
    for (place, track) in tracks.iter().enumerate() {
        let boxes = light::boxes(&track.light);
        if !boxes.is_empty() {
            light::graft(&mut written, place, &boxes);
        }
    }
    let mut bytes = Vec::with_capacity(1_024);
    ftyp.encode(&mut bytes)?;
    bytes.append(&mut written);
    Ok(bytes.into())
}

fn trak(track: &InitTrack<'_>) -> Result<Trak, Error> {
    let mut tkhd = Tkhd { track_id: track.id, enabled: true, in_movie: true, ..Tkhd::default() };
    if let Some((width, height)) = track.entry.shape().map(|shape| shape.display_size()) {
        tkhd.width = FixedPoint::from(u16::try_from(width).unwrap_or(u16::MAX));
        tkhd.height = FixedPoint::from(u16::try_from(height).unwrap_or(u16::MAX));
    }
    let codec = match track.entry {
        SampleEntry::Avc1(config) => Codec::Avc1(visual::avc1(config, &track.light)?),
        SampleEntry::Hvc1(config) => Codec::Hvc1(visual::hvc1(config, &track.light)?),
        SampleEntry::Av01(config) => Codec::Av01(visual::av01(config, &track.light)?),
        SampleEntry::Vp09(config) => Codec::Vp09(visual::vp09(config, &track.light)?),
        SampleEntry::Mp4a(config) => Codec::Mp4a(mp4a(
            sound::entry(config.channels, config.output_rate),
            OBJECT_TYPE_AAC,
            Some(DecoderSpecific { raw: config.record.to_vec(), ..DecoderSpecific::default() }),
            track.id,
        )),
        SampleEntry::Mp3(header) => Codec::Mp4a(mp4a(
            sound::entry(header.channels, header.sample_rate),
            if header.is_mpeg1() { OBJECT_TYPE_MPEG1 } else { OBJECT_TYPE_MPEG2 },
            None,
            track.id,
        )),
        SampleEntry::Opus(head) => sound::opus(head),
        SampleEntry::Flac(info) => sound::flac(info),
        SampleEntry::Ac3(config) => sound::ac3(config),
        SampleEntry::Eac3(config) => sound::eac3(config),
    };
    let is_video = track.entry.is_video();
    let (handler, name) = if is_video { (b"vide", "video") } else { (b"soun", "audio") };
    if !is_video {
        tkhd.volume = FixedPoint::from(1);
    }
    Ok(Trak {
        tkhd,
        mdia: Mdia {
            mdhd: Mdhd { timescale: track.timescale, language: "und".to_owned(), ..Mdhd::default() },
            hdlr: Hdlr { handler: FourCC::new(handler), name: name.to_owned() },
            minf: Minf {
                vmhd: is_video.then(Vmhd::default),
                smhd: (!is_video).then(Smhd::default),
                dinf: Dinf { dref: Dref { entries: vec![DrefEntry::Url(Url::default())] } },
                stbl: Stbl {
                    stsd: Stsd { codecs: vec![codec] },
                    stco: Some(Stco::default()),
                    ..Stbl::default()
                },
                ..Minf::default()
            },
        },
        ..Trak::default()
    })
}

fn mp4a(audio: Audio, object_type: u8, dec_specific: Option<DecoderSpecific>, id: u32) -> Mp4a {
    Mp4a {
        audio,
        esds: Esds {
            es_desc: EsDescriptor {
                es_id: u16::try_from(id).unwrap_or(0),
                dec_config: DecoderConfig {
                    object_type_indication: object_type,
                    stream_type: STREAM_TYPE_AUDIO,
                    dec_specific,
                    ..DecoderConfig::default()
                },
                sl_config: SLConfig {},
                ..EsDescriptor::default()
            },
        },
        btrt: None,
        taic: None,
    }
}
