//! The database: whether it is there, whole, of this program's schema, and opened by the server key that is here.

use std::path::Path;

use super::super::config::Config;
use super::super::{assembly, node};
use super::{Check, State};
use crate::control;
use crate::rtmp::RtmpUrl;
use crate::store::{Error, ProjectId, Schema, Store};
use crate::stream::PlaybackId;
use crate::vault::{FILE_NAME, Vault};

const DATABASE: (&str, &str) = ("database", "Database");
/// What helps where a file is broken.
const MEND: &str = "stop gostream and bring back a backup of the database";
const SCHEMA: (&str, &str) = ("schema", "Schema");
const SERVER_KEY: (&str, &str) = ("server_key", "Server key");
const PROJECT: (&str, &str) = ("project", "Project");
const SHOWS: (&str, &str) = ("shows", "Shows on the air");
/// As many shows are looked at: an answer must not take long.
const SHOWS_MAX: u32 = 8;

/// A destination that is to be reached.
pub(super) struct Reached {
    /// What people call it.
    pub(super) name: String,
    /// Where it is.
    pub(super) url: RtmpUrl,
    /// Its certificate is not checked.
    pub(super) insecure: bool,
}

/// A show that is on the air.
pub(super) struct OnAir {
    /// What people call its project.
    pub(super) name: String,
    /// What plays it.
    pub(super) playback_id: PlaybackId,
}

/// What is to be looked at outside.
#[derive(Default)]
pub(super) struct Found {
    /// Destinations that are switched on.
    pub(super) destinations: Vec<Reached>,
    /// Shows, a few at most.
    pub(super) on_air: Vec<OnAir>,
}

/// Of the database, and what is found in it: of one project, where it is named.
pub(super) async fn all(config: &Config, project: Option<ProjectId>) -> (Vec<Check>, Found) {
    let opened = assembly::store_config(config);
    if let Some(path) = opened.url.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"))
        && !Path::new(path).exists()
    {
        let detail = format!("{path} is made at the first start");
        return (vec![Check::ok(DATABASE.0, DATABASE.1, detail)], Found::default());
    }
    let what_to_do = "see that it runs and that database.url is right";
    let store = match Store::open(opened).await {
        Ok(store) => store,
        Err(error) => {
            return (vec![Check::fail(DATABASE, error.to_string(), what_to_do)], Found::default());
        }
    };
    let mut checks = Vec::new();
    let mut found = Found::default();
    match store.is_whole().await {
        Ok(true) => checks.push(Check::ok(DATABASE.0, DATABASE.1, "it answers, and is whole")),
        Ok(false) => checks.push(Check::fail(DATABASE, "the file is damaged", MEND)),
        Err(error @ Error::Damaged(_)) => checks.push(Check::fail(DATABASE, error.to_string(), MEND)),
        Err(error) => checks.push(Check::fail(DATABASE, error.to_string(), what_to_do)),
    }
    let answers = checks.iter().all(|check| check.state == State::Ok);
    if answers && let Ok(schema) = store.schema().await {
        checks.push(of_schema(schema));
        if schema.is_current() {
            let (check, destinations) = of_key(config, &store, project).await;
            checks.push(check);
            checks.extend(of_project(&store, project).await);
            found.destinations = destinations;
            match on_air(config, &store, project).await {
                Ok(on_air) => found.on_air = on_air,
                Err(error) => checks.push(Check::fail(SHOWS, error.to_string(), what_to_do)),
            }
        }
    }
    store.close().await;
    (checks, found)
}

/// Whether the project that was named is there.
async fn of_project(store: &Store, project: Option<ProjectId>) -> Option<Check> {
    Some(match store.project(project?).await {
        Ok(row) => Check::ok(PROJECT.0, PROJECT.1, format!("{} ({})", row.name, row.id)),
        Err(error) => Check::fail(PROJECT, error.to_string(), "see the id in the project's address"),
    })
}

/// The newest shows of this node.
async fn on_air(config: &Config, store: &Store, project: Option<ProjectId>) -> Result<Vec<OnAir>, Error> {
    let Some(node) = node::known(config) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for stream in store.streams_on_air(&node, SHOWS_MAX).await? {
        let row = store.project(stream.project_id).await?;
        if project.is_none_or(|project| project == row.id)
            && let Ok(playback_id) = PlaybackId::parse(&row.playback_id)
        {
            all.push(OnAir { name: row.name, playback_id });
        }
    }
    Ok(all)
}

fn of_schema(schema: Schema) -> Check {
    let Schema { found, known } = schema;
    if found > known {
        let detail = format!("{found} is newer than this program, which knows {known}");
        return Check::fail(SCHEMA, detail, "run a newer gostream");
    }
    if found < known {
        let detail = format!("{} of {known} steps are to be done", known - found);
        return Check::warn(SCHEMA, detail, "the next start does them, or `gostream migrate` now");
    }
    Check::ok(SCHEMA.0, SCHEMA.1, format!("{found}, the newest"))
}

async fn of_key(config: &Config, store: &Store, project: Option<ProjectId>) -> (Check, Vec<Reached>) {
    let rows = match store.all_destinations().await {
        Ok(rows) => rows,
        Err(error) => {
            return (Check::fail(SERVER_KEY, error.to_string(), "see the database"), Vec::new());
        }
    };
    let Some(vault) = vault(config) else {
        let is_needed = rows.iter().any(|row| row.key_sealed.is_some());
        let check = if is_needed {
            Check::fail(
                SERVER_KEY,
                format!("{FILE_NAME} is not in data_dir, and keys were sealed with it"),
                "bring the file back, or enter the stream keys again",
            )
        } else {
            Check::ok(SERVER_KEY.0, SERVER_KEY.1, "it is made at the first start")
        };
        return (check, Vec::new());
    };
    let mut reached = Vec::new();
    let mut closed = 0;
    for row in &rows {
        match control::address_of(row, &vault) {
            Ok(url) if row.enabled && project.is_none_or(|project| project == row.project_id) => {
                reached.push(Reached { name: row.name.clone(), url, insecure: row.insecure });
            }
            Ok(_) => {}
            Err(_) => closed += 1,
        }
    }
    let check = match closed {
        0 => Check::ok(SERVER_KEY.0, SERVER_KEY.1, format!("it opens all {} destinations", rows.len())),
        _ => Check::fail(
            SERVER_KEY,
            format!("{closed} of {} destinations were sealed with another key", rows.len()),
            "bring the former server key back, or enter those stream keys again",
        ),
    };
    (check, reached)
}

/// The vault as it is; none is made here.
fn vault(config: &Config) -> Option<Vault> {
    if config.vault.key.is_empty() && !config.data_dir.join(FILE_NAME).exists() {
        return None;
    }
    assembly::vault(config).ok()
}
