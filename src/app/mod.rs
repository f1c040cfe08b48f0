//! The app room.

pub mod config;
