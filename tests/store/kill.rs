//! A process that is killed while it writes: what it acknowledged is there, and nothing is there by half.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use gostream::store::{NewEvent, Page, ProjectId, Store, StoreConfig};

use crate::needs;
use crate::support::{Bench, NOW, Postgres, Program, block_on, destination, event, key, project};

/// Where the child finds the database, and what it calls what it makes.
const VICTIM_URL: &str = "GOSTREAM_STORE_VICTIM_URL";
const VICTIM_NAME: &str = "GOSTREAM_STORE_VICTIM_NAME";

/// What a line of an acknowledged write begins with, among what the test harness says.
const ACKNOWLEDGED: &str = "acknowledged ";

/// How often the SQLite writer is killed.
const SQLITE_KILLS: u64 = 50;

/// How often the PostgreSQL writer is: there the server lives on, and only its client dies.
const POSTGRES_KILLS: u64 = 5;

#[test]
fn a_killed_writer_loses_nothing_it_acknowledged_on_sqlite() {
    let bench = Bench::sqlite();
    kill_again_and_again(&bench, SQLITE_KILLS);
    block_on(async move {
        let mut raw = bench.raw().await;
        raw.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert_eq!(
            bench.count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'").await,
            0
        );
        assert_eq!(bench.count("SELECT count(*) FROM pragma_foreign_key_check").await, 0);
    });
}

#[test]
fn a_killed_writer_loses_nothing_it_acknowledged_on_postgresql() {
    needs!(Program::Postgres);
    let server = Postgres::start();
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    block_on(async { sender.send(server.bench().await).unwrap() });
    kill_again_and_again(&receiver.recv().unwrap(), POSTGRES_KILLS);
}

fn kill_again_and_again(bench: &Bench, kills: u64) {
    block_on(async { bench.store().await.close().await });
    let mut projects = Vec::new();
    for kill in 0..kills {
        projects.extend(killed_after(
            bench,
            kill,
            1 + kill * 7 % 11,
            Duration::from_micros(kill * 137 % 3000),
        ));
        block_on(async { is_whole(bench, &projects).await });
    }
    assert!(u64::try_from(projects.len()).unwrap() >= kills, "{} rows", projects.len());
}

/// Starts a writer, kills it some time after its `writes`th acknowledgement, and returns all that it acknowledged.
fn killed_after(bench: &Bench, name: u64, writes: u64, wait: Duration) -> Vec<ProjectId> {
    let mut child = Command::new(std::env::current_exe().expect("this test has a file"))
        .args(["--exact", "kill::the_writer_that_is_killed", "--ignored", "--nocapture", "--test-threads=1"])
        .env(VICTIM_URL, &bench.url)
        .env(VICTIM_NAME, name.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test starts again");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut made = Vec::new();
    while (made.len() as u64) < writes {
        let line = lines.next().expect("the writer goes on until it is killed").expect("a line");
        made.extend(line.strip_prefix(ACKNOWLEDGED).map(|id| id.parse::<ProjectId>().expect("an id")));
    }
    std::thread::sleep(wait);
    child.kill().expect("SIGKILL");
    child.wait().expect("it is dead");
    // What is still in the pipe was acknowledged too; a line that was cut short was not.
    made.extend(
        lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix(ACKNOWLEDGED)?.parse::<ProjectId>().ok()),
    );
    made
}

async fn is_whole(bench: &Bench, acknowledged: &[ProjectId]) {
    let store = bench.open().await;
    for id in &acknowledged[acknowledged.len().saturating_sub(40)..] {
        let project = store.project(*id).await.expect("an acknowledged project");
        assert_eq!(store.stream_keys(*id, Page::first(5)).await.unwrap().items.len(), 1);
        assert_eq!(store.destinations(*id, Page::first(5)).await.unwrap().items.len(), 1, "{}", project.name);
    }
    store.close().await;
    let there = bench.count("SELECT count(*) FROM projects").await;
    assert!(there >= i64::try_from(acknowledged.len()).unwrap(), "{there} of {}", acknowledged.len());
    let halves = "SELECT count(*) FROM projects WHERE (SELECT count(*) FROM stream_keys WHERE \
                  stream_keys.project_id = projects.id) <> 1";
    assert_eq!(bench.count(halves).await, 0, "projects without the key that was made with them");
    let halves =
        "SELECT count(*) FROM (SELECT kind FROM events GROUP BY kind HAVING count(*) <> 3) AS halves";
    assert_eq!(bench.count(halves).await, 0, "events that were to be kept together");
}

/// The writer. It says what the store has acknowledged, and ends only when it is killed.
#[test]
#[ignore = "started, and killed, by the tests above"]
fn the_writer_that_is_killed() {
    let (Ok(url), Ok(name)) = (std::env::var(VICTIM_URL), std::env::var(VICTIM_NAME)) else { return };
    block_on(async {
        let store = Store::open(StoreConfig::at(&url)).await.unwrap();
        for number in 0_u64.. {
            let name = format!("{name}-{number}");
            let made = store.create_project(&project(&name), Some(&key(&name)), NOW).await.unwrap();
            store.create_destination(made.id, &destination(&name), 20, NOW).await.unwrap();
            let three: Vec<NewEvent> = (0..3).map(|_| event(&name, Some(made.id), NOW)).collect();
            store.add_events(&three).await.unwrap();
            // One write, so that a line is in the pipe whole or not at all.
            std::io::stdout().write_all(format!("\n{ACKNOWLEDGED}{}\n", made.id).as_bytes()).unwrap();
            std::io::stdout().flush().unwrap();
        }
    });
}
