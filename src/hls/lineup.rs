//! Which tracks of a stream are packaged, and which playlists they make. Pure.
//!
//! One video and one audio track make one playlist with both: RTMP has one clock for them, so they need no aligning, no
//! second playlist can run ahead of the first, and a viewer makes half the requests. Where there are several of a kind
//! every track has a playlist of its own, so that each picture goes with each sound: pictures are variants, sounds a
//! group. So it is, too, where the sound is AC-3 or E-AC-3, which most browsers decode none of: they play the pictures.
//!
//! Which of the two forms a session has is settled when its playlist is first shown, for that is what its players
//! loaded. Tracks that come later get playlists beside the one that is there, which goes on as it was.

use std::fmt;
use std::sync::Arc;

use super::Container;
use crate::format::light::Light;
use crate::media::remux::to_fmp4::{Layout, is_packageable, light_of};
use crate::media::{Codec, CodecConfig, Track, TrackId, TrackKind, TrackSet};

/// Tracks of a kind that are packaged besides the default one. OBS sends up to ten of video and six of audio; each has
/// a window of segments, and makes two playlists a part.
const PICTURES_BESIDE_MAX: usize = 9;
const SOUNDS_BESIDE_MAX: usize = 5;

/// One playlist of a session, by what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The default tracks: both in one, or the pictures where the sound has a lane of its own. Sets the pace of all.
    Main,
    /// The pictures of a track alone.
    Pictures(u8),
    /// The sound of a track alone.
    Sound(u8),
}

impl fmt::Display for Lane {
    /// What follows the nonce in the names of its files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => Ok(()),
            Self::Pictures(index) => write!(f, "-v{index}"),
            Self::Sound(index) => write!(f, "-a{index}"),
        }
    }
}

impl Lane {
    /// Whether a track's frames are in it, besides the default ones in [`Main`](Self::Main).
    const fn of(track: TrackId) -> Self {
        match track.kind {
            TrackKind::Video => Self::Pictures(track.index),
            TrackKind::Audio => Self::Sound(track.index),
        }
    }

    /// The track that is alone in it; `None` for [`Main`](Self::Main).
    #[must_use]
    pub const fn track(self) -> Option<TrackId> {
        match self {
            Self::Main => None,
            Self::Pictures(index) => Some(TrackId { kind: TrackKind::Video, index }),
            Self::Sound(index) => Some(TrackId { kind: TrackKind::Audio, index }),
        }
    }
}

/// The tracks of a stream that are packaged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lineup {
    /// The default tracks, which set the pace.
    pub(super) main: Layout,
    /// The others, video first.
    pub(super) beside: Vec<Track>,
    /// What is said of the light of pictures among them.
    lights: Vec<(TrackId, Light)>,
}

impl Lineup {
    /// Chooses from `tracks` what this form of HLS can carry.
    pub(super) fn of(tracks: &TrackSet, container: Container) -> Self {
        let mut main = Layout::of(tracks);
        let mp3 = main.audio().is_some_and(|sound| sound.codec() == Codec::Mp3);
        if mp3 && main.video().is_some() && container == Container::Fmp4 {
            main = main.mute();
        }
        let beside = tracks.tracks().iter().filter(|track| track.id.index > 0);
        let carried = beside.filter(|track| {
            // Nothing sets the pace of a picture but pictures.
            let paced = main.video().is_some() || !track.id.is_video() && main.audio().is_some();
            paced && is_packageable(&track.config) && is_carried(&track.config, container)
        });
        let mut left = [PICTURES_BESIDE_MAX, SOUNDS_BESIDE_MAX];
        let bounded = carried.filter(|track| {
            let [pictures, sounds] = &mut left;
            let left = if track.id.is_video() { pictures } else { sounds };
            let fits = *left > 0;
            *left = left.saturating_sub(1);
            fits
        });
        let beside: Vec<Track> = bounded.cloned().collect();
        let lights = beside.iter().map(|track| (track.id, light_of(tracks, track.id)));
        let lights = lights.filter(|(_, light)| *light != Light::default()).collect();
        Self { main, beside, lights }
    }

    /// Whether it has the pictures that another one has, all its other tracks, and perhaps more.
    pub(super) fn extends(&self, other: &Self) -> bool {
        let pictures = other.main.video().is_some() && self.main.video() == other.main.video();
        let lit = |light| self.lights.contains(light);
        let pictures = pictures && self.main.light() == other.main.light() && other.lights.iter().all(lit);
        let sound = other.main.audio().is_none() || self.main.audio() == other.main.audio();
        pictures && sound && other.beside.iter().all(|track| self.beside.contains(track))
    }

    /// Whether a track is packaged.
    pub(super) fn has(&self, id: TrackId) -> bool {
        match id {
            TrackId::VIDEO => self.main.video().is_some(),
            TrackId::AUDIO => self.main.audio().is_some(),
            _ => self.beside.iter().any(|track| track.id == id),
        }
    }

    /// Whether every track needs a playlist of its own.
    pub(super) fn is_apart(&self) -> bool {
        let muxed = self.main.video().is_some() && self.main.audio().is_some();
        !self.beside.is_empty() || (muxed && self.main.audio().is_some_and(|sound| is_seldom_decoded(sound)))
    }

    /// The lanes besides the main one, when that has both of its tracks `together`, or their pictures alone.
    pub(super) fn lanes_beside(&self, together: bool) -> Vec<Lane> {
        let muxed = self.main.video().is_some() && self.main.audio().is_some();
        if !self.is_apart() {
            return Vec::new();
        }
        let pictures = (muxed && together).then_some(Lane::Pictures(0));
        let sound = muxed.then_some(Lane::Sound(0));
        let (video, audio): (Vec<_>, Vec<_>) = self
            .beside
            .iter()
            .map(|track| Lane::of(track.id))
            .partition(|lane| matches!(lane, Lane::Pictures(_)));
        pictures.into_iter().chain(video).chain(sound).chain(audio).collect()
    }

    /// What is in a lane; `None` where its track is not there.
    pub(super) fn layout(&self, lane: Lane, together: bool) -> Option<Layout> {
        let Some(id) = lane.track() else {
            return Some(if together { self.main.clone() } else { self.main.without_beside() });
        };
        let config = match id {
            TrackId::VIDEO => self.main.video(),
            TrackId::AUDIO => self.main.audio(),
            _ => self.beside.iter().find(|track| track.id == id).map(|track| &track.config),
        };
        let light = match id {
            TrackId::VIDEO => self.main.light(),
            _ => self.lights.iter().find(|(of, _)| *of == id).map(|(_, light)| *light).unwrap_or_default(),
        };
        config.map(|config| Layout::alone(id.kind, config.clone()).lit(light))
    }
}

/// Whether only some players decode it, which no track beside it must suffer from.
pub(super) fn is_seldom_decoded(config: &CodecConfig) -> bool {
    matches!(config.codec(), Codec::Ac3 | Codec::Eac3)
}

/// TS knows few codings. fMP4 knows MP3, but browsers that were tried play nothing at all where it stands beside pictures.
fn is_carried(config: &Arc<CodecConfig>, container: Container) -> bool {
    match container {
        Container::Fmp4 => config.codec() != Codec::Mp3,
        Container::Ts => {
            matches!(config.codec(), Codec::H264 | Codec::Aac | Codec::Mp3 | Codec::Ac3 | Codec::Eac3)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ac3::Ac3;
    use crate::hls::testing::{aac, avc};

    fn tracks(video: impl IntoIterator<Item = u8>, audio: impl IntoIterator<Item = u8>) -> TrackSet {
        let mut tracks = TrackSet::default();
        for index in video {
            tracks.set(TrackId { index, ..TrackId::VIDEO }, avc(640 + u32::from(index)));
        }
        for index in audio {
            tracks.set(TrackId { index, ..TrackId::AUDIO }, aac());
        }
        tracks
    }

    fn lanes(tracks: &TrackSet, together: bool) -> String {
        let lanes = Lineup::of(tracks, Container::Fmp4).lanes_beside(together);
        lanes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_track_of_a_kind_needs_no_second_playlist() {
        assert_eq!(lanes(&tracks([0], [0]), false), "");
        assert_eq!(lanes(&tracks([0], []), false), "");
        assert_eq!(lanes(&tracks([], [0]), false), "");
    }

    #[test]
    fn several_tracks_have_a_playlist_each() {
        assert_eq!(lanes(&tracks([0, 1, 2], [0]), false), "-v1-v2-a0");
        assert_eq!(lanes(&tracks([0], [0, 3]), false), "-a0-a3");
        assert_eq!(lanes(&tracks([0, 1], [0, 1]), true), "-v0-v1-a0-a1", "beside one that has both");
        assert_eq!(lanes(&tracks([], [0, 1]), true), "-a1", "sound is alone in its playlist already");
        assert_eq!(lanes(&tracks([1], [0]), false), "", "the default pictures set the pace");
    }

    #[test]
    fn sound_that_browsers_do_not_decode_leaves_the_pictures_alone() {
        let ac3 =
            Ac3 { sample_rate: 48_000, fscod: 0, bsid: 8, bsmod: 0, acmod: 7, lfe: true, bit_rate_code: 15 };
        let mut tracks = tracks([0], []);
        tracks.set(TrackId::AUDIO, CodecConfig::Ac3(ac3));
        assert_eq!(lanes(&tracks, false), "-a0");
    }

    #[test]
    fn a_sender_cannot_make_more_playlists_than_there_are_encoders_for() {
        let tracks = tracks(0..16, 0..16);
        let lineup = Lineup::of(&tracks, Container::Fmp4);
        assert_eq!(lineup.beside.len(), PICTURES_BESIDE_MAX + SOUNDS_BESIDE_MAX);
        let packaged = tracks.tracks().iter().filter(|track| lineup.has(track.id)).count();
        assert_eq!(packaged, PICTURES_BESIDE_MAX + SOUNDS_BESIDE_MAX + 2);
    }
}
