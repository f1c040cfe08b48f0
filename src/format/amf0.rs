//! AMF0 values to bytes and back (AMF 0 specification, 2007), bounded in depth and count.
//!
//! Senders are sloppy, so reading is tolerant: counts are hints, a missing end marker at the end of a message is an
//! end, text may be invalid UTF-8. What it never does is take memory or stack by a number that a sender wrote.

use bytes::BufMut;

use super::wire::{Reader, Truncated};

/// What reading may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of objects and arrays. Real messages nest two or three deep.
    pub depth: usize,
    /// Values in one message, nested ones and copies through references included. Real `onMetaData` has about 25.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 16, values: 4_096 }
    }
}

/// Why bytes are no AMF0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A value is cut.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// Nested deeper than [`Limits::depth`].
    #[error("nested deeper than {0}")]
    TooDeep(usize),
    /// More values than [`Limits::values`].
    #[error("more than {0} values")]
    TooMany(usize),
    /// A marker that stands for nothing we know.
    #[error("unknown marker {0:#04x}")]
    Marker(u8),
    /// A reference to a value that was not sent.
    #[error("reference {0} to nothing")]
    Reference(u16),
}

/// Named values in the order sent.
pub type Properties = Vec<(String, Value)>;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// §2.2.
    Number(f64),
    /// §2.3.
    Boolean(bool),
    /// §2.4 and §2.14; invalid UTF-8 is replaced.
    String(String),
    /// §2.5.
    Object(Properties),
    /// §2.7.
    Null,
    /// §2.8.
    Undefined,
    /// §2.10.
    EcmaArray(Properties),
    /// §2.12.
    StrictArray(Vec<Self>),
    /// §2.13.
    Date {
        /// Milliseconds since 1970.
        millis: f64,
        /// Minutes; reserved, should be 0.
        zone: i16,
    },
    /// §2.17.
    Xml(String),
    /// §2.18.
    Typed {
        /// The class's name.
        class: String,
        /// Its members.
        properties: Properties,
    },
    /// §2.15.
    Unsupported,
}

mod marker {
    pub(super) const NUMBER: u8 = 0x00;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const STRING: u8 = 0x02;
    pub(super) const OBJECT: u8 = 0x03;
    pub(super) const NULL: u8 = 0x05;
    pub(super) const UNDEFINED: u8 = 0x06;
    pub(super) const REFERENCE: u8 = 0x07;
    pub(super) const ECMA_ARRAY: u8 = 0x08;
    pub(super) const OBJECT_END: u8 = 0x09;
    pub(super) const STRICT_ARRAY: u8 = 0x0A;
    pub(super) const DATE: u8 = 0x0B;
    pub(super) const LONG_STRING: u8 = 0x0C;
    pub(super) const UNSUPPORTED: u8 = 0x0D;
    pub(super) const XML: u8 = 0x0F;
    pub(super) const TYPED: u8 = 0x10;
    pub(super) const AMF3: u8 = 0x11;
}

/// Reads all values of a message.
///
/// # Errors
/// [`Error`]; nothing of a broken message is returned.
pub fn decode_all(bytes: &[u8], limits: &Limits) -> Result<Vec<Value>, Error> {
    let mut decoder = Decoder::new(bytes, limits);
    let mut values = Vec::new();
    while !decoder.reader.is_empty() {
        values.push(decoder.value(0)?);
    }
    Ok(values)
}

/// Reads one value and moves `reader` behind it.
///
/// # Errors
/// [`Error`]; `reader` stays where it was.
pub fn decode(reader: &mut Reader<'_>, limits: &Limits) -> Result<Value, Error> {
    let mut decoder = Decoder::new(reader.rest(), limits);
    let value = decoder.value(0)?;
    *reader = decoder.reader;
    Ok(value)
}

struct Decoder<'a> {
    reader: Reader<'a>,
    limits: Limits,
    /// Values that may still come.
    left: usize,
    /// Complex values in the order they began, for references. One that is not complete yet is undefined.
    complex: Vec<Value>,
}

impl<'a> Decoder<'a> {
    const fn new(bytes: &'a [u8], limits: &Limits) -> Self {
        Self { reader: Reader::new(bytes), limits: *limits, left: limits.values, complex: Vec::new() }
    }

    fn spend(&mut self, values: usize) -> Result<(), Error> {
        self.left = self.left.checked_sub(values).ok_or(Error::TooMany(self.limits.values))?;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.spend(1)?;
        Ok(match self.reader.u8()? {
            marker::NUMBER => Value::Number(self.reader.f64()?),
            marker::BOOLEAN => Value::Boolean(self.reader.u8()? != 0),
            marker::STRING => Value::String(self.text()?),
            marker::LONG_STRING => Value::String(self.long_text()?),
            marker::NULL => Value::Null,
            marker::UNDEFINED => Value::Undefined,
            marker::UNSUPPORTED => Value::Unsupported,
            marker::XML => Value::Xml(self.long_text()?),
            marker::DATE => {
                let millis = self.reader.f64()?;
                Value::Date { millis, zone: i16::from_be_bytes(self.reader.array()?) }
            }
            marker::REFERENCE => self.reference()?,
            marker::AMF3 => self.amf3()?,
            complex => self.complex(complex, depth)?,
        })
    }

    fn complex(&mut self, marker: u8, depth: usize) -> Result<Value, Error> {
        if depth == self.limits.depth {
            return Err(Error::TooDeep(depth));
        }
        let index = self.complex.len();
        self.complex.push(Value::Undefined);
        let value = match marker {
            marker::OBJECT => Value::Object(self.properties(depth + 1)?),
            marker::ECMA_ARRAY => {
                // A hint: OBS writes 20 whatever follows, others 0.
                self.reader.u32()?;
                Value::EcmaArray(self.properties(depth + 1)?)
            }
            marker::STRICT_ARRAY => {
                let count = self.reader.u32()?;
                let mut values = Vec::new();
                for _ in 0..count {
                    values.push(self.value(depth + 1)?);
                }
                Value::StrictArray(values)
            }
            marker::TYPED => Value::Typed { class: self.text()?, properties: self.properties(depth + 1)? },
            unknown => return Err(Error::Marker(unknown)),
        };
        if let Some(slot) = self.complex.get_mut(index) {
            // Copies cost like the value itself, so that references cannot multiply a message.
            if self.left > value.count() {
                slot.clone_from(&value);
            }
        }
        Ok(value)
    }

    fn properties(&mut self, depth: usize) -> Result<Properties, Error> {
        let mut properties = Vec::new();
        // Some senders leave the end marker out at the end of a message.
        while !self.reader.is_empty() {
            let name = self.text()?;
            if name.is_empty() && matches!(self.reader.peek(), None | Some(marker::OBJECT_END)) {
                self.reader.u8().ok();
                break;
            }
            properties.push((name, self.value(depth)?));
        }
        Ok(properties)
    }

    fn reference(&mut self) -> Result<Value, Error> {
        let index = self.reader.u16()?;
        let value = self.complex.get(usize::from(index)).cloned().ok_or(Error::Reference(index))?;
        self.spend(value.count())?;
        Ok(value)
    }

    fn text(&mut self) -> Result<String, Error> {
        let length = self.reader.u16()?;
        Ok(String::from_utf8_lossy(self.reader.take(usize::from(length))?).into_owned())
    }

    fn long_text(&mut self) -> Result<String, Error> {
        let length = self.reader.u32()?;
        Ok(String::from_utf8_lossy(self.reader.take(length as usize)?).into_owned())
    }

    /// One simple AMF3 value (AMF 3 specification §3): what senders of mixed messages use.
    fn amf3(&mut self) -> Result<Value, Error> {
        Ok(match self.reader.u8()? {
            0 => Value::Undefined,
            1 => Value::Null,
            2 => Value::Boolean(false),
            3 => Value::Boolean(true),
            // 29 bits, signed.
            4 => Value::Number(f64::from((self.u29()?.cast_signed() << 3) >> 3)),
            5 => Value::Number(self.reader.f64()?),
            6 => {
                let length = self.u29()? >> 1;
                let bytes = self.reader.take(length as usize)?;
                Value::String(String::from_utf8_lossy(bytes).into_owned())
            }
            unknown => return Err(Error::Marker(unknown)),
        })
    }

    fn u29(&mut self) -> Result<u32, Error> {
        let mut value = 0;
        for _ in 0..3 {
            let byte = self.reader.u8()?;
            value = value << 7 | u32::from(byte & 0x7F);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Ok(value << 8 | u32::from(self.reader.u8()?))
    }
}

impl Value {
    /// Writes it. Text beyond 65535 bytes becomes a long string; property names beyond that are cut.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self {
            Self::Number(number) => {
                out.put_u8(marker::NUMBER);
                out.put_f64(*number);
            }
            Self::Boolean(flag) => out.put_slice(&[marker::BOOLEAN, u8::from(*flag)]),
            Self::String(text) => match u16::try_from(text.len()) {
                Ok(length) => {
                    out.put_u8(marker::STRING);
                    out.put_u16(length);
                    out.put_slice(text.as_bytes());
                }
                Err(_) => put_long(marker::LONG_STRING, text, out),
            },
            Self::Object(properties) => {
                out.put_u8(marker::OBJECT);
                put_properties(properties, out);
            }
            Self::Null => out.put_u8(marker::NULL),
            Self::Undefined => out.put_u8(marker::UNDEFINED),
            Self::EcmaArray(properties) => {
                out.put_u8(marker::ECMA_ARRAY);
                out.put_u32(u32::try_from(properties.len()).unwrap_or(0));
                put_properties(properties, out);
            }
            Self::StrictArray(values) => {
                out.put_u8(marker::STRICT_ARRAY);
                out.put_u32(u32::try_from(values.len()).unwrap_or(0));
                for value in values {
                    value.encode(out);
                }
            }
            Self::Date { millis, zone } => {
                out.put_u8(marker::DATE);
                out.put_f64(*millis);
                out.put_i16(*zone);
            }
            Self::Xml(text) => put_long(marker::XML, text, out),
            Self::Typed { class, properties } => {
                out.put_u8(marker::TYPED);
                put_name(class, out);
                put_properties(properties, out);
            }
            Self::Unsupported => out.put_u8(marker::UNSUPPORTED),
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The flag, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The named values, if it has any.
    #[must_use]
    pub fn properties(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(properties) | Self::EcmaArray(properties) | Self::Typed { properties, .. } => {
                Some(properties)
            }
            _ => None,
        }
    }

    /// The named value, if it has one of that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Self> {
        self.properties()?.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Values in it, itself included.
    fn count(&self) -> usize {
        let nested: usize = match self {
            Self::StrictArray(values) => values.iter().map(Self::count).sum(),
            other => other.properties().unwrap_or_default().iter().map(|(_, value)| value.count()).sum(),
        };
        1 + nested
    }
}

fn put_long(marker: u8, text: &str, out: &mut impl BufMut) {
    out.put_u8(marker);
    out.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
    out.put_slice(text.as_bytes());
}

fn put_name(name: &str, out: &mut impl BufMut) {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    out.put_u16(length);
    out.put_slice(name.as_bytes().get(..usize::from(length)).unwrap_or_default());
}

fn put_properties(properties: &Properties, out: &mut impl BufMut) {
    for (name, value) in properties {
        put_name(name, out);
        value.encode(out);
    }
    out.put_slice(&[0, 0, marker::OBJECT_END]);
}

#[cfg(test)]
#[path = "amf0_tests.rs"]
mod tests;
