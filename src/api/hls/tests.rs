//! The routes of media as players and caches meet them.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::*;
use crate::hls::Config;
use crate::hls::testing::{Studio, gunzip};

const BODY_MAX: usize = 1 << 24;

/// A library with one live stream, `talk`, and the studio it comes from.
pub(in crate::api) fn live() -> (Arc<Library>, Arc<Rendition>, Studio) {
    live_with(Config::default())
}

pub(super) fn live_with(config: Config) -> (Arc<Library>, Arc<Rendition>, Studio) {
    live_from(Studio::with(config, Some(1_280), true))
}

pub(super) fn live_from(mut studio: Studio) -> (Arc<Library>, Arc<Rendition>, Studio) {
    studio.run(9_000);
    let renders = studio.lifecycle.renders();
    let (library, rendition) = (Arc::new(Library::default()), Arc::new(Rendition::counting(renders)));
    library.insert(PlaybackId::parse("talk").expect("valid"), rendition.clone());
    studio.show(&rendition);
    (library, rendition, studio)
}

pub(super) async fn ask(
    library: &Arc<Library>,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    router(Hall::new(library.clone(), None)).oneshot(request).await.expect("infallible")
}

pub(super) async fn body(response: Response) -> Vec<u8> {
    to_bytes(response.into_body(), BODY_MAX).await.expect("whole").to_vec()
}

pub(super) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

/// The address of the newest segment.
fn newest(studio: &Studio) -> String {
    let playlist = studio.viewer.playlist.as_ref().expect("live");
    format!("/hls/talk/{}", playlist.segments.last().expect("some").uri)
}

#[tokio::test]
async fn a_player_walks_from_the_index_to_a_segment() {
    let (library, _, studio) = live();
    let index = ask(&library, Method::GET, "/hls/talk/index.m3u8", &[]).await;
    assert_eq!(index.status(), StatusCode::OK);
    assert_eq!(header(&index, "content-type"), "application/vnd.apple.mpegurl");
    assert_eq!(header(&index, "cache-control"), "public, max-age=1");
    assert_eq!(header(&index, "access-control-allow-origin"), "*");
    let index = String::from_utf8(body(index).await).expect("text");
    let media = format!("/hls/talk/{}", index.lines().last().expect("an address"));
    let media = ask(&library, Method::GET, &media, &[]).await;
    assert_eq!(String::from_utf8(body(media).await).expect("text"), studio.viewer.text);
    let segment = ask(&library, Method::GET, &newest(&studio), &[]).await;
    assert_eq!(header(&segment, "content-type"), "video/mp4");
    assert!(header(&segment, "cache-control").contains("immutable"));
    let length: usize = header(&segment, "content-length").parse().expect("a length");
    let bytes = body(segment).await;
    assert_eq!(bytes.len(), length);
    assert_eq!(bytes.get(4..8), Some(&b"moof"[..]));
}

#[tokio::test]
async fn a_playlist_is_gzipped_for_those_who_take_it_and_never_media() {
    let (library, _, studio) = live();
    let media = format!("/hls/talk/{}", studio.viewer.name);
    let gzip = [(header::ACCEPT_ENCODING, "br, gzip;q=0.8")];
    let response = ask(&library, Method::GET, &media, &gzip).await;
    assert_eq!(header(&response, "content-encoding"), "gzip");
    assert_eq!(header(&response, "vary"), "Accept-Encoding");
    assert_eq!(gunzip(&body(response).await), studio.viewer.text.as_bytes());
    let refused = [(header::ACCEPT_ENCODING, "gzip;q=0, identity")];
    assert_eq!(header(&ask(&library, Method::GET, &media, &refused).await, "content-encoding"), "");
    let segment = ask(&library, Method::GET, &newest(&studio), &gzip).await;
    assert_eq!(header(&segment, "content-encoding"), "");
}

#[tokio::test]
async fn a_playlist_that_did_not_change_is_not_sent_again() {
    let (library, rendition, mut studio) = live();
    let media = format!("/hls/talk/{}", studio.viewer.name);
    let first = ask(&library, Method::GET, &media, &[]).await;
    let etag = header(&first, "etag").to_owned();
    let known = [(header::IF_NONE_MATCH, etag.as_str())];
    let second = ask(&library, Method::GET, &media, &known).await;
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    assert!(body(second).await.is_empty());
    studio.run(4_000);
    studio.show(&rendition);
    assert_eq!(ask(&library, Method::GET, &media, &known).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn ranges_cross_slices_and_join_to_the_whole() {
    let (library, _, studio) = live();
    let path = newest(&studio);
    let whole = body(ask(&library, Method::GET, &path, &[]).await).await;
    let mut joined = Vec::new();
    for start in (0..whole.len()).step_by(7_777) {
        let range = format!("bytes={start}-{}", start + 7_776);
        let part = ask(&library, Method::GET, &path, &[(header::RANGE, &range)]).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        let end = (start + 7_777).min(whole.len()) - 1;
        assert_eq!(header(&part, "content-range"), format!("bytes {start}-{end}/{}", whole.len()));
        joined.extend(body(part).await);
    }
    assert_eq!(joined, whole);
    let beyond = ask(&library, Method::GET, &path, &[(header::RANGE, "bytes=99999999-")]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&beyond, "content-range"), format!("bytes */{}", whole.len()));
}

#[tokio::test]
async fn a_head_request_gets_the_head_alone() {
    let (library, rendition, studio) = live();
    let head = ask(&library, Method::HEAD, &newest(&studio), &[]).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert!(header(&head, "content-length").parse::<u64>().expect("a length") > 0);
    assert!(body(head).await.is_empty());
    assert_eq!(rendition.counters().bytes(Kind::Segment), 0);
    assert_eq!(rendition.counters().requests(Kind::Segment), 1);
}

#[tokio::test]
async fn a_browser_may_ask_with_headers_of_its_own() {
    let (library, ..) = live();
    let asked = [(header::ACCESS_CONTROL_REQUEST_METHOD, "GET"), (header::ORIGIN, "https://example.org")];
    let response = ask(&library, Method::OPTIONS, "/hls/talk/index.m3u8", &asked).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    assert!(header(&response, "access-control-allow-headers").contains("Range"));
}

#[tokio::test]
async fn what_is_not_there_is_said_with_a_reason_and_not_kept() {
    let (library, _, _) = live();
    library.insert(PlaybackId::parse("quiet").expect("valid"), Arc::default());
    for (path, code) in [
        ("/hls/nobody/index.m3u8", "unknown_stream"),
        ("/hls/..%2f/index.m3u8", "unknown_stream"),
        ("/hls/quiet/index.m3u8", "not_live"),
        ("/hls/talk/seg_0000feed0_1.m4s", "segment_gone"),
        ("/hls/talk/poster.jpg", "not_found"),
    ] {
        let response = ask(&library, Method::GET, path, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "content-type"), "application/problem+json");
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
        let retry = header(&response, "retry-after").to_owned();
        assert_eq!(retry == "1", code == "not_live", "{path}");
        let problem: serde_json::Value = serde_json::from_slice(&body(response).await).expect("json");
        assert_eq!(problem["code"], code, "{path}");
    }
}

#[tokio::test]
async fn the_first_viewer_waits_for_the_first_segments() {
    let (library, rendition) = (Arc::new(Library::default()), Arc::new(Rendition::default()));
    library.insert(PlaybackId::parse("talk").expect("valid"), rendition.clone());
    let mut studio = Studio::new(Some(1_280), true);
    studio.run(1_000);
    studio.show(&rendition);
    let waiting = tokio::spawn({
        let library = library.clone();
        async move { ask(&library, Method::GET, "/hls/talk/index.m3u8", &[]).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    studio.run(8_000);
    studio.show(&rendition);
    assert_eq!(waiting.await.expect("no panic").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_segment_goes_over_a_real_connection_byte_for_byte() {
    let (library, rendition, studio) = live();
    let path = newest(&studio);
    let whole = body(ask(&library, Method::GET, &path, &[]).await).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("bound");
    let server = tokio::spawn(axum::serve(listener, router(Hall::new(library, None))).into_future());
    let mut stream = tokio::net::TcpStream::connect(addr).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("read");
    server.abort();
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(answer.get(..split).unwrap_or_default()).to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains(&format!("content-length: {}", whole.len())), "{head}");
    assert!(head.contains("date: "), "players set their clocks by it: {head}");
    assert!(!head.contains("chunked"), "{head}");
    assert_eq!(answer.get(split + 4..), Some(&whole[..]));
    assert_eq!(rendition.counters().bytes(Kind::Segment), 2 * whole.len() as u64);
}
