//! What is wanted, kept in the store; what runs, on the stage; and the one who keeps them equal.
//!
//! A change is written first and carried out after: [`Control`] reads the project anew and puts it on the stage, into the
//! [`Directory`] and into the [`Catalog`], all of them from the same rows. So a process that dies in between finds at its
//! next start what was wanted, and a reader of the catalog never asks the database.
//!
//! - `projects`, `stream_keys`, `destinations`: what people may change, judged by `rules`.
//! - `declared`: the projects of the configuration file, written into the store field by field.
//! - `reading`: the same as people read it.
//! - `wanted`: from rows to what the engine knows; the only place that opens secrets.
//!
//! **Invariant:** at most one task at a time reads a project and carries it out, so an older reading never lies over a
//! newer one.

mod catalog;
mod declared;
mod destinations;
mod error;
mod projects;
mod reading;
mod rules;
mod stream_keys;
mod trials;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Directory;
use crate::journal::{Journal, Kind};
use crate::net::{Backoff, lasting};
use crate::session::Sessions;
use crate::stage::Stage;
use crate::store::{Mark, Page, Project, ProjectId, Store, StreamKeyId, UnixMillis};
use crate::stream::{HoldConfig, StreamId};
use crate::vault::Vault;

pub use catalog::{Catalog, Known};
pub use declared::{Declared, DeclaredDestination};
pub use destinations::{DestinationChange, DestinationWish};
pub use error::{Error, Fault, Result};
pub use projects::{NewProject, ProjectChange};
pub use reading::Part;
pub use rules::{BITRATES, NAME_CHARS_MAX, slug};
pub use stream_keys::{Made, StreamKeyChange};
pub use trials::{StepReport, StepState, TrialReport};

/// How often the store is looked at for what others changed, and used keys are written down.
const LOOK: Duration = Duration::from_secs(5);

/// How long a key that was replaced is still shown after it ceased to publish.
const EXPIRED_KEYS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// Whether a show of pictures alone gets a track of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Silence {
    /// Where a destination of the project that is switched on is on a platform that shows no stream without sound.
    #[default]
    Auto,
    /// Every show.
    Always,
    /// None.
    Never,
}

/// What holds for all projects.
#[derive(Debug, Clone)]
pub struct Config {
    /// How a broadcast bridges its encoder's absence, where a project says nothing else.
    pub hold: HoldConfig,
    /// Which shows get silence where they have no sound.
    pub silence: Silence,
    /// The chunk size announced to destinations that say nothing else, bytes.
    pub chunk_size: u32,
    /// Projects there may be.
    pub projects_max: usize,
    /// Destinations a project may have.
    pub destinations_max: u32,
    /// Keys a project may have.
    pub stream_keys_max: u32,
    /// Whether projects are read from memory; off, each reading asks the database.
    pub cache: bool,
}

/// The rooms that control joins.
#[derive(Clone)]
pub struct Rooms {
    /// What must last.
    pub store: Store,
    /// What opens secrets.
    pub vault: Vault,
    /// The engine.
    pub stage: Arc<Stage>,
    /// The door.
    pub directory: Arc<Directory>,
    /// Who is inside.
    pub sessions: Arc<Sessions>,
    /// Where it is told.
    pub journal: Journal,
    /// Counts what goes on.
    pub tasks: TaskTracker,
    /// Ends it.
    pub stop: CancellationToken,
}

/// Projects as people and programs manage them.
pub struct Control {
    rooms: Rooms,
    config: Config,
    catalog: Catalog,
    gate: Mutex<Option<Mark>>,
    refreshes: AtomicU64,
    faults: AtomicU64,
    broken: std::sync::Mutex<HashSet<ProjectId>>,
    is_loaded: AtomicBool,
    trials: trials::Trials,
}

impl Control {
    /// Joins the rooms. Nothing is known before [`Control::load`].
    #[must_use]
    pub fn new(rooms: Rooms, config: Config) -> Arc<Self> {
        let catalog = Catalog::default();
        Arc::new(Self {
            rooms,
            config,
            catalog,
            gate: Mutex::default(),
            refreshes: AtomicU64::default(),
            faults: AtomicU64::default(),
            broken: std::sync::Mutex::default(),
            is_loaded: AtomicBool::default(),
            trials: trials::Trials::default(),
        })
    }

    /// What is known of all projects, without asking the database.
    #[must_use]
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The engine.
    #[must_use]
    pub fn stage(&self) -> &Arc<Stage> {
        &self.rooms.stage
    }

    /// Who publishes and plays.
    #[must_use]
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.rooms.sessions
    }

    /// What happens.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.rooms.journal
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.rooms.store
    }

    /// How often a project was read anew.
    #[must_use]
    pub fn refreshes(&self) -> u64 {
        self.refreshes.load(Ordering::Relaxed)
    }

    /// How often following the store ended by a fault of this program, and was begun again.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Reads everything, and carries out what differs from what is known.
    ///
    /// # Errors
    /// Those of the database; what is known stays.
    pub async fn load(&self) -> Result<()> {
        let mut gate = self.gate.lock().await;
        self.load_all(&mut gate).await
    }

    /// Follows what others change in the store, writes down which keys were used, and forgets keys that are long expired.
    /// Until `stop`. A fault of ours does not end it.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let backoff = Backoff::new(LOOK, LOOK * 12, fastrand::u64(..));
        let fell = |_: &Backoff, delay: Duration| {
            self.faults.fetch_add(1, Ordering::Relaxed);
            tracing::error!(?delay, "following the store ended by a fault of ours, and is begun again");
        };
        stop.run_until_cancelled(lasting(|| self.follow(&stop), backoff, fell)).await;
    }

    async fn follow(&self, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(LOOK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_well = true;
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let outcome = self.look().await;
            if let (true, Err(error)) = (is_well, &outcome) {
                tracing::warn!(%error, "the store cannot be read; what runs goes on as it is");
            } else if !is_well && outcome.is_ok() {
                tracing::info!("the store can be read again");
            }
            is_well = outcome.is_ok();
        }
    }

    async fn look(&self) -> Result<()> {
        self.write_down_used().await?;
        let now = now();
        self.rooms.store.delete_expired_stream_keys(now.before(EXPIRED_KEYS_KEPT)).await?;
        let mut gate = self.gate.lock().await;
        // What could not be carried out is tried again, whether or not somebody has changed it.
        if *gate == Some(self.rooms.store.mark().await?) && self.broken().is_empty() {
            return Ok(());
        }
        self.load_all(&mut gate).await
    }

    async fn write_down_used(&self) -> Result<()> {
        for (key, at) in self.rooms.directory.take_used() {
            let Ok(id) = key.parse::<StreamKeyId>() else { continue };
            self.rooms.store.touch_stream_key(id, at.into()).await?;
            if let Some((known, _)) = self.catalog.stream_key(id) {
                self.refresh(known.project.id).await?;
            }
        }
        Ok(())
    }

    async fn load_all(&self, gate: &mut Option<Mark>) -> Result<()> {
        let store = &self.rooms.store;
        // Before the rows: what changes while they are read makes the next look read again.
        let mark = store.mark().await?;
        let mut all: HashMap<ProjectId, Known> = HashMap::new();
        let mut page = Page::first(Page::<ProjectId>::LIMIT_MAX);
        loop {
            let slice = store.projects(page).await?;
            all.extend(slice.items.into_iter().map(|project| (project.id, Known::new(project))));
            let Some(next) = slice.next else { break };
            page = Page::after(next, Page::<ProjectId>::LIMIT_MAX);
        }
        for key in store.all_stream_keys().await? {
            if let Some(known) = all.get_mut(&key.project_id) {
                known.stream_keys.push(key);
            }
        }
        for destination in store.all_destinations().await? {
            if let Some(known) = all.get_mut(&destination.project_id) {
                known.destinations.push(destination);
            }
        }
        for gone in self.catalog.ids().into_iter().filter(|id| !all.contains_key(id)) {
            self.drop_project(gone);
        }
        for known in all.into_values() {
            self.carry_out(known.ordered());
        }
        *gate = Some(mark);
        self.is_loaded.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Reads a project anew and carries out what it says; to be called after every change of it.
    async fn refresh(&self, id: ProjectId) -> Result<Option<Arc<Known>>> {
        let _gate = self.gate.lock().await;
        self.refreshes.fetch_add(1, Ordering::Relaxed);
        let store = &self.rooms.store;
        let project = match store.project(id).await {
            Ok(project) => project,
            Err(crate::store::Error::NotFound(_)) => {
                self.drop_project(id);
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let stream_keys = store.stream_keys_of(id).await?;
        let destinations = store.destinations_of(id).await?;
        Ok(Some(self.carry_out(Known { project, stream_keys, destinations })))
    }

    fn carry_out(&self, known: Known) -> Arc<Known> {
        let id = known.project.id;
        let was_broken = self.broken().contains(&id);
        let before = self.catalog.peek(id);
        match &before {
            Some(same) if **same == known && !was_broken => return Arc::clone(same),
            Some(before) if before.is_wanted_alike(&known) && !was_broken => return self.catalog.put(known),
            _ => {}
        }
        if let Some(before) = self.catalog.peek(id)
            && before.project.playback_id != known.project.playback_id
        {
            // Only somebody else than this program changes it.
            self.take_down(&before.project);
        }
        // Until it is carried out; also if that ends by a fault of ours.
        self.broken().insert(id);
        if declared::is_absent(&known.project) {
            self.take_down(&known.project);
            self.broken().remove(&id);
        } else {
            match wanted::of(&known, &self.rooms.vault, &self.config) {
                Ok((entry, show)) => {
                    // The stage first: who is let in must find its stream.
                    self.rooms.stage.put(show);
                    self.rooms.directory.put(entry);
                    self.broken().remove(&id);
                }
                Err(error) => {
                    if !was_broken {
                        tracing::error!(project = %id, %error, "the project cannot be used");
                    }
                    self.take_down(&known.project);
                    if let Some(same) = self.catalog.peek(id).filter(|same| was_broken && **same == known) {
                        return same;
                    }
                }
            }
        }
        let changed = known.changed(before.as_deref());
        let data = serde_json::json!({ "changed": changed, "running": known.project.running });
        self.tell(Kind::ProjectChanged, id, data);
        self.catalog.put(known)
    }

    /// Projects that are not as they are wanted.
    fn broken(&self) -> MutexGuard<'_, HashSet<ProjectId>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of a change; what is read at the start is none.
    fn tell(&self, kind: Kind, project: ProjectId, data: serde_json::Value) {
        if self.is_loaded.load(Ordering::Relaxed) {
            self.rooms.journal.note(kind, Some(project), None, data);
        }
    }

    fn drop_project(&self, id: ProjectId) {
        self.broken().remove(&id);
        if let Some(known) = self.catalog.remove(id) {
            self.take_down(&known.project);
            self.tell(Kind::ProjectDeleted, id, serde_json::json!({ "name": known.project.name }));
        }
    }

    fn take_down(&self, project: &Project) {
        let stream = stream_of(project);
        // The door first: nobody is let in to what is about to go.
        self.rooms.directory.remove(&stream);
        if let Some(stream) = self.rooms.stage.registry().get(&stream) {
            self.rooms.sessions.end(&stream);
        }
        self.rooms.stage.remove(&stream);
    }
}

/// Where a destination is, key included.
///
/// # Errors
/// It was sealed with a server key that is not there.
pub fn address_of(row: &crate::store::Destination, vault: &Vault) -> Result<crate::rtmp::RtmpUrl> {
    wanted::address(row, vault)
}

/// The stream of a project.
#[must_use]
pub fn stream_of(project: &Project) -> StreamId {
    StreamId::new(&project.playback_id)
}

fn now() -> UnixMillis {
    SystemTime::now().into()
}

/// What people write of destinations, for fuzzing: a name, an address and a key.
#[cfg(any(fuzzing, test))]
pub fn fuzz(text: &str) {
    let (url, key) = text.split_once('\n').unwrap_or((text, ""));
    let _named = rules::name(url);
    let _slug = slug(url);
    let _codecs = rules::codecs(text.split(','));
    if let Ok(address) = rules::address(url, key) {
        // What is shown of it is an address again, and the same whatever the key is.
        let shown = address.shown();
        assert!(rules::address(&shown, "another").is_ok(), "{shown}");
        let other = rules::address(url, "another").map(|other| other.shown()).ok();
        assert!(key.trim().is_empty() || other.as_ref() == Some(&shown), "{shown} {other:?}");
    }
}
