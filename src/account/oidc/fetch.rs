//! What is asked of the issuer over HTTP: bounded in time and size, tried again a few times where that is safe.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::breaker::Breaker;
use super::error::{Error, Refusal};
use super::id_token::UserInfo;
use super::issuer::{ClientAuth, Metadata};
use super::journey::Journey;
use super::{Clock, Config};
use crate::net::{self, Backoff};

/// From looking up the name to the end of the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// One request, to the end of its answer. A person waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer, bytes: issuers' documents have a few thousand.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// How often a document is asked for before somebody is told.
const ATTEMPTS: u32 = 3;

/// Pauses between them.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What the token endpoint gives (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: Zeroizing<String>,
    pub(super) access_token: Option<Zeroizing<String>>,
}

/// What it says otherwise (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Refused {
    error: String,
}

pub(super) struct Fetch {
    client: Client,
    breaker: Breaker,
    clock: Clock,
}

/// An answer that came whole.
struct Answer {
    status: StatusCode,
    body: Zeroizing<Vec<u8>>,
}

impl Fetch {
    pub(super) fn new(clock: &Clock) -> Result<Self, Error> {
        let no_tls = |_| Error::Misconfigured("there is no TLS");
        let tls = net::client_config(false).map_err(no_tls)?;
        let client = Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("gostream/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| Error::Misconfigured("no HTTP client can be made"))?;
        Ok(Self { client, breaker: Breaker::default(), clock: clock.clone() })
    }

    /// A document that anybody may read.
    pub(super) async fn document<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Error> {
        self.read(self.client.get(url.clone())).await
    }

    /// What the issuer says of the account beside the ID token.
    pub(super) async fn user_info(&self, endpoint: &Url, access_token: &str) -> Result<UserInfo, Error> {
        self.read(self.client.get(endpoint.clone()).bearer_auth(access_token)).await
    }

    /// Exchanges a code. It works once, so this is asked once.
    pub(super) async fn tokens(
        &self,
        metadata: &Metadata,
        config: &Config,
        journey: &Journey,
        code: &str,
    ) -> Result<Tokens, Error> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &journey.redirect_uri),
            ("code_verifier", &journey.verifier),
        ];
        let (id, secret) = (config.client_id.as_str(), config.client_secret.as_str());
        let mut request = self.client.post(metadata.token_endpoint.clone());
        match metadata.client_auth {
            _ if secret.is_empty() => form.push(("client_id", id)),
            ClientAuth::Basic => request = request.basic_auth(encoded(id), Some(encoded(secret))),
            ClientAuth::Post => form.extend([("client_id", id), ("client_secret", secret)]),
        }
        let request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(query(&form));
        self.may()?;
        let answer = self.ask(request).await?;
        match serde_json::from_slice::<Refused>(&answer.body) {
            _ if answer.status.is_success() => {}
            Ok(refused) => return Err(Error::Refused(Refusal::new(&refused.error))),
            Err(_) => return Err(Error::Refused(Refusal::new(""))),
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| Error::Misconfigured("the token endpoint gives no ID token"))
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        self.may()?;
        let mut backoff = Backoff::new(PAUSE_MIN, PAUSE_MAX, fastrand::u64(..));
        let answer = loop {
            let again = request.try_clone().ok_or(Error::Unavailable("it cannot be asked"))?;
            match self.ask(again).await {
                Err(_) if backoff.attempts() + 1 < ATTEMPTS => {
                    tokio::time::sleep(backoff.next_delay()).await;
                }
                answer => break answer?,
            }
        };
        if !answer.status.is_success() {
            return Err(Error::Misconfigured("it answers that there is no such document, or not for us"));
        }
        serde_json::from_slice(&answer.body).map_err(|_| Error::Misconfigured("its document cannot be read"))
    }

    fn may(&self) -> Result<(), Error> {
        let may = self.breaker.may(self.clock.passed());
        may.map_err(|retry_after| Error::LeftAlone { retry_after })
    }

    /// Asks once. An answer that is the issuer's own failure counts as none.
    async fn ask(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let asked = match whole(request).await {
            Ok(answer)
                if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS =>
            {
                Err("it fails")
            }
            asked => asked,
        };
        match asked {
            Ok(answer) => {
                self.breaker.answered();
                Ok(answer)
            }
            Err(why) => {
                self.breaker.failed(self.clock.passed());
                tracing::warn!(why, "the identity provider does not answer");
                Err(Error::Unavailable(why))
            }
        }
    }
}

async fn whole(request: RequestBuilder) -> Result<Answer, &'static str> {
    let mut response = request.send().await.map_err(|error| why(&error))?;
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err("its answer is too large");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status(), body })
}

/// The error's own text may hold an address with a code in it.
fn why(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "too slow",
        error if error.is_connect() => "no connection",
        _ => "the connection broke",
    }
}

/// Pairs as a form or a query has them.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://form/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// One value as a form has it, which RFC 6749 §2.3.1 also asks of the two halves of `Authorization: Basic`.
fn encoded(value: &str) -> String {
    query(&[("", value)]).trim_start_matches('=').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_what_it_holds() {
        assert_eq!(query(&[("a", "1 2"), ("b", "&=ä")]), "a=1+2&b=%26%3D%C3%A4");
        assert_eq!(encoded("s3cret/+:="), "s3cret%2F%2B%3A%3D");
        assert_eq!(encoded("plain-secret_1.apps.example"), "plain-secret_1.apps.example");
    }
}
