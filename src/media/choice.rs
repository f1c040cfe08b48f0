//! Which of a stream's tracks one reader is sent, and under which numbers.

use super::{Codecs, Track, TrackId, TrackKind, TrackSet};

/// Which tracks a reader is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackChoice {
    /// All; the default ones plain, others in multitrack messages.
    All,
    /// One of each kind by its number, sent as if it was the only one.
    One {
        /// Of pictures.
        video: u8,
        /// Of sound.
        audio: u8,
    },
}

impl TrackChoice {
    /// The default tracks, which everybody takes.
    pub const DEFAULT: Self = Self::One { video: 0, audio: 0 };

    /// What a track is sent as; `None` for one that is not sent.
    #[must_use]
    pub const fn sent_as(self, track: TrackId) -> Option<TrackId> {
        match (self, track.kind) {
            (Self::All, _) => Some(track),
            (Self::One { video, .. }, TrackKind::Video) if video == track.index => Some(TrackId::VIDEO),
            (Self::One { audio, .. }, TrackKind::Audio) if audio == track.index => Some(TrackId::AUDIO),
            (Self::One { .. }, _) => None,
        }
    }

    /// The tracks as the reader is told of them. Tracks beside the default ones are left out where their coding is not
    /// taken; a default one stays, and is for [`Codecs::refused`] to find.
    #[must_use]
    pub fn of(self, tracks: &TrackSet, codecs: Codecs) -> TrackSet {
        let sent = |track: &Track| {
            let taken = track.id.index == 0 || self != Self::All || codecs.take(track.config.codec());
            self.sent_as(track.id).filter(|_| taken)
        };
        let mut chosen = tracks.renumbered(sent);
        match self {
            Self::All => {}
            // What it says of size and rate is about the default tracks.
            Self::One { video, audio } if video != 0 || audio != 0 => chosen.metadata = None,
            Self::One { .. } => {
                let single = chosen.metadata.as_deref().and_then(|metadata| metadata.without_track_maps());
                if let Some(single) = single {
                    chosen.metadata = Some(single.into());
                }
            }
        }
        chosen
    }

    /// The first chosen track that is not there. A default one that is not there was not chosen: streams may be of
    /// sound alone, or of pictures.
    #[must_use]
    pub fn missing(self, tracks: &TrackSet) -> Option<TrackId> {
        let Self::One { video, audio } = self else { return None };
        let chosen = [TrackId { index: video, ..TrackId::VIDEO }, TrackId { index: audio, ..TrackId::AUDIO }];
        chosen.into_iter().find(|id| id.index != 0 && tracks.config(*id).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::aac::AudioSpecificConfig;
    use crate::format::amf0::Value;
    use crate::format::flac::StreamInfo;
    use crate::media::{Codec, CodecConfig, Metadata};
    use bytes::Bytes;

    fn aac() -> CodecConfig {
        let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("48 kHz stereo");
        CodecConfig::Aac(asc)
    }

    /// Sound in two codings, as track 0 and 3.
    fn tracks() -> TrackSet {
        let mut info = [0; 34];
        info[..18].copy_from_slice(&[4, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0x0B, 0xB8, 2, 0xF0, 0, 0, 0, 0]);
        let mut tracks = TrackSet::default();
        tracks.set(TrackId::AUDIO, aac());
        let flac = CodecConfig::Flac(StreamInfo::parse(&info).expect("48 kHz stereo"));
        tracks.set(TrackId { index: 3, ..TrackId::AUDIO }, flac);
        let property = |name: &str| (name.to_owned(), Value::Number(1.0));
        let properties = ["audiodatarate", "audioTrackIdInfoMap"].map(property).to_vec();
        tracks.metadata = Some(Metadata { properties }.into());
        tracks
    }

    fn ids(tracks: &TrackSet) -> Vec<(u8, Codec)> {
        tracks.tracks().iter().map(|track| (track.id.index, track.config.codec())).collect()
    }

    #[test]
    fn a_chosen_track_is_sent_as_the_default_one_with_its_own_description() {
        let tracks = tracks();
        let third = TrackChoice::One { video: 0, audio: 3 }.of(&tracks, Codecs::ANY);
        assert_eq!(ids(&third), [(0, Codec::Flac)]);
        assert_eq!(third.metadata, None, "it is about another track");
        let default = TrackChoice::DEFAULT.of(&tracks, Codecs::ANY);
        assert_eq!(ids(&default), [(0, Codec::Aac)]);
        let metadata = default.metadata.expect("it is about this track");
        assert!(metadata.get("audiodatarate").is_some() && metadata.get("audioTrackIdInfoMap").is_none());
    }

    #[test]
    fn a_track_beside_the_default_one_is_left_out_where_its_coding_is_not_taken() {
        let (tracks, aac) = (tracks(), Codecs::only(&[Codec::Aac]));
        assert_eq!(ids(&TrackChoice::All.of(&tracks, Codecs::ANY)).len(), 2);
        let some = TrackChoice::All.of(&tracks, aac);
        assert_eq!((ids(&some), aac.refused(&some)), (vec![(0, Codec::Aac)], None));
        let chosen = TrackChoice::One { video: 0, audio: 3 }.of(&tracks, aac);
        assert_eq!(aac.refused(&chosen), Some(Codec::Flac), "what is chosen is not left out in silence");
    }

    #[test]
    fn only_a_track_that_was_named_can_be_missing() {
        let tracks = tracks();
        assert_eq!(TrackChoice::All.missing(&tracks), None);
        assert_eq!(TrackChoice::DEFAULT.missing(&tracks), None, "there is no picture, which is no fault");
        assert_eq!(TrackChoice::One { video: 0, audio: 3 }.missing(&tracks), None);
        let second = TrackId { index: 2, ..TrackId::VIDEO };
        assert_eq!(TrackChoice::One { video: 2, audio: 3 }.missing(&tracks), Some(second));
    }
}
