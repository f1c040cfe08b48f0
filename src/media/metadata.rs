//! What a publisher says of its stream in `onMetaData`. Never trusted over the codec configurations.

use bytes::BufMut;

use crate::format::amf0::Value;

/// Properties that are kept. OBS sends 20, FFmpeg 13; tags of a file may add some dozens.
const PROPERTIES_MAX: usize = 128;

/// What only a video track has, besides names that begin with `video`.
const VIDEO_PROPERTIES: &[&str] =
    &["width", "height", "framerate", "hasvideo", "displaywidth", "displayheight", "avcprofile", "avclevel"];

/// What only an audio track has, besides names that begin with `audio`.
const AUDIO_PROPERTIES: &[&str] = &["stereo", "hasaudio", "aacaot", "2.1", "3.1", "4.0", "4.1", "5.1", "7.1"];

/// The properties of `onMetaData`, in the order sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// Names and values.
    pub properties: Vec<(String, Value)>,
}

impl Metadata {
    /// From the values after the name: the first that has properties. At most 128 are kept.
    #[must_use]
    pub fn parse(values: &[Value]) -> Option<Self> {
        let properties = values.iter().find_map(Value::properties)?;
        Some(Self { properties: properties.iter().take(PROPERTIES_MAX).cloned().collect() })
    }

    /// The value of one property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A property as a finite number. Some senders write numbers as text.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let number = match self.get(name)? {
            Value::Number(number) => *number,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A property as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// What is said of an audio track under the first of `names` that there is (`audioTrackIdInfoMap`, Enhanced RTMP v2).
    #[must_use]
    pub fn audio_track_text(&self, index: u8, names: &[&str]) -> Option<&str> {
        let tracks = self.get("audioTrackIdInfoMap")?.properties()?;
        let (_, track) = tracks.iter().find(|(key, _)| key.parse() == Ok(index))?;
        let said = track.properties()?;
        names.iter().find_map(|name| said.iter().find(|(key, _)| key == name)?.1.as_str())
    }

    /// Width in pixels, where it is above zero.
    #[must_use]
    pub fn width(&self) -> Option<f64> {
        self.number("width").filter(|width| *width > 0.0)
    }

    /// Height in pixels, where it is above zero.
    #[must_use]
    pub fn height(&self) -> Option<f64> {
        self.number("height").filter(|height| *height > 0.0)
    }

    /// Frames a second, where it is above zero.
    #[must_use]
    pub fn frame_rate(&self) -> Option<f64> {
        self.number("framerate").filter(|rate| *rate > 0.0)
    }

    /// The name of the program that encodes.
    #[must_use]
    pub fn encoder(&self) -> Option<&str> {
        self.text("encoder").filter(|encoder| !encoder.is_empty())
    }

    /// Whether it promises a video track. Some apps promise one that never comes.
    #[must_use]
    pub fn announces_video(&self) -> bool {
        let codec = match self.get("videocodecid") {
            Some(Value::Number(id)) => *id > 0.0,
            // "avc1" from XSplit and others.
            Some(Value::String(id)) => !id.is_empty() && id != "0",
            _ => false,
        };
        codec || self.width().is_some()
    }

    /// Whether it promises an audio track.
    #[must_use]
    pub fn announces_audio(&self) -> bool {
        let codec = match self.get("audiocodecid") {
            Some(Value::Number(id)) => *id > 0.0,
            Some(Value::String(id)) => !id.is_empty() && id != "0",
            _ => false,
        };
        codec || matches!(self.get("audiosamplerate"), Some(Value::Number(rate)) if *rate > 0.0)
    }

    /// Without what it says of tracks that are not there: players wait for every track that is announced.
    #[must_use]
    pub fn without_tracks(&self, video: bool, audio: bool) -> Self {
        let about = |name: &str, prefix: &str, list: &[&str]| {
            let name = name.to_ascii_lowercase();
            name.starts_with(prefix) || list.contains(&name.as_str())
        };
        let properties = self.properties.iter().filter(|(name, _)| {
            !(video && about(name, "video", VIDEO_PROPERTIES)
                || audio && about(name, "audio", AUDIO_PROPERTIES))
        });
        Self { properties: properties.cloned().collect() }
    }

    /// Without the maps of several tracks, for a reader of one; `None` where there are none.
    #[must_use]
    pub fn without_track_maps(&self) -> Option<Self> {
        let is_map = |name: &str| name.ends_with("TrackIdInfoMap");
        if !self.properties.iter().any(|(name, _)| is_map(name)) {
            return None;
        }
        let properties = self.properties.iter().filter(|(name, _)| !is_map(name)).cloned();
        Some(Self { properties: properties.collect() })
    }

    /// As the body of a data message: the name `onMetaData`, then an ECMA array.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    /// Like [`encode`](Self::encode), behind what `out` holds.
    pub fn encode_into(&self, out: &mut impl BufMut) {
        Value::String("onMetaData".to_owned()).encode(out);
        Value::EcmaArray(self.properties.clone()).encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::amf0::{Limits, decode_all};

    fn metadata(properties: &[(&str, Value)]) -> Metadata {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Metadata { properties }
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn numbers_may_be_text_and_codec_ids_too() {
        let said = metadata(&[("width", text("1280")), ("framerate", Value::Number(f64::NAN))]);
        assert_eq!((said.width(), said.frame_rate()), (Some(1280.0), None));
        assert!(said.announces_video());
        assert!(metadata(&[("videocodecid", text("avc1"))]).announces_video());
        assert!(
            !metadata(&[("videocodecid", Value::Number(0.0)), ("width", Value::Number(0.0))])
                .announces_video()
        );
        assert!(!metadata(&[]).announces_video());
    }

    #[test]
    fn a_sender_cannot_make_it_grow_without_bound() {
        let many = (0..1_000).map(|n| (n.to_string(), Value::Null)).collect();
        let parsed = Metadata::parse(&[Value::Null, Value::Object(many)]).expect("has properties");
        assert_eq!(parsed.properties.len(), PROPERTIES_MAX);
        assert_eq!(Metadata::parse(&[Value::Null]), None);
    }

    #[test]
    fn what_an_absent_track_was_said_to_be_is_left_out() {
        let said = metadata(&[
            ("duration", Value::Number(0.0)),
            ("width", Value::Number(1280.0)),
            ("videocodecid", Value::Number(7.0)),
            ("hasVideo", Value::Boolean(true)),
            ("audiocodecid", Value::Number(10.0)),
            ("stereo", Value::Boolean(true)),
            ("5.1", Value::Boolean(false)),
            ("encoder", text("obs")),
        ]);
        let names =
            |metadata: Metadata| metadata.properties.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(
            names(said.without_tracks(true, false)),
            ["duration", "audiocodecid", "stereo", "5.1", "encoder"]
        );
        assert_eq!(
            names(said.without_tracks(false, true)),
            ["duration", "width", "videocodecid", "hasVideo", "encoder"]
        );
        assert_eq!(said.without_tracks(false, false), said);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let said = metadata(&[("width", Value::Number(1280.0)), ("encoder", text("obs"))]);
        let values = decode_all(&said.encode(), &Limits::default()).expect("ours");
        assert_eq!(values.first().and_then(Value::as_str), Some("onMetaData"));
        assert!(matches!(values.get(1), Some(Value::EcmaArray(_))));
        assert_eq!(Metadata::parse(&values[1..]), Some(said));
    }
}
