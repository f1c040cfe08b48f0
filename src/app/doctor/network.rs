//! The network: our listeners, our certificate, and the way to each destination.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::config::{Config, Listen};
use super::super::{certificate, engine};
use super::Check;
use super::database::Reached;
use crate::push::{self, Destination, DestinationId, Outcome, Platform, Trial, TrialStep};

/// A certificate that ends sooner is to be renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How long an answer of our own server may take.
const ANSWER: Duration = Duration::from_secs(3);

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
    let Ok(client) = reqwest::Client::builder().timeout(ANSWER).no_proxy().build() else { return false };
    match client.get(format!("http://{addr}/livez")).send().await {
        Ok(answer) => answer.text().await.is_ok_and(|text| text == "alive\n"),
        Err(_) => false,
    }
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

/// Whether each destination answers, up to and without publishing.
pub(super) async fn destinations(config: &Config, destinations: Vec<Reached>) -> Vec<Check> {
    let Ok(push) = engine::push_config(config) else { return Vec::new() };
    let mut checks = Vec::new();
    for Reached { name, url, insecure } in destinations {
        let title = format!("Destination {name}");
        let origin = url.origin();
        let destination = Destination {
            id: DestinationId::new("doctor"),
            tag: "".into(),
            name,
            platform: Platform::of_host(&url.host),
            url,
            enabled: true,
            insecure,
            chunk_size: config.rtmp.chunk_size,
            codecs: None,
            video_track: None,
            audio_track: None,
        };
        let mut told = Told::default();
        push::try_out(&push, &destination, false, &mut told).await;
        checks.push(match told.0 {
            None => Check::ok("destination", title, format!("{origin} answers and takes the app")),
            Some((step, detail)) => Check::fail(
                ("destination", title),
                format!("{origin}, {}: {detail}", step.label()),
                "see that the address is right and that this machine may reach it",
            ),
        });
    }
    checks
}

/// The step that failed.
#[derive(Default)]
struct Told(Option<(TrialStep, String)>);

impl Trial for Told {
    fn begins(&mut self, _step: TrialStep) {}

    fn ended(&mut self, step: TrialStep, outcome: Outcome, _took: Duration) {
        if let Outcome::Failed { detail, .. } = outcome {
            self.0 = Some((step, detail));
        }
    }
}
