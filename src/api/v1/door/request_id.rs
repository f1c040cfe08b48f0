//! A request's name in our log: the caller's own, where it is a sane one.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Where it is told, both ways.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of a caller's own.
const CHARS_MAX: usize = 64;

/// The name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The one that is told, or a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let told = headers.get(HEADER).and_then(|told| told.to_str().ok());
        let sane = |text: &&str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
            (1..=CHARS_MAX).contains(&text.len()) && text.bytes().all(plain)
        };
        match told.filter(sane) {
            Some(told) => Self(told.into()),
            // A name, no secret.
            None => Self(format!("r-{:016x}", fastrand::u64(..)).into()),
        }
    }

    /// As a header.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("-"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
