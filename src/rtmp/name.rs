//! What a client means by app and stream name: every spelling of one stream becomes one canonical name.
//!
//! Leaves to admission whether that name may publish or play.

use std::fmt;

/// The longest app, name or key that is looked at, in bytes.
const LEN_MAX: usize = 1_024;

/// App and stream name of a publish or play, canonical.
///
/// `Debug` prints no name: when publishing it is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamName {
    /// What follows the app: the stream key, or the playback id. Empty when the client gave none.
    pub name: String,
    /// Query parameters of app and name, app's first, without `?`. Empty when there are none.
    pub query: String,
    /// What `name` would be if the query had swallowed it: a sender that splits at the last slash of the whole URL
    /// (GStreamer's rtmp2sink) cuts inside a query that holds a slash.
    pub alternative: Option<String>,
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamName(redacted, {} bytes)", self.name.len())
    }
}

impl StreamName {
    /// Resolves the app of `connect` and the name of `publish` or `play` against the app that is served.
    ///
    /// The whole is `app/name`; slashes at the ends and doubled are dropped, as are `_definst_` and a `mp4:` prefix;
    /// queries of either part are merged. `None` when the first part is not `served`, or a part is beyond 1024 bytes
    /// or holds control characters.
    #[must_use]
    pub fn resolve(served: &str, app: &str, name: &str) -> Option<Self> {
        if app.len() > LEN_MAX
            || name.len() > LEN_MAX
            || app.chars().chain(name.chars()).any(char::is_control)
        {
            return None;
        }
        let (app_path, app_query) = split_query(app);
        let (name_path, name_query) = split_query(name);
        let mut path = segments(app_path);
        let swallowed = (!app_query.is_empty() && path.len() > 1)
            .then(|| path.iter().skip(1).copied().collect::<Vec<_>>().join("/"));
        path.extend(segments(name_path));
        let mut path = path.into_iter();
        if path.next() != Some(served) {
            return None;
        }
        let query = [app_query, name_query].into_iter().filter(|q| !q.is_empty()).collect::<Vec<_>>();
        Some(Self {
            name: path.collect::<Vec<_>>().join("/"),
            query: query.join("&"),
            alternative: swallowed,
        })
    }

    /// Whether an app that `connect` names can lead to `served` at all, before a stream name is known.
    #[must_use]
    pub fn app_fits(served: &str, app: &str) -> bool {
        let (path, _) = split_query(app);
        app.len() <= LEN_MAX && segments(path).first().is_none_or(|first| *first == served)
    }
}

fn split_query(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

fn segments(path: &str) -> Vec<&str> {
    let plain = |part: &&str| !part.is_empty() && *part != "_definst_";
    path.split('/').map(|part| part.strip_prefix("mp4:").unwrap_or(part)).filter(plain).collect()
}

/// The app in a `tcUrl`, for clients whose `connect` names none: everything after the host. Quotes are dropped.
pub(super) fn app_of_tc_url(tc_url: &str) -> &str {
    let bare = tc_url.trim().trim_matches('\'');
    let after_scheme = bare.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.split_once('/').map_or("", |(_, app)| app)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(app: &str, name: &str) -> Option<(String, String)> {
        StreamName::resolve("live", app, name).map(|name| (name.name, name.query))
    }

    #[test]
    fn every_spelling_of_a_stream_is_one_name() {
        for (app, name) in [
            ("live", "abc"),
            ("live/", "abc"),
            ("/live", "/abc"),
            ("live", "abc/"),
            ("live/abc", ""),
            ("live/_definst_", "abc"),
            ("", "live/abc"),
            ("live", "mp4:abc"),
            ("live//abc", ""),
        ] {
            assert_eq!(resolve(app, name), Some(("abc".into(), String::new())), "{app:?} + {name:?}");
        }
        assert_eq!(resolve("live/inst", "key").map(|n| n.0), Some("inst/key".into()));
    }

    #[test]
    fn queries_of_app_and_name_are_merged() {
        for (app, name, query) in [
            ("live?tok=1", "abc", "tok=1"),
            ("live", "abc?tok=1", "tok=1"),
            ("live?a=1", "abc?b=2", "a=1&b=2"),
            ("live/abc", "?clientConfigId=x", "clientConfigId=x"),
            ("live", "abc?expire=1&sign=a%2Fb", "expire=1&sign=a%2Fb"),
        ] {
            assert_eq!(resolve(app, name), Some(("abc".into(), query.into())), "{app:?} + {name:?}");
        }
    }

    #[test]
    fn a_slash_inside_a_query_leaves_the_key_as_the_alternative() {
        let name = StreamName::resolve("live", "live/key?tok=a", "b").expect("the app is served");
        assert_eq!(name.alternative.as_deref(), Some("key"));
        let plain = StreamName::resolve("live", "live?tok=1", "abc").expect("the app is served");
        assert_eq!(plain.alternative, None);
    }

    #[test]
    fn another_app_or_an_absurd_name_leads_nowhere() {
        assert_eq!(resolve("other", "abc"), None);
        assert_eq!(resolve("", "abc"), None);
        assert_eq!(resolve("live", "a\0b"), None);
        assert_eq!(resolve("live", &"x".repeat(2_000)), None);
        assert!(StreamName::app_fits("live", ""));
        assert!(StreamName::app_fits("live", "/live/abc?x=1"));
        assert!(!StreamName::app_fits("live", "vod"));
    }

    #[test]
    fn the_app_is_found_in_a_tc_url() {
        assert_eq!(app_of_tc_url("rtmp://host:1935/live"), "live");
        assert_eq!(app_of_tc_url("'rtmp://host/live/x?y=1'"), "live/x?y=1");
        assert_eq!(app_of_tc_url("rtmp://host"), "");
        assert_eq!(app_of_tc_url(""), "");
    }

    #[test]
    fn a_name_never_prints_itself() {
        let name = StreamName::resolve("live", "live", "secret").expect("served");
        assert!(!format!("{name:?}").contains("secret"));
    }
}
