//! A request for a file, as far as the answer depends on it: where it leads, and who asks how.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use smallvec::SmallVec;

/// Where a path leads: a stream, a token perhaps, and a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(super) id: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) name: &'a str,
}

impl<'a> Target<'a> {
    /// Reads a path of ours that is spelled plainly, as every address that we write is. `None` for what the router is to
    /// look at.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/hls/").filter(|rest| !rest.contains('%'))?;
        let mut segments = rest.split('/');
        let (id, second) = (segments.next()?, segments.next()?);
        let (token, name) = match (segments.next(), segments.next()) {
            (None, _) => (None, second),
            (Some(third), None) => (Some(second), third),
            (Some(_), Some(_)) => return None,
        };
        let whole = !id.is_empty() && !name.is_empty() && token != Some("");
        whole.then_some(Self { id, token, name })
    }
}

/// Values of a header that may be said more than once.
pub(crate) type Values<'a> = SmallVec<[&'a str; 1]>;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call<'a> {
    /// Without what stands before a `?`.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) peer: Option<SocketAddr>,
    /// Only the head of the answer is wanted.
    pub(crate) head_only: bool,
    /// `User-Agent`.
    pub(crate) player: Option<&'a [u8]>,
    /// `Range`.
    pub(crate) range: Option<&'a str>,
    /// Whether there is an `If-Range`.
    pub(crate) conditional: bool,
    /// `Accept-Encoding`.
    pub(crate) encodings: Values<'a>,
    /// `If-None-Match`.
    pub(crate) known: Values<'a>,
}

impl<'a> Call<'a> {
    /// What hyper read.
    pub(super) fn of(request: &'a Parts) -> Self {
        let headers = &request.headers;
        let first = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            path: request.uri.path(),
            query: request.uri.query().unwrap_or_default(),
            peer: request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer),
            head_only: request.method == Method::HEAD,
            player: headers.get(header::USER_AGENT).map(HeaderValue::as_bytes),
            range: first(header::RANGE),
            conditional: headers.contains_key(header::IF_RANGE),
            encodings: values(headers, header::ACCEPT_ENCODING),
            known: values(headers, header::IF_NONE_MATCH),
        }
    }

    /// Its path, for those who name it in what they say.
    pub(super) fn uri(&self) -> Uri {
        self.path.parse().unwrap_or_default()
    }
}

fn values(headers: &HeaderMap, name: HeaderName) -> Values<'_> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_read_and_odd_ones_are_left_to_the_router() {
        let target = |id, token, name| Some(Target { id, token, name });
        assert_eq!(Target::of("/hls/show/index.m3u8"), target("show", None, "index.m3u8"));
        assert_eq!(Target::of("/hls/show/1-x/a.m4s"), target("show", Some("1-x"), "a.m4s"));
        for odd in [
            "/",
            "/hls",
            "/hls/",
            "/hls/show",
            "/hls/show/",
            "/hls//index.m3u8",
            "/hls/show//a.m4s",
            "/hls/show/1-x/",
            "/hls/show/1-x/a/b",
            "/hls/sh%6Fw/index.m3u8",
            "/HLS/show/index.m3u8",
            "/watch/show/index.m3u8",
        ] {
            assert_eq!(Target::of(odd), None, "{odd}");
        }
    }
}
