//! Raw messages to meaning: control, commands, data and media, told apart by type and never by chunk stream.

use bytes::{Buf, Bytes};

use super::Error;
use super::chunk::RawMessage;
use super::command::Command;
use crate::format::amf0;
use crate::format::wire::{Reader, Truncated};

/// Message types (RTMP 1.0 §5.4, §7.1).
pub struct MessageType;

impl MessageType {
    pub(super) const SET_CHUNK_SIZE: u8 = 1;
    pub(super) const ABORT: u8 = 2;
    pub(super) const ACKNOWLEDGEMENT: u8 = 3;
    pub(super) const USER_CONTROL: u8 = 4;
    pub(super) const WINDOW_ACK_SIZE: u8 = 5;
    pub(super) const SET_PEER_BANDWIDTH: u8 = 6;
    /// Audio.
    pub const AUDIO: u8 = 8;
    /// Video.
    pub const VIDEO: u8 = 9;
    const DATA_AMF3: u8 = 15;
    const COMMAND_AMF3: u8 = 17;
    /// Data in AMF0.
    pub const DATA: u8 = 18;
    pub(super) const COMMAND: u8 = 20;
    const AGGREGATE: u8 = 22;
}

/// Chunk streams that we send on. Any are legal; these are what the field uses.
pub mod csid {
    /// Protocol control (RTMP 1.0 §5.4).
    pub const CONTROL: u8 = 2;
    /// Commands of the connection.
    pub const COMMAND: u8 = 3;
    /// Audio.
    pub const AUDIO: u8 = 4;
    /// Commands and data of a message stream.
    pub const STREAM: u8 = 5;
    /// Video.
    pub const VIDEO: u8 = 6;
}

/// A user control event (RTMP 1.0 §7.1.7) that means something to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserControl {
    /// Media of a stream begins.
    StreamBegin(u32),
    /// Media of a stream is over.
    StreamEof(u32),
    /// The peer asks for the same number back.
    PingRequest(u32),
    PingResponse(u32),
    /// Everything else, cut short or unknown: ignored.
    Other,
}

impl UserControl {
    fn read(payload: &[u8]) -> Self {
        let mut reader = Reader::new(payload);
        let (Ok(event), Ok(value)) = (reader.u16(), reader.u32()) else { return Self::Other };
        match event {
            0 => Self::StreamBegin(value),
            1 => Self::StreamEof(value),
            6 => Self::PingRequest(value),
            7 => Self::PingResponse(value),
            _ => Self::Other,
        }
    }

    pub(super) fn bytes(self) -> [u8; 6] {
        let (event, value) = match self {
            Self::StreamBegin(stream) => (0, stream),
            Self::StreamEof(stream) => (1, stream),
            Self::PingRequest(time) => (6, time),
            Self::PingResponse(time) => (7, time),
            Self::Other => (0, 0),
        };
        let [a, b, c, d] = u32::to_be_bytes(value);
        [0, event, a, b, c, d]
    }
}

/// What a message means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message {
    SetChunkSize(u32),
    Abort(u32),
    Acknowledgement(u32),
    WindowAckSize(u32),
    SetPeerBandwidth(u32),
    UserControl(UserControl),
    Command(Command),
    /// Audio, video or AMF0 data, by message type.
    Media(u8, Bytes),
    Aggregate(Bytes),
    /// Shared objects and types that nobody defined.
    Ignored,
}

impl Message {
    pub(super) fn read(raw: &RawMessage, limits: &amf0::Limits) -> Result<Self, Error> {
        let payload = &raw.payload;
        let number = || Reader::new(payload).u32();
        Ok(match raw.type_id {
            MessageType::SET_CHUNK_SIZE => Self::SetChunkSize(number()?),
            MessageType::ABORT => Self::Abort(number()?),
            MessageType::ACKNOWLEDGEMENT => Self::Acknowledgement(number()?),
            MessageType::WINDOW_ACK_SIZE => Self::WindowAckSize(number()?),
            MessageType::SET_PEER_BANDWIDTH => Self::SetPeerBandwidth(number()?),
            MessageType::USER_CONTROL => Self::UserControl(UserControl::read(payload)),
            MessageType::COMMAND => Self::Command(Command::read(payload, limits)?),
            // Byte 0 of an AMF3 command selects the format; every sender selects AMF0.
            MessageType::COMMAND_AMF3 => {
                Self::Command(Command::read(payload.get(1..).unwrap_or_default(), limits)?)
            }
            MessageType::DATA_AMF3 if payload.first() == Some(&0) => {
                Self::Media(MessageType::DATA, payload.slice(1..))
            }
            MessageType::DATA_AMF3 => Self::Media(MessageType::DATA, payload.clone()),
            kind @ (MessageType::AUDIO | MessageType::VIDEO | MessageType::DATA) => {
                Self::Media(kind, payload.clone())
            }
            MessageType::AGGREGATE => Self::Aggregate(payload.clone()),
            _ => Self::Ignored,
        })
    }
}

/// The messages inside an aggregate (RTMP 1.0 §7.1.6): FLV tags whose timestamps count from the first one's.
pub(super) struct Aggregate {
    rest: Bytes,
    time: u32,
    first: Option<u32>,
}

impl Aggregate {
    pub(super) const fn new(timestamp: u32, payload: Bytes) -> Self {
        Self { rest: payload, time: timestamp, first: None }
    }

    /// Type, timestamp and body; an error when a size points past the end.
    fn read(&mut self) -> Result<(u8, u32, Bytes), Truncated> {
        let mut reader = Reader::new(&self.rest);
        let kind = reader.u8()? & 0x1F;
        let size = reader.u24()? as usize;
        let low = reader.u24()?;
        let time = u32::from(reader.u8()?) << 24 | low;
        reader.u24()?;
        reader.take(size)?;
        let start = self.rest.len() - reader.remaining() - size;
        let body = self.rest.slice(start..start + size);
        // The last back pointer may be missing.
        self.rest.advance((start + size + 4).min(self.rest.len()));
        let first = *self.first.get_or_insert(time);
        Ok((kind, self.time.wrapping_add(time.wrapping_sub(first)), body))
    }
}

impl Iterator for Aggregate {
    type Item = Result<(u8, u32, Bytes), Truncated>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let item = self.read();
        if item.is_err() {
            self.rest.clear();
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: u8, time: u32, body: &[u8]) -> Vec<u8> {
        let [high, a, b, c] = time.to_be_bytes();
        let [_, x, y, z] = u32::try_from(body.len()).expect("small").to_be_bytes();
        let mut out = vec![kind, x, y, z, a, b, c, high, 0, 0, 0];
        out.extend_from_slice(body);
        out.extend_from_slice(&(11 + u32::try_from(body.len()).expect("small")).to_be_bytes());
        out
    }

    #[test]
    fn an_aggregate_is_split_and_its_times_shift_to_the_message() {
        let mut payload = Vec::new();
        for (kind, time) in [(8, 500), (9, 500), (8, 523), (9, 533), (8, 546)] {
            payload.extend(tag(kind, time, &[kind; 3]));
        }
        payload.truncate(payload.len() - 4);
        let parts = Aggregate::new(9_000, Bytes::from(payload)).collect::<Result<Vec<_>, _>>();
        let parts = parts.expect("the last back pointer may be missing");
        assert_eq!(parts.iter().map(|p| p.1).collect::<Vec<_>>(), [9_000, 9_000, 9_023, 9_033, 9_046]);
        assert_eq!(parts.iter().map(|p| p.0).collect::<Vec<_>>(), [8, 9, 8, 9, 8]);
        assert!(parts.iter().all(|p| p.2.len() == 3));
    }

    #[test]
    fn an_aggregate_whose_size_lies_ends_with_an_error() {
        let mut payload = tag(8, 0, &[1; 3]);
        payload.extend_from_slice(&[9, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1]);
        let parts = Aggregate::new(0, Bytes::from(payload)).collect::<Vec<_>>();
        assert_eq!(parts.len(), 2);
        assert!(parts[0].is_ok() && parts[1].is_err());
    }

    #[test]
    fn unknown_and_cut_user_control_events_are_ignored() {
        for payload in [&[0, 31, 0, 0, 0, 1][..], &[0, 32], &[0, 40, 0, 0, 0, 0], &[0], &[], &[0, 6, 0]] {
            assert_eq!(UserControl::read(payload), UserControl::Other);
        }
        assert_eq!(UserControl::read(&[0, 6, 0, 0, 1, 2]), UserControl::PingRequest(258));
    }
}
