//! RTMP without sockets: bytes and `now` in, events and bytes out.
//!
//! In the order of the stack: `handshake`, `chunk` (bytes to raw messages), `message` and `command` (raw messages
//! to meaning), `link` (what both ends share), `authmod` (who a publisher is), then the two machines, [`Server`] and [`Client`].
//!
//! **Invariant:** no clock, no tokio, no socket. Every bound on a peer's bytes is in [`Limits`] or a constant beside
//! its use, and holds before memory is taken.

mod authmod;
mod capabilities;
mod chunk;
mod client;
mod command;
mod error;
mod handshake;
mod link;
mod message;
mod name;
mod refusal;
mod server;
mod url;

pub use authmod::{PublishAuth, Unauthenticated};
pub use capabilities::Capabilities;
pub use chunk::{ChunkError, ChunkReader, HEADER_LEN_MAX, MessageHeader, RawMessage, SharedMessage};
pub use client::{Client, ClientConfig, ClientEvent, Refusal, Stage};
pub use error::{Error, TimedOut};
pub use handshake::{Handshake, HandshakeError};
pub use link::{Limits, WINDOW_ACK_SIZE};
pub use message::{MessageType, csid};
pub use name::StreamName;
pub use refusal::{PlayRefusal, PublishRefusal};
pub use server::{Media, PlayRequest, PublishRequest, Server, ServerConfig, ServerEvent};
pub use url::{InvalidUrl, RtmpUrl};

/// The chunk reader on any bytes, for fuzzing.
#[cfg(any(fuzzing, test))]
pub fn fuzz_chunks(data: &[u8]) {
    let limits = chunk::ChunkLimits { message_max: 1 << 20, chunk_streams_max: 64, unfinished_max: 2 << 20 };
    let mut reader = ChunkReader::new(limits);
    let Some((&cut, mut rest)) = data.split_first() else { return };
    while !rest.is_empty() {
        let (mut piece, more) = rest.split_at((usize::from(cut) + 1).min(rest.len()));
        loop {
            match reader.read(&mut piece) {
                Ok(Some(message)) if message.type_id == 1 && message.payload.len() == 4 => {
                    let size = message.payload.iter().fold(0, |size, byte| size << 8 | u32::from(*byte));
                    reader.set_chunk_size(size).ok();
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        rest = more;
    }
}

/// One message of any type, for fuzzing.
#[cfg(any(fuzzing, test))]
pub fn fuzz_message(data: &[u8]) {
    let Some((&type_id, body)) = data.split_first() else { return };
    let payload = bytes::Bytes::copy_from_slice(body);
    let raw = RawMessage { csid: 3, type_id, stream_id: 1, timestamp: 0, payload };
    if let Ok(message::Message::Aggregate(body)) =
        message::Message::read(&raw, &crate::format::amf0::Limits::default())
    {
        message::Aggregate::new(0, body).for_each(drop);
    }
}
