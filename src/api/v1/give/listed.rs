//! Lists: a page of one that may be long, or all of one that is short.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::v1::take::{Cursor, encode_cursor};
use crate::store::Slice;

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    /// The rows, in order.
    pub items: Vec<T>,
    /// What `cursor` is for the next page; null at the end.
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// A slice of the store's, each row put into words.
    pub fn of<R, C: Cursor>(slice: Slice<R, C>, words: impl FnMut(R) -> T) -> Self {
        let next_cursor = slice.next.as_ref().map(encode_cursor);
        Self { items: slice.items.into_iter().map(words).collect(), next_cursor }
    }

    /// The same of a slice that others have too.
    pub fn from_shared<'a, R, C: Cursor>(slice: &'a Slice<R, C>, words: impl FnMut(&'a R) -> T) -> Self {
        let next_cursor = slice.next.as_ref().map(encode_cursor);
        Self { items: slice.items.iter().map(words).collect(), next_cursor }
    }
}

/// All of a list that is short.
#[derive(Debug, Serialize, ToSchema)]
pub struct Items<T> {
    /// All of them, in order.
    pub items: Vec<T>,
    /// As lists have it that come in pages; always null, since nothing follows.
    pub next_cursor: Option<String>,
}

impl<T> Items<T> {
    /// All of them.
    pub const fn all(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<T: Serialize> IntoResponse for Items<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
