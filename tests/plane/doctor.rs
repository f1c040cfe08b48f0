//! `gostream doctor` and `gostream serve` where the database is not as it should be.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::database::{self, Database};
use crate::node::Node;
use crate::people::{Person, eventually, id};
use crate::support::machines::{Feed, Show};
use crate::support::{http, until};

/// What the doctor found of one thing, and its exit code.
pub(crate) fn examined(node: &Node, id: &str) -> (Value, Option<i32>) {
    let done = node.run(&["doctor", "--json"]);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(!said.contains(database::PASSWORD), "{said}");
    let checks: Value = serde_json::from_str(&said).expect("JSON");
    let found = checks.as_array().expect("a list").iter().find(|check| check["id"] == id);
    (found.unwrap_or_else(|| panic!("{id} in {checks:#}")).clone(), done.status.code())
}

/// Asserts a failure in these words, with something to do.
#[track_caller]
pub(crate) fn fails(node: &Node, id: &str, words: &str) {
    let (check, code) = examined(node, id);
    assert_eq!((&check["state"], code), (&"fail".into(), Some(2)), "{check}");
    assert!(check["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{check}");
    assert!(check["what_to_do"].as_str().is_some_and(|what| !what.is_empty()), "{check}");
}

/// Starts the process, which is to refuse; what it said.
fn refuses_to_start(node: &mut Node) -> String {
    node.launch();
    let status = node.wait();
    assert_eq!(status.code(), Some(1), "{}", node.log());
    node.log()
}

pub(crate) async fn a_schema_of_a_later_version_is_told_and_refused(database: Database) {
    let mut node = Node::new(database, "");
    assert!(node.run(&["migrate"]).status.success());
    let mut raw = node.database.raw(&node.data()).await;
    raw.run("INSERT INTO schema_migrations (version, name, applied_at) VALUES (999, '0999_future', 0)").await;
    fails(&node, "schema", "999 is newer than this program");
    let said = refuses_to_start(&mut node);
    assert!(said.contains("schema 999") && said.contains("run a newer one"), "{said}");
    let migrated = node.run(&["migrate"]);
    assert_eq!(migrated.status.code(), Some(1));
}

/// The process waits, says for what, and leaves when it is told to.
pub(crate) fn waits_for_it(node: &mut Node, words: &str) {
    node.launch();
    until(words, || {
        node.lines().iter().any(|line| {
            line["message"] == "the database is not there yet"
                && line["error"].as_str().is_some_and(|error| error.contains(words))
        })
    });
    let answer = http::get(node.address("http"), "/readyz").expect("an answer");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("waiting for the database"), "{}", answer.text());
    assert!(!node.log().contains(database::PASSWORD), "{}", node.log());
    node.leave();
}

#[test]
fn a_server_that_was_never_there_is_told() {
    // Bound and let go: nobody listens there.
    let gone =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let url = format!("postgres://gostream:{}@{gone}/gostream", database::PASSWORD);
    let mut node = Node::new(Database::at(&url), "");
    fails(&node, "database", "Connection refused");
    waits_for_it(&mut node, "Connection refused");
}

#[test]
fn a_file_that_is_no_database_is_told_and_refused() {
    let mut node = Node::new(Database::sqlite(), "");
    std::fs::create_dir(node.data()).expect("a folder can be made");
    let file = node.data().join("gostream.db");
    std::fs::write(&file, "Somebody wrote a letter into this file, and it is long enough. ".repeat(20))
        .expect("written");
    fails(&node, "database", "damaged");
    let said = refuses_to_start(&mut node);
    assert!(said.contains("the database's file is damaged, or is none"), "{said}");
    std::fs::remove_file(&file).and_then(|()| std::fs::create_dir(&file)).expect("a folder in its place");
    fails(&node, "database", "Is a directory");
    let said = refuses_to_start(&mut node);
    assert!(said.contains("Is a directory"), "{said}");
}

#[test]
fn a_show_a_destination_out_of_reach_and_a_server_key_that_is_gone_are_told() {
    crate::block_on(async {
        let mut node = Node::new(Database::sqlite(), "hls.segment = \"1s\"\n");
        node.start();
        let ada = Person::set_up(&node, &node.printed_link()).await;
        let (project, key) = ada.told_once("/projects", json!({ "name": "Show" }), "stream_key").await;
        let (other, _) = ada.told_once("/projects", json!({ "name": "Other" }), "stream_key").await;
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.local_addr().expect("bound")
        };
        let asked = json!({ "name": "Closed", "url": format!("rtmp://{closed}/live"), "stream_key": "key-of-nobody" });
        ada.post(&format!("/projects/{}/destinations", id(&project)), asked).await.is(201);
        // Where the server is that the doctor is to find.
        let http = node.address("http").to_string();
        node.set("GOSTREAM_HTTP__LISTEN", &http);
        let feed = Feed::start(&node.rtmp(&key), Show::h264());
        eventually("viewers to get it", || {
            let done = node.run(&["doctor", "--json"]);
            let checks: Value = serde_json::from_slice(&done.stdout).expect("JSON");
            checks.as_array().expect("a list").iter().any(|check| {
                check["id"] == "playlist" && check["state"] == "ok" && check["title"] == "Playlist of Show"
            })
        })
        .await;
        fails(&node, "destination", "tcp: ");
        let done = node.run(&["doctor", "--json", "--project", &id(&other)]);
        let checks: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        let of = |name: &str| checks.as_array().expect("a list").iter().find(|check| check["id"] == name);
        assert_eq!(of("project").map(|check| &check["state"]), Some(&"ok".into()), "{checks:#}");
        assert!(of("destination").is_none() && of("playlist").is_none(), "of that project alone: {checks:#}");
        assert!(of("version").is_some() && of("practice_port").is_some(), "{checks:#}");
        drop(feed);
        node.leave();
        std::fs::remove_file(node.data().join("server.key")).expect("it was made at the first start");
        fails(&node, "server_key", "is not in data_dir");
    });
}
