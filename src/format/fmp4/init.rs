//! The init segment: `ftyp` and a `moov` without samples (RFC 8216 §3.3).
//!
//! No edit lists: every offset between tracks stands in `tfdt` and composition times, which all players honour.

use bytes::Bytes;
use mp4_atom::{
    Atom, Avc1, Avcc, Codec, Dinf, Dref, DrefEntry, Encode, FixedPoint, FourCC, Ftyp, Hdlr, Mdhd, Mdia, Minf,
    Moov, Mp4a, Mvex, Mvhd, Pasp, Smhd, Stbl, Stco, Stsd, Tkhd, Trak, Trex, Url, Visual, Vmhd,
    esds::{DecoderConfig, DecoderSpecific, EsDescriptor, Esds, SLConfig},
};

use super::{Error, sound};
use crate::format::aac::AudioSpecificConfig;
use crate::format::ac3::{Ac3, Eac3};
use crate::format::flac::StreamInfo;
use crate::format::h264::{AvcConfig, Picture};
use crate::format::opus::OpusHead;

/// Object type indication of MPEG-4 audio (ISO/IEC 14496-1 table 5).
const OBJECT_TYPE_AAC: u8 = 0x40;
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
}

/// The sample entry of a track (ISO/IEC 14496-12 §8.5.2).
#[derive(Debug, Clone, Copy)]
pub enum SampleEntry<'a> {
    /// `avc1`: H.264 with its parameter sets out of band.
    Avc1(&'a AvcConfig),
    /// `mp4a` with the AudioSpecificConfig as the sender wrote it.
    Mp4a(&'a AudioSpecificConfig),
    /// `Opus`; its clock is 48 kHz always.
    Opus(&'a OpusHead),
    /// `fLaC`.
    Flac(&'a StreamInfo),
    /// `ac-3`, which only some players decode.
    Ac3(&'a Ac3),
    /// `ec-3`, which only some players decode.
    Eac3(&'a Eac3),
}

/// The bytes of an init segment for `tracks`.
///
/// # Errors
/// [`Error::NoParameterSets`] for H.264 whose configuration has none, [`Error::Encode`] for values no box can hold.
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
    let mut bytes = Vec::with_capacity(1_024);
    ftyp.encode(&mut bytes)?;
    moov.encode(&mut bytes)?;
    Ok(bytes.into())
}

fn trak(track: &InitTrack<'_>) -> Result<Trak, Error> {
    let mut tkhd = Tkhd { track_id: track.id, enabled: true, in_movie: true, ..Tkhd::default() };
    let codec = match track.entry {
        SampleEntry::Avc1(config) => {
            if let Some((width, height)) = config.picture.as_ref().map(display_size) {
                tkhd.width = FixedPoint::from(u16::try_from(width).unwrap_or(u16::MAX));
                tkhd.height = FixedPoint::from(u16::try_from(height).unwrap_or(u16::MAX));
            }
            Codec::Avc1(avc1(config)?)
        }
        SampleEntry::Mp4a(config) => Codec::Mp4a(mp4a(config, track.id)),
        SampleEntry::Opus(head) => sound::opus(head),
        SampleEntry::Flac(info) => sound::flac(info),
        SampleEntry::Ac3(config) => sound::ac3(config),
        SampleEntry::Eac3(config) => sound::eac3(config),
    };
    let is_video = matches!(track.entry, SampleEntry::Avc1(_));
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

/// Coded size of the first picture parameters; zero where they are unknown.
fn coded_size(config: &AvcConfig) -> (u16, u16) {
    let Some(picture) = &config.picture else { return (0, 0) };
    (u16::try_from(picture.width).unwrap_or(u16::MAX), u16::try_from(picture.height).unwrap_or(u16::MAX))
}

/// Size on a screen with square pixels, as `tkhd` (ISO/IEC 14496-12 §8.3.2) and `RESOLUTION` want it: the width is
/// stretched by the sample aspect ratio.
#[must_use]
pub fn display_size(picture: &Picture) -> (u32, u32) {
    let (h, v) = picture.sample_aspect;
    let stretched = u64::from(picture.width) * u64::from(h) / u64::from(v.max(1));
    (u32::try_from(stretched.max(1)).unwrap_or(u32::MAX), picture.height)
}

fn avc1(config: &AvcConfig) -> Result<Avc1, Error> {
    let (width, height) = coded_size(config);
    let pasp = config
        .picture
        .as_ref()
        .map(|picture| picture.sample_aspect)
        .filter(|(h, v)| h != v)
        .map(|(h_spacing, v_spacing)| Pasp { h_spacing, v_spacing });
    Ok(Avc1 {
        visual: Visual { data_reference_index: 1, width, height, ..Visual::default() },
        avcc: avcc(config)?,
        btrt: None,
        colr: None,
        pasp,
        taic: None,
        fiel: None,
        spatial: None,
    })
}

/// The record again from what was parsed: senders leave zeros in its profile bytes, so the SPS decides.
fn avcc(config: &AvcConfig) -> Result<Avcc, Error> {
    let Some([_, profile, constraints, level, ..]) = config.sps.first().map(|sps| sps.as_ref()) else {
        return Err(Error::NoParameterSets);
    };
    if config.pps.is_empty() {
        return Err(Error::NoParameterSets);
    }
    // Only the trailer of high profiles is taken from the record; many senders leave it out, and it may be.
    let ext = Avcc::decode_body(&mut config.record.as_ref()).ok().and_then(|record| record.ext);
    Ok(Avcc {
        configuration_version: 1,
        avc_profile_indication: *profile,
        profile_compatibility: *constraints,
        avc_level_indication: *level,
        length_size: config.length_size,
        sequence_parameter_sets: config.sps.iter().map(|sps| sps.to_vec()).collect(),
        picture_parameter_sets: config.pps.iter().map(|pps| pps.to_vec()).collect(),
        ext,
    })
}

fn mp4a(config: &AudioSpecificConfig, id: u32) -> Mp4a {
    Mp4a {
        audio: sound::entry(config.channels, config.output_rate),
        esds: Esds {
            es_desc: EsDescriptor {
                es_id: u16::try_from(id).unwrap_or(0),
                dec_config: DecoderConfig {
                    object_type_indication: OBJECT_TYPE_AAC,
                    stream_type: STREAM_TYPE_AUDIO,
                    dec_specific: Some(DecoderSpecific {
                        raw: config.record.to_vec(),
                        ..DecoderSpecific::default()
                    }),
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
