//! What the API counts: requests by route, method and status, and how long they took. A route is its template, a method
//! one of a few, so both are bounded.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};

use crate::api::metrics::{Collect, Samples, names};
use crate::store::UserId;

/// The upper ends of the histogram's buckets, seconds: a query takes one, a password's hash a hundred.
const BOUNDS: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Durations of one route and method.
#[derive(Debug, Clone, Default)]
struct Durations {
    buckets: [u64; BOUNDS.len()],
    sum: Duration,
    count: u64,
}

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(Box<str>, &'static str, u16), u64>,
    durations: BTreeMap<(Box<str>, &'static str), Durations>,
}

/// Streams of events at once of one account: many tabs of many people behind one account.
const STREAMS_PER_USER_MAX: usize = 64;

/// Streams of events at once.
const STREAMS_MAX: usize = 2_048;

/// The counts.
#[derive(Debug, Default)]
pub struct Figures {
    counts: Mutex<Counts>,
    streams: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A stream of events that is open.
#[derive(Debug)]
pub struct Listening {
    streams: Arc<Mutex<HashMap<UserId, usize>>>,
    user: UserId,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.user) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                streams.remove(&self.user);
            }
        }
    }
}

impl Figures {
    /// A place for one more stream of events; `None` when there are too many.
    #[must_use]
    pub fn listen(&self, user: UserId) -> Option<Listening> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.values().sum::<usize>() >= STREAMS_MAX {
            return None;
        }
        let open = streams.entry(user).or_default();
        if *open >= STREAMS_PER_USER_MAX {
            return None;
        }
        *open += 1;
        Some(Listening { streams: Arc::clone(&self.streams), user })
    }

    /// One more request.
    pub fn count(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let method = bounded(method);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry((route.into(), method, status.as_u16())).or_default() += 1;
        let durations = counts.durations.entry((route.into(), method)).or_default();
        durations.count += 1;
        durations.sum += took;
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound)
            && let Some(bucket) = durations.buckets.get_mut(bucket)
        {
            *bucket += 1;
        }
    }
}

impl Collect for Arc<Figures> {
    fn collect(&self, out: &mut Samples) {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner).values().sum::<usize>();
        out.add(&names::API_EVENT_STREAMS, &[], streams);
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, method, status), count) in &counts.requests {
            out.add(&names::API_REQUESTS, &[route, method, &status.to_string()], *count);
        }
        for ((route, method), durations) in &counts.durations {
            let buckets = BOUNDS.iter().copied().zip(durations.buckets.iter().copied());
            let labels = &[&**route, *method];
            out.histogram(
                &names::API_DURATION,
                labels,
                buckets,
                durations.sum.as_secs_f64(),
                durations.count,
            );
        }
    }
}

fn bounded(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
