//! What can go wrong with secrets, in words that hold none.

use std::io;
use std::path::PathBuf;

/// Why there is no secret, or no key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system gives no random bytes: nothing is safe then.
    #[error("there are no random bytes")]
    Random,
    /// The key that sealed it is not among those that were given.
    #[error("it was sealed with server key {0}, which is not among the configured ones")]
    UnknownKey(i64),
    /// It was not sealed by this key for this purpose, or somebody changed it.
    #[error("it was not sealed here, or it was changed since")]
    NotOurs,
    /// The text is no server key.
    #[error("a server key is 32 bytes, as 64 hexadecimal digits or in base64")]
    NotAKey,
    /// The file that holds the server key holds none.
    #[error("{path} holds no server key: 64 hexadecimal digits, or base64 of 32 bytes")]
    BadFile {
        /// The file.
        path: PathBuf,
    },
    /// The directory or the file cannot be made or read.
    #[error("cannot keep the server key in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
