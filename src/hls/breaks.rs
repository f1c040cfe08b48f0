//! How far the discontinuity sequences of all streams may have come, kept in a file beside the database, so that a process
//! whose predecessor died without a word begins above it.
//!
//! The wall's clock does this for media sequence numbers. Discontinuity numbers must stay small, for players keep an array
//! by them (see [`Numbers`](super::Numbers)), and no count of time is both small and finer than a crash and the start after
//! it. So numbers are set aside in the file some ahead, and the file is written seldom.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

/// The file in `data_dir`.
const FILE_NAME: &str = "hls_discontinuities";
/// Numbers that are set aside at once.
const AHEAD: u64 = 32;

/// What is set aside, shared by all streams of a process.
#[derive(Debug, Default)]
pub struct Breaks {
    file: Option<PathBuf>,
    from: u64,
    /// Up to which number everything is set aside.
    until: Mutex<u64>,
}

impl Breaks {
    /// Keeps them in this folder. Where that fails, which is told, they are what the clock says, as without.
    #[must_use]
    pub fn kept_in(folder: &Path) -> Arc<Self> {
        let file = folder.join(FILE_NAME);
        let from = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        let breaks = Self { file: Some(file), from: from.unwrap_or(0), until: Mutex::default() };
        let breaks = Arc::new(breaks);
        breaks.set_aside(breaks.from);
        breaks
    }

    /// Where sessions of this process begin at least.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// Whether `number` is so near the end of what is set aside that more must be.
    #[must_use]
    pub fn is_near_end(&self, number: u64) -> bool {
        self.file.is_some()
            && number + AHEAD / 2 >= *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets numbers aside behind `number`. Writes a file.
    pub fn set_aside(&self, number: u64) {
        let Some(file) = &self.file else { return };
        // Under the lock: of two streams, the one that is further wins.
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(number + AHEAD);
        let fresh = file.with_extension("new");
        let written =
            std::fs::write(&fresh, format!("{until}\n")).and_then(|()| std::fs::rename(&fresh, file));
        if let Err(error) = written {
            warn!(%error, file = %file.display(), "cannot keep how far the discontinuities have come");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_begins_above_all_that_the_one_before_can_have_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Breaks::kept_in(folder.path());
        assert_eq!(first.from(), 0);
        assert!(!first.is_near_end(3) && first.is_near_end(17_000));
        first.set_aside(17_000);
        first.set_aside(40);
        assert!(!first.is_near_end(17_000 + AHEAD / 4));
        let second = Breaks::kept_in(folder.path());
        assert!(second.from() >= 17_000 + AHEAD / 2, "{}", second.from());
        assert!(Breaks::kept_in(folder.path()).from() > second.from());
    }

    #[test]
    fn a_file_that_says_nothing_is_no_reason_not_to_start() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), "garbage").expect("written");
        assert_eq!(Breaks::kept_in(folder.path()).from(), 0);
        let nowhere = Breaks::kept_in(Path::new("/nowhere/at/all"));
        nowhere.set_aside(5);
        assert_eq!(nowhere.from(), 0);
    }
}
