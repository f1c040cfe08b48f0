//! A database that goes away: a show that is on the air goes on, and what cannot be done is said.

use reqwest::Method;
use serde_json::json;

use crate::database::Server;
use crate::doctor::{examined, fails, waits_for_it};
use crate::node::Node;
use crate::people::{Person, eventually, id};
use crate::studio::longest_step;
use crate::support::http;
use crate::support::machines::{Feed, SILENT, Show, Sink};

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;

pub(crate) async fn a_show_outlives_its_database(server: Server, [on_air, mut beside]: [Node; 2]) {
    let mut node = on_air;
    node.start();
    let ada = Person::set_up(&node, &node.printed_link()).await;
    let (project, key) = ada.told_once("/projects", json!({ "name": "Show" }), "stream_key").await;
    let (path, sink) = (format!("/projects/{}", id(&project)), Sink::start(SILENT));
    let asked = json!({ "name": "Sink", "url": sink.url(), "stream_key": "key" });
    ada.post(&format!("{path}/destinations"), asked).await.is(201);
    let show = Show::h264();
    let _feed = Feed::start(&node.rtmp(&key), show.clone());
    let arrived = || sink.publishes().first().map_or(0, |publish| publish.media.len());
    eventually("the show at the destination", || arrived() > 50).await;
    assert!(beside.run(&["migrate"]).status.success());
    let (check, code) = examined(&beside, "database");
    assert!(check["state"] == "ok" && code < Some(2), "{check}");

    tokio::task::spawn_blocking(move || drop(server)).await.expect("it ends");
    let before = arrived();
    let refused = ada.ask(Method::PATCH, &path, Some(json!({ "name": "Other" }))).await.is(503);
    assert_eq!(refused.json()["code"], "database_unavailable");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    eventually("more of the show", || arrived() > before + 200).await;
    let list = project["playback_id"].as_str().expect("a name");
    let list = http::get(node.address("http"), &format!("/hls/{list}/index.m3u8"));
    assert_eq!(list.expect("an answer").status, 200, "viewers are served");
    assert_eq!(sink.connections(), 1);
    for type_id in [AUDIO, VIDEO] {
        let publish = &sink.publishes()[0];
        let frames = publish.bodies(type_id).into_iter().map(<[u8]>::to_vec);
        let frames: Vec<_> = frames.filter(|body| body.get(1) == Some(&1)).collect();
        assert!(show.has_run(type_id, &frames), "{} frames, not in a row", frames.len());
        let step = longest_step(publish, type_id);
        assert!(step <= 100, "a gap of {step} ms");
    }
    node.leave();

    fails(&beside, "database", "not available");
    waits_for_it(&mut beside, "not available");
}
