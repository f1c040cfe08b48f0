//! What handlers take: bodies, ids, pages, revisions, callers. Each refuses with a problem of its own.

mod body;
mod field;
mod id;
mod page;
mod query;
mod revision;
mod secret;
mod signed;
mod span;

pub use body::{BODY_BYTES_MAX, Body, MaybeBody, Patch, is_json, parse as read_body, whole};
pub use field::{Field, Keep};
pub use id::{Id, Ids};
pub use page::{Cursor, Paging, PagingQuery, decode as decode_cursor, encode as encode_cursor};
pub use query::Asked;
pub use revision::{IfMatch, IfNoneMatch, Told, matches_any, revision_in, tag_of};
pub use secret::Secret;
pub use signed::{Anybody, Right, Signed, Who, may};

#[cfg(test)]
mod tests;
pub use span::span;
