//! This node's name: made once, kept in `data_dir`, so that a start knows what the process before it left behind.

use std::path::Path;

use anyhow::Context as _;

/// The file in `data_dir`.
const FILE_NAME: &str = "node_id";
/// Characters of a name that we make: enough that no two nodes of one database have the same.
const CHARS: usize = 16;
/// The longest name that somebody may write there.
const LEN_MAX: usize = 64;

/// The name in `data_dir`; a new one at the first start.
///
/// # Errors
/// The file cannot be made or read, or what stands in it is no name.
pub(super) fn load_or_create(data_dir: &Path) -> anyhow::Result<String> {
    let path = data_dir.join(FILE_NAME);
    let read = || std::fs::read_to_string(&path);
    let text = match read() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let draft = data_dir.join(format!(".{FILE_NAME}.{}", std::process::id()));
            std::fs::write(&draft, format!("{}\n", new()?)).with_context(|| shown(&draft))?;
            // Of two processes that start at once, both read what the last of them wrote.
            std::fs::rename(&draft, &path).and_then(|()| read())
        }
        read => read,
    };
    let text = text.with_context(|| shown(&path))?;
    let name = text.trim();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    anyhow::ensure!(
        (1..=LEN_MAX).contains(&name.len()) && name.bytes().all(allowed),
        "{} must hold 1 to 64 letters, digits, '-' or '_'",
        path.display()
    );
    Ok(name.to_owned())
}

fn new() -> anyhow::Result<String> {
    let mut bytes = [0; CHARS / 2];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn shown(path: &Path) -> String {
    format!("cannot keep this node's name in {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_name_over_restarts() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let name = load_or_create(folder.path()).expect("made");
        assert_eq!(name.len(), CHARS);
        assert_eq!(load_or_create(folder.path()).expect("kept"), name);
        std::fs::write(folder.path().join(FILE_NAME), "a b").expect("written");
        assert!(load_or_create(folder.path()).is_err());
    }
}
