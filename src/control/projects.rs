//! Projects: made, changed, started, stopped, taken away.

use std::sync::Arc;
use std::time::Duration;

use super::catalog::Known;
use super::error::{Error, Result};
use super::rules::{self, Judge};
use super::stream_keys::Made;
use super::{Control, declared, now};
use crate::store::{Attempts, Json, ProjectFields, ProjectId, Revision, UserId};
use crate::stream::PlaybackId;

/// The longest hold, as in the configuration.
const HOLD_MAX: Duration = Duration::from_secs(3600);

/// The first key's name.
const FIRST_KEY: &str = "Encoder";

/// A project to be.
#[derive(Debug, Clone, Default)]
pub struct NewProject {
    /// Whose it is.
    pub owner: Option<UserId>,
    /// What people call it.
    pub name: String,
    /// The name that plays it; a random one without.
    pub playback_id: Option<String>,
    /// How long it is held, where that differs from the server's own time.
    pub hold: Option<Duration>,
}

/// What is changed of a project; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ProjectChange {
    /// What people call it.
    pub name: Option<String>,
    /// How long it is held; `Some(None)` is the server's own time.
    pub hold: Option<Option<Duration>>,
}

impl Control {
    /// Makes a project, with its first key, whose text is shown this once.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Full`], and those of the store: another project has the playback id.
    pub async fn create_project(&self, new: NewProject) -> Result<Made<Arc<Known>>> {
        let mut judge = Judge::default();
        judge.check("/name", rules::name(&new.name));
        judge.check("/hold_s", hold(new.hold));
        let playback_id = judge.check("/playback_id", self.playback_id(new.playback_id.as_deref()));
        judge.verdict()?;
        if self.catalog().len() >= self.config.projects_max {
            let at_most = u64::try_from(self.config.projects_max).unwrap_or(u64::MAX);
            return Err(Error::Full { what: "projects", at_most });
        }
        let fields = ProjectFields {
            owner_id: new.owner,
            name: new.name,
            playback_id: playback_id.unwrap_or_default(),
            hold_ms: new.hold.map(millis),
            settings: Json::empty(),
            declared: false,
            running: true,
        };
        let key = self.new_key(FIRST_KEY, None)?;
        let project = self.rooms.store.create_project(&fields, Some(&key.row), now()).await?;
        Ok(Made { row: self.known_after(project.id).await?, secret: key.secret })
    }

    /// Changes a project that is as the caller saw it, where they say how that was.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Declared`], and those of the store: a conflict, or no such project.
    pub async fn change_project(
        &self,
        id: ProjectId,
        expected: Option<Revision>,
        change: ProjectChange,
    ) -> Result<Arc<Known>> {
        let mut known = self.own_project(id)?;
        let mut judge = Judge::default();
        if let Some(name) = &change.name {
            judge.check("/name", rules::name(name));
        }
        judge.check("/hold_s", hold(change.hold.flatten()));
        judge.verdict()?;
        let mut attempts = Attempts::of(expected);
        loop {
            let mut fields = known.project.fields();
            if let Some(name) = &change.name {
                fields.name.clone_from(name);
            }
            if let Some(hold) = change.hold {
                fields.hold_ms = hold.map(millis);
            }
            let seen = attempts.on(known.project.revision);
            match self.rooms.store.update_project(id, seen, &fields, now()).await {
                Ok(_) => return self.known_after(id).await,
                Err(error) => attempts.after(error)?,
            }
            self.refresh(id).await?;
            known = self.own_project(id)?;
        }
    }

    /// Starts or stops all outputs of a project. Asking for what is so already changes nothing. Declared ones too: what
    /// is to run is a wish of the moment.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_project_running(&self, id: ProjectId, running: bool) -> Result<Arc<Known>> {
        self.rooms.store.set_project_running(id, running, now()).await?;
        self.known_after(id).await
    }

    /// Takes a project away: its broadcast ends, its outputs say goodbye, its keys publish no more.
    ///
    /// # Errors
    /// [`Error::Declared`] while the file has it, and those of the store.
    pub async fn delete_project(&self, id: ProjectId, expected: Option<Revision>) -> Result<()> {
        let known = self.catalog().project(id)?;
        if known.project.declared && !declared::is_absent(&known.project) {
            return Err(Error::Declared);
        }
        self.rooms.store.delete_project(id, expected).await?;
        self.refresh(id).await.map(|_| ())
    }

    /// A project that is changed here and not in the file.
    pub(super) fn own_project(&self, id: ProjectId) -> Result<Arc<Known>> {
        let known = self.catalog().project(id)?;
        if known.project.declared { Err(Error::Declared) } else { Ok(known) }
    }

    /// Carries out a change, and returns what it came to.
    pub(super) async fn known_after(&self, id: ProjectId) -> Result<Arc<Known>> {
        self.refresh(id).await?.ok_or(Error::Store(crate::store::Error::NotFound("project")))
    }

    fn playback_id(&self, wanted: Option<&str>) -> Result<String, String> {
        let Some(wanted) = wanted else {
            let random = crate::vault::random_token("").map_err(|error| error.to_string())?;
            return Ok(random.chars().take(16).collect());
        };
        let id = PlaybackId::parse(wanted).map_err(|_| {
            format!("A playback id has 1 to {} letters, digits, '-' or '_'", PlaybackId::LEN_MAX)
        })?;
        if self.rooms.directory.is_key(wanted) {
            return Err("This is a stream key: every viewer could publish".to_owned());
        }
        Ok(id.as_str().to_owned())
    }
}

fn hold(hold: Option<Duration>) -> Result<(), String> {
    if hold.is_some_and(|hold| hold > HOLD_MAX) {
        return Err(format!("A hold is {} seconds at most", HOLD_MAX.as_secs()));
    }
    Ok(())
}

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
