//! `EXT-X-DATERANGE` (RFC 8216bis §4.4.5.1): a stretch of time that an HLS playlist says something of.
//!
//! Attribute lists have no escapes, so names and texts are made to fit: what a quoted string cannot hold is replaced.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

/// A number from here on is written as text, for it would have too many digits.
const NUMBER_MAX: f64 = 1e12;
/// Bytes of a line besides its names and attributes.
const LINE_LEN: usize = 96;

/// One range. Its attributes keep the order in which they were added.
#[derive(Debug, Clone, PartialEq)]
pub struct DateRange {
    id: String,
    class: String,
    start: i64,
    duration: Option<Duration>,
    /// Names with their `X-`, and values as they are written.
    attributes: Vec<(String, String)>,
}

impl DateRange {
    /// A range from `start`, in milliseconds since 1970 in UTC. `id` tells it from all others of the playlist.
    #[must_use]
    pub fn new(id: &str, class: &str, start: i64, duration: Option<Duration>) -> Self {
        Self { id: quotable(id), class: quotable(class), start, duration, attributes: Vec::new() }
    }

    /// When it is over, in milliseconds since 1970; when it begins, where that is not known.
    #[must_use]
    pub fn end(&self) -> i64 {
        let millis = self.duration.map_or(0, |duration| duration.as_millis());
        self.start.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// About how many bytes its line has; never less than what was added to it.
    #[must_use]
    pub fn text_len(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + value.len() + 2);
        LINE_LEN + self.id.len() + self.class.len() + attributes.sum::<usize>()
    }

    /// Adds text under a name; it becomes `X-` and the name in capitals. A second of one name is left out.
    pub fn add_text(&mut self, name: &str, text: &str) {
        self.add(name, format!("\"{}\"", quotable(text)));
    }

    /// Adds a number under a name, with at most five decimals. One that the format has no words for becomes text.
    pub fn add_number(&mut self, name: &str, number: f64) {
        if (0.0..NUMBER_MAX).contains(&number) {
            self.add(name, decimal(number));
        } else {
            self.add(name, format!("\"{number:e}\""));
        }
    }

    fn add(&mut self, name: &str, value: String) {
        let fitting =
            |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '-' };
        let name: String = "X-".chars().chain(name.chars().map(fitting)).collect();
        if name.len() > 2 && self.attributes.iter().all(|(known, _)| *known != name) {
            self.attributes.push((name, value));
        }
    }
}

impl fmt::Display for DateRange {
    /// A line of a playlist, with its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.start) * 1_000_000;
        let Ok(start) = OffsetDateTime::from_unix_timestamp_nanos(nanos) else { return Ok(()) };
        write!(f, "#EXT-X-DATERANGE:ID=\"{}\",CLASS=\"{}\"", self.id, self.class)?;
        write!(
            f,
            ",START-DATE=\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"",
            start.year(),
            u8::from(start.month()),
            start.day(),
            start.hour(),
            start.minute(),
            start.second(),
            start.millisecond()
        )?;
        if let Some(duration) = self.duration {
            write!(f, ",DURATION={}", decimal(duration.as_secs_f64()))?;
        }
        for (name, value) in &self.attributes {
            write!(f, ",{name}={value}")?;
        }
        writeln!(f)
    }
}

/// Text without what ends a quoted string or a line.
fn quotable(text: &str) -> String {
    let fitting = |letter: char| match letter {
        '"' => '\'',
        control if control.is_control() => ' ',
        other => other,
    };
    text.chars().map(fitting).collect()
}

fn decimal(number: f64) -> String {
    let text = format!("{number:.5}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_reads_as_the_specification_shows_it() {
        let mut range =
            DateRange::new("cue-1", "onCuePoint", 1_785_585_600_123, Some(Duration::from_millis(30_500)));
        range.add_text("sponsor name", "acme");
        range.add_number("slot", 3.0);
        range.add_number("share", 1.0 / 3.0);
        assert_eq!(
            range.to_string(),
            "#EXT-X-DATERANGE:ID=\"cue-1\",CLASS=\"onCuePoint\",START-DATE=\"2026-08-01T12:00:00.123Z\",\
             DURATION=30.5,X-SPONSOR-NAME=\"acme\",X-SLOT=3,X-SHARE=0.33333\n"
        );
        assert_eq!(range.end(), 1_785_585_630_623);
    }

    #[test]
    fn a_sender_cannot_write_tags_or_attributes() {
        let mut range = DateRange::new("a\"b", "c\r\nd", 0, None);
        range.add_text("x", "1\",END-ON-NEXT=YES\n#EXT-X-ENDLIST");
        range.add_text("X", "again");
        range.add_text("", "nameless");
        range.add_text("é,=\"", "odd name");
        range.add_number("n", -1.0);
        range.add_number("m", 1e300);
        let text = range.to_string();
        assert_eq!(
            text,
            "#EXT-X-DATERANGE:ID=\"a'b\",CLASS=\"c  d\",START-DATE=\"1970-01-01T00:00:00.000Z\",\
             X-X=\"1',END-ON-NEXT=YES #EXT-X-ENDLIST\",X-----=\"odd name\",X-N=\"-1e0\",X-M=\"1e300\"\n"
        );
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(DateRange::new("a", "b", i64::MAX, None).to_string(), "", "no such date");
    }
}
