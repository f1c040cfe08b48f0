//! A folder of its own for each test, gone when the test passed.

use std::path::{Path, PathBuf};

/// A temporary folder.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes one. It is kept, and its path told, when the test fails or `GOSTREAM_TEST_KEEP` is set.
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("gostream-{name}-")).tempdir();
        Self(folder.expect("a temporary folder can be made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("GOSTREAM_TEST_KEEP").is_some() {
            self.0.disable_cleanup(true);
            eprintln!("kept: {}", self.0.path().display());
        }
    }
}
