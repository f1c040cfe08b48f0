//! What an end of a connection can do beyond plain RTMP: the keys of Enhanced RTMP v2 in `connect` and its answer.
//!
//! They say what may be sent to a peer, never what it may send: OBS and FFmpeg send extended bodies without a word.

use crate::format::amf0::Value;
use crate::format::flv::FourCc;

/// Codings that a peer may name, of each kind. There are nine.
const CODINGS_MAX: usize = 32;
/// The name that stands for all codings.
const ANY: &str = "*";

/// Names of the properties.
mod key {
    pub(super) const EXTENSIONS: &str = "capsEx";
    pub(super) const LIST: &str = "fourCcList";
    pub(super) const VIDEO: &str = "videoFourCcInfoMap";
    pub(super) const AUDIO: &str = "audioFourCcInfoMap";
}

/// Bits of `capsEx`.
mod extension {
    pub(super) const RECONNECT: u8 = 1;
    pub(super) const MULTITRACK: u8 = 2;
    pub(super) const MOD_EX: u8 = 4;
    pub(super) const NANOSECONDS: u8 = 8;
}

/// Bits of a coding in the maps. The list names codings that its sender decodes.
mod use_of {
    pub(super) const DECODE: u8 = 1;
    pub(super) const FORWARD: u8 = 4;
}

/// Codings whose bodies we read and write.
const VIDEO: &[FourCc] = &[*b"avc1", *b"hvc1", *b"av01", *b"vp09"];
const AUDIO: &[FourCc] = &[*b"mp4a", *b".mp3", *b"Opus", *b"fLaC", *b"ac-3", *b"ec-3"];

/// What an end can do. The default is a peer of before Enhanced RTMP, which says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    extensions: u8,
    /// What it does with any coding.
    any: u8,
    codings: Vec<(FourCc, u8)>,
    said_something: bool,
}

impl Capabilities {
    /// Reads the properties out of `values`: those of `connect`, or of its answer, where servers put them into the
    /// first object or the second.
    pub(super) fn read(values: &[Value]) -> Self {
        let mut read = Self::default();
        for (name, value) in values.iter().filter_map(Value::properties).flatten() {
            let is = |key: &str| name.eq_ignore_ascii_case(key);
            if is(key::EXTENSIONS) {
                read.extensions |= bits(value);
                read.said_something |= value.as_number().is_some();
            } else if is(key::LIST) {
                read.read_list(value);
            } else if is(key::VIDEO) || is(key::AUDIO) {
                read.read_map(value);
            }
        }
        read
    }

    /// An array of names; some senders make it an object with numbers for keys.
    fn read_list(&mut self, value: &Value) {
        let mut name = |value: &Value| {
            if let Some(name) = value.as_str() {
                self.add(name, use_of::DECODE);
            }
        };
        match value {
            Value::StrictArray(names) => names.iter().for_each(name),
            _ => value.properties().unwrap_or_default().iter().for_each(|(_, value)| name(value)),
        }
    }

    fn read_map(&mut self, value: &Value) {
        for (name, value) in value.properties().unwrap_or_default() {
            self.add(name, bits(value));
        }
    }

    fn add(&mut self, name: &str, uses: u8) {
        self.said_something = true;
        if name == ANY {
            self.any |= uses;
            return;
        }
        let Ok(four) = FourCc::try_from(name.as_bytes()) else { return };
        let known = self.codings.iter().position(|(known, _)| *known == four);
        if let Some((_, known)) = known.and_then(|at| self.codings.get_mut(at)) {
            *known |= uses;
        } else if self.codings.len() < CODINGS_MAX {
            self.codings.push((four, uses));
        }
    }

    /// Ours, as properties of `connect` and of its answer.
    pub(super) fn ours() -> impl Iterator<Item = (String, Value)> {
        let name = |four: &FourCc| String::from_utf8_lossy(four).into_owned();
        let map = |codings: &[FourCc]| {
            let forwarded = |four| (name(four), Value::Number(f64::from(use_of::FORWARD)));
            Value::Object(codings.iter().map(forwarded).collect())
        };
        let list = VIDEO.iter().chain(AUDIO).map(|four| Value::String(name(four))).collect();
        // Nanoseconds are read and left out of our times, so they are not promised.
        let extensions = extension::RECONNECT | extension::MULTITRACK | extension::MOD_EX;
        [
            (key::LIST, Value::StrictArray(list)),
            (key::VIDEO, map(VIDEO)),
            (key::AUDIO, map(AUDIO)),
            (key::EXTENSIONS, Value::Number(f64::from(extensions))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// Whether the peer knows Enhanced RTMP. Many that do say nothing.
    #[must_use]
    pub const fn is_enhanced(&self) -> bool {
        self.said_something
    }

    /// Whether the peer says that it does something with frames of this coding.
    #[must_use]
    pub fn takes(&self, four: FourCc) -> bool {
        let named = self.codings.iter().find(|(known, _)| *known == four).map_or(0, |(_, uses)| *uses);
        (self.any | named) & (use_of::DECODE | use_of::FORWARD) != 0
    }

    /// Whether the peer connects anew when it is asked.
    #[must_use]
    pub const fn reconnects(&self) -> bool {
        self.extensions & extension::RECONNECT != 0
    }

    /// Whether the peer takes other tracks than the default ones.
    #[must_use]
    pub const fn takes_multitrack(&self) -> bool {
        self.extensions & extension::MULTITRACK != 0
    }

    /// Whether the peer reads extensions before a packet type.
    #[must_use]
    pub const fn takes_mod_ex(&self) -> bool {
        self.extensions & extension::MOD_EX != 0
    }

    /// Whether the peer uses nanoseconds of such extensions.
    #[must_use]
    pub const fn takes_nanoseconds(&self) -> bool {
        self.takes_mod_ex() && self.extensions & extension::NANOSECONDS != 0
    }
}

/// A number's low eight bits: all that are defined. 0 for what is no whole number.
fn bits(value: &Value) -> u8 {
    let number = value.as_number().unwrap_or_default();
    if !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked above")]
    let [.., low] = (number as u32).to_be_bytes();
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(properties: Vec<(&str, Value)>) -> Capabilities {
        let properties = properties.into_iter().map(|(name, value)| (name.to_owned(), value));
        Capabilities::read(&[Value::Null, Value::Object(properties.collect())])
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn a_peer_that_says_nothing_takes_nothing_new() {
        let legacy = read(vec![("app", text("live")), ("videoFunction", Value::Number(1.0))]);
        assert_eq!(legacy, Capabilities::default());
        assert!(!legacy.is_enhanced() && !legacy.takes(*b"avc1") && !legacy.takes_multitrack());
    }

    #[test]
    fn a_list_names_codings_in_an_array_or_an_object() {
        let names = [text("hvc1"), text("Opus"), text("opus"), Value::Null, text("too long")];
        let array = read(vec![("fourCcList", Value::StrictArray(names.to_vec()))]);
        let numbered = names.iter().enumerate().map(|(at, name)| (at.to_string(), name.clone())).collect();
        assert_eq!(array, read(vec![("fourCcList", Value::Object(numbered))]));
        assert!(array.is_enhanced() && array.takes(*b"hvc1") && array.takes(*b"Opus"));
        assert!(!array.takes(*b"av01"));
    }

    #[test]
    fn maps_say_what_is_done_with_a_coding_and_a_star_means_any() {
        let map = |name: &str, uses: f64| Value::EcmaArray(vec![(name.to_owned(), Value::Number(uses))]);
        let some =
            read(vec![("videoFourCcInfoMap", map("hvc1", 4.0)), ("audioFourCcInfoMap", map("ac-3", 2.0))]);
        assert!(some.takes(*b"hvc1"));
        assert!(!some.takes(*b"ac-3"), "it only encodes that");
        let all = read(vec![("audioFourCcInfoMap", map("*", 1.0))]);
        assert!(all.takes(*b"fLaC"));
    }

    #[test]
    fn extensions_are_bits() {
        let of = |number: f64| read(vec![("capsEx", Value::Number(number))]);
        assert!(of(1.0).reconnects() && !of(2.0).reconnects());
        assert!(of(2.0).takes_multitrack() && of(4.0).takes_mod_ex());
        assert!(!of(8.0).takes_nanoseconds(), "there is nowhere to put them");
        assert!(of(12.0).takes_nanoseconds() && of(259.0).reconnects());
        for odd in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(!of(odd).reconnects() && !of(odd).takes_multitrack());
        }
    }

    #[test]
    fn a_peer_cannot_fill_the_memory_with_codings() {
        let names = (0..10_000).map(|number| text(&format!("{number:04}"))).collect();
        let read = read(vec![("fourCcList", Value::StrictArray(names))]);
        assert_eq!(read.codings.len(), CODINGS_MAX);
    }

    #[test]
    fn ours_are_read_as_they_are_written() {
        let ours = Capabilities::read(&[Value::Object(Capabilities::ours().collect())]);
        assert!(ours.reconnects() && ours.takes_multitrack() && ours.takes_mod_ex());
        assert!(!ours.takes_nanoseconds());
        assert!(VIDEO.iter().chain(AUDIO).all(|four| ours.takes(*four)));
        assert!(!ours.takes(*b"vvc1"));
    }
}
