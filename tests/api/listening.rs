//! The stream of events, as a client hears it.

use gostream::journal::Kind;
use serde_json::json;

use crate::support::Api;
use crate::support::machines::{Feed, Show};

#[tokio::test]
async fn who_listens_hears_what_happens_and_figures_each_second() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, key) = api.project(&admin, "Show").await;
    let mut lines = api.listen(api.get("/events/stream").cookie(&admin)).await;
    assert_eq!(lines.answer.headers()["x-accel-buffering"], "no");
    assert_eq!(lines.next().await.expect("a beginning").retry, "2000");
    let feed = Feed::start(&api.rtmp(&key), Show::h264());
    let started = lines.until("stream.started", |_| true).await;
    assert_eq!((&started.data["type"], &started.data["project_id"]), (&json!("stream.started"), &json!(id)));
    assert_eq!(started.data["id"], json!(started.id));
    let stats =
        lines.until("stats", |stats| stats["figures"]["fps"].as_f64().is_some_and(|fps| fps > 10.0)).await;
    assert_eq!(
        (stats.id.as_str(), &stats.data["project_id"], &stats.data["stream_id"]),
        ("", &json!(id), &started.data["stream_id"])
    );
    drop(feed);
    lines.until("stream.ended", |_| true).await;
}

#[tokio::test]
async fn who_comes_back_gets_what_they_missed_once() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let note = |n: u32| api.app.control.journal().note(Kind::RecordingReady, None, None, json!({ "n": n }));
    let asked = || api.get("/events/stream?types=recording.*").cookie(&admin);
    let mut lines = api.listen(asked()).await;
    note(1);
    let seen = lines.until("recording.ready", |_| true).await;
    assert_eq!(seen.data["data"]["n"], 1);
    drop(lines);
    (2..=4).for_each(note);
    api.until(&admin, "/events?type=recording.ready", |list| {
        list["items"].as_array().is_some_and(|all| all.len() == 4)
    })
    .await;
    let mut lines = api.listen(asked().header("last-event-id", &seen.id)).await;
    for n in 2..=4 {
        let line = lines.until("recording.ready", |_| true).await;
        assert_eq!(line.data["data"]["n"], n);
    }
    let by_query =
        api.get(&format!("/events/stream?types=recording.ready&last_event_id={}", seen.id)).cookie(&admin);
    let line = api.listen(by_query).await.until("recording.ready", |_| true).await;
    assert_eq!(line.data["data"]["n"], 2);
    (0..250).for_each(note);
    api.until(&admin, "/events?limit=1&type=recording.ready", |list| list["items"][0]["data"]["n"] == 249)
        .await;
    let mut lines = api.listen(asked().header("last-event-id", &seen.id)).await;
    lines.until("events.missed", |_| true).await;
    note(1000);
    assert_eq!(lines.until("recording.ready", |_| true).await.data["data"]["n"], 1000, "from now on");
}

#[tokio::test]
async fn who_begins_is_told_where_and_what_happened_just_before() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let note = |n: u32| api.app.control.journal().note(Kind::RecordingReady, None, None, json!({ "n": n }));
    let newest =
        async || api.get("/events?limit=1").cookie(&admin).send().await.json()["items"][0]["id"].clone();
    note(1);
    api.until(&admin, "/events?type=recording.ready", |list| list["items"][0]["data"]["n"] == 1).await;
    // Nothing has happened since, and the beginning says behind what.
    let mut lines = api.listen(api.get("/events/stream?types=recording.*").cookie(&admin)).await;
    let hello = lines.next().await.expect("a beginning");
    assert_eq!(json!(hello.id), newest().await);
    drop(lines);
    note(2);
    let back = api.get("/events/stream?types=recording.*").cookie(&admin).header("last-event-id", &hello.id);
    let mut lines = api.listen(back).await;
    assert_eq!(lines.until("recording.ready", |_| true).await.data["data"]["n"], 2, "what the outage had");
    // Who asked for other things first also hears what happened while it did.
    let mut lines =
        api.listen(api.get("/events/stream?types=recording.*&back_ms=60000").cookie(&admin)).await;
    for n in [1, 2] {
        assert_eq!(lines.until("recording.ready", |_| true).await.data["data"]["n"], n);
    }
    let mut lines = api.listen(api.get("/events/stream?types=recording.*&back_ms=0").cookie(&admin)).await;
    note(3);
    assert_eq!(lines.until("recording.ready", |_| true).await.data["data"]["n"], 3, "nothing from before");
    api.get("/events/stream?back_ms=soon").cookie(&admin).send().await.is_problem(400, "bad_query");
}

#[tokio::test]
async fn who_listens_for_one_project_hears_nothing_of_another() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (one, _) = api.project(&admin, "One").await;
    let (other, _) = api.project(&admin, "Other").await;
    let mut lines = api.listen(api.get(&format!("/events/stream?project_id={one}")).cookie(&admin)).await;
    for (id, name) in [(&other, "x"), (&one, "y")] {
        api.patch(&format!("/projects/{id}"), json!({ "name": name })).cookie(&admin).send().await.is(200);
    }
    let line = lines.until("project.changed", |_| true).await;
    assert_eq!(line.data["project_id"], json!(one));
    api.get("/events/stream?types=nonsense").cookie(&admin).send().await.is_problem(400, "bad_query");
    api.get("/events/stream?project_id=x").cookie(&admin).send().await.is_problem(400, "bad_query");
}

#[tokio::test]
async fn who_signed_in_is_told_to_administrators_alone() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let viewer = api.somebody(&admin, "vic", "viewer").await;
    let list = api.until(&admin, "/events?type=user.signed_in", |list| list["items"] != json!([])).await;
    assert_eq!(list["items"][0]["data"]["by"], "password");
    let seen = api.get("/events?type=user.signed_in").cookie(&viewer).send().await.is(200).json();
    assert_eq!(seen["items"], json!([]));
}

#[tokio::test]
async fn an_open_stream_counts_against_no_rate() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let lines = api.listen(api.get("/events/stream").cookie(&admin)).await;
    assert!(lines.answer.headers().get("ratelimit").is_none());
}
