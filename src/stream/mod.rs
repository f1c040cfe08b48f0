//! Where streams meet their readers: one bounded ring for each, one writer, many cursors.

mod key;
pub use key::{PlaybackId, StreamId, StreamKey};
