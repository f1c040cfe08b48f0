//! Codings by their names, and sets of them: what an end of a connection takes.

use std::fmt;

use super::{TrackKind, TrackSet};

/// A coding that the engine understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    H265,
    /// AV1.
    Av1,
    /// VP9.
    Vp9,
    /// AAC of any profile.
    Aac,
    /// MPEG audio layer III. Packaged for HLS; not every browser decodes it in fMP4.
    Mp3,
    /// Opus.
    Opus,
    /// FLAC.
    Flac,
    /// AC-3. Packaged for HLS; most browsers cannot decode it.
    Ac3,
    /// E-AC-3. As [`Ac3`](Self::Ac3).
    Eac3,
}

impl Codec {
    /// All of them, pictures first.
    pub const ALL: [Self; 10] = [
        Self::H264,
        Self::H265,
        Self::Av1,
        Self::Vp9,
        Self::Aac,
        Self::Mp3,
        Self::Opus,
        Self::Flac,
        Self::Ac3,
        Self::Eac3,
    ];

    /// What it codes.
    #[must_use]
    pub const fn kind(self) -> TrackKind {
        match self {
            Self::H264 | Self::H265 | Self::Av1 | Self::Vp9 => TrackKind::Video,
            Self::Aac | Self::Mp3 | Self::Opus | Self::Flac | Self::Ac3 | Self::Eac3 => TrackKind::Audio,
        }
    }

    /// Its name in configuration files.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "hevc",
            Self::Av1 => "av1",
            Self::Vp9 => "vp9",
            Self::Aac => "aac",
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Flac => "flac",
            Self::Ac3 => "ac3",
            Self::Eac3 => "eac3",
        }
    }

    /// Its name in Enhanced RTMP.
    #[must_use]
    pub const fn four_cc(self) -> [u8; 4] {
        match self {
            Self::H264 => *b"avc1",
            Self::H265 => *b"hvc1",
            Self::Av1 => *b"av01",
            Self::Vp9 => *b"vp09",
            Self::Aac => *b"mp4a",
            Self::Mp3 => *b".mp3",
            Self::Opus => *b"Opus",
            Self::Flac => *b"fLaC",
            Self::Ac3 => *b"ac-3",
            Self::Eac3 => *b"ec-3",
        }
    }

    /// The coding of this name in Enhanced RTMP.
    #[must_use]
    pub fn of_four_cc(four: [u8; 4]) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.four_cc() == four)
    }

    /// Whether bodies of before Enhanced RTMP can carry it, so that every RTMP server reads it.
    #[must_use]
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::H264 | Self::Aac | Self::Mp3)
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::H265 => "HEVC",
            Self::Av1 => "AV1",
            Self::Vp9 => "VP9",
            Self::Aac => "AAC",
            Self::Mp3 => "MP3",
            Self::Opus => "Opus",
            Self::Flac => "FLAC",
            Self::Ac3 => "AC-3",
            Self::Eac3 => "E-AC-3",
        })
    }
}

/// Codings that an end takes. A kind of which none is named is not restricted: a list of video codings says nothing of
/// sound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Codecs {
    named: u16,
}

impl Codecs {
    /// No restriction.
    pub const ANY: Self = Self { named: 0 };

    /// These alone, of the kinds that they are of.
    #[must_use]
    pub const fn only(codecs: &[Codec]) -> Self {
        let (mut named, mut rest) = (0, codecs);
        while let [codec, more @ ..] = rest {
            named |= 1 << *codec as u16;
            rest = more;
        }
        Self { named }
    }

    /// Those that are named, in the order of [`Codec::ALL`].
    pub fn named(self) -> impl Iterator<Item = Codec> {
        Codec::ALL.into_iter().filter(move |codec| self.named & 1 << *codec as u16 != 0)
    }

    /// Whether frames of this coding are taken.
    #[must_use]
    pub fn take(self, codec: Codec) -> bool {
        let mut of_kind = self.named().filter(|named| named.kind() == codec.kind()).peekable();
        of_kind.peek().is_none() || of_kind.any(|named| named == codec)
    }

    /// The first coding of the default tracks that is not taken.
    #[must_use]
    pub fn refused(self, tracks: &TrackSet) -> Option<Codec> {
        let default = tracks.tracks().iter().filter(|track| track.id.index == 0);
        default.map(|track| track.config.codec()).find(|codec| !self.take(*codec))
    }
}

impl FromIterator<Codec> for Codecs {
    fn from_iter<I: IntoIterator<Item = Codec>>(codecs: I) -> Self {
        codecs
            .into_iter()
            .fold(Self::ANY, |all, codec| Self { named: all.named | Self::only(&[codec]).named })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_kind_says_nothing_of_the_other() {
        let video = Codecs::only(&[Codec::H264, Codec::H265]);
        assert!(video.take(Codec::H265) && !video.take(Codec::Av1));
        assert!(video.take(Codec::Opus), "sound is not named");
        let both = Codecs::only(&[Codec::H264, Codec::Aac]);
        assert!(both.take(Codec::Aac) && !both.take(Codec::Opus) && !both.take(Codec::Vp9));
        assert!(Codec::ALL.into_iter().all(|codec| Codecs::ANY.take(codec)));
    }

    #[test]
    fn a_set_names_what_it_was_made_of() {
        let named = [Codec::Av1, Codec::Eac3];
        assert_eq!(named.into_iter().collect::<Codecs>(), Codecs::only(&named));
        assert_eq!(Codecs::only(&named).named().collect::<Vec<_>>(), named);
    }
}
