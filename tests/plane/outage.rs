//! A database that goes away and comes back: a show that is on the air goes on, what cannot be done is said, and what
//! happened meanwhile is there afterwards.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Server;
use crate::doctor::{examined, fails, waits_for_it};
use crate::node::Node;
use crate::people::{Person, eventually, id};
use crate::receiver::{Answer, Receiver};
use crate::sent::Sent;
use crate::support::http;
use crate::support::machines::{Feed, Show};

pub(crate) async fn a_show_outlives_its_database(mut server: Server, [on_air, mut beside]: [Node; 2]) {
    let mut node = on_air;
    node.start();
    let sent = Sent::by(&node).await;
    assert!(beside.run(&["migrate"]).status.success());
    let (check, code) = examined(&beside, "database");
    assert!(check["state"] == "ok" && code < Some(2), "{check}");
    let other = Other::by(&sent.ada).await;
    other.is_being_told(&sent.ada).await;

    let server = at_rest(move || {
        server.stop();
        server
    });
    let server = server.await;
    goes_on(&node, &sent).await;
    other.happens(&node).await;
    let server = at_rest(move || {
        let mut server = server;
        server.start_again();
        server
    });
    let server = server.await;
    is_all_there(&node, &sent, &other).await;

    at_rest(move || drop(server)).await;
    goes_on(&node, &sent).await;
    sent.lost_nothing();
    node.leave();

    fails(&beside, "database", "not available");
    waits_for_it(&mut beside, "not available");
}

/// Does what takes a while beside what is served here.
async fn at_rest<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it ends")
}

/// Without the database the show goes on, and who asks for a change is told to come back.
async fn goes_on(node: &Node, sent: &Sent) {
    let before = sent.arrived();
    let asked = json!({ "name": "Other" });
    let refused = sent.ada.ask(Method::PATCH, &sent.path, Some(asked)).await.is(503);
    assert_eq!(refused.json()["code"], "database_unavailable");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    eventually("more of the show", || sent.arrived() > before + 200).await;
    let list = sent.project["playback_id"].as_str().expect("a name");
    let list = http::get(node.address("http"), &format!("/hls/{list}/index.m3u8"));
    assert_eq!(list.expect("an answer").status, 200, "viewers are served");
}

/// The time of an answer that outlasts the end of a database.
const LATE: Duration = Duration::from_secs(4);

/// Another project, whose whole show falls into the outage, and somebody who is told of events.
struct Other {
    project: String,
    key: String,
    receiver: Receiver,
    hook: String,
}

impl Other {
    async fn by(ada: &Person) -> Self {
        let (project, key) = ada.told_once("/projects", json!({ "name": "Other" }), "stream_key").await;
        // What is told last before the outage is taken in the middle of it.
        let receiver = Receiver::start(&[Answer::Late(LATE), Answer::Status(200)]).await;
        let wanted = json!({ "url": receiver.url(), "events": ["*"] });
        let (hook, _) = ada.told_once("/webhooks", wanted, "secret").await;
        Self { project: id(&project), key, receiver, hook: id(&hook) }
    }

    /// Something happens, of which the receiver has heard and to which it has not answered.
    async fn is_being_told(&self, ada: &Person) {
        let asked = json!({ "name": "Other again" });
        ada.ask(Method::PATCH, &format!("/projects/{}", self.project), Some(asked)).await.is(200);
        eventually("the webhook to be told", || !self.receiver.got().is_empty()).await;
    }

    async fn happens(&self, node: &Node) {
        let refused = Feed::start(&node.rtmp("a-wrong-key"), Show::h264());
        let feed = Feed::start(&node.rtmp(&self.key), Show::h264());
        eventually("the encoder with a wrong key to be refused", || refused.is_over()).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(!feed.is_over(), "it is let in without the database");
        at_rest(move || drop((refused, feed))).await;
    }

    fn was_told(&self, kind: &str) -> bool {
        self.receiver.got().iter().any(|got| got.json()["type"] == kind)
    }
}

/// The process needs no restart: what happened is kept and told, and changes work.
async fn is_all_there(node: &Node, sent: &Sent, other: &Other) {
    let ada = &sent.ada;
    let streams = format!("/projects/{}/streams", other.project);
    let over = |list: &Value| {
        list["items"].as_array().is_some_and(|all| all.len() == 1 && !all[0]["ended_at"].is_null())
    };
    eventually("the API to answer", || {
        http::get(node.address("http"), "/readyz").is_some_and(|answer| answer.status == 200)
    })
    .await;
    let list = ada.until("the show of the outage", &streams, over).await;
    let report = ada.get(&format!("/streams/{}/report", id(&list["items"][0]))).await;
    assert!(report["duration_s"].as_f64() >= Some(2.0), "{report:#}");
    for kind in ["ingest.rejected", "stream.started", "stream.ended"] {
        let path = format!("/events?type={kind}");
        ada.until(kind, &path, |list| list["items"].as_array().is_some_and(|all| !all.is_empty())).await;
        eventually(&format!("the webhook to be told of {kind}"), || other.was_told(kind)).await;
    }
    let lost = node.metrics().sum("gostream_events_total", &[("result", "lost")]).expect("it is counted");
    assert!(lost < 0.5, "{lost} lost");
    assert!(node.log().contains("the database is back"), "it is said");
    let asked = json!({ "name": "Renamed" });
    let renamed = ada.ask(Method::PATCH, &sent.path, Some(asked)).await.is(200);
    assert_eq!(renamed.json()["name"], "Renamed");
    eventually("the webhook to be told of a change", || other.was_told("project.changed")).await;
    let deliveries = format!("/webhooks/{}/deliveries?limit=100", other.hook);
    let delivered = |list: &Value| {
        let once = |delivery: &Value| delivery["status"] == "delivered" && delivery["attempt"] == 1;
        list["items"].as_array().is_some_and(|all| all.len() > 5 && all.iter().all(once))
    };
    ada.until("every delivery to be made", &deliveries, delivered).await;
}
