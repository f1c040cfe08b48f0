//! Bodies, patches, cursors and tags, as clients write them.

use axum::body::Body as RawBody;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::api::Problem;
use crate::store::{DestinationId, DestinationPlace, ProjectId, Revision, UnixMillis};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Inner {
    port: u16,
    #[serde(default)]
    words: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Thing {
    #[serde(default)]
    name: Keep<String>,
    #[serde(default)]
    note: Field<String>,
    #[serde(default)]
    inner: Field<Inner>,
}

fn request(media_type: &str, body: impl Into<RawBody>) -> Request {
    Request::post("/").header("content-type", media_type).body(body.into()).expect("a request")
}

async fn patched(body: &str) -> Result<Thing, (String, Vec<String>)> {
    match Patch::<Thing>::from_request(request("application/merge-patch+json", body.to_owned()), &()).await {
        Ok(Patch(thing)) => Ok(thing),
        Err(problem) => Err(told(problem).await),
    }
}

/// The code, and each fault as pointer and words.
async fn told(problem: Problem) -> (String, Vec<String>) {
    use axum::response::IntoResponse as _;
    let body = axum::body::to_bytes(problem.into_response().into_body(), 10_000).await.expect("a body");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let faults = body["errors"].as_array().into_iter().flatten();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let faults =
        faults.map(|fault| format!("{} {}", word(&fault["pointer"]), word(&fault["detail"]))).collect();
    (word(&body["code"]), faults)
}

#[tokio::test]
async fn a_patch_tells_absent_from_null() {
    let thing = patched(r#"{"note": null}"#).await.expect("a patch");
    assert_eq!(thing, Thing { name: Keep(None), note: Field::Null, inner: Field::Absent });
    assert_eq!(thing.note.over(Some("old".to_owned())), None);
    assert_eq!(thing.inner.change(), None);
    let thing = patched(r#"{"name": "", "note": "new", "inner": {"port": 1}}"#).await.expect("a patch");
    assert_eq!(thing.name, Keep(Some(String::new())));
    assert_eq!(thing.note.over(Some("old".to_owned())), Some("new".to_owned()));
    assert_eq!(Field::Absent.over(Some(1)), Some(1));
    let (code, faults) = patched(r#"{"name": null}"#).await.expect_err("it cannot be cleared");
    assert_eq!((code.as_str(), faults.as_slice()), ("invalid", &["/name must be a string".to_owned()][..]));
}

#[tokio::test]
async fn a_fault_points_to_its_value_and_never_repeats_it() {
    for (body, code, fault) in [
        (r#"{"nmae": "secret"}"#, "invalid", "/nmae is not known here"),
        (r#"{"a/b~c": "secret"}"#, "invalid", "/a~1b~0c is not known here"),
        (r#"{"name": 7}"#, "invalid", "/name must be a string"),
        (r#"{"inner": {"port": "secret"}}"#, "invalid", "/inner/port must be u16"),
        (r#"{"inner": {"port": 70000}}"#, "invalid", "/inner/port must be u16"),
        (r#"{"inner": {}}"#, "invalid", "/inner/port is required"),
        (
            r#"{"inner": {"port": 1, "words": ["a", {"secret": 1}]}}"#,
            "invalid",
            "/inner/words/1 must be a string",
        ),
        (r#"{"name": "a", "name": "b"}"#, "invalid", "/name stands here twice"),
        (r#"["secret"]"#, "invalid", " must be an object"),
        (r#"{"name": "a"} x"#, "malformed_json", ""),
        (r#"{"name": secret}"#, "malformed_json", ""),
        ("", "malformed_json", ""),
    ] {
        let (seen, faults) = patched(body).await.expect_err(body);
        assert_eq!((seen.as_str(), faults.join(";").as_str()), (code, fault), "{body}");
        assert!(!faults.join("").contains("secret"), "{body}");
    }
}

#[tokio::test]
async fn only_json_of_a_bounded_length_is_a_body() {
    let code = async |request: Request| match Body::<Value>::from_request(request, &()).await {
        Ok(Body(value)) => value.to_string(),
        Err(problem) => problem.code().to_owned(),
    };
    assert_eq!(code(request("application/json", "{}")).await, "{}");
    assert_eq!(code(request("Application/JSON; charset=utf-8", "{}")).await, "{}");
    for other in ["text/plain", "application/json-seq", "application/merge-patch+json", ""] {
        assert_eq!(code(request(other, "{}")).await, "unsupported_media_type", "{other}");
    }
    let whole = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX - 2));
    assert_eq!(code(request("application/json", whole.clone())).await, whole);
    assert_eq!(code(request("application/json", format!("{whole} "))).await, "too_large");
    let nested = "{\"a\":".repeat(1000) + &"}".repeat(1000);
    assert_eq!(code(request("application/json", nested)).await, "malformed_json");
    let none = MaybeBody::<Value>::from_request(Request::new(RawBody::empty()), &()).await.expect("nothing");
    assert_eq!(none.0, json!({}));
}

#[test]
fn a_cursor_comes_back_as_it_was_and_no_other_text_is_one() {
    let id = ProjectId::new(UnixMillis(1_700_000_000_000));
    let shown = encode_cursor(&id);
    assert!(!shown.contains("prj_"), "{shown}");
    assert_eq!(decode_cursor::<ProjectId>(&shown), Some(id));
    assert_eq!(decode_cursor::<DestinationPlace>(&shown), None, "of another list");
    let place = DestinationPlace { position: -3, id: DestinationId::new(UnixMillis(5)) };
    assert_eq!(decode_cursor(&encode_cursor(&place)), Some(place));
    for wrong in ["", "x", "!!!", &shown[1..], &"A".repeat(500), "cHJqXw"] {
        assert_eq!(decode_cursor::<ProjectId>(wrong), None, "{wrong}");
    }
}

#[tokio::test]
async fn a_page_has_one_to_a_hundred_rows() {
    for (query, fine) in [
        ("", true),
        ("limit=1", true),
        ("limit=100&x=y", true),
        ("limit=0", false),
        ("limit=101", false),
        ("limit=-1", false),
        ("limit=a", false),
    ] {
        let (mut parts, ()) = Request::get(format!("/x?{query}")).body(()).expect("a request").into_parts();
        let paging = Paging::from_request_parts(&mut parts, &()).await;
        assert_eq!(paging.is_ok(), fine, "{query}");
    }
}

#[test]
fn a_tag_holds_the_revision_that_a_change_is_judged_by() {
    let tag = tag_of(Revision(7), "{}");
    for (told, expected) in [
        (tag.as_str(), Told::One(Revision(7))),
        ("\"7\"", Told::One(Revision(7))),
        (" W/\"7-0a\" ", Told::One(Revision(7))),
        ("*", Told::Any),
        ("7", Told::Malformed),
        ("\"\"", Told::None),
        ("\"x\"", Told::None),
        ("\"-7\"", Told::None),
        ("\"+7\"", Told::None),
        ("\"0\"", Told::None),
        ("\"99999999999999999999\"", Told::None),
        ("\"7\", \"8\"", Told::Malformed),
        ("\"", Told::Malformed),
    ] {
        assert_eq!(revision_in(told), expected, "{told}");
    }
    let asked = |told: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("if-none-match", told.parse().expect("a value"));
        matches_any(&headers, &tag)
    };
    assert!(asked(&tag) && asked("*") && asked(&format!("\"1\", W/{tag}")));
    assert!(!asked("\"7\"") && !asked("") && !matches_any(&HeaderMap::new(), &tag));
    assert_ne!(tag_of(Revision(7), "{\"live\":true}"), tag, "what is not in the revision is in the tag");
}
