//! What a column holds: time, revision, JSON, opaque bytes; and the macros that make a type of ours a column or a row.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// Later by this much.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Earlier by this much.
    #[must_use]
    pub fn before(self, past: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(past.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl From<SystemTime> for UnixMillis {
    /// A clock that stands before 1970 counts as 1970.
    fn from(time: SystemTime) -> Self {
        Self(0).after(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

/// How often a row has been changed: 1 when new. What `ETag` is made of and `If-Match` compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub i64);

impl Revision {
    /// A new row's.
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A value whose shape is another floor's. Kept as text, so both databases return what was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Json(pub serde_json::Value);

impl Json {
    /// `{}`.
    #[must_use]
    pub fn empty() -> Self {
        Self(serde_json::Value::Object(serde_json::Map::new()))
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::str::FromStr for Json {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map(Self)
    }
}

/// Bytes that say something only to who made them: hashes, sealed secrets. Never printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Opaque(pub Vec<u8>);

impl From<&[u8]> for Opaque {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

/// Text that is not printed: a password's hash.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A column holds a word that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is none of the words that may stand here")]
pub struct NotAWord;

/// Makes `$name` a column that is kept as `$kept`: `$into` gives what is kept of a `$name`, and `$from` reads it back.
macro_rules! column {
    ($name:ty, $kept:ty, $variant:ident, $into:expr, $from:expr) => {
        impl From<$name> for $crate::store::statement::Value {
            fn from(value: $name) -> Self {
                Self::$variant(Some($into(&value)))
            }
        }

        impl From<&$name> for $crate::store::statement::Value {
            fn from(value: &$name) -> Self {
                Self::$variant(Some($into(value)))
            }
        }

        impl From<Option<$name>> for $crate::store::statement::Value {
            fn from(value: Option<$name>) -> Self {
                Self::$variant(value.as_ref().map($into))
            }
        }

        impl From<&Option<$name>> for $crate::store::statement::Value {
            fn from(value: &Option<$name>) -> Self {
                Self::$variant(value.as_ref().map($into))
            }
        }

        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            $kept: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$kept as sqlx::Type<DB>>::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                <$kept as sqlx::Type<DB>>::compatible(info)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            $kept: sqlx::Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let kept = <$kept as sqlx::Decode<'r, DB>>::decode(value)?;
                $from(kept)
            }
        }
    };
}

/// A column that is kept as the text that `Display` writes and `FromStr` reads.
macro_rules! text_column {
    ($name:ty) => {
        $crate::store::column::column!(
            $name,
            String,
            Text,
            <$name as ToString>::to_string,
            |kept: String| Ok(kept.parse::<$name>()?)
        );
    };
}

/// An enum of words that a column holds.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The word that stands for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::store::column::NotAWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err($crate::store::column::NotAWord) }
            }
        }

        $crate::store::column::text_column!($name);
    };
}

/// A row: the struct, how it is read in either database, and the names of its columns, which stand for `{columns}` in
/// a query. Columns are always named: a `*` breaks prepared statements of a running node when the next version adds one.
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$doc:meta])* $seen:vis $field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name { $($(#[$doc])* $seen $field: $type,)+ }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)+
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?,)+ })
            }
        }

        impl $crate::store::statement::Record for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}

pub(super) use {column, row, text_column, words};

column!(UnixMillis, i64, Int, |value: &UnixMillis| value.0, |kept| Ok(UnixMillis(kept)));
column!(Revision, i64, Int, |value: &Revision| value.0, |kept| Ok(Revision(kept)));
column!(Opaque, Vec<u8>, Bytes, |value: &Opaque| value.0.clone(), |kept| Ok(Opaque(kept)));
column!(Hidden, String, Text, |value: &Hidden| value.0.clone(), |kept| Ok(Hidden(kept)));
text_column!(Json);
