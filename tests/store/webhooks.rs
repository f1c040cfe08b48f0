//! Webhooks and what is delivered to them.

use std::collections::BTreeSet;
use std::time::Duration;

use gostream::store::{
    Delivery, DeliveryStatus, Error, EventFilter, EventId, Outcome, Page, Revision, Store, WebhookId,
};

use crate::support::{Bench, NOW, at_once, event, hash, later, project, webhook};

const HOLD: Duration = Duration::from_millis(100);

pub(crate) async fn a_webhook_comes_back_as_it_was_made(bench: Bench) {
    let store = bench.store().await;
    let one = store.create_project(&project("one"), None, NOW).await.unwrap();
    let fields = webhook(Some(one.id));
    let made = store.create_webhook(&fields, NOW).await.unwrap();
    assert_eq!((made.fields(), made.failures, made.revision), (fields, 0, Revision::FIRST));
    let mut fields = made.fields();
    fields.project_id = None;
    fields.enabled = false;
    let changed = store.update_webhook(made.id, made.revision, &fields, later(1)).await.unwrap();
    assert_eq!((changed.fields(), changed.revision), (fields.clone(), Revision(2)));
    let conflict = Error::Conflict { expected: Revision(1), found: Revision(2) };
    assert_eq!(store.update_webhook(made.id, made.revision, &fields, NOW).await, Err(conflict));
    assert_eq!(store.reseal_webhook(&changed, &hash("anew"), 2).await, Ok(true));
    assert_eq!(store.webhooks_to_reseal(2, 10).await, Ok(Vec::new()));
    assert_eq!(store.webhooks(Page::first(10)).await.unwrap().items[0].secret_sealed, hash("anew"));
    assert_eq!(store.delete_webhook(made.id, Some(Revision(2))).await, Ok(()));
    assert_eq!(store.webhook(made.id).await, Err(Error::NotFound("webhook")));
    let none = store.queue_delivery(made.id, EventId::new(NOW), NOW).await;
    assert_eq!(none, Err(Error::NotFound("owner of the row")));
}

async fn queued(store: &Store, count: i64) -> WebhookId {
    let hook = store.create_webhook(&webhook(None), NOW).await.unwrap();
    for number in 0..count {
        store.queue_delivery(hook.id, EventId::new(NOW), later(number)).await.unwrap();
    }
    hook.id
}

async fn claimed(store: &Store, millis: i64) -> Vec<Delivery> {
    store.claim_deliveries(HOLD, 10, later(millis)).await.unwrap()
}

pub(crate) async fn a_delivery_is_claimed_by_one(bench: Bench) {
    let stores = [bench.store().await, bench.open().await];
    let hook = queued(&stores[0], 30).await;
    assert_eq!(stores[0].claim_deliveries(HOLD, 10, later(-1)).await, Ok(Vec::new()), "none is due");
    let outcomes = at_once(8, |number| {
        let store = stores[number % stores.len()].clone();
        async move { store.claim_deliveries(HOLD, 5, later(30)).await }
    })
    .await;
    let mut ids = BTreeSet::new();
    for delivery in outcomes.into_iter().flat_map(Result::unwrap) {
        assert!(ids.insert(delivery.id), "claimed twice");
        assert_eq!((delivery.attempt, delivery.next_at), (1, Some(later(130))));
    }
    // Claims that met at one row leave it to the first and get fewer; the rest is there for the next claim.
    while let more @ [_, ..] = &claimed(&stores[0], 30).await[..] {
        for delivery in more {
            assert!(ids.insert(delivery.id), "claimed twice");
        }
    }
    assert_eq!(ids.len(), 30);
    let page = stores[1].deliveries(hook, Page::first(20)).await.unwrap();
    assert_eq!((page.items.len(), page.next.is_some()), (20, true));
    let kinds = stores[1].kinds_of(&page.items).await.unwrap();
    assert!(kinds.is_empty(), "their events are not kept");
}

pub(crate) async fn a_late_answer_of_a_lost_claim_changes_nothing(bench: Bench) {
    let store = bench.store().await;
    queued(&store, 1).await;
    let first = claimed(&store, 0).await.remove(0);
    assert!(claimed(&store, 99).await.is_empty());
    let second = claimed(&store, 100).await.remove(0);
    assert_eq!((second.id, second.attempt), (first.id, 2));
    let failed = Outcome::Failed { code: None, error: "timeout".to_owned() };
    assert_eq!(store.finish_delivery(&first, &failed, later(101)).await, Ok(false));
    assert_eq!(store.finish_delivery(&second, &Outcome::Delivered { code: 204 }, later(102)).await, Ok(true));
    let done = store.delivery(first.id).await.unwrap();
    assert_eq!(
        (done.status, done.response_code, done.next_at, done.error),
        (DeliveryStatus::Delivered, Some(204), None, None)
    );
    assert!(claimed(&store, 10_000).await.is_empty());
    let again = store.redeliver(first.id, later(200)).await.unwrap();
    assert_eq!((again.status, again.next_at), (DeliveryStatus::Pending, Some(later(200))));
    assert_eq!(claimed(&store, 200).await[0].attempt, 3);
}

pub(crate) async fn a_delivery_given_up_counts_against_its_webhook(bench: Bench) {
    let store = bench.store().await;
    let hook = queued(&store, 3).await;
    let deliveries = claimed(&store, 10).await;
    let retry = Outcome::Retry { code: Some(503), error: "busy".to_owned(), at: later(50) };
    assert_eq!(store.finish_delivery(&deliveries[0], &retry, later(11)).await, Ok(true));
    assert_eq!(store.webhook(hook).await.unwrap().failures, 0);
    let failed = Outcome::Failed { code: Some(410), error: "gone".to_owned() };
    for delivery in &deliveries[1..] {
        assert_eq!(store.finish_delivery(delivery, &failed, later(12)).await, Ok(true));
    }
    assert_eq!(store.webhook(hook).await.unwrap().failures, 2);
    assert!(claimed(&store, 49).await.is_empty());
    let retried = claimed(&store, 50).await.remove(0);
    assert_eq!((retried.id, retried.error.as_deref()), (deliveries[0].id, Some("busy")));
    store.finish_delivery(&retried, &Outcome::Delivered { code: 200 }, later(51)).await.unwrap();
    let seen = store.webhook(hook).await.unwrap();
    assert_eq!((seen.failures, seen.revision), (0, Revision::FIRST));
}

pub(crate) async fn an_event_is_kept_with_its_deliveries_or_not_at_all(bench: Bench) {
    let store = bench.store().await;
    let on = store.create_webhook(&webhook(None), NOW).await.unwrap();
    let mut off = webhook(None);
    off.enabled = false;
    let off = store.create_webhook(&off, NOW).await.unwrap();
    let new = [event("stream.started", None, NOW), event("stream.ended", None, NOW)];
    let wants = |hook: &gostream::store::Webhook, event: &gostream::store::Event| {
        assert_eq!(hook.id, on.id, "one that is switched off is not asked");
        event.kind == "stream.ended"
    };
    let events = store.add_events_for(&new, wants, later(7)).await.unwrap();
    assert_eq!(store.events_since(&EventFilter::default(), Page::first(9)).await.unwrap().items, events);
    let queued = store.deliveries(on.id, Page::first(9)).await.unwrap().items;
    let seen: Vec<_> = queued.iter().map(|delivery| (delivery.event_id, delivery.next_at)).collect();
    assert_eq!(seen, [(events[1].id, Some(later(7)))]);
    let kinds = store.kinds_of(&queued).await.unwrap();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [(events[1].id, "stream.ended".to_owned())]);
    assert_eq!(store.deliveries(off.id, Page::first(9)).await.unwrap().items, []);
}
