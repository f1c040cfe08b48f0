//! A walk to a destination before the show: name, TCP, TLS, handshake, connect and, if wanted, publish, each told as it
//! ends.

use std::time::Duration;

use tokio::time::Instant;

use super::destination::{Destination, Reason};
use super::dial::{self, Dialer, Fault, LIMITS, Published};
use super::supervisor::Supervisor;
use super::worker::Config;
use crate::net::Reach;
use crate::rtmp::{Client, ClientConfig};

/// How long a trial may take in all.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(20);

/// A step of a trial, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrialStep {
    /// The host's name has addresses.
    Dns,
    /// One of them takes a connection.
    Tcp,
    /// The certificate is good for the name.
    Tls,
    /// An RTMP server takes the app.
    Connect,
    /// It takes the stream key.
    Publish,
}

impl TrialStep {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Tcp, Self::Tls, Self::Connect, Self::Publish];

    /// A short label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Connect => "connect",
            Self::Publish => "publish",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Passed,
    /// It is not to be done here: no TLS in the address, or publishing was not wanted.
    Skipped,
    /// Not; and nothing comes after it.
    Failed {
        /// Why.
        reason: Reason,
        /// What the system or the peer said, bounded and without secrets.
        detail: String,
    },
}

impl Outcome {
    fn failed(fault: Fault) -> Self {
        Self::Failed { reason: fault.reason, detail: fault.detail }
    }
}

/// What is told of a trial while it runs.
pub trait Trial: Send {
    /// A step begins.
    fn begins(&mut self, step: TrialStep);

    /// A step has ended.
    fn ended(&mut self, step: TrialStep, outcome: Outcome, took: Duration);
}

impl Supervisor {
    /// Walks to a destination. With `publish`, up to its permission to publish, and says goodbye at once: some platforms
    /// show a broadcast from there on. `true` when every step went well.
    ///
    /// An open circuit does not keep it from trying, and what it finds does not count for one.
    pub async fn try_out(&self, destination: &Destination, publish: bool, told: &mut impl Trial) -> bool {
        walk(&self.surroundings().dialer, destination, publish, told).await
    }
}

/// As [`Supervisor::try_out`], where nothing runs.
pub async fn try_out(
    config: &Config,
    destination: &Destination,
    publish: bool,
    told: &mut impl Trial,
) -> bool {
    let dialer = Dialer::new(config.connect_timeout, config.allowed, config.socket);
    walk(&dialer, destination, publish, told).await
}

async fn walk(dialer: &Dialer, destination: &Destination, publish: bool, told: &mut impl Trial) -> bool {
    let deadline = Instant::now() + TRIAL_TIMEOUT;
    Walk { dialer, destination, deadline, told }.run(publish).await.is_some()
}

struct Walk<'a, T> {
    dialer: &'a Dialer,
    destination: &'a Destination,
    deadline: Instant,
    told: &'a mut T,
}

impl<T: Trial> Walk<'_, T> {
    async fn run(mut self, publish: bool) -> Option<()> {
        let Destination { url, insecure, chunk_size, .. } = self.destination;
        let (dialer, deadline) = (self.dialer, self.deadline);
        let addresses = self.step(TrialStep::Dns, Dialer::look_up(url, deadline)).await?;
        let connecting = dialer.connect_to(addresses, Reach::Host, deadline);
        let (tcp, _) = self.step(TrialStep::Tcp, connecting).await?;
        let transport = if url.tls {
            self.step(TrialStep::Tls, dialer.secure(url, *insecure, tcp, deadline)).await?
        } else {
            self.told.ended(TrialStep::Tls, Outcome::Skipped, Duration::ZERO);
            crate::net::Transport::plain(tcp)
        };
        let config = ClientConfig { url: url.clone(), chunk_size: *chunk_size, limits: LIMITS };
        let mut client = Client::new(config, fastrand::u64(..));
        let introduced = async {
            match tokio::time::timeout_at(deadline, dial::introduce(&transport, &mut client)).await {
                Ok(introduced) => introduced,
                Err(_) => Err(dial::silence(client.stage())),
            }
        };
        self.step(TrialStep::Connect, introduced).await?;
        if !publish {
            self.told.ended(TrialStep::Publish, Outcome::Skipped, Duration::ZERO);
            return Some(());
        }
        let published = async {
            match tokio::time::timeout_at(deadline, dial::publish(&transport, &mut client)).await {
                // A server that sends us on takes the stream elsewhere, which is as good.
                Ok(Ok(Published::As(_) | Published::Elsewhere(_))) => Ok(()),
                Ok(Err(fault)) => Err(fault),
                Err(_) => Err(dial::silence(client.stage())),
            }
        };
        self.step(TrialStep::Publish, published).await?;
        client.finish();
        // It has our word or not; the connection ends either way.
        let _said = tokio::time::timeout_at(deadline, crate::net::flush(&transport, &mut client)).await;
        Some(())
    }

    async fn step<R>(&mut self, step: TrialStep, work: impl Future<Output = Result<R, Fault>>) -> Option<R> {
        self.told.begins(step);
        let began = Instant::now();
        let (outcome, result) = match work.await {
            Ok(result) => (Outcome::Passed, Some(result)),
            Err(fault) => (Outcome::failed(fault), None),
        };
        self.told.ended(step, outcome, began.elapsed());
        result
    }
}
