//! The chunk stream (RTMP 1.0 §5.3): bytes to raw messages, and messages to bytes.

mod header;
mod reader;
mod writer;

pub use header::{HEADER_LEN_MAX, MessageHeader};
pub use reader::{ChunkError, ChunkReader, RawMessage};
pub use writer::SharedMessage;

pub(super) use reader::ChunkLimits;
pub(super) use writer::write_message;

/// The chunk size of both directions until a Set Chunk Size (RTMP 1.0 §5.3.1).
pub(super) const DEFAULT_CHUNK_SIZE: u32 = 128;

/// A 24-bit timestamp field with this value says that 32 bits follow (RTMP 1.0 §5.3.1.3).
const EXTENDED: u32 = 0x00FF_FFFF;
