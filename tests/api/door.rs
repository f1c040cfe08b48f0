//! What every request passes.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use gostream::api::{Phase, Step};
use gostream::api::metrics::Exporter;
use gostream::api::v1::Config;
use gostream::api::v1::door::{self, Door, Rate};
use reqwest::Method;
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::{Api, PASSWORD};

fn config(door: door::Config) -> Config {
    Config { door, ..Config::default() }
}

#[tokio::test]
async fn everything_that_goes_wrong_is_a_problem() {
    let api = Api::start().await;
    let admin = api.admin().await;
    for path in ["/nope", "/api/v1", "/api/v2/projects", "/api/", "/users/%ff", "/users/x/y/z"] {
        api.get(path).cookie(&admin).send().await.is_problem(404, "not_found");
    }
    for id in ["x", "prj_01KB2Q5S3W0000000000000000", "usr_01KB2Q5S3W0000000000000000", "usr_%00"] {
        api.get(&format!("/users/{id}")).cookie(&admin).send().await.is_problem(404, "not_found");
    }
    let wrong_method = api.delete("/me").cookie(&admin).send().await;
    wrong_method.is_problem(405, "method_not_allowed");
    assert_eq!(wrong_method.header("allow"), "GET,HEAD,PATCH");
    api.delete("/api/openapi.json").send().await.is_problem(405, "method_not_allowed");
    let post = || api.to(Method::POST, "/session");
    post()
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .is_problem(415, "unsupported_media_type");
    post()
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await
        .is_problem(400, "malformed_json");
    let missing = post().json(json!({})).send().await;
    missing.is_problem(422, "invalid");
    assert_eq!(missing.json()["errors"], json!([{ "pointer": "/email", "detail": "is required" }]));
    let large = json!({ "email": "x".repeat(70_000) });
    post().json(large).send().await.is_problem(413, "too_large");
    api.get("/users?limit=1000").cookie(&admin).send().await.is_problem(400, "bad_query");
    api.get("/users?cursor=x").cookie(&admin).send().await.is_problem(400, "bad_query");
    api.get("/me").send().await.is_problem(401, "signed_out");
    api.get("/me").cookie("gostream_session=gss_x").send().await.is_problem(401, "signed_out");
    api.get("/me").bearer("gst_x").send().await.is_problem(401, "signed_out");
    api.post("/tokens", json!({}))
        .cookie(&admin)
        .header("idempotency-key", "")
        .send()
        .await
        .is_problem(400, "bad_request");
}

#[tokio::test]
async fn a_handler_that_panics_or_never_ends_harms_nobody_else() {
    let brief = door::Config { request_time: Duration::from_millis(50), ..door::Config::default() };
    let api = Api::start_with(config(brief)).await;
    let door = Arc::new(Door::new(&api.services));
    let broken = || async {
        if std::hint::black_box(true) {
            panic!("this is a test")
        }
    };
    let slow = || async { tokio::time::sleep(Duration::from_secs(3600)).await };
    let router = Router::new().route("/api/v1/broken", get(broken)).route("/api/v1/slow", get(slow));
    let router = router.layer(from_fn_with_state(door, door::pass));
    let ask = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = router.clone().oneshot(request).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.expect("a body");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        (status, body["code"].as_str().unwrap_or_default().to_owned(), body.get("detail").cloned())
    };
    assert_eq!(ask("/api/v1/broken").await, (500, "internal".to_owned(), None));
    assert_eq!(ask("/api/v1/slow").await, (503, "took_too_long".to_owned(), None));
}

#[tokio::test]
async fn a_request_keeps_its_callers_name_when_that_is_a_sane_one() {
    let api = Api::start().await;
    let named = api.get("/me").header("x-request-id", "web-42.a:b").send().await;
    assert_eq!(
        (named.header("x-request-id"), named.json()["request_id"].as_str()),
        ("web-42.a:b", Some("web-42.a:b"))
    );
    for odd in ["", "a b", "a\u{e9}", &"x".repeat(65)] {
        let renamed = api.get("/setup").header("x-request-id", odd).send().await.is(200);
        assert!(renamed.header("x-request-id").starts_with("r-"), "{odd}");
    }
}

#[tokio::test]
async fn another_sites_page_changes_nothing_with_a_cookie() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let change = || api.patch("/me", json!({ "name": "Eve" })).cookie(&admin);
    change().header("origin", "http://evil.example").send().await.is_problem(403, "cross_origin");
    change().header("sec-fetch-site", "cross-site").send().await.is_problem(403, "cross_origin");
    let form = api.to(Method::POST, "/session").header("content-type", "application/x-www-form-urlencoded");
    form.body("email=a&password=b").send().await.is_problem(415, "unsupported_media_type");
    change().header("origin", &format!("http://{}", api.addr)).send().await.is(200);
    let token = api.token(&admin, &["*"]).await;
    let program = api.patch("/me", json!({ "name": "Ada" })).bearer(&token);
    program.header("origin", "http://evil.example").send().await.is(200);
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_unless_they_are_named() {
    let api = Api::start().await;
    let preflight = |api: &Api, origin: &str| {
        let asks = api.to(Method::OPTIONS, "/me").header("origin", origin);
        asks.header("access-control-request-method", "PATCH")
    };
    let closed = preflight(&api, "https://tools.example").send().await;
    assert_eq!(closed.header("access-control-allow-origin"), "");
    let origins = ["https://tools.example".to_owned(), "*".to_owned()];
    let open = |count: usize| {
        config(door::Config {
            cors_origins: origins.iter().take(count).cloned().collect(),
            ..door::Config::default()
        })
    };
    let api = Api::start_with(open(1)).await;
    let named = preflight(&api, "https://tools.example").send().await.is(204);
    assert_eq!(named.header("access-control-allow-origin"), "https://tools.example");
    assert_eq!(named.header("access-control-allow-credentials"), "true");
    assert!(named.header("access-control-allow-methods").contains("PATCH"));
    let other = api.get("/setup").header("origin", "https://evil.example").send().await.is(200);
    assert_eq!((other.header("access-control-allow-origin"), other.header("vary")), ("", "Origin"));
    let api = Api::start_with(open(2)).await;
    let anybody = api.get("/setup").header("origin", "https://evil.example").send().await.is(200);
    assert_eq!(anybody.header("access-control-allow-origin"), "*");
    assert_eq!(anybody.header("access-control-allow-credentials"), "", "never with cookies for everybody");
}

#[tokio::test]
async fn each_caller_has_a_rate_of_their_own() {
    let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(8).unwrap() };
    let api = Api::start_with(config(door::Config { rate, ..door::Config::default() })).await;
    let admin = api.admin().await;
    let token = api.token(&admin, &["*"]).await;
    let mut left = Vec::new();
    let refused = loop {
        let answer = api.get("/me").bearer(&token).send().await;
        if answer.status != 200 {
            break answer;
        }
        left.push(answer.header("ratelimit").to_owned());
        assert!(left.len() < 50);
    };
    refused.is_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(left.first().map(String::as_str), Some("\"api\";r=7;t=1"));
    api.get("/me").cookie(&admin).send().await.is(200);
    api.get("/setup").send().await.is(200);
}

/// Defect 1 of the predecessor: 50 requests in a quarter of an hour for each address locked its own page out.
#[tokio::test]
async fn a_page_that_asks_every_few_seconds_never_locks_itself_out() {
    let api = Api::start().await;
    let admin = api.admin().await;
    for _ in 0..180 {
        api.get("/me").cookie(&admin).send().await.is(200);
    }
}

/// Defect 1 again: behind a proxy, everybody shared one bucket.
#[tokio::test]
async fn people_behind_a_trusted_proxy_do_not_share_a_rate() {
    let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(3).unwrap() };
    let trusting =
        door::Config { rate, trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..door::Config::default() };
    let api = Api::start_with(config(trusting)).await;
    let ask =
        async |from: &str| api.get("/setup").header("x-forwarded-for", from).send().await.status.as_u16();
    for _ in 0..3 {
        assert_eq!(ask("192.0.2.1").await, 200);
    }
    assert_eq!(ask("192.0.2.1").await, 429);
    assert_eq!(ask("192.0.2.2").await, 200);
    assert_eq!(ask("192.0.2.1, 192.0.2.3").await, 200, "what a client writes itself is not believed");
    let api = Api::start_with(config(door::Config { rate, ..door::Config::default() })).await;
    for from in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        api.get("/setup").header("x-forwarded-for", from).send().await.is(200);
    }
    api.get("/setup")
        .header("x-forwarded-for", "192.0.2.4")
        .send()
        .await
        .is_problem(429, "too_many_requests");
}

#[tokio::test]
async fn while_it_drains_everything_can_be_read_and_nothing_changed() {
    let api = Api::start().await;
    let admin = api.admin().await;
    api.phase.send_replace(Phase::Draining);
    api.get("/me").cookie(&admin).send().await.is(200);
    let refused = api.patch("/me", json!({ "name": "x" })).cookie(&admin).send().await;
    refused.is_problem(503, "draining");
    assert_eq!(refused.header("retry-after"), "2");
    api.phase.send_replace(Phase::Starting(Step::Migrating(3, 5)));
    let starting = api.get("/me").cookie(&admin).send().await;
    starting.is_problem(503, "starting");
    assert_eq!(starting.json()["detail"], "migrating 3 of 5");
}

#[tokio::test]
async fn a_database_that_is_gone_is_said_and_signs_nobody_out() {
    let api = Api::start().await;
    let admin = api.admin().await;
    api.services.store.close().await;
    let answer = api.get("/users").cookie(&admin).send().await;
    answer.is_problem(503, "database_unavailable");
    assert!(!answer.header("retry-after").is_empty());
    let stranger = api.get("/me").bearer(&format!("gst_{}", "a".repeat(52))).send().await;
    stranger.is_problem(503, "database_unavailable");
}

#[tokio::test]
async fn a_copy_that_is_still_good_is_not_sent_again() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let me = api.get("/me").cookie(&admin).send().await.is(200);
    let tag = me.header("etag").to_owned();
    assert!(tag.starts_with("\"1-"), "{tag}");
    let same = api.get("/me").cookie(&admin).header("if-none-match", &tag).send().await.is(304);
    assert_eq!((same.text.as_str(), same.header("etag")), ("", tag.as_str()));
    api.patch("/me", json!({ "name": "Ada L." }))
        .cookie(&admin)
        .header("if-match", &tag)
        .send()
        .await
        .is(200);
    let changed = api.get("/me").cookie(&admin).header("if-none-match", &tag).send().await.is(200);
    assert!(changed.header("etag").starts_with("\"2-"));
    let late = api.patch("/me", json!({ "name": "x" })).cookie(&admin).header("if-match", &tag).send().await;
    late.is_problem(412, "revision_mismatch");
}

#[tokio::test]
async fn answers_are_no_pages_and_stay_in_no_cache() {
    let api = Api::start().await;
    let answer = api.get("/setup").send().await.is(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_not_by_path() {
    let api = Api::start().await;
    let admin = api.admin().await;
    for id in ["a", "b", "c"] {
        api.get(&format!("/users/{id}")).cookie(&admin).send().await.is(404);
    }
    api.get("/no/such/route").send().await.is(404);
    api.post("/session", json!({ "email": "a@b", "password": PASSWORD })).send().await.is(401);
    let text = Exporter::new(vec![Box::new(api.services.figures.clone())]).render();
    for line in [
        "gostream_api_requests_total{route=\"/api/v1/users/{id}\",method=\"GET\",code=\"404\"} 3\n",
        "gostream_api_requests_total{route=\"none\",method=\"GET\",code=\"404\"} 1\n",
        "gostream_api_request_duration_seconds_count{route=\"/api/v1/users/{id}\",method=\"GET\"} 3\n",
        "gostream_api_request_duration_seconds_bucket{route=\"/api/v1/users/{id}\",method=\"GET\",le=\"+Inf\"} 3\n",
        "# TYPE gostream_api_request_duration_seconds histogram\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}
