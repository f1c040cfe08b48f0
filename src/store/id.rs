//! Ids: a prefix that says what it names, and 26 characters that sort by time. Made here alone.
//!
//! The form is ULID's: 48 bits of Unix milliseconds and 80 random ones in Crockford's base 32, so ids of one kind sort by
//! their time as text, as numbers and in either database.

use std::fmt;
use std::str::FromStr;

use super::column::{UnixMillis, text_column};

/// Characters of the sortable part: 128 bits at five a character.
const LEN: usize = 26;

/// Bits of the random part.
const RANDOM_BITS: u32 = 80;

/// Crockford's alphabet: no I, L, O, U, so that none is misread or spells a word.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The part behind the prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sortable(u128);

impl Sortable {
    /// One of this time. A time before 1970 counts as 1970.
    ///
    /// # Panics
    /// When the system has no random bytes: nothing here is safe then.
    #[must_use]
    pub fn new(now: UnixMillis) -> Self {
        let mut random = [0; 16];
        getrandom::fill(&mut random[6..]).expect("the system has random bytes");
        Self(Self::first_of(now).0 | u128::from_be_bytes(random))
    }

    /// The smallest of this time: every other sorts behind it. A time before 1970 counts as 1970.
    #[must_use]
    pub fn first_of(time: UnixMillis) -> Self {
        let millis = u128::from(u64::try_from(time.0).unwrap_or(0)) & ((1 << 48) - 1);
        Self(millis << RANDOM_BITS)
    }

    /// The smallest that sorts behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// When it was made.
    #[must_use]
    pub fn time(self) -> UnixMillis {
        UnixMillis(i64::try_from(self.0 >> RANDOM_BITS).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Sortable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..LEN).rev().try_for_each(|place| {
            let digit = usize::try_from(self.0 >> (5 * place) & 31).unwrap_or(0);
            write!(f, "{}", char::from(ALPHABET[digit]))
        })
    }
}

impl fmt::Debug for Sortable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sortable {
    type Err = NotAnId;

    /// Reads the one form that [`Display`](fmt::Display) writes; lower case is another text, so it is none.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // 26 characters hold 130 bits: the first has three of its own.
        if text.len() != LEN || text.as_bytes()[0] > b'7' {
            return Err(NotAnId);
        }
        text.bytes()
            .try_fold(0_u128, |value, byte| {
                let digit = ALPHABET.iter().position(|known| *known == byte)?;
                Some(value << 5 | digit as u128)
            })
            .map(Self)
            .ok_or(NotAnId)
    }
}

/// The text is no id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no id of this kind")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Sortable);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new one of this time.
            #[must_use]
            pub fn new(now: UnixMillis) -> Self {
                Self(Sortable::new(now))
            }

            /// The part behind the prefix.
            #[must_use]
            pub fn sortable(self) -> Sortable {
                self.0
            }
        }

        impl From<Sortable> for $name {
            fn from(sortable: Sortable) -> Self {
                Self(sortable)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", Self::PREFIX, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix(Self::PREFIX).ok_or(NotAnId)?.parse().map(Self)
            }
        }

        text_column!($name);
    )+};
}

ids! {
    /// Names an account.
    UserId "usr_";
    /// Names a signed-in browser; not its secret.
    SessionId "ses_";
    /// Names an API token; not its secret.
    TokenId "tok_";
    /// Names a project.
    ProjectId "prj_";
    /// Names a stream key; not its secret.
    StreamKeyId "key_";
    /// Names a destination.
    DestinationId "dst_";
    /// Names one broadcast of a project.
    StreamRowId "str_";
    /// Names an event, in the order in which events were kept.
    EventId "evt_";
    /// Names a webhook.
    WebhookId "whk_";
    /// Names one event's way to one webhook.
    DeliveryId "dlv_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_as_text_too() {
        let mut made: Vec<_> = [1, 2, 31, 32, 1_700_000_000_000, 1_800_000_000_000]
            .into_iter()
            .map(|millis| ProjectId::new(UnixMillis(millis)))
            .collect();
        let by_time: Vec<_> = made.iter().map(ToString::to_string).collect();
        made.reverse();
        let mut by_text: Vec<_> = made.iter().map(ToString::to_string).collect();
        by_text.sort();
        assert_eq!(by_text, by_time);
        made.sort();
        assert_eq!(made.iter().map(ToString::to_string).collect::<Vec<_>>(), by_time);
        assert_eq!(made[4].sortable().time(), UnixMillis(1_700_000_000_000));
    }

    #[test]
    fn an_id_is_read_back_and_nothing_else_is_one() {
        let id = DestinationId::new(UnixMillis(1_700_000_000_000));
        let text = id.to_string();
        assert_eq!((text.len(), text.parse()), (30, Ok(id)));
        for wrong in [
            "",
            "dst_",
            &text[4..],
            &text[..29],
            &text.to_lowercase(),
            &text.replace("dst_", "prj_"),
            "dst_80000000000000000000000000",
            "dst_0000000000000000000000000U",
            "dst_000000000000000000000000é",
        ] {
            assert_eq!(wrong.parse::<DestinationId>(), Err(NotAnId), "{wrong}");
        }
    }

    #[test]
    fn the_next_one_sorts_behind_and_before_the_next_millisecond() {
        let one = Sortable::new(UnixMillis(5));
        assert!(one < one.next() && one.next().to_string() > one.to_string());
        assert_eq!(one.next().time(), UnixMillis(5));
        assert_ne!(Sortable::new(UnixMillis(5)), one);
    }
}
