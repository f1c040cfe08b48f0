//! Who may publish and play: answers the stream room's [`Admission`](crate::stream::Admission).

mod declared;

pub use declared::{DeclaredProject, DeclaredProjects};
