//! An answer before it is one of hyper's or a line of text: status, headers, and content that is not copied.
//!
//! Small on purpose. Ten thousand viewers ask five times a second, and a map of headers with a value allocated for each
//! costs as much as everything else that is done for one of them.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use super::body::MediaBody;

/// Headers that an answer has, mostly.
const HEADERS: usize = 10;
/// Bytes of a body that was made elsewhere, at most: what it says of a problem.
const BODY_MAX: usize = 64 << 10;

/// A header's value, in the form that costs least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Always the same.
    Word(&'static str),
    /// A length.
    Number(u64),
    /// Anything else.
    Text(String),
}

impl From<Value> for HeaderValue {
    /// What is no value, which none of ours is, becomes an empty one.
    fn from(value: Value) -> Self {
        match value {
            Value::Word(word) => Self::from_static(word),
            Value::Number(number) => Self::from(number),
            Value::Text(text) => {
                Self::from_maybe_shared(Bytes::from(text)).unwrap_or_else(|_| Self::from_static(""))
            }
        }
    }
}

/// What follows the headers.
#[derive(Debug)]
pub(crate) enum Content {
    /// Nothing, of an answer that never has anything.
    Nothing,
    /// All of it, shared.
    Bytes(Bytes),
    /// Media, piece by piece.
    Media(MediaBody),
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, Value)>,
    pub(crate) content: Content,
}

impl Reply {
    pub(super) fn new(status: StatusCode, content: Content) -> Self {
        Self { status, headers: Vec::with_capacity(HEADERS), content }
    }

    /// Adds a header.
    pub(super) fn set(&mut self, name: HeaderName, value: Value) {
        self.headers.push((name, value));
    }

    /// Takes over what was made for the router: problems and the like.
    pub(super) async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, BODY_MAX).await.unwrap_or_default();
        let mut reply = Self::new(head.status, Content::Nothing);
        for (name, value) in &head.headers {
            if name != header::CONTENT_LENGTH {
                reply.set(name.clone(), Value::Text(value.to_str().unwrap_or_default().to_owned()));
            }
        }
        reply.set(header::CONTENT_LENGTH, Value::Number(bytes.len() as u64));
        reply.content = Content::Bytes(bytes);
        reply
    }

    /// For hyper. A `HEAD` gets the head alone.
    pub(super) fn into_response(self, method: &Method) -> Response {
        let body = match self.content {
            _ if method == Method::HEAD => Body::empty(),
            Content::Nothing => Body::empty(),
            Content::Bytes(bytes) => Body::from(bytes),
            Content::Media(media) => Body::new(media),
        };
        let mut response = (self.status, body).into_response();
        let mut headers = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in self.headers {
            headers.insert(name, value.into());
        }
        *response.headers_mut() = headers;
        response
    }
}
