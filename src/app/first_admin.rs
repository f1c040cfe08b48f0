//! The first administrator of a server that nobody sits at, from the environment: `GOSTREAM_ADMIN_EMAIL` with
//! `GOSTREAM_ADMIN_PASSWORD` or `GOSTREAM_ADMIN_PASSWORD_FILE`. Once somebody has an account, they say nothing more.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

const EMAIL: &str = "GOSTREAM_ADMIN_EMAIL";
const PASSWORD: &str = "GOSTREAM_ADMIN_PASSWORD";
const PASSWORD_FILE: &str = "GOSTREAM_ADMIN_PASSWORD_FILE";

/// The largest file with a password, bytes.
const FILE_BYTES_MAX: u64 = 4096;

/// Whom the environment names.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) email: String,
    pub(super) password: Zeroizing<String>,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Whom the variables name, if any.
///
/// # Errors
/// Half of them are set, two contradict each other, or the file cannot be read.
pub(super) fn named(variable: impl Fn(&str) -> Option<OsString>) -> anyhow::Result<Option<Named>> {
    let text = |name: &str| match variable(name).filter(|value| !value.is_empty()) {
        Some(value) => value.into_string().map(Some).map_err(|_| anyhow::anyhow!("{name} must be UTF-8")),
        None => Ok(None),
    };
    let password = match (text(PASSWORD)?, text(PASSWORD_FILE)?) {
        (Some(_), Some(_)) => bail!("{PASSWORD} and {PASSWORD_FILE} exclude each other"),
        (Some(password), None) => Some(Zeroizing::new(password)),
        (None, Some(path)) => {
            Some(contents(Path::new(&path)).with_context(|| format!("{PASSWORD_FILE} names {path}"))?)
        }
        (None, None) => None,
    };
    match (text(EMAIL)?, password) {
        (Some(email), Some(password)) => Ok(Some(Named { email, password })),
        (Some(_), None) => bail!("{EMAIL} needs {PASSWORD_FILE}"),
        (None, Some(_)) => bail!("{PASSWORD_FILE} needs {EMAIL}"),
        (None, None) => Ok(None),
    }
}

/// The password in a file, without the line's end that editors add.
fn contents(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    use std::io::Read as _;
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("it is too large to hold a password");
    }
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<(String, String)>, String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let named = named(variable).map_err(|error| format!("{error:#}"))?;
        Ok(named.map(|named| (named.email.clone(), named.password.to_string())))
    }

    #[test]
    fn the_environment_names_nobody_or_somebody_with_a_password() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("password");
        std::fs::write(&file, " open sesame \r\n").expect("written");
        let file = file.to_str().expect("UTF-8");
        let somebody = |password: &str| Ok(Some(("ada@example.org".to_owned(), password.to_owned())));
        let email = (EMAIL, "ada@example.org");
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[(EMAIL, ""), (PASSWORD, "")]), Ok(None));
        assert_eq!(of(&[email, (PASSWORD, "open sesame")]), somebody("open sesame"));
        assert_eq!(of(&[email, (PASSWORD_FILE, file)]), somebody(" open sesame "));
        for (variables, why) in [
            (&[email][..], "GOSTREAM_ADMIN_EMAIL needs"),
            (&[(PASSWORD, "x")], "needs GOSTREAM_ADMIN_EMAIL"),
            (&[email, (PASSWORD, "x"), (PASSWORD_FILE, file)], "exclude each other"),
            (
                &[email, (PASSWORD_FILE, "/nowhere")],
                "GOSTREAM_ADMIN_PASSWORD_FILE names /nowhere: No such file",
            ),
        ] {
            let told = of(variables).expect_err("refused");
            assert!(told.contains(why), "{told}");
        }
    }
}
