//! Rehearsals, for the API: the clip published to projects, and one practice destination for all of them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{PRACTICE_APP, loopback, practice, publisher};
use crate::api::v1::{NoRehearsal, Rehearsal};
use crate::app::config::Config;
use crate::app::engine::Engine;
use crate::store::ProjectId;
use crate::stream::StreamKey;

/// Projects that the clip is published to at once: each costs what an encoder of some 2 Mbit/s does.
const AT_ONCE_MAX: usize = 16;

/// The rehearsals of this process.
pub(in crate::app) struct Rehearsals {
    me: Weak<Self>,
    /// Where our own RTMP is taken, where it is.
    rtmp: Option<SocketAddr>,
    app: String,
    must_log_in: bool,
    practice: Option<SocketAddr>,
    on: Mutex<HashMap<ProjectId, CancellationToken>>,
    tasks: TaskTracker,
    drain: CancellationToken,
}

impl Rehearsals {
    /// None yet. The practice destination begins to listen; a port that another process has is no reason not to start.
    pub(in crate::app) fn start(config: &Config, engine: &Engine, rtmp: Option<SocketAddr>) -> Arc<Self> {
        let listening = config.practice.listen.bind().map(|socket| {
            let socket = TcpListener::from_std(socket?).ok()?;
            let addr = socket.local_addr().ok()?;
            let served = practice::serve(socket, engine.stop.clone());
            engine.background.spawn(served);
            Some(addr)
        });
        let practice = listening.unwrap_or_else(|error| {
            tracing::warn!(%error, "there is no practice destination (practice.listen)");
            None
        });
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            rtmp,
            app: config.rtmp.app.clone(),
            must_log_in: !config.rtmp.publish_user.is_empty(),
            practice,
            on: Mutex::default(),
            tasks: engine.background.clone(),
            drain: engine.drain.clone(),
        })
    }

    /// One that is over, unless another has begun in its place.
    fn forget(&self, project: ProjectId, stopped: &CancellationToken) {
        if stopped.is_cancelled() {
            return;
        }
        stopped.cancel();
        self.on().retain(|id, stop| *id != project || !stop.is_cancelled());
    }

    /// Nothing panics while it is held.
    fn on(&self) -> MutexGuard<'_, HashMap<ProjectId, CancellationToken>> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rehearsal for Rehearsals {
    fn begin(&self, project: ProjectId, key: StreamKey) -> Result<(), NoRehearsal> {
        let rtmp = self.rtmp.ok_or(NoRehearsal::NoRtmp)?;
        if self.must_log_in {
            return Err(NoRehearsal::MustLogIn);
        }
        let mut on = self.on();
        if on.contains_key(&project) {
            return Ok(());
        }
        if on.len() >= AT_ONCE_MAX {
            return Err(NoRehearsal::TooMany);
        }
        let stop = self.drain.child_token();
        let url = format!("rtmp://{}/{}", loopback(rtmp), self.app);
        let (stopped, rehearsals) = (stop.clone(), Weak::clone(&self.me));
        self.tasks.spawn(async move {
            // Once: who was pushed off the air by an encoder does not push back.
            if let Some(Err(why)) = stopped.run_until_cancelled(publisher::publish(&url, &key)).await {
                tracing::info!(%project, %why, "the test pattern is over");
            }
            if let Some(rehearsals) = rehearsals.upgrade() {
                rehearsals.forget(project, &stopped);
            }
        });
        on.insert(project, stop);
        Ok(())
    }

    fn is_on(&self, project: ProjectId) -> bool {
        self.on().contains_key(&project)
    }

    fn end(&self, project: ProjectId) {
        if let Some(stop) = self.on().remove(&project) {
            stop.cancel();
        }
    }

    fn practice_url(&self) -> Option<String> {
        self.practice.map(|addr| format!("rtmp://{}/{PRACTICE_APP}", loopback(addr)))
    }
}
