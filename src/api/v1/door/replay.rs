//! `Idempotency-Key`: a POST that comes again within a day is answered as it was the first time.
//!
//! Only what was done is kept; a refusal changes nothing, so the request is simply looked at again. A secret that is shown
//! once is shown once: its field is null in the repeated answer, and nothing of it is kept. The request is remembered by
//! a keyed hash, since its body may hold a password.

use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::REQUEST_TIME_MAX;
use crate::api::v1::give::ShownOnce;
use crate::api::v1::take::Who;
use crate::api::{Problem, catalogue};
use crate::store::{Claim, Claimed, Opaque, Store, UserId};
use crate::vault::Vault;

/// The header that names a request.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// In an answer: it is an earlier one.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How long an answer is kept.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a request that was begun is waited for; by then it was given up.
const LOCK: Duration = REQUEST_TIME_MAX.saturating_add(Duration::from_secs(5));

/// Characters of a key.
const KEY_CHARS_MAX: usize = 255;

/// Bytes of an answer that is kept; what a POST answers is a resource, and far below.
const ANSWER_BYTES_MAX: u64 = 32 * 1024;

/// A key and whose it is.
pub(super) struct Key {
    user: UserId,
    text: String,
}

/// The request's key, if it has one and somebody is signed in; keys of two accounts do not meet.
///
/// # Errors
/// `bad_request`: it is empty, too long or not plain.
pub(super) fn key_of(request: &Request, who: &Who) -> Result<Option<Key>, Problem> {
    let (Some(told), Who::Known(caller), &Method::POST) =
        (request.headers().get(HEADER), who, request.method())
    else {
        return Ok(None);
    };
    Ok(Some(Key { user: caller.user.id, text: read_key(told)?.to_owned() }))
}

/// The name that the header gives.
pub(super) fn read_key(told: &HeaderValue) -> Result<&str, Problem> {
    let text = told.to_str().unwrap_or_default();
    // The draft has a quoted string, practice a bare one.
    let text = match text.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or_default(),
        None => text,
    };
    if text.is_empty() || text.len() > KEY_CHARS_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("Idempotency-Key takes 1 to {KEY_CHARS_MAX} visible ASCII characters");
        return Err(Problem::of(&catalogue::BAD_REQUEST).detail(detail));
    }
    Ok(text)
}

/// What remembers.
pub(super) struct Replay {
    store: Store,
    vault: Vault,
}

impl Replay {
    /// In this store.
    #[must_use]
    pub(super) fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }

    /// Does the request, unless it was done.
    ///
    /// # Errors
    /// `idempotency_key_reused`, `request_running`, and the store's.
    pub(super) async fn once(
        &self,
        key: Key,
        request: Request,
        body: &Bytes,
        next: Next,
    ) -> Result<Response, Problem> {
        let asked = format!("{} {}\n{}", request.method(), request.uri(), String::from_utf8_lossy(body));
        let request_hash = self.vault.lookup(&asked);
        let claim =
            Claim { user: key.user, key: &key.text, request_hash: &request_hash, lock: LOCK, keep: KEEP };
        match self.store.claim_request(&claim, SystemTime::now().into()).await? {
            Claimed::New => {
                let answer = next.run(request).await;
                Ok(self.keep(&key, answer).await)
            }
            Claimed::Done { status, body } => Ok(again(status, body)),
            Claimed::Running => {
                Err(Problem::of(&catalogue::REQUEST_RUNNING).retry_after(Duration::from_secs(1)))
            }
            Claimed::Different => Err(Problem::of(&catalogue::KEY_REUSED)),
        }
    }

    /// Keeps what was answered. What was done is answered even where that fails.
    async fn keep(&self, key: &Key, answer: Response) -> Response {
        let short = answer.body().size_hint().upper().is_some_and(|most| most <= ANSWER_BYTES_MAX);
        if !answer.status().is_success() || !short {
            if let Err(error) = self.store.abandon_request(key.user, &key.text).await {
                tracing::warn!(%error, "a request's key stays taken for a while");
            }
            return answer;
        }
        let (parts, body) = answer.into_parts();
        let bytes =
            to_bytes(body, usize::try_from(ANSWER_BYTES_MAX).unwrap_or(usize::MAX)).await.unwrap_or_default();
        let kept = Opaque(match parts.extensions.get::<ShownOnce>() {
            None => bytes.to_vec(),
            Some(ShownOnce(field)) => without(&bytes, field),
        });
        let kept = Opaque(with_location(parts.headers.get(header::LOCATION), kept.0));
        let status = i64::from(parts.status.as_u16());
        if let Err(error) = self.store.finish_request(key.user, &key.text, status, &kept).await {
            tracing::warn!(%error, "a request's answer is not kept");
        }
        Response::from_parts(parts, Body::from(bytes))
    }
}

/// What stands before the place of what was made, in what is kept; no JSON begins like this.
const LOCATION: &[u8] = b"location: ";

/// The place of what was made, a line, and the body.
fn with_location(location: Option<&HeaderValue>, body: Vec<u8>) -> Vec<u8> {
    match location {
        Some(location) => [LOCATION, location.as_bytes(), b"\n", &body].concat(),
        None => body,
    }
}

/// The two apart again.
fn located(kept: Vec<u8>) -> (Option<HeaderValue>, Vec<u8>) {
    let line = kept.strip_prefix(LOCATION).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
    let Some(end) = line else { return (None, kept) };
    let (line, body) = kept.split_at(LOCATION.len() + end);
    let location = HeaderValue::from_bytes(line.get(LOCATION.len()..).unwrap_or_default()).ok();
    (location, body.get(1..).unwrap_or_default().to_vec())
}

/// The body with one field null.
fn without(body: &[u8], field: &str) -> Vec<u8> {
    let mut json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(secret) = json.get_mut(field) {
        *secret = serde_json::Value::Null;
    }
    serde_json::to_vec(&json).unwrap_or_default()
}

fn again(status: i64, body: Opaque) -> Response {
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let (location, body) = located(body.0);
    let mut answer = (status.unwrap_or(StatusCode::OK), body).into_response();
    let headers = answer.headers_mut();
    headers.extend(location.map(|location| (header::LOCATION, location)));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    answer
}
