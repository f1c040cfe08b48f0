//! What handlers give: resources with a tag, pages, moments, and secrets that are shown once.

mod listed;
mod moment;
mod tagged;

pub use listed::{Items, Listed};
pub use moment::Moment;
pub use tagged::{Created, ShownOnce, Tagged};
