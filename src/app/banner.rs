//! What a person who starts the program sees: where things are, and how to point OBS at it. On standard output; the log
//! is on standard error.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::SystemTime;

use super::life::Addresses;
use super::preparation::FirstProject;
use crate::account::Link;
use crate::api::page;
use crate::auth::PlaybackTokens;
use crate::stream::PlaybackId;

/// What the demo sends.
const DEMO_ON_AIR: &str = "a test pattern, to a practice destination; an encoder with the key takes over";
/// Why it sends nothing.
const DEMO_OFF_AIR: &str = "nothing: this project has other destinations, which would show the test pattern";

/// What a link does for who opens it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Opens<'a> {
    /// It makes the first administrator.
    Setup(&'a Link),
    /// It leads into the demo.
    Demo {
        link: &'a Link,
        /// The clip is on the air.
        on_air: bool,
    },
}

/// What is said at the start.
pub(super) struct Banner<'a> {
    /// Where the process listens.
    pub(super) addresses: Addresses,
    /// The app of publish and play addresses.
    pub(super) app: &'a str,
    /// Whose key is shown; `None` when it was shown at an earlier start.
    pub(super) project: Option<&'a FirstProject>,
    /// A link into the dashboard; `None` where people have accounts.
    pub(super) link: Option<Opens<'a>>,
    /// What viewers need, where they need something.
    pub(super) tokens: Option<Arc<PlaybackTokens>>,
}

impl<'a> Banner<'a> {
    /// Of a server to which anybody may come.
    pub(super) const fn new(addresses: Addresses, app: &'a str, project: Option<&'a FirstProject>) -> Self {
        Self { addresses, app, project, link: None, tokens: None }
    }

    /// Prints it. A closed standard output is nobody's loss.
    pub(super) fn print(&self) {
        let mut out = std::io::stdout().lock();
        let _printed = out.write_all(self.text().as_bytes()).and_then(|()| out.flush());
    }

    fn text(&self) -> String {
        let mut text = String::from("\n");
        let mut line = |label: &str, value: &str| text.push_str(&format!("  {label:<22}{value}\n"));
        if let Some(http) = self.addresses.http {
            line("Web", &format!("http://{}/", reachable(http)));
        }
        match (self.link, self.page_url()) {
            (Some(Opens::Setup(link)), Some(url)) => {
                line("Set up (30 minutes)", &format!("{url}{}", link.path()));
            }
            (Some(Opens::Demo { link, on_air }), Some(url)) => {
                line("Open this", &format!("{url}{}", link.path()));
                line(
                    "",
                    "It lets one browser in, within 30 minutes. Started again, the demo prints another.",
                );
                line("On the air", if on_air { DEMO_ON_AIR } else { DEMO_OFF_AIR });
            }
            _ => {}
        }
        if let Some(metrics) = self.addresses.metrics {
            line("Metrics", &format!("http://{}/metrics", reachable(metrics)));
        }
        let rtmp = self.addresses.rtmp.map(|addr| format!("rtmp://{}/{}", reachable(addr), self.app));
        if let (Some(server), Some(project)) = (rtmp, self.project) {
            line("", "");
            line("Point OBS at it:", "Settings > Stream > Service: Custom...");
            line("  Server", &server);
            line("  Stream key", project.stream_key.expose());
            if let Some(http) = self.addresses.http {
                let id = &project.playback_id;
                let token = self.token(id);
                let path = page::watch_path(id, token.as_deref());
                line("  Then watch", &format!("http://{}{path}", reachable(http)));
                let query = token.map(|token| format!("?token={token}")).unwrap_or_default();
                line("  or play", &format!("{server}/{id}{query}"));
            }
        }
        text.push('\n');
        text
    }

    /// Where the pages are: over TLS, where that is on.
    fn page_url(&self) -> Option<String> {
        let Addresses { http, https, .. } = self.addresses;
        let secure = https.map(|addr| format!("https://{}", reachable(addr)));
        secure.or_else(|| http.map(|addr| format!("http://{}", reachable(addr))))
    }

    /// A token to begin with: whoever sees this has just been shown the stream key.
    fn token(&self, id: &PlaybackId) -> Option<String> {
        self.tokens.as_ref().map(|tokens| tokens.issue_daily(id, SystemTime::now()))
    }
}

/// An address that other machines can use: for a socket on all interfaces, the one that leads out of this machine.
pub(super) fn reachable(addr: SocketAddr) -> SocketAddr {
    if !addr.ip().is_unspecified() {
        return addr;
    }
    SocketAddr::new(outward().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), addr.port())
}

/// Our address toward the outside. A UDP socket that is connected sends nothing; the system only picks a route to an
/// address kept for documentation (RFC 5737).
fn outward() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|addr| addr.ip()).filter(|ip| !ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::StreamKey;

    #[test]
    fn a_newcomer_learns_where_to_point_obs_and_where_to_watch() {
        let project = FirstProject {
            stream_key: StreamKey::new("the-key"),
            playback_id: PlaybackId::parse("abc").expect("a good id"),
        };
        let addr = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let addresses =
            Addresses { rtmp: addr(1935), rtmps: None, http: addr(8080), https: None, metrics: addr(9090) };
        let text = Banner::new(addresses, "live", Some(&project)).text();
        for wanted in ["rtmp://127.0.0.1:1935/live\n", "the-key", "http://127.0.0.1:8080/watch/abc"] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
        let later = Banner::new(addresses, "live", None).text();
        assert!(!later.contains("the-key"), "a key is shown once");
    }
}
