//! Events as they are kept, and those who listen.

use std::time::Duration;

use gostream::journal::{Kind, Subscription};
use gostream::store::{About, EventFilter, EventId, Page};
use serde_json::json;

use crate::support::{Bench, House, event, eventually, now};

/// The next so many events.
async fn take(subscription: &mut Subscription, count: usize) -> Vec<EventId> {
    let mut ids = Vec::new();
    let taken = async {
        while ids.len() < count {
            ids.push(subscription.next().await.expect("the journal is open").id);
        }
    };
    tokio::time::timeout(Duration::from_secs(40), taken).await.expect("they come");
    ids
}

pub(crate) async fn whoever_listens_misses_nothing_and_gets_nothing_twice(bench: Bench) {
    const COUNT: usize = 900;
    let house = House::start(&bench, Vec::new()).await;
    let other = bench.open().await;
    // The node tells of itself as well.
    let everything = EventFilter { kind: Some("recording.ready".to_owned()), ..EventFilter::default() };
    let mut early = house.journal().subscribe(everything.clone(), None).await.unwrap();
    let writing = async {
        for n in 0..COUNT / 2 {
            house.journal().note(Kind::RecordingReady, None, None, json!({ "n": n }));
            // Another node writes into the same store.
            other.add_events(&[event("recording.ready", None, now())]).await.unwrap();
        }
    };
    let listening = async {
        let first = take(&mut early, 50).await;
        // One who comes back goes on where he was.
        let mut late = house.journal().subscribe(everything.clone(), Some(first[9])).await.unwrap();
        let early = [first.clone(), take(&mut early, COUNT - 50).await].concat();
        let late = [first[..10].to_vec(), take(&mut late, COUNT - 10).await].concat();
        (early, late)
    };
    let ((), (early, late)) = tokio::join!(writing, listening);
    let mut kept = Vec::new();
    while let Some(page) = Some(match kept.last() {
        Some(last) => Page::after(*last, 200),
        None => Page::first(200),
    }) {
        let found = house.store.events_since(&everything, page).await.unwrap();
        kept.extend(found.items.iter().map(|event| event.id));
        if found.next.is_none() {
            break;
        }
    }
    assert_eq!(kept.len(), COUNT);
    assert_eq!(early, kept);
    assert_eq!(late, kept);
    house.leave().await;
}

pub(crate) async fn what_a_listener_does_not_ask_for_it_does_not_get(bench: Bench) {
    let house = House::start(&bench, Vec::new()).await;
    let own = EventFilter { about: About::Project(house.project), kind: Some("health.changed".to_owned()) };
    let mut subscription = house.journal().subscribe(own, None).await.unwrap();
    house.journal().note(Kind::HealthChanged, None, None, json!({}));
    house.journal().note(Kind::StreamStarted, Some(house.project), None, json!({}));
    house.journal().note(Kind::HealthChanged, Some(house.project), None, json!({ "n": 1 }));
    let got = subscription.next().await.unwrap();
    assert_eq!((got.kind.as_str(), got.project_id), ("health.changed", Some(house.project)));
    // Three, and that this node is here.
    eventually("all to be kept", async || (house.journal().counts().kept.get() == 4).then_some(())).await;
    house.journal().note(Kind::HealthChanged, Some(house.project), None, json!({ "n": 2 }));
    assert_eq!(subscription.next().await.unwrap().data.0["n"], 2);
    house.app.engine.stop.cancel();
    assert_eq!(subscription.next().await, None, "the process leaves");
    house.leave().await;
}
