//! That memory and database say the same, and that the database is asked once.

use std::time::SystemTime;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::store::{Error, Json, NewEvent, NewStream, ProjectFields, StoreConfig, UnixMillis};

struct World {
    store: Store,
    history: History,
    _folder: TempDir,
}

fn now() -> UnixMillis {
    SystemTime::now().into()
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("gostream.db").display());
        let store = Store::open(StoreConfig::at(&url)).await.expect("it opens");
        store.migrate(now(), |_| {}).await.expect("a schema");
        Self { history: History::new(store.clone(), true), store, _folder: folder }
    }

    async fn project(&self, name: &str) -> ProjectId {
        let fields = ProjectFields {
            owner_id: None,
            name: name.to_owned(),
            playback_id: name.to_owned(),
            hold_ms: None,
            settings: Json::empty(),
            declared: false,
            running: true,
        };
        self.store.create_project(&fields, None, now()).await.expect("a project").id
    }

    /// Something happens, and is told as the writer tells it.
    async fn happens(&self, project: Option<ProjectId>, stream: Option<StreamRowId>) {
        let event = NewEvent {
            kind: "output.state".to_owned(),
            project_id: project,
            stream_id: stream,
            at: now(),
            data: Json(json!({})),
        };
        self.store.add_events(&[event]).await.expect("kept");
        self.history.event_kept(project, stream);
    }

    async fn count(&self, about: About) -> usize {
        let filter = EventFilter { about, kind: None };
        self.history.events(&filter, Page::first(50)).await.expect("a page").items.len()
    }

    fn reads(&self) -> u64 {
        self.store.totals().reads
    }
}

#[tokio::test]
async fn what_happens_is_seen_at_once_and_asked_for_once() {
    let world = World::new().await;
    let (one, other) = (world.project("one").await, world.project("other").await);
    let broadcast = StreamRowId::new(now());
    let places = [About::All, About::Project(one), About::Project(other), About::Stream(broadcast)];
    let mut expected = [0, 0, 0, 0];
    for (project, stream, seen_by) in [
        (Some(one), Some(broadcast), [1, 1, 0, 1]),
        (Some(one), None, [1, 1, 0, 0]),
        (Some(other), None, [1, 0, 1, 0]),
        (None, None, [1, 0, 0, 0]),
    ] {
        // Known before it happens, so that an old answer could be given.
        for place in places {
            world.count(place).await;
        }
        world.happens(project, stream).await;
        let before = world.reads();
        for (index, place) in places.into_iter().enumerate() {
            expected[index] += seen_by[index];
            assert_eq!(world.count(place).await, expected[index], "{place:?}");
            assert_eq!(world.count(place).await, expected[index]);
        }
        let changed: usize = seen_by.iter().sum();
        assert_eq!(world.reads() - before, changed as u64, "only what changed is read again");
    }
}

#[tokio::test]
async fn a_broadcast_that_ends_has_ended_for_everybody() {
    let world = World::new().await;
    let project = world.project("one").await;
    let id = StreamRowId::new(now());
    assert_eq!(world.history.broadcast(id).await.unwrap_err(), Error::NotFound("stream"));
    assert!(world.history.broadcasts(project, Page::first(5)).await.unwrap().items.is_empty());
    let new = NewStream { id, project_id: project, node: "n".to_owned(), started_at: now(), encoder: None };
    world.store.start_stream(&new).await.unwrap();
    world.history.broadcast_turned(project, id);
    assert_eq!(world.history.broadcast(id).await.unwrap().ended_at, None);
    assert_eq!(world.history.broadcasts(project, Page::first(5)).await.unwrap().items.len(), 1);
    let report = Json(json!({ "seconds": 7 }));
    world.store.set_stream_report(id, &report).await.unwrap();
    world.history.report_kept(id);
    assert_eq!(world.history.broadcast(id).await.unwrap().report, Some(report));
    world.store.end_stream(id, "finished", None, now()).await.unwrap();
    world.history.broadcast_turned(project, id);
    assert!(world.history.broadcast(id).await.unwrap().ended_at.is_some());
    let listed = world.history.broadcasts(project, Page::first(5)).await.unwrap();
    assert!(listed.items[0].ended_at.is_some() && listed.items[0].report.is_none());
}

#[tokio::test]
async fn a_crowd_asks_the_database_once() {
    let world = World::new().await;
    world.happens(None, None).await;
    let before = world.reads();
    let crowd = (0..100).map(|_| world.count(About::All));
    assert!(futures_util::future::join_all(crowd).await.into_iter().all(|count| count == 1));
    assert_eq!(world.reads() - before, 1);
    assert_eq!(world.history.counts(), HistoryCounts { hits: 99, misses: 1 });
}

/// A reading that began before a change, and ends after it, may have missed it: it is nobody's answer but its own.
#[tokio::test]
async fn a_reading_that_was_overtaken_is_not_kept() {
    let answers = Answers::<u8, (), u8>::new();
    let (begun, go_on) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let slow = answers.answer(1, (), async {
        begun.notify_one();
        go_on.notified().await;
        Ok(1)
    });
    let change = async {
        begun.notified().await;
        answers.changed(1);
        go_on.notify_one();
    };
    let (old, ()) = tokio::join!(slow, change);
    assert_eq!(*old.unwrap(), 1);
    assert_eq!(*answers.answer(1, (), async { Ok(2) }).await.unwrap(), 2);
    assert_eq!(*answers.answer(1, (), async { Ok(3) }).await.unwrap(), 2);
    answers.forget();
    assert_eq!(*answers.answer(1, (), async { Ok(4) }).await.unwrap(), 4);
}

#[tokio::test]
async fn without_the_cache_the_database_is_asked_each_time() {
    let world = World::new().await;
    let history = History::new(world.store.clone(), false);
    let before = world.reads();
    for _ in 0..3 {
        history.events(&EventFilter::default(), Page::first(5)).await.unwrap();
    }
    assert_eq!((world.reads() - before, history.counts()), (3, HistoryCounts::default()));
}
