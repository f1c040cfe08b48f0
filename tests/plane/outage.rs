//! A database that goes away: a show that is on the air goes on, and what cannot be done is said.

use reqwest::Method;
use serde_json::json;

use crate::database::Server;
use crate::doctor::{examined, fails, waits_for_it};
use crate::node::Node;
use crate::people::eventually;
use crate::sent::Sent;
use crate::support::http;

pub(crate) async fn a_show_outlives_its_database(server: Server, [on_air, mut beside]: [Node; 2]) {
    let mut node = on_air;
    node.start();
    let sent = Sent::by(&node).await;
    assert!(beside.run(&["migrate"]).status.success());
    let (check, code) = examined(&beside, "database");
    assert!(check["state"] == "ok" && code < Some(2), "{check}");

    tokio::task::spawn_blocking(move || drop(server)).await.expect("it ends");
    let before = sent.arrived();
    let asked = json!({ "name": "Other" });
    let refused = sent.ada.ask(Method::PATCH, &sent.path, Some(asked)).await.is(503);
    assert_eq!(refused.json()["code"], "database_unavailable");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    eventually("more of the show", || sent.arrived() > before + 200).await;
    let list = sent.project["playback_id"].as_str().expect("a name");
    let list = http::get(node.address("http"), &format!("/hls/{list}/index.m3u8"));
    assert_eq!(list.expect("an answer").status, 200, "viewers are served");
    sent.lost_nothing();
    node.leave();

    fails(&beside, "database", "not available");
    waits_for_it(&mut beside, "not available");
}
