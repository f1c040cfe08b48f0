//! Pages of lists: a limit, and a cursor that says nothing to whoever holds it.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::{Problem, catalogue};
use crate::store::{
    DeliveryId, DestinationId, DestinationPlace, EventId, Page, ProjectId, SessionId, StreamKeyId,
    StreamRowId, TokenId, UserId, WebhookId,
};

/// Rows of a page, where the request does not say.
const LIMIT: u32 = 25;

/// Rows of a page at most.
const LIMIT_MAX: u32 = 100;

/// Characters of a cursor: of the longest two ids.
const CURSOR_CHARS_MAX: usize = 128;

/// What a request says about the page it wants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PagingQuery {
    /// Rows at most.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u32>,
    /// `next_cursor` of the page before; good for the same list alone.
    #[param(max_length = 128, pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone)]
pub struct Paging {
    limit: u32,
    cursor: Option<String>,
}

/// Where a list goes on.
pub trait Cursor: Sized {
    /// As text.
    fn write(&self) -> String;

    /// From that text.
    fn read(text: &str) -> Option<Self>;
}

impl Paging {
    /// Rows at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// The page, of a list that goes on after a `C`.
    ///
    /// # Errors
    /// `bad_query`: the cursor is none of such a list.
    pub fn page<C: Cursor>(&self) -> Result<Page<C>, Problem> {
        match &self.cursor {
            None => Ok(Page::first(self.limit)),
            // A form that has the field sends it empty.
            Some(cursor) if cursor.is_empty() => Ok(Page::first(self.limit)),
            Some(cursor) => match decode(cursor) {
                Some(after) => Ok(Page::after(after, self.limit)),
                None => Err(bad("the cursor is none of this list")),
            },
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(PagingQuery { limit, cursor }) =
            Query::try_from_uri(&parts.uri).map_err(|_| limit_fault())?;
        match limit.unwrap_or(LIMIT) {
            limit @ 1..=LIMIT_MAX => Ok(Self { limit, cursor }),
            _ => Err(limit_fault()),
        }
    }
}

/// As it is shown.
pub fn encode(cursor: &impl Cursor) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(cursor.write())
}

/// From what was shown.
pub fn decode<C: Cursor>(shown: &str) -> Option<C> {
    if shown.len() > CURSOR_CHARS_MAX {
        return None;
    }
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(shown).ok()?).ok()?;
    C::read(&text)
}

fn limit_fault() -> Problem {
    bad("limit must be 1 to 100")
}

fn bad(detail: &str) -> Problem {
    Problem::of(&catalogue::BAD_QUERY).detail(detail)
}

macro_rules! cursors {
    ($($id:ty),+ $(,)?) => {$(
        impl Cursor for $id {
            fn write(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}

cursors!(UserId, SessionId, TokenId, ProjectId, StreamKeyId, StreamRowId, EventId, WebhookId, DeliveryId);

impl Cursor for DestinationPlace {
    fn write(&self) -> String {
        format!("{}.{}", self.position, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (position, id) = text.split_once('.')?;
        Some(Self { position: position.parse().ok()?, id: id.parse::<DestinationId>().ok()? })
    }
}
