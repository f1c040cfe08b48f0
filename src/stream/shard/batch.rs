//! What one vectored write is made of: an output's waiting bytes, then whole messages from the ring.
//!
//! Two steps, since slices borrow: first every own header is written into one scratch buffer, then the slices are
//! gathered over it. Nothing of a payload is copied for an output. Outputs that stand at the same place with the same
//! timeline, as destinations of one broadcast mostly do, send the very same bytes, so the plan of one serves the next;
//! these bytes are put together once for all of them.

use std::io::IoSlice;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::super::ring::Entry;
use super::selection::{Form, Wanted};
use crate::media::MediaTime;
use crate::rtmp::{MessageHeader, SharedMessage};

/// Slices in one write. Linux takes 1024; beyond some tens, building them costs more than another call.
const SLICES_MAX: usize = 96;
/// Bytes in one write: more than the kernel's unsent bound lets in at once.
const BYTES_MAX: usize = 256 << 10;

/// An entry on its way: one of those that the whole shard shares in this wake-up, or one that a lagging output took out
/// of the ring itself.
#[derive(Debug)]
pub(super) enum Source {
    /// Its index among the fresh ones.
    Fresh(usize),
    Own(Arc<Entry>),
}

impl Source {
    /// The entry. `fresh` is the list that the index was taken from.
    pub(super) fn entry<'a>(&'a self, fresh: &'a [Arc<Entry>]) -> Option<&'a Entry> {
        match self {
            Self::Fresh(index) => fresh.get(*index).map(|entry| &**entry),
            Self::Own(entry) => Some(entry),
        }
    }
}

/// A message of the plan.
#[derive(Debug)]
pub(super) struct Planned {
    source: Source,
    form: Form,
    pub(super) header: MessageHeader,
    /// Where its own bytes begin in the scratch buffer, where its fmt 3 header does, and where that ends.
    own: (usize, usize, usize),
    /// Bytes on the wire.
    pub(super) wire_len: usize,
}

impl Planned {
    /// The entry; see [`Source::entry`].
    pub(super) fn entry<'a>(&'a self, fresh: &'a [Arc<Entry>]) -> Option<&'a Entry> {
        self.source.entry(fresh)
    }

    /// The shared form. Only entries that have one are planned.
    pub(super) fn message<'a>(&'a self, fresh: &'a [Arc<Entry>]) -> Option<&'a SharedMessage> {
        self.form.of(self.entry(fresh)?)
    }
}

/// What decides the bytes of a plan: outputs of one stream that agree in all of it send the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The entry that comes next.
    pub(super) next: u64,
    /// Where the peer's timeline has its 0.
    pub(super) origin: MediaTime,
    pub(super) stream_id: u32,
    pub(super) chunk_size: u32,
    /// What is sent of the stream, and the tracks whose headers were sent, by where they are in memory: outputs share
    /// them.
    pub(super) selection: (Wanted, usize),
}

impl Standing {
    fn is_same(&self, other: &Self) -> bool {
        self.next == other.next
            && self.stream_id == other.stream_id
            && self.chunk_size == other.chunk_size
            && self.origin == other.origin
            && self.selection == other.selection
    }
}

/// A plan whose bytes stand ready for every output that would make the same.
pub(super) struct Shared {
    /// For whom it serves.
    standing: Standing,
    /// The entry that comes next after it.
    pub(super) end: u64,
    /// Everything in one piece: put together once, it spares each write the gathering of many.
    pub(super) bytes: Vec<u8>,
}

impl Shared {
    /// Whether an output that stands like this would send the same.
    pub(super) fn serves(&self, standing: &Standing) -> bool {
        self.standing.is_same(standing)
    }
}

/// One write in the making. Kept by the shard and used for one output after the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    own: Vec<u8>,
    pub(super) planned: Vec<Planned>,
    slices: usize,
    bytes: usize,
    /// For whom the plan was made, and the entry after it; `None` when it serves nobody else.
    made_for: Option<(Standing, u64)>,
}

impl Batch {
    /// Forgets the plan. To be called whenever the list of fresh entries changes, since the plan points into it.
    pub(super) fn clear(&mut self) {
        self.own.clear();
        self.planned.clear();
        self.slices = 0;
        self.bytes = 0;
        self.made_for = None;
    }

    /// The plan serves every output that stands like this; after it, `end` comes next.
    pub(super) fn share(&mut self, standing: Standing, end: u64) {
        self.made_for = Some((standing, end));
    }

    /// The present plan with its bytes, if an output that stands like this would make the same and it takes it to the end of
    /// what is fresh.
    pub(super) fn shared(&self, next: &Standing, fresh: &[Arc<Entry>]) -> Option<Shared> {
        let (standing, end) = self.made_for.filter(|(made_for, _)| made_for.is_same(next))?;
        if self.planned.is_empty() || end <= fresh.last()?.seq {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.bytes);
        let slices = self.slices(std::iter::empty(), fresh, standing.chunk_size);
        slices.iter().for_each(|slice| bytes.extend_from_slice(slice));
        Some(Shared { standing, end, bytes })
    }

    /// Counts bytes that go before all messages.
    pub(super) fn reserve(&mut self, waiting: usize, bytes: usize) {
        self.slices += waiting;
        self.bytes += bytes;
    }

    pub(super) const fn is_full(&self) -> bool {
        self.slices >= SLICES_MAX || self.bytes >= BYTES_MAX
    }

    /// Adds the message of an entry that has one.
    pub(super) fn plan(
        &mut self,
        (source, form): (Source, Form),
        fresh: &[Arc<Entry>],
        header: MessageHeader,
        chunk_size: u32,
    ) {
        let Some(message) = source.entry(fresh).and_then(|entry| form.of(entry)) else { return };
        let start = self.own.len();
        let cut = start + message.write_own(header, chunk_size, &mut self.own);
        let wire_len = message.wire_len(header, chunk_size);
        self.slices += 2 * (1 + message.body_len() / chunk_size.max(1) as usize);
        self.bytes += wire_len;
        self.planned.push(Planned { source, form, own: (start, cut, self.own.len()), header, wire_len });
    }

    /// The slices of everything: `waiting` first, then the messages.
    pub(super) fn slices<'a>(
        &'a self,
        waiting: impl Iterator<Item = &'a Bytes>,
        fresh: &'a [Arc<Entry>],
        chunk_size: u32,
    ) -> SmallVec<[IoSlice<'a>; SLICES_MAX]> {
        let mut slices: SmallVec<[IoSlice<'a>; SLICES_MAX]> =
            waiting.map(|bytes| IoSlice::new(bytes)).collect();
        for planned in &self.planned {
            let (start, cut, end) = planned.own;
            let head = self.own.get(start..cut).unwrap_or_default();
            let continuation = self.own.get(cut..end).unwrap_or_default();
            if let Some(message) = planned.message(fresh) {
                message.gather(planned.header, chunk_size, head, continuation, &mut slices);
            }
        }
        slices
    }
}
