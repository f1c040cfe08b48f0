//! The assembly: configuration, the rooms joined, and the life of the process.

mod assembly;
mod banner;
mod certificate;
pub mod cli;
pub mod config;
pub mod demo;
pub mod doctor;
mod engine;
mod face;
mod life;
mod node;
mod playback_url;
mod preparation;
mod telemetry;

pub use assembly::declared;
pub use engine::Engine;
pub use life::{Addresses, App, Reload, demo, migrate, serve};
pub use preparation::FirstProject;
