//! HLS viewers over HTTP: playlists, segments, headers, as curl, ffmpeg and an independent parser see them.

use std::collections::BTreeMap;
use std::time::Duration;

use m3u8_rs::{MasterPlaylist, MediaPlaylist, Playlist};

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::machines::{Feed, Show};
use crate::support::packets::{Clip, FRAME_RATE, Packets};
use crate::support::peers::{
    GST_RETIMES_MS, Player, assert_decodes, curl, ffmpeg_publish, ffmpeg_publish_forever,
};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::{eventually, let_flow, until};

/// An index far enough that a window of it has gone by.
const WINDOW: usize = 60;

/// The multivariant playlist, once it is there.
fn multivariant(engine: &Gostream) -> MasterPlaylist {
    let answer = eventually("the multivariant playlist", || {
        Some(engine.get(&format!("/hls/{PLAYBACK}/index.m3u8"))).filter(|answer| answer.status == 200)
    });
    match m3u8_rs::parse_playlist_res(&answer.body) {
        Ok(Playlist::MasterPlaylist(playlist)) => playlist,
        other => panic!("no multivariant playlist: {other:?}\n{}", answer.text()),
    }
}

/// The path of a URI that stands in the multivariant playlist or beside it.
fn path_of(uri: &str) -> String {
    if uri.starts_with('/') { uri.to_owned() } else { format!("/hls/{PLAYBACK}/{uri}") }
}

fn media_path(engine: &Gostream) -> String {
    path_of(&multivariant(engine).variants[0].uri)
}

/// A segment's path beside its playlist.
fn beside(playlist: &str, uri: &str) -> String {
    if uri.starts_with('/') {
        return uri.to_owned();
    }
    let folder = playlist.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{uri}")
}

fn media(engine: &Gostream, path: &str) -> MediaPlaylist {
    let answer = engine.get(path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    match m3u8_rs::parse_playlist_res(&answer.body) {
        Ok(Playlist::MediaPlaylist(playlist)) => playlist,
        other => panic!("no media playlist: {other:?}\n{}", answer.text()),
    }
}

fn until_segments(engine: &Gostream, path: &str, count: usize) -> MediaPlaylist {
    eventually(&format!("{count} segments"), || {
        Some(media(engine, path)).filter(|list| list.segments.len() >= count)
    })
}

fn plays_whole(clip: &Clip, who: &str) {
    let engine = Gostream::config().set("hls.window", WINDOW as i64).start();
    let mut encoder = ffmpeg_publish(clip, &engine.publish_url());
    until_segments(&engine, &media_path(&engine), 1);
    let mut player = Player::hls(&engine.hls_url());
    encoder.process.succeed();
    player.process.end(Duration::from_secs(30), Signal::Int);
    clip.assert_whole_in(who, &player.packets(), 2);
    assert_decodes(&engine.hls_url());
}

#[test]
fn ffmpeg_plays_every_packet_of_the_playlist() {
    needs!(Program::Ffmpeg);
    plays_whole(&Clip::av(8), "HLS");
}

#[test]
fn pictures_alone_play() {
    needs!(Program::Ffmpeg);
    plays_whole(&Clip::video_only(8), "HLS, video only");
}

#[test]
fn sound_alone_plays() {
    needs!(Program::Ffmpeg);
    plays_whole(&Clip::audio_only(8), "HLS, audio only");
}

#[test]
fn gstreamer_reads_every_packet() {
    needs!(
        Program::Ffmpeg,
        Program::Gst("hlsdemux"),
        Program::Gst("souphttpsrc"),
        Program::Gst("qtdemux"),
        Program::Gst("mpegtsmux")
    );
    let clip = Clip::av(8);
    let engine = Gostream::config().set("hls.window", WINDOW as i64).start();
    ffmpeg_publish(&clip, &engine.publish_url()).process.succeed();
    let path = media_path(&engine);
    until("the end of the playlist", || media(&engine, &path).end_list);
    let mut player = Player::gst_hls(&engine.hls_url(), "qtdemux");
    player.process.succeed();
    let received = Packets::elementary(&player.received().to_string_lossy());
    clip.elementary().assert_whole_in("hlsdemux", &received, GST_RETIMES_MS);
}

#[test]
fn the_playlists_say_what_is_in_them() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let main = multivariant(&engine);
    let variant = &main.variants[0];
    let codecs = variant.codecs.clone().expect("CODECS");
    assert!(codecs.contains("avc1.4D40") || codecs.contains("avc1.4d40"), "x264's Main profile: {codecs}");
    assert!(codecs.contains("mp4a.40.2"), "{codecs}");
    let size = variant.resolution.expect("RESOLUTION");
    assert_eq!((size.width, size.height), (320, 180));
    let rate = variant.frame_rate.expect("FRAME-RATE");
    assert!((rate - FRAME_RATE as f64).abs() < 0.5, "{rate}");
    assert!((200_000..5_000_000).contains(&variant.bandwidth), "{}", variant.bandwidth);

    let list = until_segments(&engine, &path_of(&variant.uri), 4);
    let target = list.target_duration;
    for segment in &list.segments {
        assert!(
            segment.duration.round() as u64 <= target,
            "EXTINF {} under TARGETDURATION {target}",
            segment.duration
        );
    }
    assert!(list.segments[0].map.is_some(), "an initialisation segment");
    assert!(list.segments.iter().any(|segment| segment.program_date_time.is_some()), "PROGRAM-DATE-TIME");
    assert!(list.segments[1..].iter().all(|segment| !segment.discontinuity), "one broadcast, no break in it");
    assert!(!list.end_list, "still live");
}

#[test]
fn the_window_moves_and_the_target_duration_stays() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", 3).start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let path = media_path(&engine);
    let first = until_segments(&engine, &path, 3);
    let later = eventually("the window to move", || {
        Some(media(&engine, &path)).filter(|list| list.media_sequence >= first.media_sequence + 3)
    });
    assert_eq!(first.target_duration, later.target_duration);
    let earliest = beside(&path, &first.segments[0].uri);
    until("the oldest segment to be gone", || engine.get(&earliest).status == 404);
    assert_eq!(engine.get(&beside(&path, &later.segments[1].uri)).status, 200);
}

#[test]
fn a_clean_end_closes_the_playlist() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let mut encoder = ffmpeg_publish(&Clip::av(4), &engine.publish_url());
    let path = media_path(&engine);
    encoder.process.succeed();
    let list = eventually("ENDLIST", || Some(media(&engine, &path)).filter(|list| list.end_list));
    let total: f32 = list.segments.iter().map(|segment| segment.duration).sum();
    assert!((total - 4.0).abs() < 0.2, "all of it is listed: {total} s");
}

#[test]
fn the_publishers_return_goes_on_after_a_discontinuity() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::config().set("hls.window", WINDOW as i64).start();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let path = media_path(&engine);
    until_segments(&engine, &path, 3);
    let mut player = Player::hls(&engine.hls_url());
    encoder.process.kill();
    until("the drop to be noticed", || !engine.stream_is("live"));
    let before = media(&engine, &path);
    assert!(!before.end_list, "an unclean drop leaves the playlist open");

    let wider = Clip::av_wider(6);
    let mut encoder = ffmpeg_publish(&wider, &engine.publish_url());
    // Behind those that filled the time, of which there are more where an encoder is slow to start.
    let after = eventually("segments after the return", || {
        Some(media(&engine, &path)).filter(|list| {
            let mut behind = list.segments.iter().enumerate().skip(1);
            let back = behind.find(|(_, segment)| segment.discontinuity).map(|(at, _)| at);
            back.is_some_and(|back| list.segments.len() >= back + 2)
        })
    });
    assert_eq!(after.media_sequence, before.media_sequence, "the sequence goes on");
    let breaks: Vec<_> = after.segments.iter().skip(1).filter(|segment| segment.discontinuity).collect();
    assert_eq!(breaks.len(), 1, "one break");
    assert!(
        breaks[0].map.is_some() && breaks[0].map != after.segments[0].map,
        "a new initialisation segment"
    );
    encoder.process.succeed();
    player.process.end(Duration::from_secs(30), Signal::Int);
    assert!(wider.is_in(&player.packets()), "ffmpeg plays on through the break");
}

/// Headers of an answer, by lower-case name, with `:status` for the first line.
fn headers(arguments: &[&str]) -> BTreeMap<String, String> {
    let mut all = vec!["--output", "/dev/null", "--dump-header", "-"];
    all.extend_from_slice(arguments);
    let text = curl(&all);
    let mut lines = text.lines();
    let status = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().to_owned();
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let mut headers: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    headers.insert(":status".to_owned(), status);
    headers
}

#[test]
fn another_coding_of_pictures_is_told_where_it_begins() {
    let engine = Gostream::start();
    let feed = Feed::start(&engine.publish_url(), Show::h264());
    let main = multivariant(&engine);
    let codecs = |main: &MasterPlaylist| main.variants[0].codecs.clone().unwrap_or_default();
    assert!(codecs(&main).starts_with("avc1."), "{main:?}");
    let path = path_of(&main.variants[0].uri);
    until_segments(&engine, &path, 3);
    // The encoder was set otherwise and is there again, over another connection.
    drop(feed);
    let _feed = Feed::start(&engine.publish_url(), Show::vp9());
    let main = eventually("the other coding", || {
        Some(multivariant(&engine)).filter(|main| codecs(main).starts_with("vp09."))
    });
    let list = until_segments(&engine, &path_of(&main.variants[0].uri), 3);
    let maps: Vec<_> = list.segments.iter().filter_map(|segment| segment.map.as_ref()).collect();
    assert!(!maps.is_empty());
    for map in maps {
        let init = engine.get(&beside(&path, &map.uri));
        assert_eq!(init.status, 200);
    }
}

#[test]
fn another_coding_in_mid_show_follows_a_discontinuity() {
    let engine = Gostream::config().set("hls.window", 20).start();
    let feed = Feed::start(&engine.publish_url(), Show::h264());
    let path = media_path(&engine);
    until_segments(&engine, &path, 3);
    feed.switch(Show::vp9());
    let list = eventually("a discontinuity", || {
        Some(media(&engine, &path)).filter(|list| list.segments.iter().any(|segment| segment.discontinuity))
    });
    let at = list.segments.iter().position(|segment| segment.discontinuity).expect("one");
    let map = list.segments[at].map.as_ref().expect("an init segment of its own");
    assert_ne!(Some(&map.uri), list.segments[0].map.as_ref().map(|map| &map.uri));
    let codecs = multivariant(&engine).variants[0].codecs.clone().unwrap_or_default();
    assert!(codecs.starts_with("vp09."), "{codecs}");
}

#[test]
fn headers_fit_browsers_and_caches() {
    needs!(Program::Ffmpeg, Program::Curl);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let path = media_path(&engine);
    let list = until_segments(&engine, &path, 3);
    let main_url = engine.hls_url();
    let media_url = engine.http_url(&path);
    let segment_url = engine.http_url(&beside(&path, &list.segments[1].uri));
    let map = list.segments[0].map.clone().expect("an initialisation segment");
    let init_url = engine.http_url(&beside(&path, &map.uri));

    for url in [&main_url, &media_url] {
        let head = headers(&[url]);
        assert_eq!(head[":status"], "200");
        assert_eq!(head["content-type"], "application/vnd.apple.mpegurl");
        assert_eq!(head["access-control-allow-origin"], "*");
        let cache = &head["cache-control"];
        assert!(
            cache.contains("no-cache")
                || cache.contains("no-store")
                || max_age(cache) <= list.target_duration,
            "{cache}"
        );
        let zipped = headers(&["--header", "Accept-Encoding: gzip", url]);
        assert_eq!(zipped["content-encoding"], "gzip");
        assert!(zipped["vary"].to_ascii_lowercase().contains("accept-encoding"));
    }
    for url in [&segment_url, &init_url] {
        let head = headers(&["--header", "Accept-Encoding: gzip", url]);
        assert_eq!(head[":status"], "200");
        assert!(
            head["content-type"].ends_with("/mp4") || head["content-type"].ends_with("iso.segment"),
            "{head:?}"
        );
        assert_eq!(head["access-control-allow-origin"], "*");
        assert!(
            head["cache-control"].contains("immutable") || max_age(&head["cache-control"]) >= 60,
            "{head:?}"
        );
        assert!(!head.contains_key("content-encoding"), "media does not shrink by gzip");
    }
    assert_eq!(plain_text_of_gzip(&media_url), 200);
}

/// A gzipped playlist unpacks to a playlist.
fn plain_text_of_gzip(url: &str) -> u16 {
    let text = curl(&["--compressed", url]);
    assert!(text.starts_with("#EXTM3U"), "{text}");
    200
}

fn max_age(cache: &str) -> u64 {
    let value = cache.split(',').find_map(|part| part.trim().strip_prefix("max-age="));
    value.and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
}

#[test]
fn head_range_and_preflight_are_answered() {
    needs!(Program::Ffmpeg, Program::Curl);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let path = media_path(&engine);
    let list = until_segments(&engine, &path, 3);
    let url = engine.http_url(&beside(&path, &list.segments[1].uri));

    let whole = headers(&[&url]);
    let length: usize = whole["content-length"].parse().expect("a length");
    let head = headers(&["--head", &url]);
    assert_eq!((&head[":status"], &head["content-length"]), (&"200".to_owned(), &whole["content-length"]));

    let part = headers(&["--range", "100-299", &url]);
    assert_eq!(part[":status"], "206");
    assert_eq!(part["content-range"], format!("bytes 100-299/{length}"));
    assert_eq!(part["content-length"], "200");
    let tail = headers(&["--range", "-10", &url]);
    assert_eq!(tail["content-range"], format!("bytes {}-{}/{length}", length - 10, length - 1));
    let beyond = headers(&["--range", "99999999-", &url]);
    assert_eq!(beyond[":status"], "416");

    let preflight = headers(&[
        "--request",
        "OPTIONS",
        "--header",
        "Origin: https://player.example",
        "--header",
        "Access-Control-Request-Method: GET",
        "--header",
        "Access-Control-Request-Headers: range",
        &url,
    ]);
    assert!(["200", "204"].contains(&preflight[":status"].as_str()), "{preflight:?}");
    let allowed = preflight["access-control-allow-headers"].to_ascii_lowercase();
    assert!(allowed.contains("range") || allowed == "*", "{preflight:?}");
    assert_eq!(headers(&["--request", "POST", &url])[":status"], "405");
}

#[test]
fn a_range_is_that_piece_of_the_segment() {
    needs!(Program::Ffmpeg, Program::Curl);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let path = media_path(&engine);
    let list = until_segments(&engine, &path, 3);
    let segment = beside(&path, &list.segments[1].uri);
    let whole = engine.get(&segment).body;
    let folder = crate::support::scratch::Scratch::new("range");
    let file = folder.join("piece");
    curl(&["--range", "1000-1999", "--output", &file.to_string_lossy(), &engine.http_url(&segment)]);
    assert_eq!(std::fs::read(&file).expect("curl wrote it"), &whole[1000..2000]);
}

#[test]
fn what_is_not_there_is_404_with_a_plain_reason() {
    needs!(Program::Ffmpeg, Program::Curl);
    let engine = Gostream::start();
    let unknown = engine.get("/hls/nobody/index.m3u8");
    assert_eq!(unknown.status, 404);
    assert!(unknown.text().len() > 10, "a reason in words: {:?}", unknown.text());
    let waiting = engine.get(&format!("/hls/{PLAYBACK}/index.m3u8"));
    assert_eq!(waiting.status, 404, "nobody publishes yet");
    assert_ne!(
        unknown.text(),
        waiting.text(),
        "a stream that is not live yet is another thing than no such stream"
    );
    let head = headers(&[&engine.hls_url()]);
    assert_eq!(
        head["access-control-allow-origin"], "*",
        "or a page of another origin cannot read the reason"
    );
    assert!(
        max_age(&head.get("cache-control").cloned().unwrap_or_default()) <= 2,
        "a cache must not keep it: {head:?}"
    );
    for path in [
        "/hls/../config.toml",
        "/hls/%2e%2e/config.toml",
        "/hls/show/../../etc/passwd",
        "/hls/show/seg99999.m4s",
        "/hls/",
    ] {
        assert!([400, 404].contains(&engine.get(path).status), "{path}");
    }
}

#[test]
fn a_silent_pause_of_the_player_does_not_count_as_traffic() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let requests = || engine.count("gostream_hls_requests_total", &[("stream", PLAYBACK)]);
    let before = requests();
    assert!(before >= 1.0, "requests are counted");
    let_flow(Duration::from_millis(500));
    assert!((requests() - before).abs() < 0.5, "nobody asked, nothing was counted");
    assert!(engine.count("gostream_hls_bytes_total", &[("stream", PLAYBACK)]) > 0.0);
}
