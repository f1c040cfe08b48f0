//! The assembly: configuration, the rooms joined, and the life of the process.

pub mod config;
pub mod demo;
mod engine;
mod life;

pub use engine::Engine;
pub use life::{Addresses, App, Phase};
