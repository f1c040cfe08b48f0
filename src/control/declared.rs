//! The projects of the configuration file, written into the store field by field.
//!
//! The file is the truth for what it says; whether a project or destination runs is also a wish of the moment, so a stop
//! at the dashboard outlasts a restart, until the file itself changes. A project that the file no longer has is set
//! aside: nobody publishes to it and nothing is sent, but its history stays until somebody takes it away.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::destinations::DestinationWish;
use super::error::Result;
use super::projects::millis;
use super::rules::{self, slug};
use super::{Control, now};
use crate::store::{
    Destination, DestinationFields, Json, Project, ProjectFields, ProjectId, SealedKey, UnixMillis,
};
use crate::stream::StreamKey;
use crate::vault::Purpose;

/// The key's name in the list of keys.
const KEY_NAME: &str = "Configuration file";

/// A project as the file has it.
#[derive(Debug, Clone)]
pub struct Declared {
    /// What people call it.
    pub name: String,
    /// The key that publishes it.
    pub stream_key: StreamKey,
    /// The name that plays it.
    pub playback_id: String,
    /// How long it is held, where that differs from the server's own time.
    pub hold: Option<Duration>,
    /// Where it is sent.
    pub destinations: Vec<DeclaredDestination>,
}

/// A destination as the file has it. Checked there, and known by its name.
#[derive(Clone)]
pub struct DeclaredDestination(pub DestinationWish);

impl std::fmt::Debug for DeclaredDestination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DeclaredDestination").field(&self.0.name).finish()
    }
}

/// Whether the file no longer has a declared project.
pub(super) fn is_absent(project: &Project) -> bool {
    project.declared && project.settings.0.get("absent").and_then(Value::as_bool) == Some(true)
}

impl Control {
    /// Makes the store hold the projects of the file as the file has them. To be followed by [`Control::load`].
    ///
    /// # Errors
    /// Those of the store; what was written is written, and the next call goes on from there.
    pub async fn declare(&self, declared: &[Declared]) -> Result<()> {
        let store = &self.rooms.store;
        for project in declared {
            let there = store.project_by_playback_id(&project.playback_id).await?;
            let before = there.as_ref().map(|row| switches(&row.settings)).unwrap_or_default();
            let id = match there {
                Some(row) => self.redeclare(row, project).await?,
                None => self.declare_new(project).await?,
            };
            self.declare_key(id, &project.stream_key).await?;
            self.declare_destinations(id, &before, &project.destinations).await?;
        }
        self.set_aside(declared).await
    }

    async fn declare_new(&self, project: &Declared) -> Result<ProjectId> {
        let fields = ProjectFields {
            owner_id: None,
            name: project.name.clone(),
            playback_id: project.playback_id.clone(),
            hold_ms: project.hold.map(millis),
            settings: settings(project),
            declared: true,
            running: true,
        };
        Ok(self.rooms.store.create_project(&fields, None, now()).await?.id)
    }

    async fn redeclare(&self, row: Project, project: &Declared) -> Result<ProjectId> {
        let mut fields = row.fields();
        fields.name.clone_from(&project.name);
        fields.hold_ms = project.hold.map(millis);
        fields.declared = true;
        let wished = settings(project);
        self.follow_switches(&row, &wished).await?;
        fields.settings = wished;
        if fields != row.fields() {
            self.rooms.store.update_project(row.id, row.revision, &fields, now()).await?;
        }
        Ok(row.id)
    }

    /// A switch that was changed in the file since it was last read counts; one that was not is left as people set it.
    async fn follow_switches(&self, row: &Project, wished: &Json) -> Result<()> {
        let (before, after) = (switches(&row.settings), switches(wished));
        for destination in self.rooms.store.destinations_of(row.id).await? {
            let name = slug(&destination.name);
            if let (Some(enabled), true) = (after.get(&name), before.get(&name) != after.get(&name)) {
                let enabled = enabled.as_bool().unwrap_or(true);
                self.rooms.store.set_destination_enabled(destination.id, enabled, now()).await?;
            }
        }
        Ok(())
    }

    async fn declare_key(&self, project: ProjectId, key: &StreamKey) -> Result<()> {
        let (store, vault) = (&self.rooms.store, &self.rooms.vault);
        let mut is_there = false;
        for row in store.stream_keys_of(project).await? {
            let is_it = vault.lookups(key.expose()).any(|lookup| row.key_lookup.0 == lookup);
            if is_it && row.publishes(UnixMillis(i64::MIN)) {
                is_there = true;
            } else {
                store.delete_stream_key(row.id, None).await?;
            }
        }
        if !is_there {
            let row = self.key_row(KEY_NAME, key.expose(), None)?;
            store.create_stream_key(project, &row, u32::MAX, now()).await?;
        }
        Ok(())
    }

    /// Each is known by its name, and where the file has a name no more, by its address: a destination that only gets
    /// another name is the same one. `before` is which were switched on when the file was last read.
    async fn declare_destinations(
        &self,
        project: ProjectId,
        before: &Map<String, Value>,
        wanted: &[DeclaredDestination],
    ) -> Result<()> {
        let store = &self.rooms.store;
        let mut there = store.destinations_of(project).await?;
        let names: Vec<String> = wanted.iter().map(|DeclaredDestination(wish)| slug(&wish.name)).collect();
        let mut order = Vec::new();
        for DeclaredDestination(wish) in wanted {
            let by_name = there.iter().position(|row| slug(&row.name) == slug(&wish.name));
            let is_renamed =
                |row: &Destination| !names.contains(&slug(&row.name)) && self.leads_to(row, wish);
            let at = by_name.or_else(|| there.iter().position(is_renamed));
            let fields = self.fields_of(wish)?;
            let Some(row) = at.map(|at| there.remove(at)) else {
                order.push(store.create_destination(project, &fields, u32::MAX, now()).await?.id);
                continue;
            };
            // A switch that was changed together with the name counts too.
            let was_enabled = before.get(&slug(&row.name)).and_then(Value::as_bool);
            let is_switched = by_name.is_none() && was_enabled != Some(wish.enabled);
            let fields =
                DestinationFields { enabled: if is_switched { wish.enabled } else { row.enabled }, ..fields };
            if !self.is_same(&row, &fields) {
                store.update_destination(row.id, row.revision, &fields, now()).await?;
            }
            order.push(row.id);
        }
        for gone in there {
            store.delete_destination(gone.id, None).await?;
        }
        Ok(store.order_destinations(project, &order, now()).await?)
    }

    /// Whether a row has the address and the key of a wish.
    fn leads_to(&self, row: &Destination, wish: &DestinationWish) -> bool {
        let wanted = rules::address(&wish.url, &wish.stream_key);
        self.address(row).is_ok_and(|address| Ok(address) == wanted)
    }

    /// Sealing the same twice gives different bytes, so what is inside is compared.
    fn is_same(&self, row: &Destination, fields: &DestinationFields) -> bool {
        let open = |key: &Option<SealedKey>| {
            let key = key.as_ref()?;
            self.rooms.vault.open(Purpose::DestinationKey, &key.sealed.0, key.sealed_with).ok()
        };
        let there = row.fields();
        let same = open(&there.key).is_some_and(|key| Some(key) == open(&fields.key));
        same && DestinationFields { key: None, ..there } == DestinationFields { key: None, ..fields.clone() }
    }

    async fn set_aside(&self, declared: &[Declared]) -> Result<()> {
        let is_there = |row: &Project| declared.iter().any(|project| project.playback_id == row.playback_id);
        let mut page = crate::store::Page::first(200);
        loop {
            let slice = self.rooms.store.projects(page).await?;
            for row in slice.items.iter().filter(|row| row.declared && !is_absent(row) && !is_there(row)) {
                let mut fields = row.fields();
                if let Value::Object(settings) = &mut fields.settings.0 {
                    settings.insert("absent".to_owned(), true.into());
                }
                self.rooms.store.update_project(row.id, row.revision, &fields, now()).await?;
                tracing::warn!(project = %row.id, stream = row.playback_id, "the file no longer has this project");
            }
            let Some(next) = slice.next else { return Ok(()) };
            page = crate::store::Page::after(next, 200);
        }
    }
}

/// What is remembered of the file: its switches, to see when they change.
fn settings(project: &Declared) -> Json {
    let wishes = project.destinations.iter().map(|destination| &destination.0);
    let enabled: Map<String, Value> = wishes.map(|wish| (slug(&wish.name), wish.enabled.into())).collect();
    Json(json!({ "enabled": enabled }))
}

/// Which destinations were switched on in the file, by their names.
fn switches(settings: &Json) -> Map<String, Value> {
    settings.0.get("enabled").and_then(Value::as_object).cloned().unwrap_or_default()
}
