//! Encoders that drop, return, and take over, and what a reader of the ring sees of it.

#[path = "takeover_tests.rs"]
mod takeover;

use super::*;
use crate::format::aac::AudioSpecificConfig;
use crate::format::amf0::Value;
use crate::format::h264::AvcConfig;
use crate::media::{CodecConfig, Metadata};
use crate::stream::cursor::{Cursor, Start};

const AVC: &[u8] = &[
    0x01, 0x64, 0x00, 0x0D, 0xFF, 0xE1, 0x00, 0x1A, 0x67, 0x64, 0x00, 0x0D, 0xAC, 0xD9, 0x41, 0x41, 0x9F,
    0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xC0, 0xF1, 0x42, 0x99, 0x60,
    0x01, 0x00, 0x06, 0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0, 0xFD, 0xF8, 0xF8, 0x00,
];

struct Show {
    writer: Writer,
    stats: StreamStats,
    cursor: Cursor,
    now: Instant,
    /// Whether there is a track of sound throughout.
    sounding: bool,
}

impl Show {
    fn new(hold: HoldConfig) -> Self {
        let writer = Writer::new(RingLimits::default(), hold);
        let cursor = Cursor::new(writer.ring(), Start::Next);
        Self { writer, stats: StreamStats::default(), cursor, now: Instant::now(), sounding: false }
    }

    fn begin(&mut self) -> (u64, CancellationToken) {
        self.begin_with(true)
    }

    fn begin_with(&mut self, sound: bool) -> (u64, CancellationToken) {
        let token = CancellationToken::new();
        let epoch =
            self.writer.begin(token.clone(), OnDuplicate::Takeover, self.now).expect("takeover is on");
        let avc = AvcConfig::parse(Bytes::from_static(AVC)).expect("a record");
        let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("48 kHz stereo");
        self.writer.describe(epoch, |tracks| {
            tracks.set(TrackId::VIDEO, CodecConfig::H264(avc));
            if sound {
                tracks.set(TrackId::AUDIO, CodecConfig::Aac(asc));
            }
        });
        (epoch, token)
    }

    fn video(&mut self, epoch: u64, millis: u32, keyframe: bool, body: &'static str) -> Written {
        let frame = SourceFrame {
            track: TrackId::VIDEO,
            millis,
            cts: MediaTime::ZERO,
            keyframe,
            payload: Bytes::from_static(body.as_bytes()),
        };
        self.writer.frame(epoch, frame, self.now, &self.stats)
    }

    /// Passes time as the engine does, in steps of 100 ms.
    fn pass(&mut self, millis: u64) {
        for _ in 0..millis / 100 {
            self.now += Duration::from_millis(100);
            self.writer.keep(self.now);
        }
    }

    /// What a reader got since the last look: video bodies with their times, and `end`.
    fn pictures(&mut self) -> Vec<(i64, String)> {
        let mut seen = Vec::new();
        while let Some((entry, lost)) = self.cursor.read(self.writer.ring()) {
            assert_eq!(lost, 0, "nothing is lost on the way");
            match &entry.frame {
                Frame::Media(packet) if packet.track.is_video() => {
                    let body = String::from_utf8_lossy(&packet.payload).into_owned();
                    seen.push((packet.dts.as_millis(), body));
                }
                Frame::End(_) => seen.push((-1, "end".into())),
                _ => {}
            }
        }
        seen
    }
}

fn seen(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(at, body)| (*at, (*body).to_owned())).collect()
}

#[test]
fn an_encoder_that_drops_and_returns_goes_on_in_the_same_broadcast() {
    let mut show = Show::new(HoldConfig::default());
    let (first, _) = show.begin();
    assert_eq!(show.writer.state(), StreamState::Starting);
    show.video(first, 0, true, "key");
    show.video(first, 40, false, "next");
    assert_eq!(show.writer.state(), StreamState::Live);
    show.writer.leave(first, End::Lost, show.now);
    assert_eq!(show.writer.state(), StreamState::Interrupted);
    show.pass(1_200);
    assert_eq!(show.pictures(), seen(&[(0, "key"), (40, "next"), (540, "key"), (1_040, "key")]));
    let (second, _) = show.begin();
    assert_eq!(show.writer.state(), StreamState::Interrupted, "not before its keyframe");
    assert_eq!(show.video(second, 7_000, false, "early"), Written::AwaitingKeyframe);
    show.pass(500);
    show.video(second, 7_040, true, "back");
    show.video(second, 7_080, false, "again");
    assert_eq!(show.writer.state(), StreamState::Live);
    let pictures = show.pictures();
    let bodies: Vec<_> = pictures.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(bodies, ["key", "back", "again"]);
    assert!((1_700..1_800).contains(&pictures[1].0), "by the wall's clock: {pictures:?}");
    assert_eq!(pictures[2].0 - pictures[1].0, 40);
}

#[test]
fn silence_fills_the_time_without_a_hole() {
    let mut show = Show::new(HoldConfig::default());
    let (first, _) = show.begin();
    show.video(first, 0, true, "key");
    show.writer.leave(first, End::Lost, show.now);
    show.pass(2_000);
    let mut sound = Vec::new();
    while let Some((entry, _)) = show.cursor.read(show.writer.ring()) {
        if let Frame::Media(packet) = &entry.frame
            && !packet.track.is_video()
        {
            sound.push(packet.dts.as_millis());
        }
    }
    assert!(sound.len() > 90, "{}", sound.len());
    assert!(sound.windows(2).all(|pair| (20..=22).contains(&(pair[1] - pair[0]))), "{sound:?}");
}

#[test]
fn a_hold_that_is_over_ends_the_broadcast_once() {
    let mut show = Show::new(HoldConfig { hold: Duration::from_secs(3), ..HoldConfig::default() });
    let (first, _) = show.begin();
    show.video(first, 0, true, "key");
    show.writer.leave(first, End::Stalled, show.now);
    show.pass(10_000);
    assert_eq!(show.writer.state(), StreamState::Ended(End::Stalled));
    let pictures = show.pictures();
    assert_eq!(pictures.last(), Some(&(-1, "end".to_owned())));
    assert_eq!(pictures.iter().filter(|(_, body)| body == "end").count(), 1);
    assert!(pictures.len() <= 8);
}

#[test]
fn words_of_farewell_end_at_once_and_without_a_hold_so_does_a_drop() {
    for (hold, end) in [(30, End::Clean), (0, End::Lost)] {
        let mut show = Show::new(HoldConfig { hold: Duration::from_secs(hold), ..HoldConfig::default() });
        let (first, _) = show.begin();
        show.video(first, 0, true, "key");
        show.writer.leave(first, end, show.now);
        assert_eq!(show.writer.state(), StreamState::Ended(end));
    }
}

#[test]
fn who_gives_way_begins_only_where_nobody_is_and_nobody_is_waited_for() {
    let mut show = Show::new(HoldConfig::default());
    let begins =
        |show: &mut Show, rule| show.writer.begin(CancellationToken::new(), rule, show.now).is_some();
    let (source, _) = show.begin();
    assert!(!begins(&mut show, OnDuplicate::GiveWay), "one is about to begin");
    show.video(source, 0, true, "key");
    assert!(!begins(&mut show, OnDuplicate::GiveWay), "one is live");
    show.writer.leave(source, End::Lost, show.now);
    assert!(!begins(&mut show, OnDuplicate::GiveWay), "one may return");
    show.writer.end_held(End::Told, show.now);
    assert!(begins(&mut show, OnDuplicate::GiveWay), "it is over");
}

#[test]
fn a_newcomer_takes_over_at_its_first_keyframe_and_not_before() {
    let mut show = Show::new(HoldConfig::default());
    let (old, told) = show.begin();
    show.video(old, 1_000, true, "old");
    let (new, _) = show.begin();
    assert_eq!(show.video(new, 0, false, "grey"), Written::AwaitingKeyframe);
    show.video(old, 1_040, false, "old 2");
    assert!(!told.is_cancelled());
    show.video(new, 40, true, "new");
    assert!(told.is_cancelled() && !show.writer.knows(old));
    assert_eq!(show.pictures(), seen(&[(0, "old"), (40, "old 2"), (80, "new")]));
}

#[test]
fn a_newcomer_is_shown_behind_the_last_picture_of_the_old_encoder() {
    let mut show = Show::new(HoldConfig::default());
    let shown_later = |show: &mut Show, epoch, millis, cts, keyframe, body: &'static str| {
        let (track, payload) = (TrackId::VIDEO, Bytes::from_static(body.as_bytes()));
        let frame = SourceFrame { track, millis, cts: MediaTime::from_millis(cts), keyframe, payload };
        show.writer.frame(epoch, frame, show.now, &show.stats)
    };
    let (old, _) = show.begin();
    shown_later(&mut show, old, 0, 80, true, "old");
    shown_later(&mut show, old, 40, 200, false, "old 2");
    let (new, _) = show.begin();
    shown_later(&mut show, new, 500, 80, true, "new");
    shown_later(&mut show, new, 540, 160, false, "new 2");
    // The old one's last is shown at 240, and the newcomer's first at 280.
    assert_eq!(show.pictures(), seen(&[(0, "old"), (40, "old 2"), (200, "new"), (240, "new 2")]));
}

#[test]
fn a_newcomer_that_leaves_before_its_keyframe_changes_nothing() {
    let mut show = Show::new(HoldConfig::default());
    let (old, told) = show.begin();
    show.video(old, 1_000, true, "old");
    for end in [End::Clean, End::Lost] {
        let (new, _) = show.begin();
        assert!(!show.writer.leave(new, end, show.now), "no interruption");
        assert_eq!(show.writer.state(), StreamState::Live);
    }
    assert!(!told.is_cancelled());
    assert!(show.writer.leave(old, End::Lost, show.now), "an interruption");
    let (lost, _) = show.begin();
    assert!(!show.writer.leave(lost, End::Lost, show.now), "the same one");
    assert_eq!(show.writer.state(), StreamState::Interrupted);
    let (back, _) = show.begin();
    show.writer.leave(back, End::Clean, show.now);
    assert_eq!(show.writer.state(), StreamState::Ended(End::Clean), "it said that the show is over");
}

#[test]
fn a_cable_pulled_for_eight_seconds_leaves_the_show_at_the_live_edge() {
    let mut show = Show::new(HoldConfig::default());
    let (source, _) = show.begin();
    show.video(source, 0, true, "key");
    show.pass(8_000);
    assert!(show.writer.is_filling());
    // What waited in the encoder's socket comes in one burst, then it is live again.
    assert_eq!(show.video(source, 1_000, true, "stale"), Written::Late);
    assert_eq!(show.video(source, 7_900, false, "p"), Written::AwaitingKeyframe);
    assert_eq!(show.video(source, 8_020, true, "live"), Written::Whole);
    assert!(!show.writer.is_filling());
    let pictures = show.pictures();
    assert_eq!(pictures.last(), Some(&(8_020, "live".to_owned())), "its clock holds");
    assert!(pictures.iter().all(|(_, body)| body != "stale"));
}

#[test]
fn pictures_and_silence_begin_where_a_silent_encoder_stopped() {
    let mut show = Show::new(HoldConfig::default());
    let (source, _) = show.begin();
    for n in 0..50 {
        show.video(source, n * 40, n == 0, if n == 0 { "key" } else { "p" });
        show.pass(0);
        show.now += Duration::from_millis(40);
    }
    show.sounding = true;
    show.pass(900);
    assert!(!show.writer.is_filling(), "a network may be away for so long");
    show.pass(1_000);
    assert!(show.writer.is_filling());
    let frames = show.frames();
    let times = |kind| frames.iter().filter(move |(of, _)| *of == kind).map(|(_, at)| *at);
    let pictures: Vec<_> = times('V').skip(49).collect();
    assert_eq!(pictures, [1_960, 2_460, 2_960, 3_460], "in time, and none is missing");
    let sounds: Vec<_> = times('A').collect();
    assert!(sounds[0] <= 1_960 + 22 && sounds.windows(2).all(|pair| pair[1] - pair[0] <= 22), "{sounds:?}");
}

#[test]
fn slides_without_sound_are_not_taken_for_an_encoder_that_is_away() {
    let mut show = Show::new(HoldConfig::default());
    let source = pictures_alone(&mut show);
    for n in 0..60 {
        assert_eq!(show.video(source, n * 2_000, n % 30 == 0, "slide"), Written::Whole, "slide {n}");
        show.pass(2_000);
    }
    assert!(!show.writer.is_filling());
    show.pass(3_000);
    assert!(show.writer.is_filling());
}

#[test]
fn an_encoder_whose_clock_stood_still_is_taken_as_it_is_after_a_while() {
    let mut show = Show::new(HoldConfig::default());
    let (source, _) = show.begin();
    show.video(source, 0, true, "key");
    show.pass(8_000);
    assert_eq!(show.video(source, 40, true, "frozen"), Written::Late);
    show.pass(3_000);
    assert_eq!(show.video(source, 3_040, true, "on"), Written::Whole);
    assert_eq!(show.video(source, 3_080, false, "and on"), Written::Whole);
    let pictures = show.pictures();
    let [.., (on, _), (further, _)] = pictures.as_slice() else { panic!("{pictures:?}") };
    assert!(*on >= 11_000 && further - on == 40, "{pictures:?}");
}

#[test]
fn an_encoder_whose_stamps_mean_nothing_goes_by_the_clock_on_the_wall() {
    let mut show = Show::new(HoldConfig::default());
    let (source, _) = show.begin();
    for n in 0..200 {
        show.video(source, 77, n % 50 == 0, "frame");
        show.now += Duration::from_millis(40);
    }
    let times: Vec<_> = show.pictures().into_iter().map(|(at, _)| at).collect();
    assert_eq!(times.len(), 200, "nothing is lost");
    let steps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps[..70].iter().all(|step| *step == 1), "nobody knows yet: {steps:?}");
    assert!(steps[76..].iter().all(|step| *step == 40), "{steps:?}");
    assert_eq!(show.stats.discontinuities.get(), 1, "and viewers are told where");
}

#[test]
fn sound_from_before_the_first_picture_is_not_pressed_into_the_show() {
    let mut show = Show::new(HoldConfig::default());
    let (source, _) = show.begin();
    let sound = |show: &mut Show, millis| {
        let (track, payload) = (TrackId::AUDIO, Bytes::from_static(b"sound"));
        let frame = SourceFrame { track, millis, cts: MediaTime::ZERO, keyframe: true, payload };
        show.writer.frame(source, frame, show.now, &show.stats)
    };
    show.video(source, 5_000, true, "key");
    for early in [4_920, 4_941, 4_963, 4_984] {
        assert_eq!(sound(&mut show, early), Written::AwaitingKeyframe);
    }
    for millis in [5_005, 5_027] {
        assert_eq!(sound(&mut show, millis), Written::Whole);
    }
    let mut times = Vec::new();
    while let Some((entry, _)) = show.cursor.read(show.writer.ring()) {
        times.extend(entry.frame.dts().map(|dts| dts.as_millis()));
    }
    assert_eq!(times, [0, 5, 27]);
}

#[test]
fn metadata_that_is_sent_over_and_over_is_no_change() {
    let mut show = Show::new(HoldConfig::default());
    let (source, _) = show.begin();
    show.video(source, 0, true, "key");
    let mut told = Vec::new();
    for n in 1..20_u32 {
        // A new copy every time, with the same words.
        let metadata = Metadata { properties: vec![("width".to_owned(), Value::Number(1_280.0))] };
        show.writer.describe(source, |tracks| tracks.metadata = Some(Arc::new(metadata)));
        show.video(source, n * 40, false, "next");
        told.push(Arc::clone(&show.writer.tracks));
    }
    assert!(told.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])), "outputs send their headers once");
}

#[test]
fn sound_waits_a_while_for_pictures_that_were_announced() {
    for (announced, begins) in [(true, 3_100), (false, 0)] {
        let mut show = Show::new(HoldConfig::default());
        let token = CancellationToken::new();
        let source = show.writer.begin(token, OnDuplicate::Takeover, show.now).expect("it is free");
        let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("48 kHz stereo");
        show.writer.describe(source, |tracks| {
            tracks.set(TrackId::AUDIO, CodecConfig::Aac(asc));
            let codec = ("videocodecid".to_owned(), Value::Number(7.0));
            tracks.metadata = announced.then(|| Arc::new(Metadata { properties: vec![codec] }));
        });
        let first = (0..100_u32).map(|n| n * 100).find(|millis| {
            let payload = Bytes::from_static(b"sound");
            let (track, millis) = (TrackId::AUDIO, *millis);
            let frame = SourceFrame { track, millis, cts: MediaTime::ZERO, keyframe: true, payload };
            let written = show.writer.frame(source, frame, show.now, &show.stats);
            show.now += Duration::from_millis(100);
            written == Written::Whole
        });
        assert_eq!(first, Some(begins), "pictures announced: {announced}");
    }
}

impl Show {
    /// What a reader got since the last look: `V` and `A` with their times.
    fn frames(&mut self) -> Vec<(char, i64)> {
        let mut seen = Vec::new();
        while let Some((entry, _)) = self.cursor.read(self.writer.ring()) {
            let Frame::Media(packet) = &entry.frame else { continue };
            let kind = if packet.track.is_video() { 'V' } else { 'A' };
            assert_eq!(
                entry.tracks.audio().is_some(),
                kind == 'A' || self.sounding,
                "tracks go before frames"
            );
            seen.push((kind, packet.dts.as_millis()));
        }
        seen
    }
}

/// What FFmpeg says of pictures alone: nothing of sound.
fn pictures_alone(show: &mut Show) -> u64 {
    let (epoch, _) = show.begin_with(false);
    let video = Value::Object(vec![("videocodecid".into(), Value::Number(7.0))]);
    let metadata = Metadata::parse(&[video]).expect("has properties");
    show.writer.describe(epoch, |tracks| tracks.metadata = Some(Arc::new(metadata)));
    epoch
}

#[test]
fn a_show_without_sound_gets_silence_from_its_first_picture_on() {
    let mut show = Show::new(HoldConfig { silence: true, ..HoldConfig::default() });
    let epoch = pictures_alone(&mut show);
    show.sounding = true;
    show.video(epoch, 0, true, "key");
    show.video(epoch, 40, false, "p");
    assert_eq!(show.frames(), [('V', 0), ('A', 0), ('V', 40), ('A', 21)]);
}

#[test]
fn it_gets_none_where_nobody_asked_for_it() {
    let mut show = Show::new(HoldConfig::default());
    let epoch = pictures_alone(&mut show);
    show.video(epoch, 0, true, "key");
    show.video(epoch, 40, false, "p");
    assert_eq!(show.frames(), [('V', 0), ('V', 40)]);
}

#[test]
fn sound_that_comes_after_all_takes_the_place_of_silence() {
    let mut show = Show::new(HoldConfig { silence: true, ..HoldConfig::default() });
    let epoch = pictures_alone(&mut show);
    show.sounding = true;
    show.video(epoch, 0, true, "key");
    // Nor does it matter that whoever wanted silence has left meanwhile.
    show.writer.adjust(HoldConfig::default());
    let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x12, 0x10])).expect("44.1 kHz stereo");
    show.writer.describe(epoch, |tracks| tracks.set(TrackId::AUDIO, CodecConfig::Aac(asc)));
    let sound = |millis| SourceFrame {
        track: TrackId::AUDIO,
        millis,
        cts: MediaTime::ZERO,
        keyframe: true,
        payload: Bytes::from_static(b"sound"),
    };
    show.writer.frame(epoch, sound(20), show.now, &show.stats);
    show.video(epoch, 40, false, "p");
    show.writer.frame(epoch, sound(43), show.now, &show.stats);
    show.video(epoch, 80, false, "p");
    assert_eq!(show.frames(), [('V', 0), ('A', 0), ('A', 20), ('V', 40), ('A', 43), ('V', 80)]);
}

#[test]
fn the_slate_goes_on_with_the_silence_and_the_return_behind_it() {
    let mut show = Show::new(HoldConfig { silence: true, ..HoldConfig::default() });
    let epoch = pictures_alone(&mut show);
    show.sounding = true;
    show.video(epoch, 0, true, "key");
    show.writer.leave(epoch, End::Lost, show.now);
    show.pass(1_000);
    let back = pictures_alone(&mut show);
    show.video(back, 0, true, "key");
    show.video(back, 40, false, "p");
    let sounds: Vec<i64> = show.frames().iter().filter(|(kind, _)| *kind == 'A').map(|(_, at)| *at).collect();
    let steps: Vec<i64> = sounds.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().all(|step| (20..=45).contains(step)), "no hole and no overlap: {sounds:?}");
}
