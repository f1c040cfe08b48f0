//! Frames, configurations and metadata to FLV bodies, as RTMP messages carry them.
//!
//! A frame's body is a few bytes and then the payload as it is: nothing is copied. Sequence headers and metadata
//! are whole bodies, made once for each change. Timestamps and chunks are RTMP's.

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

use crate::format::aac::AudioSpecificConfig;
use crate::format::amf0::Value;
use crate::format::h264::Picture;
use crate::format::mp3::Mp3Header;
use crate::media::{CodecConfig, Frame, MediaTime, Metadata, Packet, Track, TrackSet};

/// Legacy codec numbers (FLV 10.1 §E.4.2, §E.4.3), as `onMetaData` names them.
mod codec_id {
    pub(super) const AVC: u8 = 7;
    pub(super) const MP3: u8 = 2;
    pub(super) const AAC: u8 = 10;
}

/// 44 kHz, 16 bit, stereo: what AAC bodies say by convention, whatever the track is.
const AAC_FLAGS: u8 = 0xAF;
/// Sound format 14, MP3 of 8 kHz, mono.
const MP3_8_KHZ_FLAGS: u8 = 0xEE;
/// MP3, 44 kHz, 16 bit, mono: the rate of the frames themselves counts.
const MP3_FLAGS: u8 = 0x2E;
/// The bit of the flags that says stereo.
const STEREO: u8 = 0x01;

/// Composition times have 24 bits and a sign.
const CTS_MAX: i64 = 0x007F_FFFF;

/// Which kind of message a body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// AMF0 values.
    Data,
}

/// A message whose body is `prefix` and then `payload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlvMessage {
    /// Its kind.
    pub kind: MessageKind,
    /// What the container puts before the payload.
    pub prefix: SmallVec<[u8; 8]>,
    /// The frame's payload, shared.
    pub payload: Bytes,
}

/// A frame as a message. `None` for an end, for a frame of a track that is not in `tracks`, and for tracks other
/// than the default ones, which have no legacy form.
#[must_use]
pub fn message(frame: &Frame, tracks: &TrackSet) -> Option<FlvMessage> {
    match frame {
        Frame::Media(packet) => media(packet, tracks),
        Frame::Data(data) => Some(FlvMessage {
            kind: MessageKind::Data,
            prefix: SmallVec::new(),
            payload: data.payload.clone(),
        }),
        Frame::End(_) => None,
    }
}

fn media(packet: &Packet, tracks: &TrackSet) -> Option<FlvMessage> {
    if packet.track.index != 0 {
        return None;
    }
    let (kind, prefix) = match tracks.config(packet.track)?.as_ref() {
        CodecConfig::H264(_) => (MessageKind::Video, avc_prefix(packet.keyframe, packet.cts)),
        // These have no legacy form, and extended headers are not written.
        CodecConfig::H265(_) | CodecConfig::Av1(_) | CodecConfig::Vp9(_) => return None,
        CodecConfig::Aac(_) => (MessageKind::Audio, smallvec![AAC_FLAGS, 1]),
        CodecConfig::Mp3(header) => (MessageKind::Audio, smallvec![mp3_flags(*header)]),
    };
    Some(FlvMessage { kind, prefix, payload: packet.payload.clone() })
}

fn avc_prefix(keyframe: bool, cts: MediaTime) -> SmallVec<[u8; 8]> {
    let frame_type = if keyframe { 0x10 } else { 0x20 };
    let cts = cts.as_millis().clamp(-CTS_MAX, CTS_MAX);
    let [.., high, middle, low] = cts.to_be_bytes();
    smallvec![frame_type | codec_id::AVC, 1, high, middle, low]
}

const fn mp3_flags(header: Mp3Header) -> u8 {
    let flags = if header.sample_rate == 8_000 { MP3_8_KHZ_FLAGS } else { MP3_FLAGS };
    if header.channels == 2 { flags | STEREO } else { flags }
}

/// The body of a track's sequence header. `None` for a coding that has none.
#[must_use]
pub fn sequence_header(track: &Track) -> Option<Vec<u8>> {
    let prefix: &[u8] = match track.config.as_ref() {
        _ if track.id.index != 0 => return None,
        CodecConfig::H264(_) => &[0x17, 0, 0, 0, 0],
        CodecConfig::Aac(_) => &[AAC_FLAGS, 0],
        CodecConfig::Mp3(_) => return None,
        // These have no legacy form, and extended headers are not written.
        CodecConfig::H265(_) | CodecConfig::Av1(_) | CodecConfig::Vp9(_) => return None,
    };
    Some([prefix, track.config.record()?].concat())
}

/// The body of the data message that describes `tracks`: for a player, or with `wrap` for a server that is
/// published to.
///
/// It is what the publisher said, without what it said of tracks that are not there; or, where it said nothing,
/// what the configurations say.
#[must_use]
pub fn metadata(tracks: &TrackSet, wrap: bool) -> Vec<u8> {
    let metadata = match &tracks.metadata {
        Some(said) => said.without_tracks(tracks.video().is_none(), tracks.audio().is_none()),
        None => from_configurations(tracks),
    };
    let mut out = Vec::new();
    if wrap {
        Value::String("@setDataFrame".to_owned()).encode(&mut out);
    }
    metadata.encode_into(&mut out);
    out
}

fn from_configurations(tracks: &TrackSet) -> Metadata {
    let mut properties = Vec::new();
    for track in tracks.tracks().iter().filter(|track| track.id.index == 0) {
        match track.config.as_ref() {
            CodecConfig::H264(avc) => video_properties(avc.picture.as_ref(), &mut properties),
            // A track that is not sent is not described.
            CodecConfig::H265(_) | CodecConfig::Av1(_) | CodecConfig::Vp9(_) => {}
            CodecConfig::Aac(AudioSpecificConfig { output_rate, channels, .. }) => {
                audio_properties(codec_id::AAC, *output_rate, *channels, &mut properties);
            }
            CodecConfig::Mp3(header) => {
                audio_properties(codec_id::MP3, header.sample_rate, header.channels, &mut properties);
            }
        }
    }
    properties.push(("encoder", Value::String("gostream".to_owned())));
    Metadata { properties: properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}

fn video_properties(picture: Option<&Picture>, out: &mut Vec<(&'static str, Value)>) {
    if let Some(picture) = picture {
        out.push(("width", Value::Number(f64::from(picture.width))));
        out.push(("height", Value::Number(f64::from(picture.height))));
        if let Some((frames, seconds)) = picture.frame_rate.filter(|(_, seconds)| *seconds > 0) {
            out.push(("framerate", Value::Number(f64::from(frames) / f64::from(seconds))));
        }
    }
    out.push(("videocodecid", Value::Number(f64::from(codec_id::AVC))));
}

fn audio_properties(codec: u8, rate: u32, channels: u8, out: &mut Vec<(&'static str, Value)>) {
    out.push(("audiocodecid", Value::Number(f64::from(codec))));
    out.push(("audiosamplerate", Value::Number(f64::from(rate))));
    out.push(("audiochannels", Value::Number(f64::from(channels))));
    out.push(("stereo", Value::Boolean(channels == 2)));
}

#[cfg(test)]
#[path = "to_flv_tests.rs"]
mod tests;
