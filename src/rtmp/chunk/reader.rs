//! Bytes to raw messages: one assembly state for each chunk stream, every bound checked before memory is taken.
//!
//! Payload bytes are copied once, from the socket's buffer into the message; a complete message is frozen, not copied.

use bytes::Bytes;
use smallvec::SmallVec;

use super::header::BasicHeader;
use super::{DEFAULT_CHUNK_SIZE, EXTENDED};
use crate::format::wire::{Reader, Truncated};

/// The longest header of a chunk that is read: 3-byte basic header, fmt 0 and extended timestamp.
const HEADER_MAX: usize = 3 + 11 + 4;
/// Chunk sizes beyond the largest message length mean the same (RTMP 1.0 §5.4.1).
const CHUNK_SIZE_MAX: u32 = 0x00FF_FFFF;
/// A message up to this long has its memory taken at once when the sender is trusted; a longer one grows as it
/// arrives, so that a claimed length alone costs nothing. 1 MiB holds nearly every keyframe.
const EAGER_MAX: usize = 1 << 20;
/// The first piece of memory for a message of a sender that is not trusted yet.
const CAUTIOUS: usize = 1 << 10;

/// A complete message as it came off the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawMessage {
    /// Chunk stream that carried it.
    pub csid: u32,
    /// Message type.
    pub type_id: u8,
    /// Message stream id.
    pub stream_id: u32,
    /// Milliseconds, absolute, modulo 2^32.
    pub timestamp: u32,
    /// The body.
    pub payload: Bytes,
}

/// What a sender can do wrong in its chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// Set Chunk Size 0.
    #[error("a chunk size of 0")]
    ChunkSizeZero,
    /// A message longer than allowed was announced.
    #[error("a message of {length} bytes, {max} allowed")]
    MessageTooLong {
        /// Bytes announced.
        length: u32,
        /// Bytes allowed.
        max: u32,
    },
    /// More chunk streams than allowed.
    #[error("more than {0} chunk streams")]
    TooManyChunkStreams(usize),
    /// Unfinished messages hold more than allowed.
    #[error("unfinished messages beyond {0} bytes")]
    TooMuchUnfinished(usize),
    /// A new message began where the last one of that chunk stream was not complete.
    #[error("a new message on chunk stream {0} before the last was complete")]
    Interrupted(u32),
    /// A chunk stream began with a header that inherits from nothing.
    #[error("chunk stream {0} began with a header that inherits from nothing")]
    NothingToInherit(u32),
}

impl ChunkError {
    /// A short label for a counter.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ChunkSizeZero => "chunk_size",
            Self::MessageTooLong { .. } => "message_too_long",
            Self::TooManyChunkStreams(_) => "chunk_streams",
            Self::TooMuchUnfinished(_) => "unfinished_bytes",
            Self::Interrupted(_) => "chunk_interrupted",
            Self::NothingToInherit(_) => "chunk_header",
        }
    }
}

/// How much a sender may make us hold.
#[derive(Debug, Clone, Copy)]
pub(in crate::rtmp) struct ChunkLimits {
    /// Bytes of one message.
    pub(in crate::rtmp) message_max: u32,
    /// Chunk streams of one connection.
    pub(in crate::rtmp) chunk_streams_max: usize,
    /// Bytes of all unfinished messages together.
    pub(in crate::rtmp) unfinished_max: usize,
}

/// Messages with a delta written out that fmt 3 would have said, after which the sender is known to mean something else by
/// fmt 3: so many, and [`SPELT_OUT_TO_EACH`] more to each message that began with fmt 3. One who means the delta may write
/// it out now and then; one who means the time seldom has two equally long messages of one time.
const SPELT_OUT_MIN: u32 = 3;
const SPELT_OUT_TO_EACH: u32 = 2;

/// What a sender means by a fmt 3 header that begins a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shortest {
    /// The same delta again, as the specification has it.
    SameDelta,
    /// The same time again. So librtmp (OBS before 30.2) and nginx-rtmp, whose later deltas do not take back what a reader
    /// adds: the track would be late by a frame more each time, for good. Who writes so has to write an equal delta out.
    SameTime,
}

/// One direction's chunk stream, read.
#[derive(Debug)]
pub struct ChunkReader {
    limits: ChunkLimits,
    chunk_size: u32,
    /// Whether a fmt 3 header that begins a message after fmt 0 repeats that header's timestamp as a delta. The
    /// specification says so and FFmpeg means it; everybody else means 0.
    repeats_timestamp: bool,
    /// What the sender means by fmt 3, as far as that is known.
    shortest: Shortest,
    /// Deltas that were written out where fmt 3 would have said them, and messages that began with fmt 3.
    spelt_out: u32,
    begun_by_three: u32,
    /// Whether memory may be taken at a message's announced length.
    trusted: bool,
    streams: Vec<ChunkStream>,
    /// The front of a header that the last input cut.
    carry: SmallVec<[u8; HEADER_MAX]>,
    /// The chunk whose payload is being read: index into `streams`, and bytes left of it.
    open: Option<(usize, u32)>,
    /// Bytes announced by messages that are not complete.
    unfinished: usize,
}

#[derive(Debug, Default)]
struct ChunkStream {
    csid: u32,
    timestamp: u32,
    /// What a fmt 3 header that begins a message adds.
    delta: u32,
    /// What fmt 3 headers have added since the last fmt 0, which a sender may turn out not to have meant.
    added: u32,
    /// The extended timestamp field of the last fmt 0 to 2 header, where it had one.
    extended: Option<u32>,
    length: u32,
    type_id: u8,
    stream_id: u32,
    /// The message being joined; `None` between messages.
    partial: Option<Vec<u8>>,
}

/// A parsed chunk header, not applied yet.
struct Header {
    basic: BasicHeader,
    index: Option<usize>,
    /// The timestamp field as read, extended already.
    time: u32,
    extended: Option<u32>,
    length: u32,
    type_id: u8,
    stream_id: u32,
}

impl ChunkReader {
    /// A reader at the start of a connection's chunks, with the default chunk size.
    pub(in crate::rtmp) const fn new(limits: ChunkLimits) -> Self {
        Self {
            limits,
            chunk_size: DEFAULT_CHUNK_SIZE,
            repeats_timestamp: false,
            shortest: Shortest::SameDelta,
            spelt_out: 0,
            begun_by_three: 0,
            trusted: false,
            streams: Vec::new(),
            carry: SmallVec::new_const(),
            open: None,
            unfinished: 0,
        }
    }

    /// Applies a Set Chunk Size from the next chunk on, also in the middle of messages. The top bit is ignored.
    ///
    /// # Errors
    /// [`ChunkError::ChunkSizeZero`].
    pub(in crate::rtmp) const fn set_chunk_size(&mut self, size: u32) -> Result<(), ChunkError> {
        match size & 0x7FFF_FFFF {
            0 => Err(ChunkError::ChunkSizeZero),
            size if size > CHUNK_SIZE_MAX => {
                self.chunk_size = CHUNK_SIZE_MAX;
                Ok(())
            }
            size => {
                self.chunk_size = size;
                Ok(())
            }
        }
    }

    /// Applies an Abort: the unfinished message of that chunk stream is dropped (RTMP 1.0 §5.4.2).
    pub(in crate::rtmp) fn abort(&mut self, csid: u32) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.csid == csid)
            && stream.partial.take().is_some()
        {
            self.unfinished -= stream.length as usize;
        }
    }

    /// The sender is one that means a delta of T after a fmt 0 header with T (`flashVer` with "Lavf").
    pub(in crate::rtmp) const fn set_repeats_timestamp(&mut self) {
        self.repeats_timestamp = true;
    }

    /// The sender may publish: larger bounds, and memory at the announced length.
    pub(in crate::rtmp) const fn trust(&mut self, limits: ChunkLimits) {
        self.limits = limits;
        self.trusted = true;
    }

    /// Takes bytes from the front of `input` until a message is complete or the input is used up.
    ///
    /// # Errors
    /// [`ChunkError`]: the connection cannot go on.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<RawMessage>, ChunkError> {
        loop {
            if self.open.is_none() && !self.read_header(input)? {
                return Ok(None);
            }
            if let Some(message) = self.read_payload(input) {
                return Ok(Some(message));
            }
            if input.is_empty() && self.open.is_some() {
                return Ok(None);
            }
        }
    }

    /// Reads one chunk header. `false` when the input ends before it does.
    fn read_header(&mut self, input: &mut &[u8]) -> Result<bool, ChunkError> {
        if self.carry.is_empty() {
            let Some((header, used)) = self.parse_header(input)? else {
                self.carry.extend_from_slice(input);
                *input = &[];
                return Ok(false);
            };
            *input = input.get(used..).unwrap_or_default();
            self.apply(&header)?;
            return Ok(true);
        }
        let carried = self.carry.len();
        let borrowed = input.len().min(HEADER_MAX.saturating_sub(carried));
        let mut joined = std::mem::take(&mut self.carry);
        joined.extend_from_slice(input.get(..borrowed).unwrap_or_default());
        let Some((header, used)) = self.parse_header(&joined)? else {
            self.carry = joined;
            *input = input.get(borrowed..).unwrap_or_default();
            return Ok(false);
        };
        // A tolerant reader may look at bytes that turn out to be payload; those stay in `input` or come back.
        if used >= carried {
            *input = input.get(used - carried..).unwrap_or_default();
            self.apply(&header)?;
            return Ok(true);
        }
        self.apply(&header)?;
        let mut back = joined.get(used..carried).unwrap_or_default();
        self.fill(&mut back);
        // Fewer than 4 bytes of payload were looked at, and the chunk holds at least as many, or they begin the next.
        self.carry.extend_from_slice(back);
        Ok(true)
    }

    /// Parses a header at the front of `bytes`; `None` when it is not all there.
    fn parse_header(&self, bytes: &[u8]) -> Result<Option<(Header, usize)>, ChunkError> {
        let mut reader = Reader::new(bytes);
        let Ok(basic) = BasicHeader::read(&mut reader) else { return Ok(None) };
        let index = self.streams.iter().position(|stream| stream.csid == basic.csid);
        let known = index.and_then(|index| self.streams.get(index));
        // librtmp opens chunk stream 2 with fmt 1, and some cameras a media one: what fmt 1 says is enough.
        let inherits = basic.format >= 2 && known.is_none();
        if inherits && basic.csid != 2 {
            return Err(ChunkError::NothingToInherit(basic.csid));
        }
        let fields = Self::parse_fields(&mut reader, basic, index, known);
        Ok(fields.ok().map(|header| (header, bytes.len() - reader.remaining())))
    }

    fn parse_fields(
        reader: &mut Reader<'_>,
        basic: BasicHeader,
        index: Option<usize>,
        known: Option<&ChunkStream>,
    ) -> Result<Header, Truncated> {
        let fresh = ChunkStream::default();
        let last = known.unwrap_or(&fresh);
        let mut header = Header {
            basic,
            index,
            time: last.delta,
            extended: last.extended,
            length: last.length,
            type_id: last.type_id,
            stream_id: last.stream_id,
        };
        if basic.format == 3 {
            if let Some(expected) = last.extended {
                header.time = Self::parse_repeated(reader, last, expected)?;
            }
            return Ok(header);
        }
        let time = reader.u24()?;
        if basic.format <= 1 {
            header.length = reader.u24()?;
            header.type_id = reader.u8()?;
        }
        if basic.format == 0 {
            header.stream_id = reader.u32_le()?;
        }
        header.extended = if time == EXTENDED { Some(reader.u32()?) } else { None };
        header.time = header.extended.unwrap_or(time);
        Ok(header)
    }

    /// The extended timestamp after a fmt 3 header. Majority and specification repeat it; OBS before 30.1, old
    /// librtmp and some hardware leave it out inside a message. So inside a message it counts as present when it
    /// equals the header's field or the absolute timestamp, else those bytes are payload.
    fn parse_repeated(reader: &mut Reader<'_>, last: &ChunkStream, expected: u32) -> Result<u32, Truncated> {
        let mut ahead = *reader;
        let value = ahead.u32()?;
        if last.partial.is_none() || value == expected || value == last.timestamp {
            *reader = ahead;
        }
        Ok(if last.partial.is_none() { value } else { last.delta })
    }

    /// Makes a parsed header the state of its chunk stream and opens its chunk's payload.
    fn apply(&mut self, header: &Header) -> Result<(), ChunkError> {
        let csid = header.basic.csid;
        let index = match header.index {
            Some(index) => index,
            None if self.streams.len() >= self.limits.chunk_streams_max => {
                return Err(ChunkError::TooManyChunkStreams(self.limits.chunk_streams_max));
            }
            None => {
                self.streams.push(ChunkStream { csid, ..ChunkStream::default() });
                self.streams.len() - 1
            }
        };
        let max = self.limits.message_max;
        if header.length > max {
            return Err(ChunkError::MessageTooLong { length: header.length, max });
        }
        let repeats = self.repeats_timestamp;
        let mut begins = None;
        let Some(stream) = self.streams.get_mut(index) else { return Ok(()) };
        if stream.partial.is_none() {
            let unfinished = self.unfinished + header.length as usize;
            if unfinished > self.limits.unfinished_max {
                return Err(ChunkError::TooMuchUnfinished(self.limits.unfinished_max));
            }
            self.unfinished = unfinished;
            begins = Some(stream.is_spelt_out(header));
            stream.begin(header, repeats, self.shortest);
            let first = if self.trusted { EAGER_MAX } else { CAUTIOUS };
            stream.partial = Some(Vec::with_capacity(first.min(header.length as usize)));
        } else if header.basic.format != 3 {
            return Err(ChunkError::Interrupted(csid));
        }
        let had = stream.partial.as_ref().map_or(0, Vec::len);
        let left = stream.length.saturating_sub(u32::try_from(had).unwrap_or(u32::MAX));
        self.open = Some((index, left.min(self.chunk_size)));
        match begins {
            Some(true) => self.learn(),
            Some(false) if header.basic.format == 3 => {
                self.begun_by_three = self.begun_by_three.saturating_add(1);
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes note of a delta that was written out. Where that makes clear what fmt 3 means, takes back what was added to all
    /// tracks before.
    fn learn(&mut self) {
        self.spelt_out = self.spelt_out.saturating_add(1);
        let enough = self.begun_by_three.saturating_mul(SPELT_OUT_TO_EACH).saturating_add(SPELT_OUT_MIN);
        if self.shortest == Shortest::SameDelta && self.spelt_out >= enough {
            self.shortest = Shortest::SameTime;
            for stream in &mut self.streams {
                stream.timestamp = stream.timestamp.wrapping_sub(std::mem::take(&mut stream.added));
            }
        }
    }

    /// Copies payload of the open chunk from the front of `input` into its message.
    fn fill(&mut self, input: &mut &[u8]) {
        let Some((index, left)) = self.open else { return };
        let Some(partial) = self.streams.get_mut(index).and_then(|stream| stream.partial.as_mut()) else {
            return;
        };
        let (taken, rest) = input.split_at_checked(left as usize).unwrap_or((*input, &[]));
        partial.extend_from_slice(taken);
        *input = rest;
        let left = left.saturating_sub(u32::try_from(taken.len()).unwrap_or(left));
        self.open = Some((index, left));
    }

    /// Fills the open chunk and closes it when complete. The message, when that completed it.
    fn read_payload(&mut self, input: &mut &[u8]) -> Option<RawMessage> {
        self.fill(input);
        let (index, 0) = self.open? else { return None };
        self.open = None;
        let stream = self.streams.get_mut(index)?;
        let partial = stream.partial.take_if(|partial| partial.len() >= stream.length as usize)?;
        self.unfinished -= partial.len();
        Some(stream.message(partial))
    }
}

impl ChunkStream {
    /// Whether fmt 3 would have said all that a fmt 2 header says.
    const fn is_spelt_out(&self, header: &Header) -> bool {
        header.basic.format == 2 && header.time == self.delta && self.delta != 0
    }

    /// Takes over the header of a message's first chunk (RTMP 1.0 §5.3.1.2).
    const fn begin(&mut self, header: &Header, repeats_timestamp: bool, shortest: Shortest) {
        match (header.basic.format, shortest) {
            (0, _) => {
                self.timestamp = header.time;
                self.delta = if repeats_timestamp { header.time } else { 0 };
                self.added = 0;
            }
            (1 | 2, _) => {
                self.timestamp = self.timestamp.wrapping_add(header.time);
                self.delta = header.time;
            }
            // The copy of an extended timestamp is absolute from some senders: only the delta counts.
            (_, Shortest::SameDelta) => {
                self.timestamp = self.timestamp.wrapping_add(self.delta);
                self.added = self.added.wrapping_add(self.delta);
            }
            (_, Shortest::SameTime) => {}
        }
        self.extended = header.extended;
        self.length = header.length;
        self.type_id = header.type_id;
        self.stream_id = header.stream_id;
    }

    fn message(&self, payload: Vec<u8>) -> RawMessage {
        RawMessage {
            csid: self.csid,
            type_id: self.type_id,
            stream_id: self.stream_id,
            timestamp: self.timestamp,
            payload: Bytes::from(payload),
        }
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
