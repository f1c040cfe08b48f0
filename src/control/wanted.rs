//! From rows to what the engine knows. The only place that opens secrets.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use zeroize::Zeroizing;

use super::catalog::Known;
use super::error::Result;
use super::rules;
use super::{Config, Silence, stream_of};
use crate::auth::{Entry, KeyEntry};
use crate::media::Codecs;
use crate::push::{self, Platform};
use crate::rtmp::RtmpUrl;
use crate::stage::Show;
use crate::store::{Destination, Json, StreamKey, UnixMillis};
use crate::stream::{HoldConfig, Names, PlaybackId};
use crate::vault::{Purpose, Vault};

/// What the door and the stage are told of a project.
///
/// # Errors
/// The row holds no playback id, which only somebody else than this program writes.
pub(super) fn of(known: &Known, vault: &Vault, config: &Config) -> Result<(Entry, Show)> {
    let project = &known.project;
    let stream = stream_of(project);
    let playback_id = PlaybackId::parse(&project.playback_id)
        .map_err(|error| super::Error::invalid("/playback_id", error.to_string()))?;
    let keys = known.stream_keys.iter().filter_map(key).collect();
    let entry = Entry { stream: stream.clone(), playback_id: playback_id.clone(), keys };
    let names =
        Names { id: stream, playback_id, project: project.id.to_string().into(), name: project.name.clone() };
    let mut destinations = Vec::new();
    for row in &known.destinations {
        match destination(row, project.declared, vault, config) {
            Ok(destination) => destinations
                .push(push::Destination { enabled: destination.enabled && project.running, ..destination }),
            // One that cannot be opened takes nothing from the others.
            Err(error) => tracing::error!(destination = %row.id, %error, "the destination cannot be used"),
        }
    }
    let silence = match config.silence {
        Silence::Auto => destinations.iter().any(|to| to.enabled && to.platform.needs_sound()),
        Silence::Always => true,
        Silence::Never => false,
    };
    let hold = HoldConfig { silence, ..hold(project.hold_ms, config.hold) };
    Ok((entry, Show { names, hold, destinations }))
}

fn hold(millis: Option<i64>, usual: HoldConfig) -> HoldConfig {
    let own = millis.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
    HoldConfig { hold: own.unwrap_or(usual.hold), ..usual }
}

fn key(row: &StreamKey) -> Option<KeyEntry> {
    let lookup = row.key_lookup.0.as_slice().try_into().ok()?;
    let expires_at = row.expires_at.map(time);
    Some(KeyEntry { id: row.id.to_string().into(), lookup, disabled: row.disabled, expires_at })
}

fn time(millis: UnixMillis) -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis.0).unwrap_or(0))
}

pub(super) fn destination(
    row: &Destination,
    declared: bool,
    vault: &Vault,
    config: &Config,
) -> Result<push::Destination> {
    let url = address(row, vault)?;
    let platform = row.platform.as_str();
    let known = Platform::WORDS.iter().find(|(word, _)| *word == platform).map(|(_, platform)| *platform);
    let tag: Arc<str> = row.id.to_string().into();
    // Who declares a destination knows it by its name, and has one of each.
    let label = if declared { rules::slug(&row.name) } else { tag.to_string() };
    Ok(push::Destination {
        id: push::DestinationId::new(&label),
        tag,
        name: row.name.clone(),
        platform: known.unwrap_or_else(|| Platform::of_host(&url.host)),
        url,
        enabled: row.enabled,
        insecure: row.insecure,
        chunk_size: row.chunk_size.and_then(|size| u32::try_from(size).ok()).unwrap_or(config.chunk_size),
        codecs: row.codecs.as_ref().and_then(codecs),
        video_track: row.video_track.and_then(|track| u8::try_from(track).ok()),
        audio_track: row.audio_track.and_then(|track| u8::try_from(track).ok()),
        limits: row.limits.as_ref().and_then(|limits| rules::limits(&limits.0).ok()).unwrap_or_default(),
    })
}

fn codecs(list: &Json) -> Option<Codecs> {
    let words = list.0.as_array()?.iter().filter_map(|word| word.as_str());
    rules::codecs(words).ok()
}

/// The whole address of a destination, key included.
///
/// # Errors
/// It was sealed with a server key that is not there.
pub(super) fn address(row: &Destination, vault: &Vault) -> Result<RtmpUrl> {
    let opened = match (&row.key_sealed, row.sealed_with) {
        (Some(sealed), Some(with)) => vault.open(Purpose::DestinationKey, &sealed.0, with)?,
        _ => Zeroizing::new(format!("{}\n", row.url)),
    };
    let (url, key) = opened.split_once('\n').unwrap_or((&opened, ""));
    RtmpUrl::parse(url, key).map_err(|error| super::Error::invalid("/url", error.to_string()))
}
