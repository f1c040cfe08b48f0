//! Outbound fan-out: every declared destination of a live stream gets an output that connects, sends and retries.
//!
//! `destination` has the words (states, reasons), `platform` what is known of the well-known ones, `fit` whether a stream
//! is what a destination takes; `dial` makes a connection, `worker` lives one destination's life, `sending` is its part
//! while media flows, `path` what the kernel knows of the way, `supervisor` holds what is wanted against what runs, `trial` walks the way to a destination step by step. The
//! sending itself is a shard's.

mod destination;
mod dial;
mod fit;
mod path;
mod platform;
mod sending;
mod supervisor;
mod trial;
mod worker;

pub use destination::{Destination, DestinationId, OutputState, OwnLimits, Reason, Status};
pub use path::PathFigures;
pub use platform::{Platform, PlatformLimits};
pub use supervisor::{Output, OutputChange, Supervisor};
pub use trial::{Outcome, Trial, TrialStep, try_out};
pub use worker::Config;
