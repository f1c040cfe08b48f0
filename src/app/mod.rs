//! The assembly: configuration, the rooms joined, and the life of the process.

mod banner;
mod certificate;
pub mod cli;
pub mod config;
pub mod demo;
mod engine;
mod face;
mod life;
mod playback_url;
mod telemetry;

pub use engine::Engine;
pub use life::{Addresses, App, demo, serve};
