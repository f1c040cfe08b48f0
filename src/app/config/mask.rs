//! Hides secrets in what people are shown: in a quoted line of the file, in a URL.
//!
//! A quoted line keeps its length in bytes, so that carets stay where they belong.

use std::ops::Range;

/// Words in a line that is not TOML after which nothing is shown.
const SENSITIVE: [&str; 6] = ["key", "secret", "password", "token", "url", "://"];

/// Replaces what stands in `ranges` by asterisks, byte for byte; line ends stay.
pub(super) fn hide(text: &str, ranges: &[Range<usize>]) -> String {
    let hidden = |at: usize| ranges.iter().any(|range| range.contains(&at));
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if hidden(at) && c != '\n' && c != '\r' {
            shown.extend(std::iter::repeat_n('*', c.len_utf8()));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// What may be secret in a text that is not TOML: whatever follows a sensitive word on its line, and on the lines
/// after it that look like a continuation.
pub(super) fn guess(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut within = false;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let word_end = SENSITIVE.iter().filter_map(|word| lower.find(word).map(|at| at + word.len())).min();
        let starts_anew = line.trim_start().starts_with(['[', '#']) || line.contains('=');
        if let Some(word_end) = word_end {
            let tail = line.get(word_end..).unwrap_or_default();
            let rest_of_word = tail.len() - tail.trim_start_matches(is_key_char).len();
            let after = word_end + rest_of_word;
            let tail = line.get(after..).unwrap_or_default();
            let punctuation = tail.len() - tail.trim_start_matches(['=', ' ', '\t', '"', '\'']).len();
            ranges.push(start + after + punctuation..start + line.len());
            within = true;
        } else if within && !starts_anew {
            ranges.push(start..start + line.len());
        } else {
            within = false;
        }
        start += line.len();
    }
    ranges
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The parts of a destination's URL that may be secret: user and password, and all that follows the application.
pub(super) fn url_secrets(url: &str) -> Vec<Range<usize>> {
    let host = url.find("://").map_or(0, |at| at + 3);
    let authority = url.get(host..).unwrap_or_default();
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rfind('@').map(|at| host..host + at);
    let app = host + authority.len();
    let tail = url.get(app..).unwrap_or_default();
    let app_len = match tail.strip_prefix('/') {
        Some(app) => 1 + app.find(['/', '?']).map_or(app.len(), |at| at + 1),
        None => tail.len().min(1),
    };
    user.into_iter().chain((app + app_len < url.len()).then_some(app + app_len..url.len())).collect()
}

/// A URL with each secret part as `***`.
pub(super) fn url(url: &str) -> String {
    let mut shown = String::new();
    let mut at = 0;
    for range in url_secrets(url) {
        shown.push_str(url.get(at..range.start).unwrap_or_default());
        shown.push_str("***");
        at = range.end;
    }
    shown + url.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_where_it_goes_and_no_more() {
        for (whole, shown) in [
            ("rtmp://live.example/app", "rtmp://live.example/app"),
            ("rtmp://live.example/app/KEY", "rtmp://live.example/app/***"),
            ("rtmp://live.example/app?token=1", "rtmp://live.example/app?***"),
            ("rtmp://me:pw@live.example:1935/app/a/b", "rtmp://***@live.example:1935/app/***"),
            ("live.example/app/KEY", "live.example/app/***"),
            ("rtmp://live.example", "rtmp://live.example"),
            ("rtmp://live.example?KEY", "rtmp://live.example?***"),
            ("", ""),
        ] {
            assert_eq!(url(whole), shown, "{whole}");
        }
    }

    #[test]
    fn lines_that_are_no_toml_show_nothing_after_a_word_for_a_secret() {
        let text = "stream_key = sésame\nstreamkey opensesame\nlevel = info\nPassword=\n  alibaba\n[x]\n";
        let shown = hide(text, &guess(text));
        assert_eq!(
            shown,
            "stream_key = *******\nstreamkey **********\nlevel = info\nPassword=\n*********\n[x]\n"
        );
    }
}
