//! What is known of the platforms that people send to: their hosts, and what they take. Data, and nothing else.

use crate::media::{Codec, Codecs};

/// Where a destination is, as far as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// YouTube Live.
    YouTube,
    /// Twitch. Its HEVC needs an agreement over HTTP before, which the engine does not make.
    Twitch,
    /// Facebook Live.
    Facebook,
    /// Kick, which takes its streams at Amazon IVS.
    Kick,
    /// Any customer of Amazon IVS.
    Ivs,
    /// X, formerly Twitter and Periscope.
    X,
    /// Any RTMP server.
    Custom,
}

/// What a platform takes at most, as far as it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlatformLimits {
    /// Kilobits a second of pictures.
    pub video_kbps: Option<u32>,
    /// Kilobits a second of sound.
    pub audio_kbps: Option<u32>,
    /// Seconds between keyframes.
    pub keyframe_seconds: Option<u32>,
}

impl PlatformLimits {
    const NONE: Self = Self { video_kbps: None, audio_kbps: None, keyframe_seconds: None };
}

/// What is known of a platform.
struct Preset {
    platform: Platform,
    label: &'static str,
    name: &'static str,
    /// Hosts that are certainly its own: a whole name, or with a dot in front the end of one.
    hosts: &'static [&'static str],
    codecs: Codecs,
    /// Whether a stream of pictures alone is not shown there.
    needs_sound: bool,
    limits: PlatformLimits,
    /// The page where its users find their stream key.
    key_page: Option<&'static str>,
}

const EVERYWHERE: Codecs = Codecs::only(&[Codec::H264, Codec::Aac]);
const YOUTUBE: Codecs = Codecs::only(&[Codec::H264, Codec::H265, Codec::Av1, Codec::Aac, Codec::Mp3]);

/// The first that names a host is meant, so that a part of somebody's hosts can be another's.
const PRESETS: &[Preset] = &[
    Preset {
        platform: Platform::YouTube,
        label: "youtube",
        name: "YouTube",
        hosts: &[".rtmp.youtube.com", ".rtmps.youtube.com"],
        codecs: YOUTUBE,
        needs_sound: true,
        limits: PlatformLimits { keyframe_seconds: Some(4), ..PlatformLimits::NONE },
        key_page: Some("youtube.com/live_dashboard"),
    },
    Preset {
        platform: Platform::Twitch,
        label: "twitch",
        name: "Twitch",
        hosts: &[".twitch.tv", ".contribute.live-video.net", "ingest.global-contribute.live-video.net"],
        codecs: EVERYWHERE,
        needs_sound: false,
        limits: PlatformLimits { video_kbps: Some(6_000), audio_kbps: Some(320), keyframe_seconds: Some(2) },
        key_page: Some("dashboard.twitch.tv/settings/stream"),
    },
    Preset {
        platform: Platform::Facebook,
        label: "facebook",
        name: "Facebook",
        hosts: &[".facebook.com"],
        codecs: EVERYWHERE,
        needs_sound: false,
        limits: PlatformLimits { video_kbps: Some(9_000), audio_kbps: Some(128), ..PlatformLimits::NONE },
        key_page: Some("facebook.com/live/producer"),
    },
    Preset {
        platform: Platform::Kick,
        label: "kick",
        name: "Kick",
        hosts: &[],
        codecs: EVERYWHERE,
        needs_sound: false,
        limits: PlatformLimits::NONE,
        key_page: Some("kick.com/dashboard/settings/stream"),
    },
    Preset {
        platform: Platform::Ivs,
        label: "ivs",
        name: "Amazon IVS (Kick among others)",
        hosts: &[".global-contribute.live-video.net"],
        codecs: EVERYWHERE,
        needs_sound: false,
        limits: PlatformLimits { video_kbps: Some(8_500), ..PlatformLimits::NONE },
        key_page: None,
    },
    Preset {
        platform: Platform::X,
        label: "x",
        name: "X",
        hosts: &[".pscp.tv"],
        codecs: EVERYWHERE,
        needs_sound: false,
        limits: PlatformLimits {
            video_kbps: Some(12_000),
            keyframe_seconds: Some(3),
            ..PlatformLimits::NONE
        },
        key_page: None,
    },
];

impl Platform {
    /// All of them by their names in configuration files.
    pub const WORDS: &[(&'static str, Self)] = &[
        ("youtube", Self::YouTube),
        ("twitch", Self::Twitch),
        ("facebook", Self::Facebook),
        ("kick", Self::Kick),
        ("ivs", Self::Ivs),
        ("x", Self::X),
        ("custom", Self::Custom),
    ];

    /// The platform that a host certainly belongs to; [`Custom`](Self::Custom) where none does.
    #[must_use]
    pub fn of_host(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let is = |known: &&str| host.as_str() == *known || known.starts_with('.') && host.ends_with(*known);
        let preset = PRESETS.iter().find(|preset| preset.hosts.iter().any(is));
        preset.map_or(Self::Custom, |preset| preset.platform)
    }

    /// Its name for people; `None` for a server of which nothing is known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.preset().map(|preset| preset.name)
    }

    /// A short label; also its name in configuration files.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.preset().map_or("custom", |preset| preset.label)
    }

    /// What it takes; `None` for a server of which nothing is known.
    #[must_use]
    pub fn codecs(self) -> Option<Codecs> {
        self.preset().map(|preset| preset.codecs)
    }

    /// Whether it wants a track of sound in every stream.
    #[must_use]
    pub fn needs_sound(self) -> bool {
        self.preset().is_some_and(|preset| preset.needs_sound)
    }

    /// What it takes at most; nothing is said where nothing is known.
    #[must_use]
    pub fn limits(self) -> PlatformLimits {
        self.preset().map_or(PlatformLimits::NONE, |preset| preset.limits)
    }

    /// The page where its users find their stream key, if there is one for all.
    #[must_use]
    pub fn key_page(self) -> Option<&'static str> {
        self.preset()?.key_page
    }

    fn preset(self) -> Option<&'static Preset> {
        PRESETS.iter().find(|preset| preset.platform == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_says_which_platform_it_is_where_that_is_certain() {
        for (host, platform) in [
            ("a.rtmp.youtube.com", Platform::YouTube),
            ("B.RTMPS.YouTube.com", Platform::YouTube),
            ("live.twitch.tv", Platform::Twitch),
            ("fra02.contribute.live-video.net", Platform::Twitch),
            ("ingest.global-contribute.live-video.net", Platform::Twitch),
            ("fa723fc1b171.global-contribute.live-video.net", Platform::Ivs),
            ("live-api-s.facebook.com", Platform::Facebook),
            ("ca.pscp.tv", Platform::X),
            ("rtmp.youtube.com.example.org", Platform::Custom),
            ("nottwitch.tv", Platform::Custom),
            ("127.0.0.1", Platform::Custom),
        ] {
            assert_eq!(Platform::of_host(host), platform, "{host}");
        }
    }

    #[test]
    fn every_word_of_the_configuration_is_a_platform_s_own_label() {
        for (word, platform) in Platform::WORDS {
            assert_eq!(platform.label(), *word);
            assert_eq!(platform.codecs().is_none(), *platform == Platform::Custom);
        }
    }
}
