//! What a request's query says: delivery directives (RFC 8216bis §6.2.5) and a token that belongs on every address.
//!
//! Parameters of other names are nobody's business here: caches and pages add theirs.

use crate::hls::{Ask, Wanted};

/// Parameters that a playlist passes on to the addresses in it.
const CARRIED: &str = "token";
/// Bytes of a token at most. A longer one is not carried.
const TOKEN_LEN_MAX: usize = 1_024;

/// Why directives cannot be obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadDirective {
    /// A value is no decimal number, or is there twice.
    #[error("_HLS_msn and _HLS_part are decimal numbers, each given once")]
    NotANumber,
    /// A part of which segment?
    #[error("_HLS_part needs _HLS_msn")]
    PartAlone,
}

/// A request's query, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Query<'a> {
    /// The directives.
    pub(super) ask: Result<Ask, BadDirective>,
    /// `token=…` as it came, when it may stand in a playlist.
    pub(super) carried: Option<&'a str>,
}

impl<'a> Query<'a> {
    pub(super) fn parse(query: &'a str) -> Self {
        let (mut segment, mut part, mut skip, mut carried) = (Number::Absent, Number::Absent, false, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "_HLS_msn" => segment.read(value),
                "_HLS_part" => part.read(value),
                // Any other value is one that is not known yet, and asks for nothing.
                "_HLS_skip" => skip = matches!(value, "YES" | "v2"),
                CARRIED if pair.len() <= TOKEN_LEN_MAX && value.bytes().all(harmless) => {
                    carried.get_or_insert(pair);
                }
                _ => {}
            }
        }
        let wanted = match (segment, part) {
            (Number::Bad, _) | (_, Number::Bad) => Err(BadDirective::NotANumber),
            (Number::Absent, Number::Is(_)) => Err(BadDirective::PartAlone),
            (Number::Absent, Number::Absent) => Ok(None),
            (Number::Is(segment), Number::Absent) => Ok(Some(Wanted { segment, part: None })),
            (Number::Is(segment), Number::Is(part)) => Ok(Some(Wanted { segment, part: Some(part) })),
        };
        Self { ask: wanted.map(|wanted| Ask { wanted, skip }), carried }
    }

    /// The token that is carried.
    pub(super) fn token(&self) -> Option<&'a str> {
        self.carried.and_then(|pair| pair.strip_prefix("token="))
    }
}

/// A directive's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Absent,
    Is(u64),
    Bad,
}

impl Number {
    fn read(&mut self, value: &str) {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        // A number beyond 64 bits is one, and as far ahead as any.
        let number = if digits { Self::Is(value.parse().unwrap_or(u64::MAX)) } else { Self::Bad };
        *self = if *self == Self::Absent { number } else { Self::Bad };
    }
}

/// Whether a byte means the same inside the quotes of a playlist and in a query (RFC 3986 §3.4).
const fn harmless(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'=' | b':' | b'+' | b'/' | b',' | b'!' | b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(query: &str) -> Result<Option<(u64, Option<u64>)>, BadDirective> {
        Query::parse(query).ask.map(|ask| ask.wanted.map(|wanted| (wanted.segment, wanted.part)))
    }

    #[test]
    fn directives_are_read_in_any_order_among_others() {
        assert_eq!(wanted(""), Ok(None));
        assert_eq!(wanted("a=b&_HLS_part=3&&x&_HLS_msn=120"), Ok(Some((120, Some(3)))));
        assert_eq!(wanted("_HLS_msn=0"), Ok(Some((0, None))));
        assert_eq!(wanted("_HLS_msn=99999999999999999999999"), Ok(Some((u64::MAX, None))));
        assert_eq!(wanted("_HLS_part=3"), Err(BadDirective::PartAlone));
        for bad in [
            "_HLS_msn",
            "_HLS_msn=",
            "_HLS_msn=-1",
            "_HLS_msn=%31",
            "_HLS_msn=1&_HLS_part=x",
            "_HLS_msn=1&_HLS_msn=2",
        ] {
            assert_eq!(wanted(bad), Err(BadDirective::NotANumber), "{bad}");
        }
        let skip = |query| Query::parse(query).ask.is_ok_and(|ask| ask.skip);
        assert!(skip("_HLS_skip=YES") && skip("_HLS_skip=v2") && !skip("_HLS_skip=NO") && !skip(""));
    }

    #[test]
    fn a_token_is_carried_and_nothing_that_would_break_a_playlist() {
        assert_eq!(Query::parse("x=1&token=aB3-_.~%2F&_HLS_msn=1").carried, Some("token=aB3-_.~%2F"));
        assert_eq!(Query::parse("token=\"\nX").carried, None);
        assert_eq!(Query::parse("t=1").carried, None);
        assert_eq!(Query::parse(&format!("token={}", "a".repeat(TOKEN_LEN_MAX))).carried, None);
    }
}
