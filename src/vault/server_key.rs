//! The server key: read from text, or made once and kept in a file of its own.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{Error, random_token};

/// The file in the data directory, readable by its owner alone.
pub const FILE_NAME: &str = "server.key";

/// Bytes of a key.
const KEY_LEN: usize = 32;

/// The most that is read of a file: the longest form of a key, with spaces around it.
const FILE_BYTES_MAX: u64 = 256;

/// Separates what we derive from what anybody else derives from the same bytes. It never changes.
const SALT: &[u8] = b"gostream vault";

/// 256 bits that open everything. Never printed, and wiped when dropped.
pub struct ServerKey(Zeroizing<[u8; KEY_LEN]>);

impl ServerKey {
    /// Reads 32 bytes written as 64 hexadecimal digits or in base64, either alphabet, padded or not: what
    /// `openssl rand -hex 32` and `openssl rand -base64 32` print. Space around it does not matter.
    ///
    /// # Errors
    /// [`Error::NotAKey`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let bytes = if text.len() == 2 * KEY_LEN { hexadecimal(text) } else { base64(text) };
        let bytes = bytes.ok_or(Error::NotAKey)?;
        let mut key = Zeroizing::new([0; KEY_LEN]);
        if bytes.len() != KEY_LEN {
            return Err(Error::NotAKey);
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// The key kept in `dir`; on the first run, a new one.
    ///
    /// The file is made at once or not at all, and never replaced: of two processes that start together, one makes it
    /// and both read it. Whoever loses it loses every secret that it sealed.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadFile`], [`Error::Random`].
    pub fn load_or_create(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE_NAME);
        let failed = |source| Error::Io { path: path.clone(), source };
        let text = match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(dir).map_err(failed)?;
                let draft = dir.join(&*random_token(".server.key.")?);
                let made = create(&draft, &path, &new_key()?);
                // What is left of an attempt that failed helps nobody; that it cannot be removed changes nothing.
                let _removed = std::fs::remove_file(&draft);
                made.map_err(failed)?;
                read(&path).map_err(failed)?
            }
            read => read.map_err(failed)?,
        };
        Self::parse(&text).map_err(|_| Error::BadFile { path })
    }

    /// 32 bytes for one use (RFC 5869), from which neither the key nor those for another use can be told.
    pub(super) fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, SALT)
            .extract(&*self.0)
            .expand(&[label], hkdf::HKDF_SHA256)
            .and_then(|bytes| bytes.fill(&mut *derived))
            .expect("32 bytes are one block of HKDF-SHA256");
        derived
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(redacted)")
    }
}

fn hexadecimal(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_LEN));
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(digit(high)? << 4 | digit(low)?);
    }
    Some(bytes)
}

fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let any = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
    GeneralPurpose::new(&alphabet, any).decode(text).ok().map(Zeroizing::new)
}

fn new_key() -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0_u8; KEY_LEN]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::Random)?;
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_LEN + 1));
    for byte in bytes.iter() {
        text.extend(
            [byte >> 4, byte & 15].into_iter().filter_map(|digit| char::from_digit(digit.into(), 16)),
        );
    }
    text.push('\n');
    Ok(text)
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes `text` beside `path`, then gives it its name, unless somebody else was first. It is on the disk before
/// anything is sealed with it.
fn create(draft: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    match std::fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // Some file systems have no links. There, two processes that start at once may both write.
        Err(_) if !path.exists() => std::fs::rename(draft, path)?,
        linked => linked?,
    }
    // The name too; a file system that cannot do that for a directory has no better way.
    let _synced = path.parent().map(std::fs::File::open).transpose()?.map(|dir| dir.sync_all());
    Ok(())
}
