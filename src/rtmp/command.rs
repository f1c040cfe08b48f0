//! Commands (RTMP 1.0 §7.2): a name, a transaction number, an object or null, and arguments.

use super::Error;
use crate::format::amf0::{self, Value};

/// One command of either end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) name: String,
    /// 0 when no answer is wanted. Missing or odd ones read as 0.
    pub(super) transaction: f64,
    /// The command object, then the arguments.
    pub(super) values: Vec<Value>,
}

impl Command {
    pub(super) fn new(name: &str, transaction: f64, values: Vec<Value>) -> Self {
        Self { name: name.to_owned(), transaction, values }
    }

    pub(super) fn read(payload: &[u8], limits: &amf0::Limits) -> Result<Self, Error> {
        let mut values = amf0::decode_all(payload, limits)?.into_iter();
        let Some(Value::String(name)) = values.next() else { return Err(Error::NamelessCommand) };
        let mut values = values.peekable();
        let transaction = match values.peek() {
            Some(Value::Number(number)) => *number,
            _ => 0.0,
        };
        values.next();
        Ok(Self { name, transaction, values: values.collect() })
    }

    /// The command object: what `connect` puts its properties in.
    pub(super) fn object(&self) -> &Value {
        self.values.first().unwrap_or(&Value::Null)
    }

    /// A text property of the command object, however its name is cased; anything but text is as good as missing.
    pub(super) fn property(&self, name: &str) -> String {
        let (Value::Object(properties) | Value::EcmaArray(properties)) = self.object() else {
            return String::new();
        };
        let found = properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
    }

    /// Argument `index` after the command object.
    pub(super) fn argument(&self, index: usize) -> &Value {
        self.values.get(index + 1).unwrap_or(&Value::Undefined)
    }

    /// Whether the sender waits for an answer.
    pub(super) fn wants_answer(&self) -> bool {
        self.transaction > 0.0
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        Value::String(self.name.clone()).encode(&mut out);
        Value::Number(self.transaction).encode(&mut out);
        for value in &self.values {
            value.encode(&mut out);
        }
        out
    }

    pub(super) fn result(transaction: f64, values: Vec<Value>) -> Self {
        Self::new("_result", transaction, values)
    }

    /// An `_error`. Always with a description: FFmpeg hangs on one without.
    pub(super) fn error(transaction: f64, code: &str, description: &str) -> Self {
        Self::new("_error", transaction, vec![Value::Null, status("error", code, description)])
    }

    pub(super) fn on_status(level: &str, code: &str, description: &str) -> Self {
        Self::new("onStatus", 0.0, vec![Value::Null, status(level, code, description)])
    }
}

/// The information object of an answer or an `onStatus`.
pub(super) fn status(level: &str, code: &str, description: &str) -> Value {
    object(&[("level", level), ("code", code), ("description", description)])
}

/// An object of strings.
pub(super) fn object(properties: &[(&str, &str)]) -> Value {
    let property = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::String((*value).to_owned()));
    Value::Object(properties.iter().map(property).collect())
}

/// `code` and `description` of the first object among a command's values.
pub(super) fn information(command: &Command) -> (String, String) {
    let text = |name: &str| {
        let found = command.values.iter().find_map(|value| value.property(name)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    (text("code"), text("description"))
}
