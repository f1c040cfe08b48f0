//! The app room.

pub mod cli;
pub mod config;
pub mod interim;
pub mod telemetry;
