//! How addresses and lists of the HTTP side are written: who is trusted, whose pages may read, where we are found.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;
use toml::de::DeValue;

use super::values::{Fault, Kind, Raw, echo, quoted, text_of, type_name};

/// `[api]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Requests a second that one caller may make for long.
    pub rate: u32,
    /// Requests that one caller may make at once.
    pub burst: u32,
}

impl Default for Api {
    fn default() -> Self {
        Self { rate: 20, burst: 200 }
    }
}

/// An origin as browsers write it, `https://tools.example:8443`, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl FromStr for WebOrigin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "*" || is_place(text, false) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A list of what is written as text; in a variable with commas between.
pub(super) struct ListOf {
    pub(super) must: &'static str,
}

impl ListOf {
    pub(super) const NETWORKS: Self = Self { must: "must be a list such as [\"10.0.0.0/8\", \"::1\"]" };
    pub(super) const ORIGINS: Self = Self { must: "must be a list such as [\"https://tools.example.org\"]" };
}

impl<T: FromStr + fmt::Display> Kind<Vec<T>> for ListOf {
    const LIST: bool = true;

    fn read(&self, raw: Raw<'_>) -> Result<Vec<T>, Fault> {
        let texts: Vec<&str> = match raw {
            Raw::Text(text) => text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect(),
            Raw::Toml(DeValue::Array(items)) => {
                let text = |item: &toml::Spanned<DeValue<'_>>| {
                    text_of(Raw::Toml(item.get_ref()), self.must).map(str::to_owned)
                };
                let texts: Vec<String> = items.iter().map(text).collect::<Result<_, _>>()?;
                return texts.iter().map(|text| self.item(text)).collect();
            }
            Raw::Toml(other) => return Err(Fault::new(self.must, format!("this is {}", type_name(other)))),
        };
        texts.into_iter().map(|text| self.item(text)).collect()
    }

    fn print(&self, value: &Vec<T>) -> Option<String> {
        let items: Vec<_> = value.iter().map(|item| quoted(&item.to_string())).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

impl ListOf {
    fn item<T: FromStr>(&self, text: &str) -> Result<T, Fault> {
        text.parse().map_err(|_| Fault::new(self.must, format!("{} is none", echo(text))))
    }
}

/// Where people find this server: nothing, or `https://HOST`, with a port or without.
pub(super) fn public_url(text: &str) -> Result<(), Fault> {
    if text.is_empty() || is_place(text, true) {
        return Ok(());
    }
    Err(Fault::new(
        "must be such as \"https://live.example.org\", without a path",
        format!("{} is not", echo(text)),
    ))
}

/// Whether it is a scheme of the web with a host, and nothing behind that but, where allowed, a slash.
fn is_place(text: &str, slash: bool) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_bare = uri.query().is_none() && uri.path() == "/" && (slash || !text.ends_with('/'));
    is_web && is_bare && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Network;

    #[test]
    fn a_place_is_a_scheme_and_a_host() {
        for good in ["", "https://live.example.org", "http://lan:8080/", "https://[2001:db8::1]:8443"] {
            assert!(public_url(good).is_ok(), "{good}");
        }
        for bad in
            ["live.example.org", "https://", "https://a/b", "ftp://a", "https://a?b", "https://u@a", "//a"]
        {
            assert!(public_url(bad).is_err(), "{bad}");
        }
        assert!("*".parse::<WebOrigin>().is_ok() && "https://a".parse::<WebOrigin>().is_ok());
        assert!(
            "https://a/".parse::<WebOrigin>().is_err()
                && "a".parse::<WebOrigin>().is_err()
                && "".parse::<WebOrigin>().is_err()
        );
    }

    #[test]
    fn a_list_in_a_variable_has_commas_between() {
        let networks: Vec<Network> = ListOf::NETWORKS.read(Raw::Text("10.0.0.0/8, ::1")).expect("a list");
        assert_eq!(
            Kind::print(&ListOf::NETWORKS, &networks).as_deref(),
            Some("[\"10.0.0.0/8\", \"::1/128\"]")
        );
        let none: Vec<Network> = ListOf::NETWORKS.read(Raw::Text("")).expect("an empty list");
        assert!(none.is_empty());
        assert!(Kind::<Vec<Network>>::read(&ListOf::NETWORKS, Raw::Text("10.0.0.1/8")).is_err());
    }
}
