//! Secrets of the configuration and of people, searched for in everything that is said while they are at work.

use reqwest::Method;
use serde_json::json;

use crate::database::Database;
use crate::node::Node;
use crate::people::{PASSWORD, Person, eventually, id};
use crate::support::http;
use crate::support::machines::{Feed, Show};
use crate::support::process::Signal;

const SECRETS: [(&str, &str); 6] = [
    ("playback.secret", "signs-what-viewers-get-7e21b0"),
    ("rtmp.publish_password", "password-of-the-encoders-c94d"),
    ("auth.oidc.client_secret", "our-secret-at-the-issuer-05fa"),
    ("vault.key", "b41c7e0a9d3358f26a1bb0c7e5d94f128073ad6c2e9f41b85d60c3971fe2a84b"),
    ("the password of who signed up", "a phrase of a stranger's own"),
    ("the password that a reset link set", "a phrase after the reset link"),
];

fn secret(name: &str) -> &'static str {
    SECRETS.iter().find(|(known, _)| *known == name).expect("it is one").1
}

#[test]
fn secrets_of_the_configuration_and_of_people_are_in_nothing_that_is_said() {
    crate::block_on(async {
        let more = format!(
            "log.level = \"debug,gostream=trace\"\nauth.signup = true\nauth.oidc.issuer = \"https://127.0.0.1:9\"\n\
             auth.oidc.client_id = \"gostream\"\nauth.oidc.client_secret = \"{}\"\nplayback.require_token = true\n\
             playback.secret = \"{}\"\nrtmp.publish_user = \"studio\"\nrtmp.publish_password = \"{}\"\nvault.key = \"{}\"\n",
            secret("auth.oidc.client_secret"),
            secret("playback.secret"),
            secret("rtmp.publish_password"),
            secret("vault.key"),
        );
        let mut node = Node::new(Database::sqlite(), &more);
        node.start();
        let (ada, mut said, tokens) = are_at_work(&mut node).await;
        node.leave();
        said.push_str(&node.log());
        said.push_str(&ada.heard.lock().expect("nobody panicked"));
        let kept = node.database.dump(&node.data()).await;
        let all = SECRETS.iter().map(|(name, secret)| (*name, (*secret).to_owned())).chain(tokens);
        for (name, secret) in all {
            assert!(secret.len() >= 16, "{name} is no secret: {secret}");
            if let Some(at) = said.find(&secret) {
                let line = said[..at].rfind('\n').map_or(0, |start| start + 1);
                panic!("{name} is said: {}", said[line..].chars().take(400).collect::<String>());
            }
            let is_kept = kept.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_kept, "{name} is in the database in clear");
        }
        assert!(node.log().contains("DEBUG"), "the log was loud");
    });
}

/// All of them are used. What was said beside the log, and the secrets that were made on the way.
async fn are_at_work(node: &mut Node) -> (Person, String, Vec<(&'static str, String)>) {
    let mut said = String::new();
    let ada = Person::set_up(node, &node.printed_link()).await;
    let stranger = ada.beside(node);
    let asked = json!({ "email": "eve@example.org", "password": secret("the password of who signed up") });
    let eve = id(&stranger.post("/sign-up", asked).await.is(201).json());
    let (_, link) = ada.told_once(&format!("/users/{eve}/reset-link"), json!({}), "link").await;
    let reset = link.split_once('#').expect("a token").1.to_owned();
    let asked = json!({ "link": link, "password": secret("the password that a reset link set") });
    stranger.post("/setup", asked.clone()).await.is(200);
    stranger.post("/setup", asked).await.is(403);
    let by_password =
        json!({ "email": "eve@example.org", "password": secret("the password that a reset link set") });
    stranger.post("/session", by_password).await.is(201);
    stranger.ask(Method::GET, "/session/oidc", None).await;

    let (project, key) = ada.told_once("/projects", json!({ "name": "Show" }), "stream_key").await;
    let playback_id = project["playback_id"].as_str().expect("an id").to_owned();
    let printed = node.run(&["playback-url", &playback_id, "--valid-for", "1h"]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    let token = printed.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let token = token.unwrap_or_else(|| panic!("no token in {printed}")).to_owned();
    for path in [
        format!("/hls/{playback_id}/{token}/index.m3u8"),
        format!("/hls/{playback_id}/index.m3u8?token={token}x"),
        format!("/watch/{playback_id}?token={token}"),
    ] {
        let answer = http::get(node.address("http"), &path).expect("an answer");
        // The page of a viewer is theirs, with what they came with.
        if !path.starts_with("/watch") {
            said.push_str(&answer.text());
        }
    }
    // An encoder that does not say who it is.
    let feed = Feed::start(&node.rtmp(&key), Show::h264());
    eventually("it to be refused", || feed.is_over()).await;
    node.process().signal(Signal::Hup);
    eventually("the file to be read again", || {
        node.lines()
            .iter()
            .any(|line| line["message"].as_str().is_some_and(|text| text.starts_with("SIGHUP: the declared")))
    })
    .await;
    for path in ["/system", "/system/checks", "/setup", "/users", "/events?limit=100", "/api/openapi.json"] {
        ada.get(path).await;
    }
    for arguments in [&["doctor", "--json"][..], &["config", "show", "--origin"], &["config", "check"]] {
        let done = node.run(arguments);
        said.push_str(&String::from_utf8_lossy(&[done.stdout, done.stderr].concat()));
    }
    said.push_str(&node.metrics_text());
    let tokens = vec![
        ("a reset link", reset),
        ("a viewer's token", token),
        ("the stream key", key),
        ("the administrator's password", PASSWORD.to_owned()),
    ];
    (ada, said, tokens)
}

#[test]
fn what_a_request_did_is_found_in_the_log_by_its_name_and_the_node_comes_and_goes() {
    crate::block_on(async {
        let mut node = Node::new(Database::sqlite(), "");
        node.start();
        let mut ada = Person::set_up(&node, &node.printed_link()).await;
        let asked = json!({ "name": "deck", "scopes": ["*"] });
        let made = ada.send(Method::POST, "/tokens", Some(asked), &[]).await.expect("an answer").is(201);
        let request = made.headers["x-request-id"].to_str().expect("text").to_owned();
        let is_it = |line: &serde_json::Value| {
            line["message"] == "made an API token" && line.to_string().contains(&request)
        };
        eventually("the line", || node.lines().iter().any(is_it)).await;
        let waits = node.metrics().sum("gostream_store_acquire_timeout_seconds", &[]);
        assert_eq!(waits, Some(3.0), "as it is configured");
        assert_eq!(node.metrics().sum("gostream_store_statement_timeout_seconds", &[]), Some(5.0));
        node.leave();
        node.start();
        ada.moves(&node);
        let types = async |kind: &str| {
            let list = ada.get(&format!("/events?type={kind}")).await;
            list["items"].as_array().map_or(0, Vec::len)
        };
        assert_eq!(types("node.left").await, 1, "it was told to stop once");
        ada.until("the second start", "/events?type=node.joined", |list| {
            list["items"].as_array().is_some_and(|all| all.len() == 2)
        })
        .await;
        node.leave();
    });
}
