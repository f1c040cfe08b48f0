//! One request to a receiver: what is sent, and what its answer means.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect, retry};

use super::error::{Error, Result};
use super::guard::{Guard, Refused};
use super::{Config, Secret};
use crate::net::client_config;

/// Bytes read of an answer, and characters of it that are kept where it is an error: its reason, in its words.
const ANSWER_MAX: usize = 4 << 10;
const SAID_MAX: usize = 200;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The receiver has it.
    Taken(u16),
    /// The receiver answered, and does not have it.
    NotTaken {
        code: u16,
        said: String,
        /// It wants us to wait so long.
        wait: Option<Duration>,
    },
    /// The receiver wants nothing any more.
    Gone,
    /// The address is not allowed.
    Refused,
    /// There was no answer.
    None(String),
}

/// What requests are made with: no proxy, no redirect, no cookie, and every connection through the guard.
///
/// # Errors
/// TLS cannot be set up.
pub(super) fn client(config: &Config) -> Result<Client> {
    let tls = client_config(false)?;
    Client::builder()
        .tls_backend_preconfigured(rustls::ClientConfig::clone(&tls))
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(1)
        .dns_resolver(Guard(config.allowed))
        .timeout(config.timeout)
        .user_agent(concat!("gostream/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::Client(error.to_string()))
}

/// A message, as Standard Webhooks has it.
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    /// Unix time in seconds.
    pub(super) timestamp: i64,
    pub(super) body: Vec<u8>,
}

/// Sends a message once.
pub(super) async fn send(
    client: &Client,
    guard: Guard,
    url: &Url,
    secret: &Secret,
    message: Message<'_>,
) -> Answer {
    if guard.check(url).is_err() {
        return Answer::Refused;
    }
    let signature = secret.sign(message.id, message.timestamp, &message.body);
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.timestamp)
        .header("webhook-signature", signature)
        .body(message.body);
    match request.send().await {
        Ok(response) => answer(response).await,
        Err(error) if Refused::is_cause_of(&error) => Answer::Refused,
        Err(error) => Answer::None(why(&error)),
    }
}

async fn answer(mut response: Response) -> Answer {
    let status = response.status();
    if status.is_success() {
        return Answer::Taken(status.as_u16());
    }
    if status == StatusCode::GONE {
        return Answer::Gone;
    }
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    // Whatever keeps the rest from coming, the status is there.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_MAX.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() >= ANSWER_MAX {
            break;
        }
    }
    let said = String::from_utf8_lossy(&body);
    let said = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID_MAX).collect();
    Answer::NotTaken { code: status.as_u16(), said, wait: wait.map(Duration::from_secs) }
}

/// Why there was no answer. The address is left out: it may hold a secret.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let said = if error.source().is_some() { last.to_string() } else { "the request failed".to_owned() };
    said.chars().filter(|c| !c.is_control()).take(SAID_MAX).collect()
}
