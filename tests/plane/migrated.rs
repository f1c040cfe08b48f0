//! The schema, changed under a process that is on the air.
//!
//! A process brings its schema up to date before it lets anybody in, so it never migrates under its own show; another
//! does, `gostream migrate` or the first process of the next version, while this one sends. That is what is done here:
//! the newest step is taken back behind the running process, which is then one of the version before, since a step only
//! adds what that one knows nothing of; and it is made again by the command, during the show.

use std::path::Path;
use std::time::Duration;

use gostream::store::{LATEST, Store, StoreConfig, UnixMillis};
use reqwest::Method;
use serde_json::json;

use crate::database::{Database, Raw};
use crate::node::Node;
use crate::people::eventually;
use crate::sent::Sent;
use crate::support::http;

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
    let sent = Sent::by(&node).await;

    let mut raw = node.database.raw(&node.data()).await;
    raw.run(&undoing(&node.database)).await;
    // Somebody holds what the migration needs, so that it takes its time.
    match &raw {
        Raw::Sqlite(_) => raw.run("BEGIN IMMEDIATE").await,
        Raw::Postgres(_) => raw.run("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE").await,
    }
    let before = sent.arrived();
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
            sent.ada.ask(Method::PATCH, &sent.path, Some(asked)).await.is(200);
            assert_eq!(http::get(node.address("http"), "/readyz").map(|answer| answer.status), Some(200));
            tokio::time::sleep(HELD / 6).await;
        }
    };
    let (said, ()) = tokio::join!(migrating, changing);
    let step = format!("migrating {LATEST} of {LATEST}");
    assert!(said.contains(&step) && said.contains("the schema is up to date"), "{said}");
    eventually("more of the show", || sent.arrived() > before + 100).await;

    assert_eq!(sent.ada.get(&sent.path).await["name"], "Show 5");
    sent.lost_nothing();
    let metrics = node.metrics();
    let dropped = metrics.sum("gostream_output_dropped_packets_total", &[]).unwrap_or_default();
    assert!(dropped == 0.0 && metrics.sum("gostream_output_reconnects_total", &[]) == Some(0.0));
    node.warned_of_nothing();
}

/// On PostgreSQL: SQLite has no step that could wait once it has begun.
pub(crate) async fn a_process_that_waits_for_its_schema_says_which_step_it_is_at(database: Database) {
    let mut node = Node::new(database, "");
    let url = node.database.url.clone().expect("PostgreSQL");
    let store = Store::open(StoreConfig::at(&url)).await.expect("it opens");
    store.migrate_to(2, UnixMillis(0), |_| {}).await.expect("two steps");
    store.close().await;
    // The third step refers to projects, and somebody holds them.
    let mut raw = node.database.raw(&node.data()).await;
    raw.run("BEGIN; LOCK TABLE projects IN ROW EXCLUSIVE MODE").await;
    node.launch();
    let ready = |node: &Node| http::get(node.address("http"), "/readyz").expect("an answer");
    let clause = format!("starting: migrating 3 of {LATEST}");
    eventually("the step to be told", || ready(&node).text().contains(&clause)).await;
    let told = ready(&node);
    let body: serde_json::Value = serde_json::from_str(&told.text()).expect("a problem");
    assert_eq!((told.status, body["detail"].as_str()), (503, Some(clause.as_str())), "in these words");
    assert_eq!(http::get(node.address("http"), "/livez").expect("an answer").status, 200);
    raw.run("COMMIT").await;
    eventually("the process to be ready", || ready(&node).status == 200).await;
    node.leave();
}
