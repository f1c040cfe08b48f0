//! Listening sockets, and how many connections they may bring: in all and from one address.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// A pause after an error of `accept` that is not one connection's (such as no file descriptors left), so that
/// the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bounds on connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// In all.
    pub max: usize,
    /// From one address.
    pub max_per_address: usize,
}

/// Why a connection was closed as soon as it was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// The bound on all connections.
    Max,
    /// The bound on connections from one address.
    MaxPerAddress,
}

/// Bounds that the services of one process share, and what is open under them.
#[derive(Debug)]
pub struct Bounds {
    limits: ConnectionLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Bounds {
    /// Nothing is open yet.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    fn take(&self, address: IpAddr) -> Result<(), RejectReason> {
        let mut open = self.lock();
        if open.total >= self.limits.max {
            return Err(RejectReason::Max);
        }
        let count = open.by_address.entry(address).or_default();
        if *count >= self.limits.max_per_address {
            return Err(RejectReason::MaxPerAddress);
        }
        *count += 1;
        open.total += 1;
        Ok(())
    }

    fn give_back(&self, address: IpAddr) {
        let mut open = self.lock();
        open.total -= 1;
        if let Some(count) = open.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections of one service, counted.
#[derive(Debug)]
pub struct Connections {
    /// The service's name in metrics and logs.
    pub service: &'static str,
    bounds: Arc<Bounds>,
    open: AtomicUsize,
    accepted: AtomicU64,
    rejected_max: AtomicU64,
    rejected_address: AtomicU64,
}

impl Connections {
    /// None yet.
    #[must_use]
    pub fn new(service: &'static str, bounds: Arc<Bounds>) -> Arc<Self> {
        Arc::new(Self {
            service,
            bounds,
            open: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            rejected_max: AtomicU64::new(0),
            rejected_address: AtomicU64::new(0),
        })
    }

    /// Open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Admitted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Closed at once so far.
    #[must_use]
    pub fn rejected(&self, reason: RejectReason) -> u64 {
        self.rejections(reason).load(Ordering::Relaxed)
    }

    /// Counts a connection in, or says why not. It counts out when the permit is dropped.
    ///
    /// # Errors
    /// [`RejectReason`].
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Admitted, RejectReason> {
        // An IPv4 client of a dual-stack socket is that IPv4 client.
        let address = address.to_canonical();
        if let Err(reason) = self.bounds.take(address) {
            self.rejections(reason).fetch_add(1, Ordering::Relaxed);
            return Err(reason);
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(Admitted { connections: Arc::clone(self), address })
    }

    const fn rejections(&self, reason: RejectReason) -> &AtomicU64 {
        match reason {
            RejectReason::Max => &self.rejected_max,
            RejectReason::MaxPerAddress => &self.rejected_address,
        }
    }
}

/// The permit of one open connection.
#[derive(Debug)]
pub struct Admitted {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.bounds.give_back(self.address);
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that was admitted.
pub type Listening = (TcpStream, SocketAddr, Admitted);

/// A listening socket and its bounds.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    connections: Arc<Connections>,
}

impl Listener {
    /// Joins a socket and the bounds it works under; several sockets may share them.
    #[must_use]
    pub const fn new(socket: TcpListener, connections: Arc<Connections>) -> Self {
        Self { socket, connections }
    }

    /// The real address, also when port 0 was asked for.
    ///
    /// # Errors
    /// Of the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next admitted connection. Those beyond a bound are closed here and counted. Cancel safe.
    pub async fn accept(&self) -> Listening {
        loop {
            match self.socket.accept().await {
                Ok((stream, from)) => match self.connections.admit(from.ip()) {
                    Ok(admitted) => return (stream, from, admitted),
                    Err(reason) => tracing::warn!(%from, ?reason, "connection refused: too many"),
                },
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_bounded_in_all_and_by_address_over_all_services() {
        let bounds = Bounds::new(ConnectionLimits { max: 3, max_per_address: 2 });
        let plain = Connections::new("rtmp", Arc::clone(&bounds));
        let secure = Connections::new("rtmps", bounds);
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = plain.admit(a).expect("the first");
        let _second = secure.admit(a).expect("the second");
        assert_eq!(plain.admit(a).map(|_| ()), Err(RejectReason::MaxPerAddress));
        let _third = plain.admit(b).expect("another address");
        assert_eq!(secure.admit(b).map(|_| ()), Err(RejectReason::Max));
        drop(first);
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().expect("an address");
        let _again = plain.admit(mapped).expect("one client on both stacks, and one is left");
        assert_eq!(secure.admit(a).map(|_| ()), Err(RejectReason::Max));
        assert_eq!((plain.open(), plain.accepted()), (2, 3));
        assert_eq!((secure.open(), secure.accepted()), (1, 1));
        assert_eq!(plain.rejected(RejectReason::MaxPerAddress), 1);
        assert_eq!(secure.rejected(RejectReason::Max), 2);
    }
}
