//! What writes a stream, behind the stream's lock: the timeline, the tracks in force, the ring, and who may write.
//!
//! A broadcast is on the air from the first keyframe of its first source to its end. Sources come and go within it: one
//! that is [`live`](Writer::live) writes; a [`newcomer`](Writer::newcomer) writes from its first keyframe on, and until
//! then changes nothing. While nothing comes, a [`Slate`] fills the time, so that destinations and viewers stay.
//!
//! **Invariant:** at most one source writes. **Invariant:** a broadcast without a source ends when its hold is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::air::Air;
use super::live::StreamState;
use super::publisher::SourceFrame;
use super::registry::OnDuplicate;
use super::ring::{Entry, Origin, Ring, RingLimits, RingWriter};
use super::silence::Silence;
use super::slate::Slate;
use super::source::Source;
use super::stats::StreamStats;
use crate::media::remux::to_flv::{self, FlvMessage, MessageKind};
use crate::media::{DataMessage, End, Frame, MediaTime, Packet, Timeline, TrackId, TrackSet};
use crate::rtmp::{MessageType, SharedMessage, csid};

/// How far behind the clock a source that was silent may come back, milliseconds; what is older was replaced by the slate.
const LATE_MAX: MediaTime = MediaTime::from_millis(500);
/// How long a source that comes back late has to catch up; then its clock is taken as it is.
const CATCH_UP: Duration = Duration::from_secs(3);
/// How long a newcomer has for its first keyframe when the source before it left and there is no hold.
const HANDOVER: Duration = Duration::from_secs(10);

/// How far behind the pictures of a source its sound may have been, for silence to make up for it where another takes over:
/// tracks are interleaved closer than this. Sound that was gone for longer was absent before.
const BRIDGED_MAX: MediaTime = MediaTime::from_millis(1_000);

/// How a stream bridges what is missing: its encoder for a while, or its sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldConfig {
    /// How long a broadcast goes on without an encoder that did not say goodbye; zero ends it at once.
    pub hold: Duration,
    /// Whether the last picture and silence fill the time.
    pub slate: bool,
    /// How long a connected encoder may be silent before they do; longer where its frames come so seldom or irregularly
    /// that it is no news.
    pub slate_after: Duration,
    /// Whether a show of pictures alone gets a track of silence, AAC-LC.
    pub silence: bool,
}

impl Default for HoldConfig {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(30),
            slate: true,
            slate_after: Duration::from_secs(1),
            silence: false,
        }
    }
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It is in the ring.
    Whole,
    /// It is not used: a keyframe must come first.
    AwaitingKeyframe,
    /// It is not used: the slate stands in its place.
    Late,
}

/// The writing side of a stream.
#[derive(Debug)]
pub(super) struct Writer {
    ring: RingWriter,
    hold: HoldConfig,
    /// Where the stream stands, for those who watch.
    shown: watch::Sender<StreamState>,
    timeline: Timeline,
    /// In force in the ring.
    tracks: Arc<TrackSet>,
    /// The same, for those who watch.
    shown_tracks: watch::Sender<Arc<TrackSet>>,
    live: Option<Source>,
    newcomer: Option<Source>,
    air: Option<Air>,
    epochs: u64,
    /// How the last broadcast, or the last attempt at one, ended.
    ended: Option<End>,
    /// The next entry is the first of a source, or the first after its clock broke.
    discontinuity: bool,
}

impl Writer {
    pub(super) fn new(limits: RingLimits, hold: HoldConfig) -> Self {
        Self {
            ring: RingWriter::new(limits),
            hold,
            shown: watch::Sender::new(StreamState::Waiting),
            timeline: Timeline::default(),
            tracks: Arc::default(),
            shown_tracks: watch::Sender::default(),
            live: None,
            newcomer: None,
            air: None,
            epochs: 0,
            ended: None,
            discontinuity: false,
        }
    }

    pub(super) const fn ring(&self) -> &Arc<Ring> {
        self.ring.ring()
    }

    /// Where the stream stands.
    pub(super) const fn state(&self) -> StreamState {
        match (&self.air, &self.live, &self.newcomer, self.ended) {
            (Some(_), Some(_), ..) => StreamState::Live,
            (Some(_), None, ..) => StreamState::Interrupted,
            (None, _, Some(_), _) => StreamState::Starting,
            (None, _, None, Some(end)) => StreamState::Ended(end),
            (None, _, None, None) => StreamState::Waiting,
        }
    }

    /// The state as it changes.
    pub(super) fn watch(&self) -> watch::Sender<StreamState> {
        self.shown.clone()
    }

    /// The tracks in force as they change.
    pub(super) fn watch_tracks(&self) -> watch::Sender<Arc<TrackSet>> {
        self.shown_tracks.clone()
    }

    /// What the source that writes says of its tracks is in force.
    fn adopt_tracks(&mut self) {
        if let Some(source) = self.live.as_ref().filter(|source| !Arc::ptr_eq(&source.tracks, &self.tracks)) {
            self.tracks = Arc::clone(&source.tracks);
            self.shown_tracks.send_replace(Arc::clone(&self.tracks));
        }
    }

    fn show(&self) {
        let state = self.state();
        if *self.shown.borrow() != state {
            self.shown.send_replace(state);
        }
    }

    /// Frees the ring once the broadcast is over and nobody begins another.
    pub(super) fn clear_if_over(&mut self) {
        if self.air.is_none() && self.newcomer.is_none() {
            self.ring.clear();
        }
    }

    /// A new source announces itself. `None` when there is one already and it may not be replaced.
    pub(super) fn begin(
        &mut self,
        superseded: CancellationToken,
        on_duplicate: OnDuplicate,
        now: Instant,
    ) -> Option<u64> {
        let taken = self.live.is_some() || self.newcomer.is_some();
        let may_not = match on_duplicate {
            OnDuplicate::Takeover => false,
            OnDuplicate::Reject => taken,
            OnDuplicate::GiveWay => taken || self.air.is_some(),
        };
        if may_not {
            return None;
        }
        self.epochs += 1;
        let newcomer = Source::new(self.epochs, superseded, now);
        if let Some(other) = self.newcomer.replace(newcomer) {
            other.superseded.cancel();
        }
        self.show();
        Some(self.epochs)
    }

    /// Whether the source of this epoch may still speak.
    pub(super) fn knows(&self, epoch: u64) -> bool {
        self.live.iter().chain(&self.newcomer).any(|source| source.epoch == epoch)
    }

    fn is_live(&self, epoch: u64) -> bool {
        self.live.as_ref().is_some_and(|source| source.epoch == epoch)
    }

    /// Changes what a source says of its tracks. Takes effect at its next frame.
    pub(super) fn describe<T>(&mut self, epoch: u64, change: impl FnOnce(&mut TrackSet) -> T) -> Option<T> {
        let is_live = self.is_live(epoch);
        let source = if is_live { &mut self.live } else { &mut self.newcomer }.as_mut()?;
        let mut tracks = TrackSet::clone(&source.tracks);
        let changed = change(&mut tracks);
        if tracks != *source.tracks {
            // A decoder with a new configuration starts at a keyframe.
            source.needs_keyframe |= tracks.video() != source.tracks.video();
            source.tracks = Arc::new(tracks);
        }
        Some(changed)
    }

    /// Takes a frame of the source of this epoch.
    pub(super) fn frame(
        &mut self,
        epoch: u64,
        mut frame: SourceFrame,
        now: Instant,
        stats: &StreamStats,
    ) -> Written {
        let is_live = self.is_live(epoch);
        let Some(source) = (if is_live { &mut self.live } else { &mut self.newcomer }) else {
            return Written::AwaitingKeyframe;
        };
        let start = source.is_start(frame.track, frame.keyframe, now);
        let reading =
            source.clock.read(frame.track, frame.millis, now.saturating_duration_since(source.began));
        frame.millis = reading.millis;
        if reading.turned {
            tracing::warn!(
                "the encoder's timestamps mean nothing; its frames are taken as of when they arrive"
            );
            // A newcomer's clock is not on the timeline yet.
            if is_live {
                self.timeline.new_source();
            }
        }
        if frame.track.is_video() {
            source.needs_keyframe &= !(frame.track == TrackId::VIDEO && frame.keyframe);
            if source.needs_keyframe {
                return Written::AwaitingKeyframe;
            }
        }
        source.accompany(frame.track, self.hold.silence, now);
        if !is_live {
            if !start {
                return Written::AwaitingKeyframe;
            }
            self.promote(&frame, now);
        } else if let Some(refused) = self.resume(&frame, start, now) {
            return refused;
        }
        // The show begins with a picture, and what sounded before it comes late often.
        if !frame.track.is_video() && self.timeline.precedes(frame.track, frame.millis) {
            return Written::AwaitingKeyframe;
        }
        let placed = self.timeline.place(frame.track, frame.millis);
        if placed.discontinuity {
            self.discontinuity = true;
            stats.discontinuities.add(1);
        }
        self.adopt_tracks();
        let SourceFrame { track, cts, keyframe, payload, .. } = frame;
        let packet = Packet { track, dts: placed.dts, cts, keyframe, payload };
        if let Some(air) = &mut self.air {
            air.hear(&packet, now);
        }
        self.push(Frame::Media(packet), start, Origin::Encoder, now);
        self.accompany(placed.dts, now);
        Written::Whole
    }

    /// Goes on with the silence of a source that has no sound, up to a picture of it.
    fn accompany(&mut self, until: MediaTime, now: Instant) {
        while let Some(silence) = self.live.as_mut().and_then(|source| source.silence.as_mut()) {
            let last = self.timeline.last(TrackId::AUDIO);
            let Some(packet) = silence.beside(until, last) else { return };
            let dts = self.timeline.place_filler(packet.track, packet.dts);
            self.push(Frame::Media(Packet { dts, ..packet }), false, Origin::Silence, now);
        }
    }

    /// The newcomer has a keyframe: it writes from here on, and is shown behind all that was before.
    fn promote(&mut self, first: &SourceFrame, now: Instant) {
        let Some(newcomer) = self.newcomer.take() else { return };
        if let Some(old) = self.live.replace(newcomer) {
            old.superseded.cancel();
        }
        self.timeline.new_source();
        if let Some(shown) = self.air.as_ref().and_then(|air| air.shown).filter(|_| first.track.is_video()) {
            self.timeline.advance(shown - first.cts);
        }
        if let Some(air) = &self.air {
            self.bridge(air.from, now);
        }
        self.discontinuity |= self.ended.is_some() || self.air.is_some();
        self.ended = None;
        self.air = Some(Air::new(now, self.timeline.newest()));
        // First: who sees the stream live judges by its tracks.
        self.adopt_tracks();
        self.show();
    }

    /// Goes on with the sound of the source before, by silence in its own configuration, up to where its pictures ended.
    /// It stands within one broadcast, and before everything that the newcomer says of its own. A source that began at
    /// `from` and had sent no sound has none to go on with.
    fn bridge(&mut self, from: Option<MediaTime>, now: Instant) {
        let (tracks, Some(until)) = (Arc::clone(&self.tracks), self.timeline.newest()) else { return };
        for track in tracks.tracks().iter().filter(|track| !track.id.is_video()) {
            let (last, silence) = (self.timeline.last(track.id), Silence::of(track, 0));
            let last = last.filter(|last| from.is_none_or(|from| *last > from));
            let (Some(last), Some(mut silence)) = (last, silence) else { continue };
            silence.restart((last + silence.unit_length()).as_millis());
            if until - last > BRIDGED_MAX {
                continue;
            }
            while silence.next_millis() < until.as_millis() {
                let packet = silence.take();
                let dts = self.timeline.place_filler(packet.track, packet.dts);
                self.push(Frame::Media(Packet { dts, ..packet }), false, Origin::Silence, now);
            }
        }
    }

    /// Whether a frame ends the slate, if there is one. What came while the slate stood in is not played after it: the
    /// show stays at the live edge. A source that never catches up counts on a clock that stood still; then its frames
    /// go on behind the slate.
    fn resume(&mut self, frame: &SourceFrame, start: bool, now: Instant) -> Option<Written> {
        let air = self.air.as_mut().filter(|air| air.slate.is_some())?;
        let since = now.duration_since(*air.resumed.get_or_insert(now));
        if !start {
            return Some(Written::AwaitingKeyframe);
        }
        let late = self.timeline.lateness(frame.track, frame.millis);
        if late > LATE_MAX && since < CATCH_UP {
            return Some(Written::Late);
        }
        if late > MediaTime::ZERO {
            self.timeline.new_source();
        }
        (air.slate, air.resumed) = (None, None);
        None
    }

    /// Takes a data message; one of a source that does not write is not used.
    pub(super) fn data(&mut self, epoch: u64, millis: u32, payload: Bytes, now: Instant) {
        if self.is_live(epoch) {
            let dts = self.timeline.place_data(millis);
            self.push(Frame::Data(DataMessage { dts, payload }), false, Origin::Encoder, now);
        }
    }

    /// A source leaves. The broadcast goes on where another is there, or may come back: `true` when it begins to be held.
    pub(super) fn leave(&mut self, epoch: u64, end: End, now: Instant) -> bool {
        if self.is_live(epoch) {
            self.live = None;
            let hold = if self.newcomer.is_some() { self.hold.hold.max(HANDOVER) } else { self.hold.hold };
            if (end.is_final() && self.newcomer.is_none()) || hold.is_zero() {
                self.finish(end, now);
                return false;
            }
            if let Some(air) = &mut self.air {
                air.until = Some((now + hold, end));
            }
            self.show();
            self.fill(now);
            return true;
        }
        self.newcomer = None;
        let held = self.live.is_none() && self.air.is_some();
        // An encoder that came back and stops in words is done with the show.
        if self.air.is_none() || held && end.is_final() {
            self.finish(end, now);
        }
        false
    }

    /// Ends a broadcast that no source writes.
    pub(super) fn end_held(&mut self, end: End, now: Instant) {
        if self.air.is_some() && self.live.is_none() {
            self.finish(end, now);
        }
    }

    /// Ends the broadcast, and with it the right of its sources.
    pub(super) fn end(&mut self, end: End, now: Instant) {
        for source in self.live.take().into_iter().chain(self.newcomer.take()) {
            source.superseded.cancel();
        }
        if self.air.is_some() {
            self.finish(end, now);
        } else {
            self.show();
        }
    }

    /// When a hold is over, while there is one.
    pub(super) fn hold_ends(&self) -> Option<Instant> {
        let until = self.air.as_ref()?.until?;
        self.live.is_none().then_some(until.0)
    }

    /// How the source left whose return is waited for.
    pub(super) fn left_by(&self) -> Option<End> {
        let (_, end) = self.air.as_ref()?.until?;
        self.live.is_none().then_some(end)
    }

    /// What holds from now on.
    pub(super) const fn adjust(&mut self, hold: HoldConfig) {
        self.hold = hold;
    }

    fn finish(&mut self, end: End, now: Instant) {
        self.air = None;
        self.ended = Some(end);
        // Before the end goes through the ring: who meets it there finds the broadcast over.
        self.show();
        self.push(Frame::End(end), false, Origin::Encoder, now);
    }

    /// Does what is due at `now`: fills the time, and ends a hold that is over. Returns how many packets were
    /// made up.
    pub(super) fn keep(&mut self, now: Instant) -> u64 {
        let Some(air) = &mut self.air else { return 0 };
        if let Some((until, end)) = air.until.filter(|_| self.live.is_none())
            && now >= until
        {
            self.finish(end, now);
            return 0;
        }
        let patience = air.rhythm.patience(self.hold.slate_after);
        if air.slate.is_none() && now.saturating_duration_since(air.heard) >= patience {
            self.fill(now);
        }
        let mut written = 0;
        while let Some(packet) = self.air.as_mut().and_then(|air| air.slate.as_mut()?.due(now)) {
            let dts = self.timeline.place_filler(packet.track, packet.dts);
            let start = if self.tracks.video().is_some() { packet.track == TrackId::VIDEO } else { true };
            self.push(Frame::Media(Packet { dts, ..packet }), start, Origin::Slate, now);
            written += 1;
        }
        written
    }

    /// Whether a slate fills the time.
    pub(super) fn is_filling(&self) -> bool {
        self.air.as_ref().is_some_and(|air| air.slate.is_some())
    }

    fn fill(&mut self, now: Instant) {
        let (Some(air), Some(newest)) = (&mut self.air, self.timeline.newest()) else { return };
        if self.hold.slate && air.slate.is_none() {
            let last = |track| self.timeline.last(track);
            air.slate = Some(Slate::new(newest, air.heard, now, &self.tracks, &air.keyframes, last));
        }
    }

    fn push(&mut self, frame: Frame, start: bool, origin: Origin, now: Instant) {
        let wire = to_flv::message(&frame, &self.tracks).map(shared);
        let plain = match &frame {
            Frame::Media(packet) if packet.track.index != 0 => {
                to_flv::plain_message(packet, &self.tracks).map(shared)
            }
            _ => None,
        };
        self.ring.push(Entry {
            seq: 0,
            frame,
            tracks: Arc::clone(&self.tracks),
            start,
            discontinuity: std::mem::take(&mut self.discontinuity),
            origin,
            arrived: now,
            wire,
            plain,
        });
    }
}

fn shared(message: FlvMessage) -> SharedMessage {
    let (csid, type_id) = match message.kind {
        MessageKind::Audio => (csid::AUDIO, MessageType::AUDIO),
        MessageKind::Video => (csid::VIDEO, MessageType::VIDEO),
        MessageKind::Data => (csid::STREAM, MessageType::DATA),
    };
    SharedMessage::new(csid, type_id, &message.prefix, message.payload)
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
