//! Viewers with a token, without one, and with one that will not do; and how many of them there are.

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Method;
use tower::ServiceExt as _;

use super::tests::{body, header, live};
use super::*;

/// A signed-up viewer's router, and the tokens it goes by.
fn guarded(library: &Arc<Library>) -> (Router, Arc<PlaybackTokens>) {
    let tokens = Arc::new(PlaybackTokens::new("sixteen bytes or more"));
    (router(Hall::new(library.clone(), Some(tokens.clone()))), tokens)
}

async fn ask(router: &Router, method: Method, path: &str) -> Response {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
    router.clone().oneshot(request).await.expect("infallible")
}

fn talk() -> PlaybackId {
    PlaybackId::parse("talk").expect("valid")
}

#[tokio::test]
async fn addresses_in_playlists_carry_the_token_on() {
    let (library, _, _) = live();
    let (router, tokens) = guarded(&library);
    let token = tokens.issue_daily(&talk(), SystemTime::now());
    let mut at = path(&talk(), Some(&token));
    for kind in ["application/vnd.apple.mpegurl", "application/vnd.apple.mpegurl", "video/mp4"] {
        let answer = ask(&router, Method::GET, &at).await;
        assert_eq!(answer.status(), StatusCode::OK, "{at}");
        assert_eq!(header(&answer, "content-type"), kind);
        assert!(header(&answer, "cache-control").starts_with("private, max-age="));
        let bytes = body(answer).await;
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&token), "one text for all");
        let address = text.lines().rfind(|line| !line.starts_with('#')).unwrap_or_default();
        at = format!("/hls/talk/{token}/{address}");
    }
}

#[tokio::test]
async fn a_token_in_the_query_leads_to_the_one_in_the_path() {
    let (library, _, _) = live();
    let (router, tokens) = guarded(&library);
    let token = tokens.issue_daily(&talk(), SystemTime::now());
    let answer = ask(&router, Method::GET, &format!("/hls/talk/index.m3u8?x=1&token={token}&y=2")).await;
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(header(&answer, "location"), format!("{token}/index.m3u8?x=1&y=2"));
    assert_eq!(header(&answer, "cache-control"), "private, no-store");
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    let elsewhere = format!("/hls/talk/%2f%2fevil%0d%0a?token={token}");
    let answer = ask(&router, Method::GET, &elsewhere).await;
    assert_eq!(header(&answer, "location"), format!("{token}/index.m3u8"));
}

#[tokio::test]
async fn who_has_no_good_token_is_told_why_and_nothing_else() {
    let (library, rendition, _) = live();
    let (router, tokens) = guarded(&library);
    let good = tokens.issue_daily(&talk(), SystemTime::now());
    let old = tokens.issue(&talk(), 1_000);
    let foreign = tokens.issue_daily(&PlaybackId::parse("other").expect("valid"), SystemTime::now());
    for (path, code) in [
        ("/hls/talk/index.m3u8".to_owned(), "token_missing"),
        ("/hls/nobody/index.m3u8".to_owned(), "token_missing"),
        (format!("/hls/talk/{good}"), "token_missing"),
        (format!("/hls/talk/index.m3u8?token={foreign}"), "token_invalid"),
        (format!("/hls/talk/{foreign}/index.m3u8"), "token_invalid"),
        (format!("/hls/talk/{old}/index.m3u8"), "token_expired"),
        (format!("/hls/talk/index.m3u8?token={old}"), "token_expired"),
        ("/hls/talk/%00/index.m3u8".to_owned(), "token_invalid"),
    ] {
        let answer = ask(&router, Method::GET, &path).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        let text = String::from_utf8(body(answer).await).expect("text");
        let problem: serde_json::Value = serde_json::from_str(&text).expect("json");
        assert_eq!(problem["code"], code, "{path}");
        for secret in [&good, &old, &foreign, "sixteen"] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
    }
    let missing = ask(&router, Method::GET, &format!("/hls/talk/{good}/poster.jpg")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(String::from_utf8(body(missing).await).expect("text").contains("/hls/talk/***/poster.jpg"));
    assert_eq!(rendition.audience().viewers, 0);
    assert_eq!(tokens.refused(TokenFault::Missing), 3);
    for path in ["/hls/talk/index.m3u8", "/hls/talk/x/index.m3u8"] {
        assert_eq!(ask(&router, Method::OPTIONS, path).await.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn where_none_is_needed_a_token_in_the_path_does_no_harm() {
    let (library, _, _) = live();
    let answer = ask(&router(Hall::new(library, None)), Method::GET, "/hls/talk/1-old/index.m3u8").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "cache-control"), "public, max-age=1");
}

#[tokio::test]
async fn viewers_are_told_apart_by_address_player_and_token() {
    let (library, rendition, studio) = live();
    let router = router(Hall::new(library, None));
    let media = studio.viewer.name.clone();
    let watch = |address: u8, player: &'static str, path: String| {
        let router = router.clone();
        async move {
            let mut request = Request::get(path).header(header::USER_AGENT, player);
            let peer = SocketAddr::from((Ipv4Addr::new(10, 0, 0, address), 1));
            request.extensions_mut().expect("a good request").insert(ConnectInfo(peer));
            router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("infallible")
        }
    };
    watch(1, "a", "/hls/talk/index.m3u8".to_owned()).await;
    assert_eq!(rendition.audience().viewers, 0, "who only looked");
    for _ in 0..2 {
        watch(1, "a", format!("/hls/talk/{media}")).await;
        watch(1, "b", format!("/hls/talk/{media}")).await;
        watch(2, "a", format!("/hls/talk/{media}")).await;
    }
    assert_eq!(rendition.audience().viewers, 3);
    watch(1, "a", format!("/hls/talk/1-token/{media}")).await;
    watch(1, "a", format!("/hls/talk/{media}?token=1-token")).await;
    assert_eq!(rendition.audience().viewers, 4);
    watch(3, "a", "/hls/talk/seg_0000feed0_1.m4s".to_owned()).await;
    assert_eq!(rendition.audience().viewers, 4, "who asked for what is not there");
}
