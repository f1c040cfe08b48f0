//! `/platforms`: what is known of the well-known places to send to.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::v1::give::Items;
use crate::api::v1::take::{Signed, may};
use crate::media::Codec;
use crate::push::Platform;

/// A platform.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlatformShown {
    #[schema(example = "youtube")]
    id: &'static str,
    #[schema(example = "YouTube")]
    name: &'static str,
    /// Where everybody sends to; null where each account has an address of its own.
    url: Option<&'static str>,
    /// The address belongs to the account: copy it together with the key.
    url_is_personal: bool,
    /// The page where the key is found.
    key_page: Option<String>,
    /// Address and key are for one show, and new for the next.
    key_expires: bool,
    codecs: Vec<&'static str>,
    bitrate_max_bits: Option<u64>,
    audio_bitrate_max_bits: Option<u64>,
    keyframe_max_s: Option<u32>,
    note: Option<&'static str>,
}

/// What the table of platforms does not say: addresses, and what people should know.
struct Way {
    platform: Platform,
    url: Option<&'static str>,
    personal: bool,
    note: Option<&'static str>,
}

const WAYS: &[Way] = &[
    Way {
        platform: Platform::YouTube,
        url: Some("rtmps://a.rtmps.youtube.com:443/live2"),
        personal: false,
        note: Some("A second copy may go to rtmps://b.rtmps.youtube.com:443/live2?backup=1."),
    },
    Way {
        platform: Platform::Twitch,
        url: Some("rtmps://ingest.global-contribute.live-video.net:443/app"),
        personal: false,
        note: None,
    },
    Way {
        platform: Platform::Facebook,
        url: Some("rtmps://rtmp-api.facebook.com:443/rtmp/"),
        personal: false,
        note: None,
    },
    Way {
        platform: Platform::Kick,
        url: None,
        personal: true,
        note: Some("Copy the address and the key from your settings there."),
    },
    Way {
        platform: Platform::X,
        url: None,
        personal: true,
        note: Some("The address depends on your region."),
    },
    Way {
        platform: Platform::Ivs,
        url: None,
        personal: true,
        note: Some("Each channel has an address of its own."),
    },
    Way { platform: Platform::Custom, url: None, personal: true, note: Some("Any server that takes RTMP.") },
];

fn bits(kilobits: u32) -> u64 {
    u64::from(kilobits) * 1000
}

impl From<&Way> for PlatformShown {
    fn from(way: &Way) -> Self {
        let platform = way.platform;
        let limits = platform.limits();
        let codecs = platform.codecs();
        Self {
            id: platform.label(),
            name: platform.name().unwrap_or("Custom RTMP server"),
            url: way.url,
            url_is_personal: way.personal,
            key_page: platform.key_page().map(|page| format!("https://{page}")),
            key_expires: false,
            codecs: codecs.map(|codecs| codecs.named().map(Codec::label).collect()).unwrap_or_default(),
            bitrate_max_bits: limits.video_kbps.map(bits),
            audio_bitrate_max_bits: limits.audio_kbps.map(bits),
            keyframe_max_s: limits.keyframe_seconds,
            note: way.note,
        }
    }
}

/// The well-known platforms
#[utoipa::path(
    get, path = "/platforms", tag = "destinations",
    security(("session" = []), ("token" = ["projects:read"])),
    responses((status = 200, body = Items<PlatformShown>)),
)]
pub(super) async fn platforms(_: Signed<may::SeeProjects>) -> Items<PlatformShown> {
    Items::all(WAYS.iter().map(Into::into).collect())
}
