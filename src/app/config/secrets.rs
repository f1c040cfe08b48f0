//! Reads secrets: written where other values are, or in a file of their own that a key or a variable names.
//!
//! A fault of one never quotes it.

use toml::de::DeValue;

use super::super::sources::{Origin, join};
use super::super::values::{self, Fault, type_name};
use super::Reader;
use crate::stream::StreamKey;

/// The largest file a `..._FILE` variable or `..._file` key may name, bytes.
const BYTES_MAX: u64 = 4096;

/// A secret as a source holds it.
pub(super) enum Written<'a> {
    /// In the configuration.
    Toml(&'a DeValue<'a>),
    /// In a variable.
    Variable(&'a str),
    /// In a file of its own, without the line's end.
    File(&'a str),
}

impl Reader<'_> {
    /// Reads the key from the file, then from the environment over it; each has it directly or names a file. Says whether
    /// anybody gave it.
    pub(super) fn layered<T>(
        &mut self,
        name: &'static str,
        slot: &mut T,
        read: impl Fn(Written<'_>) -> Result<T, Fault>,
    ) -> bool {
        let key = join(&self.scope.path, name);
        let file_name = file_name(name);
        let direct = self.in_file(name);
        if let Some((_, value)) = &direct {
            self.secrets.push(value.span());
        }
        let by_file = self.in_file(file_name);
        if let (Some((_, _)), Some((span, _))) = (&direct, &by_file) {
            let fault = Fault::new(format!("and {file_name} exclude each other"), "it is given twice");
            self.fault_in_file(&key, span.clone(), fault, None);
        }
        let in_file = direct.map(|(_, value)| (value, false)).or(by_file.map(|(_, value)| (value, true)));
        if let Some((value, is_path)) = in_file {
            let outcome = match (value.get_ref(), is_path) {
                (written, false) => read(Written::Toml(written)),
                (DeValue::String(path), true) => contents(path).and_then(|text| read(Written::File(&text))),
                (other, true) => Err(no_text(other)),
            };
            match outcome {
                Ok(value_read) => {
                    *slot = value_read;
                    self.set_by_file(&key, value.span());
                }
                Err(fault) => self.fault_in_file(&key, value.span(), fault, None),
            }
        }
        let direct = self.in_env(&key);
        let by_file = self.in_env(&format!("{key}_file"));
        if let (Some(_), Some((variable, _))) = (&direct, &by_file) {
            let fault = Fault::new("is given by two variables", "the same without _FILE is set as well");
            self.fault_in_env(&key, variable.clone(), fault, None);
        }
        let in_env = direct.map(|found| (found, false)).or(by_file.map(|found| (found, true)));
        let given = in_file.is_some() || in_env.is_some();
        if let Some(((variable, text), is_path)) = in_env {
            let outcome = match is_path {
                false => read(Written::Variable(text)),
                true => contents(text).and_then(|text| read(Written::File(&text))),
            };
            match outcome {
                Ok(value_read) => {
                    *slot = value_read;
                    self.origins.0.insert(key, Origin::Env(variable));
                }
                Err(fault) => self.fault_in_env(&key, variable, fault, None),
            }
        }
        given
    }
}

/// What names the file of a secret.
fn file_name(name: &str) -> &'static str {
    match name {
        "stream_key" => "stream_key_file",
        "secret" => "secret_file",
        "publish_password" => "publish_password_file",
        "url" => "url_file",
        "client_secret" => "client_secret_file",
        "key" => "key_file",
        "older_keys" => "older_keys_file",
        _ => unreachable!("no other key is a secret"),
    }
}

/// One secret; `ours` is one that publishers show.
pub(super) fn one(written: Written<'_>, ours: bool) -> Result<StreamKey, Fault> {
    let text = match written {
        Written::Variable(text) | Written::File(text) => text,
        Written::Toml(DeValue::String(text)) => text,
        Written::Toml(other) => return Err(no_text(other)),
    };
    values::secret(text, ours)?;
    Ok(StreamKey::new(text))
}

/// Several: a list in the configuration, with commas between them in a variable, one a line in a file.
pub(super) fn many(written: Written<'_>) -> Result<Vec<StreamKey>, Fault> {
    let read = |text: &str| one(Written::Variable(text), false);
    let filled = |text: &&str| !text.is_empty();
    match written {
        Written::Toml(DeValue::Array(list)) => {
            list.iter().map(|entry| one(Written::Toml(entry.get_ref()), false)).collect()
        }
        Written::Toml(other) => {
            Err(Fault::new("must be a list of strings", format!("this is {}", type_name(other))))
        }
        Written::Variable(text) => text.split(',').map(str::trim).filter(filled).map(read).collect(),
        Written::File(text) => text.lines().map(str::trim).filter(filled).map(read).collect(),
    }
}

fn no_text(value: &DeValue<'_>) -> Fault {
    Fault::new("must be a string", format!("this is {}", type_name(value)))
}

/// What is in the file that `..._FILE` or `..._file` names.
fn contents(path: &str) -> Result<String, Fault> {
    use std::io::Read as _;
    let must = "must name a file that holds a secret";
    let mut text = String::new();
    let opened = std::fs::File::open(path).map(|file| file.take(BYTES_MAX + 1));
    match opened.and_then(|mut file| file.read_to_string(&mut text)) {
        Err(error) => Err(Fault::new(must, format!("cannot read it: {error}"))),
        Ok(_) if text.len() as u64 > BYTES_MAX => Err(Fault::new(must, "the file is too large for one")),
        Ok(_) if text.trim_end().is_empty() => Err(Fault::new(must, "the file is empty")),
        Ok(_) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
    }
}
