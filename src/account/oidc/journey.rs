//! One sign-in between its beginning and its end, sealed and kept by the browser: a server that restarts, or another
//! one on the same database, finishes what this one began.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::error::{Error, Refusal};
use crate::account::Token;
use crate::store::UnixMillis;
use crate::vault::{Purpose, Vault, digest, random_token};

/// How long somebody may take at the issuer.
pub(super) const LASTS: Duration = Duration::from_secs(10 * 60);

/// The longest page to return to, bytes.
const RETURN_TO_LEN_MAX: usize = 1024;

/// The longest of what the browser kept that is looked at, bytes: a cookie holds no more.
const KEPT_LEN_MAX: usize = 4096;

/// The longest code, bytes.
const CODE_LEN_MAX: usize = 2048;

/// A sign-in that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What it keeps meanwhile, in a cookie of its own that no script reads and that comes along from elsewhere
    /// (`SameSite=Lax`).
    pub kept: Token,
    /// For how long.
    pub lasts: Duration,
}

/// What the issuer sends along when it sends the browser back: the query of our address.
#[derive(Clone, Copy, Default)]
pub struct Callback<'a> {
    /// `code`
    pub code: Option<&'a str>,
    /// `state`
    pub state: Option<&'a str>,
    /// `error`
    pub error: Option<&'a str>,
    /// `iss` (RFC 9207)
    pub iss: Option<&'a str>,
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("error", &self.error).finish_non_exhaustive()
    }
}

/// What is remembered between the two.
#[derive(Serialize, Deserialize)]
pub(super) struct Journey {
    state: Zeroizing<String>,
    pub(super) nonce: Zeroizing<String>,
    /// PKCE (RFC 7636): who has the code alone can do nothing with it.
    pub(super) verifier: Zeroizing<String>,
    pub(super) redirect_uri: String,
    pub(super) return_to: String,
    ends_at: i64,
}

impl Journey {
    pub(super) fn new(redirect_uri: &str, return_to: &str, now: UnixMillis) -> Result<Self, Error> {
        if !is_ours(return_to) {
            return Err(Error::ReturnTo);
        }
        Ok(Self {
            state: random_token("")?,
            nonce: random_token("")?,
            verifier: random_token("")?,
            redirect_uri: redirect_uri.to_owned(),
            return_to: return_to.to_owned(),
            ends_at: now.after(LASTS).0,
        })
    }

    /// The address at the issuer (OpenID Connect Core 1.0 §3.1.2.1).
    pub(super) fn url(&self, endpoint: &Url, client_id: &str) -> String {
        let mut url = endpoint.clone();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", "openid email profile"),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &URL_SAFE_NO_PAD.encode(digest(&self.verifier))),
            ("code_challenge_method", "S256"),
        ]);
        url.into()
    }

    pub(super) fn seal(&self, vault: &Vault) -> Result<Token, Error> {
        let text = Zeroizing::new(serde_json::to_string(self).map_err(|_| Error::Begun)?);
        let sealed = vault.seal(Purpose::SignIn, &text)?;
        Ok(Token::sealed(format!("{}.{}", sealed.key_id, URL_SAFE_NO_PAD.encode(&sealed.bytes))))
    }

    pub(super) fn open(vault: &Vault, kept: &str, now: UnixMillis) -> Result<Self, Error> {
        let parts = kept.split_once('.').filter(|_| kept.len() <= KEPT_LEN_MAX);
        let (key_id, sealed) = parts.ok_or(Error::Begun)?;
        let key_id = key_id.parse().map_err(|_| Error::Begun)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Error::Begun)?;
        let text = vault.open(Purpose::SignIn, &sealed, key_id).map_err(|_| Error::Begun)?;
        let journey: Self = serde_json::from_str(&text).map_err(|_| Error::Begun)?;
        if now.0 < journey.ends_at { Ok(journey) } else { Err(Error::Begun) }
    }

    /// The code, if the answer is to this sign-in.
    pub(super) fn code<'a>(&self, callback: &Callback<'a>, issuer: &str) -> Result<&'a str, Error> {
        let state = callback.state.unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(self.state.as_bytes())) {
            return Err(Error::Begun);
        }
        if let Some(error) = callback.error {
            return Err(Error::Refused(Refusal::new(error)));
        }
        if callback.iss.is_some_and(|iss| iss != issuer) {
            return Err(Error::Begun);
        }
        let code = callback.code.filter(|code| !code.is_empty() && code.len() <= CODE_LEN_MAX);
        code.ok_or_else(|| Error::Refused(Refusal::new("")))
    }
}

/// Any cookie, any way back, any answer.
#[cfg(any(fuzzing, test))]
pub(super) fn fuzz(text: &str, now: UnixMillis) {
    let Ok(key) = crate::vault::ServerKey::parse(&"07".repeat(32)) else { return };
    let vault = Vault::new(key, Vec::new());
    assert!(Journey::open(&vault, text, now).is_err(), "nothing was sealed");
    let Ok(journey) = Journey::new("https://us.example/callback", "/", now) else { return };
    let mut said = text.split('\n');
    let callback =
        Callback { code: said.next(), state: Some(&journey.state), error: said.next(), iss: said.next() };
    if let Ok(code) = journey.code(&callback, "https://issuer.example") {
        assert!(!code.is_empty());
    }
    if is_ours(text) {
        let base = Url::parse("https://us.example/login").ok();
        let there = base.and_then(|base| base.join(text).ok());
        assert_eq!(there.as_ref().and_then(Url::host_str), Some("us.example"), "{text}");
    }
}

/// Whether it is a path of this server, in every browser's reading: `//host` and `/\host` are not.
fn is_ours(path: &str) -> bool {
    let mut chars = path.chars();
    chars.next() == Some('/')
        && !matches!(chars.next(), Some('/' | '\\'))
        && path.len() <= RETURN_TO_LEN_MAX
        && !path.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::ServerKey;

    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

    fn vault(byte: &str) -> Vault {
        Vault::new(ServerKey::parse(&byte.repeat(32)).expect("a key"), Vec::new())
    }

    fn journey() -> Journey {
        Journey::new("https://live.example/back", "/projects/1?tab=keys#a", NOW).expect("begun")
    }

    #[test]
    fn what_the_browser_keeps_says_nothing_and_comes_back_whole() {
        let (journey, vault) = (journey(), vault("11"));
        let kept = journey.seal(&vault).expect("sealed");
        assert!(kept.expose().len() < 1024);
        let opened = Journey::open(&vault, kept.expose(), NOW).expect("ours");
        assert_eq!(opened.return_to, "/projects/1?tab=keys#a");
        assert_eq!((&*opened.verifier, &*opened.nonce), (&*journey.verifier, &*journey.nonce));
        let url = journey.url(&Url::parse("https://id.example/auth?tenant=1").expect("a URL"), "me");
        assert!(
            !url.contains(&*journey.verifier)
                && url.starts_with("https://id.example/auth?tenant=1&response_type=code&")
        );

        assert!(Journey::open(&vault, kept.expose(), NOW.after(LASTS)).is_err(), "too old");
        for wrong in ["", ".", "1.x", &kept.expose().replace('.', "-"), &"x".repeat(10_000)] {
            assert!(matches!(Journey::open(&vault, wrong, NOW), Err(Error::Begun)), "{wrong}");
        }
        assert!(matches!(Journey::open(&self::vault("22"), kept.expose(), NOW), Err(Error::Begun)));
    }

    #[test]
    fn an_answer_to_another_sign_in_is_none() {
        let journey = journey();
        let state = journey.state.to_string();
        let good = Callback { code: Some("c"), state: Some(&state), ..Callback::default() };
        let code =
            |callback: Callback<'static>| journey.code(&callback, "https://id.example").map(str::to_owned);
        assert_eq!(journey.code(&good, "https://id.example").expect("answered"), "c");
        let with_iss = Callback { iss: Some("https://id.example"), ..good };
        assert!(journey.code(&with_iss, "https://id.example").is_ok());
        let mixed_up = Callback { iss: Some("https://evil.example"), ..good };
        assert!(matches!(journey.code(&mixed_up, "https://id.example"), Err(Error::Begun)));
        for wrong in [None, Some(""), Some("x")] {
            assert!(matches!(
                code(Callback { state: wrong, code: Some("c"), ..Callback::default() }),
                Err(Error::Begun)
            ));
        }
        let denied = Callback { error: Some("access_denied"), ..good };
        match journey.code(&denied, "https://id.example") {
            Err(Error::Refused(refusal)) => assert!(refusal.is_by_hand()),
            other => panic!("{other:?}"),
        }
        let odd = Callback { error: Some("<script>"), ..good };
        let told = journey.code(&odd, "https://id.example").expect_err("refused").to_string();
        assert_eq!(told, "the identity provider refused: no reason");
    }

    #[test]
    fn nobody_is_sent_to_another_server_after_signing_in() {
        for good in ["/", "/projects/prj_1?a=b#c"] {
            assert!(is_ours(good), "{good}");
        }
        for bad in [
            "",
            "projects",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
        ] {
            assert!(!is_ours(bad), "{bad}");
        }
    }
}
