//! Broadcasts as they happen, and what is written down of them.

use std::time::Duration;

use gostream::journal::{HealthStatus, IssueCode};
use gostream::store::{NewStream, Page, StreamRowId};

use crate::support::machines::{Feed, SILENT, Show, Sink};
use crate::support::{Bench, House, destination, eventually, now, project};

pub(crate) async fn a_broadcast_is_written_down_from_its_encoder_to_its_report(bench: Bench) {
    let sink = Sink::start(SILENT);
    let house = House::start(&bench, vec![destination("Sink", &sink.url())]).await;
    let first = Feed::start(&house.url(), Show::h264());
    let connected = house.until("ingest.connected", |_| true).await;
    let started = house.until("stream.started", |_| true).await;
    let id = started.stream_id.expect("it is a broadcast's");
    assert_eq!(connected.stream_id, Some(id), "the encoder came for this broadcast");
    house.until("playback.ready", |data| data["playback_id"] == "show").await;
    house.until("output.state", |data| data["state"] == "sending").await;
    let sample = eventually("figures", async || {
        let sample = house.live().latest()?;
        (house.live().samples().len() >= 3).then_some(sample)
    });
    let sample = sample.await;
    assert!(sample.fps > 15.0 && sample.audio_fps > 20.0 && sample.video_bps > 50_000, "{sample:?}");
    let media = house.live().media();
    assert!(media.video_codec.is_some_and(|codec| codec.starts_with("avc1")) && media.width.is_some());
    let row = house.store.stream(id).await.unwrap();
    let node = std::fs::read_to_string(bench.folder().join("node_id")).unwrap();
    assert_eq!((row.node.as_str(), row.ended_at), (node.trim(), None));
    assert_eq!(row.encoder.unwrap().0["from"], "127.0.0.1");

    first.cut();
    house.until("ingest.disconnected", |data| data["reason"] == "lost").await;
    house.until("ingest.interrupted", |_| true).await;
    eventually("the encoder to be missed", async || {
        (house.live().issues().first()?.code == IssueCode::EncoderGone).then_some(())
    })
    .await;
    assert_eq!(house.live().status(), HealthStatus::Bad);
    let second = Feed::start(&house.url(), Show::h264());
    house.until("ingest.resumed", |_| true).await;
    eventually("the issue to pass", async || house.live().issues().is_empty().then_some(())).await;
    eventually("some bytes to be counted", async || {
        (house.live().outputs().first()?.sent_bytes > 0).then_some(())
    })
    .await;
    drop(second);
    house.until("stream.ended", |data| data["reason"] == "finished").await;
    house.until("output.state", |data| data["state"] == "idle").await;

    let mut events = house.events().await;
    events.retain(|event| !event.kind.starts_with("project."));
    assert!(events.is_sorted_by(|one, next| one.id < next.id));
    assert!(events.iter().all(|event| event.stream_id == Some(id)), "{events:#?}");
    let row = eventually("the row to be over", async || {
        let row = house.store.stream(id).await.ok()?;
        row.ended_at.is_some().then_some(row)
    });
    let row = row.await;
    assert_eq!(row.end_reason.as_deref(), Some("finished"));
    let report = row.report.unwrap().0;
    assert!(report["seconds"].as_u64().unwrap() >= 3, "{report:#}");
    assert_eq!(report["interruptions"], 1);
    assert!(report["issues"].as_array().unwrap().iter().any(|issue| issue["code"] == "encoder_gone"));
    assert_eq!(report["outputs"][0]["name"], "Sink");
    assert!(report["outputs"][0]["sent_bytes"].as_u64().unwrap() > 0);
    let told = format!("{report}{events:?}");
    assert!(!told.contains("key-of-the") && !told.contains(&sink.url()), "no secret and no address");
    house.leave().await;
}

pub(crate) async fn wrong_keys_are_told_and_not_kept(bench: Bench) {
    let house = House::start(&bench, Vec::new()).await;
    for n in 0..5 {
        let feed = Feed::start(&house.url_with(&format!("guess-{n}")), Show::h264());
        eventually("the server to refuse it", async || feed.is_over().then_some(())).await;
    }
    let event = house.until("ingest.rejected", |data| data["reason"] == "unknown_key").await;
    assert_eq!((&event.data.0["from"], &event.data.0["attempts"]), (&"127.0.0.1".into(), &1.into()));
    let store = house.leave().await;
    let all = store.events(&gostream::store::EventFilter::default(), Page::first(99)).await.unwrap().items;
    let all: Vec<_> = all.into_iter().filter(|event| event.kind == "ingest.rejected").collect();
    let attempts: Vec<_> = all.iter().map(|event| event.data.0["attempts"].as_u64()).collect();
    assert_eq!(attempts, [Some(4), Some(1)], "the newest first");
    assert!(!format!("{all:?}").contains("guess"));
}

pub(crate) async fn an_encoder_is_kicked_and_its_broadcast_held_or_ended(bench: Bench) {
    let house = House::start(&bench, Vec::new()).await;
    let sessions = house.sessions();
    let feed = Feed::start(&house.url(), Show::h264());
    house.until("stream.started", |_| true).await;
    let present = sessions.encoders();
    assert_eq!((present.len(), present[0].stream.as_str()), (1, "show"));
    assert!(sessions.kick(present[0].id));
    eventually("the encoder to be told", async || feed.is_over().then_some(())).await;
    house.until("ingest.disconnected", |data| data["reason"] == "kicked").await;
    house.until("ingest.interrupted", |_| true).await;
    assert!(!sessions.kick(present[0].id) && sessions.encoders().is_empty());

    let back = Feed::start(&house.url(), Show::h264());
    house.until("ingest.resumed", |_| true).await;
    sessions.end(house.live().stream());
    let ended = house.until("stream.ended", |data| data["reason"] == "ended").await;
    assert_eq!(house.store.streams(house.project, Page::first(9)).await.unwrap().items.len(), 1);
    assert_eq!(house.live().broadcast(), None);
    eventually("the encoder to be told", async || back.is_over().then_some(())).await;

    let third = Feed::start(&house.url(), Show::h264());
    let next = house.until("stream.started", |_| true);
    assert_eq!(next.await.stream_id, ended.stream_id, "the first one found");
    eventually("another broadcast", async || {
        let rows = house.store.streams(house.project, Page::first(9)).await.ok()?.items;
        (rows.len() == 2).then_some(())
    })
    .await;
    third.cut();
    house.until("ingest.interrupted", |_| true).await;
    eventually("nobody to be connected", async || sessions.encoders().is_empty().then_some(())).await;
    sessions.end(house.live().stream());
    eventually("the held broadcast to end", async || house.live().broadcast().is_none().then_some(())).await;
    eventually("both to be told as ended here", async || {
        let rows = house.store.streams(house.project, Page::first(9)).await.ok()?.items;
        rows.iter().all(|row| row.end_reason.as_deref() == Some("ended")).then_some(())
    })
    .await;
    house.leave().await;
}

pub(crate) async fn a_destination_that_is_not_there_is_an_issue_and_an_event(bench: Bench) {
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let destinations = vec![destination("Gone", &format!("rtmp://{nobody}/live"))];
    let house = House::start(&bench, destinations).await;
    let mut measured = house.journal().measured();
    let feed = Feed::start(&house.url(), Show::h264());
    let event = house.until("output.state", |data| data["state"] == "retrying").await;
    let data = &event.data.0;
    assert_eq!((&data["reason"], &data["attempt"]), (&"tcp_refused".into(), &1.into()));
    assert_eq!((&data["destination"], &data["destination_name"]), (&"gone".into(), &"Gone".into()));
    assert!(data["next_retry_at"].is_string());
    let event = house.until("health.changed", |data| data["status"] == "ok").await;
    let issue = &event.data.0["issues"][0];
    assert_eq!((&issue["code"], &issue["severity"]), (&"output_retrying".into(), &"warning".into()));
    assert_eq!(issue["destination"], "gone");
    assert!(issue["what_to_do"].as_str().unwrap().ends_with('.'));
    let second = measured.recv().await.expect("seconds are told");
    assert_eq!((second.project, Some(second.broadcast)), (Some(house.project), event.stream_id));
    assert_eq!(second.outputs[0].name, "Gone");
    drop(feed);
    house.leave().await;
}

pub(crate) async fn what_happened_last_is_kept_when_the_process_leaves(bench: Bench) {
    let house = House::start(&bench, Vec::new()).await;
    let feed = Feed::start(&house.url(), Show::h264());
    let started = house.until("stream.started", |_| true).await;
    let store = house.leave().await;
    drop(feed);
    let row = store.stream(started.stream_id.unwrap()).await.unwrap();
    assert_eq!(row.end_reason.as_deref(), Some("shutdown"));
    let all = store.events(&gostream::store::EventFilter::default(), Page::first(99)).await.unwrap().items;
    let told =
        |kind: &str| all.iter().find(|event| event.kind == kind).map(|event| event.data.0["reason"].clone());
    assert_eq!(told("stream.ended"), Some("shutdown".into()));
    assert_eq!(told("ingest.disconnected"), Some("draining".into()));
}

pub(crate) async fn what_a_dead_process_left_on_the_air_is_over(bench: Bench) {
    let store = bench.store().await;
    let row = store.create_project(&project("old"), None, now()).await.unwrap();
    std::fs::write(bench.folder().join("node_id"), "here\n").unwrap();
    let mut left = Vec::new();
    for node in ["here", "elsewhere"] {
        let id = StreamRowId::new(now());
        let node = node.to_owned();
        let new = NewStream { id, project_id: row.id, node, started_at: now(), encoder: None };
        store.start_stream(&new).await.unwrap();
        left.push(id);
    }
    let house = House::start_with(&bench, Vec::new(), |config| config.stream.hold = Duration::ZERO).await;
    let feed = Feed::start(&house.url(), Show::h264());
    let started = house.until("stream.started", |_| true).await.stream_id.unwrap();
    let ended = async |id| house.store.stream(id).await.unwrap().end_reason;
    assert_eq!(ended(left[0]).await.as_deref(), Some("node_died"));
    assert_eq!(ended(left[1]).await, None, "another node has it");
    assert_eq!(ended(started).await, None);
    feed.cut();
    house.until("stream.ended", |data| data["reason"] == "lost").await;
    house.leave().await;
}
