//! Cue points among data messages: what an encoder or an ad server says of a moment, for viewers.
//!
//! Takes the messages whose meaning is known by name. What is in them passes on as named text and numbers, bounded:
//! a message becomes text in every playlist that lists it.

use std::time::Duration;

use super::{DataMessage, MediaTime};
use crate::format::amf0::{Limits, Value, decode_all};

/// Bytes of a message that is looked at. Real cues have some hundred.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Attributes that are kept of one cue.
const ATTRIBUTES_MAX: usize = 16;
/// Characters of an attribute's name and of its text.
const NAME_CHARS_MAX: usize = 32;
const TEXT_CHARS_MAX: usize = 256;
/// A duration beyond a day is none.
const DURATION_SECONDS_MAX: f64 = 86_400.0;

/// Which message it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CueKind {
    /// `onCuePoint`: an event or a chapter of the broadcast.
    CuePoint,
    /// `onAdCue`: an advertisement begins or ends.
    AdCue,
    /// `onTextData`: a line of text, such as a subtitle.
    TextData,
    /// `onID3`: timed metadata.
    Id3,
}

impl CueKind {
    const ALL: [Self; 4] = [Self::CuePoint, Self::AdCue, Self::TextData, Self::Id3];

    /// The message's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CuePoint => "onCuePoint",
            Self::AdCue => "onAdCue",
            Self::TextData => "onTextData",
            Self::Id3 => "onID3",
        }
    }
}

/// What a cue says under one name.
#[derive(Debug, Clone, PartialEq)]
pub enum CueValue {
    /// At most 256 characters.
    Text(String),
    /// Finite.
    Number(f64),
}

/// A moment that the source marks.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// Which message it was.
    pub kind: CueKind,
    /// When it applies, on the stream's clock.
    pub at: MediaTime,
    /// How long, where it says so.
    pub duration: Option<Duration>,
    /// At most 16, in the order sent, names of at most 32 characters. The properties of `parameters` are among them.
    pub attributes: Vec<(String, CueValue)>,
}

impl Cue {
    /// `None` when the message is no cue, is larger than 16 KiB, or cannot be read.
    #[must_use]
    pub fn parse(message: &DataMessage) -> Option<Self> {
        if message.payload.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let values = decode_all(&message.payload, &Limits::default()).ok()?;
        let (name, values) = values.split_first()?;
        let kind = CueKind::ALL.into_iter().find(|kind| name.as_str() == Some(kind.as_str()))?;
        let mut cue = Self { kind, at: message.dts, duration: None, attributes: Vec::new() };
        for value in values {
            match value.properties() {
                Some(properties) => cue.take(properties),
                None => cue.add("value", value),
            }
        }
        Some(cue)
    }

    fn take(&mut self, properties: &[(String, Value)]) {
        for (name, value) in properties {
            match value.properties() {
                Some(nested) if name.eq_ignore_ascii_case("parameters") => {
                    nested.iter().for_each(|(name, value)| self.add(name, value));
                }
                _ => self.add(name, value),
            }
        }
    }

    /// Keeps one property. A duration is the cue's own, in seconds; a second of a name, and what is no text, number
    /// or flag, is left out.
    fn add(&mut self, name: &str, value: &Value) {
        let value = match value {
            Value::String(text) => CueValue::Text(text.chars().take(TEXT_CHARS_MAX).collect()),
            Value::Number(number) if number.is_finite() => CueValue::Number(*number),
            Value::Boolean(flag) => CueValue::Text(flag.to_string()),
            _ => return,
        };
        if name.eq_ignore_ascii_case("duration")
            && let Some(duration) = seconds(&value)
        {
            self.duration.get_or_insert(duration);
            return;
        }
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        let known = self.attributes.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name));
        if !known && !name.is_empty() && self.attributes.len() < ATTRIBUTES_MAX {
            self.attributes.push((name, value));
        }
    }
}

fn seconds(value: &CueValue) -> Option<Duration> {
    let seconds = match value {
        CueValue::Number(number) => *number,
        CueValue::Text(text) => text.trim().parse().ok()?,
    };
    (0.0..=DURATION_SECONDS_MAX).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, values: &[Value]) -> DataMessage {
        let mut payload = Vec::new();
        Value::String(name.to_owned()).encode(&mut payload);
        values.iter().for_each(|value| value.encode(&mut payload));
        DataMessage { dts: MediaTime::from_millis(40), payload: payload.into() }
    }

    fn object(properties: &[(&str, Value)]) -> Value {
        Value::Object(properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn a_cue_point_with_its_parameters() {
        let parameters =
            object(&[("sponsor", text("acme")), ("slot", Value::Number(3.0)), ("name", text("no"))]);
        let cue = object(&[
            ("name", text("break")),
            ("duration", Value::Number(30.5)),
            ("live", Value::Boolean(true)),
            ("parameters", parameters),
        ]);
        let cue = Cue::parse(&message("onCuePoint", &[cue])).expect("a cue");
        assert_eq!((cue.kind, cue.at), (CueKind::CuePoint, MediaTime::from_millis(40)));
        assert_eq!(cue.duration, Some(Duration::from_millis(30_500)));
        let expected = [
            ("name", CueValue::Text("break".to_owned())),
            ("live", CueValue::Text("true".to_owned())),
            ("sponsor", CueValue::Text("acme".to_owned())),
            ("slot", CueValue::Number(3.0)),
        ];
        assert_eq!(cue.attributes, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn a_bare_value_is_kept_and_other_messages_are_no_cues() {
        let cue = Cue::parse(&message("onTextData", &[text("hello")])).expect("a cue");
        assert_eq!(cue.attributes, [("value".to_owned(), CueValue::Text("hello".to_owned()))]);
        assert_eq!(Cue::parse(&message("onFI", &[text("12:00")])), None);
        assert_eq!(Cue::parse(&message("oncuepoint", &[])), None);
        let cut = DataMessage { dts: MediaTime::ZERO, payload: vec![2, 0, 9, b'o'].into() };
        assert_eq!(Cue::parse(&cut), None);
    }

    #[test]
    fn a_sender_cannot_make_a_cue_grow_without_bound() {
        let many: Vec<_> = (0..100).map(|n| (format!("{n:040}"), text(&"x".repeat(400)))).collect();
        let cue = Cue::parse(&message("onID3", &[Value::Object(many.into_iter().take(30).collect())]));
        let cue = cue.expect("below the bound");
        // All names are the same within 32 characters.
        assert_eq!(cue.attributes.len(), 1);
        let many: Vec<_> = (0..100).map(|n| (n.to_string(), text("x"))).collect();
        assert_eq!(
            Cue::parse(&message("onID3", &[Value::Object(many)])).expect("a cue").attributes.len(),
            16
        );
        assert_eq!(Cue::parse(&message("onID3", &[text(&"x".repeat(20_000))])), None);
        let absurd = object(&[("duration", Value::Number(1e300)), ("n", Value::Number(f64::NAN))]);
        let cue = Cue::parse(&message("onAdCue", &[absurd])).expect("a cue");
        assert_eq!((cue.duration, cue.attributes.len()), (None, 1), "no duration, but said all the same");
    }
}
