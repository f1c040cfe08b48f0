//! Changes of a row that was read first, and what becomes of them where others change it meanwhile.

use super::column::Revision;
use super::error::{Error, Result, Waiting};

/// How often a change that names no revision is made on what others made of the row. One of those who change it is always
/// done, so that so many others would have to be ahead.
const TRIES_MAX: u32 = 64;

/// One change. Who names a revision means the row as it was seen, and learns it when it is not so; who names none means the
/// row whatever it is, and their change is made anew on what is there.
#[derive(Debug)]
pub struct Attempts {
    expected: Option<Revision>,
    made: u32,
}

impl Attempts {
    /// Of a change that names this revision, or none.
    #[must_use]
    pub const fn of(expected: Option<Revision>) -> Self {
        Self { expected, made: 0 }
    }

    /// The revision that the change expects of a row that was read as `seen`.
    #[must_use]
    pub fn on(&self, seen: Revision) -> Revision {
        self.expected.unwrap_or(seen)
    }

    /// Whether to read the row and try again: on `Ok` it is.
    ///
    /// # Errors
    /// What the store said, where another try is not what was asked for; [`Error::Timeout`] after too many.
    pub fn after(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Conflict { .. } if self.expected.is_none() => {
                self.made += 1;
                if self.made < TRIES_MAX { Ok(()) } else { Err(Error::Timeout(Waiting::Turn)) }
            }
            error => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFLICT: Error = Error::Conflict { expected: Revision(1), found: Revision(2) };

    #[test]
    fn who_names_a_revision_learns_that_it_is_not_there() {
        let mut attempts = Attempts::of(Some(Revision(1)));
        assert_eq!(attempts.on(Revision(2)), Revision(1));
        assert_eq!(attempts.after(CONFLICT), Err(CONFLICT));
    }

    #[test]
    fn who_names_none_never_learns_of_a_conflict() {
        let mut attempts = Attempts::of(None);
        assert_eq!(attempts.on(Revision(2)), Revision(2));
        let gone = Error::NotFound("project");
        assert_eq!(attempts.after(gone.clone()), Err(gone));
        for _ in 1..TRIES_MAX {
            assert_eq!(attempts.after(CONFLICT), Ok(()));
        }
        assert_eq!(attempts.after(CONFLICT), Err(Error::Timeout(Waiting::Turn)));
    }
}
