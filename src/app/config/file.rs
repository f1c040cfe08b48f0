//! Finds and reads the file; what is no text, or has no keys, is refused by saying what it is.

use std::io;
use std::path::{Path, PathBuf};

use super::Errors;

/// Where a file is looked for when none is named, in this order. None of them is fine.
pub const SEARCH_PATHS: [&str; 2] = ["./config.toml", "/etc/gostream/config.toml"];

/// The largest file that is read, bytes: far above any real one, far below what would hurt.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The text of the named file, or of the first that exists on the search path.
///
/// # Errors
/// A named file that is missing; any file that cannot be read, is no UTF-8 text, or is empty.
pub fn find(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, Errors> {
    if let Some(path) = named {
        return match read(path) {
            Ok(bytes) => text(path, bytes).map(Some),
            Err(error) => Err(unreadable(path, &error)),
        };
    }
    for path in SEARCH_PATHS.map(Path::new) {
        match read(path) {
            Ok(bytes) => return text(path, bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
    Ok(None)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Errors {
    match error.kind() {
        io::ErrorKind::NotFound => Errors::whole(
            format!("there is no file {}", path.display()),
            Some("`gostream config init` prints one with every default"),
        ),
        io::ErrorKind::IsADirectory => Errors::whole(format!("{} is a directory", path.display()), None),
        _ => Errors::whole(format!("cannot read {}: {error}", path.display()), None),
    }
}

/// The text in the bytes of a file.
///
/// # Errors
/// Bytes that are no configuration whatever they hold.
pub(super) fn text(path: &Path, bytes: Vec<u8>) -> Result<(PathBuf, String), Errors> {
    let name = path.display();
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Errors::whole(format!("{name} is larger than 4 MiB: it is no configuration"), None));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Errors::whole(format!("{name} is UTF-16 text"), Some("save it as UTF-8")));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").map(<[u8]>::to_vec).unwrap_or(bytes);
    let binary = || Errors::whole(format!("{name} is a binary file, not a configuration"), None);
    if bytes.contains(&0) {
        return Err(binary());
    }
    let text = String::from_utf8(bytes).map_err(|_| binary())?;
    if text.trim().is_empty() {
        return Err(Errors::whole(
            format!("{name} is empty"),
            Some("remove it to run with the defaults, or fill it with `gostream config init`"),
        ));
    }
    Ok((path.to_owned(), text))
}
