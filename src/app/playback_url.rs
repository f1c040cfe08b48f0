//! `gostream playback-url`: addresses that play one stream for a while, made from the configuration alone.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::banner::reachable;
use super::config::{Config, Listen};
use super::engine::playback_tokens;
use crate::api::{hls, page};
use crate::stream::PlaybackId;

/// What is asked for.
pub(super) struct Wanted<'a> {
    /// The stream.
    pub(super) id: &'a PlaybackId,
    /// For how long.
    pub(super) valid_for: Duration,
    /// The host that viewers know us by; without one, the address that leads out of this machine.
    pub(super) host: Option<&'a str>,
}

/// All addresses of a stream with a token in them, and when it ends.
///
/// # Errors
/// There is no secret to sign with.
pub(super) fn text(config: &Config, wanted: &Wanted<'_>, now: SystemTime) -> Result<String, &'static str> {
    if config.playback.secret.is_empty() {
        return Err("error: playback.secret is empty: there is nothing to sign a token with");
    }
    let id = wanted.id;
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let expires = since.saturating_add(wanted.valid_for).as_secs();
    let token = playback_tokens(config).issue(id, expires);
    let (watch, playlist) = (page::watch_path(id, Some(&token)), hls::path(id, Some(&token)));
    let rtmp = format!("/{}/{id}?token={token}", config.rtmp.app);
    let mut text = String::new();
    for (scheme, listen, path) in [
        ("https", config.https.listen, &watch),
        ("https", config.https.listen, &playlist),
        ("http", config.http.listen, &watch),
        ("http", config.http.listen, &playlist),
        ("rtmps", config.rtmps.listen, &rtmp),
        ("rtmp", config.rtmp.listen, &rtmp),
    ] {
        if let Some(authority) = authority(listen, wanted.host) {
            // A String takes everything.
            let _written = writeln!(text, "{scheme}://{authority}{path}");
        }
    }
    let end =
        i64::try_from(expires).ok().and_then(|expires| OffsetDateTime::from_unix_timestamp(expires).ok());
    if let Some(end) = end.and_then(|end| end.format(&Rfc3339).ok()) {
        let _written = writeln!(text, "# until {end}");
    }
    Ok(text)
}

pub(super) fn authority(listen: Listen, host: Option<&str>) -> Option<String> {
    let addr = match listen {
        Listen::Off => return None,
        Listen::Everywhere(port) => SocketAddr::from(([0, 0, 0, 0], port)),
        Listen::At(addr) => addr,
    };
    Some(host.map_or_else(|| reachable(addr).to_string(), |host| format!("{host}:{}", addr.port())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::StreamKey;

    #[test]
    fn each_listener_that_is_on_has_its_addresses() {
        let id = PlaybackId::parse("show").expect("a good id");
        let hour = Duration::from_secs(3_600);
        let wanted = Wanted { id: &id, valid_for: hour, host: Some("live.example") };
        let mut config = Config::default();
        text(&config, &wanted, UNIX_EPOCH).expect_err("there is no secret");
        config.playback.secret = StreamKey::new("sixteen bytes or more");
        config.https.listen = Listen::Everywhere(8443);
        let token = playback_tokens(&config).issue(&id, 3_600);
        assert_eq!(
            text(&config, &wanted, UNIX_EPOCH).expect("made"),
            format!(
                "https://live.example:8443/watch/show?token={token}\n\
                 https://live.example:8443/hls/show/{token}/index.m3u8\n\
                 http://live.example:8080/watch/show?token={token}\n\
                 http://live.example:8080/hls/show/{token}/index.m3u8\n\
                 rtmp://live.example:1935/live/show?token={token}\n\
                 # until 1970-01-01T01:00:00Z\n"
            )
        );
    }
}
