//! The control plane's rooms, each built from its part of the configuration.

use std::sync::Arc;

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::config::{self, Config};
use super::engine::{Engine, hold_config};
use crate::control::{self, Control, Declared, DeclaredDestination, DestinationWish, Rooms};
use crate::media::Codec;
use crate::store::{Store, StoreConfig};
use crate::vault::{ServerKey, Vault};

/// The database's file in `data_dir`, where no other is configured.
const DATABASE_FILE: &str = "gostream.db";

/// How the store is opened.
pub(super) fn store_config(config: &Config) -> StoreConfig {
    let database = &config.database;
    let url = match database.url.expose() {
        "" => format!("sqlite:{}", config.data_dir.join(DATABASE_FILE).display()),
        url => url.to_owned(),
    };
    StoreConfig {
        url,
        pool_max: database.pool_max,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
        migrate_timeout: database.migrate_timeout,
    }
}

/// The server's key, made at the first start.
pub(super) fn vault(config: &Config) -> anyhow::Result<Vault> {
    let key = ServerKey::load_or_create(&config.data_dir).context("the server key")?;
    Ok(Vault::new(key, Vec::new()))
}

/// Projects as people manage them, over the engine.
pub(super) fn control(config: &Config, store: Store, vault: Vault, engine: &Engine) -> Arc<Control> {
    let rooms = Rooms {
        store,
        vault,
        stage: Arc::clone(&engine.stage),
        directory: Arc::clone(&engine.directory),
        sessions: Arc::clone(&engine.sessions),
        tasks: engine.background.clone(),
        stop: engine.stop.clone(),
    };
    let limits = &config.limits;
    let config = control::Config {
        hold: hold_config(config),
        chunk_size: config.rtmp.chunk_size,
        projects_max: limits.projects,
        destinations_max: limits.destinations_per_project,
        stream_keys_max: limits.stream_keys_per_project,
    };
    Control::new(rooms, config)
}

/// The projects of the file, as control takes them.
#[must_use]
pub fn declared(projects: &[config::Project]) -> Vec<Declared> {
    let project = |project: &config::Project| Declared {
        name: project.name.clone(),
        stream_key: project.stream_key.clone(),
        playback_id: project.playback_id.as_str().to_owned(),
        hold: project.hold,
        destinations: project.destinations.iter().map(destination).collect(),
    };
    projects.iter().map(project).collect()
}

fn destination(declared: &config::Destination) -> DeclaredDestination {
    let codecs =
        declared.codecs.map(|codecs| codecs.named().map(Codec::label).map(str::to_owned).collect::<Vec<_>>());
    DeclaredDestination(DestinationWish {
        name: declared.name.clone(),
        platform: declared.platform.map(|platform| platform.label().to_owned()),
        url: declared.url.clone(),
        stream_key: Zeroizing::new(declared.stream_key.expose().to_owned()),
        enabled: declared.enabled,
        insecure: declared.insecure,
        chunk_size: declared.chunk_size,
        codecs,
        video_track: declared.video_track,
        audio_track: declared.audio_track,
        limits: None,
    })
}
