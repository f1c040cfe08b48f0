//! The reader of multivariant playlists refuses what it is there to refuse.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::index::{Found, Index, peak};
use super::text::Text;

const GOOD: &str = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n\
    #EXT-X-MEDIA:TYPE=AUDIO,URI=\"a0.m3u8\",GROUP-ID=\"sound\",NAME=\"Audio 1\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\"\n\
    #EXT-X-MEDIA:TYPE=AUDIO,URI=\"a1.m3u8\",GROUP-ID=\"sound\",NAME=\"Audio 2\",CHANNELS=\"6\"\n\
    #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=1000,AVERAGE-BANDWIDTH=800,CODECS=\"avc1.64001f,mp4a.40.2,opus\",RESOLUTION=320x180,\
    FRAME-RATE=25,VIDEO-RANGE=SDR,AUDIO=\"sound\",CLOSED-CAPTIONS=\"cc\"\nv0.m3u8\n";

/// What the panic says.
fn complaint(check: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(check)).expect_err("it is refused");
    let said = panic.downcast_ref::<String>().cloned();
    said.or_else(|| panic.downcast_ref::<&str>().map(|&said| said.to_owned())).expect("words")
}

#[test]
fn an_index_that_breaks_a_rule_is_refused() {
    assert_eq!(Index::read(GOOD).lists(), ["v0.m3u8", "a0.m3u8", "a1.m3u8"]);
    for (right, wrong, says) in [
        ("BANDWIDTH=1000,", "", "no BANDWIDTH"),
        (":BANDWIDTH=1000", ":BANDWIDTH=700", "a mean above the peak"),
        ("CODECS=\"avc1.64001f,mp4a.40.2,opus\",", "", "no CODECS"),
        (",mp4a.40.2,opus\"", "\"", "CODECS without the sound"),
        ("RESOLUTION=320x180,", "", "RESOLUTION exactly of pictures"),
        ("=320x180", "=320x0", "RESOLUTION"),
        ("FRAME-RATE=25,", "", "FRAME-RATE exactly of pictures"),
        ("=25,", "=24.9999,", "FRAME-RATE"),
        ("avc1.64001f,", "", "RESOLUTION exactly of pictures"),
        (",AUDIO=\"sound\"", ",AUDIO=\"other\"", "no sound is in other"),
        (",CLOSED-CAPTIONS=\"cc\"", ",CLOSED-CAPTIONS=\"dd\"", "no captions are in dd"),
        (",CLOSED-CAPTIONS=\"cc\"", "", "CLOSED-CAPTIONS exactly of pictures"),
        ("TYPE=AUDIO", "TYPE=\"AUDIO\"", "quotes"),
        ("TYPE=AUDIO,", "", "no TYPE"),
        ("GROUP-ID=\"sound\",", "", "no GROUP-ID"),
        ("NAME=\"Audio 1\",", "", "no NAME"),
        ("Audio 2", "Audio 1", "a name twice"),
        ("Audio 2\"", "Audio 2\",DEFAULT=YES,AUTOSELECT=YES", "two defaults"),
        ("DEFAULT=YES,AUTOSELECT=YES", "DEFAULT=YES", "AUTOSELECT where DEFAULT is"),
        (",INSTREAM-ID=\"CC1\"", "", "INSTREAM-ID for captions"),
        ("\"CC1\"\n", "\"SERVICE1\"\n", "the lowest version"),
        ("VERSION:6", "VERSION:9", "the lowest version"),
        ("\nv0.m3u8", "", "an address"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-TARGETDURATION:2", "no tag that players know"),
    ] {
        let text = GOOD.replacen(right, wrong, 1);
        assert_ne!(text, GOOD, "{right} is there");
        let said = complaint(|| drop(Index::read(&text)));
        assert!(said.contains(says), "{says} is why {wrong} is refused, and not: {said}");
    }
}

fn found(codecs: &[&str], peak: u64, independent: bool) -> Found {
    Found { codecs: codecs.iter().map(|&codec| codec.to_owned()).collect(), peak, independent }
}

#[test]
fn an_index_that_promises_other_than_its_lists_hold_is_refused() {
    let index = Index::read(GOOD);
    let lists = |video: Found, sound: Found| {
        let other = found(&["Opus"], 100, true);
        BTreeMap::from(
            [("v0.m3u8", video), ("a0.m3u8", sound), ("a1.m3u8", other)]
                .map(|(uri, it)| (uri.to_owned(), it)),
        )
    };
    let (video, sound) = (|| found(&["avc1"], 1_000, true), || found(&["mp4a"], 250, true));
    index.check_found(&lists(video(), sound()));
    for (video, sound, says) in [
        (found(&["avc1"], 1_001, true), sound(), "more than BANDWIDTH"),
        (video(), found(&["mp4a"], 251, true), "more than BANDWIDTH"),
        (video(), found(&["ac-3"], 250, true), "ac-3 is not in CODECS"),
        (found(&["hvc1"], 1_000, true), sound(), "hvc1 is not in CODECS"),
        (found(&["avc1"], 1_000, false), sound(), "independent"),
    ] {
        let lists = lists(video, sound);
        let said = complaint(|| index.check_found(&lists));
        assert!(said.contains(says), "{says}: {said}");
    }
}

/// A playlist of MPEG-TS, or one of fMP4 where it has maps.
fn list(version: u32, map: &str, seconds: &[u32]) -> String {
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:0\n{map}"
    );
    let mut at = 0;
    for (number, length) in seconds.iter().enumerate() {
        text += &format!(
            "#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:{at:02}.000Z\n#EXTINF:{length}.00000,\ns{number}.x\n"
        );
        at += length;
    }
    text
}

#[test]
fn the_peak_is_of_runs_that_last_about_the_target() {
    let list = Text::read(&list(3, "", &[1, 4, 3, 3]));
    // The first alone is too short to count, the first two are not, and the last two together are as long as may be.
    assert_eq!(peak(&list, &[1_000, 0, 0, 0]), 1_600);
    assert_eq!(peak(&list, &[0, 1_000, 0, 0]), 2_000);
    assert_eq!(peak(&list, &[0, 0, 300, 600]), 1_600);
}

#[test]
fn a_version_fits_what_the_list_has() {
    let map = "#EXT-X-MAP:URI=\"i.mp4\"\n";
    Text::read(&list(3, "", &[4]));
    Text::read(&list(6, map, &[4]));
    assert!(complaint(|| drop(Text::read(&list(6, "", &[4])))).contains("the lowest version"));
    assert!(complaint(|| drop(Text::read(&list(3, map, &[4])))).contains("the lowest version"));
}

#[test]
fn a_map_that_was_announced_must_come() {
    let head = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n\
        #EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.0,HOLD-BACK=12.0\n\
        #EXT-X-PART-INF:PART-TARGET=1.0\n#EXT-X-MAP:URI=\"i0.mp4\"\n\
        #EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:00.000Z\n#EXTINF:4.00000,\ns0.m4s\n";
    let hint = |map: &str| format!("{head}{map}#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p0.m4s\"\n");
    let announced = |uri: &str| hint(&format!("#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"{uri}\"\n"));
    let next = |map: &str| {
        format!(
            "{head}{map}#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:04.000Z\n\
             #EXT-X-PART:DURATION=1.0,URI=\"p0.m4s\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p1.m4s\"\n"
        )
    };
    let change = |uri: &str| next(&format!("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"{uri}\"\n"));
    let after = |before: &str, now: &str| Text::read(now).check_after(&Text::read(before), now);
    after(&announced("i1.mp4"), &change("i1.mp4"));
    after(&announced("i1.mp4"), &announced("i1.mp4"));
    for now in [change("i2.mp4"), next(""), hint("")] {
        assert!(complaint(|| after(&announced("i1.mp4"), &now)).contains("the map that was announced"));
    }
    assert!(complaint(|| drop(Text::read(&announced("i0.mp4")))).contains("a hint at the map in force"));
}
