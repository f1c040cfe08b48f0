//! Who may publish and play: answers the stream room's [`Admission`](crate::stream::Admission).

mod directory;
mod playback;

pub use directory::{Directory, Entry, KeyEntry, Lookup};
pub use playback::PlaybackTokens;
