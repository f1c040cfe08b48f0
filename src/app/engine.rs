//! The assembly: every room built from its part of the configuration, joined, and its tasks listed.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::config::{self, Config};
use crate::auth::{Directory, PlaybackTokens};
use crate::hls;
use crate::media::End;
use crate::net::{Allowed, Bounds, ConnectionLimits, Connections, SocketOptions};
use crate::push::{self, OutputState, Supervisor};
use crate::rtmp::{Limits, PublishAuth, ServerConfig};
use crate::session::{self, Sessions};
use crate::stage::{self, Stage};
use crate::stream::{Admission, HoldConfig, OnDuplicate, Registry, RingLimits, ShardConfig, Shards};
use crate::vault::Vault;

/// The media engine, running.
pub struct Engine {
    /// The projects on the air.
    pub stage: Arc<Stage>,
    /// Who may publish and play.
    pub directory: Arc<Directory>,
    /// All streams.
    pub registry: Arc<Registry>,
    /// The inbound side.
    pub sessions: Arc<Sessions>,
    /// The outbound side.
    pub supervisor: Arc<Supervisor>,
    /// What HTTP serves.
    pub library: Arc<hls::Library>,
    /// What viewers need, where they need something.
    pub tokens: Option<Arc<PlaybackTokens>>,
    /// Connections of the RTMP listener, and of the RTMPS listener.
    pub connections: [Arc<Connections>; 2],
    /// Cancelled first: no new connections, open ones end with a word.
    pub drain: CancellationToken,
    /// Cancelled last: everything else.
    pub stop: CancellationToken,
    /// Connections.
    pub session_tasks: TaskTracker,
    /// Workers of destinations.
    pub output_tasks: TaskTracker,
    /// Shards, packagers, housekeeping, servers.
    pub background: TaskTracker,
}

impl Engine {
    /// Builds and starts everything but the listeners, without any project. Must run inside the runtime.
    ///
    /// # Errors
    /// A size beyond its bound, which a checked configuration rules out.
    pub fn start(config: &Config, vault: &Vault) -> anyhow::Result<Self> {
        let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
        let (session_tasks, output_tasks, background) =
            (TaskTracker::new(), TaskTracker::new(), TaskTracker::new());
        let shard_config = ShardConfig { coalesce: config.relay.coalesce };
        let (shards, tasks) = Shards::new(config.workers(), shard_config, &stop);
        for task in tasks {
            background.spawn(task);
        }
        let supervisor = Supervisor::new(push_config(config)?, Arc::clone(&shards), output_tasks.clone());
        let stage = Stage::new(stage_config(config), supervisor, background.clone(), stop.clone());
        let tokens = config.playback.require_token.then(|| playback_tokens(config));
        let directory = Arc::new(Directory::new(vault.clone(), tokens.clone()));
        let sessions = Sessions::new(
            session_config(config)?,
            Arc::clone(stage.registry()),
            Arc::clone(&directory) as Arc<dyn Admission>,
            shards,
            session_tasks.clone(),
            drain.clone(),
        );
        let bounds = Bounds::new(ConnectionLimits {
            max: config.rtmp.max_connections,
            max_per_address: config.rtmp.max_connections_per_address,
        });
        Ok(Self {
            registry: Arc::clone(stage.registry()),
            sessions,
            supervisor: Arc::clone(stage.supervisor()),
            library: Arc::clone(stage.library()),
            stage,
            directory,
            tokens,
            connections: ["rtmp", "rtmps"].map(|service| Connections::new(service, Arc::clone(&bounds))),
            drain,
            stop,
            session_tasks,
            output_tasks,
            background,
        })
    }

    /// Ends everything in order: publishers with a status, outputs with a goodbye, viewers with an end of list.
    pub async fn finish(&self) {
        self.drain.cancel();
        self.session_tasks.close();
        self.session_tasks.wait().await;
        // Nobody can come back to a broadcast that is held.
        for stream in self.registry.all() {
            stream.end_held(End::Clean, Instant::now());
        }
        // The ends of the broadcasts are on their way through the outputs.
        for output in self.supervisor.outputs() {
            let busy = |state: &OutputState| matches!(state, OutputState::Sending | OutputState::Stopping);
            // Closed only when the output is gone, which is as good.
            output.watch().wait_for(|status| !busy(&status.state)).await.ok();
        }
        self.supervisor.stop();
        self.output_tasks.close();
        self.output_tasks.wait().await;
        self.stop.cancel();
        self.background.close();
        self.background.wait().await;
    }
}

/// Tokens signed with the configured secret.
pub(super) fn playback_tokens(config: &Config) -> Arc<PlaybackTokens> {
    Arc::new(PlaybackTokens::new(config.playback.secret.expose()))
}

/// How broadcasts bridge the absence of their encoders, where a project says nothing else.
pub(super) const fn hold_config(config: &Config) -> HoldConfig {
    let stream = &config.stream;
    HoldConfig { hold: stream.hold, slate: stream.slate, slate_after: stream.slate_after, silence: false }
}

fn stage_config(config: &Config) -> stage::Config {
    use hls::Breaks;
    stage::Config {
        ring: RingLimits {
            duration: config.stream.ring_duration,
            bytes: config.stream.ring_bytes,
            ..RingLimits::default()
        },
        hls: config.hls.enabled.then(|| hls_config(config)),
        breaks: if config.hls.enabled { Breaks::kept_in(&config.data_dir) } else { Arc::default() },
    }
}

fn socket_options(config: &Config) -> anyhow::Result<SocketOptions> {
    let unsent_max = u32::try_from(config.relay.send_buffer).context("relay.send_buffer is too large")?;
    // With a window, what is written is to go: a network's short last segment would wait for an acknowledgement.
    // Without one, the kernel merges small writes while data is in flight.
    Ok(SocketOptions { nodelay: !config.relay.coalesce.is_zero(), unsent_max })
}

fn session_config(config: &Config) -> anyhow::Result<session::Config> {
    let rtmp = &config.rtmp;
    Ok(session::Config {
        server: Arc::new(ServerConfig {
            app: rtmp.app.clone(),
            chunk_size: rtmp.chunk_size,
            limits: Limits {
                message_max: u32::try_from(rtmp.message_max).context("rtmp.message_max is too large")?,
                chunk_streams_max: rtmp.chunk_streams_max,
                amf_depth_max: rtmp.amf_depth_max,
                preauth_bytes_max: rtmp.preauth_bytes_max,
            },
            handshake_timeout: rtmp.handshake_timeout,
            connect_timeout: rtmp.connect_timeout,
            stall_timeout: rtmp.stall_timeout,
            publish_auth: publish_auth(rtmp)?,
        }),
        on_duplicate: match rtmp.on_duplicate {
            config::OnDuplicate::Takeover => OnDuplicate::Takeover,
            config::OnDuplicate::Reject => OnDuplicate::Reject,
        },
        play_wait: rtmp.play_wait,
        queue: config.relay.queue,
        stall_timeout: config.relay.stall_timeout,
        // The other half is for those that did not go, and for what is on its way.
        drain_wait: config.drain_timeout / 2,
        socket: socket_options(config)?,
    })
}

/// Challenges are good for the process that made them, and for no other.
fn publish_auth(rtmp: &config::Rtmp) -> anyhow::Result<Option<PublishAuth>> {
    if rtmp.publish_user.is_empty() {
        return Ok(None);
    }
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut()).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let password = rtmp.publish_password.expose();
    Ok(Some(PublishAuth::new(&rtmp.publish_user, password, &secret, Instant::now())))
}

pub(super) fn push_config(config: &Config) -> anyhow::Result<push::Config> {
    let relay = &config.relay;
    Ok(push::Config {
        connect_timeout: relay.connect_timeout,
        stall_timeout: relay.stall_timeout,
        queue: relay.queue,
        retry_min: relay.retry_min,
        retry_max: relay.retry_max,
        healthy_after: relay.healthy_after,
        circuit_after: relay.circuit_after,
        circuit_open: relay.circuit_open,
        allowed: allowed(config),
        socket: socket_options(config)?,
    })
}

/// Which addresses are connected to on the word of people with an account.
pub(super) fn allowed(config: &Config) -> Allowed {
    match config.relay.allow_private {
        config::AllowPrivate::Always => Allowed::All,
        config::AllowPrivate::Auto if config.auth.strangers_may_come() => Allowed::World,
        config::AllowPrivate::Auto => Allowed::NotLink,
        config::AllowPrivate::Never => Allowed::World,
    }
}

fn hls_config(config: &Config) -> hls::Config {
    let hls = &config.hls;
    hls::Config {
        container: hls.container,
        segment: hls.segment,
        part: hls.part,
        low_latency: hls.low_latency,
        window: hls.window,
        segment_max: hls.segment_max,
        resume: hls.resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::config::{AllowPrivate, OidcCreate};

    #[test]
    fn strangers_reach_nothing_inside_our_network_whichever_door_they_come_by() {
        let with = |set: &dyn Fn(&mut Config)| {
            let mut config = Config::default();
            set(&mut config);
            allowed(&config)
        };
        let by_issuer = |create: OidcCreate, trusted: bool| {
            with(&|config| {
                let oidc = &mut config.auth.oidc;
                "https://accounts.example".clone_into(&mut oidc.issuer);
                (oidc.create, oidc.trusted) = (create, trusted);
            })
        };
        assert_eq!(with(&|_| {}), Allowed::NotLink, "all have their account of an administrator");
        assert_eq!(with(&|config| config.auth.signup = true), Allowed::World);
        assert_eq!(by_issuer(OidcCreate::Off, false), Allowed::NotLink);
        assert_eq!(by_issuer(OidcCreate::Operator, false), Allowed::World);
        assert_eq!(by_issuer(OidcCreate::Viewer, false), Allowed::World, "they may be made operators");
        assert_eq!(by_issuer(OidcCreate::Operator, true), Allowed::NotLink, "it knows our own people alone");
        let said = with(&|config| {
            config.auth.signup = true;
            config.relay.allow_private = AllowPrivate::Always;
        });
        assert_eq!(said, Allowed::All, "the operator has said so");
    }
}
