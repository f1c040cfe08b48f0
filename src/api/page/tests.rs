//! What goes out with a page. Where `web/dist` was not built, a placeholder stands in; what only a build has is then not
//! asked for here, and is by the tests that start a browser.

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt as _;

use axum::http::StatusCode;

use super::*;

async fn ask(path: &str, more: &[(header::HeaderName, &str)]) -> (Response<()>, String) {
    let mut request = Request::get(path);
    for (name, value) in more {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = router().oneshot(request).await.expect("infallible").into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 24).await.expect("a body");
    (Response::from_parts(parts, ()), String::from_utf8_lossy(&bytes).into_owned())
}

fn policy_of<T>(answer: &Response<T>) -> &str {
    answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text")
}

/// The name of a built file with this beginning and end, from the page that loads it.
fn asset_in(page: &str, suffix: &str) -> Option<String> {
    let (_, rest) = page.split_once("/assets/")?;
    let name = rest.split('"').next().filter(|name| name.ends_with(suffix));
    name.map(|name| format!("/assets/{name}")).or_else(|| asset_in(rest, suffix))
}

#[tokio::test]
async fn a_page_whose_address_holds_a_token_tells_no_other_server_of_it() {
    for path in ["/watch/demo?token=1-a", "/setup?link=secret", "/"] {
        let (answer, _) = ask(path, &[]).await;
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn every_page_of_the_dashboard_is_the_same_page() {
    let (_, front) = ask("/", &[]).await;
    let same = |text: &str| text.split("content=\"").next().map(str::to_owned);
    for path in DASHBOARD {
        let path = path.replace(['{', '}'], "");
        let (answer, text) = ask(&path, &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(same(&text), same(&front), "{path}");
    }
}

#[test]
fn a_page_names_what_it_asks_for_first_and_nothing_that_a_stranger_wrote() {
    assert_eq!(id_of("/projects/prj_01"), Some(("projects", "prj_01", "")));
    assert_eq!(id_of("/projects/prj_01/settings"), Some(("projects", "prj_01", "settings")));
    for path in ["/nothing", "/projects//", "/projects/a%22", "/projects/a\"><script>", "/streams/../x"] {
        assert_eq!(id_of(path), None, "{path}");
        assert_eq!(early(path), early("/settings/appearance"), "{path}");
    }
    assert!(early("/projects/prj_01").contains("href=\"/api/v1/projects/prj_01/destinations\""));
    assert!(early("/streams/str_01").contains("href=\"/api/v1/streams/str_01/report\""));
}

/// The page's own test has the same list: what is named here and not asked for there would be fetched in vain.
#[test]
fn a_page_names_what_its_script_asks_for() {
    let text = include_str!("../../../web/src/app/early.json");
    let pages: std::collections::BTreeMap<String, Vec<String>> = serde_json::from_str(text).expect("a list");
    assert!(pages.len() > 12);
    for (path, asked) in pages {
        let links = early(&path).replace("&amp;", "&");
        let named = links.split("href=\"/api/v1/").skip(1).filter_map(|rest| rest.split('"').next());
        let (mut named, mut asked) = (named.map(str::to_owned).collect::<Vec<_>>(), asked);
        named.sort();
        asked.sort();
        assert_eq!(named, asked, "{path}");
        let file = built(&path);
        assert!(asset::text("index.html").is_none() || asset::text(file).is_some(), "{path}: no {file}");
    }
}

#[tokio::test]
async fn no_page_may_run_or_load_what_is_not_ours() {
    for path in ["/", "/settings", "/watch/a"] {
        let (answer, _) = ask(path, &[]).await;
        let policy = policy_of(&answer);
        assert!(policy.contains("default-src 'self'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let frame = if path != "/watch/a" { "frame-ancestors 'none'" } else { "frame-ancestors *" };
        assert!(policy.contains(frame), "{path}: {policy}");
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn each_answer_has_a_nonce_of_its_own_in_policy_and_page() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..8 {
        let (answer, text) = ask("/", &[]).await;
        if !text.contains("csp-nonce") {
            return; // The placeholder has nothing that would need one.
        }
        let policy = policy_of(&answer);
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
        assert_eq!(nonce.len(), 32);
        assert!(text.contains(&format!("content=\"{nonce}\"")), "{text}");
        assert!(!text.contains(NONCE_PLACE));
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "private, no-cache");
        assert!(!answer.headers().contains_key(header::ETAG), "no old nonce under a new policy");
        assert!(seen.insert(nonce.to_owned()), "never twice");
    }
}

#[tokio::test]
async fn a_file_goes_out_in_the_form_that_is_taken_and_keeps_for_good() {
    let (_, page) = ask("/", &[]).await;
    let Some(script) = asset_in(&page, ".js") else { return };
    for (takes, coding) in [("gzip, deflate, br", Some("br")), ("gzip", Some("gzip")), ("identity", None)] {
        let (answer, _) = ask(&script, &[(header::ACCEPT_ENCODING, takes)]).await;
        let headers = answer.headers();
        assert_eq!(headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().expect("text")), coding);
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[header::VARY], "accept-encoding");
        let tag = headers[header::ETAG].to_str().expect("text");
        let again = [(header::ACCEPT_ENCODING, takes), (header::IF_NONE_MATCH, tag)];
        let (answer, body) = ask(&script, &again).await;
        assert_eq!((answer.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    }
    let (answer, _) = ask(&format!("{script}.br"), &[]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "a form is not a file");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_nothing_outside_is_reached() {
    for path in ["/assets/none.js", "/assets/..%2Findex.html", "/assets/%2e%2e%2f%2e%2e%2fCargo.toml"] {
        let (answer, body) = ask(path, &[]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(body.contains("not_found"), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_person_who_is_nowhere_has_a_page_and_a_program_a_problem() {
    let whole = || super::super::router(super::super::Health::new().1, router());
    let ask = async |method: &str, accept: &str| {
        let request = Request::builder().method(method).uri("/nonsense").header(header::ACCEPT, accept);
        let answer =
            whole().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {accept}");
        assert_eq!(answer.headers()[header::VARY], "accept");
        answer.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned()
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    assert_eq!(ask("GET", browser).await, "text/html; charset=utf-8");
    for (method, accept) in [("GET", "*/*"), ("GET", "application/json"), ("POST", browser)] {
        assert_eq!(ask(method, accept).await, "application/problem+json", "{method} {accept}");
    }
}
