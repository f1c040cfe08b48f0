//! AMF0 values to bytes and back, bounded in depth and count.

/// One AMF0 value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A double.
    Number(f64),
    /// A flag.
    Boolean(bool),
    /// Text; invalid UTF-8 is replaced when read.
    String(String),
    /// Named values in the order written.
    Object(Vec<(String, Value)>),
    /// Nothing, said so.
    Null,
    /// Nothing, not said.
    Undefined,
}
