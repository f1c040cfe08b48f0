//! How each kind of value is written: durations, sizes, words, addresses, paths. Text in, types out, and back.
//!
//! A [`Fault`] quotes the value it refuses; kinds whose values may hold a secret (URLs) do not.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use super::{Listen, mask};
use crate::rtmp::RtmpUrl;
use crate::stream::PlaybackId;

/// A value as a source holds it: typed in a file, text in a variable or a flag.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    Toml(&'a DeValue<'a>),
    Text(&'a str),
}

/// Why a value is refused: the rule it breaks, as the rest of a sentence that begins with its key, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) must: String,
    pub(super) label: String,
}

impl Fault {
    pub(super) fn new(must: impl Into<String>, label: impl Into<String>) -> Self {
        Self { must: must.into(), label: label.into() }
    }
}

/// How a value of type `T` is read and written.
pub(super) trait Kind<T> {
    /// Whether the key may not be left out.
    const REQUIRED: bool = false;

    /// Whether it is a URL, of which only a part is shown.
    const URL: bool = false;

    /// Whether it is a list, which is shown where it is wrong.
    const LIST: bool = false;

    fn read(&self, raw: Raw<'_>) -> Result<T, Fault>;

    /// As TOML; `None` for what is written by leaving the key out.
    fn print(&self, value: &T) -> Option<String>;
}

/// Quotes a text for people, and for TOML.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Longest text an error repeats, in characters.
const ECHO_CHARS_MAX: usize = 60;

/// Quotes a text that is wrong, its beginning if it is long.
pub(super) fn echo(text: &str) -> String {
    match text.char_indices().nth(ECHO_CHARS_MAX) {
        Some((end, _)) => format!("{:?}", format!("{}...", text.get(..end).unwrap_or_default())),
        None => format!("{text:?}"),
    }
}

/// What a TOML value is, with its article.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// The text of a value that must be one.
pub(super) fn text_of<'a>(raw: Raw<'a>, must: &str) -> Result<&'a str, Fault> {
    match raw {
        Raw::Text(text) => Ok(text),
        Raw::Toml(DeValue::String(text)) => Ok(text),
        Raw::Toml(other) => Err(Fault::new(must, format!("this is {}", type_name(other)))),
    }
}

/// A whole number within bounds.
pub(super) struct Integer(pub(super) RangeInclusive<u64>);

impl<T: TryFrom<u64> + Display> Kind<T> for Integer {
    fn read(&self, raw: Raw<'_>) -> Result<T, Fault> {
        let (min, max) = (*self.0.start(), *self.0.end());
        let must = format!("must be {min} to {max}");
        let (text, parsed) = match raw {
            Raw::Text(text) => (text, text.parse::<i128>().ok()),
            Raw::Toml(DeValue::Integer(number)) => {
                (number.as_str(), i128::from_str_radix(number.as_str(), number.radix()).ok())
            }
            Raw::Toml(other) => {
                return Err(Fault::new("must be an integer", format!("this is {}", type_name(other))));
            }
        };
        let Some(number) = parsed else {
            return Err(Fault::new("must be an integer", format!("{} is not one", echo(text))));
        };
        if number < i128::from(min) {
            return Err(Fault::new(must, format!("{number} is below {min}")));
        }
        let above = || Fault::new(&must, format!("{number} is above {max}"));
        let number = u64::try_from(number).ok().filter(|number| *number <= max).ok_or_else(above)?;
        T::try_from(number).map_err(|_| above())
    }

    fn print(&self, value: &T) -> Option<String> {
        Some(value.to_string())
    }
}

/// A value that may be left out.
pub(super) struct Optional<K>(pub(super) K);

impl<T, K: Kind<T>> Kind<Option<T>> for Optional<K> {
    const LIST: bool = K::LIST;

    fn read(&self, raw: Raw<'_>) -> Result<Option<T>, Fault> {
        self.0.read(raw).map(Some)
    }

    fn print(&self, value: &Option<T>) -> Option<String> {
        value.as_ref().and_then(|value| self.0.print(value))
    }
}

/// `true` or `false`.
pub(super) struct Switch;

impl Kind<bool> for Switch {
    fn read(&self, raw: Raw<'_>) -> Result<bool, Fault> {
        let must = "must be true or false";
        match raw {
            Raw::Toml(DeValue::Boolean(value)) => Ok(*value),
            Raw::Toml(other) => Err(Fault::new(must, format!("this is {}", type_name(other)))),
            Raw::Text("true") => Ok(true),
            Raw::Text("false") => Ok(false),
            Raw::Text(other) => Err(Fault::new(must, format!("{} is neither", echo(other)))),
        }
    }

    fn print(&self, value: &bool) -> Option<String> {
        Some(value.to_string())
    }
}

/// Milliseconds in each unit of time, longest first.
const TIME_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Bytes in each unit of size, largest first.
const SIZE_UNITS: [(&str, u64); 6] =
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("kB", 1_000), ("B", 1)];

/// A whole number and a unit.
fn measured(raw: Raw<'_>, noun: &str, units: &[(&str, u64)], example: &str) -> Result<u64, Fault> {
    let must = format!("must be a {noun} with a unit");
    let names: Vec<_> = units.iter().rev().map(|(name, _)| *name).collect();
    let known = format!("the units are {}", names.join(", "));
    let unitless =
        |text: &str| Fault::new(&must, format!("{text} has no unit: write {:?}", format!("{text}{example}")));
    let text = match raw {
        Raw::Toml(DeValue::Integer(number)) => return Err(unitless(number.as_str())),
        raw => text_of(raw, &must)?,
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    // "1.5s" has a unit, but no whole number before it.
    if number.is_empty() || unit.starts_with(['.', ',']) {
        return Err(Fault::new(&must, format!("{} is no whole number and unit; {known}", echo(text))));
    }
    if unit.is_empty() {
        return Err(unitless(number));
    }
    let Some((_, scale)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(Fault::new(&must, format!("{} is no unit; {known}", echo(unit))));
    };
    let scaled = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*scale));
    scaled.ok_or_else(|| Fault::new(must, "this is too much"))
}

/// In the largest unit that holds it whole.
fn print_measured(value: u64, units: &[(&str, u64)], smallest: &str) -> String {
    let fits = |(_, scale): &&(&str, u64)| value >= *scale && value.is_multiple_of(*scale);
    match units.iter().find(fits) {
        Some((name, scale)) => format!("{}{name}", value / scale),
        None => format!("{value}{smallest}"),
    }
}

fn within(value: u64, range: &RangeInclusive<u64>, print: impl Fn(u64) -> String) -> Result<u64, Fault> {
    let must = || format!("must be {} to {}", print(*range.start()), print(*range.end()));
    if value < *range.start() {
        return Err(Fault::new(must(), format!("{} is below {}", print(value), print(*range.start()))));
    }
    if value > *range.end() {
        return Err(Fault::new(must(), format!("{} is above {}", print(value), print(*range.end()))));
    }
    Ok(value)
}

/// A duration within bounds, in milliseconds: `"333ms"`, `"2s"`, `"1h"`.
pub(super) struct Time(pub(super) RangeInclusive<u64>);

fn print_time(millis: u64) -> String {
    print_measured(millis, &TIME_UNITS, "s")
}

impl Kind<Duration> for Time {
    fn read(&self, raw: Raw<'_>) -> Result<Duration, Fault> {
        let millis = measured(raw, "duration", &TIME_UNITS, "s")?;
        within(millis, &self.0, print_time).map(Duration::from_millis)
    }

    fn print(&self, value: &Duration) -> Option<String> {
        Some(quoted(&print_time(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))))
    }
}

/// A size within bounds, in bytes: `"64KiB"`, `"16MiB"`.
pub(super) struct Size(pub(super) RangeInclusive<u64>);

fn print_size(bytes: u64) -> String {
    print_measured(bytes, &SIZE_UNITS, "B")
}

impl Kind<u64> for Size {
    fn read(&self, raw: Raw<'_>) -> Result<u64, Fault> {
        within(measured(raw, "size", &SIZE_UNITS, "KiB")?, &self.0, print_size)
    }

    fn print(&self, value: &u64) -> Option<String> {
        Some(quoted(&print_size(*value)))
    }
}

/// Where to listen. `off` says whether `""` is allowed.
pub(super) struct Address {
    pub(super) off: bool,
}

impl Kind<Listen> for Address {
    fn read(&self, raw: Raw<'_>) -> Result<Listen, Fault> {
        let must = "must be an address such as \"127.0.0.1:8080\", or \":8080\" for all interfaces";
        let text = text_of(raw, must)?;
        match Listen::parse(text) {
            Ok(Listen::Off) if !self.off => Err(Fault::new(must, "this listener cannot be off")),
            Ok(listen) => Ok(listen),
            Err(why) => Err(Fault::new(must, why)),
        }
    }

    fn print(&self, value: &Listen) -> Option<String> {
        Some(quoted(&value.to_string()))
    }
}

/// A directory or file that must be named.
pub(super) struct Place;

impl Kind<PathBuf> for Place {
    fn read(&self, raw: Raw<'_>) -> Result<PathBuf, Fault> {
        let must = "must be a path";
        match text_of(raw, must)? {
            "" => Err(Fault::new(must, "this is empty")),
            text => Ok(text.into()),
        }
    }

    fn print(&self, value: &PathBuf) -> Option<String> {
        Some(quoted(&value.to_string_lossy()))
    }
}

/// A file that may be left empty.
pub(super) struct OptionalPlace;

impl Kind<Option<PathBuf>> for OptionalPlace {
    fn read(&self, raw: Raw<'_>) -> Result<Option<PathBuf>, Fault> {
        let text = text_of(raw, "must be a path")?;
        Ok(Some(text).filter(|text| !text.is_empty()).map(PathBuf::from))
    }

    fn print(&self, value: &Option<PathBuf>) -> Option<String> {
        Some(quoted(&value.as_deref().unwrap_or("".as_ref()).to_string_lossy()))
    }
}

/// A text with a rule of its own.
pub(super) struct Text<const REQUIRED: bool>(pub(super) fn(&str) -> Result<(), Fault>);

impl<const REQUIRED: bool> Kind<String> for Text<REQUIRED> {
    const REQUIRED: bool = REQUIRED;

    fn read(&self, raw: Raw<'_>) -> Result<String, Fault> {
        let text = text_of(raw, "must be a string")?;
        (self.0)(text)?;
        Ok(text.to_owned())
    }

    fn print(&self, value: &String) -> Option<String> {
        Some(quoted(value))
    }
}

/// Where a destination is.
pub(super) struct DestinationUrl;

impl Kind<String> for DestinationUrl {
    const REQUIRED: bool = true;
    const URL: bool = true;

    fn read(&self, raw: Raw<'_>) -> Result<String, Fault> {
        let text = text_of(raw, "must be a string")?;
        destination_url(text)?;
        Ok(text.to_owned())
    }

    fn print(&self, value: &String) -> Option<String> {
        Some(quoted(&mask::url(value)))
    }
}

/// The public name of a project.
pub(super) struct Playback;

impl Kind<Option<PlaybackId>> for Playback {
    const REQUIRED: bool = true;

    fn read(&self, raw: Raw<'_>) -> Result<Option<PlaybackId>, Fault> {
        let must = "must be 1 to 64 letters, digits, '-' or '_'";
        let text = text_of(raw, must)?;
        PlaybackId::parse(text).map(Some).map_err(|_| Fault::new(must, format!("{} is not", echo(text))))
    }

    fn print(&self, value: &Option<PlaybackId>) -> Option<String> {
        value.as_ref().map(|id| quoted(id.as_str()))
    }
}

/// Rule for `rtmp.app`.
pub(super) fn app_name(text: &str) -> Result<(), Fault> {
    let must = "must be 1 to 64 letters, digits, '-' or '_'";
    PlaybackId::parse(text).map(|_| ()).map_err(|_| Fault::new(must, format!("{} is not", echo(text))))
}

/// A node's name: fit for a label and a log line.
pub(super) fn node_id(id: &str) -> Result<(), Fault> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.len() <= 64 && id.chars().all(fits) {
        return Ok(());
    }
    Err(Fault::new("must be up to 64 letters, digits, '-', '_' or '.'", format!("{} is not", echo(id))))
}

/// Rule for `rtmp.publish_user`, which clients send as it is, in a query; FFmpeg cuts one that is longer.
pub(super) fn publish_user(text: &str) -> Result<(), Fault> {
    const USER_LEN_MAX: usize = 49;
    let must = "must be at most 49 letters, digits, '-', '_' or '.'";
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if text.len() > USER_LEN_MAX || !text.bytes().all(allowed) {
        return Err(Fault::new(must, format!("{} is not", echo(text))));
    }
    Ok(())
}

/// Rule for `auth.oidc.issuer`; empty is off.
pub(super) fn issuer(text: &str) -> Result<(), Fault> {
    let must = "must be the issuer's name for itself, such as \"https://accounts.google.com\"";
    if text.is_empty() || crate::account::oidc::is_issuer(text) {
        return Ok(());
    }
    Err(Fault::new(must, format!("{} does not begin with https:", echo(text))))
}

/// Rule for `auth.oidc.client_id`, which stands in a form.
pub(super) fn client_id(text: &str) -> Result<(), Fault> {
    const CLIENT_ID_LEN_MAX: usize = 512;
    let must = "must be at most 512 characters that can be printed";
    if text.len() > CLIENT_ID_LEN_MAX || text.chars().any(char::is_control) {
        return Err(Fault::new(must, "this is not"));
    }
    Ok(())
}

/// Rule for the names of projects and destinations: they are shown, and become labels.
pub(super) fn shown_name(text: &str) -> Result<(), Fault> {
    const NAME_CHARS_MAX: usize = 100;
    let must = "must be a name of at most 100 characters with a letter or digit in it";
    if text.chars().count() > NAME_CHARS_MAX {
        return Err(Fault::new(must, "this is longer"));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(must, "there is a control character in it"));
    }
    if !text.chars().any(char::is_alphanumeric) {
        return Err(Fault::new(must, format!("{} has none", echo(text))));
    }
    Ok(())
}

/// Rule for `log.level`.
pub(super) fn log_filter(text: &str) -> Result<(), Fault> {
    let must = "must be a level, or a filter such as \"info,gostream::rtmp=debug\"";
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let plain = |part: &str| levels.contains(&part.trim().to_ascii_lowercase().as_str());
    for part in text.split(',') {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if !plain(level) {
            return Err(Fault::new(must, format!("{} is none of {}", echo(level), levels.join(", "))));
        }
    }
    tracing_subscriber::EnvFilter::try_new(text)
        .map(|_| ())
        .map_err(|error| Fault::new(must, error.to_string()))
}

/// Rule for a destination's `url`: what the relay itself would make of it, which knows the hosts that need no
/// application. Its faults never quote it: a URL may end in a key. Whether there is a key is a question of two fields,
/// asked where both are known.
fn destination_url(text: &str) -> Result<(), Fault> {
    let fault = |label: String| Fault::new("must be a URL such as \"rtmp://HOST/APP\"", label);
    let url = RtmpUrl::parse(text, "key").map_err(|error| fault(error.to_string()))?;
    if url.app.is_empty() {
        return Err(fault("there is no application after the host".to_owned()));
    }
    Ok(())
}

/// Rule for a secret; its faults never quote it. The key of a project stands in a publisher's URL, so it must fit in
/// one path segment; the keys of destinations are theirs to choose.
pub(super) fn secret(text: &str, ours: bool) -> Result<(), Fault> {
    const SECRET_CHARS_MAX: usize = 512;
    let must = if ours {
        "must be 1 to 512 characters that can stand in a URL"
    } else {
        "must be at most 512 characters"
    };
    if ours && text.is_empty() {
        return Err(Fault::new(must, "this is empty"));
    }
    if text.chars().count() > SECRET_CHARS_MAX {
        return Err(Fault::new(must, "this is longer"));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Fault::new(must, "there is a space or a control character in it"));
    }
    if ours && text.contains(['/', '?', '#', '&']) {
        return Err(Fault::new(must, "'/', '?', '#' and '&' cannot"));
    }
    Ok(())
}
