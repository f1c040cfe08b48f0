//! A JSON body: bounded, of the right type, with no field that is not known, and errors that point to the value.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::api::{Problem, catalogue};

/// Bytes of a body: the longest that anybody means to send is a list of destinations' ids.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Characters of a name in a body that are repeated in an error.
const NAME_CHARS_MAX: usize = 64;

/// What stands in the body, which must be there.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// As [`Body`], but without a body it is as with `{}`.
#[derive(Debug)]
pub struct MaybeBody<T>(pub T);

/// A merge patch (RFC 7396): what is absent stays, what is null is cleared. See [`Field`](super::Field).
#[derive(Debug)]
pub struct Patch<T>(pub T);

const JSON: &[&str] = &["application/json"];
const PATCHES: &[&str] = &["application/merge-patch+json", "application/json"];

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require(request.headers(), JSON)?;
        parse(&whole(request).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Patch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require(request.headers(), PATCHES)?;
        parse(&whole(request).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = whole(Request::new(body)).await?;
        if bytes.is_empty() {
            return parse(b"{}").map(Self);
        }
        require(&parts.headers, JSON)?;
        parse(&bytes).map(Self)
    }
}

/// All bytes of a body, as many as there may be.
///
/// # Errors
/// `too_large`, and `bad_request` for one that breaks off.
pub async fn whole(request: Request) -> Result<Bytes, Problem> {
    let told = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if told.and_then(|length| length.parse::<u64>().ok()).is_some_and(|told| told > BODY_BYTES_MAX as u64) {
        return Err(Problem::of(&catalogue::TOO_LARGE));
    }
    to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|error| {
        use std::error::Error as _;
        if error.source().is_some_and(|why| why.to_string().contains("length limit")) {
            Problem::of(&catalogue::TOO_LARGE)
        } else {
            Problem::of(&catalogue::BAD_REQUEST).detail("the body broke off")
        }
    })
}

/// Whether a body is said to be JSON of some kind, so that no page of another site can send it without asking first.
pub fn is_json(headers: &HeaderMap) -> bool {
    require(headers, PATCHES).is_ok()
}

fn require(headers: &HeaderMap, types: &[&str]) -> Result<(), Problem> {
    let told = headers.get(header::CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    let essence = told.split(';').next().unwrap_or_default().trim();
    if types.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(Problem::of(&catalogue::UNSUPPORTED_MEDIA_TYPE).detail(format!("it must be {}", types.join(" or "))))
}

/// What stands in the bytes of a body.
///
/// # Errors
/// `malformed_json`, and `invalid` with a pointer to the value; the value itself is never repeated.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list of the fields' values, in their order, would do for a struct; nobody means that.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid("", "must be an object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| fault(&error, bytes))?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::of(&catalogue::MALFORMED_JSON).detail(format!("at line {line}, column {column}"))
}

fn fault(error: &serde_path_to_error::Error<serde_json::Error>, bytes: &[u8]) -> Problem {
    let inner = error.inner();
    if inner.classify() != Category::Data {
        // Where a word is due, null is a syntax error to the library, and a wrong value to everybody else.
        return match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Problem::invalid(pointer(error.path()), "must be something else"),
            Err(error) => malformed(&error),
        };
    }
    let message = inner.to_string();
    // Where it is stands behind, and is of no use once the pointer says it.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let (name, detail) = said(message);
    let mut pointer = pointer(error.path());
    if let Some(name) = name {
        let name = escaped(&name.chars().take(NAME_CHARS_MAX).collect::<String>());
        // The path of a field that is not known has it already.
        if pointer.rsplit('/').next() != Some(name.as_str()) || detail.ends_with("required") {
            pointer = format!("{pointer}/{name}");
        }
    }
    Problem::invalid(pointer, detail)
}

/// The same without the value that was sent, which may be a secret; with the field, where one is named.
fn said(message: &str) -> (Option<&str>, String) {
    let named = |before: &str| message.strip_prefix(before)?.split('`').next();
    if let Some(name) = named("missing field `") {
        return (Some(name), "is required".to_owned());
    }
    if let Some(name) = named("unknown field `") {
        return (Some(name), "is not known here".to_owned());
    }
    if let Some(name) = named("duplicate field `") {
        return (Some(name), "stands here twice".to_owned());
    }
    let about_value = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `"];
    if about_value.iter().any(|begin| message.starts_with(begin)) {
        let expected = message.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
        return (None, format!("must be {}", expected.replace('`', "\"")));
    }
    (None, message.to_owned())
}

/// The path as RFC 6901 writes it.
fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => {
                format!("/{}", escaped(&key.chars().take(NAME_CHARS_MAX).collect::<String>()))
            }
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
