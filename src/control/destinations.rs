//! Destinations: made, changed field by field, started, stopped, tried again, taken away.

use std::sync::Arc;

use serde_json::json;
use zeroize::Zeroizing;

use super::catalog::Known;
use super::error::{Error, Result};
use super::rules::{self, Judge};
use super::{Control, now, stream_of, wanted};
use crate::push::{Output, Platform};
use crate::rtmp::RtmpUrl;
use crate::store::{
    Attempts, Destination, DestinationFields, DestinationId, Json, Opaque, ProjectId, Revision, SealedKey,
};
use crate::vault::{self, Purpose};

/// Chunk sizes that may be announced, bytes.
const CHUNK_SIZES: std::ops::RangeInclusive<u32> = 128..=65_536;

/// A destination to be.
#[derive(Clone, Default)]
pub struct DestinationWish {
    /// What people call it.
    pub name: String,
    /// Its platform's word; by the host without.
    pub platform: Option<String>,
    /// Where it is. It may end in the key.
    pub url: String,
    /// The key; empty where the address holds it.
    pub stream_key: Zeroizing<String>,
    /// Whether it is sent to.
    pub enabled: bool,
    /// Whether any certificate is taken.
    pub insecure: bool,
    /// The chunk size to send with, bytes.
    pub chunk_size: Option<u32>,
    /// The codings it takes, by their names.
    pub codecs: Option<Vec<String>>,
    /// The one track of pictures to send.
    pub video_track: Option<u8>,
    /// The one track of sound to send.
    pub audio_track: Option<u8>,
    /// What the destination's owner allows: bitrate, keyframe interval.
    pub limits: Option<serde_json::Value>,
}

/// What is changed of a destination; `None` stays as it is.
#[derive(Clone, Default)]
pub struct DestinationChange {
    /// See [`DestinationWish::name`].
    pub name: Option<String>,
    /// See [`DestinationWish::platform`]; `Some(None)` is by the host.
    pub platform: Option<Option<String>>,
    /// See [`DestinationWish::url`]. The address as it is shown changes nothing.
    pub url: Option<String>,
    /// See [`DestinationWish::stream_key`].
    pub stream_key: Option<Zeroizing<String>>,
    /// See [`DestinationWish::enabled`].
    pub enabled: Option<bool>,
    /// See [`DestinationWish::insecure`].
    pub insecure: Option<bool>,
    /// See [`DestinationWish::chunk_size`].
    pub chunk_size: Option<Option<u32>>,
    /// See [`DestinationWish::codecs`].
    pub codecs: Option<Option<Vec<String>>>,
    /// See [`DestinationWish::video_track`].
    pub video_track: Option<Option<u8>>,
    /// See [`DestinationWish::audio_track`].
    pub audio_track: Option<Option<u8>>,
    /// See [`DestinationWish::limits`].
    pub limits: Option<Option<serde_json::Value>>,
}

impl Control {
    /// Adds a destination to a project.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Declared`], and those of the store: no such project, or too many of them.
    pub async fn create_destination(&self, project: ProjectId, wish: DestinationWish) -> Result<Destination> {
        self.own_project(project)?;
        let fields = self.fields_of(&wish)?;
        let at_most = self.config.destinations_max;
        let row = self.rooms.store.create_destination(project, &fields, at_most, now()).await?;
        self.refresh(project).await?;
        Ok(row)
    }

    /// Changes a destination that is as the caller saw it, where they say how that was. Its output is connected anew where
    /// that is needed; no other notices.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Declared`], and those of the store.
    pub async fn change_destination(
        &self,
        id: DestinationId,
        expected: Option<Revision>,
        change: DestinationChange,
    ) -> Result<Destination> {
        let mut attempts = Attempts::of(expected);
        loop {
            let (known, row) = self.catalog().destination(id)?;
            self.own_project(known.project.id)?;
            let wish = self.changed(&row, change.clone())?;
            let fields = self.fields_of(&wish)?;
            let seen = attempts.on(row.revision);
            match self.rooms.store.update_destination(id, seen, &fields, now()).await {
                Ok(row) => {
                    self.refresh(known.project.id).await?;
                    return Ok(row);
                }
                Err(error) => attempts.after(error)?,
            }
            self.refresh(known.project.id).await?;
        }
    }

    /// Starts or stops sending to a destination. Asking for what is so already changes nothing. Declared ones too.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_destination_enabled(&self, id: DestinationId, enabled: bool) -> Result<Destination> {
        let row = self.rooms.store.set_destination_enabled(id, enabled, now()).await?;
        self.refresh(row.project_id).await?;
        Ok(row)
    }

    /// Ends a destination's wait, whatever it is for.
    ///
    /// # Errors
    /// Of the store: no such destination.
    pub fn retry_destination(&self, id: DestinationId) -> Result<Destination> {
        let (known, row) = self.catalog().destination(id)?;
        if let Some(output) = self.output(&known, &row) {
            output.retry_now();
        }
        Ok(row)
    }

    /// Puts a project's destinations in this order; those not named stay where they are.
    ///
    /// # Errors
    /// [`Error::Declared`], and those of the store.
    pub async fn order_destinations(&self, project: ProjectId, order: &[DestinationId]) -> Result<()> {
        self.own_project(project)?;
        self.rooms.store.order_destinations(project, order, now()).await?;
        self.refresh(project).await.map(|_| ())
    }

    /// Takes a destination away. Its output says goodbye.
    ///
    /// # Errors
    /// [`Error::Declared`], and those of the store.
    pub async fn delete_destination(&self, id: DestinationId, expected: Option<Revision>) -> Result<()> {
        let (known, _) = self.catalog().destination(id)?;
        self.own_project(known.project.id)?;
        self.rooms.store.delete_destination(id, expected).await?;
        self.refresh(known.project.id).await.map(|_| ())
    }

    /// The output of a destination; `None` where it could not be put on the stage.
    #[must_use]
    pub fn output(&self, known: &Known, row: &Destination) -> Option<Arc<Output>> {
        let tag = row.id.to_string();
        let outputs = self.rooms.stage.supervisor().outputs_of(&stream_of(&known.project));
        outputs.into_iter().find(|output| *output.destination.tag == *tag)
    }

    /// Where a destination is, key included.
    ///
    /// # Errors
    /// It was sealed with a server key that is not there.
    pub fn address(&self, row: &Destination) -> Result<RtmpUrl> {
        wanted::address(row, &self.rooms.vault)
    }

    /// The wish that a change leaves.
    fn changed(&self, row: &Destination, change: DestinationChange) -> Result<DestinationWish> {
        let address = self.address(row);
        // The address as it is shown is the address as it is.
        let new_url = change.url.filter(|url| *url != row.url);
        let (url, key) = match (new_url, change.stream_key) {
            (Some(url), Some(key)) => (url, key),
            (Some(url), None) => {
                let is_whole = RtmpUrl::parse(&url, "").is_ok();
                let kept = address.ok().filter(|_| !is_whole).map(|address| address.key().to_owned());
                (url, Zeroizing::new(kept.unwrap_or_default()))
            }
            (None, Some(key)) => (address?.tc_url(), key),
            (None, None) => {
                let address = address?;
                (address.tc_url(), Zeroizing::new(address.key().to_owned()))
            }
        };
        let words = |list: &Json| -> Vec<String> {
            let words = list.0.as_array().into_iter().flatten();
            words.filter_map(|word| word.as_str().map(str::to_owned)).collect()
        };
        let track = |track: Option<i64>| track.and_then(|track| u8::try_from(track).ok());
        Ok(DestinationWish {
            name: change.name.unwrap_or_else(|| row.name.clone()),
            platform: change.platform.unwrap_or_else(|| Some(row.platform.clone())),
            url,
            stream_key: key,
            enabled: change.enabled.unwrap_or(row.enabled),
            insecure: change.insecure.unwrap_or(row.insecure),
            chunk_size: change
                .chunk_size
                .unwrap_or_else(|| row.chunk_size.and_then(|size| u32::try_from(size).ok())),
            codecs: change.codecs.unwrap_or_else(|| row.codecs.as_ref().map(words)),
            video_track: change.video_track.unwrap_or_else(|| track(row.video_track)),
            audio_track: change.audio_track.unwrap_or_else(|| track(row.audio_track)),
            limits: change.limits.unwrap_or_else(|| row.limits.clone().map(|limits| limits.0)),
        })
    }

    /// Judges a wish, and seals its address.
    pub(super) fn fields_of(&self, wish: &DestinationWish) -> Result<DestinationFields> {
        let mut judge = Judge::default();
        judge.check("/name", rules::name(&wish.name));
        let address = match rules::address(&wish.url, &wish.stream_key) {
            Ok(address) => Some(address),
            Err((pointer, detail)) => judge.check(pointer, Err(detail)),
        };
        if wish.insecure && address.as_ref().is_some_and(|address| !address.tls) {
            let said = "There is no certificate to check at an rtmp:// address";
            judge.check::<()>("/insecure", Err(said.to_owned()));
        }
        let is_platform = |word: &String| Platform::WORDS.iter().any(|(known, _)| known == word);
        if wish.platform.as_ref().is_some_and(|word| !is_platform(word)) {
            let known: Vec<_> = Platform::WORDS.iter().map(|(word, _)| *word).collect();
            judge.check::<()>("/platform", Err(format!("A platform is one of {}", known.join(", "))));
        }
        if wish.chunk_size.is_some_and(|size| !CHUNK_SIZES.contains(&size)) {
            let (min, max) = (CHUNK_SIZES.start(), CHUNK_SIZES.end());
            judge.check::<()>("/chunk_size", Err(format!("A chunk size is {min} to {max} bytes")));
        }
        if let Some(codecs) = &wish.codecs {
            judge.check("/codecs", rules::codecs(codecs.iter().map(String::as_str)));
            if codecs.is_empty() {
                judge.check::<()>("/codecs", Err("Name one at least, or leave it out".to_owned()));
            }
        }
        if let Some(Err((pointer, detail))) = wish.limits.as_ref().map(rules::limits) {
            judge.check::<()>(pointer, Err(detail));
        }
        judge.verdict()?;
        let Some(address) = address else { return Err(Error::invalid("/url", "There is no address")) };
        let platform = wish.platform.clone();
        Ok(DestinationFields {
            name: wish.name.clone(),
            platform: platform.unwrap_or_else(|| Platform::of_host(&address.host).label().to_owned()),
            url: address.shown(),
            key: Some(self.seal(&address)?),
            enabled: wish.enabled,
            insecure: wish.insecure,
            chunk_size: wish.chunk_size.map(i64::from),
            codecs: wish.codecs.as_ref().map(|codecs| Json(json!(codecs))),
            video_track: wish.video_track.map(i64::from),
            audio_track: wish.audio_track.map(i64::from),
            limits: wish.limits.clone().map(Json),
        })
    }

    /// The whole address is sealed, since some platforms put secrets into its path or query too.
    fn seal(&self, address: &RtmpUrl) -> Result<SealedKey> {
        let whole = Zeroizing::new(format!("{}\n{}", address.tc_url(), address.key()));
        let sealed = self.rooms.vault.seal(Purpose::DestinationKey, &whole)?;
        Ok(SealedKey {
            sealed: Opaque(sealed.bytes),
            hint: vault::hint(address.key()),
            sealed_with: sealed.key_id,
        })
    }
}
