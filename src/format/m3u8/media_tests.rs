//! Playlists as the specification shows them, word for word.

use super::*;

fn segment<'a>(uri: &'a str, map: Option<&'a str>, discontinuity: bool, millis: i64) -> MediaSegment<'a> {
    MediaSegment {
        head: MediaHead { map, discontinuity, date: Some(1_785_585_600_000 + millis) },
        parts: Vec::new(),
        gap: false,
        duration: Duration::from_micros(1_966_667),
        uri,
    }
}

fn part(uri: &str, millis: u64, independent: bool) -> MediaPart<'_> {
    MediaPart { uri, duration: Duration::from_millis(millis), independent }
}

fn playlist(segments: Vec<MediaSegment<'_>>) -> MediaPlaylist<'_> {
    MediaPlaylist {
        target_duration: 2,
        low_latency: None,
        media_sequence: 120,
        discontinuity_sequence: 1,
        independent_segments: true,
        skipped: 0,
        ended: false,
        date_ranges: Vec::new(),
        segments,
        open: None,
        next_part: None,
        next_map: None,
        reports: Vec::new(),
    }
}

#[test]
fn a_media_playlist_reads_as_the_specification_shows_it() {
    let segments =
        vec![segment("a.m4s", Some("i1.mp4"), false, 0), segment("b.m4s", Some("i2.mp4"), true, 7_400)];
    let playlist = MediaPlaylist { ended: true, ..playlist(segments) };
    assert_eq!(
        playlist.render(),
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:120\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"i1.mp4\"\n\
         #EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:00.000Z\n#EXTINF:1.96667,\na.m4s\n#EXT-X-DISCONTINUITY\n\
         #EXT-X-MAP:URI=\"i2.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:07.400Z\n#EXTINF:1.96667,\nb.m4s\n\
         #EXT-X-ENDLIST\n"
    );
}

#[test]
fn parts_stand_between_the_head_and_the_address_of_their_segment() {
    let mut first = segment("a.m4s", None, false, 0);
    first.parts = vec![part("p7.m4s", 1_002, true), part("p8.m4s", 965, false)];
    let head = MediaHead { map: Some("i2.mp4"), discontinuity: true, date: Some(1_785_585_607_400) };
    let playlist = MediaPlaylist {
        low_latency: Some(LowLatency { part_target: 1_003, skips: true }),
        independent_segments: false,
        skipped: 3,
        open: Some(OpenSegment { head, parts: vec![part("p9.m4s", 1_001, true)] }),
        next_part: Some("p10.m4s"),
        next_map: Some("i3.mp4"),
        reports: vec![RenditionReport { uri: "b.m3u8", last_segment: 124, last_part: Some(0) }],
        ..playlist(vec![first])
    };
    assert_eq!(
        playlist.render(),
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n\
         #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=4.514,HOLD-BACK=6,CAN-SKIP-UNTIL=12\n\
         #EXT-X-PART-INF:PART-TARGET=1.003\n#EXT-X-MEDIA-SEQUENCE:120\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n\
         #EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:00.000Z\n\
         #EXT-X-PART:DURATION=1.00200,URI=\"p7.m4s\",INDEPENDENT=YES\n\
         #EXT-X-PART:DURATION=0.96500,URI=\"p8.m4s\"\n#EXTINF:1.96667,\na.m4s\n#EXT-X-DISCONTINUITY\n\
         #EXT-X-MAP:URI=\"i2.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:07.400Z\n\
         #EXT-X-PART:DURATION=1.00100,URI=\"p9.m4s\",INDEPENDENT=YES\n\
         #EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"i3.mp4\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p10.m4s\"\n\
         #EXT-X-RENDITION-REPORT:URI=\"b.m3u8\",LAST-MSN=124,LAST-PART=0\n"
    );
}
