//! Rehearsals, for the API: the clip published to projects, and one practice destination for all of them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{PRACTICE_APP, loopback, practice, publisher};
use crate::api::v1::{NoRehearsal, Rehearsal};
use crate::app::config::Config;
use crate::app::engine::{Engine, allowed};
use crate::net::Reach;
use crate::session::{Happening, Refused, Rejection, Sessions};
use crate::store::ProjectId;
use crate::stream::{StreamId, StreamKey};

/// Projects that the clip is published to at once: each costs what an encoder of some 2 Mbit/s does.
const AT_ONCE_MAX: usize = 16;

/// One that is being published.
struct Pattern {
    stop: CancellationToken,
    /// Our end of its connection, once there is one.
    from: Arc<OnceLock<SocketAddr>>,
}

/// The rehearsals of this process.
pub(in crate::app) struct Rehearsals {
    me: Weak<Self>,
    /// Where our own RTMP is taken, where it is.
    rtmp: Option<SocketAddr>,
    app: String,
    must_log_in: bool,
    practice: Option<SocketAddr>,
    on: Mutex<HashMap<ProjectId, Pattern>>,
    sessions: Arc<Sessions>,
    tasks: TaskTracker,
    drain: CancellationToken,
}

impl Rehearsals {
    /// None yet. The practice destination begins to listen; a port that another process has is no reason not to start.
    pub(in crate::app) fn start(config: &Config, engine: &Engine, rtmp: Option<SocketAddr>) -> Arc<Self> {
        // Where nothing on this machine may be sent to, there is nothing to practise with.
        let is_reached = allowed(config).takes(Reach::Host);
        let listening = config.practice.listen.bind().map(|socket| {
            let socket = TcpListener::from_std(socket.filter(|_| is_reached)?).ok()?;
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
            sessions: Arc::clone(&engine.sessions),
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
        self.on().retain(|id, pattern| *id != project || !pattern.stop.is_cancelled());
    }

    /// Nothing panics while it is held.
    fn on(&self) -> MutexGuard<'_, HashMap<ProjectId, Pattern>> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rehearsal for Rehearsals {
    fn begin(&self, project: ProjectId, stream: &StreamId, key: StreamKey) -> Result<(), NoRehearsal> {
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
        let from = Arc::<OnceLock<_>>::default();
        let encoder = refused(self.sessions.listen(), stream.clone());
        let (told, sessions) = (Arc::clone(&from), Arc::clone(&self.sessions));
        self.tasks.spawn(async move {
            // Once, and where nobody is: who was pushed off the air by an encoder does not push back, and one that came
            // since this was asked for stays.
            let published = publisher::publish(&url, &key, |from| {
                // Set once: it is the only one that connects.
                let _set = told.set(from);
                sessions.give_way(from)
            });
            let over = async {
                tokio::select! {
                    Err(why) = published => tracing::info!(%project, %why, "the test pattern is over"),
                    () = encoder => tracing::info!(%project, "the test pattern makes room for an encoder"),
                }
            };
            stopped.run_until_cancelled(over).await;
            if let Some(rehearsals) = rehearsals.upgrade() {
                rehearsals.forget(project, &stopped);
            }
        });
        on.insert(project, Pattern { stop, from });
        Ok(())
    }

    fn is_on(&self, project: ProjectId) -> bool {
        self.on().contains_key(&project)
    }

    fn end(&self, project: ProjectId) {
        if let Some(pattern) = self.on().remove(&project) {
            pattern.stop.cancel();
        }
    }

    fn is_its(&self, project: ProjectId, from: SocketAddr) -> bool {
        self.on().get(&project).is_some_and(|pattern| pattern.from.get() == Some(&from))
    }

    fn practice_url(&self) -> Option<String> {
        self.practice.map(|addr| format!("rtmp://{}/{PRACTICE_APP}", loopback(addr)))
    }
}

/// Waits until an encoder of the stream is not let in, because we are (`rtmp.on_duplicate = "reject"`).
async fn refused(mut happenings: broadcast::Receiver<Happening>, stream: StreamId) {
    loop {
        match happenings.recv().await {
            Ok(Happening::Rejected(Rejection { why: Refused::Busy, stream: Some(of), .. }))
                if of == stream =>
            {
                return;
            }
            // It comes again.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
