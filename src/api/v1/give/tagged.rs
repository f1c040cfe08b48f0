//! A single resource, with the tag that its change and its next reading are judged by.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::v1::take::tag_of;
use crate::api::{Problem, catalogue};
use crate::store::Revision;

/// A resource that has a revision.
#[derive(Debug)]
pub struct Tagged<T>(pub Revision, pub T);

/// A resource that was made just now.
#[derive(Debug)]
pub struct Created<T> {
    /// Where it is from now on, below `/api/v1`.
    pub location: String,
    /// It.
    pub body: T,
    /// Which field is never shown again.
    pub secret: Option<&'static str>,
}

/// In an answer's extensions: this field of its body is shown once, so it is kept nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownOnce(pub &'static str);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Self(revision, resource) = self;
        let Ok(body) = serde_json::to_string(&resource) else {
            return Problem::of(&catalogue::INTERNAL).into_response();
        };
        let headers = [
            (header::ETAG, tag_of(revision, &body)),
            (header::CONTENT_TYPE, "application/json".to_owned()),
            // It may be kept, and is asked for each time.
            (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        ];
        (headers, body).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut answer = (StatusCode::CREATED, axum::Json(self.body)).into_response();
        if let Ok(location) = HeaderValue::try_from(format!("/api/v1{}", self.location)) {
            answer.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(field) = self.secret {
            answer.extensions_mut().insert(ShownOnce(field));
        }
        answer
    }
}
