//! Requests that another site's page made a browser send: they have the cookie, and not our origin.

use axum::http::{HeaderMap, Uri, header};

use super::{Client, Config};
use crate::api::v1::take::is_json;
use crate::api::{Problem, catalogue};

/// Refuses what another site's page may have sent. Browsers say where a request comes from: new ones in
/// `Sec-Fetch-Site` (where the page came by TLS), all of them in `Origin`. What says neither is no browser. And no page
/// can send JSON elsewhere without the other side's consent (Fetch, section 3.3), so a body must be JSON.
///
/// # Errors
/// `cross_origin`, `unsupported_media_type`.
pub(super) fn check(headers: &HeaderMap, client: &Client, config: &Config) -> Result<(), Problem> {
    if has_body(headers) && !is_json(headers) {
        return Err(Problem::of(&catalogue::UNSUPPORTED_MEDIA_TYPE));
    }
    let told = |name: &str| headers.get(name).map(|told| told.to_str().unwrap_or("null"));
    let site = told("sec-fetch-site");
    if matches!(site, Some("same-origin" | "none")) {
        return Ok(());
    }
    let ours = match told("origin") {
        None => site.is_none(),
        Some(origin) => {
            config.cors_origins.names(origin)
                || config.public_url.as_deref().is_some_and(|url| same_place(origin, url))
                // The scheme is not compared: a proxy may have taken TLS off without a word.
                || (site.is_none() && client.host.as_deref().is_some_and(|host| is_at(origin, host)))
        }
    };
    if ours { Ok(()) } else { Err(Problem::of(&catalogue::CROSS_ORIGIN)) }
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.contains_key(header::CONTENT_TYPE)
        || length.is_some_and(|length| length != "0")
}

/// Whether an origin's host and port are these, each with the port that its scheme implies.
fn is_at(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let implied = if scheme == "https" { ":443" } else { ":80" };
    let bare = |place: &str| place.to_ascii_lowercase().trim_end_matches(implied).to_owned();
    !authority.is_empty() && bare(authority) == bare(host)
}

/// Whether an origin is where a URL leads.
fn same_place(origin: &str, url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else { return false };
    origin.starts_with(scheme) && is_at(origin, authority.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(host: &str, headers: &[(&'static str, &str)]) -> Result<(), &'static str> {
        let config = Config {
            cors_origins: ["https://tools.example".to_owned()].into_iter().collect(),
            public_url: Some("https://live.example/".to_owned()),
            ..Config::default()
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a value"));
        }
        let client = Client { address: [127, 0, 0, 1].into(), secure: false, host: Some(host.to_owned()) };
        check(&map, &client, &config).map_err(|problem| problem.code())
    }

    #[test]
    fn another_sites_page_cannot_change_anything() {
        let (fine, cross) = (Ok(()), Err("cross_origin"));
        for (headers, expected) in [
            (&[][..], fine),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://odd")], fine),
            (&[("sec-fetch-site", "none")], fine),
            (&[("sec-fetch-site", "cross-site")], cross),
            (&[("sec-fetch-site", "same-site"), ("origin", "http://lan:8080")], cross),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://tools.example")], fine),
            (&[("origin", "http://lan:8080")], fine),
            (&[("origin", "https://lan:8080")], fine),
            (&[("origin", "http://lan")], cross),
            (&[("origin", "http://evil.example")], cross),
            (&[("origin", "http://lan:8080.evil.example")], cross),
            (&[("origin", "null")], cross),
            (&[("origin", "https://live.example")], fine),
            (&[("origin", "http://live.example")], cross),
            (&[("origin", "http://lan:8080"), ("content-type", "text/plain")], Err("unsupported_media_type")),
            (&[("origin", "http://lan:8080"), ("content-type", "application/json")], fine),
            (&[("content-length", "3")], Err("unsupported_media_type")),
        ] {
            assert_eq!(checked("lan:8080", headers), expected, "{headers:?}");
        }
        assert_eq!(checked("lan", &[("origin", "http://lan:80")]), fine);
        assert_eq!(checked("lan", &[("origin", "https://lan")]), fine);
    }
}
