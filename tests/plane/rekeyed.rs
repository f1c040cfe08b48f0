//! The server key is replaced between two lives of the process, and nothing that the old one sealed is lost.

use serde_json::json;

use crate::database::Database;
use crate::node::Node;
use crate::people::{Person, eventually, id};
use crate::receiver::{Answer, Receiver};
use crate::support::machines::{Feed, SILENT, Show, Sink};

const NEXT: &str = "3f0c5d1e9b7a48266d90aa13c4e2f7058b61d2939ce4570f1a8eb6c03d52794a";

pub(crate) async fn what_one_server_key_sealed_works_on_under_the_next(database: Database) {
    let mut node = Node::new(database, "");
    node.start();
    let mut ada = Person::set_up(&node, &node.printed_link()).await;
    let (project, key) = ada.told_once("/projects", json!({ "name": "Show" }), "stream_key").await;
    let project = format!("/projects/{}", id(&project));
    let sink = Sink::start(SILENT);
    let asked = json!({ "name": "Sink", "url": sink.url(), "stream_key": "key-at-the-sink" });
    ada.post(&format!("{project}/destinations"), asked).await.is(201);
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    let wanted = json!({ "url": receiver.url(), "events": ["stream.started"] });
    let (_, secret) = ada.told_once("/webhooks", wanted, "secret").await;
    node.leave();

    // The new key by configuration, while the old one is still in its file; and then without it.
    node.set("GOSTREAM_VAULT__KEY", NEXT);
    for round in 1..=2 {
        node.start();
        ada.moves(&node);
        let feed = Feed::start(&node.rtmp(&key), Show::h264());
        eventually("the show at the destination", || {
            sink.publishes().len() == round && sink.publishes()[round - 1].media.len() > 20
        })
        .await;
        eventually("the webhook to be told", || receiver.got().len() >= round).await;
        assert!(receiver.got().iter().all(|got| got.is_signed_with(&secret)));
        // Sessions do not hang on the key.
        ada.get("/me").await;
        let (check, _) = crate::doctor::examined(&node, "server_key");
        assert_eq!(check["state"], "ok", "{check}");
        drop(feed);
        node.leave();
        if round == 1 {
            std::fs::remove_file(node.data().join("server.key")).expect("it was made at the first start");
        }
    }
    // A key that nobody sealed with opens nothing, and the doctor says so before a show does.
    node.set("GOSTREAM_VAULT__KEY", &NEXT.replace('3', "4"));
    crate::doctor::fails(&node, "server_key", "were sealed with another key");
    assert!(!node.log().contains(NEXT) && !node.log().contains(&key));
}
