//! Where streams meet their readers: one bounded ring for each, one writer, many cursors.
//!
//! In the order a frame passes: [`Publisher`] (a source's handle) -> `writer` (whose turn it is, and what fills in) -> `ring` -> [`Subscriber`] (a reading handle) or
//! [`Shards`] (tasks that send to many sockets). [`Stream`] holds them together, [`Registry`] finds it, [`Admission`] is
//! what this room asks of whoever knows the keys.
//!
//! **Invariant:** nobody waits for a reader. **Invariant:** what a reader misses is counted.

mod admission;
mod air;
mod bell;
mod cursor;
mod key;
mod live;
mod publisher;
mod registry;
mod rhythm;
mod ring;
mod shard;
mod silence;
mod slate;
mod source;
mod stats;
mod subscriber;
mod writer;

pub use admission::{Admission, Denied, PlayAttempt, PublishAttempt, TokenFault};
pub use cursor::Start;
pub use key::{InvalidPlaybackId, PlaybackId, StreamId, StreamKey};
pub use live::{Names, Stream, StreamState};
pub use publisher::{Publisher, SourceFrame, Superseded};
pub use registry::{Busy, OnDuplicate, Registry};
pub use ring::{Entry, Origin, RingLimits};
pub use shard::{Attachment, Finished, OutputSpec, ShardConfig, Shards, Wanted};
pub use stats::{DropCause, Figure, OutputStats, Rate, StreamStats};
pub use subscriber::{Received, Subscriber};
pub use writer::HoldConfig;
