//! Streams and events, and pages of them.

use std::collections::BTreeSet;

use gostream::store::{
    About, Error, EventFilter, EventId, Json, NewStream, Page, ProjectId, Revision, StreamRowId, UnixMillis,
};

use crate::support::{Bench, NOW, at_once, event, later, project};

pub(crate) async fn pages_are_stable_while_rows_are_added(bench: Bench) {
    let store = bench.store().await;
    let mut made = Vec::new();
    for number in 0..25 {
        made.push(store.create_project(&project(&number.to_string()), None, later(number)).await.unwrap().id);
    }
    let mut seen = Vec::new();
    let mut page = Page::first(7);
    loop {
        let slice = store.projects(page).await.unwrap();
        assert!(slice.items.len() <= 7);
        seen.extend(slice.items.iter().map(|project| project.id));
        // Rows come and go between two pages, before and behind the place.
        let number = seen.len();
        if number < 25 {
            store.create_project(&project(&format!("new {number}")), None, UnixMillis(5)).await.unwrap();
            store.delete_project(made[number - 3], Some(Revision(1))).await.unwrap();
        }
        let Some(next) = slice.next else { break };
        page = Page::after(next, 7);
    }
    assert_eq!(seen, made, "each row that was there throughout is seen once, in order");

    let one = made[24];
    let mut ids = Vec::new();
    for number in 0..5 {
        let id = StreamRowId::new(later(number));
        let new = NewStream {
            id,
            project_id: one,
            node: "a".to_owned(),
            started_at: later(number),
            encoder: Some(Json(serde_json::json!({"name": "OBS"}))),
        };
        store.start_stream(&new).await.unwrap();
        ids.insert(0, id);
    }
    let first = store.streams(one, Page::first(2)).await.unwrap();
    let new = NewStream {
        id: StreamRowId::new(later(9)),
        project_id: one,
        node: "a".to_owned(),
        started_at: later(9),
        encoder: None,
    };
    store.start_stream(&new).await.unwrap();
    let second = store.streams(one, Page::after(first.next.unwrap(), 2)).await.unwrap();
    let listed: Vec<_> = first.items.iter().chain(&second.items).map(|stream| stream.id).collect();
    assert_eq!(listed, ids[..4]);
}

pub(crate) async fn events_of_many_nodes_are_missed_by_nobody(bench: Bench) {
    // Nodes with clocks of their own, and a reader that asks again and again for what follows.
    let stores = [bench.store().await, bench.open().await, bench.open().await];
    let reader = bench.open().await;
    let (writers, nodes) = (12_usize, stores.len());
    let reading = tokio::spawn(async move {
        let mut seen: Vec<EventId> = Vec::new();
        let mut last = None;
        while seen.len() < writers * 15 {
            let page = last.map_or_else(|| Page::first(10), |last| Page::after(last, 10));
            let slice = reader.events_since(&EventFilter::default(), page).await.unwrap();
            seen.extend(slice.items.iter().map(|event| event.id));
            last = seen.last().copied();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        seen
    });
    let outcomes = at_once(writers, |number| {
        let store = stores[number % nodes].clone();
        async move {
            let mut ids = Vec::new();
            for round in 0..5 {
                // The third node's clock is a minute slow.
                let at = later(round - if number % nodes == 2 { 60_000 } else { 0 });
                let new = [event("a", None, at), event("b", None, at), event("c", None, at)];
                let kept = store.add_events(&new).await?;
                assert_eq!(kept.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
                ids.extend(kept.into_iter().map(|event| event.id));
            }
            Ok(ids)
        }
    })
    .await;
    let written: Vec<EventId> = outcomes.into_iter().flat_map(Result::unwrap).collect();
    let seen = tokio::time::timeout(std::time::Duration::from_secs(60), reading)
        .await
        .expect("all are seen")
        .unwrap();
    assert!(seen.is_sorted());
    assert_eq!(seen.len(), written.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), written.into_iter().collect::<BTreeSet<_>>());
}

pub(crate) async fn events_are_found_by_what_they_are_about(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.newest_event().await, Ok(None));
    let (one, two) = (ProjectId::new(NOW), ProjectId::new(NOW));
    let stream = StreamRowId::new(NOW);
    let mut about_stream = event("stream.ended", Some(one), later(3));
    about_stream.stream_id = Some(stream);
    let new = [
        event("node.joined", None, NOW),
        event("stream.started", Some(one), later(1)),
        event("stream.started", Some(two), later(2)),
        about_stream,
    ];
    let kept = store.add_events(&new).await.unwrap();
    assert_eq!(store.newest_event().await, Ok(Some(kept[3].id)));
    assert_eq!(store.event(kept[1].id).await.as_ref(), Ok(&kept[1]));
    let kinds = async |filter: EventFilter| {
        let old_first = store.events_since(&filter, Page::first(10)).await.unwrap().items;
        let mut new_first = store.events(&filter, Page::first(10)).await.unwrap().items;
        new_first.reverse();
        assert_eq!(new_first, old_first);
        old_first.into_iter().map(|event| event.at.0 - NOW.0).collect::<Vec<_>>()
    };
    assert_eq!(kinds(EventFilter::default()).await, [0, 1, 2, 3]);
    assert_eq!(kinds(EventFilter { about: About::Project(one), ..EventFilter::default() }).await, [1, 3]);
    assert_eq!(kinds(EventFilter { about: About::Stream(stream), ..EventFilter::default() }).await, [3]);
    let started = EventFilter { kind: Some("stream.started".to_owned()), ..EventFilter::default() };
    assert_eq!(kinds(started.clone()).await, [1, 2]);
    assert_eq!(kinds(EventFilter { about: About::Project(two), ..started }).await, [2]);
    let ended = EventFilter { about: About::Stream(stream), kind: Some("stream.ended".to_owned()) };
    assert_eq!(kinds(ended).await, [3]);
    let since = store.events_since(&EventFilter::default(), Page::after(kept[1].id, 1)).await.unwrap();
    assert_eq!((since.items, since.next), (vec![kept[2].clone()], Some(kept[2].id)));
}

pub(crate) async fn a_stream_ends_once(bench: Bench) {
    let store = bench.store().await;
    let one = store.create_project(&project("one"), None, NOW).await.unwrap();
    let begin = |node: &str| NewStream {
        id: StreamRowId::new(NOW),
        project_id: one.id,
        node: node.to_owned(),
        started_at: NOW,
        encoder: None,
    };
    let mine = store.start_stream(&begin("a")).await.unwrap();
    let left = store.start_stream(&begin("dead")).await.unwrap();
    let report = Json(serde_json::json!({"gaps": 0}));
    store.set_stream_report(mine.id, &report).await.unwrap();
    assert_eq!(store.end_stream(mine.id, "unpublished", None, later(5)).await, Ok(true));
    assert_eq!(store.end_stream(mine.id, "late", Some(&Json::empty()), later(9)).await, Ok(false));
    let ended = store.stream(mine.id).await.unwrap();
    assert_eq!((ended.ended_at, ended.end_reason.as_deref()), (Some(later(5)), Some("unpublished")));
    assert_eq!(ended.report, Some(report));
    assert_eq!(store.end_streams_of("dead", "node_lost", later(7)).await, Ok(1));
    assert_eq!(store.end_streams_of("dead", "node_lost", later(8)).await, Ok(0));
    assert_eq!(store.stream(left.id).await.unwrap().ended_at, Some(later(7)));
    let gone = StreamRowId::new(NOW);
    assert_eq!(store.set_stream_report(gone, &Json::empty()).await, Err(Error::NotFound("stream")));
    store.delete_project(one.id, None).await.unwrap();
    assert_eq!(store.start_stream(&begin("a")).await, Err(Error::NotFound("owner of the row")));
}
