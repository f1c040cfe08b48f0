//! Tokens that let a viewer play: until when, and our signature of it. Nothing is kept, so none can be taken back
//! before its time but by a new secret.
//!
//! A token is `EXPIRES-MAC`: seconds since 1970, and HMAC-SHA256 over `PLAYBACK_ID:EXPIRES` with the secret as the key,
//! in base64url without padding (RFC 4648 §5). Other programs make them in two lines.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::stream::{PlaybackId, TokenFault};

/// Bytes of a token at most: twenty digits, a dash, 43 letters.
const TOKEN_LEN_MAX: usize = 64;
const DAY: u64 = 24 * 60 * 60;

/// Makes tokens and knows its own.
pub struct PlaybackTokens {
    key: hmac::Key,
    refused: [AtomicU64; TokenFault::ALL.len()],
}

impl PlaybackTokens {
    /// The shortest secret, in bytes: one that is not guessed.
    pub const SECRET_LEN_MIN: usize = 16;

    /// Tokens signed with this secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self { key, refused: Default::default() }
    }

    /// A token that plays `id` until `expires`, in seconds since 1970.
    #[must_use]
    pub fn issue(&self, id: &PlaybackId, expires: u64) -> String {
        self.token(id.as_str(), expires)
    }

    /// A token that plays `id` for one to two days from `now`, and is the same all day, so that a page which asks again
    /// need not begin again.
    #[must_use]
    pub fn issue_daily(&self, id: &PlaybackId, now: SystemTime) -> String {
        self.issue(id, (seconds(now) / DAY + 2) * DAY)
    }

    /// Whether `token` plays `id` at `now`.
    ///
    /// # Errors
    /// [`TokenFault`]; that a token is too old is said of our own alone. Each is counted.
    pub fn check(&self, id: &str, token: Option<&str>, now: SystemTime) -> Result<(), TokenFault> {
        let checked = self.judge(id, token, now);
        if let Err(fault) = checked
            && let Some(counter) = self.refused.get(fault as usize)
        {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        checked
    }

    /// The same without a count of those that are refused, for who asks twice about one request.
    #[must_use]
    pub fn admits(&self, id: &str, token: Option<&str>, now: SystemTime) -> bool {
        self.judge(id, token, now).is_ok()
    }

    /// Refusals so far.
    #[must_use]
    pub fn refused(&self, fault: TokenFault) -> u64 {
        self.refused.get(fault as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    fn judge(&self, id: &str, token: Option<&str>, now: SystemTime) -> Result<(), TokenFault> {
        let token = token.filter(|token| !token.is_empty()).ok_or(TokenFault::Missing)?;
        let expires = token.split_once('-').map(|(expires, _)| expires);
        let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let expires = expires.filter(digits).and_then(|expires| expires.parse::<u64>().ok());
        let expires = expires.filter(|_| token.len() <= TOKEN_LEN_MAX).ok_or(TokenFault::Invalid)?;
        // The whole text is compared, so each token is written in one way alone.
        let ours = self.token(id, expires);
        if !bool::from(ours.as_bytes().ct_eq(token.as_bytes())) {
            return Err(TokenFault::Invalid);
        }
        if expires <= seconds(now) { Err(TokenFault::Expired) } else { Ok(()) }
    }

    fn token(&self, id: &str, expires: u64) -> String {
        let mut token = expires.to_string();
        let mut signing = hmac::Context::with_key(&self.key);
        for part in [id, ":", &token] {
            signing.update(part.as_bytes());
        }
        token.push('-');
        URL_SAFE_NO_PAD.encode_string(signing.sign(), &mut token);
        token
    }
}

impl fmt::Debug for PlaybackTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaybackTokens(redacted)")
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECRET: &str = "sixteen bytes or more";

    fn id(text: &str) -> PlaybackId {
        PlaybackId::parse(text).expect("a good id")
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn others_make_the_same_token() {
        // printf show:2000000000 | openssl dgst -sha256 -hmac 'sixteen bytes or more' -binary | basenc --base64url
        let token = PlaybackTokens::new(SECRET).issue(&id("show"), 2_000_000_000);
        assert_eq!(token, "2000000000-DLr8kazRstTEcqLgzUCBtQWC5Nh8aXC-LR2BmlNHqr0");
    }

    #[test]
    fn a_token_plays_its_stream_until_its_time() {
        let tokens = PlaybackTokens::new(SECRET);
        let token = tokens.issue(&id("show"), 1_000);
        let check = |id, token, now| tokens.check(id, Some(token), at(now));
        assert_eq!(check("show", &token, 999), Ok(()));
        assert_eq!(check("show", &token, 1_000), Err(TokenFault::Expired));
        assert_eq!(check("other", &token, 999), Err(TokenFault::Invalid));
        assert_eq!(tokens.check("show", None, at(0)), Err(TokenFault::Missing));
        assert_eq!(tokens.check("show", Some(""), at(0)), Err(TokenFault::Missing));
        let mac = token.strip_prefix("1000-").expect("the time first");
        let long = "1".repeat(500);
        let changed = [
            format!("2000-{mac}"),
            format!("01000-{mac}"),
            format!("+1000-{mac}"),
            format!("{token}A"),
            long,
        ];
        for wrong in changed.iter().map(String::as_str).chain(["-", "1000-", "1000", mac, "é"]) {
            assert_eq!(check("show", wrong, 999), Err(TokenFault::Invalid), "{wrong}");
        }
        let foreign = PlaybackTokens::new("sixteen bytes or less").issue(&id("show"), 1_000);
        assert_eq!(check("show", &foreign, 999), Err(TokenFault::Invalid));
        assert_eq!(check("show", &foreign, 1_001), Err(TokenFault::Invalid), "not that it is old");
        assert_eq!(tokens.refused(TokenFault::Missing), 2);
        assert_eq!(tokens.refused(TokenFault::Expired), 1);
    }

    #[test]
    fn a_daily_token_is_the_same_all_day_and_good_for_one_more() {
        let tokens = PlaybackTokens::new(SECRET);
        let token = tokens.issue_daily(&id("show"), at(5 * DAY));
        assert_eq!(token, tokens.issue_daily(&id("show"), at(6 * DAY - 1)));
        assert_eq!(tokens.check("show", Some(&token), at(7 * DAY - 1)), Ok(()));
        assert!(!format!("{tokens:?}").contains("sixteen"));
    }
}
