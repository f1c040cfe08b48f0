//! The project of a first run: made once, kept in `data_dir`, so that a server without any configuration has a key
//! that nobody else has.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::reader::load_projects;
use super::{Errors, Project, file};

/// The file in `data_dir`, readable by its owner alone.
pub const FILE_NAME: &str = "project.toml";

/// Random bits in a stream key and a playback id, as characters of 5 bits: 160 and 80. The key must not be guessed;
/// the id must not be taken.
const KEY_CHARS: usize = 32;
const ID_CHARS: usize = 16;

/// Digits and small letters without those that are mistaken for one another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory or the file cannot be made or read.
    #[error("cannot keep the first project in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("there are no random bytes for a stream key: {0}")]
    Random(String),
    /// The file was edited, and something is wrong in it.
    #[error("{0}")]
    Invalid(Errors),
}

/// The projects kept in `data_dir`; on the first run, one new project with a random key.
///
/// The file is made at once or not at all, and never replaced: of two processes that start together, one makes it
/// and both read it.
///
/// # Errors
/// [`Error`]
pub fn load_or_create(data_dir: &Path) -> Result<Vec<Project>, Error> {
    let path = data_dir.join(FILE_NAME);
    let failed = |source| Error::Io { path: path.clone(), source };
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(data_dir).map_err(failed)?;
            let draft = data_dir.join(format!(".{FILE_NAME}.{}", random(ID_CHARS)?));
            let made = create(&draft, &path, &new_project()?);
            // What is left of an attempt that failed helps nobody; that it cannot be removed changes nothing.
            let _removed = std::fs::remove_file(&draft);
            made.map_err(failed)?;
            std::fs::read(&path).map_err(failed)?
        }
        read => read.map_err(failed)?,
    };
    let (path, text) = file::text(&path, bytes).map_err(Error::Invalid)?;
    load_projects(&path, text).map_err(Error::Invalid)
}

/// Writes `text` beside `path`, then gives it its name, unless somebody else was first.
fn create(draft: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    match std::fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no links. There, two processes that start at once may both write.
        Err(_) if !path.exists() => std::fs::rename(draft, path),
        linked => linked,
    }
}

fn new_project() -> Result<String, Error> {
    let (key, id) = (random(KEY_CHARS)?, random(ID_CHARS)?);
    Ok(format!(
        "# Made at the first start, since no project is declared in the configuration. Keep it secret: whoever has\n\
         # the stream key can publish. Destinations may be added here as [[project.destination]].\n\n\
         [[project]]\nname = \"My stream\"\nstream_key = \"{key}\"\nplayback_id = \"{id}\"\n"
    ))
}

fn random(chars: usize) -> Result<String, Error> {
    let mut bytes = vec![0_u8; chars];
    getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    // 256 is a multiple of 32, so each character is as likely as any other.
    let letter = |byte: u8| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0');
    Ok(bytes.into_iter().map(|byte| char::from(letter(byte))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_makes_a_project_that_the_second_finds() {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("deep/data");
        let first = load_or_create(&data).expect("made");
        assert_eq!(load_or_create(&data).expect("kept"), first);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].name, "My stream");
        assert_eq!(first[0].stream_key.expose().len(), KEY_CHARS);
        assert_eq!(first[0].playback_id.as_str().len(), ID_CHARS);
        let left: Vec<_> = std::fs::read_dir(&data)
            .expect("listed")
            .map(|entry| entry.expect("entry").file_name())
            .collect();
        assert_eq!(left, [FILE_NAME]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        load_or_create(dir.path()).expect("made");
        let mode = std::fs::metadata(dir.path().join(FILE_NAME)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_edited_file_that_is_wrong_is_told_without_its_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let text = "[[project]]\nname = \"x\"\nstream_key = \"open/sesame\"\nplayback_id = \"p\"\n";
        std::fs::write(dir.path().join(FILE_NAME), text).expect("written");
        let told = load_or_create(dir.path()).expect_err("refused").to_string();
        assert!(told.contains("project.stream_key must be") && !told.contains("sesame"), "{told}");
    }
}
