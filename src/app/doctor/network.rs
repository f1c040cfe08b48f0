//! The network from here: our listeners, our certificate, our own address, and what viewers get.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::config::{Config, Listen};
use super::super::{certificate, engine};
use super::Check;
use super::database::OnAir;
use crate::api::hls;

/// A certificate that ends sooner is to be renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How long an answer of our own server may take.
const ANSWER: Duration = Duration::from_secs(3);
/// So much of an answer is read.
const BODY_MAX: usize = 64 << 10;
/// What a gostream says at `/livez`.
const ALIVE: &str = "alive\n";

/// Whether each listener can be had, or is ours already.
pub(super) async fn listeners(config: &Config) -> Vec<Check> {
    let is_ours = answers(config.http.listen).await;
    let mut checks = Vec::new();
    for (id, service, listen) in [
        ("http_port", "http", config.http.listen),
        ("https_port", "https", config.https.listen),
        ("rtmp_port", "rtmp", config.rtmp.listen),
        ("rtmps_port", "rtmps", config.rtmps.listen),
        ("metrics_port", "metrics", config.metrics.listen),
        ("practice_port", "practice", config.practice.listen),
    ] {
        if listen.is_on() {
            checks.push(listener((id, service), listen, is_ours));
        }
    }
    if let Some(http) = address(config.http.listen).filter(|_| is_ours) {
        checks.push(Check::ok("server", "Server", format!("gostream answers at http://{http}")));
    }
    checks
}

fn listener((id, service): (&'static str, &str), listen: Listen, is_ours: bool) -> Check {
    let title = format!("{service}.listen");
    match listen.bind() {
        Ok(_) => Check::ok(id, title, format!("{listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_ours => {
            Check::ok(id, title, format!("{listen} is gostream's already"))
        }
        Err(error) => Check::fail(
            (id, title),
            format!("{listen}: {error}"),
            format!("end what listens there, or set {service}.listen"),
        ),
    }
}

fn address(listen: Listen) -> Option<SocketAddr> {
    match listen {
        Listen::Off => None,
        Listen::Everywhere(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Listen::At(addr) if addr.ip().is_unspecified() => {
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), addr.port()))
        }
        Listen::At(addr) => Some(addr),
    }
}

/// Whether it is a gostream that listens at this address.
async fn answers(listen: Listen) -> bool {
    let Some(addr) = address(listen) else { return false };
    match get(&format!("http://{addr}/livez")).await {
        Ok((_, text)) => text == ALIVE,
        Err(_) => false,
    }
}

/// The status and the beginning of the body of an answer.
async fn get(url: &str) -> Result<(u16, String), String> {
    let said = |error: reqwest::Error| format!("{:#}", anyhow::Error::from(error.without_url()));
    let client = reqwest::Client::builder().timeout(ANSWER).no_proxy();
    let client = client.redirect(reqwest::redirect::Policy::none()).build().map_err(said)?;
    let mut answer = client.get(url).send().await.map_err(said)?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(bytes) = answer.chunk().await.map_err(said)? {
        body.extend_from_slice(&bytes);
        if body.len() >= BODY_MAX {
            break;
        }
    }
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Whether the address that people and viewers are given leads here.
pub(super) async fn public_url(config: &Config) -> Check {
    const NAME: (&str, &str) = ("public_url", "Public address");
    let url = config.public_url.trim_end_matches('/');
    if url.is_empty() {
        return Check::ok(NAME.0, NAME.1, "each request's own host (public_url is empty)");
    }
    match get(&format!("{url}/livez")).await {
        Ok((200, text)) if text == ALIVE => Check::ok(NAME.0, NAME.1, format!("{url} leads to gostream")),
        Ok((status, _)) => Check::warn(
            NAME,
            format!("{url} leads to something else: it answers {status}"),
            "see that the proxy there passes all paths on to http.listen",
        ),
        Err(error) => Check::warn(
            NAME,
            format!("{url}: {error}"),
            "see its name, port and certificate; some networks cannot reach their own public address",
        ),
    }
}

/// Whether viewers get the playlists of what is on the air.
pub(super) async fn playlists(config: &Config, on_air: &[OnAir]) -> Vec<Check> {
    let Some(addr) = address(config.http.listen).filter(|_| config.hls.enabled && !on_air.is_empty()) else {
        return Vec::new();
    };
    if !answers(config.http.listen).await {
        return Vec::new();
    }
    let mut checks = Vec::new();
    for OnAir { name, playback_id } in on_air {
        let valid = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + ANSWER;
        let token = config
            .playback
            .require_token
            .then(|| engine::playback_tokens(config).issue(playback_id, valid.as_secs()));
        let path = hls::path(playback_id, token.as_deref());
        let name = ("playlist", format!("Playlist of {name}"));
        let what_to_do = "see the log of the server for this stream";
        checks.push(match get(&format!("http://{addr}{path}")).await {
            Ok((200, text)) if text.starts_with("#EXTM3U") => Check::ok(name.0, name.1, "viewers get it"),
            Ok((status, _)) => Check::warn(name, format!("the server answers {status}"), what_to_do),
            Err(error) => Check::warn(name, error, what_to_do),
        });
    }
    checks
}

/// How long our certificate is good, where a listener wants one.
pub(super) fn certificate(config: &Config) -> Option<Check> {
    const NAME: (&str, &str) = ("certificate", "Certificate");
    let identity = match certificate::load(config) {
        Ok(identity) => identity?,
        Err(error) => {
            return Some(Check::fail(NAME, format!("{error:#}"), "see tls.cert and tls.key"));
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = identity.expires().map(|end| end.saturating_sub(i64::try_from(now.as_secs()).unwrap_or(0)));
    let what_to_do = "renew it; new files are taken within seconds, without a restart";
    Some(match left {
        None => Check::warn(NAME, "when it ends cannot be read", "see that it is an X.509 certificate"),
        Some(..=0) => Check::fail(NAME, "it is not valid any more", what_to_do),
        Some(left) => {
            let detail = format!("valid for {} days", left / (24 * 3600));
            if u64::try_from(left).is_ok_and(|left| left < RENEW_BEFORE.as_secs()) {
                Check::warn(NAME, detail, what_to_do)
            } else {
                Check::ok(NAME.0, NAME.1, detail)
            }
        }
    })
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
