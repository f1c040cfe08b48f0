//! What the measuring benches have in common: processes of their own and what those cost, a stream and its publisher, the
//! server under measurement, many kept connections.

pub(crate) mod child;
pub(crate) mod client;
pub(crate) mod gostream;
pub(crate) mod http;
pub(crate) mod latencies;
pub(crate) mod media;
pub(crate) mod orders;
pub(crate) mod peer;
pub(crate) mod procfs;
pub(crate) mod publisher;
pub(crate) mod wire;
