//! Listening sockets, and how many connections they may bring: in all and from one address.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// Connections that the kernel holds for us before they are accepted.
const BACKLOG: i32 = 1_024;
/// A pause after an error of `accept` that is not one connection's (such as no file descriptors left), so that
/// the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds a listening socket. An unspecified IPv6 address takes IPv4 as well.
///
/// # Errors
/// Of the socket: the address is in use, or not ours.
pub fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() && addr.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

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

/// The connections of one service, counted.
#[derive(Debug)]
pub struct Connections {
    limits: ConnectionLimits,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    open: AtomicUsize,
    accepted: AtomicU64,
    rejected_max: AtomicU64,
    rejected_address: AtomicU64,
}

impl Connections {
    /// None yet.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            by_address: Mutex::default(),
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
        match reason {
            RejectReason::Max => &self.rejected_max,
            RejectReason::MaxPerAddress => &self.rejected_address,
        }
        .load(Ordering::Relaxed)
    }

    /// Counts a connection in, or says why not. It counts out when the permit is dropped.
    ///
    /// # Errors
    /// [`RejectReason`].
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Admitted, RejectReason> {
        // An IPv4 client of a dual-stack socket is that IPv4 client.
        let address = address.to_canonical();
        let mut by_address = self.lock();
        let count = by_address.get(&address).copied().unwrap_or_default();
        if self.open() >= self.limits.max {
            self.rejected_max.fetch_add(1, Ordering::Relaxed);
            return Err(RejectReason::Max);
        }
        if count >= self.limits.max_per_address {
            self.rejected_address.fetch_add(1, Ordering::Relaxed);
            return Err(RejectReason::MaxPerAddress);
        }
        by_address.insert(address, count + 1);
        self.open.fetch_add(1, Ordering::Relaxed);
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(Admitted { connections: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut by_address = self.connections.lock();
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
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
    fn connections_are_bounded_in_all_and_by_address_and_count_out_when_dropped() {
        let connections = Connections::new(ConnectionLimits { max: 3, max_per_address: 2 });
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = connections.admit(a).expect("the first");
        let _second = connections.admit(a).expect("the second");
        assert_eq!(connections.admit(a).map(|_| ()), Err(RejectReason::MaxPerAddress));
        let _third = connections.admit(b).expect("another address");
        assert_eq!(connections.admit(b).map(|_| ()), Err(RejectReason::Max));
        drop(first);
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().expect("an address");
        let _again = connections.admit(mapped).expect("one left");
        assert_eq!((connections.open(), connections.accepted()), (3, 4));
        assert_eq!(connections.rejected(RejectReason::Max), 1);
        assert_eq!(connections.rejected(RejectReason::MaxPerAddress), 1);
        assert_eq!(connections.lock().get(&a), Some(&2), "one client on both stacks");
    }
}
