//! `Idempotency-Key`: what is asked twice is done once.

use serde_json::{Value, json};

use crate::support::{Api, PASSWORD};

#[tokio::test]
async fn a_repeated_post_is_done_once_and_its_secret_shown_once() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let ask = |name: &str| {
        let body = json!({ "name": name, "scopes": ["*"] });
        api.post("/tokens", body).cookie(&admin).header("idempotency-key", "\"k-1\"").send()
    };
    let first = ask("deck").await.is(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = ask("deck").await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let (first, again) = (first.json(), again.json());
    assert_eq!((&first["id"], &again["secret"]), (&again["id"], &Value::Null));
    assert!(first["secret"].is_string());
    let tokens = api.get("/tokens").cookie(&admin).send().await.json();
    assert_eq!(tokens["items"].as_array().map(Vec::len), Some(1));
    ask("other").await.is_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn the_same_key_of_somebody_else_is_another_key() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let bob = api.somebody(&admin, "bob", "admin").await;
    for cookie in [&admin, &bob] {
        let body = json!({ "name": "t", "scopes": ["*"] });
        let made =
            api.post("/tokens", body).cookie(cookie).header("idempotency-key", "k").send().await.is(201);
        assert_eq!(made.header("idempotency-replayed"), "");
    }
}

#[tokio::test]
async fn what_was_refused_can_be_tried_again_with_its_key() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let ask = |email: &str| {
        let body = json!({ "email": email, "role": "viewer", "password": PASSWORD });
        api.post("/users", body).cookie(&admin).header("idempotency-key", "k").send()
    };
    ask("no address").await.is_problem(422, "invalid");
    ask("no address").await.is_problem(422, "invalid");
    ask("bob@example.org").await.is(201);
    assert_eq!(ask("bob@example.org").await.is(201).header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let asks = (0..8).map(|_| {
        let body = json!({ "email": "bob@example.org", "role": "viewer" });
        api.post("/users", body).cookie(&admin).header("idempotency-key", "k").send()
    });
    let answers = futures_util::future::join_all(asks).await;
    let done = answers
        .iter()
        .filter(|answer| answer.status == 201 && answer.header("idempotency-replayed").is_empty());
    assert_eq!(done.count(), 1);
    for answer in &answers {
        match answer.status.as_u16() {
            201 => {}
            _ => answer.is_problem(409, "request_running"),
        }
    }
}
