//! What holds of all lists, all figures and all problems alike.

use gostream::api::catalogue;
use serde_json::{Value, json};

use crate::support::Api;
use crate::support::machines::{Feed, SILENT, Show, Sink};

#[tokio::test]
async fn every_list_has_one_shape() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, _) = api.project(&admin, "Show").await;
    let me = api.get("/me").cookie(&admin).send().await.json();
    let me = me["user"]["id"].as_str().expect("an id");
    let of_project = ["destinations", "stream-keys", "outputs", "streams"];
    let mut paths: Vec<_> = of_project.iter().map(|name| format!("/projects/{id}/{name}")).collect();
    let others = "projects ingest/connections viewers/sessions platforms system/nodes users tokens me/sessions webhooks events";
    paths.extend(others.split(' ').map(|name| format!("/{name}")));
    paths.extend([format!("/users/{me}/sessions"), format!("/users/{me}/tokens")]);
    for path in paths {
        let list = api.get(&path).cookie(&admin).send().await.is(200).json();
        assert!(list["items"].is_array(), "{path}: {list}");
        assert_eq!(list.get("next_cursor"), Some(&Value::Null), "{path}: nothing follows");
    }
}

#[tokio::test]
async fn events_are_read_from_a_time_or_an_event_on() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, _) = api.project(&admin, "Show").await;
    for name in ["One", "Two", "Three"] {
        api.patch(&format!("/projects/{id}"), json!({ "name": name })).cookie(&admin).send().await.is(200);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let path = format!("/events?project_id={id}&type=project.changed");
    let all =
        api.until(&admin, &path, |list| list["items"].as_array().is_some_and(|all| all.len() >= 4)).await;
    let all = all["items"].as_array().expect("a list").clone();
    let told = |event: &Value| (event["data"]["changed"].clone(), event["data"]["by"].clone());
    assert_eq!(told(&all[0]), (json!(["settings"]), json!("Ada")), "what is another, and whose doing it is");
    assert_eq!(told(&all[3]), (json!(["created"]), json!("Ada")));
    let ids = |list: &Value| {
        let items = list["items"].as_array().expect("a list").iter();
        items.map(|event| event["id"].clone()).collect::<Vec<_>>()
    };
    let since = async |what: &Value| {
        let asked = format!("{path}&since={}", what.as_str().expect("text").replace('+', "%2B"));
        api.get(&asked).cookie(&admin).send().await.is(200).json()
    };
    let by_time = since(&all[1]["time"]).await;
    assert_eq!(ids(&by_time), [all[0]["id"].clone(), all[1]["id"].clone()], "that time included");
    assert_eq!(by_time["next_cursor"], Value::Null);
    assert_eq!(ids(&since(&all[1]["id"]).await), [all[0]["id"].clone()], "what followed it");
    assert_eq!(ids(&since(&json!("2999-01-01T00:00:00Z")).await), [] as [Value; 0]);
    let oldest = since(&json!("1970-01-01T00:00:00Z")).await;
    assert_eq!(ids(&oldest).len(), all.len());
    for wrong in ["yesterday", "17", "str_01KB2Q5S3W0000000000000000"] {
        api.get(&format!("/events?since={wrong}")).cookie(&admin).send().await.is_problem(400, "bad_query");
    }
    // Page by page, to the place where it ends and no further.
    let asked = format!("{path}&limit=1&since={}", all[1]["id"].as_str().expect("text"));
    let first = api.get(&asked).cookie(&admin).send().await.json();
    let mut seen = ids(&first);
    let mut cursor = first["next_cursor"].clone();
    while let Some(next) = cursor.as_str() {
        let page = api.get(&format!("{asked}&cursor={next}")).cookie(&admin).send().await.json();
        seen.extend(ids(&page));
        cursor = page["next_cursor"].clone();
    }
    assert_eq!(seen, [all[0]["id"].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_come_in_steps_and_windows_and_a_broadcast_has_a_tag() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, key) = api.project(&admin, "Show").await;
    let sink = Sink::start(SILENT);
    let asked = json!({ "name": "Sink", "url": sink.url(), "stream_key": "key-of-the-sink" });
    let made = api.post(&format!("/projects/{id}/destinations"), asked).cookie(&admin).send().await.json();
    let sent = format!("/destinations/{}/stats", made["id"].as_str().expect("an id"));
    let feed = Feed::start(&api.rtmp(&key), Show::h264());
    let project = format!("/projects/{id}");
    let live = api.until(&admin, &project, |project| project["live"]["outputs"]["sending"] == 1).await;
    let stream = format!("/streams/{}", live["live"]["broadcast_id"].as_str().expect("on the air"));
    let count = |stats: &Value| stats["samples"].as_array().map_or(0, Vec::len);
    api.until(&admin, &format!("{stream}/stats?step=1s"), |stats| count(stats) >= 4).await;
    let few =
        api.get(&format!("{stream}/stats?step=2s&window=2s")).cookie(&admin).send().await.is(200).json();
    assert_eq!((&few["step_s"], count(&few)), (&json!(2), 1));
    let all = api.get(&format!("{stream}/stats?window=5m")).cookie(&admin).send().await.is(200).json();
    assert!(count(&all) >= 4, "{all}");
    api.until(&admin, &sent, |stats| count(stats) >= 2).await;
    let last = api.get(&format!("{sent}?window=1s")).cookie(&admin).send().await.is(200).json();
    assert_eq!(count(&last), 1);
    for wrong in
        ["stats?step=2", "stats?step=61s", "stats?step=1s&step_s=1", "stats?window=0s", "stats?window=6m"]
    {
        api.get(&format!("{stream}/{wrong}")).cookie(&admin).send().await.is_problem(400, "bad_query");
    }
    api.get(&format!("{sent}?window=5h")).cookie(&admin).send().await.is_problem(400, "bad_query");

    let tag = api.get(&stream).cookie(&admin).send().await.is(200).header("etag").to_owned();
    api.get(&stream).cookie(&admin).header("if-none-match", &tag).send().await.is(304);
    drop(feed);
    api.until(&admin, &stream, |row| row["ended_at"].is_string()).await;
    api.get(&stream).cookie(&admin).header("if-none-match", &tag).send().await.is(200);
}

#[tokio::test]
async fn a_token_has_a_tag_and_a_repeated_post_says_where_its_resource_is() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let ask = || {
        let body = json!({ "name": "deck", "scopes": ["*"] });
        api.post("/tokens", body).cookie(&admin).header("idempotency-key", "k").send()
    };
    let (first, again) = (ask().await.is(201), ask().await.is(201));
    let at = format!("/api/v1/tokens/{}", first.json()["id"].as_str().expect("an id"));
    assert_eq!((first.header("location"), again.header("location")), (&*at, &*at));
    assert_eq!(again.json()["id"], first.json()["id"], "the body is what it was");
    let tag = api.get(&at).cookie(&admin).send().await.is(200).header("etag").to_owned();
    api.get(&at).cookie(&admin).header("if-none-match", &tag).send().await.is(304);
}

#[tokio::test]
async fn a_webhook_gets_another_secret_which_is_told_once() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let asked = json!({ "url": "https://hooks.example.org/in", "events": ["*"] });
    let made = api.post("/webhooks", asked).cookie(&admin).send().await.is(201).json();
    let path = format!("/webhooks/{}", made["id"].as_str().expect("an id"));
    let rotate =
        || api.post(&format!("{path}/rotate"), json!({})).cookie(&admin).header("idempotency-key", "r");
    let rotated = rotate().send().await.is(201).json();
    assert!(rotated["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{rotated}");
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotate().send().await.is(201).json()["secret"], Value::Null, "a repeated answer has none");
    let shown = api.get(&path).cookie(&admin).send().await.is(200);
    assert_eq!(shown.json()["secret_hint"], rotated["secret_hint"]);
    assert!(!shown.text.contains(rotated["secret"].as_str().expect("text")));
    let stale = api.post(&format!("{path}/rotate"), json!({})).cookie(&admin).header("if-match", "\"1\"");
    stale.send().await.is_problem(412, "revision_mismatch");
    let vic = api.somebody(&admin, "vic", "viewer").await;
    let refused = api.post(&format!("{path}/rotate"), json!({})).cookie(&vic).send().await;
    refused.is_problem(403, "not_allowed");
}

#[tokio::test]
async fn an_administrator_ends_what_somebody_else_left_open() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let bob = api.somebody(&admin, "bob", "operator").await;
    let bobs =
        api.get("/me").cookie(&bob).send().await.json()["user"]["id"].as_str().expect("an id").to_owned();
    let token = api.token(&bob, &["projects:read"]).await;
    let one = async |what: &str| {
        let list = api.get(&format!("/users/{bobs}/{what}")).cookie(&admin).send().await.is(200);
        assert!(!list.text.contains(&token), "no secret");
        let list = list.json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
        list["items"][0]["id"].as_str().expect("an id").to_owned()
    };
    let (session, kept) = (one("sessions").await, one("tokens").await);
    for what in ["sessions", "tokens"] {
        api.get(&format!("/users/{bobs}/{what}")).cookie(&bob).send().await.is_problem(403, "not_allowed");
        let nobody = "/users/usr_01KB2Q5S3W0000000000000000";
        api.get(&format!("{nobody}/{what}")).cookie(&admin).send().await.is_problem(404, "not_found");
    }
    let adas =
        api.get("/me").cookie(&admin).send().await.json()["user"]["id"].as_str().expect("an id").to_owned();
    let not_hers = format!("/users/{adas}/sessions/{session}");
    api.delete(&not_hers).cookie(&admin).send().await.is_problem(404, "not_found");
    api.get("/projects").bearer(&token).send().await.is(200);
    api.delete(&format!("/users/{bobs}/tokens/{kept}")).cookie(&admin).send().await.is(204);
    api.get("/projects").bearer(&token).send().await.is_problem(401, "signed_out");
    api.delete(&format!("/users/{bobs}/sessions/{session}")).cookie(&admin).send().await.is(204);
    api.get("/me").cookie(&bob).send().await.is_problem(401, "signed_out");
}

#[tokio::test]
async fn every_code_has_a_page_and_problems_lead_there() {
    let api = Api::start().await;
    let list = api.get("/api-docs/problems").send().await.is(200);
    for code in catalogue::ALL.iter().chain(catalogue::BESIDE) {
        let path = format!("/api-docs/problems/{}", code.code);
        let page = api.get(&path).send().await.is(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text.contains(code.code) && list.text.contains(&path), "{}", code.code);
    }
    for path in ["/projects", "/nothing", "/hls/nobody/index.m3u8"] {
        let asked = if path.starts_with("/hls") { path.to_owned() } else { format!("/api/v1{path}") };
        let url = match path.starts_with("/hls") {
            true => format!("http://{}{asked}", api.app.addresses.http.expect("it listens")),
            false => format!("http://{}{asked}", api.addr),
        };
        let answer = reqwest::Client::builder().no_proxy().build().expect("a client").get(url).send().await;
        let problem: Value =
            serde_json::from_str(&answer.expect("one").text().await.expect("text")).expect("JSON");
        let kind = problem["type"].as_str().expect("a type");
        assert!(kind.ends_with(problem["code"].as_str().expect("a code")), "{problem}");
        api.get(kind).send().await.is(200);
    }
    let closed = api.get("/api-docs/problems/setup_closed").send().await;
    assert!(closed.text.contains("gostream admin setup-link"), "{}", closed.text);
    for unknown in ["/api-docs/problems/no_such_code", "/api-docs/no-such-file.js"] {
        let answer = api.get(unknown).send().await;
        assert_eq!(answer.outcome(), (404, "not_found".to_owned()), "{unknown}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn a_node_that_is_ready_says_so() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let told = api.until(&admin, "/events?type=node.joined", |list| list["items"] != json!([])).await;
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1));
    let nodes = api.get("/system/nodes").cookie(&admin).send().await.json();
    assert_eq!(told["items"][0]["data"]["node"], nodes["items"][0]["id"], "{nodes}");
}
