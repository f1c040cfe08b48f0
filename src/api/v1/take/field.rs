//! Values of a merge patch: what is absent stays, what is null is cleared (RFC 7396).

use serde::{Deserialize, Deserializer};

/// A value that may be cleared. Its field has `#[serde(default)]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// It stays as it is.
    #[default]
    Absent,
    /// It is cleared.
    Null,
    /// It becomes this.
    Value(T),
}

impl<T> Field<T> {
    /// What the value is after the patch, from what it was.
    #[must_use]
    pub fn over(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Absent => old,
            Self::Null => None,
            Self::Value(new) => Some(new),
        }
    }

    /// `None` where it stays; `Some(None)` where it is cleared.
    #[must_use]
    pub fn change(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(new) => Some(Some(new)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// A value that cannot be cleared: null is refused. Its field has `#[serde(default)]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep<T>(pub Option<T>);

impl<T> Default for Keep<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Keep<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}
