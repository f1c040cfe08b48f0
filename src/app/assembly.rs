//! The control plane's rooms, each built from its part of the configuration.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::config::{self, AllowPrivate, Config};
use super::demo::Rehearsals;
use super::engine::{Engine, hold_config};
use super::life::Addresses;
use super::{doctor, node};
use crate::account::{self, Accounts, oidc};
use crate::api::machine::Machine;
use crate::api::{Health, v1};
use crate::auth::PlaybackTokens;
use crate::control::{self, Control, Declared, DeclaredDestination, DestinationWish, Rooms};
use crate::journal::{self, Journal};
use crate::media::Codec;
use crate::net::Allowed;
use crate::push::OwnLimits;
use crate::store::{Role, Store, StoreConfig};
use crate::stream::StreamKey;
use crate::vault::{FILE_NAME, ServerKey, Vault};
use crate::webhook::{self, Webhooks};

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

/// The server keys: the configured one, or the one in `data_dir`, made at the first start.
pub(super) fn vault(config: &Config) -> anyhow::Result<Vault> {
    let read = |key: &StreamKey| ServerKey::parse(key.expose()).context("[vault]");
    let mut older = config.vault.older_keys.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let in_file = || ServerKey::load_or_create(&config.data_dir).context("the server key");
    if config.vault.key.is_empty() {
        return Ok(Vault::new(in_file()?, older));
    }
    // The file's key was at work until this one was configured.
    if config.data_dir.join(FILE_NAME).exists() {
        older.push(in_file()?);
    }
    Ok(Vault::new(read(&config.vault.key)?, older))
}

/// Who people are.
pub(super) fn accounts(config: &Config, store: Store, vault: Vault) -> anyhow::Result<Accounts> {
    let (auth, oidc) = (&config.auth, &config.auth.oidc);
    let provider = (!oidc.issuer.is_empty()).then(|| oidc::Config {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: Zeroizing::new(oidc.client_secret.expose().to_owned()),
        name: oidc.name.clone(),
        link_by_email: oidc.link_by_email,
        create: match oidc.create {
            config::OidcCreate::Off => None,
            config::OidcCreate::Viewer => Some(Role::Viewer),
            config::OidcCreate::Operator => Some(Role::Operator),
        },
    });
    let config = account::Config {
        session_ttl: auth.session_ttl,
        sign_up: auth.signup,
        oidc: provider,
        cost: account::Cost::default(),
        cache: config.database.cache,
    };
    Ok(Accounts::new(store, vault, config)?)
}

/// Projects as people manage them, over the engine, and what happens to them.
///
/// # Errors
/// The node's name cannot be kept.
pub(super) fn control(
    config: &Config,
    store: Store,
    vault: Vault,
    engine: &Engine,
) -> anyhow::Result<Arc<Control>> {
    let sources = journal::Sources {
        registry: Arc::clone(&engine.registry),
        sessions: Arc::clone(&engine.sessions),
        supervisor: Arc::clone(&engine.supervisor),
        library: Arc::clone(&engine.library),
        drain: engine.drain.clone(),
    };
    let kept =
        journal::Config { node: node::id(config)?, keep: config.history.keep, cache: config.database.cache };
    let (journal, keeping) = Journal::new(store.clone(), sources, kept, engine.stop.clone());
    engine.background.spawn(keeping);
    let rooms = Rooms {
        store,
        vault,
        stage: Arc::clone(&engine.stage),
        directory: Arc::clone(&engine.directory),
        sessions: Arc::clone(&engine.sessions),
        journal,
        tasks: engine.background.clone(),
        stop: engine.stop.clone(),
    };
    let (limits, cache) = (&config.limits, config.database.cache);
    let config = control::Config {
        hold: hold_config(config),
        silence: config.stream.silence,
        chunk_size: config.rtmp.chunk_size,
        projects_max: limits.projects,
        destinations_max: limits.destinations_per_project,
        stream_keys_max: limits.stream_keys_per_project,
        cache,
    };
    Ok(Control::new(rooms, config))
}

/// Others who are told of what happens.
///
/// # Errors
/// TLS cannot be set up.
pub(super) fn webhooks(
    config: &Config,
    journal: &Journal,
    vault: Vault,
    engine: &Engine,
) -> anyhow::Result<Webhooks> {
    let config = webhook::Config {
        // A receiver is a web server, and inside a network those are trusted that ask: trust in people is not enough, the
        // operator must say so.
        allowed: match config.relay.allow_private {
            AllowPrivate::Always => Allowed::All,
            AllowPrivate::Auto | AllowPrivate::Never => Allowed::World,
        },
        timeout: config.webhooks.timeout,
        ..webhook::Config::default()
    };
    let (webhooks, telling) = Webhooks::new(journal.clone(), vault, config, engine.stop.clone())?;
    engine.background.spawn(telling);
    Ok(webhooks)
}

/// The doctor, for the API.
struct Examiner(Config);

impl v1::Doctor for Examiner {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Vec<v1::Examined>> + Send + '_>> {
        Box::pin(async {
            let found = doctor::examine(&self.0, None).await.into_iter();
            let examined = |check: doctor::Check| v1::Examined {
                id: check.id,
                title: check.title,
                state: check.state.label(),
                detail: check.detail,
                what_to_do: check.what_to_do,
            };
            found.map(examined).collect()
        })
    }
}

/// The rooms that the API shows.
///
/// # Errors
/// The node's name cannot be kept.
pub(super) fn services(
    config: &Config,
    (health, addresses): (Health, Addresses),
    (control, accounts, webhooks): (&Arc<Control>, &Accounts, &Webhooks),
    (vault, tokens): (Vault, Option<Arc<PlaybackTokens>>),
    rehearsal: Arc<Rehearsals>,
    machine: Machine,
) -> anyhow::Result<v1::Services> {
    let public_url = Some(config.public_url.clone()).filter(|url| !url.is_empty());
    let site = v1::Site {
        app: config.rtmp.app.clone(),
        public_url: public_url.clone(),
        rtmp: addresses.rtmp,
        rtmps: addresses.rtmps,
        publish_user: !config.rtmp.publish_user.is_empty(),
    };
    Ok(v1::Services {
        health,
        store: control.store().clone(),
        vault,
        accounts: accounts.clone(),
        webhooks: webhooks.clone(),
        control: Arc::clone(control),
        tokens,
        site: Arc::new(site),
        about: Arc::new(v1::About { node_id: node::id(config)?, started_at: SystemTime::now(), machine }),
        rehearsal,
        doctor: Arc::new(Examiner(config.clone())),
        config: Arc::new(v1::Config {
            door: door(config, public_url),
            strangers: config.auth.strangers_may_come(),
        }),
        figures: Arc::default(),
    })
}

/// What every request for the API passes.
fn door(config: &Config, public_url: Option<String>) -> v1::door::Config {
    let per = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    v1::door::Config {
        rate: v1::door::Rate { per_second: per(config.api.rate), burst: per(config.api.burst) },
        trusted_proxies: config.http.trusted_proxies.clone(),
        cors_origins: config.http.cors_origins.iter().map(ToString::to_string).collect(),
        public_url,
        ..v1::door::Config::default()
    }
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
        limits: limits(declared.limits),
    })
}

/// As they are kept; `None` where nothing is said.
fn limits(limits: OwnLimits) -> Option<serde_json::Value> {
    let bitrate = limits.bitrate.map(|bits| ("bitrate_max_bits".to_owned(), bits.into()));
    let keyframe = limits.keyframe.map(|apart| ("keyframe_max_s".to_owned(), apart.as_secs_f64().into()));
    let said: serde_json::Map<_, _> = bitrate.into_iter().chain(keyframe).collect();
    (!said.is_empty()).then_some(said.into())
}
