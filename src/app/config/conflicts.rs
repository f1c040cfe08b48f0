//! Rules between the keys of the configuration, beyond what each key asks of itself.

use std::collections::BTreeSet;

use super::{Config, Listen, TlsMode};
use crate::auth::PlaybackTokens;
use crate::stream::StreamKey;
use crate::vault::ServerKey;

/// The longest `rtmp.publish_password`, in bytes: FFmpeg cuts one that is longer.
const PASSWORD_LEN_MAX: usize = 49;

/// A rule between keys that is broken: the key it is reported at, what it says and how it is broken.
pub(super) type Conflict = (&'static str, String, String);

/// Every broken rule.
fn all(config: &Config) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut rule = |broken: bool, key: &'static str, must: &str, label: &str| {
        if broken {
            found.push((key, must.to_owned(), label.to_owned()));
        }
    };
    let (relay, hls) = (&config.relay, &config.hls);
    rule(
        config.rtmp.listen == Listen::Off && config.rtmps.listen == Listen::Off,
        "rtmp.listen",
        "may be off only where rtmps.listen is on",
        "nobody could publish",
    );
    let (user, password) = (&config.rtmp.publish_user, &config.rtmp.publish_password);
    rule(
        !user.is_empty() && password.is_empty(),
        "rtmp.publish_user",
        "needs rtmp.publish_password",
        "rtmp.publish_password is empty",
    );
    rule(
        user.is_empty() && !password.is_empty(),
        "rtmp.publish_password",
        "needs rtmp.publish_user",
        "rtmp.publish_user is empty",
    );
    rule(
        password.expose().len() > PASSWORD_LEN_MAX,
        "rtmp.publish_password",
        "must be at most 49 bytes: FFmpeg knows no longer ones",
        "this is longer",
    );
    viewers_and_tls(config, &mut rule);
    people(config, &mut rule);
    rule(
        relay.retry_max < relay.retry_min,
        "relay.retry_max",
        "must not be below relay.retry_min",
        "this is below",
    );
    rule(hls.segment < hls.part, "hls.part", "must not be longer than hls.segment", "this is longer");
    rule(
        hls.segment_max < hls.segment,
        "hls.segment_max",
        "must not be shorter than hls.segment",
        "this is shorter",
    );
    found
}

fn people(config: &Config, rule: &mut impl FnMut(bool, &'static str, &str, &str)) {
    let (oidc, vault) = (&config.auth.oidc, &config.vault);
    rule(
        !oidc.issuer.is_empty() && oidc.client_id.is_empty(),
        "auth.oidc.issuer",
        "needs auth.oidc.client_id",
        "auth.oidc.client_id is empty",
    );
    rule(
        oidc.issuer.is_empty() && !oidc.client_id.is_empty(),
        "auth.oidc.client_id",
        "needs auth.oidc.issuer",
        "auth.oidc.issuer is empty",
    );
    let must = "must be 32 bytes, as 64 hexadecimal digits or in base64: `openssl rand -hex 32` makes one";
    let is_key = |key: &StreamKey| ServerKey::parse(key.expose()).is_ok();
    rule(!vault.key.is_empty() && !is_key(&vault.key), "vault.key", must, "this is none");
    rule(!vault.older_keys.iter().all(is_key), "vault.older_keys", must, "one of these is none");
}

fn viewers_and_tls(config: &Config, rule: &mut impl FnMut(bool, &'static str, &str, &str)) {
    let tls = &config.tls;
    for (listen, key) in [(config.rtmps.listen, "rtmps.listen"), (config.https.listen, "https.listen")] {
        let off = tls.mode == TlsMode::Off;
        rule(listen.is_on() && off, key, "needs tls.mode = \"files\"", "tls.mode is \"off\"");
        let wants = listen.is_on() && !off;
        rule(
            wants && tls.cert.is_none(),
            key,
            "needs tls.cert, a PEM file with the certificate chain",
            "tls.cert is empty",
        );
        rule(
            wants && tls.key.is_none(),
            key,
            "needs tls.key, a PEM file with the private key",
            "tls.key is empty",
        );
    }
    let secret = &config.playback.secret;
    rule(
        config.playback.require_token && secret.is_empty(),
        "playback.require_token",
        "needs playback.secret",
        "playback.secret is empty",
    );
    rule(
        !secret.is_empty() && secret.expose().len() < PlaybackTokens::SECRET_LEN_MIN,
        "playback.secret",
        "must be at least 16 bytes",
        "this is shorter",
    );
}

/// The broken rules, but for those of sections where a key is faulty by itself: its default would be judged instead.
pub(super) fn between(config: &Config, faulty: &BTreeSet<String>) -> Vec<Conflict> {
    let group = |key: &str| match key.split('.').next() {
        Some("rtmp" | "rtmps" | "https" | "tls") => "ingest".to_owned(),
        section => section.unwrap_or_default().to_owned(),
    };
    let faulty: BTreeSet<_> = faulty.iter().map(|key| group(key)).collect();
    all(config).into_iter().filter(|(key, ..)| !faulty.contains(&group(key))).collect()
}
