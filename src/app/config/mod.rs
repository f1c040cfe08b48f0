//! How the server runs: every key, its default, and where a value came from.
//!
//! Flags beat environment variables, which beat the file, which beats the defaults. Everything is read once, at the
//! door; behind it there are only types. What is wrong is reported all at once, each with its line and a caret
//! ([`error`]); only a file that is not TOML at all is reported alone, since its keys cannot be trusted.
//!
//! This room leaves to others: what a value does. Each room has a `Config` of its own, and `app` fills it from here.
//!
//! **Invariant:** a stream key reaches neither an error, nor `show`, nor a log line.

mod codecs;
mod conflicts;
pub mod error;
mod face;
mod file;
mod kept;
mod keys;
mod listen;
mod mask;
mod nearest;
mod project;
mod reader;
mod sections;
mod show;
mod sources;
mod threads;
mod values;
mod words;

#[cfg(test)]
mod tests;

use std::time::Duration;

use values::Kind;

pub use error::Errors;
pub use face::{Api, WebOrigin};
pub use file::{SEARCH_PATHS, find};
pub use kept::{Auth, Database, History, Limits, Oidc, OidcCreate, Vault};
pub use listen::Listen;
pub use project::{Destination, Project};
pub use sections::{
    AllowPrivate, Config, Hls, Http, Https, Log, LogFormat, Metrics, OnDuplicate, Playback, Practice, Relay,
    Rtmp, Rtmps, Stream, Tls, TlsMode, Webhooks,
};
pub use show::show;
pub use sources::{Flag, Loaded, Origin, Origins, Sources};

/// The commented file that `config init` prints: every key with its default.
pub const TEMPLATE: &str = include_str!("../../../config.toml");

/// Reads a duration as the file has it, up to ten years.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence that begins with its name.
pub fn duration(text: &str) -> Result<Duration, String> {
    const DECADE: u64 = 10 * 365 * 24 * 60 * 60 * 1000;
    let read = Kind::<Duration>::read(&values::Time(1_000..=DECADE), values::Raw::Text(text));
    read.map_err(|fault| format!("{}: {}", fault.must, fault.label))
}

/// Reads, lays over one another and checks all sources.
///
/// # Errors
/// [`Errors`] with everything that is wrong, in the order of the file, then the environment, then the flags.
pub fn load(sources: &Sources) -> Result<Loaded, Errors> {
    reader::load(sources)
}
