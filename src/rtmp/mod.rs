//! RTMP without sockets: bytes and `now` in, events and bytes out.
//!
//! In the order of the stack: `handshake`, `chunk` (bytes to raw messages), `message` and `command` (raw messages
//! to meaning), `link` (what both ends share), then the two machines, [`Server`] and [`Client`].
//!
//! **Invariant:** no clock, no tokio, no socket. Every bound on a peer's bytes is in [`Limits`] or a constant beside
//! its use, and holds before memory is taken.

mod chunk;
mod client;
mod command;
mod error;
mod handshake;
mod link;
mod message;
mod name;
mod server;
mod url;

pub use chunk::{ChunkError, ChunkReader, HEADER_LEN_MAX, MessageHeader, RawMessage, SharedMessage};
pub use client::{Client, ClientConfig, ClientEvent, Refusal, Stage};
pub use error::Error;
pub use handshake::{Handshake, HandshakeError};
pub use link::{Limits, WINDOW_ACK_SIZE};
pub use message::{MessageType, csid};
pub use name::StreamName;
pub use server::{
    Media, PlayRequest, PublishRefusal, PublishRequest, Server, ServerConfig, ServerEvent, TimedOut,
};
pub use url::{InvalidUrl, RtmpUrl};
