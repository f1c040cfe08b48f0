//! Which of a stream's tracks one socket is sent, in which form, and what it was told of them.

use std::sync::Arc;

use super::super::ring::Entry;
use crate::media::remux::to_flv;
use crate::media::{Codec, Codecs, Frame, Track, TrackChoice, TrackId, TrackSet};
use crate::rtmp::{MessageType, SharedMessage, csid};

/// What a socket is to be sent of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Which tracks. All only for a peer that tells them apart.
    pub tracks: TrackChoice,
    /// Codings that the peer takes. A default or chosen track of another one ends the sending before its header is sent.
    pub codecs: Codecs,
    /// The peer reads what Enhanced RTMP says of tracks whose frames have the legacy form.
    pub enhanced: bool,
}

/// Which form of an entry a reader is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// That of everybody.
    Shared,
    /// That of the only track of its kind.
    Plain,
}

impl Form {
    /// The message in this form.
    pub(super) const fn of(self, entry: &Entry) -> Option<&SharedMessage> {
        match self {
            Self::Shared => entry.wire.as_ref(),
            Self::Plain => entry.plain.as_ref(),
        }
    }
}

/// A message that goes before frames.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) csid: u8,
    pub(super) type_id: u8,
    pub(super) body: Vec<u8>,
}

impl Header {
    fn of_track(track: &Track, body: Vec<u8>) -> Self {
        let (csid, type_id) = if track.id.is_video() {
            (csid::VIDEO, MessageType::VIDEO)
        } else {
            (csid::AUDIO, MessageType::AUDIO)
        };
        Self { csid, type_id, body }
    }
}

/// One socket's selection.
#[derive(Debug)]
pub(super) struct Selection {
    wanted: Wanted,
    /// Metadata is wrapped as a publisher sends it.
    as_publisher: bool,
    /// The tracks in force in the ring when the peer was told of them.
    seen: Option<Arc<TrackSet>>,
    /// What it was told.
    told: TrackSet,
    /// Readers begin at keyframes of the default picture; another one's own must come before the rest of it.
    awaits_keyframe: bool,
}

impl Selection {
    pub(super) fn new(wanted: Wanted, as_publisher: bool) -> Self {
        Self { wanted, as_publisher, seen: None, told: TrackSet::default(), awaits_keyframe: true }
    }

    /// Whether the peer knows these tracks.
    pub(super) fn knows(&self, tracks: &Arc<TrackSet>) -> bool {
        self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, tracks))
    }

    /// What it was told, by where that is in memory: selections of one stream that agree in it and in what is wanted send
    /// the same. `None` while this one is not like any other.
    pub(super) fn standing(&self) -> Option<(Wanted, usize)> {
        let settled = !self.awaits_keyframe || !self.picks_picture();
        self.seen.as_ref().filter(|_| settled).map(|seen| (self.wanted, Arc::as_ptr(seen).addr()))
    }

    /// Frames were passed over: a picture that is not the default one waits for its own keyframe.
    pub(super) const fn lost(&mut self) {
        self.awaits_keyframe = true;
    }

    /// Takes over the tracks in force: the messages that the peer must be sent before the next frame.
    ///
    /// # Errors
    /// The coding that it does not take.
    pub(super) fn adopt(&mut self, tracks: &Arc<TrackSet>) -> Result<Vec<Header>, Codec> {
        let first = self.seen.is_none();
        let next = self.wanted.tracks.of(tracks, self.wanted.codecs);
        if let Some(codec) = self.wanted.codecs.refused(&next) {
            return Err(codec);
        }
        let mut headers = Vec::new();
        let same_media = !first && self.told.same_media(&next);
        if !same_media || self.told.metadata != next.metadata {
            let body = to_flv::metadata(&next, self.as_publisher);
            headers.push(Header { csid: csid::STREAM, type_id: MessageType::DATA, body });
        }
        for track in next.tracks() {
            let remark = self.remark(track, &next, same_media);
            // Colours apply to the frames after them, so they go first; channels are those of the header before.
            let (before, after) = if track.id.is_video() { (remark, None) } else { (None, remark) };
            let sequence = if same_media { None } else { to_flv::sequence_header(track) };
            let bodies = [before, sequence, after].into_iter().flatten();
            headers.extend(bodies.map(|body| Header::of_track(track, body)));
        }
        self.awaits_keyframe |= self.told.video() != next.video();
        self.seen = Some(Arc::clone(tracks));
        self.told = next;
        Ok(headers)
    }

    /// What is said of a track beside its configuration, where the peer reads it and was not told.
    fn remark(&self, track: &Track, next: &TrackSet, same_media: bool) -> Option<Vec<u8>> {
        let remark = next.remark(track.id)?;
        let legacy = track.id.index == 0 && track.config.codec().is_legacy();
        if legacy && !self.wanted.enhanced || same_media && self.told.remark(track.id) == Some(remark) {
            return None;
        }
        to_flv::remark(track, remark)
    }

    /// The form in which an entry is sent; `None` for one that is not.
    pub(super) fn form(&mut self, entry: &Entry) -> Option<Form> {
        let Frame::Media(packet) = &entry.frame else { return Some(Form::Shared) };
        let id = self.wanted.tracks.sent_as(packet.track)?;
        self.told.config(id)?;
        if id == packet.track {
            return Some(Form::Shared);
        }
        if id == TrackId::VIDEO {
            self.awaits_keyframe &= !packet.keyframe;
            if self.awaits_keyframe {
                return None;
            }
        }
        Some(Form::Plain)
    }

    const fn picks_picture(&self) -> bool {
        matches!(self.wanted.tracks, TrackChoice::One { video, .. } if video != 0)
    }
}

#[cfg(test)]
#[path = "selection_tests.rs"]
mod tests;
