//! Outbound fan-out: every declared destination of a live stream gets an output that connects, sends and retries.
//!
//! `destination` has the words (states, reasons), `dial` makes a connection, `worker` lives one destination's life,
//! `breaker` keeps one dead platform from causing a storm, `supervisor` holds what is wanted against what runs. The
//! sending itself is a shard's.

mod breaker;
mod destination;
mod dial;
mod supervisor;
mod worker;

pub use destination::{Destination, DestinationId, OutputState, Reason, Status};
pub use supervisor::{Output, Supervisor};
pub use worker::Config;
