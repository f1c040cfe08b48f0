//! Sockets: what listens, what carries bytes, and what turns a protocol machine by them.
//!
//! **Invariant:** nothing here knows streams or projects.

mod backoff;
mod breaker;
mod drive;
mod identity;
mod lasting;
mod listener;
mod network;
mod path;
mod reach;
mod tls;
mod transport;

pub use backoff::Backoff;
pub use breaker::Breakers;
pub use drive::{Alarm, Failure, Machine, Step, flush, step, step_by};
pub use identity::{Identity, Protocol, Reloaded};
pub use lasting::lasting;
pub use listener::{Admitted, Bounds, ConnectionLimits, Connections, Listener, Listening, RejectReason};
pub use network::{Network, NotANetwork, masked};
pub use path::PathProbe;
pub use reach::{Allowed, Reach};
pub use tls::{TlsError, client_config};
pub use transport::{SocketOptions, Transport};
