//! What one vectored write is made of: an output's waiting bytes, then whole messages from the ring.
//!
//! Two steps, since slices borrow: first every own header is written into one scratch buffer, then the slices are
//! gathered over it. Nothing of a payload is copied.

use std::io::IoSlice;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::super::ring::Entry;
use crate::rtmp::{MessageHeader, SharedMessage};

/// Slices in one write. Linux takes 1024; beyond some tens, building them costs more than another call.
const SLICES_MAX: usize = 96;
/// Bytes in one write: more than the kernel's unsent bound lets in at once.
const BYTES_MAX: usize = 256 << 10;

/// A message of the plan.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) entry: Arc<Entry>,
    pub(super) header: MessageHeader,
    /// Where its own bytes begin in the scratch buffer, where its fmt 3 header does, and where that ends.
    own: (usize, usize, usize),
    /// Bytes on the wire.
    pub(super) wire_len: usize,
}

impl Planned {
    /// The shared form. Only entries that have one are planned.
    pub(super) fn message(&self) -> Option<&SharedMessage> {
        self.entry.wire.as_ref()
    }
}

/// One write in the making. Kept by the shard and used for one output after the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    own: Vec<u8>,
    pub(super) planned: Vec<Planned>,
    slices: usize,
    bytes: usize,
}

impl Batch {
    /// Forgets the last output.
    pub(super) fn clear(&mut self) {
        self.own.clear();
        self.planned.clear();
        self.slices = 0;
        self.bytes = 0;
    }

    /// Counts bytes that go before all messages.
    pub(super) fn reserve(&mut self, waiting: usize, bytes: usize) {
        self.slices += waiting;
        self.bytes += bytes;
    }

    pub(super) const fn is_full(&self) -> bool {
        self.slices >= SLICES_MAX || self.bytes >= BYTES_MAX
    }

    /// Adds a message.
    pub(super) fn plan(&mut self, entry: Arc<Entry>, timestamp: u32, stream_id: u32, chunk_size: u32) {
        let Some(message) = &entry.wire else { return };
        let header = message.header(timestamp, stream_id);
        let start = self.own.len();
        let cut = start + message.write_own(header, chunk_size, &mut self.own);
        let wire_len = message.wire_len(header, chunk_size);
        self.slices += 2 * (1 + message.body_len() / chunk_size.max(1) as usize);
        self.bytes += wire_len;
        self.planned.push(Planned { own: (start, cut, self.own.len()), header, wire_len, entry });
    }

    /// The slices of everything: `waiting` first, then the messages.
    pub(super) fn slices<'a>(
        &'a self,
        waiting: impl Iterator<Item = &'a Bytes>,
        chunk_size: u32,
    ) -> SmallVec<[IoSlice<'a>; SLICES_MAX]> {
        let mut slices: SmallVec<[IoSlice<'a>; SLICES_MAX]> =
            waiting.map(|bytes| IoSlice::new(bytes)).collect();
        for planned in &self.planned {
            let (start, cut, end) = planned.own;
            let head = self.own.get(start..cut).unwrap_or_default();
            let continuation = self.own.get(cut..end).unwrap_or_default();
            if let Some(message) = planned.message() {
                message.gather(planned.header, chunk_size, head, continuation, &mut slices);
            }
        }
        slices
    }
}
