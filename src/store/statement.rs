//! One query for both databases: a text with `$1` placeholders and the values that stand for them.

use std::borrow::Cow;

use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::error::{Error, Result};

/// A text that is ours to the last character, and its values.
#[derive(Debug)]
pub(super) struct Statement {
    text: &'static str,
    values: Vec<Value>,
}

/// What a placeholder stands for. `None` is NULL, and still has its type: PostgreSQL asks for it.
#[derive(Debug)]
pub(super) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

/// Builds a [`Statement`]: `sql!("… WHERE id = $1", id)`.
macro_rules! sql {
    ($text:expr $(, $value:expr)* $(,)?) => {
        $crate::store::statement::Statement::new($text, vec![$($crate::store::statement::Value::from($value)),*])
    };
}

pub(super) use sql;

/// A row that can be read in either database. Made by `row!`.
pub(super) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{
    /// The columns that are its fields.
    const COLUMNS: &'static [&'static str];
}

/// Whether a statement may change something. SQLite has one connection for those that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

impl Statement {
    pub(super) fn new(text: &'static str, values: Vec<Value>) -> Self {
        Self { text, values }
    }

    pub(super) fn kind(&self) -> Kind {
        if self.text.starts_with("SELECT") { Kind::Read } else { Kind::Write }
    }

    /// The text, with the row's columns for `{columns}`, and the values.
    ///
    /// # Errors
    /// [`Error::NulInText`]: SQLite would take it and PostgreSQL not.
    pub(super) fn parts<T: Record>(self) -> Result<(Cow<'static, str>, Vec<Value>)> {
        let (_, values) = Self { text: "", ..self }.plain()?;
        Ok((Cow::Owned(self.text.replacen("{columns}", &T::COLUMNS.join(", "), 1)), values))
    }

    /// The text and the values of a statement that returns no row of ours.
    ///
    /// # Errors
    /// As [`Statement::parts`].
    pub(super) fn plain(self) -> Result<(&'static str, Vec<Value>)> {
        let nul = |value: &Value| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
        if self.values.iter().any(nul) { Err(Error::NulInText) } else { Ok((self.text, self.values)) }
    }
}

macro_rules! values {
    ($($type:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(Some(value.into()))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )+};
}

values!(&str => Text, &String => Text, i64 => Int, u32 => Int, bool => Bool, &[u8] => Bytes);

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}
