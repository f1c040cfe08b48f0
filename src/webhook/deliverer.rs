//! The task that carries deliveries: claims what is due, makes each attempt, and writes down how it went.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::Url;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{self, Answer, Message};
use super::guard::Guard;
use super::{Room, Secret, now};
use crate::journal::{Kind, told};
use crate::store::{self, Delivery, Event, Outcome, Webhook};
use crate::vault::Purpose;

/// Deliveries that this process carries at once; the rest waits in the store.
const AT_ONCE: usize = 64;
/// Attempts at once at one host.
const AT_ONE_HOST: usize = 4;
/// Hosts that are remembered before those without an attempt are forgotten.
const HOSTS_MAX: usize = 1_024;
/// How long this process has a delivery before another may take it: longer than all that may wait before it at one host.
const HOLD: Duration = Duration::from_secs(600);
/// Before a database that is away is asked again.
const RETRY: Duration = Duration::from_secs(2);
/// For how long one question is asked of a database that is away. A delivery asks three.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long attempts that are under way have when the process leaves. What they do not end is made again by the next.
const GRACE: Duration = Duration::from_secs(3);
/// Times that a change which somebody else's came before is made again.
const CONFLICTS_MAX: usize = 4;

/// Works until `stop`.
pub(super) async fn run(room: Arc<Room>, stop: CancellationToken) {
    let (tasks, leave) = (TaskTracker::new(), CancellationToken::new());
    stop.run_until_cancelled(carry(&room, &tasks, &leave)).await;
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::info!(deliveries = tasks.len(), "deliveries under way are left to the next start");
        leave.cancel();
    }
}

async fn carry(room: &Arc<Room>, tasks: &TaskTracker, leave: &CancellationToken) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut kept = room.journal.kept();
    room.store.until_migrated().await;
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let free = places.available_permits() + 1;
        drop(place);
        // What was kept until now is found by this look.
        kept.borrow_and_update();
        let pause = match room.store.claim_deliveries(HOLD, u32::try_from(free).unwrap_or(1), now()).await {
            Ok(claimed) => {
                let is_full = claimed.len() >= free;
                for delivery in claimed {
                    let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                    let (room, leave) = (Arc::clone(room), leave.clone());
                    tasks.spawn(async move {
                        leave.run_until_cancelled(room.deliver(&delivery, place)).await;
                    });
                }
                if is_full {
                    continue;
                }
                room.config.look_every
            }
            Err(error) => {
                tracing::debug!(%error, "deliveries cannot be claimed now");
                RETRY
            }
        };
        tokio::select! {
            () = room.wake.notified() => {}
            _ = kept.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Room {
    async fn deliver(&self, delivery: &Delivery, _place: OwnedSemaphorePermit) {
        let webhook = match patiently(|| self.store.webhook(delivery.webhook_id)).await {
            Ok(webhook) => webhook,
            // Its deliveries went with it.
            Err(store::Error::NotFound(_)) => return,
            Err(error) => return tracing::debug!(%error, "a delivery waits for the database"),
        };
        let event = match patiently(|| self.store.event(delivery.event_id)).await {
            Ok(event) => event,
            Err(store::Error::NotFound(_)) => {
                let error = "the event is too old and is not kept any more".to_owned();
                return self.finish(delivery, &Outcome::Failed { code: None, error }).await;
            }
            Err(error) => return tracing::debug!(%error, "a delivery waits for the database"),
        };
        let is_test = event.kind == Kind::WebhookTest.as_str();
        if !webhook.enabled && !is_test {
            let error = "the webhook is switched off".to_owned();
            return self.finish(delivery, &Outcome::Failed { code: None, error }).await;
        }
        let (answer, is_made) = self.attempt(&webhook, &event, delivery).await;
        let outcome = match is_made {
            true => self.outcome(delivery, &answer, is_test),
            false => self.put_off(delivery, is_test),
        };
        let is_over = matches!(outcome, Outcome::Failed { .. });
        self.finish(delivery, &outcome).await;
        if answer == Answer::Gone {
            self.disable(&webhook, "the receiver answered 410 Gone").await;
        } else if is_over && !is_test {
            self.disable_after_long_failure(&webhook).await;
        }
    }

    /// Makes the attempt; `false` where it was not made because its host is left alone for a while.
    async fn attempt(&self, webhook: &Webhook, event: &Event, delivery: &Delivery) -> (Answer, bool) {
        let Ok(url) = Url::parse(&webhook.url) else {
            return (Answer::None("the address is no URL".to_owned()), true);
        };
        let secret = match self.secret(webhook) {
            Ok(secret) => secret,
            Err(error) => return (Answer::None(error), true),
        };
        let host = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        let Ok(_turn) = self.turn(&host).acquire_owned().await else {
            return (Answer::None("the process leaves".to_owned()), false);
        };
        // Asked last: of all that wait for their turn, those behind the last failure are put off.
        if self.breakers.pause(&host, Instant::now()).is_some() {
            self.counts.paused.add(1);
            return (Answer::None(String::new()), false);
        }
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let message = Message {
            id: &event.id.to_string(),
            timestamp: i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX),
            body: told(event).to_string().into_bytes(),
        };
        let answer = attempt::send(&self.client, Guard(self.config.allowed), &url, &secret, message).await;
        match &answer {
            Answer::None(_) | Answer::NotTaken { code: 500.., .. } => {
                if self.breakers.failed(&host, Instant::now()) {
                    tracing::warn!(host, "webhooks to this host pause: it fails too often");
                }
            }
            Answer::Taken(_) | Answer::NotTaken { .. } | Answer::Gone => self.breakers.succeeded(&host),
            Answer::Refused => {}
        }
        let (webhook, attempt) = (delivery.webhook_id, delivery.attempt);
        tracing::debug!(%webhook, event = %event.id, attempt, ?answer, "delivery");
        (answer, true)
    }

    /// The places at one host.
    fn turn(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_MAX {
            forget_idle(&mut hosts);
        }
        Arc::clone(hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONE_HOST))))
    }

    fn secret(&self, webhook: &Webhook) -> Result<Secret, String> {
        let opened = self.vault.open(Purpose::WebhookSecret, &webhook.secret_sealed.0, webhook.sealed_with);
        let opened = opened.map_err(|error| format!("the secret cannot be opened: {error}"))?;
        Secret::parse(&opened).map_err(|error| error.to_string())
    }

    /// What an answer means for a delivery. What is a test is not tried again: somebody looks at it.
    fn outcome(&self, delivery: &Delivery, answer: &Answer, is_test: bool) -> Outcome {
        let (code, error, asked) = match answer {
            Answer::Taken(code) => {
                self.counts.delivered.add(1);
                return Outcome::Delivered { code: (*code).into() };
            }
            Answer::Gone => {
                self.counts.failed.add(1);
                let error = "the receiver wants nothing any more (410 Gone)".to_owned();
                return Outcome::Failed { code: Some(410), error };
            }
            Answer::NotTaken { code, said, wait } => {
                let error = match code {
                    300..=399 => "the receiver sends us elsewhere, which is not followed".to_owned(),
                    _ if said.is_empty() => format!("HTTP {code}"),
                    _ => format!("HTTP {code}: {said}"),
                };
                (Some(u32::from(*code)), error, *wait)
            }
            Answer::Refused => {
                self.counts.refused.add(1);
                (None, super::guard::Refused.to_string(), None)
            }
            Answer::None(error) => (None, error.clone(), None),
        };
        let next = self.config.schedule.next(delivery.created_at, now(), asked, fastrand::f64());
        match next.filter(|_| !is_test) {
            Some(at) => {
                self.counts.retried.add(1);
                Outcome::Retry { code, error, at }
            }
            None => {
                self.counts.failed.add(1);
                Outcome::Failed { code, error }
            }
        }
    }

    /// A delivery whose host is left alone: it comes back when the host may be tried, and has not used up a chance.
    fn put_off(&self, delivery: &Delivery, is_test: bool) -> Outcome {
        let now = now();
        let error = "the host failed so often that it is left alone for a while".to_owned();
        if is_test || !self.config.schedule.has_next(delivery.created_at, now) {
            self.counts.failed.add(1);
            return Outcome::Failed { code: None, error };
        }
        let wait = super::CIRCUIT.1.mul_f64(1.0 + fastrand::f64());
        Outcome::Retry { code: None, error, at: now.after(wait) }
    }

    async fn finish(&self, delivery: &Delivery, outcome: &Outcome) {
        // What cannot be written down is carried again when the claim is over, under the same name.
        if let Err(error) = patiently(|| self.store.finish_delivery(delivery, outcome, now())).await {
            tracing::warn!(%error, "how a delivery went cannot be written down");
        }
    }

    async fn disable_after_long_failure(&self, webhook: &Webhook) {
        match self.store.webhook(webhook.id).await {
            Ok(found) if found.enabled && found.failures >= i64::from(self.config.disable_after) => {
                self.disable(&found, "it failed for too long").await;
            }
            _ => {}
        }
    }

    /// Switches a webhook off, whatever else was changed of it meanwhile.
    async fn disable(&self, webhook: &Webhook, reason: &'static str) {
        let mut seen = webhook.clone();
        for _ in 0..CONFLICTS_MAX {
            if !seen.enabled {
                return;
            }
            let fields = store::WebhookFields { enabled: false, ..seen.fields() };
            match self.store.update_webhook(seen.id, seen.revision, &fields, now()).await {
                Ok(_) => {
                    tracing::warn!(webhook = %seen.id, reason, "webhook switched off");
                    let data = json!({ "webhook_id": seen.id.to_string(), "reason": reason });
                    return self.journal.note(Kind::WebhookDisabled, seen.project_id, None, data);
                }
                Err(store::Error::Conflict { .. }) => match self.store.webhook(seen.id).await {
                    Ok(found) => seen = found,
                    Err(_) => return,
                },
                Err(error) => return tracing::warn!(%error, "a webhook cannot be switched off"),
            }
        }
    }
}

/// Asks the database until it answers, while it is away for less than [`PATIENCE`]: whoever gives up leaves the delivery
/// to whoever claims it when [`HOLD`] is over.
async fn patiently<T, F: Future<Output = store::Result<T>>>(ask: impl Fn() -> F) -> store::Result<T> {
    let began = Instant::now();
    loop {
        match ask().await {
            Err(error) if error.is_worth_a_retry() && began.elapsed() < PATIENCE => {
                tokio::time::sleep(RETRY).await;
            }
            answer => return answer,
        }
    }
}

/// A place that nobody has or waits for need not be remembered.
fn forget_idle(hosts: &mut HashMap<String, Arc<Semaphore>>) {
    hosts.retain(|_, places| Arc::strong_count(places) > 1);
}
