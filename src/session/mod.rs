//! Inbound connections: an encoder or a player from its socket to the stream it writes or reads.
//!
//! `accept` takes a connection up to the moment it says what it wants; `ingest` is an encoder's life from there, `play` a
//! player's. Who may do what is [`Admission`](crate::stream::Admission)'s business, what is sent to players a shard's.

mod accept;
mod ingest;
mod play;
mod stats;

pub use accept::{Config, Sessions};
pub use stats::SessionStats;
