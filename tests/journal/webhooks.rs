//! Others are told of what happens, by a server of ours to a server of theirs.

use std::sync::Arc;
use std::time::Duration;

use gostream::app::Engine;
use gostream::app::config::Config;
use gostream::journal::{self, Journal, Kind, Sources, told};
use gostream::net::Allowed;
use gostream::store::{Delivery, DeliveryStatus, EventFilter, Page, Revision, Store, Webhook, WebhookId};
use gostream::vault::{ServerKey, Vault};
use gostream::webhook::{self, Error, Made, Schedule, WebhookChange, WebhookWish, Webhooks};
use serde_json::json;

use crate::support::receiver::{Answer, Receiver};
use crate::support::{Bench, eventually};

/// A node that tells others.
struct Node {
    engine: Engine,
    journal: Journal,
    webhooks: Webhooks,
    store: Store,
}

fn config() -> webhook::Config {
    webhook::Config {
        allowed: Allowed::All,
        timeout: Duration::from_millis(500),
        schedule: Schedule::of_pauses(&[100, 200, 400, 800, 2_000, 4_000].map(Duration::from_millis)),
        look_every: Duration::from_millis(20),
        ..webhook::Config::default()
    }
}

impl Node {
    async fn start(bench: &Bench, config: webhook::Config) -> Self {
        let store = bench.store().await;
        let key = ServerKey::load_or_create(bench.folder()).unwrap();
        let vault = Vault::new(key, Vec::new());
        let engine = Engine::start(&Config::default(), &vault).unwrap();
        let sources = Sources {
            registry: Arc::clone(&engine.registry),
            sessions: Arc::clone(&engine.sessions),
            supervisor: Arc::clone(&engine.supervisor),
            library: Arc::clone(&engine.library),
            drain: engine.drain.clone(),
        };
        let kept = journal::Config { node: "here".to_owned(), keep: Duration::from_secs(3_600), cache: true };
        let (journal, keeping) = Journal::new(store.clone(), sources, kept, engine.stop.clone());
        let (webhooks, telling) = Webhooks::new(journal.clone(), vault, config, engine.stop.clone()).unwrap();
        engine.background.spawn(keeping);
        engine.background.spawn(telling);
        Self { engine, journal, webhooks, store }
    }

    async fn hook(&self, url: &str, events: &[&str]) -> Made {
        let events = events.iter().map(|word| (*word).to_owned()).collect();
        let wish = WebhookWish { project: None, url: url.to_owned(), events, enabled: true };
        self.webhooks.create(wish).await.unwrap()
    }

    fn happens(&self, kind: Kind) {
        self.journal.note(kind, None, None, json!({ "n": 1 }));
    }

    async fn deliveries(&self, webhook: WebhookId) -> Vec<Delivery> {
        self.store.deliveries(webhook, Page::first(200)).await.unwrap().items
    }

    /// The one delivery of a webhook, once it stands so.
    async fn until(&self, webhook: WebhookId, status: DeliveryStatus) -> Delivery {
        eventually(status.as_str(), async || {
            self.deliveries(webhook).await.into_iter().find(|delivery| delivery.status == status)
        })
        .await
    }

    async fn webhook(&self, id: WebhookId) -> Webhook {
        self.store.webhook(id).await.unwrap()
    }

    async fn leave(self) {
        self.engine.finish().await;
    }
}

pub(crate) async fn an_event_arrives_signed_where_it_is_wanted(bench: Bench) {
    let node = Node::start(&bench, config()).await;
    let receiver = Receiver::start(&[Answer::Status(204)]).await;
    let made = node.hook(&receiver.url(), &["stream.*", "output.state"]).await;
    assert!(made.secret.starts_with("whsec_") && made.secret.ends_with(&made.row.secret_hint));
    node.happens(Kind::HealthChanged);
    node.happens(Kind::StreamStarted);
    let delivery = node.until(made.row.id, DeliveryStatus::Delivered).await;
    assert_eq!((delivery.attempt, delivery.response_code, delivery.error), (1, Some(204), None));
    let got = receiver.got();
    assert_eq!(got.len(), 1, "what is not wanted is not told");
    assert!(got[0].is_signed_with(&made.secret));
    assert!(!got[0].is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let event = node.store.event(delivery.event_id).await.unwrap();
    assert_eq!(got[0].header("webhook-id"), event.id.to_string());
    assert_eq!(got[0].json(), told(&event));
    assert_eq!(got[0].json()["type"], "stream.started");
    assert_eq!(got[0].header("content-type"), "application/json");
    assert!(got[0].head.starts_with("POST /in "));

    // A new secret signs what comes from now on.
    let rotated = node.webhooks.rotate(made.row.id, Revision::FIRST).await.unwrap();
    assert_eq!(*node.webhooks.reveal(made.row.id).await.unwrap(), *rotated.secret);
    node.happens(Kind::StreamEnded);
    eventually("the next one", async || (receiver.got().len() == 2).then_some(())).await;
    assert!(receiver.got()[1].is_signed_with(&rotated.secret));
    node.leave().await;
}

pub(crate) async fn a_receiver_that_fails_is_told_again_until_it_has_heard(bench: Bench) {
    let node = Node::start(&bench, config()).await;
    let wait = "HTTP/1.1 503 So\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n".to_owned();
    let answers = [Answer::Status(500), Answer::Raw(wait), Answer::Status(200)];
    let receiver = Receiver::start(&answers).await;
    let made = node.hook(&receiver.url(), &["*"]).await;
    node.happens(Kind::StreamStarted);
    let pending = eventually("the first failure", async || {
        let delivery = node.deliveries(made.row.id).await.pop()?;
        (delivery.response_code == Some(503)).then_some(delivery)
    })
    .await;
    assert_eq!(pending.status, DeliveryStatus::Pending);
    let pause = pending.next_at.unwrap().0 - pending.updated_at.0;
    assert!((1_000..1_200).contains(&pause), "it asked for a second: {pause}");
    let delivery = node.until(made.row.id, DeliveryStatus::Delivered).await;
    assert_eq!(delivery.attempt, 3);
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|got| got.is_signed_with(&made.secret)), "each attempt has its own time");
    assert!(got.iter().all(|one| one.header("webhook-id") == got[0].header("webhook-id")), "one message");
    node.leave().await;
}

pub(crate) async fn what_is_no_yes_is_a_no(bench: Bench) {
    let node = Node::start(&bench, config()).await;
    let inside = Receiver::start(&[Answer::Status(200)]).await;
    let elsewhere = format!("HTTP/1.1 302 So\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", inside.url());
    for (answer, code, said) in [
        (Answer::Raw(elsewhere), Some(302), "elsewhere"),
        (Answer::Silence, None, "no answer in time"),
        (Answer::Endless, Some(500), "HTTP 500: long long"),
        (Answer::Status(404), Some(404), "HTTP 404: so"),
        (Answer::Raw("nonsense\r\n\r\n".to_owned()), None, ""),
    ] {
        let receiver = Receiver::start(&[answer]).await;
        let made = node.hook(&receiver.url(), &["*"]).await;
        node.happens(Kind::StreamStarted);
        let delivery = eventually("an attempt", async || {
            let delivery = node.deliveries(made.row.id).await.pop()?;
            delivery.error.is_some().then_some(delivery)
        })
        .await;
        assert_eq!(delivery.response_code, code, "{said}");
        let error = delivery.error.unwrap();
        assert!(error.contains(said) && error.len() < 300, "{error}");
        node.store.delete_webhook(made.row.id, None).await.unwrap();
    }
    assert_eq!(inside.got().len(), 0, "no redirect is followed");
    node.leave().await;
}

pub(crate) async fn a_webhook_cannot_look_inside(bench: Bench) {
    let schedule = Schedule::of_pauses(&[Duration::from_millis(100); 2]);
    let config = webhook::Config { allowed: Allowed::World, schedule, ..config() };
    let node = Node::start(&bench, config).await;
    let inside = Receiver::start(&[Answer::Status(200)]).await;
    let port = inside.address.port();
    let wish = |url: String| WebhookWish { project: None, url, events: vec!["*".to_owned()], enabled: true };
    for url in [inside.url(), format!("http://[::1]:{port}/"), format!("http://2130706433:{port}/")] {
        let refused = node.webhooks.create(wish(url.clone())).await;
        assert!(matches!(refused, Err(Error::Invalid(faults)) if faults[0].pointer == "/url"), "{url}");
    }
    // A name is looked up when it is called, each time.
    let made = node.webhooks.create(wish(format!("http://localhost:{port}/in"))).await.unwrap();
    node.happens(Kind::StreamStarted);
    let delivery = node.until(made.row.id, DeliveryStatus::Failed).await;
    assert!(delivery.error.unwrap().contains("private network"));
    assert!(node.webhooks.counts().refused.get() >= 2, "it was tried again");
    assert_eq!(delivery.response_code, None);
    // Nor does one that was allowed before, or put into the store by another hand.
    let mut fields = made.row.fields();
    fields.url = inside.url();
    node.store.update_webhook(made.row.id, made.row.revision, &fields, made.row.updated_at).await.unwrap();
    let before = node.webhooks.counts().refused.get();
    node.webhooks.redeliver(delivery.id).await.unwrap();
    eventually("the attempt", async || (node.webhooks.counts().refused.get() > before).then_some(())).await;
    assert_eq!(inside.got().len(), 0);
    node.leave().await;
}

pub(crate) async fn one_that_fails_for_long_is_switched_off_and_told(bench: Bench) {
    let schedule = Schedule::of_pauses(&[]);
    let node = Node::start(&bench, webhook::Config { schedule, disable_after: 3, ..config() }).await;
    let (dead, gone) =
        (Receiver::start(&[Answer::Status(400)]).await, Receiver::start(&[Answer::Status(410)]).await);
    let watching = Receiver::start(&[Answer::Status(200)]).await;
    let dead = (node.hook(&dead.url(), &["node.joined"]).await, dead);
    let gone = node.hook(&gone.url(), &["node.left"]).await;
    node.hook(&watching.url(), &["webhook.disabled"]).await;
    for count in 1..=2 {
        node.happens(Kind::NodeJoined);
        eventually("it to be given up", async || {
            (node.webhook(dead.0.row.id).await.failures == count).then_some(())
        })
        .await;
        assert!(node.webhook(dead.0.row.id).await.enabled, "after {count} failures");
    }
    node.happens(Kind::NodeJoined);
    eventually("it to be switched off", async || (!node.webhook(dead.0.row.id).await.enabled).then_some(()))
        .await;
    eventually("one to be told", async || (watching.got().len() == 1).then_some(())).await;
    node.happens(Kind::NodeLeft);
    eventually("the other to be switched off", async || {
        (!node.webhook(gone.row.id).await.enabled).then_some(())
    })
    .await;
    eventually("both to be told", async || (watching.got().len() == 2).then_some(())).await;
    let reasons: Vec<_> = watching.got().iter().map(|got| got.json()["data"]["reason"].clone()).collect();
    assert_eq!(reasons, [json!("it failed for too long"), json!("the receiver answered 410 Gone")]);
    // Switched on again, it starts anew.
    let (id, seen) = (dead.0.row.id, node.webhook(dead.0.row.id).await);
    dead.1.answer(Answer::Status(200));
    let on = WebhookChange { enabled: Some(true), ..WebhookChange::default() };
    let changed = node.webhooks.change(id, Some(seen.revision), on).await.unwrap();
    assert_eq!((changed.enabled, changed.failures), (true, 0));
    node.happens(Kind::NodeJoined);
    node.until(id, DeliveryStatus::Delivered).await;
    node.leave().await;
}

pub(crate) async fn a_test_is_sent_to_one_and_a_delivery_is_sent_again(bench: Bench) {
    let schedule = Schedule::of_pauses(&[]);
    let node = Node::start(&bench, webhook::Config { schedule, ..config() }).await;
    let receiver = Receiver::start(&[Answer::Status(500)]).await;
    let other = Receiver::start(&[Answer::Status(200)]).await;
    node.hook(&other.url(), &["*"]).await;
    let made = node.hook(&receiver.url(), &["stream.started"]).await;
    let off = WebhookChange { enabled: Some(false), ..WebhookChange::default() };
    let seen = node.webhooks.change(made.row.id, Some(made.row.revision), off).await.unwrap();
    let test = node.webhooks.test(made.row.id).await.unwrap();
    let failed = node.until(made.row.id, DeliveryStatus::Failed).await;
    assert_eq!((failed.id, failed.response_code, failed.attempt), (test.id, Some(500), 1));
    assert_eq!(receiver.got()[0].json()["type"], "webhook.test");
    receiver.answer(Answer::Status(200));
    node.webhooks.redeliver(test.id).await.unwrap();
    let delivered = node.until(made.row.id, DeliveryStatus::Delivered).await;
    assert_eq!((delivered.id, delivered.attempt), (test.id, 2));
    let got = receiver.got();
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"), "the same message");
    // What is wrong is said at once, and all of it.
    let events = Some(vec!["stream.begun".to_owned()]);
    let wrong = WebhookChange { url: Some("ftp://x".to_owned()), events, ..WebhookChange::default() };
    let refused = node.webhooks.change(made.row.id, Some(seen.revision), wrong).await;
    assert!(matches!(refused, Err(Error::Invalid(faults)) if faults.len() == 2));
    assert_eq!(other.got().len(), 0, "a test is nobody else's");
    node.leave().await;
}

pub(crate) async fn a_dead_host_is_left_alone_while_others_are_told(bench: Bench) {
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let node = Node::start(&bench, webhook::Config { schedule: Schedule::default(), ..config() }).await;
    let living = Receiver::start(&[Answer::Status(200)]).await;
    let dead = node.hook(&format!("http://{nobody}/in"), &["*"]).await;
    node.hook(&living.url(), &["*"]).await;
    for _ in 0..60 {
        node.happens(Kind::NodeJoined);
    }
    eventually("the living to be told", async || (living.got().len() == 60).then_some(())).await;
    eventually("the dead to be left alone", async || {
        let tried = node.deliveries(dead.row.id).await.iter().filter(|one| one.error.is_some()).count();
        (tried == 60).then_some(())
    })
    .await;
    let paused = node.webhooks.counts().paused.get();
    assert!(paused >= 45, "{paused} of 60");
    assert!(node.deliveries(dead.row.id).await.iter().all(|one| one.status == DeliveryStatus::Pending));
    node.leave().await;
}

pub(crate) async fn of_two_nodes_one_delivers(bench: Bench) {
    let nodes = [Node::start(&bench, config()).await, Node::start(&bench, config()).await];
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    let made = nodes[0].hook(&receiver.url(), &["node.*"]).await;
    for n in 0..60 {
        nodes[n % 2].happens(Kind::NodeJoined);
    }
    eventually("all to be delivered", async || {
        let all = nodes[0].deliveries(made.row.id).await;
        (all.len() == 60 && all.iter().all(|one| one.status == DeliveryStatus::Delivered)).then_some(())
    })
    .await;
    let mut ids: Vec<_> = receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.got().len()), (60, 60));
    let kept = nodes[0].store.events(&EventFilter::default(), Page::first(200)).await.unwrap().items;
    assert_eq!(kept.len(), 60);
    for node in nodes {
        node.leave().await;
    }
}
