//! The schema, brought up from wherever it is.

use gostream::store::{Error, LATEST, Migrated, Role, Schema, Unique};

use crate::support::{Bench, NOW, at_once, event, project, user};

pub(crate) async fn an_empty_database_is_brought_up_step_by_step(bench: Bench) {
    let store = bench.open().await;
    assert_eq!(store.schema().await, Ok(Schema { found: 0, known: LATEST }));
    let mut told = Vec::new();
    let done = store.migrate(NOW, |step| told.push(step.to_string())).await;
    assert_eq!(done, Ok(Migrated { version: LATEST, steps: u32::try_from(LATEST).unwrap() }));
    assert_eq!(told, (1..=LATEST).map(|step| format!("{step} of {LATEST}")).collect::<Vec<_>>());
    assert!(store.schema().await.unwrap().is_current());

    let again = store.migrate(NOW, |step| panic!("{step} was done already")).await;
    assert_eq!(again, Ok(Migrated { version: LATEST, steps: 0 }));
    assert_eq!(bench.count("SELECT count(*) FROM schema_migrations").await, LATEST);
}

pub(crate) async fn a_migration_goes_on_from_wherever_it_was_left(bench: Bench) {
    let mut kept = None;
    for step in 1..=LATEST {
        // A program of its own each time, as after a crash.
        let store = bench.open().await;
        let done = store.migrate_to(step, NOW, |_| {}).await;
        assert_eq!(done, Ok(Migrated { version: step, steps: 1 }));
        match step {
            1 => kept = Some(store.create_user(&user("ada@example.org", Role::Admin), NOW).await.unwrap()),
            _ => assert_eq!(store.user(kept.as_ref().unwrap().id).await.as_ref(), Ok(kept.as_ref().unwrap())),
        }
        store.close().await;
    }
    let store = bench.open().await;
    store.create_project(&project("one"), None, NOW).await.unwrap();
    store.add_events(&[event("stream.started", None, NOW)]).await.unwrap();
}

pub(crate) async fn two_that_migrate_at_once_take_turns(bench: Bench) {
    let stores = [bench.open().await, bench.open().await, bench.open().await];
    let outcomes = at_once(stores.len(), |number| {
        let store = stores[number].clone();
        async move { store.migrate(NOW, |_| {}).await }
    })
    .await;
    let steps: u32 = outcomes
        .into_iter()
        .map(|done| {
            let done = done.unwrap();
            assert_eq!(done.version, LATEST);
            done.steps
        })
        .sum();
    assert_eq!(i64::from(steps), LATEST, "each step was done once");
}

pub(crate) async fn a_newer_schema_is_refused_and_left_alone(bench: Bench) {
    let store = bench.store().await;
    let mut raw = bench.raw().await;
    raw.run("INSERT INTO schema_migrations (version, name, applied_at) VALUES (999, '0999_future', 0)").await;
    let refused = Error::TooNew { found: 999, known: LATEST };
    assert_eq!(store.migrate(NOW, |step| panic!("{step} is done")).await, Err(refused.clone()));
    assert!(refused.to_string().contains("999") && refused.to_string().contains("newer"));
    assert_eq!(store.schema().await.unwrap().found, 999);
    assert_eq!(bench.count("SELECT count(*) FROM schema_migrations").await, LATEST + 1);
}

pub(crate) async fn a_running_node_works_on_while_columns_are_added(bench: Bench) {
    let store = bench.store().await;
    let before = store.create_project(&project("one"), None, NOW).await.unwrap();
    let mut raw = bench.raw().await;
    raw.run("ALTER TABLE projects ADD COLUMN colour TEXT").await;
    assert_eq!(store.project(before.id).await, Ok(before.clone()));
    let fields = before.fields();
    let after = store.update_project(before.id, before.revision, &fields, NOW).await.unwrap();
    assert_eq!(after.fields(), fields);
    assert_eq!(
        store.create_project(&project("one"), None, NOW).await,
        Err(Error::Duplicate(Unique::PlaybackId))
    );
}
