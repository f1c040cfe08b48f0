//! What a request asks under a condition, and what it asks in a way that nobody can mean.

use gostream::api::v1::Config;
use serde_json::{Value, json};

use crate::support::Api;

/// RFC 9110, section 13.2.1: what would be refused anyway is refused for that reason.
#[tokio::test]
async fn a_condition_is_judged_once_all_else_is_well() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, _) = api.project(&admin, "Show").await;
    let path = format!("/projects/{id}");
    let ask = |path: &str, tag: &str, body: Value| {
        api.patch(path, body).cookie(&admin).header("if-match", tag).send()
    };
    ask(&path, "\"never\"", json!({ "name": 7 })).await.is_problem(422, "invalid");
    ask("/projects/prj_01KB2Q5S3W0000000000000000", "\"7\"", json!({})).await.is_problem(404, "not_found");
    ask(&path, "\"never\"", json!({ "name": "x" })).await.is_problem(412, "revision_mismatch");
    ask(&path, "7", json!({ "name": "x" })).await.is_problem(400, "bad_request");
    let gone = api.delete("/projects/prj_01KB2Q5S3W0000000000000000").cookie(&admin);
    gone.header("if-match", "\"never\"").send().await.is_problem(404, "not_found");
    let kept = api.delete(&path).cookie(&admin).header("if-match", "\"never\"").send().await;
    kept.is_problem(412, "revision_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_without_a_condition_are_all_made_however_many_come_at_once() {
    for cache in [true, false] {
        let api = Api::start_over(Config::default(), |config| config.database.cache = cache).await;
        let admin = api.admin().await;
        let (id, _) = api.project(&admin, "Show").await;
        let keys = api.get(&format!("/projects/{id}/stream-keys")).cookie(&admin).send().await.json();
        let key = format!("/stream-keys/{}", keys["items"][0]["id"].as_str().expect("an id"));
        let project = format!("/projects/{id}");
        let name = |n: usize| json!({ "name": format!("Name {n}") });
        let all = (0..8).flat_map(|n| [&project, &key].map(|path| (n, path)));
        let asked = all.map(|(n, path)| api.patch(path, name(n)).cookie(&admin).send());
        for answer in futures_util::future::join_all(asked).await {
            answer.is(200);
        }
    }
}

#[tokio::test]
async fn what_a_form_sends_empty_is_not_there() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let all = api.get("/projects").cookie(&admin).send().await.is(200);
    let same = api.get("/projects?cursor=").cookie(&admin).send().await.is(200);
    assert_eq!(all.json(), same.json());
    let key = api.post("/projects", json!({ "name": "x" })).cookie(&admin).header("idempotency-key", "\"k");
    key.send().await.is_problem(400, "bad_request");
}

#[tokio::test]
async fn a_value_that_cannot_be_is_pointed_to() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let user = json!({ "email": "bob@example.org", "role": null });
    let refused = api.post("/users", user).cookie(&admin).send().await;
    refused.is_problem(422, "invalid");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/role");
    let (id, _) = api.project(&admin, "Show").await;
    let keys = api.get(&format!("/projects/{id}/stream-keys")).cookie(&admin).send().await.is(200).json();
    let path = format!("/stream-keys/{}", keys["items"][0]["id"].as_str().expect("an id"));
    // In UTC it has five digits of a year, which nobody could read again.
    let far = json!({ "expires_at": "9999-12-31T23:59:59-01:00" });
    api.patch(&path, far).cookie(&admin).send().await.is_problem(422, "invalid");
    let near = json!({ "expires_at": "9999-12-31T23:59:59Z" });
    let kept = api.patch(&path, near).cookie(&admin).send().await.is(200).json();
    assert_eq!(kept["expires_at"], "9999-12-31T23:59:59.000Z");
}

/// What is listed comes from memory, and what is told as it happens is never ahead of it.
#[tokio::test]
async fn what_a_listener_was_told_is_in_every_list() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, _) = api.project(&admin, "Show").await;
    let lists = ["/events".to_owned(), format!("/events?project_id={id}")];
    let mut heard = api.listen(api.get("/events/stream?types=project.*").cookie(&admin)).await;
    for round in 0..20 {
        for list in &lists {
            api.get(list).cookie(&admin).send().await.is(200);
        }
        let name = json!({ "name": format!("Show {round}") });
        api.patch(&format!("/projects/{id}"), name).cookie(&admin).send().await.is(200);
        let told = heard.until("project.changed", |event| event["project_id"] == json!(id)).await;
        for list in &lists {
            let newest = api.get(list).cookie(&admin).send().await.is(200).json()["items"][0].clone();
            assert!(newest["id"].as_str() >= Some(told.id.as_str()), "{list} in round {round}: {newest}");
        }
    }
}
