//! Inbound connections: an encoder or a player from its socket to the stream it writes or reads.
//!
//! `accept` takes a connection up to the moment it says what it wants; `ingest` is an encoder's life from there, `play` a
//! player's. Who may do what is [`Admission`](crate::stream::Admission)'s business, what is sent to players a shard's.
//! `presence` knows the encoders that are connected, and tells what happens to them.

mod accept;
mod giving_way;
mod ingest;
mod play;
mod presence;
mod stats;

pub use accept::{Config, Sessions};
pub use giving_way::GivesWay;
pub use presence::{ConnectionId, Departure, Encoder, Happening, Refused, Rejection};
pub use stats::SessionStats;
