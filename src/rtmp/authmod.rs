//! Adobe's way for a publisher to prove a user name and password ("authmod=adobe"), as OBS, librtmp and FFmpeg speak it.
//!
//! A client connects three times: it hears that it must authenticate, fetches a challenge, answers it. What it has to
//! say stands in a query at the end of its app. What we have to say is the description of an `_error`, which clients
//! search for exact words; FFmpeg keeps 255 bytes of it.
//!
//! **Invariant:** nothing is kept between the connections. A challenge carries its time and a MAC of ours, so it cannot
//! be forged, and is worth nothing after [`CHALLENGE_LIFE`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How long a challenge may be answered. Clients come back at once; a slow network needs some seconds.
const CHALLENGE_LIFE: Duration = Duration::from_secs(60);
/// Hexadecimal digits of a challenge's time.
const TIME_LEN: usize = 9;
/// Digits of its time and of its connection's seed, which the MAC covers.
const STAMP_LEN: usize = TIME_LEN + 16;
/// Bytes of the MAC that are sent: enough that nobody guesses one, and FFmpeg keeps the whole description.
const MAC_LEN: usize = 16;
/// Characters of base64 of an MD5.
const RESPONSE_LEN: usize = 24;
/// Characters of the salt.
const SALT_LEN: usize = 8;
/// What comes before our words in the descriptions of Adobe's server, and hence in everybody's.
const PREFIX: &str = "[ AccessManager.Reject ] : [ ";

/// The one user who may publish, and the means to recognise him.
///
/// `Debug` prints the user alone.
#[derive(Clone)]
pub struct PublishAuth {
    user: String,
    salt: String,
    /// What a client makes of user, salt and password. The password itself is not kept.
    salted: Zeroizing<String>,
    key: hmac::Key,
    epoch: Instant,
}

impl fmt::Debug for PublishAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublishAuth({:?}, redacted)", self.user)
    }
}

/// Why a connection closes before it may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthenticated {
    /// It was told to authenticate: the first step, and the last of a client that has no password.
    Asked,
    /// It was given a challenge: the second step.
    Challenged,
    /// It named a user whom we do not know.
    UnknownUser,
    /// Its answer is not the right one.
    WrongPassword,
    /// It answered a challenge that is too old, or none of ours.
    StaleChallenge,
    /// It came as players do, and then wanted to publish.
    Missing,
}

impl Unauthenticated {
    /// A short label for a counter.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Asked => "auth_asked",
            Self::Challenged => "auth_challenged",
            Self::UnknownUser => "auth_unknown_user",
            Self::WrongPassword => "auth_wrong_password",
            Self::StaleChallenge => "auth_stale_challenge",
            Self::Missing => "auth_missing",
        }
    }

    /// Whether the client is expected to come back and go on.
    #[must_use]
    pub const fn is_step(self) -> bool {
        matches!(self, Self::Asked | Self::Challenged)
    }
}

impl PublishAuth {
    /// Takes user and password as configured, and 32 random bytes that nobody else knows. `now` is the earliest time
    /// that challenges can bear.
    #[must_use]
    pub fn new(user: &str, password: &str, secret: &[u8; 32], now: Instant) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let salt = hex(hmac::sign(&key, b"salt").as_ref(), SALT_LEN / 2);
        let salted = salted(user, &salt, password);
        Self { user: user.to_owned(), salt, salted, key, epoch: now }
    }

    /// Judges what a client's app or `tcUrl` says.
    ///
    /// # Errors
    /// What to tell the client, by [`description`](Self::description).
    pub(super) fn judge(&self, offer: &Offer<'_>, now: Instant) -> Result<(), Unauthenticated> {
        if offer.authmod != "adobe" || offer.user.is_empty() {
            return Err(Unauthenticated::Asked);
        }
        if !same(offer.user, &self.user) {
            return Err(Unauthenticated::UnknownUser);
        }
        if offer.response.is_empty() {
            return Err(Unauthenticated::Challenged);
        }
        if !self.is_fresh(offer.opaque, now) {
            return Err(Unauthenticated::StaleChallenge);
        }
        // librtmp built with nettle, as Debian's is, does not end its base64: whatever lay behind follows.
        let offered = offer.response.get(..RESPONSE_LEN).unwrap_or_default();
        if !same(offered, &response(&self.salted, offer.opaque, offer.challenge)) {
            return Err(Unauthenticated::WrongPassword);
        }
        Ok(())
    }

    /// The description of the `_error` that a client is told off with. `seed` makes challenges of the same second differ.
    pub(super) fn description(&self, refusal: Unauthenticated, now: Instant, seed: u64) -> String {
        match refusal {
            Unauthenticated::Asked | Unauthenticated::Missing => {
                format!("{PREFIX}code=403 need auth; authmod=adobe ] : ")
            }
            Unauthenticated::Challenged => {
                let (user, salt) = (&self.user, &self.salt);
                // Clients that know an `opaque` leave the challenge unread.
                format!(
                    "{PREFIX}authmod=adobe ] : ?reason=needauth&user={user}&salt={salt}&challenge={seed:016x}&opaque={}",
                    self.challenge(now, seed)
                )
            }
            Unauthenticated::UnknownUser => format!("{PREFIX}authmod=adobe ] : ?reason=nosuchuser"),
            Unauthenticated::WrongPassword | Unauthenticated::StaleChallenge => {
                format!("{PREFIX}authmod=adobe ] : ?reason=authfailed")
            }
        }
    }

    /// A challenge of this moment: time, seed, MAC.
    ///
    /// Of 57 characters: that librtmp asks for memory of this length and 64, and writes some bytes more. For 57 the
    /// allocator of glibc gives 15 to spare. (Where it does not log, it writes still more, and no server can help it.)
    fn challenge(&self, now: Instant, seed: u64) -> String {
        let seconds = now.saturating_duration_since(self.epoch).as_secs();
        let stamp = format!("{seconds:0TIME_LEN$x}{seed:016x}");
        let mac = self.mac(&stamp);
        stamp + &mac
    }

    fn mac(&self, stamp: &str) -> String {
        hex(hmac::sign(&self.key, stamp.as_bytes()).as_ref(), MAC_LEN)
    }

    /// Whether a challenge is ours, and young enough.
    fn is_fresh(&self, challenge: &str, now: Instant) -> bool {
        let Some((stamp, mac)) = challenge.split_at_checked(STAMP_LEN) else { return false };
        if !same(mac, &self.mac(stamp)) {
            return false;
        }
        let seconds = stamp.get(..TIME_LEN).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let Some(issued) = seconds.and_then(|at| self.epoch.checked_add(Duration::from_secs(at))) else {
            return false;
        };
        now.saturating_duration_since(issued) <= CHALLENGE_LIFE
    }
}

/// What a client adds to its app to authenticate; empty where it says nothing.
///
/// `Debug` is missing: an answer is nobody else's business.
#[derive(Default, Clone, Copy)]
pub(super) struct Offer<'a> {
    authmod: &'a str,
    user: &'a str,
    /// The client's own challenge: base64 of four bytes from librtmp, eight hexadecimal digits from FFmpeg.
    challenge: &'a str,
    response: &'a str,
    opaque: &'a str,
}

impl<'a> Offer<'a> {
    /// Cuts the offer off an app or `tcUrl`. Clients append it to whatever stands there, even to a query.
    pub(super) fn cut(text: &'a str) -> (&'a str, Option<Self>) {
        let begins = ["?authmod=", "&authmod="].into_iter().filter_map(|mark| text.find(mark)).min();
        let Some((rest, offer)) = begins.and_then(|at| text.split_at_checked(at)) else {
            return (text, None);
        };
        let mut found = Self::default();
        for (name, value) in offer.split(['?', '&']).filter_map(|pair| pair.split_once('=')) {
            match name {
                "authmod" => found.authmod = value,
                "user" => found.user = value,
                "challenge" => found.challenge = value,
                "response" => found.response = value,
                "opaque" => found.opaque = value,
                _ => {}
            }
        }
        (rest, Some(found))
    }
}

/// What both ends make of user, salt and password.
fn salted(user: &str, salt: &str, password: &str) -> Zeroizing<String> {
    Zeroizing::new(md5_base64(&[user, salt, password]))
}

/// What proves the knowledge of `salted`.
fn response(salted: &str, opaque: &str, challenge: &str) -> String {
    md5_base64(&[salted, opaque, challenge])
}

fn md5_base64(parts: &[&str]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.as_bytes());
    }
    STANDARD.encode(md5.finalize())
}

/// The first `len` bytes in hexadecimal.
fn hex(bytes: &[u8], len: usize) -> String {
    bytes.iter().take(len).map(|byte| format!("{byte:02x}")).collect()
}

fn same(offered: &str, expected: &str) -> bool {
    offered.as_bytes().ct_eq(expected.as_bytes()).into()
}

#[cfg(test)]
#[path = "authmod_tests.rs"]
pub(super) mod tests;
