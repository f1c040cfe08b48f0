//! What is known of a broadcast while it is on the air: when its source was heard last, and what can stand in for it.

use std::time::Instant;

use bytes::Bytes;

use super::rhythm::Rhythm;
use super::slate::Slate;
use crate::media::{End, MediaTime, Packet, TrackId};

/// A broadcast that is on the air.
#[derive(Debug)]
pub(super) struct Air {
    /// Where everything before this source ended, if there was anything.
    pub(super) from: Option<MediaTime>,
    /// When the source's last frame came.
    pub(super) heard: Instant,
    pub(super) rhythm: Rhythm,
    /// When the last of its pictures is shown; they are not sent in the order of that.
    pub(super) shown: Option<MediaTime>,
    /// The last keyframe of each video track.
    pub(super) keyframes: Vec<(TrackId, Bytes)>,
    pub(super) slate: Option<Slate>,
    /// When a source that was silent sent again.
    pub(super) resumed: Option<Instant>,
    /// When the broadcast ends if no source writes until then, and how.
    pub(super) until: Option<(Instant, End)>,
}

impl Air {
    pub(super) const fn new(now: Instant, from: Option<MediaTime>) -> Self {
        Self {
            from,
            heard: now,
            rhythm: Rhythm::new(now),
            shown: None,
            keyframes: Vec::new(),
            slate: None,
            resumed: None,
            until: None,
        }
    }

    /// A frame came and is used.
    pub(super) fn hear(&mut self, packet: &Packet, now: Instant) {
        self.rhythm.heard(now.saturating_duration_since(self.heard), now);
        self.heard = now;
        if packet.track.is_video() {
            self.shown = self.shown.max(Some(packet.pts()));
        }
        self.remember(packet);
    }

    fn remember(&mut self, packet: &Packet) {
        if !packet.track.is_video() || !packet.keyframe {
            return;
        }
        match self.keyframes.iter_mut().find(|(track, _)| *track == packet.track) {
            Some((_, kept)) => *kept = packet.payload.clone(),
            None => self.keyframes.push((packet.track, packet.payload.clone())),
        }
    }
}
