//! What may stand in a name, an address, a list of codings. Judged and kept as it is, never rewritten.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::error::{Error, Fault, Result};
use crate::media::{Codec, Codecs};
use crate::push::OwnLimits;
use crate::rtmp::{InvalidUrl, RtmpUrl};

/// The longest name of anything, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// What a destination may be said to take at most, bits a second: less is no picture, more is no stream.
pub const BITRATES: RangeInclusive<u64> = 10_000..=1_000_000_000;

/// How far apart its keyframes may be at most, seconds.
const KEYFRAMES: RangeInclusive<f64> = 0.1..=60.0;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Judge(Vec<Fault>);

impl Judge {
    /// Adds a finding unless all is well.
    pub(super) fn check<T>(&mut self, pointer: &'static str, judged: Result<T, String>) -> Option<T> {
        judged.map_err(|detail| self.0.push(Fault { pointer, detail })).ok()
    }

    /// All findings at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is one.
    pub(super) fn verdict(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// A name for people: any letters of any script.
pub(super) fn name(name: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err("A name has at least one letter".to_owned());
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(format!("A name has {NAME_CHARS_MAX} characters at most"));
    }
    if name.chars().any(char::is_control) {
        return Err("A name has no control characters".to_owned());
    }
    Ok(())
}

/// A destination's address and key.
pub(super) fn address(url: &str, key: &str) -> Result<RtmpUrl, (&'static str, String)> {
    RtmpUrl::parse(url, key).map_err(|error| {
        let pointer = if error == InvalidUrl::NoKey { "/stream_key" } else { "/url" };
        let said = error.to_string();
        let mut letters = said.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        (pointer, first + letters.as_str())
    })
}

/// A list of codings by their names.
pub(super) fn codecs<'a>(words: impl Iterator<Item = &'a str>) -> Result<Codecs, String> {
    let codec = |word: &str| {
        Codec::ALL.into_iter().find(|codec| codec.label() == word).ok_or_else(|| {
            let known = Codec::ALL.map(Codec::label).join(", ");
            format!("Each is one of {known}")
        })
    };
    words.map(codec).collect()
}

/// What a destination takes at most, as it stands in its row: `bitrate_max_bits` and `keyframe_max_s`, each or neither.
pub(super) fn limits(value: &Value) -> Result<OwnLimits, (&'static str, String)> {
    let given = |name: &str| value.get(name).filter(|value| !value.is_null());
    let bitrate = given("bitrate_max_bits").map(|value| {
        value.as_u64().filter(|bits| BITRATES.contains(bits)).ok_or_else(|| {
            let (least, most) = (BITRATES.start(), BITRATES.end());
            ("/limits/bitrate_max_bits", format!("A bitrate is {least} to {most} bits a second"))
        })
    });
    let keyframe = given("keyframe_max_s").map(|value| {
        value.as_f64().filter(|seconds| KEYFRAMES.contains(seconds)).map(Duration::from_secs_f64).ok_or_else(
            || {
                let (least, most) = (KEYFRAMES.start(), KEYFRAMES.end());
                ("/limits/keyframe_max_s", format!("Keyframes are {least} to {most} seconds apart"))
            },
        )
    });
    Ok(OwnLimits { bitrate: bitrate.transpose()?, keyframe: keyframe.transpose()? })
}

/// A name as a metric label and in addresses: lower case, anything but letters and digits a single `-`.
#[must_use]
pub fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<_> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_what_people_write_and_is_kept_so() {
        for good in ["Create Live", "update; select *", "Łódź", "日本語の番組", "Ψ👩‍🚀", "  spaces  "]
        {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["", "   ", "a\nb", "a\0", &"x".repeat(101)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_slug_is_fit_for_a_label() {
        assert_eq!(slug("YouTube (main)"), "youtube-main");
        assert_eq!(slug("  Twitch  "), "twitch");
        assert_eq!(slug("日本 2"), "日本-2");
    }

    #[test]
    fn what_is_wrong_with_an_address_points_to_its_field() {
        let fault = |url, key| address(url, key).expect_err("wrong");
        assert_eq!(fault("rtmp://host/app", "").0, "/stream_key");
        assert_eq!(fault("http://host/app", "secret").0, "/url");
        assert!(!fault("rtmp://host:99999/app", "sesame").1.contains("sesame"));
    }

    #[test]
    fn limits_are_what_a_stream_can_have() {
        use serde_json::json;
        let both = limits(&json!({ "bitrate_max_bits": 6_000_000, "keyframe_max_s": 2.5 }));
        let wanted = OwnLimits { bitrate: Some(6_000_000), keyframe: Some(Duration::from_millis(2_500)) };
        assert_eq!(both, Ok(wanted));
        assert_eq!(limits(&json!({ "bitrate_max_bits": null })), Ok(OwnLimits::default()));
        for (bad, pointer) in [
            (json!({ "bitrate_max_bits": 0 }), "/limits/bitrate_max_bits"),
            (json!({ "bitrate_max_bits": u64::MAX }), "/limits/bitrate_max_bits"),
            (json!({ "keyframe_max_s": -1 }), "/limits/keyframe_max_s"),
            (json!({ "keyframe_max_s": 1e300 }), "/limits/keyframe_max_s"),
        ] {
            assert_eq!(limits(&bad).expect_err("it will not do").0, pointer, "{bad}");
        }
    }
}
