//! Who is at the other end: past proxies that we are told to trust, and no others.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

use crate::account::Visitor;
use crate::api::serve::Secured;
use crate::api::{Problem, catalogue};
use crate::net::Network;

/// Entries of `X-Forwarded-For` that are looked at, from the last.
pub const FORWARDED_MAX: usize = 16;

/// Characters of a host's name with its port.
const HOST_CHARS_MAX: usize = 261;

/// The other end of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether it speaks TLS, to us or to a proxy that we trust.
    pub secure: bool,
    /// The name and port that it asked for, in lower case.
    pub host: Option<String>,
}

impl Client {
    /// Of a request.
    #[must_use]
    pub fn of(request: &Request, proxies: &[Network]) -> Self {
        let extensions = request.extensions();
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(Ipv4Addr::UNSPECIFIED.into(), |info| info.ip());
        let secure = extensions.get::<Secured>().is_some();
        let client =
            Self { address: peer.to_canonical(), secure, host: host(request.headers(), request.uri()) };
        client.behind(request.headers(), proxies)
    }

    /// As accounts see it.
    #[must_use]
    pub fn visitor<'a>(&self, headers: &'a HeaderMap) -> Visitor<'a> {
        let told = headers.get(header::USER_AGENT).and_then(|told| told.to_str().ok());
        Visitor { address: self.address, user_agent: told.unwrap_or_default() }
    }

    /// Where this server is for who asks, without a slash at the end: as the operator says, else as it was asked.
    #[must_use]
    pub fn base(&self, public_url: Option<&str>) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        match (public_url, &self.host) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Some(host)) => format!("{scheme}://{host}"),
            (None, None) => String::new(),
        }
    }

    fn behind(mut self, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
        if !trusted(self.address) {
            return self;
        }
        let told: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|told| told.to_str().ok())
            .flat_map(|told| told.split(','))
            .collect();
        // Each proxy adds whom it was asked by at the end; what stands before the first stranger anybody can have written.
        for told in told.iter().rev().take(FORWARDED_MAX) {
            let Some(address) = address_in(told) else { break };
            self.address = address;
            if !trusted(address) {
                break;
            }
        }
        if let Some(scheme) = headers.get("x-forwarded-proto").and_then(|told| told.to_str().ok()) {
            let last = scheme.rsplit(',').next().unwrap_or_default();
            self.secure = last.trim().eq_ignore_ascii_case("https");
        }
        if let Some(host) = headers.get("x-forwarded-host").and_then(|told| told.to_str().ok()) {
            let last = host.rsplit(',').next().unwrap_or_default();
            self.host = sane_host(last.trim()).or(self.host);
        }
        self
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::of(&catalogue::INTERNAL))
    }
}

fn host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let told = headers.get(header::HOST).and_then(|told| told.to_str().ok());
    sane_host(told.or(uri.authority().map(|authority| authority.as_str()))?)
}

/// A name or address with or without a port: what may stand in a link that we make.
fn sane_host(told: &str) -> Option<String> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'[' | b']' | b'_');
    let sane = (1..=HOST_CHARS_MAX).contains(&told.len()) && told.bytes().all(plain);
    sane.then(|| told.to_ascii_lowercase())
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn address_in(told: &str) -> Option<IpAddr> {
    let told = told.trim();
    let address =
        told.parse::<IpAddr>().ok().or_else(|| told.parse::<SocketAddr>().ok().map(|told| told.ip()));
    Some(address?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)], proxies: &[&str]) -> Client {
        let mut request = Request::new(axum::body::Body::empty());
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().expect("a value"));
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().expect("an address"), 1)));
        let proxies: Vec<Network> =
            proxies.iter().map(|network| network.parse().expect("a network")).collect();
        Client::of(&request, &proxies)
    }

    #[test]
    fn only_a_trusted_proxy_says_who_asks() {
        let told = [("x-forwarded-for", "6.6.6.6, 1.2.3.4"), ("x-forwarded-proto", "https")];
        for (peer, proxies, address, secure) in [
            ("9.9.9.9", &[][..], "9.9.9.9", false),
            ("9.9.9.9", &["10.0.0.0/8"], "9.9.9.9", false),
            ("10.0.0.1", &["10.0.0.0/8"], "1.2.3.4", true),
            ("::ffff:10.0.0.1", &["10.0.0.0/8"], "1.2.3.4", true),
            ("10.0.0.1", &["10.0.0.0/8", "1.2.3.0/24"], "6.6.6.6", true),
        ] {
            let client = client(peer, &told, proxies);
            assert_eq!(
                (client.address.to_string().as_str(), client.secure),
                (address, secure),
                "{peer} {proxies:?}"
            );
        }
        let odd = client("10.0.0.1", &[("x-forwarded-for", "1.2.3.4, unknown")], &["10.0.0.0/8"]);
        assert_eq!(odd.address.to_string(), "10.0.0.1", "what cannot be read is not skipped over");
        let several = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "[2001:db8::7]:99")];
        assert_eq!(client("10.0.0.1", &several, &["10.0.0.0/8"]).address.to_string(), "2001:db8::7");
    }

    #[test]
    fn a_host_that_would_spoil_a_link_is_none() {
        for (told, host) in [
            ("LAN:8080", Some("lan:8080")),
            ("[::1]:80", Some("[::1]:80")),
            ("a b", None),
            ("a/b", None),
            ("", None),
        ] {
            assert_eq!(client("1.1.1.1", &[("host", told)], &[]).host.as_deref(), host, "{told}");
        }
    }
}
