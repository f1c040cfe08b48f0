//! The address of a destination: parsed once, its secrets hidden from `Debug`.

use std::fmt;
use std::net::Ipv6Addr;

/// Where a destination publishes to.
#[derive(Clone, PartialEq, Eq)]
pub struct RtmpUrl {
    /// RTMP over TLS.
    pub tls: bool,
    /// Host name or address as written, without brackets.
    pub host: String,
    /// 1935, or 443 for `rtmps`, unless written.
    pub port: u16,
    /// Everything after the host, query included, without slashes at the ends. May be empty.
    pub app: String,
    /// What is published: byte-exact, queries and percent signs untouched.
    key: String,
}

/// Why a text is no destination address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not `rtmp://` or `rtmps://`.
    #[error("the address must begin with rtmp:// or rtmps://")]
    Scheme,
    /// No host between `://` and the next slash.
    #[error("the address has no host")]
    Host,
    /// The port is not 1 to 65535.
    #[error("the port must be 1 to 65535")]
    Port,
    /// User and password, which RTMP has no place for.
    #[error("the address must not hold a user name or password")]
    UserInfo,
    /// Neither the address nor the stream key field names a key.
    #[error("there is no stream key: set stream_key, or add it to the end of the address")]
    NoKey,
    /// A server asks us to go on without TLS.
    #[error("the address would give up TLS")]
    Unprotected,
    /// Longer than any address.
    #[error("the address is longer than 1024 bytes")]
    Length,
    /// Control characters or spaces.
    #[error("the address or stream key holds a space or control character")]
    Characters,
}

/// Bytes of the address in a request to connect anew. Real ones have some 50.
const TC_URL_LEN_MAX: usize = 1024;

/// Amazon IVS (Kick among others) shows addresses without an app, and expects this one.
const IVS_HOST: &str = ".global-contribute.live-video.net";
const IVS_APP: &str = "app";

impl RtmpUrl {
    /// Parses a server address and a stream key, as platforms show them.
    ///
    /// With a `key`, everything after the host is the app, as in OBS. Without one, the last part of the path is the key;
    /// a query after it belongs to the key.
    ///
    /// # Errors
    /// [`InvalidUrl`], whose text never quotes the address.
    pub fn parse(url: &str, key: &str) -> Result<Self, InvalidUrl> {
        let (url, key) = (url.trim(), key.trim());
        if url.chars().chain(key.chars()).any(|c| c.is_control() || c == ' ') {
            return Err(InvalidUrl::Characters);
        }
        let (tls, rest) = split_scheme(url).ok_or(InvalidUrl::Scheme)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (host, port) = split_authority(authority, if tls { 443 } else { 1935 })?;
        let path = path.trim_start_matches('/');
        let (app, key) = if key.is_empty() { split_key(path)? } else { (trim_app(path), key) };
        let app = usual_app(host, app).to_owned();
        Ok(Self { tls, host: host.to_owned(), port, app, key: key.to_owned() })
    }

    /// Where a server asks us to connect anew (Enhanced RTMP v2, ReconnectRequest), with the same key: its `tcUrl`,
    /// read like a URI reference against ours. Absolute, without its scheme (`//host/app`), a path, or empty for
    /// the same address again.
    ///
    /// # Errors
    /// [`InvalidUrl`]; also where it would give up TLS.
    pub fn resolve(&self, tc_url: &str) -> Result<Self, InvalidUrl> {
        if tc_url.len() > TC_URL_LEN_MAX {
            return Err(InvalidUrl::Length);
        }
        if tc_url.chars().any(|c| c.is_control() || c == ' ') {
            return Err(InvalidUrl::Characters);
        }
        if tc_url.is_empty() {
            return Ok(self.clone());
        }
        let (tls, rest) = match (split_scheme(tc_url), tc_url.strip_prefix("//")) {
            (Some(absolute), _) => absolute,
            (None, Some(rest)) => (self.tls, rest),
            (None, None) if tc_url.contains("://") => return Err(InvalidUrl::Scheme),
            (None, None) => {
                let app = match tc_url.strip_prefix('/') {
                    Some(path) => path.to_owned(),
                    // Beside the last part of ours.
                    None => self
                        .app
                        .rsplit_once('/')
                        .map_or_else(|| tc_url.to_owned(), |(before, _)| format!("{before}/{tc_url}")),
                };
                return Ok(Self { app: trim_app(&app).to_owned(), ..self.clone() });
            }
        };
        if self.tls && !tls {
            return Err(InvalidUrl::Unprotected);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (host, port) = split_authority(authority, if tls { 443 } else { 1935 })?;
        let app = usual_app(host, trim_app(path.trim_start_matches('/'))).to_owned();
        Ok(Self { tls, host: host.to_owned(), port, app, key: self.key.clone() })
    }

    /// Whether both are at the same host, by its name.
    #[must_use]
    pub fn is_same_host(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host)
    }

    /// What is published: the stream key. A secret.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// `scheme://host[:port]/app`, the host exactly as configured, the port where it is not the usual one.
    #[must_use]
    pub fn tc_url(&self) -> String {
        format!("{}/{}", self.origin(), self.app)
    }

    /// `scheme://host[:port]`: safe in logs.
    #[must_use]
    pub fn origin(&self) -> String {
        let (scheme, usual) = if self.tls { ("rtmps", 443) } else { ("rtmp", 1935) };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == usual {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }
}

impl RtmpUrl {
    /// [`tc_url`](Self::tc_url) as people may see it: of a query only that there is one.
    #[must_use]
    pub fn shown(&self) -> String {
        let app = self.app.split_once('?').map_or_else(|| self.app.clone(), |(app, _)| format!("{app}?***"));
        format!("{}/{app}", self.origin())
    }
}

impl fmt::Debug for RtmpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/(redacted)", self.origin())
    }
}

fn split_scheme(url: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme.eq_ignore_ascii_case("rtmp") {
        Some((false, rest))
    } else if scheme.eq_ignore_ascii_case("rtmps") {
        Some((true, rest))
    } else {
        None
    }
}

fn split_authority(authority: &str, usual: u16) -> Result<(&str, u16), InvalidUrl> {
    if authority.contains('@') {
        return Err(InvalidUrl::UserInfo);
    }
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or(InvalidUrl::Host)?;
        let port = rest.strip_prefix(':');
        // RFC 3986, 3.2.2: brackets hold an IPv6 address, and what follows is a port.
        if host.parse::<Ipv6Addr>().is_err() || port.is_none() && !rest.is_empty() {
            return Err(InvalidUrl::Host);
        }
        (host, port)
    } else {
        authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
    };
    if host.is_empty() {
        return Err(InvalidUrl::Host);
    }
    let port = match port {
        None | Some("") => usual,
        Some(port) => port.parse::<u16>().ok().filter(|port| *port != 0).ok_or(InvalidUrl::Port)?,
    };
    Ok((host, port))
}

/// App and key of a path that holds both. The path is cut before its query, which may hold slashes.
fn split_key(path: &str) -> Result<(&str, &str), InvalidUrl> {
    let path_len = path.find('?').unwrap_or(path.len());
    let bare = path.get(..path_len).unwrap_or(path);
    let (app, key_at) = bare.rsplit_once('/').map_or(("", 0), |(app, _)| (app, app.len() + 1));
    let key = path.get(key_at..).unwrap_or_default();
    if app.is_empty() || key.is_empty() || key.starts_with('?') {
        return Err(InvalidUrl::NoKey);
    }
    Ok((app, key))
}

/// The app of an address, or what its host means where there is none.
fn usual_app<'a>(host: &str, app: &'a str) -> &'a str {
    let is_ivs = host.to_ascii_lowercase().ends_with(IVS_HOST);
    if app.is_empty() && is_ivs { IVS_APP } else { app }
}

fn trim_app(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str, key: &str) -> (bool, String, u16, String, String) {
        let url = RtmpUrl::parse(url, key).expect("a good address");
        (url.tls, url.host.clone(), url.port, url.app.clone(), url.key().to_owned())
    }

    #[test]
    fn each_platform_s_form_splits_as_its_users_mean_it() {
        for (url, key, tls, host, port, app, published) in [
            ("rtmp://a.rtmp.youtube.com/live2", "k-1", false, "a.rtmp.youtube.com", 1935, "live2", "k-1"),
            ("rtmps://a.rtmps.youtube.com:443/live2", "k", true, "a.rtmps.youtube.com", 443, "live2", "k"),
            (
                "rtmps://b.rtmps.youtube.com/live2?backup=1",
                "k",
                true,
                "b.rtmps.youtube.com",
                443,
                "live2?backup=1",
                "k",
            ),
            ("rtmp://live.twitch.tv/app/", "live_1", false, "live.twitch.tv", 1935, "app", "live_1"),
            (
                "rtmps://live-api-s.facebook.com:443/rtmp/",
                "FB-1?s_bl=1&s_psm=1",
                true,
                "live-api-s.facebook.com",
                443,
                "rtmp",
                "FB-1?s_bl=1&s_psm=1",
            ),
            (
                "rtmps://fa7.global-contribute.live-video.net",
                "sk_1",
                true,
                "fa7.global-contribute.live-video.net",
                443,
                "app",
                "sk_1",
            ),
            ("rtmp://ca.pscp.tv:80/x", "k", false, "ca.pscp.tv", 80, "x", "k"),
            (
                "rtmps://push.tiktokcdn.com/game",
                "stream-1?expire=1&sign=a%2Fb",
                true,
                "push.tiktokcdn.com",
                443,
                "game",
                "stream-1?expire=1&sign=a%2Fb",
            ),
            ("rtmp://host/live/inst", "key", false, "host", 1935, "live/inst", "key"),
            ("rtmp://[::1]:19350/live", "k", false, "::1", 19350, "live", "k"),
            ("rtmp://host", "k", false, "host", 1935, "", "k"),
        ] {
            assert_eq!(parts(url, key), (tls, host.into(), port, app.into(), published.into()), "{url}");
        }
    }

    #[test]
    fn one_address_with_the_key_at_its_end_is_split_before_the_query() {
        assert_eq!(parts("rtmp://h/live/abc?tok=a/b", "").4, "abc?tok=a/b");
        assert_eq!(parts("rtmp://h/live/inst/abc", "").3, "live/inst");
        assert_eq!(RtmpUrl::parse("rtmp://h/live", ""), Err(InvalidUrl::NoKey));
        assert_eq!(RtmpUrl::parse("rtmp://h/live/", ""), Err(InvalidUrl::NoKey));
    }

    #[test]
    fn where_a_server_sends_us_is_read_against_where_we_are() {
        let plain = RtmpUrl::parse("rtmp://here:1936/live/a", "secret").expect("good");
        for (tc_url, tls, host, port, app) in [
            ("", false, "here", 1936, "live/a"),
            ("rtmp://there/x/y", false, "there", 1935, "x/y"),
            ("rtmps://there:444/x/", true, "there", 444, "x"),
            ("//there/x", false, "there", 1935, "x"),
            ("//[::1]:1/x", false, "::1", 1, "x"),
            ("/other", false, "here", 1936, "other"),
            ("b", false, "here", 1936, "live/b"),
            (
                "rtmps://A.global-contribute.live-video.net",
                true,
                "A.global-contribute.live-video.net",
                443,
                "app",
            ),
        ] {
            let there = plain.resolve(tc_url).expect("a good address");
            assert_eq!(
                (there.tls, there.host.as_str(), there.port, there.app.as_str()),
                (tls, host, port, app)
            );
            assert_eq!(there.key(), "secret", "the key is never the server's to choose");
        }
        let secure = RtmpUrl::parse("rtmps://here/live", "k").expect("good");
        assert!(secure.resolve("//there/x").is_ok_and(|there| there.tls && there.port == 443));
        assert!(secure.is_same_host(&secure.resolve("rtmps://HERE:1/x").expect("good")));
        for (tc_url, error) in [
            ("rtmp://here/live", InvalidUrl::Unprotected),
            ("http://here/live", InvalidUrl::Scheme),
            ("rtmps://u:p@here/live", InvalidUrl::UserInfo),
            ("rtmps://:1/live", InvalidUrl::Host),
            ("rtmps://h:0/live", InvalidUrl::Port),
            ("/li ve", InvalidUrl::Characters),
            (&"x".repeat(2_000), InvalidUrl::Length),
        ] {
            assert_eq!(secure.resolve(tc_url), Err(error), "{tc_url}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_apart() {
        for (url, error) in [
            ("http://h/live", InvalidUrl::Scheme),
            ("h/live", InvalidUrl::Scheme),
            ("rtmp:///live", InvalidUrl::Host),
            ("rtmp://[[.1]:5/live", InvalidUrl::Host),
            ("rtmp://[::1]5/live", InvalidUrl::Host),
            ("rtmp://[h]/live", InvalidUrl::Host),
            ("rtmp://h:0/live", InvalidUrl::Port),
            ("rtmp://h:99999/live", InvalidUrl::Port),
            ("rtmp://u:p@h/live", InvalidUrl::UserInfo),
            ("rtmp://h/li ve", InvalidUrl::Characters),
        ] {
            assert_eq!(RtmpUrl::parse(url, "k"), Err(error), "{url}");
        }
    }

    #[test]
    fn tc_url_has_the_host_as_configured_and_never_the_key() {
        let url = RtmpUrl::parse("rtmp://Host:1936/live", "secret").expect("good");
        assert_eq!(url.tc_url(), "rtmp://Host:1936/live");
        assert!(!format!("{url:?}").contains("secret"));
        assert_eq!(RtmpUrl::parse("rtmps://h/a", "k").expect("good").tc_url(), "rtmps://h/a");
    }
}
