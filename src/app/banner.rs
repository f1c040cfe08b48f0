//! What a person who starts the program sees: where things are, and how to point OBS at it. On standard output; the log
//! is on standard error.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use super::config::Project;
use super::life::Addresses;

/// What is said at the start.
pub(super) struct Banner<'a> {
    /// Where the process listens.
    pub(super) addresses: Addresses,
    /// The app of publish and play addresses.
    pub(super) app: &'a str,
    /// Whose key is shown; `None` when it was shown at an earlier start.
    pub(super) project: Option<&'a Project>,
    /// The demo's page is up.
    pub(super) demo: bool,
}

impl Banner<'_> {
    /// Prints it. A closed standard output is nobody's loss.
    pub(super) fn print(&self) {
        let mut out = std::io::stdout().lock();
        let _printed = out.write_all(self.text().as_bytes()).and_then(|()| out.flush());
    }

    fn text(&self) -> String {
        let mut text = String::from("\n");
        let mut line = |label: &str, value: &str| text.push_str(&format!("  {label:<22}{value}\n"));
        if let Some(http) = self.addresses.http {
            let http = reachable(http);
            if self.demo {
                line("See it play", &format!("http://{http}/"));
                line("HLS", &format!("http://{http}/hls/{}/index.m3u8", super::demo::PLAYBACK_ID));
            } else {
                line("Web", &format!("http://{http}/"));
            }
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
                line("  Then watch", &format!("http://{}/watch/{id}", reachable(http)));
                line("  or play", &format!("{server}/{id}"));
            }
        }
        text.push('\n');
        text
    }
}

/// An address that other machines can use: for a socket on all interfaces, the one that leads out of this machine.
fn reachable(addr: SocketAddr) -> SocketAddr {
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
    use crate::stream::{PlaybackId, StreamKey};

    #[test]
    fn a_newcomer_learns_where_to_point_obs_and_where_to_watch() {
        let project = Project {
            name: "My stream".into(),
            stream_key: StreamKey::new("the-key"),
            playback_id: PlaybackId::parse("abc").expect("a good id"),
            hold: None,
            destinations: Vec::new(),
        };
        let addr = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let addresses =
            Addresses { rtmp: addr(1935), rtmps: None, http: addr(8080), https: None, metrics: addr(9090) };
        let text = Banner { addresses, app: "live", project: Some(&project), demo: false }.text();
        for wanted in ["rtmp://127.0.0.1:1935/live\n", "the-key", "http://127.0.0.1:8080/watch/abc"] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
        let later = Banner { addresses, app: "live", project: None, demo: false }.text();
        assert!(!later.contains("the-key"), "a key is shown once");
    }
}
