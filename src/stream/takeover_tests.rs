//! What stands between the sound of one encoder and that of the next, within one broadcast and across two.

use super::*;

/// A source of half a second of pictures whose sound ends `behind` before the last of them; and what a reader got once another
/// began: kind, time, whether we made it up, and whether it breaks the show.
fn taken_over(behind: u32, leaves: Option<End>) -> Vec<(char, i64, bool, bool)> {
    let mut show = Show::new(HoldConfig::default());
    show.sounding = true;
    let (old, _) = show.begin();
    for n in 0..25_u32 {
        let (track, payload) = (TrackId::AUDIO, Bytes::from_static(b"sound"));
        let frame = SourceFrame { track, millis: n * 21, cts: MediaTime::ZERO, keyframe: true, payload };
        if n % 2 == 0 {
            show.video(old, n * 20, n == 0, "old");
        }
        if n * 21 + behind <= 480 {
            show.writer.frame(old, frame, show.now, &show.stats);
        }
    }
    show.frames();
    let (new, _) = show.begin();
    if let Some(end) = leaves {
        show.writer.end(end, show.now);
    }
    let new = if leaves.is_some() { show.begin().0 } else { new };
    show.video(new, 7_000, true, "new");
    let mut read = Vec::new();
    while let Some((entry, _)) = show.cursor.read(show.writer.ring()) {
        let Frame::Media(packet) = &entry.frame else { continue };
        let kind = if packet.track.is_video() { 'V' } else { 'A' };
        read.push((kind, packet.dts.as_millis(), entry.origin == Origin::Silence, entry.discontinuity));
    }
    read
}

#[test]
fn silence_goes_on_with_the_sound_of_an_encoder_that_another_follows_and_stands_before_it() {
    for behind in 0..=480 {
        let read = taken_over(behind, None);
        let (new, silence) = read.split_last().expect("some");
        assert_eq!(
            *new,
            ('V', 520, false, true),
            "{behind}: the picture breaks the show, where it would have anyway"
        );
        let sounds = (480 - behind) / 21 * 21;
        let times: Vec<i64> = silence.iter().map(|(_, at, ..)| *at).collect();
        assert!(silence.iter().all(|(kind, _, made_up, breaks)| *kind == 'A' && *made_up && !breaks));
        let ends = times.last().map_or(i64::from(sounds), |last| *last) + 21;
        assert!((480..=501).contains(&ends), "{behind}: up to the pictures' end: {times:?}");
        let all: Vec<i64> = std::iter::once(i64::from(sounds)).chain(times).collect();
        assert!(all.windows(2).all(|pair| (21..=22).contains(&(pair[1] - pair[0]))), "{behind}: {all:?}");
    }
}

#[test]
fn no_silence_stands_before_a_show_that_follows_one_that_ended() {
    for end in [End::Clean, End::Lost] {
        let read = taken_over(300, Some(end));
        assert_eq!(read.iter().map(|(kind, ..)| *kind).collect::<String>(), "V", "{read:?}");
    }
}

#[test]
fn a_source_that_sent_no_sound_has_none_that_could_go_on() {
    let mut show = Show::new(HoldConfig::default());
    show.sounding = true;
    let (old, _) = show.begin();
    show.video(old, 0, true, "old");
    let (track, payload) = (TrackId::AUDIO, Bytes::from_static(b"sound"));
    let frame = SourceFrame { track, millis: 0, cts: MediaTime::ZERO, keyframe: true, payload };
    show.writer.frame(old, frame, show.now, &show.stats);
    show.writer.end(End::Clean, show.now);
    // The next show is taken over before its first sound.
    let (silent, _) = show.begin();
    show.video(silent, 0, true, "silent");
    show.video(silent, 200, false, "silent");
    show.frames();
    let (new, _) = show.begin();
    show.video(new, 0, true, "new");
    let mut read = String::new();
    while let Some((entry, _)) = show.cursor.read(show.writer.ring()) {
        let Frame::Media(packet) = &entry.frame else { continue };
        read.push(if packet.track.is_video() { 'V' } else { 'A' });
    }
    assert_eq!(read, "V", "the sound of the show before is over");
}
