//! One socket's sending state: a cursor, the bytes that wait, and the bounds it is under.
//!
//! **Invariant:** between two messages unless `waiting` says otherwise: what is left of a message that the socket took
//! a part of goes to the front of `waiting`, sharing the payload.

use std::collections::VecDeque;
use std::hint;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::super::cursor::Cursor;
use super::super::ring::{Entry, Ring};
use super::super::stats::DropCause;
use super::batch::{Batch, Shared, Source, Standing};
use super::selection::{Header, Selection};
use super::{Finished, OutputId, OutputSpec};
use crate::media::{Codec, Frame, MediaTime, TrackSet};
use crate::net::Transport;
use crate::rtmp::{MessageHeader, MessageType, SharedMessage};

/// Bytes of answers that may wait for a peer that does not read them. Answers are some 20 bytes each.
const ANSWERS_MAX: usize = 64 << 10;
/// Bytes written to one socket before the others of the shard get their turn.
const TURN_MAX: usize = 1 << 20;

/// How a turn ended.
#[derive(Debug)]
pub(super) enum Turn {
    /// Everything was sent.
    Idle,
    /// There is more, and the socket would take it.
    More,
    /// The socket takes no more for now.
    Parked,
    /// It is over.
    Finished(Finished),
}

/// One output.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) id: OutputId,
    spec: OutputSpec,
    cursor: Cursor,
    /// Goes out before the next message. Never longer than one message, headers and [`ANSWERS_MAX`].
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// What of the stream it is sent, and what it was told of that.
    selection: Selection,
    /// Where the peer's timeline has its 0.
    origin: Option<MediaTime>,
    /// Something waits, since then, and the socket took nothing.
    stuck_since: Option<Instant>,
    pub(super) parked: bool,
    pub(super) paused: bool,
    /// It ends at the next entry to begin at, for another to go on there.
    leaving: bool,
    /// The broadcast is over; what waits is still sent.
    ending: Option<Finished>,
    finished: Option<oneshot::Sender<Finished>>,
}

impl Output {
    pub(super) fn new(
        id: OutputId,
        spec: OutputSpec,
        cursor: Cursor,
        finished: oneshot::Sender<Finished>,
    ) -> Self {
        Self {
            id,
            selection: Selection::new(spec.wanted, spec.as_publisher),
            spec,
            cursor,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            origin: None,
            stuck_since: None,
            parked: false,
            paused: false,
            leaving: false,
            ending: None,
            finished: Some(finished),
        }
    }

    pub(super) const fn transport(&self) -> &Arc<Transport> {
        &self.spec.transport
    }

    /// Reads what a write will need and what lies elsewhere in memory. Done for a row of outputs at once: the waits for
    /// memory overlap then, and else each write has its own.
    pub(super) fn touch(&self) {
        hint::black_box((self.standing(), self.spec.transport.is_tls(), self.spec.stats.sent_bytes.get()));
    }

    /// Whether the owner is gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.finished.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Tells the owner.
    pub(super) fn finish(&mut self, finished: Finished) {
        if let Some(sender) = self.finished.take() {
            // An owner that is gone does not want to know.
            sender.send(finished).ok();
        }
    }

    /// Queues bytes of the owner's machine.
    pub(super) fn answer(&mut self, bytes: Bytes) -> Result<(), Finished> {
        if self.waiting_bytes + bytes.len() > ANSWERS_MAX && self.parked {
            return Err(Finished::Stalled);
        }
        self.wait(bytes);
        Ok(())
    }

    /// Finishes as soon as no message is half sent.
    pub(super) fn end_at_border(&mut self, finished: Finished) {
        self.ending.get_or_insert(finished);
    }

    /// Finishes at the next entry to begin at.
    pub(super) const fn end_at_start(&mut self) {
        self.leaving = true;
    }

    /// Goes on at the newest keyframe.
    pub(super) fn resume(&mut self, ring: &Ring) {
        self.paused = false;
        self.cursor.skip_ahead(ring);
        self.cursor.seek();
        self.selection.lost();
    }

    /// Sends what there is, as far as the socket takes it and the turn allows.
    pub(super) fn turn(
        &mut self,
        ring: &Ring,
        fresh: &[Arc<Entry>],
        batch: &mut Batch,
        now: Instant,
    ) -> Turn {
        let mut written = 0;
        loop {
            if self.waiting.is_empty() && self.is_through(ring) {
                return self.rest();
            }
            self.fill(ring, fresh, batch, now);
            if self.waiting.is_empty() && batch.planned.is_empty() {
                return self.rest();
            }
            match self.write(batch, fresh, now) {
                Ok((taken, true)) => written += taken,
                Ok((_, false)) => return Turn::Parked,
                Err(error) => return Turn::Finished(Finished::Closed(error)),
            }
            if written > TURN_MAX {
                return Turn::More;
            }
        }
    }

    /// Sends a plan that another output made, if this one would make the same: what is left to do is the write, of which
    /// there are thousands a second. `None`: it needs a turn of its own.
    pub(super) fn follow(
        &mut self,
        shared: &Shared,
        batch: &Batch,
        fresh: &[Arc<Entry>],
        now: Instant,
    ) -> Option<Turn> {
        if !shared.serves(&self.standing()?) {
            return None;
        }
        self.cursor.move_to(shared.end);
        let taken = match self.send(&[IoSlice::new(&shared.bytes)]) {
            Ok(taken) => taken,
            Err(error) => return Some(Turn::Finished(Finished::Closed(error))),
        };
        if taken == shared.bytes.len() {
            self.spec.stats.sent_packets.add(batch.planned.len() as u64);
            return Some(self.rest());
        }
        self.account(taken, batch, fresh);
        self.stuck_since = Some(now);
        Some(Turn::Parked)
    }

    /// Whether nothing more is taken out of the ring now.
    fn is_through(&self, ring: &Ring) -> bool {
        self.paused || self.ending.is_some() || self.cursor.next() >= ring.head()
    }

    /// Looks at the clock: has the peer taken nothing for too long?
    pub(super) fn look(&mut self, ring: &Ring, now: Instant) -> Result<(), Finished> {
        let stats = &self.spec.stats;
        let stuck = self.stuck_since.map_or(Duration::ZERO, |since| now.duration_since(since));
        stats.waiting_millis.set(millis(stuck));
        let oldest = ring.get(self.cursor.next()).filter(|_| self.parked);
        let lag = oldest.map_or(stuck, |entry| now.duration_since(entry.arrived));
        stats.lag_millis.set(millis(lag));
        if self.parked && stuck >= self.spec.stall_timeout { Err(Finished::Stalled) } else { Ok(()) }
    }

    /// Nothing is left to send.
    fn rest(&mut self) -> Turn {
        self.stuck_since = None;
        self.spec.stats.lag_millis.set(0);
        match self.spec.transport.try_flush() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Turn::Parked,
            Err(error) => Turn::Finished(Finished::Closed(error)),
            Ok(()) => self.ending.take().map_or(Turn::Idle, Turn::Finished),
        }
    }

    /// Plans the next write.
    fn fill(&mut self, ring: &Ring, fresh: &[Arc<Entry>], batch: &mut Batch, now: Instant) {
        let standing = self.standing();
        batch.clear();
        batch.reserve(self.waiting.len(), self.waiting_bytes);
        self.skip_if_lagging(ring, now);
        let plain = self.plan(ring, fresh, batch);
        if let Some(standing) = standing.filter(|_| plain) {
            batch.share(standing, self.cursor.next());
        }
    }

    /// How it stands, if the next write is nothing but messages from the ring.
    pub(super) fn standing(&self) -> Option<Standing> {
        let plain = self.waiting.is_empty()
            && !self.parked
            && !self.paused
            && self.ending.is_none()
            && self.stuck_since.is_none()
            && !self.leaving
            && !self.cursor.is_seeking();
        Some(Standing {
            next: self.cursor.next(),
            origin: self.origin.filter(|_| plain)?,
            stream_id: self.spec.stream_id,
            chunk_size: self.spec.chunk_size,
            selection: self.selection.standing()?,
        })
    }

    /// Plans entries up to the batch's bounds or the next change of headers. `true` when it was nothing but messages.
    fn plan(&mut self, ring: &Ring, fresh: &[Arc<Entry>], batch: &mut Batch) -> bool {
        let mut plain = true;
        while !batch.is_full() && !self.paused && self.ending.is_none() {
            let Some(source) = self.peek(ring, fresh) else { break };
            let Some(entry) = source.entry(fresh) else { break };
            let leaves = self.leaving && entry.start;
            let wants_headers = !self.selection.knows(&entry.tracks);
            let is_border = leaves || wants_headers || matches!(entry.frame, Frame::End(_));
            if is_border && !batch.planned.is_empty() {
                // Headers go before this entry and behind those planned: the next write. An end comes when they are out,
                // since a socket that takes only some of them must be offered the rest.
                break;
            }
            if leaves {
                self.ending = Some(Finished::AtStart(entry.seq));
                return false;
            }
            let Some(lost) = self.cursor.pass(entry) else { continue };
            self.spec.stats.dropped(DropCause::Overtaken, lost);
            plain &= lost == 0 && !wants_headers;
            if lost > 0 {
                self.selection.lost();
            }
            if let Frame::End(end) = entry.frame {
                self.ending = Some(Finished::Ended(end));
                return false;
            }
            let timestamp = self.timestamp(entry);
            if wants_headers {
                if let Err(codec) = self.send_headers(&entry.tracks, timestamp) {
                    self.ending = Some(Finished::Unsupported(codec));
                    return false;
                }
                batch.reserve(self.waiting.len(), 0);
            }
            if let Some(form) = self.selection.form(entry)
                && let Some(message) = form.of(entry)
            {
                let header = message.header(timestamp, self.spec.stream_id);
                batch.plan((source, form), fresh, header, self.spec.chunk_size);
            }
        }
        plain
    }

    /// The entry that comes next: from the shard's own list of fresh ones, or out of the ring for one that lags.
    fn peek(&mut self, ring: &Ring, fresh: &[Arc<Entry>]) -> Option<Source> {
        loop {
            self.cursor.settle(ring);
            let next = self.cursor.next();
            if next >= ring.head() {
                return None;
            }
            let offset = fresh.first().and_then(|first| usize::try_from(next.checked_sub(first.seq)?).ok());
            if let Some(offset) = offset.filter(|offset| *offset < fresh.len()) {
                return Some(Source::Fresh(offset));
            }
            if let Some(entry) = ring.get(next) {
                return Some(Source::Own(entry));
            }
        }
    }

    /// Gives up the frames up to the newest keyframe when the oldest unsent one is older than the queue allows.
    fn skip_if_lagging(&mut self, ring: &Ring, now: Instant) {
        if self.stuck_since.is_none() {
            return;
        }
        let oldest = ring.get(self.cursor.next());
        if oldest.is_some_and(|entry| now.duration_since(entry.arrived) > self.spec.queue) {
            let before = self.cursor.next();
            if self.cursor.skip_ahead(ring) {
                self.spec.stats.dropped(DropCause::Lag, self.cursor.next() - before);
                self.cursor.forgive();
                self.selection.lost();
            }
        }
    }

    /// Milliseconds of the peer's timeline, which begins at 0 with the first frame sent.
    fn timestamp(&mut self, entry: &Entry) -> u32 {
        let dts = entry.frame.dts().unwrap_or(MediaTime::ZERO);
        let origin = *self.origin.get_or_insert(dts);
        let millis = (dts - origin).as_millis().max(0);
        // RTMP's clock wraps at 32 bits.
        u32::try_from(millis & 0xFFFF_FFFF).unwrap_or_default()
    }

    /// Queues metadata and sequence headers, those that changed. The error is a coding that the peer does not take.
    fn send_headers(&mut self, tracks: &Arc<TrackSet>, timestamp: u32) -> Result<(), Codec> {
        for Header { csid, type_id, body } in self.selection.adopt(tracks)? {
            // FFmpeg as a player takes metadata at any other time than 0 for a track of text.
            let timed = type_id != MessageType::DATA || self.spec.as_publisher;
            self.queue_message(csid, type_id, if timed { timestamp } else { 0 }, body.into());
        }
        Ok(())
    }

    fn queue_message(&mut self, csid: u8, type_id: u8, timestamp: u32, body: Bytes) {
        let message = SharedMessage::new(csid, type_id, &[], body);
        let header: MessageHeader = message.header(timestamp, self.spec.stream_id);
        for piece in message.remainder(header, self.spec.chunk_size, 0) {
            self.wait(piece);
        }
    }

    fn wait(&mut self, bytes: Bytes) {
        self.waiting_bytes += bytes.len();
        self.waiting.push_back(bytes);
    }

    /// One write. How much was taken, and whether that was everything.
    fn write(&mut self, batch: &Batch, fresh: &[Arc<Entry>], now: Instant) -> io::Result<(usize, bool)> {
        let slices = batch.slices(self.waiting.iter(), fresh, self.spec.chunk_size);
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let taken = self.send(&slices)?;
        drop(slices);
        self.account(taken, batch, fresh);
        if taken == offered {
            self.stuck_since = None;
        } else if taken > 0 {
            self.stuck_since = Some(now);
        } else {
            self.stuck_since.get_or_insert(now);
        }
        Ok((taken, taken == offered))
    }

    /// Offers slices to the socket. How many bytes it took.
    fn send(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let taken = match self.spec.transport.try_write_vectored(slices) {
            Ok(taken) => taken,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.spec.stats.sent_bytes.add(taken as u64);
        Ok(taken)
    }

    /// Moves what was taken out of `waiting` and the plan; the rest of the plan waits.
    fn account(&mut self, mut taken: usize, batch: &Batch, fresh: &[Arc<Entry>]) {
        while let Some(front) = self.waiting.front_mut() {
            if taken < front.len() {
                front.advance(taken);
                self.waiting_bytes -= taken;
                taken = 0;
                break;
            }
            taken -= front.len();
            self.waiting_bytes -= front.len();
            self.waiting.pop_front();
        }
        let mut whole = 0;
        for planned in &batch.planned {
            if taken >= planned.wire_len {
                taken -= planned.wire_len;
                whole += 1;
                continue;
            }
            if taken > 0 {
                // The socket holds a part of this message, so the rest of it must follow.
                let rest: SmallVec<[Bytes; 8]> =
                    planned.message(fresh).map_or_else(SmallVec::new, |message| {
                        message.remainder(planned.header, self.spec.chunk_size, taken)
                    });
                rest.into_iter().for_each(|piece| self.wait(piece));
                taken = 0;
                whole += 1;
                continue;
            }
            // Nothing of it went out: it is read again, or given up, when the socket takes more.
            if let Some(entry) = planned.entry(fresh) {
                self.cursor.move_to(entry.seq);
            }
            break;
        }
        self.spec.stats.sent_packets.add(whole);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
