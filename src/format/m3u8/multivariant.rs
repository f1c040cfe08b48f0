//! The multivariant playlist, by `m3u8-rs`: which renditions there are, and what a player needs to choose.

use m3u8_rs::{ClosedCaptionGroupId, MasterPlaylist, Resolution, VariantStream};

/// `EXT-X-VERSION`: what the media playlists need without low latency.
const VERSION: usize = 6;
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
            closed_captions: self.resolution.map(|_| ClosedCaptionGroupId::None),
            ..VariantStream::default()
        };
        let playlist =
            MasterPlaylist { version: Some(VERSION), variants: vec![variant], ..MasterPlaylist::default() };
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
        };
        assert_eq!(
            variant.render(),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2500000,\
             CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080,FRAME-RATE=59.94,CLOSED-CAPTIONS=NONE\n\
             live_a.m3u8\n"
        );
        let sound = Variant { resolution: None, frame_rate: None, codecs: "mp4a.40.2", ..variant };
        assert!(!sound.render().contains("RESOLUTION"));
    }
}
