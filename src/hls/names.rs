//! The names of files: made here and read here, so that both agree.
//!
//! Every name but the index carries the nonce of its session, and nothing else that repeats: a name never stands for
//! other bytes. Parts are counted over a whole session rather than in their segment, because a part is announced
//! before it is known whether it still belongs to the segment that is open.

use super::Container;

/// The playlist that viewers are given the address of.
pub(super) const INDEX: &str = "index.m3u8";
/// What parts end in: only fMP4 has them.
const MEDIA: &str = Container::Fmp4.extension();
/// What segments of the other form end in.
const TRANSPORT: &str = Container::Ts.extension();

/// What a name asks for, and of which session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// The multivariant playlist of the newest session.
    Index,
    /// A media playlist.
    Playlist(&'a str),
    /// An init segment by its number.
    Init(&'a str, u64),
    /// A segment by its media sequence number.
    Segment(&'a str, u64),
    /// A part by its number in the session.
    Part(&'a str, u64),
}

impl<'a> Name<'a> {
    /// Reads a name; `None` for one that no file of any session has.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        if name == INDEX {
            return Some(Self::Index);
        }
        let (stem, ending) = name.rsplit_once('.')?;
        let (kind, rest) = stem.split_once('_')?;
        if (kind, ending) == ("live", "m3u8") {
            return Some(Self::Playlist(rest));
        }
        let (nonce, number) = rest.rsplit_once('_')?;
        let canonical =
            number.bytes().all(|digit| digit.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
        let number = number.parse().ok().filter(|_| canonical)?;
        match (kind, ending) {
            ("init", "mp4") => Some(Self::Init(nonce, number)),
            ("seg", MEDIA | TRANSPORT) => Some(Self::Segment(nonce, number)),
            ("part", MEDIA) => Some(Self::Part(nonce, number)),
            _ => None,
        }
    }
}

/// A media playlist.
pub(super) fn playlist(nonce: &str) -> String {
    format!("live_{nonce}.m3u8")
}

/// An init segment.
pub(super) fn init(nonce: &str, number: u32) -> String {
    format!("init_{nonce}_{number}.mp4")
}

/// A segment.
pub(super) fn segment(nonce: &str, number: u64, container: Container) -> String {
    format!("seg_{nonce}_{number}.{}", container.extension())
}

/// A part.
pub(super) fn part(nonce: &str, number: u64) -> String {
    format!("part_{nonce}_{number}.{MEDIA}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_made_are_read_and_others_are_not() {
        assert_eq!(Name::parse(INDEX), Some(Name::Index));
        assert_eq!(Name::parse(&playlist("feed0")), Some(Name::Playlist("feed0")));
        assert_eq!(Name::parse(&init("feed0", 3)), Some(Name::Init("feed0", 3)));
        assert_eq!(Name::parse(&segment("feed0", 120, Container::Ts)), Some(Name::Segment("feed0", 120)));
        assert_eq!(Name::parse(&part("feed0", 0)), Some(Name::Part("feed0", 0)));
        for unknown in [
            "",
            "poster.jpg",
            "seg_feed0_+1.m4s",
            "seg_feed0_01.m4s",
            "part_feed0.m4s",
            "part_feed0_.m4s",
            "../secret",
        ] {
            assert_eq!(Name::parse(unknown), None, "{unknown}");
        }
    }
}
