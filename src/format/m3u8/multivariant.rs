//! The multivariant playlist, by `m3u8-rs`: which renditions there are, and what a player needs to choose.

use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ClosedCaptionGroupId, InstreamId, MasterPlaylist, Resolution,
    VariantStream,
};

/// `EXT-X-VERSION`: what the media playlists need without low latency.
const VERSION: usize = 6;
/// The lowest that has durations with decimals, which is all that segments without `EXT-X-MAP` need.
const VERSION_WITHOUT_MAP: usize = 3;
/// The group of closed captions, and what a viewer reads in the menu.
const CAPTIONS_GROUP: &str = "cc";
const CAPTIONS_NAME: &str = "CC1";
/// Bytes of text at most, to size the buffer.
const TEXT_LEN: usize = 512;

/// The one variant of a multivariant playlist: pictures and sound in one rendition.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant<'a> {
    /// The media playlist's address, relative to this one.
    pub uri: &'a str,
    /// Peak bits a second, above zero.
    pub bandwidth: u64,
    /// Mean bits a second, above zero.
    pub average_bandwidth: u64,
    /// RFC 6381 codings, comma separated; empty leaves the attribute out.
    pub codecs: &'a str,
    /// Width and height in square pixels; `None` without pictures.
    pub resolution: Option<(u32, u32)>,
    /// Frames a second; `None` without pictures.
    pub frame_rate: Option<f64>,
    /// Whether the pictures carry closed captions (CEA-608).
    pub captions: bool,
    /// Whether the media playlist has init segments.
    pub init_segments: bool,
}

impl Variant<'_> {
    /// A multivariant playlist with this variant alone.
    ///
    /// `EXT-X-INDEPENDENT-SEGMENTS` is left to the media playlist: a player loads this one once, and what it
    /// promises must hold for the life of the stream.
    #[must_use]
    pub fn render(&self) -> String {
        let variant = VariantStream {
            uri: self.uri.to_owned(),
            bandwidth: self.bandwidth,
            average_bandwidth: Some(self.average_bandwidth),
            codecs: (!self.codecs.is_empty()).then(|| self.codecs.to_owned()),
            resolution: self
                .resolution
                .map(|(width, height)| Resolution { width: width.into(), height: height.into() }),
            // The attribute has at most three decimals (§4.4.6.2).
            frame_rate: self.frame_rate.map(|rate| (rate * 1_000.0).round() / 1_000.0),
            // Without this word, iOS offers captions that do not exist.
            closed_captions: self.resolution.map(|_| match self.captions {
                true => ClosedCaptionGroupId::GroupId(CAPTIONS_GROUP.to_owned()),
                false => ClosedCaptionGroupId::None,
            }),
            ..VariantStream::default()
        };
        let captions = AlternativeMedia {
            media_type: AlternativeMediaType::ClosedCaptions,
            group_id: CAPTIONS_GROUP.to_owned(),
            name: CAPTIONS_NAME.to_owned(),
            autoselect: true,
            instream_id: Some(InstreamId::CC(1)),
            ..AlternativeMedia::default()
        };
        let playlist = MasterPlaylist {
            version: Some(if self.init_segments { VERSION } else { VERSION_WITHOUT_MAP }),
            alternatives: Vec::from_iter((self.captions && self.resolution.is_some()).then_some(captions)),
            variants: vec![variant],
            ..MasterPlaylist::default()
        };
        let mut bytes = Vec::with_capacity(TEXT_LEN);
        // Writing to a Vec cannot fail, and the crate writes text.
        playlist.write_to(&mut bytes).ok();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multivariant_playlist_names_its_one_variant() {
        let variant = Variant {
            uri: "live_a.m3u8",
            bandwidth: 3_000_000,
            average_bandwidth: 2_500_000,
            codecs: "avc1.640028,mp4a.40.2",
            resolution: Some((1_920, 1_080)),
            frame_rate: Some(60_000.0 / 1_001.0),
            captions: false,
            init_segments: true,
        };
        assert_eq!(
            variant.render(),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2500000,\
             CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080,FRAME-RATE=59.94,CLOSED-CAPTIONS=NONE\n\
             live_a.m3u8\n"
        );
        let sound = Variant { resolution: None, frame_rate: None, codecs: "mp4a.40.2", ..variant };
        assert!(!sound.render().contains("RESOLUTION"));
        let captioned = Variant { captions: true, init_segments: false, ..variant };
        assert_eq!(
            captioned.render().lines().take(3).collect::<Vec<_>>(),
            [
                "#EXTM3U",
                "#EXT-X-VERSION:3",
                "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\""
            ]
        );
        assert!(captioned.render().contains(",CLOSED-CAPTIONS=\"cc\"\n"), "{}", captioned.render());
    }
}
