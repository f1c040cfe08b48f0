//! What a publisher says of its stream in `onMetaData`.

use crate::format::amf0::Value;

/// The properties of `onMetaData`, in the order sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// Names and values.
    pub properties: Vec<(String, Value)>,
}
