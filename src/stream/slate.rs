//! What fills a broadcast while its encoder is away: the last keyframe again at a low steady rate, and silence.
//!
//! Nothing is encoded: a keyframe decodes wherever it stands, and silence is a few constant bytes for each configuration
//! of AAC-LC, MP3 and Opus. What cannot be filled so (other sound codings, no keyframe yet) stays a hole.
//!
//! **Invariant:** pure: time is an argument, and what is due at a time depends on nothing else.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::silence::Silence;
use crate::media::{MediaTime, Packet, TrackId, TrackSet};

/// From one repeated picture to the next: often enough for players that count frames, and a keyframe of 100 kB costs
/// 1.6 Mb/s.
const PICTURE_MILLIS: i64 = 500;
/// The same where more than [`SHORT_MILLIS`] are made up for, which comes at once: fewer pictures, and still one a second,
/// which players and HLS parts take for moving.
const MADE_UP_MILLIS: i64 = 900;
/// How long an absence may have been already, milliseconds, for its pictures to be as many as they would have been.
const SHORT_MILLIS: i64 = 2_000;
/// What is made up for at most when nobody asked for a while, as after a machine slept.
const CATCH_UP_MILLIS: i64 = 10_000;

/// A picture to repeat.
#[derive(Debug)]
struct Picture {
    track: TrackId,
    payload: Bytes,
    next_millis: i64,
    /// Up to when pictures are made up for, further apart.
    sparse_until: i64,
}

impl Picture {
    fn take(&mut self) -> Packet {
        let packet = packet(self.track, self.next_millis, &self.payload);
        self.next_millis +=
            if self.next_millis < self.sparse_until { MADE_UP_MILLIS } else { PICTURE_MILLIS };
        packet
    }
}

/// The filler of one absence.
#[derive(Debug)]
pub(super) struct Slate {
    /// Stream time, in milliseconds, that goes with `at`.
    origin_millis: i64,
    at: Instant,
    pictures: Vec<Picture>,
    silences: Vec<Silence>,
}

impl Slate {
    /// Fills from the stream time `newest` on, which was reached at `at`: pictures and silence alike, so that a recording has
    /// no hole where the encoder stopped. `last` tells the last decode time of a track.
    pub(super) fn new(
        newest: MediaTime,
        at: Instant,
        now: Instant,
        tracks: &TrackSet,
        keyframes: &[(TrackId, Bytes)],
        last: impl Fn(TrackId) -> Option<MediaTime>,
    ) -> Self {
        let origin_millis = newest.as_millis();
        let since = millis(now.saturating_duration_since(at));
        let pictures = keyframes.iter().filter(|(track, _)| tracks.config(*track).is_some());
        let pictures = pictures.map(|(track, payload)| {
            let sparse_until = origin_millis + if since > SHORT_MILLIS { since } else { 0 };
            let next_millis = (origin_millis + PICTURE_MILLIS).max(origin_millis + since - CATCH_UP_MILLIS);
            Picture { track: *track, payload: payload.clone(), next_millis, sparse_until }
        });
        let silences = tracks.tracks().iter().filter_map(|track| {
            let mut silence = Silence::of(track, origin_millis)?;
            let from = last(track.id)
                .map_or(origin_millis, |dts| dts.as_millis() + silence.unit_length().as_millis());
            silence.restart(from.max(origin_millis + since - CATCH_UP_MILLIS));
            Some(silence)
        });
        Self { origin_millis, at, pictures: pictures.collect(), silences: silences.collect() }
    }

    /// The next packet that is due at `now`; `None` when all are out.
    pub(super) fn due(&mut self, now: Instant) -> Option<Packet> {
        let until = self.origin_millis + millis(now.saturating_duration_since(self.at));
        let oldest = until - CATCH_UP_MILLIS;
        let picture = self.pictures.iter_mut().min_by_key(|picture| picture.next_millis);
        let silence = self.silences.iter_mut().min_by_key(|silence| silence.next_millis());
        let sound_first = match (&picture, &silence) {
            (Some(picture), Some(silence)) => silence.next_millis() <= picture.next_millis,
            (picture, _) => picture.is_none(),
        };
        if sound_first {
            let silence = silence.filter(|silence| silence.next_millis() <= until)?;
            if silence.next_millis() < oldest {
                silence.restart(until);
            }
            return Some(silence.take());
        }
        let picture = picture.filter(|picture| picture.next_millis <= until)?;
        if picture.next_millis < oldest {
            picture.next_millis = until;
        }
        Some(picture.take())
    }
}

fn packet(track: TrackId, at_millis: i64, payload: &Bytes) -> Packet {
    let dts = MediaTime::from_millis(at_millis);
    Packet { track, dts, cts: MediaTime::ZERO, keyframe: true, payload: payload.clone() }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::aac::AudioSpecificConfig;
    use crate::format::h264::AvcConfig;
    use crate::media::CodecConfig;

    /// High profile, 320x180.
    const RECORD: [u8; 47] = [
        0x01, 0x64, 0x00, 0x0D, 0xFF, 0xE1, 0x00, 0x1A, 0x67, 0x64, 0x00, 0x0D, 0xAC, 0xD9, 0x41, 0x41, 0x9F,
        0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xC0, 0xF1, 0x42, 0x99, 0x60,
        0x01, 0x00, 0x06, 0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0, 0xFD, 0xF8, 0xF8, 0x00,
    ];

    fn slate(at: Instant, now: Instant, sound: bool) -> Slate {
        let mut tracks = TrackSet::default();
        let mut keyframes = Vec::new();
        if sound {
            let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("48 kHz stereo");
            tracks.set(TrackId::AUDIO, CodecConfig::Aac(asc));
        } else {
            let avc = AvcConfig::parse(Bytes::from_static(&RECORD)).expect("a record");
            tracks.set(TrackId::VIDEO, CodecConfig::H264(avc));
            keyframes.push((TrackId::VIDEO, Bytes::from_static(b"key")));
        }
        let newest = MediaTime::from_millis(1_000);
        Slate::new(newest, at, now, &tracks, &keyframes, |_| Some(newest))
    }

    fn times(slate: &mut Slate, now: Instant) -> Vec<i64> {
        std::iter::from_fn(|| slate.due(now)).map(|packet| packet.dts.as_millis()).collect()
    }

    #[test]
    fn silence_goes_on_without_drift_and_never_ahead_of_the_clock() {
        let at = Instant::now();
        let mut slate = slate(at, at, true);
        assert_eq!(times(&mut slate, at), Vec::<i64>::new());
        let first = times(&mut slate, at + Duration::from_millis(100));
        assert_eq!(first, [1_021, 1_042, 1_063, 1_085]);
        let minute = times(&mut slate, at + Duration::from_millis(9_000));
        assert_eq!(first.len() + minute.len(), 8_979 * 48 / 1_024 + 1, "as many as the clock has room for");
    }

    #[test]
    fn after_a_long_sleep_only_the_last_seconds_are_made_up_for() {
        let at = Instant::now();
        let mut slate = slate(at, at, true);
        times(&mut slate, at + Duration::from_millis(100));
        let late = times(&mut slate, at + Duration::from_secs(3_600));
        assert_eq!(late, [3_601_000]);
    }

    #[test]
    fn the_last_picture_comes_again_twice_a_second_from_where_the_encoder_stopped() {
        let at = Instant::now();
        let mut slate = slate(at, at + Duration::from_millis(1_100), false);
        assert_eq!(times(&mut slate, at + Duration::from_millis(1_100)), [1_500, 2_000]);
        assert_eq!(times(&mut slate, at + Duration::from_millis(2_600)), [2_500, 3_000, 3_500]);
    }

    #[test]
    fn what_was_missed_for_long_is_made_up_for_with_few_pictures() {
        let at = Instant::now();
        let five = at + Duration::from_secs(5);
        let mut missed = slate(at, five, false);
        assert_eq!(times(&mut missed, five), [1_500, 2_400, 3_300, 4_200, 5_100, 6_000]);
        assert_eq!(times(&mut missed, at + Duration::from_secs(6)), [6_500, 7_000]);
        let minute = at + Duration::from_secs(60);
        let late = times(&mut slate(at, minute, false), minute);
        assert_eq!((late.first(), late.len()), (Some(&51_000), 12));
    }
}
