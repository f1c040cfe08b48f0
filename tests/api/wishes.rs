//! Projects, keys and destinations over HTTP, with the engine underneath.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Api;

/// A project made by the administrator; its answer.
async fn project(api: &Api, cookie: &str) -> Value {
    let asked = json!({ "name": "Create Live; select *", "playback_id": "show" });
    api.to(Method::POST, "/projects").cookie(cookie).json(asked.clone()).send().await.is(201).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_made_changed_stopped_and_deleted() {
    let api = Api::start().await;
    let cookie = api.admin().await;
    let made = project(&api, &cookie).await;
    // Its name is kept byte for byte: words are not taken out of it.
    assert_eq!(made["name"], "Create Live; select *");
    let key = made["stream_key"].as_str().expect("told once");
    assert!(key.len() >= 32);
    let path = format!("/projects/{}", made["id"].as_str().expect("an id"));
    let seen = api.to(Method::GET, &path).cookie(&cookie).send().await.is(200);
    assert!(!seen.text.contains(key), "a key is in no answer but the first");
    assert_eq!(seen.json()["live"]["state"], "waiting");
    let tag = seen.header("etag").to_owned();
    let same = api.to(Method::GET, &path).cookie(&cookie).header("if-none-match", &tag).send().await;
    assert_eq!(same.status.as_u16(), 304);
    let patch = json!({ "name": "Łódź 日本", "hold_s": 12.5 });
    let changed =
        api.to(Method::PATCH, &path).cookie(&cookie).header("if-match", &tag).json(patch.clone()).send();
    let changed = changed.await.is(200).json();
    assert_eq!((&changed["name"], &changed["hold_s"]), (&json!("Łódź 日本"), &json!(12.5)));
    let late =
        api.to(Method::PATCH, &path).cookie(&cookie).header("if-match", &tag).json(patch.clone()).send();
    late.await.is_problem(412, "revision_mismatch");
    for (action, running) in [("stop", false), ("stop", false), ("start", true)] {
        let path = format!("{path}/{action}");
        let after = api.to(Method::POST, &path).cookie(&cookie).send().await.is(200).json();
        assert_eq!(after["running"], running);
    }
    api.to(Method::DELETE, &path).cookie(&cookie).send().await.is(204);
    api.to(Method::GET, &path).cookie(&cookie).send().await.is_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_keeps_its_key_to_itself() {
    let api = Api::start().await;
    let cookie = api.admin().await;
    let id = project(&api, &cookie).await["id"].as_str().expect("an id").to_owned();
    let list = format!("/projects/{id}/destinations");
    let asked = json!({
        "name": "Far", "url": "rtmp://127.0.0.1:9/live/sesame-open-1234?token=alibaba", "codecs": ["h264", "aac"],
    });
    let made = api.to(Method::POST, &list).cookie(&cookie).json(asked.clone()).send().await.is(201);
    let path = format!("/destinations/{}", made.json()["id"].as_str().expect("an id"));
    let seen = api.to(Method::GET, &path).cookie(&cookie).send().await.is(200);
    let all = api.to(Method::GET, &list).cookie(&cookie).send().await.is(200);
    for answer in [&made, &seen, &all] {
        assert!(!answer.text.contains("sesame") && !answer.text.contains("alibaba"), "{answer:?}");
    }
    assert_eq!(seen.json()["output"]["state"], "idle");
    assert_eq!(seen.json()["url"], "rtmp://127.0.0.1:9/live");
    let patch = json!({ "enabled": false, "codecs": null });
    let changed =
        api.to(Method::PATCH, &path).cookie(&cookie).json(patch.clone()).send().await.is(200).json();
    assert_eq!((&changed["output"]["state"], &changed["codecs"]), (&json!("disabled"), &Value::Null));
    let wrong = json!({ "name": "", "url": "http://x", "stream_key": "opensesame", "chunk_size": 1 });
    let refused = api.to(Method::POST, &list).cookie(&cookie).json(wrong.clone()).send().await;
    refused.is_problem(422, "invalid");
    assert!(!refused.text.contains("opensesame"));
    let pointers: Vec<_> = refused.json()["errors"].as_array().expect("all of them").clone();
    assert_eq!(pointers.len(), 3, "{refused:?}");
    let test = format!("{path}/test");
    api.to(Method::GET, &test).cookie(&cookie).send().await.is_problem(404, "not_found");
    api.to(Method::POST, &test).cookie(&cookie).send().await.is(202);
    let report = loop {
        let report = api.to(Method::GET, &test).cookie(&cookie).send().await.is(200).json();
        if !report["finished_at"].is_null() {
            break report;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(report["ok"], false, "{report}");
    assert_eq!(report["steps"][1]["state"], "failed");
    assert!(report["steps"][1]["what_to_do"].as_str().expect("a remedy").contains("address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_key_is_shown_to_who_gave_the_password_just_now() {
    let api = Api::start().await;
    let cookie = api.admin().await;
    let made = project(&api, &cookie).await;
    let (id, key) = (made["id"].as_str().expect("an id"), made["stream_key"].as_str().expect("a key"));
    let list = format!("/projects/{id}/stream-keys");
    let keys = api.to(Method::GET, &list).cookie(&cookie).send().await.is(200).json();
    let first = format!("/stream-keys/{}", keys["items"][0]["id"].as_str().expect("an id"));
    let shown = api.to(Method::POST, &format!("{first}/reveal")).cookie(&cookie).send().await.is(200).json();
    assert_eq!(shown["key"], key);
    let rotated = json!({ "overlap_s": 60 });
    let next = api.to(Method::POST, &format!("{first}/rotate")).cookie(&cookie).json(rotated.clone()).send();
    let next = next.await.is(201).json();
    assert_ne!(next["key"], key);
    let keys = api.to(Method::GET, &list).cookie(&cookie).send().await.is(200).json();
    assert!(!keys["items"][0]["expires_at"].is_null() && keys["items"][1]["expires_at"].is_null(), "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_tried_and_taken_away() {
    let api = Api::start().await;
    let cookie = api.admin().await;
    let asked = json!({ "url": "https://hooks.invalid/x", "events": ["stream.*"] });
    let made = api.post("/webhooks", asked).cookie(&cookie).send().await.is(201).json();
    assert!(made["secret"].as_str().expect("told once").starts_with("whsec_"));
    let path = format!("/webhooks/{}", made["id"].as_str().expect("an id"));
    let seen = api.get(&path).cookie(&cookie).send().await.is(200);
    assert!(!seen.text.contains("whsec_"), "{seen:?}");
    let wrong = json!({ "url": "http://127.0.0.1:9/", "events": ["nothing.*"] });
    api.post("/webhooks", wrong).cookie(&cookie).send().await.is_problem(422, "invalid");
    let off = json!({ "enabled": false });
    let changed = api.patch(&path, off).cookie(&cookie).send().await.is(200).json();
    assert_eq!(changed["enabled"], false);
    let begun = api.to(Method::POST, &format!("{path}/test")).cookie(&cookie).send().await.is(202).json();
    let list = format!("{path}/deliveries");
    let all = api.get(&list).cookie(&cookie).send().await.is(200).json();
    assert_eq!(all["items"][0]["id"], begun["delivery_id"]);
    let again = format!("{list}/{}/redeliver", begun["delivery_id"].as_str().expect("an id"));
    api.to(Method::POST, &again).cookie(&cookie).send().await.is(202);
    api.delete(&path).cookie(&cookie).send().await.is(204);
    api.get(&path).cookie(&cookie).send().await.is_problem(404, "not_found");
}
