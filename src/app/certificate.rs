//! Our certificate over the life of the process: read at the start, and again at SIGHUP or when its files changed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::config::{Config, TlsMode};
use crate::net::Identity;

/// How often the files are looked at: two `stat` calls.
const LOOK: Duration = Duration::from_secs(5);

/// The certificate, where a listener wants one.
///
/// # Errors
/// Files that cannot be served; or none, which a checked configuration rules out.
pub(super) fn load(config: &Config) -> anyhow::Result<Option<Arc<Identity>>> {
    if config.tls.mode == TlsMode::Off || !(config.rtmps.listen.is_on() || config.https.listen.is_on()) {
        return Ok(None);
    }
    let (Some(cert), Some(key)) = (config.tls.cert.as_deref(), config.tls.key.as_deref()) else {
        anyhow::bail!("rtmps.listen and https.listen need tls.cert and tls.key");
    };
    Identity::load(cert, key).context("tls.cert and tls.key").map(Some)
}

/// Listens for SIGHUP from now on; the task looks after the certificate until `stop`. Must be called within the runtime.
///
/// SIGHUP is taken also where there is no certificate: it must not end the process.
///
/// # Errors
/// Signals cannot be listened for.
pub(super) fn keep(
    identity: Option<Arc<Identity>>,
    stop: CancellationToken,
) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        stop.run_until_cancelled(keep_fresh(identity, hangup)).await;
    })
}

async fn keep_fresh(identity: Option<Arc<Identity>>, mut hangup: Signal) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            _ = hangup.recv() => true,
            _ = tick.tick(), if identity.is_some() => false,
        };
        let Some(identity) = identity.clone() else {
            tracing::info!("SIGHUP: there is no certificate to read again");
            continue;
        };
        if let Err(error) = tokio::task::spawn_blocking(move || identity.reload(told)).await {
            tracing::error!(%error, "the certificate could not be looked at");
        }
    }
}
