//! Declared projects and their destinations, and the rules between them.

use std::fmt;
use std::time::Duration;

use super::mask;
use crate::control::slug;
use crate::media::Codecs;
use crate::push::{OwnLimits, Platform};
use crate::rtmp::{InvalidUrl, RtmpUrl};
use crate::stream::{PlaybackId, StreamKey};

/// One `[[project]]`: who may publish, under which name it is played, where it is sent.
#[derive(Debug, Clone)]
pub struct Project {
    /// The name people see.
    pub name: String,
    /// The secret that publishes.
    pub stream_key: StreamKey,
    /// The public name that plays; also the stream's id.
    pub playback_id: PlaybackId,
    /// How long a broadcast goes on without its encoder, where that differs from `stream.hold`.
    pub hold: Option<Duration>,
    /// Where it is sent, in the order of the file.
    pub destinations: Vec<Destination>,
}

/// One `[[project.destination]]`.
#[derive(Clone)]
pub struct Destination {
    /// The name people see; unlike its siblings'.
    pub name: String,
    /// `rtmp://` or `rtmps://`. It may end in a key, so it is never printed whole.
    pub url: String,
    /// The secret the destination knows us by; empty where the URL holds everything.
    pub stream_key: StreamKey,
    /// Whether it is sent to.
    pub enabled: bool,
    /// Whether any certificate is taken (`rtmps://` only).
    pub insecure: bool,
    /// The chunk size to send with, bytes, where it differs from `rtmp.chunk_size`.
    pub chunk_size: Option<u32>,
    /// What is known of it, where its host does not say that.
    pub platform: Option<Platform>,
    /// The codings it takes, where that differs from what is known of its platform or from what its server says.
    pub codecs: Option<Codecs>,
    /// The one track of pictures to send, by its number.
    pub video_track: Option<u8>,
    /// The one track of sound to send, by its number.
    pub audio_track: Option<u8>,
    /// What it takes at most, where that differs from what is known of its platform.
    pub limits: OwnLimits,
}

impl Destination {
    /// The name as a metric label and in addresses: lower case, anything but letters and digits a single `-`.
    #[must_use]
    pub fn slug(&self) -> String {
        slug(&self.name)
    }

    /// The URL without what may be secret in it, for people.
    #[must_use]
    pub fn shown_url(&self) -> String {
        mask::url(&self.url)
    }
}

impl Default for Destination {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            stream_key: StreamKey::new(""),
            enabled: true,
            insecure: false,
            chunk_size: None,
            platform: None,
            codecs: None,
            video_track: None,
            audio_track: None,
            limits: OwnLimits::default(),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination")
            .field("name", &self.name)
            .field("url", &self.shown_url())
            .field("stream_key", &self.stream_key)
            .field("enabled", &self.enabled)
            .field("insecure", &self.insecure)
            .field("chunk_size", &self.chunk_size)
            .field("platform", &self.platform)
            .field("codecs", &self.codecs)
            .field("tracks", &(self.video_track, self.audio_track))
            .field("limits", &self.limits)
            .finish()
    }
}

impl PartialEq for Project {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.stream_key.matches(other.stream_key.expose())
            && self.playback_id == other.playback_id
            && self.destinations == other.destinations
    }
}

impl PartialEq for Destination {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.url, self.enabled, self.insecure, self.chunk_size)
            == (&other.name, &other.url, other.enabled, other.insecure, other.chunk_size)
            && (self.platform, self.codecs, self.video_track, self.audio_track, self.limits)
                == (other.platform, other.codecs, other.video_track, other.audio_track, other.limits)
            && self.stream_key.matches(other.stream_key.expose())
    }
}

/// A project while it is read: what must be there may still be missing.
pub(super) struct ProjectDraft {
    pub(super) name: String,
    pub(super) stream_key: StreamKey,
    pub(super) playback_id: Option<PlaybackId>,
    pub(super) hold: Option<Duration>,
    pub(super) destinations: Vec<Destination>,
}

impl Default for ProjectDraft {
    fn default() -> Self {
        Self {
            name: String::new(),
            stream_key: StreamKey::new(""),
            playback_id: None,
            hold: None,
            destinations: Vec::new(),
        }
    }
}

impl ProjectDraft {
    /// The finished project; `None` where the public name is missing.
    pub(super) fn finish(self) -> Option<Project> {
        let Self { name, stream_key, playback_id, hold, destinations } = self;
        Some(Project { name, stream_key, playback_id: playback_id?, hold, destinations })
    }
}

impl From<&Project> for ProjectDraft {
    fn from(project: &Project) -> Self {
        let Project { name, stream_key, playback_id, hold, destinations } = project.clone();
        Self { name, stream_key, playback_id: Some(playback_id), hold, destinations }
    }
}

/// Two places that contradict: where it is reported, where the first one stands, the rule, and how it is broken.
pub(super) struct Clash {
    pub(super) key: String,
    pub(super) first: String,
    pub(super) must: &'static str,
    pub(super) label: String,
}

/// Rules between projects, and between the destinations of one.
pub(super) fn clashes(projects: &[ProjectDraft]) -> Vec<Clash> {
    let mut found = Vec::new();
    for (at, project) in projects.iter().enumerate() {
        for (before, other) in projects.iter().enumerate().take(at) {
            compare(&mut found, (before, other), (at, project));
        }
        if project.playback_id.as_ref().is_some_and(|id| project.stream_key.matches(id.as_str())) {
            found.push(key_is_public(at, at));
        }
        for (at_destination, destination) in project.destinations.iter().enumerate() {
            if !destination.url.is_empty()
                && RtmpUrl::parse(&destination.url, destination.stream_key.expose()) == Err(InvalidUrl::NoKey)
            {
                found.push(Clash {
                    key: format!("project.{at}.destination.{at_destination}.url"),
                    first: format!("project.{at}.destination.{at_destination}.url"),
                    must: "must end in the stream key where stream_key is not set",
                    label: "there is no key in it".to_owned(),
                });
            }
            let slug = destination.slug();
            let twin =
                project.destinations.iter().take(at_destination).position(|other| other.slug() == slug);
            if let Some(before) = twin.filter(|_| !slug.is_empty()) {
                found.push(Clash {
                    key: format!("project.{at}.destination.{at_destination}.name"),
                    first: format!("project.{at}.destination.{before}.name"),
                    must: "must differ from the project's other destinations, also in its letters and digits alone",
                    label: format!("this is \"{slug}\" again"),
                });
            }
        }
    }
    found
}

fn compare(
    found: &mut Vec<Clash>,
    (before, other): (usize, &ProjectDraft),
    (at, project): (usize, &ProjectDraft),
) {
    if project.playback_id.is_some() && project.playback_id == other.playback_id {
        found.push(Clash {
            key: format!("project.{at}.playback_id"),
            first: format!("project.{before}.playback_id"),
            must: "must differ from every other project's",
            label: "this one is taken".to_owned(),
        });
    }
    if !project.stream_key.is_empty() && project.stream_key.matches(other.stream_key.expose()) {
        found.push(Clash {
            key: format!("project.{at}.stream_key"),
            first: format!("project.{before}.stream_key"),
            must: "must differ from every other project's",
            label: "this one is taken".to_owned(),
        });
    }
    let is =
        |key: &StreamKey, id: &Option<PlaybackId>| id.as_ref().is_some_and(|id| key.matches(id.as_str()));
    if is(&project.stream_key, &other.playback_id) {
        found.push(key_is_public(at, before));
    }
    if is(&other.stream_key, &project.playback_id) {
        found.push(key_is_public(before, at));
    }
}

fn key_is_public(at: usize, public: usize) -> Clash {
    Clash {
        key: format!("project.{at}.stream_key"),
        first: format!("project.{public}.playback_id"),
        must: "must not be a playback id: every viewer could publish",
        label: "this is public".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_prints_neither_its_key_nor_the_key_in_its_url() {
        let destination = Destination {
            url: "rtmp://user:hunter2@host/app/sesame?token=alibaba".to_owned(),
            stream_key: StreamKey::new("opensesame"),
            ..Destination::default()
        };
        let printed = format!("{destination:?}");
        for secret in ["hunter2", "sesame", "alibaba"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        assert!(printed.contains("host/app/"), "{printed}");
    }
}
