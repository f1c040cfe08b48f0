//! Blocking reloads, hinted parts, delta updates and tokens as players ask for them.

use super::tests::{ask, body, header, live, live_from, live_with};
use super::*;
use crate::hls::Config;
use crate::hls::testing::{Studio, Text, maps};
use crate::media::End;
use axum::http::Method;

async fn get(library: &Arc<Library>, path: &str) -> Response {
    ask(library, Method::GET, path, &[]).await
}

async fn text(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    String::from_utf8(body(response).await).expect("text")
}

/// The media playlist's address with this query, where `{}` is the number of the open segment.
fn reload(studio: &Studio, query: &str) -> String {
    let query = query.replace("{}", &studio.viewer.read().next().to_string());
    format!("/hls/talk/{}?{query}", studio.viewer.name)
}

/// Parts of the open segment.
fn open_parts(studio: &Studio) -> usize {
    studio.viewer.read().open.as_ref().map_or(0, |open| open.parts.len())
}

/// Asks in a task of its own, and returns when the request waits.
async fn waiting(
    library: &Arc<Library>,
    rendition: &Rendition,
    path: String,
) -> tokio::task::JoinHandle<Response> {
    let (library, before) = (library.clone(), rendition.waiting());
    let task = tokio::spawn(async move { get(&library, &path).await });
    while rendition.waiting() == before && !task.is_finished() {
        tokio::task::yield_now().await;
    }
    assert!(!task.is_finished(), "it waits");
    task
}

#[tokio::test]
async fn a_reload_waits_for_the_part_it_wants_and_may_be_kept_by_caches() {
    let (library, rendition, mut studio) = live();
    let path = reload(&studio, &format!("_HLS_msn={{}}&_HLS_part={}", open_parts(&studio)));
    let reload = waiting(&library, &rendition, path.clone()).await;
    studio.show_next_part(&rendition);
    let answer = reload.await.expect("no panic");
    assert_eq!(header(&answer, "cache-control"), "public, max-age=12");
    assert_eq!(text(answer).await, studio.viewer.text);
    let again = get(&library, &path).await;
    assert_eq!(header(&again, "cache-control"), "public, max-age=1", "now it is any answer");
    assert_eq!(rendition.waiting(), 0);
}

#[tokio::test]
async fn what_is_there_already_is_answered_at_once() {
    let (library, _, studio) = live();
    for query in
        ["_HLS_msn=1", "_HLS_msn=1&_HLS_part=900", "_HLS_skip=YES", "_HLS_skip=perhaps", "x=_HLS_msn"]
    {
        assert_eq!(text(get(&library, &reload(&studio, query)).await).await, studio.viewer.text, "{query}");
    }
}

#[tokio::test]
async fn a_whole_segment_and_the_one_after_it_are_waited_for() {
    let (library, rendition, mut studio) = live();
    let open = studio.viewer.read().next();
    let whole = waiting(&library, &rendition, reload(&studio, "_HLS_msn={}")).await;
    let after = waiting(&library, &rendition, reload(&studio, &format!("_HLS_msn={}", open + 1))).await;
    while studio.viewer.read().next() == open {
        assert!(!whole.is_finished());
        studio.show_next_part(&rendition);
    }
    assert!(text(whole.await.expect("no panic")).await.contains(&format!("_{open}.m4s")));
    tokio::task::yield_now().await;
    assert!(!after.is_finished());
    studio.run(3_000);
    studio.show(&rendition);
    assert!(text(after.await.expect("no panic")).await.contains(&format!("_{}.m4s", open + 1)));
}

#[tokio::test]
async fn a_part_beyond_its_finished_segment_is_the_first_of_the_next() {
    let (library, rendition, mut studio) = live();
    let open = studio.viewer.read().next();
    let path = format!("/hls/talk/{}?_HLS_msn={open}&_HLS_part=8", studio.viewer.name);
    let beyond = waiting(&library, &rendition, path).await;
    while studio.viewer.read().next() == open {
        studio.show_next_part(&rendition);
    }
    if open_parts(&studio) == 0 {
        studio.show_next_part(&rendition);
    }
    assert_eq!(text(beyond.await.expect("no panic")).await, studio.viewer.text);
}

#[tokio::test]
async fn the_absurd_is_refused_with_a_reason() {
    let (library, _, studio) = live();
    let far = format!("_HLS_msn={}", studio.viewer.read().next() + 2);
    for query in [
        far.as_str(),
        "_HLS_msn=99999999999999999999999999",
        "_HLS_msn={}&_HLS_part=100",
        "_HLS_part=1",
        "_HLS_msn=x",
        "_HLS_msn=-1",
        "_HLS_msn=1&_HLS_part=",
        "_HLS_msn=1&_HLS_msn=2",
    ] {
        let answer = get(&library, &reload(&studio, query)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        assert!(String::from_utf8(body(answer).await).expect("text").contains("bad_directive"));
    }
}

#[tokio::test]
async fn what_is_no_live_playlist_takes_no_directives() {
    let (library, rendition, mut studio) = live();
    let query = "?_HLS_part=9";
    assert_eq!(get(&library, &format!("/hls/talk/index.m3u8{query}")).await.status(), StatusCode::OK);
    let map = maps(studio.viewer.read()).into_iter().flatten().next().expect("a map");
    assert_eq!(get(&library, &format!("/hls/talk/{map}{query}")).await.status(), StatusCode::OK);
    studio.end(End::Clean);
    studio.show(&rendition);
    for query in ["_HLS_part=9", "_HLS_msn=99999999999", "_HLS_msn={}&_HLS_part=0"] {
        assert!(text(get(&library, &reload(&studio, query)).await).await.ends_with("#EXT-X-ENDLIST\n"));
    }
    let config = Config { low_latency: false, ..Config::default() };
    let (library, _, studio) = live_with(config);
    assert_eq!(text(get(&library, &reload(&studio, "_HLS_msn={}")).await).await, studio.viewer.text);
}

#[tokio::test]
async fn an_end_releases_those_who_wait_with_the_end_of_the_list() {
    let (library, rendition, mut studio) = live();
    let reload = waiting(&library, &rendition, reload(&studio, "_HLS_msn={}")).await;
    studio.end(End::Clean);
    studio.show(&rendition);
    let answer = text(reload.await.expect("no panic")).await;
    assert!(answer.ends_with("#EXT-X-ENDLIST\n") && !answer.contains("PRELOAD-HINT"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_blocked_viewers_cost_one_playlist_of_each_form_and_none_before_they_are_let_go() {
    let (library, rendition, mut studio) = live();
    studio.run(50_000);
    studio.show(&rendition);
    let path = reload(&studio, &format!("_HLS_msn={{}}&_HLS_part={}", open_parts(&studio)));
    studio.mute();
    let mut viewers = Vec::new();
    for skip in ["", "&_HLS_skip=YES"].repeat(500) {
        viewers.push(waiting(&library, &rendition, format!("{path}{skip}")).await);
    }
    let before = rendition.counters().renders();
    studio.run(1_000);
    studio.show_unseen(&rendition);
    let mut texts = Vec::new();
    for viewer in viewers {
        texts.push(text(viewer.await.expect("no panic")).await);
    }
    assert_eq!(rendition.counters().renders() - before, 2, "whole, and as a delta");
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.iter().map(|text| text.contains("EXT-X-SKIP")).collect::<Vec<_>>(), [false, true]);
    assert_eq!(rendition.waiting(), 0);
}

#[tokio::test]
async fn nothing_is_rendered_for_a_stream_that_nobody_watches() {
    let (library, rendition, mut studio) = live();
    studio.mute();
    let before = rendition.counters().renders();
    for _ in 0..100 {
        studio.run(100);
        studio.show_unseen(&rendition);
    }
    assert_eq!(rendition.counters().renders(), before);
    let list = reload(&studio, "");
    let next = Text::read(&text(get(&library, &list).await).await).next();
    waiting(&library, &rendition, format!("{list}_HLS_msn={next}")).await.abort();
    text(get(&library, &format!("{list}_HLS_skip=YES")).await).await;
    assert_eq!(rendition.counters().renders() - before, 2, "one who waits has no text");
}

#[tokio::test]
async fn who_waits_in_vain_gets_the_list_as_it_is_and_no_cache_keeps_it() {
    // Held for three target durations of a second each.
    let segment = std::time::Duration::from_secs(1);
    let mut studio = Studio::with(Config { segment, ..Config::default() }, Some(1_280), true);
    studio.gop = 30;
    let (library, rendition, mut studio) = live_from(studio);
    assert_eq!(rendition.snapshot().target_duration, Some(1));
    let before = rendition.counters().renders();
    let listed = studio.viewer.text.clone();
    let path = reload(&studio, &format!("_HLS_msn={{}}&_HLS_part={}", open_parts(&studio)));
    let hint = studio.viewer.read().next_part.clone().expect("a hint");
    let reload = waiting(&library, &rendition, path.clone()).await;
    let part = waiting(&library, &rendition, format!("/hls/talk/{hint}")).await;
    let answer = reload.await.expect("no panic");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(text(answer).await, listed);
    assert_eq!(part.await.expect("no panic").status(), StatusCode::NOT_FOUND);
    assert_eq!((rendition.waiting(), rendition.counters().renders()), (0, before));
    let again = waiting(&library, &rendition, path).await;
    studio.show_next_part(&rendition);
    assert_eq!(text(again.await.expect("no panic")).await, studio.viewer.text, "it may be asked for again");
}

#[tokio::test]
async fn a_hinted_part_is_held_until_it_is_whole() {
    let (library, rendition, mut studio) = live();
    let hint = studio.viewer.read().next_part.clone().expect("a hint");
    let path = format!("/hls/talk/{hint}");
    let early = waiting(&library, &rendition, path.clone()).await;
    studio.show_next_part(&rendition);
    let early = early.await.expect("no panic");
    assert_eq!(early.status(), StatusCode::OK);
    assert!(header(&early, "cache-control").contains("immutable"));
    let length: usize = header(&early, "content-length").parse().expect("a length");
    let whole = body(early).await;
    assert_eq!(whole.len(), length);
    assert_eq!(whole.get(4..8), Some(&b"moof"[..]));
    let range = ask(&library, Method::GET, &path, &[(header::RANGE, "bytes=4-7")]).await;
    assert_eq!(range.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&range, "content-range"), format!("bytes 4-7/{length}"));
    assert_eq!(body(range).await, b"moof");
    let head = ask(&library, Method::HEAD, &path, &[]).await;
    assert_eq!(header(&head, "content-length"), length.to_string());
    assert_eq!(rendition.counters().bytes(Kind::Part), length as u64 + 4);
}

#[tokio::test]
async fn a_hinted_part_that_never_comes_is_not_there() {
    let (library, rendition, mut studio) = live();
    let hint = studio.viewer.read().next_part.clone().expect("a hint");
    let number: u64 =
        hint.trim_end_matches(".m4s").rsplit_once('_').expect("a number").1.parse().expect("a number");
    let beyond = format!("/hls/talk/{}", hint.replace(&format!("_{number}."), &format!("_{}.", number + 1)));
    assert_eq!(get(&library, &beyond).await.status(), StatusCode::NOT_FOUND, "nobody announced it");
    studio.end(End::Lost);
    studio.show(&rendition);
    let hint = studio.viewer.read().next_part.clone().expect("still a hint");
    let early = waiting(&library, &rendition, format!("/hls/talk/{hint}")).await;
    studio.end(End::Clean);
    studio.show(&rendition);
    let early = early.await.expect("no panic");
    assert_eq!(early.status(), StatusCode::NOT_FOUND);
    assert_eq!(header(&early, "cache-control"), "no-store");
}

#[tokio::test]
async fn a_token_reaches_every_address_and_directives_do_not() {
    let (library, _, studio) = live();
    let index = text(get(&library, "/hls/talk/index.m3u8?token=s3cret&x=1").await).await;
    let media = index.lines().last().expect("an address").to_owned();
    assert_eq!(media, format!("{}?token=s3cret", studio.viewer.name));
    let answer = text(get(&library, &format!("/hls/talk/{media}&_HLS_msn=1&x=2")).await).await;
    for line in answer.lines() {
        let addresses = usize::from(!line.starts_with('#')) + line.matches("URI=").count();
        assert_eq!(line.matches("?token=s3cret").count(), addresses, "{line}");
        assert!(!line.contains("_HLS_") && !line.contains("x="), "{line}");
    }
    assert_eq!(answer.replace("?token=s3cret", ""), studio.viewer.text);
    let segment = answer.lines().find(|line| line.contains(".m4s?")).expect("a segment");
    let segment = segment.split('"').find(|it| it.contains(".m4s")).expect("an address");
    assert_eq!(get(&library, &format!("/hls/talk/{segment}")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_parts_of_a_segment_joined_are_the_segment() {
    let (library, _, studio) = live();
    let read = studio.viewer.read().clone();
    let segment = read.segments.iter().rfind(|segment| !segment.parts.is_empty()).expect("one with parts");
    let whole = body(get(&library, &format!("/hls/talk/{}", segment.uri)).await).await;
    let mut joined = Vec::new();
    for part in &segment.parts {
        joined.extend(body(get(&library, &format!("/hls/talk/{}", part.uri)).await).await);
    }
    assert_eq!(joined, whole);
}
