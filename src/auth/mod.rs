//! Who may publish and play: answers the stream room's [`Admission`](crate::stream::Admission).

mod declared;
mod playback;

pub use declared::{DeclaredProject, DeclaredProjects};
pub use playback::PlaybackTokens;
