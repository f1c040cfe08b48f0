//! `gostream demo`: a short clip of ours, published over real RTMP in a loop, sent to a practice destination, and
//! played on the page. It proves the whole path on a machine without FFmpeg or OBS.

mod practice;
mod publisher;
mod rehearsal;

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use super::config::{Config, Destination, Project};
use super::life::App;
use crate::api::page::FrontPage;
use crate::stream::{PlaybackId, StreamKey};

pub use practice::Practice;
pub(super) use rehearsal::Rehearsals;

use practice::Welcome;

/// The demo's playback id.
pub const PLAYBACK_ID: &str = "demo";
/// The same as what it is.
pub(super) fn playback_id() -> PlaybackId {
    #[expect(clippy::expect_used, reason = "a constant, and a test builds one")]
    PlaybackId::parse(PLAYBACK_ID).expect("letters")
}

/// The app of the practice destination.
const PRACTICE_APP: &str = "practice";

/// A running demo.
pub struct Demo {
    /// The process as `serve` runs it, with one project more.
    pub app: App,
    /// What the practice destination received.
    pub practice: Practice,
    /// The configuration, with the demo's project.
    pub config: Config,
}

impl Demo {
    /// Adds the demo's project to `config`, starts everything, and publishes the clip until the process drains.
    ///
    /// # Errors
    /// As [`App::start`]; or no random bytes for the keys.
    pub async fn start(mut config: Config) -> anyhow::Result<Self> {
        let socket = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        socket.set_nonblocking(true)?;
        let practice_addr = socket.local_addr()?;
        let (key, practice_key) = (random_key()?, random_key()?);
        // The demo's encoder knows its key and nothing else.
        config.rtmp.publish_user.clear();
        config.projects.push(Project {
            name: "Demo".to_owned(),
            stream_key: key.clone(),
            playback_id: playback_id(),
            hold: None,
            destinations: vec![Destination {
                name: "Practice".to_owned(),
                url: format!("rtmp://{practice_addr}/{PRACTICE_APP}"),
                stream_key: practice_key.clone(),
                ..Destination::default()
            }],
        });
        let app = App::start(&config, FrontPage::Demo).await?;
        let practice = Practice::default();
        let served = practice.clone().serve(
            TcpListener::from_std(socket)?,
            Welcome::Key(practice_key),
            app.engine.stop.clone(),
        );
        app.engine.background.spawn(served);
        if let Some(rtmp) = app.addresses.rtmp {
            let url = format!("rtmp://{}/{}", loopback(rtmp), config.rtmp.app);
            let published = publisher::publish_in_a_loop(url, key, app.engine.drain.clone());
            app.engine.background.spawn(published);
        }
        Ok(Self { app, practice, config })
    }
}

/// The address to reach our own listener by.
fn loopback(addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, addr.port())) } else { addr }
}

fn random_key() -> anyhow::Result<StreamKey> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(StreamKey::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}
