//! This node's name: configured, or made at the first start and kept in `data_dir`.

use std::fs;
use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;

use super::config::Config;
use crate::vault;

/// The file in `data_dir`.
const FILE_NAME: &str = "node_id";
/// Random characters of a name that we make: some 60 bits.
const RANDOM_CHARS: usize = 12;

/// The name, where there is one already; none is made.
pub(super) fn known(config: &Config) -> Option<String> {
    if !config.node_id.is_empty() {
        return Some(config.node_id.clone());
    }
    let kept = fs::read_to_string(config.data_dir.join(FILE_NAME)).ok()?;
    Some(kept.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The name.
///
/// # Errors
/// It can be neither read nor kept.
pub(super) fn id(config: &Config) -> anyhow::Result<String> {
    if !config.node_id.is_empty() {
        return Ok(config.node_id.clone());
    }
    let path = config.data_dir.join(FILE_NAME);
    let failed = || format!("cannot keep this node's name in {}", path.display());
    let random = vault::random_token("").context("this node's name")?;
    let new = format!("node-{}", random.chars().take(RANDOM_CHARS).collect::<String>());
    // Of two that start together one makes the file, and both read it.
    match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => file.write_all(new.as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(failed),
    }
    let kept = fs::read_to_string(&path).with_context(failed)?;
    let kept = kept.trim();
    // A process that died while it wrote left nothing in it.
    Ok(if kept.is_empty() { new } else { kept.to_owned() })
}
