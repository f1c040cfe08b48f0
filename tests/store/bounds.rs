//! What the store does when it cannot: waits that end, values it refuses, and what it counts of it.

use std::time::Duration;

use gostream::store::{Error, Gauges, Page, Role, Store, StoreConfig, Waiting};

use crate::support::{Bench, NOW, at_once, event, key, project, user};

/// A store that gives up soon.
async fn impatient(bench: &Bench) -> Store {
    bench.store().await.close().await;
    let soon = Duration::from_millis(300);
    let config =
        StoreConfig { pool_max: 2, acquire_timeout: soon, statement_timeout: soon, ..bench.config() };
    Store::open(config).await.unwrap()
}

pub(crate) async fn who_finds_no_connection_is_told_in_time(bench: Bench) {
    let store = impatient(&bench).await;
    let one = store.create_project(&project("one"), None, NOW).await.unwrap();
    // Whoever holds the row holds each writer behind it, and each writer its connection.
    let mut other = bench.raw().await;
    other.run("BEGIN; UPDATE projects SET name = 'held'").await;
    let outcomes = at_once(8, |_| {
        let store = store.clone();
        async move { store.update_project(one.id, one.revision, &project("two"), NOW).await }
    })
    .await;
    let waiting = |what| outcomes.iter().filter(|outcome| **outcome == Err(Error::Timeout(what))).count();
    assert_eq!(waiting(Waiting::Statement) + waiting(Waiting::Connection), 8, "{outcomes:?}");
    assert!(waiting(Waiting::Connection) > 0);
    let totals = store.totals();
    assert!(totals.acquire_waits >= totals.acquire_timeouts);
    assert_eq!(usize::try_from(totals.acquire_timeouts), Ok(waiting(Waiting::Connection)));
    other.run("ROLLBACK").await;
    assert!(store.update_project(one.id, one.revision, &project("two"), NOW).await.is_ok());
}

pub(crate) async fn who_waits_for_a_lock_is_told_in_time(bench: Bench) {
    let store = impatient(&bench).await;
    let one = store.create_project(&project("one"), None, NOW).await.unwrap();
    let mut other = bench.raw().await;
    other.run("BEGIN; UPDATE projects SET name = 'held'").await;
    let late = Err(Error::Timeout(Waiting::Statement));
    assert_eq!(store.update_project(one.id, one.revision, &project("two"), NOW).await, late);
    assert_eq!(store.create_stream_key(one.id, &key("k"), 9, NOW).await.map(|_| ()), late.map(|_| ()));
    assert_eq!(store.project(one.id).await, Ok(one.clone()), "who reads does not wait");
    assert!(Error::Timeout(Waiting::Statement).is_worth_a_retry());
    other.run("ROLLBACK").await;
    assert!(store.create_stream_key(one.id, &key("k"), 9, NOW).await.is_ok());
    assert_eq!(store.totals().timeouts, 2);
}

pub(crate) async fn what_one_database_cannot_keep_the_other_refuses(bench: Bench) {
    let store = bench.store().await;
    let mut fields = user("ada@example.org", Role::Admin);
    fields.name = "A\0da".to_owned();
    assert_eq!(store.create_user(&fields, NOW).await, Err(Error::NulInText));
    assert_eq!(store.user_by_email("a\0").await, Err(Error::NulInText));
    assert_eq!(store.users(Page::first(5)).await.unwrap().items, []);
}

pub(crate) async fn the_store_counts_what_it_does(bench: Bench) {
    let store = bench.store().await;
    let before = store.totals();
    store.ping().await.unwrap();
    store.create_project(&project("one"), Some(&key("k")), NOW).await.unwrap();
    store.projects(Page::first(5)).await.unwrap();
    store.create_project(&project("one"), None, NOW).await.unwrap_err();
    let after = store.totals();
    assert_eq!(after.reads - before.reads, 2);
    assert!(after.writes - before.writes >= 3);
    assert_eq!(after.transactions - before.transactions, 2);
    assert_eq!(after.errors, before.errors, "a refusal is no error of the database");
    assert!(after.statement_time > before.statement_time);
    let Gauges { max, open, idle, .. } = store.gauges();
    assert!(max == 10 && open >= 1 && idle <= open, "{max} {open} {idle}");

    store.close().await;
    assert!(matches!(store.ping().await, Err(Error::Unavailable(_))));
}

pub(crate) async fn a_transaction_that_is_dropped_has_not_happened(bench: Bench) {
    let store = bench.store().await;
    let events: Vec<_> = (0..200).map(|_| event("a", None, NOW)).collect();
    for wait in 0..6 {
        let patience = Duration::from_millis(wait * 2);
        let kept = tokio::time::timeout(patience, store.add_events(&events)).await;
        assert!(kept.is_err() || kept.unwrap().is_ok());
        let count = bench.count("SELECT count(*) FROM events").await;
        assert_eq!(count % 200, 0, "all or none of 200, not {count}");
    }
    // The connection that was in it is fit for others.
    assert_eq!(store.add_events(&events).await.unwrap().len(), 200);
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    crate::support::block_on(async {
        for url in ["mysql://root:hunter2@h/d", "hunter2", "sqlite::memory:", "postgres://u:hunter2@h:port/d"]
        {
            let error = Store::open(StoreConfig::at(url)).await.expect_err(url);
            assert!(matches!(error, Error::Address(_)), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    });
}

#[test]
fn a_server_that_is_not_there_is_no_error_until_it_is_needed() {
    crate::support::block_on(async {
        let mut config = StoreConfig::at("postgres://u:hunter2@127.0.0.1:1/d");
        config.acquire_timeout = Duration::from_millis(300);
        let store = Store::open(config).await.unwrap();
        let error = store.ping().await.unwrap_err();
        assert!(error.is_worth_a_retry(), "{error:?}");
        assert!(!format!("{error} {error:?}{store:?}").contains("hunter2"));
    });
}

#[test]
#[cfg(unix)]
fn sqlites_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::sqlite();
    crate::support::block_on(async {
        let store = bench.store().await;
        store.create_project(&project("one"), None, NOW).await.unwrap();
        let mut files = 0;
        for entry in std::fs::read_dir(bench.folder()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
            files += 1;
        }
        assert_eq!(files, 3, "the database, its log, and the log's index");
    });
}
