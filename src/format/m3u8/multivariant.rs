//! The multivariant playlist, by `m3u8-rs`: which renditions there are, and what a player needs to choose.

use std::collections::HashMap;

use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ClosedCaptionGroupId, InstreamId, MasterPlaylist,
    QuotedOrUnquoted, Resolution, VariantStream,
};

use crate::format::a53::Captions;
use crate::format::shape::VideoRange;

/// `EXT-X-VERSION`: what the media playlists need without low latency.
const VERSION: usize = 6;
/// The lowest that has durations with decimals, which is all that segments without `EXT-X-MAP` need.
const VERSION_WITHOUT_MAP: usize = 3;
/// The lowest that has services of digital captions.
const VERSION_SERVICES: usize = 7;
/// The group of closed captions, and what a viewer reads in the menu.
const CAPTIONS_GROUP: &str = "cc";
const CAPTIONS_NAME: &str = "CC1";
/// Bytes of text of an entry at most, to size the buffer.
const ENTRY_LEN: usize = 256;

/// A multivariant playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Multivariant<'a> {
    /// Sounds in media playlists of their own, in the order of a menu.
    pub sounds: Vec<SoundRendition<'a>>,
    /// The best first: players that measure nothing begin with it.
    pub variants: Vec<Variant<'a>>,
    /// The closed captions that the pictures carry.
    pub captions: Option<Captions>,
    /// Whether the media playlists have init segments.
    pub init_segments: bool,
}

/// One variant: pictures, and sound with them or in a group beside them (RFC 8216bis §4.4.6.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Variant<'a> {
    /// The media playlist's address, relative to this one.
    pub uri: &'a str,
    /// Peak bits a second with the largest sound of its group, above zero.
    pub bandwidth: u64,
    /// Mean bits a second with the largest sound of its group, above zero.
    pub average_bandwidth: u64,
    /// RFC 6381 codings of the variant and of its group, comma separated; empty leaves the attribute out.
    pub codecs: String,
    /// Width and height in square pixels; `None` without pictures.
    pub resolution: Option<(u32, u32)>,
    /// Frames a second; `None` without pictures.
    pub frame_rate: Option<f64>,
    /// The range of light; `None` without pictures.
    pub range: Option<VideoRange>,
    /// The group of its sounds; `None` where it has its own, or none.
    pub sounds: Option<&'a str>,
    /// Whether the pictures carry closed captions.
    pub captions: bool,
}

/// One sound of a group (RFC 8216bis §4.4.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoundRendition<'a> {
    /// The group.
    pub group: &'a str,
    /// What a viewer reads in the menu. Unlike those of all others in the group, and without quotes.
    pub name: &'a str,
    /// A language tag (RFC 5646).
    pub language: Option<&'a str>,
    /// Whether it plays unless the viewer chooses.
    pub default: bool,
    /// Whether a player may choose it by the viewer's language.
    pub autoselect: bool,
    /// Channels.
    pub channels: Option<u8>,
    /// The media playlist's address; `None` for what the variant has in itself.
    pub uri: Option<&'a str>,
}

impl Multivariant<'_> {
    /// The playlist's text.
    ///
    /// `EXT-X-INDEPENDENT-SEGMENTS` is left to the media playlists: a player loads this one once, and what it
    /// promises must hold for the life of the stream.
    #[must_use]
    pub fn render(&self) -> String {
        let pictures = self.variants.iter().any(|variant| variant.resolution.is_some());
        let captioned = self.captions.filter(|_| pictures);
        let version = match (self.init_segments, captioned) {
            (_, Some(Captions::Cea708)) => VERSION_SERVICES,
            (true, _) => VERSION,
            (false, _) => VERSION_WITHOUT_MAP,
        };
        let captions = captioned.map(|captions| AlternativeMedia {
            media_type: AlternativeMediaType::ClosedCaptions,
            group_id: CAPTIONS_GROUP.to_owned(),
            name: CAPTIONS_NAME.to_owned(),
            autoselect: true,
            instream_id: Some(match captions {
                Captions::Cea608 => InstreamId::CC(1),
                Captions::Cea708 => InstreamId::Service(1),
            }),
            ..AlternativeMedia::default()
        });
        let sounds = self.sounds.iter().map(SoundRendition::entry);
        let playlist = MasterPlaylist {
            version: Some(version),
            alternatives: sounds.chain(captions).collect(),
            variants: self.variants.iter().map(Variant::entry).collect(),
            ..MasterPlaylist::default()
        };
        let mut bytes = Vec::with_capacity(ENTRY_LEN * (1 + self.sounds.len() + self.variants.len()));
        // Writing to a Vec cannot fail, and the crate writes text.
        playlist.write_to(&mut bytes).ok();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

impl Variant<'_> {
    fn entry(&self) -> VariantStream {
        let range = self.range.map(|range| {
            let range = match range {
                VideoRange::Sdr => "SDR",
                VideoRange::Hlg => "HLG",
                VideoRange::Pq => "PQ",
            };
            HashMap::from([("VIDEO-RANGE".to_owned(), QuotedOrUnquoted::Unquoted(range.to_owned()))])
        });
        VariantStream {
            uri: self.uri.to_owned(),
            bandwidth: self.bandwidth,
            average_bandwidth: Some(self.average_bandwidth),
            codecs: (!self.codecs.is_empty()).then(|| self.codecs.clone()),
            resolution: self
                .resolution
                .map(|(width, height)| Resolution { width: width.into(), height: height.into() }),
            // The attribute has at most three decimals (§4.4.6.2).
            frame_rate: self.frame_rate.map(|rate| (rate * 1_000.0).round() / 1_000.0),
            audio: self.sounds.map(str::to_owned),
            // Without this word, iOS offers captions that do not exist.
            closed_captions: self.resolution.map(|_| match self.captions {
                true => ClosedCaptionGroupId::GroupId(CAPTIONS_GROUP.to_owned()),
                false => ClosedCaptionGroupId::None,
            }),
            other_attributes: range,
            ..VariantStream::default()
        }
    }
}

impl SoundRendition<'_> {
    fn entry(&self) -> AlternativeMedia {
        AlternativeMedia {
            media_type: AlternativeMediaType::Audio,
            uri: self.uri.map(str::to_owned),
            group_id: self.group.to_owned(),
            language: self.language.map(str::to_owned),
            name: self.name.to_owned(),
            default: self.default,
            autoselect: self.autoselect,
            channels: self.channels.map(|channels| channels.to_string()),
            ..AlternativeMedia::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(uri: &str) -> Variant<'_> {
        Variant {
            uri,
            bandwidth: 3_000_000,
            average_bandwidth: 2_500_000,
            codecs: "avc1.640028,mp4a.40.2".to_owned(),
            resolution: Some((1_920, 1_080)),
            frame_rate: Some(60_000.0 / 1_001.0),
            range: Some(VideoRange::Sdr),
            sounds: None,
            captions: false,
        }
    }

    fn playlist(variants: Vec<Variant<'_>>) -> Multivariant<'_> {
        Multivariant { sounds: Vec::new(), variants, captions: None, init_segments: true }
    }

    #[test]
    fn a_multivariant_playlist_names_its_one_variant() {
        assert_eq!(
            playlist(vec![variant("live_a.m3u8")]).render(),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2500000,\
             CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080,FRAME-RATE=59.94,VIDEO-RANGE=SDR,\
             CLOSED-CAPTIONS=NONE\nlive_a.m3u8\n"
        );
        let sound = Variant {
            resolution: None,
            frame_rate: None,
            range: None,
            codecs: "mp4a.40.2".to_owned(),
            ..variant("live_a.m3u8")
        };
        let text = playlist(vec![sound]).render();
        assert!(!text.contains("RESOLUTION") && !text.contains("VIDEO-RANGE"), "{text}");
        let captioned = Multivariant {
            captions: Some(Captions::Cea608),
            init_segments: false,
            ..playlist(vec![Variant { captions: true, ..variant("live_a.m3u8") }])
        };
        let text = captioned.render();
        assert_eq!(
            text.lines().take(3).collect::<Vec<_>>(),
            [
                "#EXTM3U",
                "#EXT-X-VERSION:3",
                "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\""
            ]
        );
        assert!(text.contains(",CLOSED-CAPTIONS=\"cc\"\n"), "{text}");
        let text = Multivariant { captions: Some(Captions::Cea708), ..captioned }.render();
        assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:7\n"), "{text}");
        assert!(text.contains(",INSTREAM-ID=\"SERVICE1\"\n"), "{text}");
    }

    #[test]
    fn sounds_stand_before_the_variants_that_name_their_group() {
        let sound = SoundRendition {
            group: "sound",
            name: "Audio 1",
            language: None,
            default: true,
            autoselect: true,
            channels: Some(2),
            uri: Some("live_a-a0.m3u8"),
        };
        let other = SoundRendition {
            name: "Deutsch",
            language: Some("de"),
            default: false,
            uri: Some("live_a-a1.m3u8"),
            ..sound
        };
        let pq = Variant { range: Some(VideoRange::Pq), sounds: Some("sound"), ..variant("live_a.m3u8") };
        let hlg =
            Variant { range: Some(VideoRange::Hlg), sounds: Some("sound"), ..variant("live_a-v1.m3u8") };
        let text = Multivariant { sounds: vec![sound, other], ..playlist(vec![pq, hlg]) }.render();
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            lines[..2],
            [
                "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"live_a-a0.m3u8\",GROUP-ID=\"sound\",NAME=\"Audio 1\",DEFAULT=YES,\
                 AUTOSELECT=YES,CHANNELS=\"2\"",
                "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"live_a-a1.m3u8\",GROUP-ID=\"sound\",LANGUAGE=\"de\",NAME=\"Deutsch\",\
                 AUTOSELECT=YES,CHANNELS=\"2\""
            ]
        );
        assert!(lines[2].ends_with("VIDEO-RANGE=PQ,AUDIO=\"sound\",CLOSED-CAPTIONS=NONE"), "{text}");
        assert!(lines[4].ends_with("VIDEO-RANGE=HLG,AUDIO=\"sound\",CLOSED-CAPTIONS=NONE"), "{text}");
        assert_eq!((lines[3], lines[5]), ("live_a.m3u8", "live_a-v1.m3u8"));
    }
}
