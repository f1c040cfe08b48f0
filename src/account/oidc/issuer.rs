//! What the issuer publishes about itself (OpenID Connect Discovery 1.0), kept for a while.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::fetch::Fetch;
use super::{Clock, Error};

/// How long it is used before it is asked for again; when that fails, it is used on.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How we prove who we are at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuth {
    Basic,
    Post,
}

/// What is used of it.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) client_auth: ClientAuth,
}

/// The document, as far as it is read.
#[derive(Deserialize)]
pub(super) struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

pub(super) struct Issuer {
    name: String,
    document: Url,
    clock: Clock,
    known: Mutex<Option<(Arc<Metadata>, Duration)>>,
}

impl Issuer {
    pub(super) fn new(name: &str, clock: &Clock) -> Result<Self, Error> {
        let document = format!("{}/.well-known/openid-configuration", name.trim_end_matches('/'));
        Ok(Self {
            name: name.to_owned(),
            document: secure(&document)?,
            clock: clock.clone(),
            known: Mutex::default(),
        })
    }

    /// Asked for by one at a time: the others wait for the same answer.
    pub(super) async fn metadata(&self, fetch: &Fetch) -> Result<Arc<Metadata>, Error> {
        let mut known = self.known.lock().await;
        let now = self.clock.passed();
        if let Some((metadata, at)) = &*known
            && now < *at + FRESH
        {
            return Ok(Arc::clone(metadata));
        }
        let read = match fetch.document::<Document>(&self.document).await {
            Ok(document) => self.read(document),
            Err(error) => Err(error),
        };
        match (read, &*known) {
            (Ok(metadata), _) => {
                let metadata = Arc::new(metadata);
                *known = Some((Arc::clone(&metadata), now));
                Ok(metadata)
            }
            (Err(error), Some((metadata, _))) => {
                tracing::warn!(%error, "going on with what the identity provider said before");
                Ok(Arc::clone(metadata))
            }
            (Err(error), None) => Err(error),
        }
    }

    pub(super) fn read(&self, document: Document) -> Result<Metadata, Error> {
        if document.issuer != self.name {
            tracing::warn!(
                configured = self.name,
                found = document.issuer,
                "auth.oidc.issuer is not its name"
            );
            return Err(Error::Misconfigured(
                "auth.oidc.issuer must be exactly what the issuer calls itself",
            ));
        }
        // Unless it says otherwise, Basic (Discovery 1.0 §3).
        let methods = document.token_endpoint_auth_methods_supported;
        let has =
            |name: &str| methods.as_ref().is_some_and(|methods| methods.iter().any(|method| method == name));
        let post_alone = has("client_secret_post") && !has("client_secret_basic");
        Ok(Metadata {
            authorization_endpoint: secure(&document.authorization_endpoint)?,
            token_endpoint: secure(&document.token_endpoint)?,
            jwks_uri: secure(&document.jwks_uri)?,
            userinfo_endpoint: document.userinfo_endpoint.as_deref().map(secure).transpose()?,
            client_auth: if post_alone { ClientAuth::Post } else { ClientAuth::Basic },
        })
    }
}

/// An address over TLS, or on this very machine.
pub(super) fn secure(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|_| Error::Misconfigured("an address of the issuer is none"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(Error::Misconfigured("the issuer and all its addresses must begin with https:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_asked_over_tls_or_on_this_machine() {
        for good in
            ["https://accounts.google.com/", "http://127.0.0.1:1/x", "http://[::1]/", "http://localhost/"]
        {
            assert!(secure(good).is_ok(), "{good}");
        }
        for bad in
            ["", "accounts.google.com", "http://id.example", "http://127.0.0.1.example/", "ftp://localhost/"]
        {
            assert!(matches!(secure(bad), Err(Error::Misconfigured(_))), "{bad}");
        }
    }
}
