//! What the kernel measures of each output's path, asked every some seconds apart from all sending.
//!
//! Where the kernel does not tell, the figures are absent; they are never zero for want of an answer.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::supervisor::{Output, Supervisor};
use crate::format::sock_diag::{Endpoints, TcpInfo};
use crate::net::PathProbe;

/// How often the kernel is asked.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is known of an output's path.
#[derive(Debug, Default)]
pub struct PathFigures(Mutex<Figures>);

#[derive(Debug, Default)]
struct Figures {
    /// The connection that sends now.
    connection: Option<Endpoints>,
    rtt: Option<Duration>,
    /// Of all connections, as of the last look at each; `None` until the kernel told once.
    retransmitted: Option<u64>,
    /// The part of it that is the present connection's.
    of_connection: u32,
}

impl PathFigures {
    /// Smoothed round-trip time of the connection that sends now.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.lock().rtt
    }

    /// Segments sent again, on all connections of the output.
    #[must_use]
    pub fn retransmitted(&self) -> Option<u64> {
        self.lock().retransmitted
    }

    /// Another connection sends from now on, or none.
    pub(super) fn follow(&self, connection: Option<Endpoints>) {
        let mut figures = self.lock();
        (figures.connection, figures.rtt, figures.of_connection) = (connection, None, 0);
    }

    fn connection(&self) -> Option<Endpoints> {
        self.lock().connection
    }

    /// Takes an answer, or that there was none, unless another connection sends by now.
    fn learn(&self, asked: &Endpoints, info: Option<TcpInfo>) {
        let mut figures = self.lock();
        if figures.connection.as_ref() != Some(asked) {
            return;
        }
        figures.rtt = info.and_then(|info| info.rtt);
        if let Some(count) = info.and_then(|info| info.retransmitted) {
            let more = count.saturating_sub(figures.of_connection);
            figures.retransmitted = Some(figures.retransmitted.unwrap_or(0).saturating_add(more.into()));
            figures.of_connection = count;
        }
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supervisor {
    /// Asks for the path of every output that sends, until `stop`. Without outputs it does nothing.
    pub async fn watch_paths(self: Arc<Self>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut probe, mut told) = (None, false);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let followed =
                |output: Arc<Output>| output.path.connection().map(|connection| (output, connection));
            let asked: Vec<_> = self.outputs().into_iter().filter_map(followed).collect();
            if asked.is_empty() {
                continue;
            }
            // The kernel may have to load a module, or be busy with others who ask.
            let looked = tokio::task::spawn_blocking(move || look(probe, &asked)).await;
            probe = match looked.map_err(io::Error::other).flatten() {
                Ok(probe) => Some(probe),
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::info!(%error, "the system does not tell round-trip times of outputs");
                    }
                    None
                }
            };
        }
    }
}

/// Asks for each of them. What one cannot be told says nothing of the others.
fn look(probe: Option<PathProbe>, asked: &[(Arc<Output>, Endpoints)]) -> io::Result<PathProbe> {
    let mut probe = probe.map_or_else(PathProbe::open, Ok);
    let mut failed = None;
    for (output, connection) in asked {
        let answer = probe.as_mut().ok().map(|probe| probe.ask(connection)).transpose();
        output.path.learn(connection, answer.as_ref().ok().copied().flatten().flatten());
        failed = answer.err().or(failed);
    }
    failed.map_or(probe, Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(port: u16) -> Endpoints {
        let parse = |text: &str| text.parse().expect("an address");
        Endpoints { local: ([127, 0, 0, 1], port).into(), remote: parse("192.0.2.1:1935") }
    }

    fn measured(millis: u64, retransmitted: u32) -> Option<TcpInfo> {
        Some(TcpInfo { rtt: Some(Duration::from_millis(millis)), retransmitted: Some(retransmitted) })
    }

    #[test]
    fn a_reconnect_forgets_the_round_trip_and_goes_on_counting() {
        let path = PathFigures::default();
        assert_eq!((path.rtt(), path.retransmitted()), (None, None), "absent, not zero");
        path.follow(Some(connection(1)));
        path.learn(&connection(1), measured(20, 3));
        path.learn(&connection(1), measured(30, 5));
        assert_eq!((path.rtt(), path.retransmitted()), (Some(Duration::from_millis(30)), Some(5)));
        path.follow(None);
        assert_eq!((path.rtt(), path.retransmitted()), (None, Some(5)));
        path.follow(Some(connection(2)));
        path.learn(&connection(1), measured(20, 9));
        assert_eq!((path.rtt(), path.retransmitted()), (None, Some(5)), "late word of the former one");
        path.learn(&connection(2), measured(40, 2));
        assert_eq!((path.rtt(), path.retransmitted()), (Some(Duration::from_millis(40)), Some(7)));
        path.learn(&connection(2), None);
        assert_eq!(
            (path.rtt(), path.retransmitted()),
            (None, Some(7)),
            "what is not told any more is not shown"
        );
    }
}
