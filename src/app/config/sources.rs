//! What is read, and for each value where it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Config, Errors};

/// What every variable of ours begins with.
pub(super) const ENV_PREFIX: &str = "GOSTREAM_";

/// Everything that is read.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    /// The name and the text of the file.
    pub file: Option<(PathBuf, String)>,
    /// The environment; only names that begin with `GOSTREAM_` matter.
    pub env: BTreeMap<String, OsString>,
    /// What was said on the command line.
    pub flags: Vec<Flag>,
}

/// A flag that sets a key.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The key, for example `log.level`.
    pub key: &'static str,
    /// The flag as it is typed, for example `--log-level`.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

impl Sources {
    /// The file that is found, the environment of this process, and these flags.
    ///
    /// # Errors
    /// A file that cannot be read: see [`super::find`].
    pub fn of_process(file: Option<&Path>, flags: Vec<Flag>) -> Result<Self, Errors> {
        let ours = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        let env =
            std::env::vars_os().filter_map(ours).filter(|(name, _)| name.starts_with(ENV_PREFIX)).collect();
        Ok(Self { file: super::find(file)?, env, flags })
    }
}

/// A configuration and where its values came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values in force.
    pub config: Config,
    /// Where each came from.
    pub origins: Origins,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of the file, from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line in it.
        line: usize,
    },
    /// An environment variable.
    Env(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// For each key that somebody set, who did. Keys in lists have their index: `project.0.stream_key`.
#[derive(Debug, Clone, Default)]
pub struct Origins(pub(super) BTreeMap<String, Origin>);

impl Origins {
    /// Who set this key.
    #[must_use]
    pub fn of(&self, key: &str) -> &Origin {
        self.0.get(key).unwrap_or(&Origin::Default)
    }
}

/// A key below a table.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

pub(super) fn env_name(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}
