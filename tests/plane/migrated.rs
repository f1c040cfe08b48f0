//! The schema, changed under a process that is on the air.
//!
//! A process brings its schema up to date before it lets anybody in, so it never migrates under its own show; another
//! does, `gostream migrate` or the first process of the next version, while this one sends. That is what is done here:
//! the newest step is taken back behind the running process, which is then one of the version before, since a step only
//! adds what that one knows nothing of; and it is made again by the command, during the show.

use std::path::Path;
use std::time::Duration;

use gostream::store::LATEST;
use reqwest::Method;
use serde_json::json;

use crate::database::{Database, Raw};
use crate::node::Node;
use crate::people::{Person, eventually, id};
use crate::studio::longest_step;
use crate::support::http;
use crate::support::machines::{Feed, SILENT, Show, Sink};

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;

/// How long somebody else holds what the migration needs.
const HELD: Duration = Duration::from_millis(1_200);

/// The statements that take the newest step back.
fn undoing(database: &Database) -> String {
    let kind = if database.is_sqlite() { "sqlite" } else { "postgres" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let newest = files.map(|file| file.expect("a file").path()).max().expect("a migration");
    let text = std::fs::read_to_string(newest).expect("a file");
    let mut undo = Vec::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["CREATE", "TABLE", name, ..] => undo.push(format!("DROP TABLE {name};")),
            ["ALTER", "TABLE", table, "ADD", "COLUMN", name, ..] => {
                undo.push(format!("ALTER TABLE {table} DROP COLUMN {name};"));
            }
            ["CREATE" | "ALTER", "TABLE", ..] => panic!("teach this test to take back: {line}"),
            _ => {}
        }
    }
    assert!(!undo.is_empty(), "teach this test to take back:\n{text}");
    undo.push(format!("DELETE FROM schema_migrations WHERE version = {LATEST};"));
    undo.join("\n")
}

pub(crate) async fn a_schema_changes_under_a_live_show_and_no_packet_is_lost(database: Database) {
    let mut node = Node::new(database, "");
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

    let mut raw = node.database.raw(&node.data()).await;
    raw.run(&undoing(&node.database)).await;
    // Somebody holds what the migration needs, so that it takes its time.
    match &raw {
        Raw::Sqlite(_) => raw.run("BEGIN IMMEDIATE").await,
        Raw::Postgres(_) => raw.run("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE").await,
    }
    let before = arrived();
    let migrating = async {
        let command = tokio::task::spawn_blocking({
            let mut command = node.command(&["migrate"]);
            move || command.output().expect("it runs")
        });
        tokio::time::sleep(HELD).await;
        raw.run("COMMIT").await;
        let done = command.await.expect("it ends");
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    // Meanwhile people change things, and all of it is done.
    let changing = async {
        for number in 0..6 {
            let asked = json!({ "name": format!("Show {number}") });
            ada.ask(Method::PATCH, &path, Some(asked)).await.is(200);
            assert_eq!(http::get(node.address("http"), "/readyz").map(|answer| answer.status), Some(200));
            tokio::time::sleep(HELD / 6).await;
        }
    };
    let (said, ()) = tokio::join!(migrating, changing);
    let step = format!("migrating {LATEST} of {LATEST}");
    assert!(said.contains(&step) && said.contains("the schema is up to date"), "{said}");
    eventually("more of the show", || arrived() > before + 100).await;

    assert_eq!(ada.get(&path).await["name"], "Show 5");
    assert_eq!(sink.connections(), 1);
    let publish = &sink.publishes()[0];
    for type_id in [AUDIO, VIDEO] {
        let frames = publish.bodies(type_id).into_iter().map(<[u8]>::to_vec);
        let frames: Vec<_> = frames.filter(|body| body.get(1) == Some(&1)).collect();
        assert!(frames.len() > 50 && show.has_run(type_id, &frames), "{} frames in a row", frames.len());
        let step = longest_step(publish, type_id);
        assert!(step <= 100, "a gap of {step} ms");
    }
    let metrics = node.metrics();
    let dropped = metrics.sum("gostream_output_dropped_packets_total", &[]).unwrap_or_default();
    assert!(dropped == 0.0 && metrics.sum("gostream_output_reconnects_total", &[]) == Some(0.0));
    node.warned_of_nothing();
}
