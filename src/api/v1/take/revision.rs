//! Entity tags: `"7-1f0c…"` is revision 7 in this representation. A change is judged by the revision alone (RFC 9110,
//! section 13.1.1), a copy that may be used again by the whole tag (13.1.2).

use std::fmt::Write as _;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use utoipa::IntoParams;

use crate::api::{Problem, catalogue};
use crate::store::Revision;
use crate::vault;

/// Tags of one `If-None-Match` that are looked at.
const TAGS_MAX: usize = 16;

/// The revision that nothing ever has: the first is 1.
const NEVER: Revision = Revision(0);

/// Which revision a change is meant for; any, without.
#[derive(Debug, Clone, Copy, IntoParams)]
#[into_params(parameter_in = Header, names("If-Match"))]
pub struct IfMatch(
    /// The ETag of what was seen, or its revision in quotes; `*` and none: whatever is there.
    #[param(value_type = Option<String>, example = "\"7\"")]
    pub Option<Revision>,
);

/// Which copy who asks has. The door looks at it, for every resource that has a tag.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is there for the document")]
pub struct IfNoneMatch {
    /// The ETag of what was seen: as long as it is as it was, the answer is 304.
    #[param(rename = "If-None-Match")]
    tag: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut told = parts.headers.get_all(header::IF_MATCH).iter();
        let (first, more) = (told.next(), told.next());
        let Some(first) = first else { return Ok(Self(None)) };
        match (first.to_str().ok().map(revision_in), more) {
            (Some(Told::Any), None) => Ok(Self(None)),
            (Some(Told::One(revision)), None) => Ok(Self(Some(revision))),
            // Judged like any other that is not the present one: by who makes the change, once all else is well
            // (RFC 9110, section 13.2.1).
            (Some(Told::None), None) => Ok(Self(Some(NEVER))),
            _ => Err(Problem::of(&catalogue::BAD_REQUEST).detail("If-Match takes one entity tag, or *")),
        }
    }
}

/// What an `If-Match` says.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// Whatever is there.
    Any,
    /// This revision.
    One(Revision),
    /// A tag that none of our answers ever had.
    None,
    /// No tag, or more than one.
    Malformed,
}

/// Reads the value of an `If-Match`. A proxy that compresses makes tags weak; the revision is as good as before.
pub fn revision_in(told: &str) -> Told {
    let told = told.trim();
    if told == "*" {
        return Told::Any;
    }
    let tag = told.strip_prefix("W/").unwrap_or(told);
    let Some(inner) = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')) else {
        return Told::Malformed;
    };
    if inner.contains('"') {
        return Told::Malformed;
    }
    let number = inner.split('-').next().unwrap_or_default();
    match number.parse::<i64>() {
        Ok(revision) if revision > 0 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Told::One(Revision(revision))
        }
        _ => Told::None,
    }
}

/// The tag of a resource of this revision in this representation.
pub fn tag_of(revision: Revision, representation: &str) -> String {
    let mut tag = format!("\"{revision}-");
    for byte in vault::digest(representation).iter().take(8) {
        // Writing to a string cannot fail.
        let _written = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Whether whoever asks has it already. The comparison is the weak one (RFC 9110, section 8.8.3.2).
pub fn matches_any(asked: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = bare(tag);
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|told| told.to_str().ok())
        .flat_map(|told| told.split(','))
        .take(TAGS_MAX)
        .any(|told| told.trim() == "*" || bare(told) == known)
}
