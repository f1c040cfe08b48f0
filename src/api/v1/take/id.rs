//! Ids in the path. A text that is no id names nothing, so it is answered as an id that is not there.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::api::{Problem, catalogue};

/// The only id of a path.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

/// The two ids of a path.
#[derive(Debug, Clone, Copy)]
pub struct Ids<A, B>(pub A, pub B);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let [id] = texts(parts, state).await?;
        read(&id).map(Self)
    }
}

impl<A: FromStr, B: FromStr, S: Send + Sync> FromRequestParts<S> for Ids<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let [outer, inner] = texts(parts, state).await?;
        Ok(Self(read(&outer)?, read(&inner)?))
    }
}

fn read<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|_| Problem::of(&catalogue::NOT_FOUND).detail("the path has something that is no id"))
}

async fn texts<S: Send + Sync, const N: usize>(parts: &mut Parts, state: &S) -> Result<[String; N], Problem> {
    // Fails for bytes that are not UTF-8, which are no id either.
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::of(&catalogue::NOT_FOUND))?;
    let texts: Vec<_> = params.iter().map(|(_, text)| text.to_owned()).collect();
    texts.try_into().map_err(|_| Problem::of(&catalogue::NOT_FOUND))
}
