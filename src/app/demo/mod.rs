//! `gostream demo`: the server as `serve` runs it, in a folder of its own, with a picture on the air before anybody has
//! connected an encoder: a short clip of ours, published over real RTMP and sent to the practice destination. Whoever
//! opens the link that it prints is inside. It proves the whole path on a machine without FFmpeg or OBS.

mod practice;
mod publisher;
mod rehearsal;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use anyhow::Context as _;

use super::config::Config;
use super::life::App;
use super::preparation::FirstProject;
use crate::account::Link;
use crate::api::v1::practice_wish;
use crate::control::{Known, stream_of};
use crate::store::UnixMillis;
use crate::stream::{PlaybackId, StreamKey};

pub(super) use rehearsal::Rehearsals;

/// The folder in `data_dir` that is the demo's: what is tried there is kept, and is nothing of the server's.
const FOLDER: &str = "demo";

/// The app of the practice destination.
const PRACTICE_APP: &str = "practice";

/// What the demo's visitor is told.
pub(super) struct Shown {
    /// The link that lets them in.
    pub(super) link: Link,
    /// The project that is on the air, with its key.
    pub(super) project: FirstProject,
    /// The clip is on the air; it is not where it would go out to others.
    pub(super) on_air: bool,
}

/// As the demo runs: on a database of its own, without the file's projects, and open to encoders that have the key alone.
pub(super) fn config(mut config: Config) -> Config {
    config.data_dir = config.data_dir.join(FOLDER);
    config.database.url = StreamKey::new("");
    config.projects.clear();
    config.rtmp.publish_user.clear();
    config
}

/// Puts the clip on the air of the first project, and the practice destination below it.
///
/// # Errors
/// The store does not do what it should.
pub(super) async fn begin(app: &App) -> anyhow::Result<Shown> {
    let (control, rehearsal) = (&app.control, &app.services.rehearsal);
    let first = || control.catalog().projects(None, 1).0.pop().context("there is no project");
    let practice = rehearsal.practice_url();
    let mut known = first()?;
    if let Some(url) = practice.clone().filter(|_| known.destinations.is_empty()) {
        control.create_destination(known.project.id, practice_wish(url)).await?;
        known = first()?;
    }
    let stream_key = key_of(app, &known)?;
    // Whoever has put a platform there since does not want our clip on it.
    let mut wanted = known.destinations.iter().filter(|destination| destination.enabled);
    let alone = wanted.all(|destination| Some(&destination.url) == practice.as_ref());
    let stream = stream_of(&known.project);
    let begun = alone && rehearsal.begin(known.project.id, &stream, stream_key.clone()).is_ok();
    let playback_id = PlaybackId::parse(&known.project.playback_id)?;
    let link = app.accounts.entry_link().await?;
    Ok(Shown { link, project: FirstProject { stream_key, playback_id }, on_air: begun })
}

fn key_of(app: &App, known: &Known) -> anyhow::Result<StreamKey> {
    let now = UnixMillis::from(SystemTime::now());
    let key = known.stream_keys.iter().find(|key| key.publishes(now)).context("no stream key publishes")?;
    Ok(StreamKey::new(app.control.reveal_stream_key(key.id)?.as_str()))
}

/// The address to reach our own listener by.
fn loopback(addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, addr.port())) } else { addr }
}
