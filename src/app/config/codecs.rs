//! How a list of codings is written.

use toml::de::DeValue;

use super::values::{Fault, Kind, Raw, echo, quoted, text_of, type_name};
use crate::media::{Codec, Codecs};

/// A list of codings; in a variable their names with commas between.
pub(super) struct CodecList;

impl Kind<Codecs> for CodecList {
    const LIST: bool = true;

    fn read(&self, raw: Raw<'_>) -> Result<Codecs, Fault> {
        let must = "must be a list such as [\"h264\", \"aac\"]";
        let names: Vec<&str> = match raw {
            Raw::Text(text) => text.split(',').map(str::trim).collect(),
            Raw::Toml(DeValue::Array(items)) => {
                items.iter().map(|item| text_of(Raw::Toml(item.get_ref()), must)).collect::<Result<_, _>>()?
            }
            Raw::Toml(other) => return Err(Fault::new(must, format!("this is {}", type_name(other)))),
        };
        let codec = |name: &str| {
            Codec::ALL.into_iter().find(|codec| codec.label() == name).ok_or_else(|| {
                let known = Codec::ALL.map(Codec::label).join(", ");
                Fault::new(must, format!("{} is none of {known}", echo(name)))
            })
        };
        if names.is_empty() {
            return Err(Fault::new(must, "this is empty"));
        }
        names.into_iter().map(codec).collect()
    }

    fn print(&self, value: &Codecs) -> Option<String> {
        let names: Vec<_> = value.named().map(|codec| quoted(codec.label())).collect();
        Some(format!("[{}]", names.join(", ")))
    }
}
