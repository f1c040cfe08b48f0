//! What both ends of a connection share: handshake, chunks both ways, control messages, acknowledgements, output.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Error;
use super::chunk::{ChunkLimits, ChunkReader, DEFAULT_CHUNK_SIZE, MessageHeader, RawMessage, write_message};
use super::command::Command;
use super::handshake::Handshake;
use super::message::{Aggregate, Message, MessageType, UserControl, csid};
use crate::format::amf0;

/// The acknowledgement window that we announce, and assume until a peer announces one. Bytes.
pub const WINDOW_ACK_SIZE: u32 = 2_500_000;
/// Where the count of received bytes starts again, so that it never wraps: FMLE and hardware encoders stop at the wrap.
const RECEIVED_RESTART: u32 = 0xF000_0000;
/// The smallest acknowledgement window that is honoured, so that a peer cannot make us answer every byte.
const WINDOW_ACK_MIN: u32 = 4_096;

/// How much a peer may make us hold. Every bound counts before memory is taken.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one message once publishing is granted.
    pub message_max: u32,
    /// Chunk streams of one connection.
    pub chunk_streams_max: usize,
    /// Nesting of AMF values.
    pub amf_depth_max: usize,
    /// Bytes that a connection may send before publish or play is granted, in all and in one message.
    pub preauth_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_max: 16 << 20, chunk_streams_max: 64, amf_depth_max: 16, preauth_bytes_max: 256 << 10 }
    }
}

impl Limits {
    fn preauth(&self) -> ChunkLimits {
        let bytes = u32::try_from(self.preauth_bytes_max).unwrap_or(u32::MAX).min(self.message_max);
        ChunkLimits {
            message_max: bytes,
            chunk_streams_max: self.chunk_streams_max,
            unfinished_max: bytes as usize,
        }
    }

    const fn granted(&self) -> ChunkLimits {
        ChunkLimits {
            message_max: self.message_max,
            chunk_streams_max: self.chunk_streams_max,
            // One message being joined on each of a video and an audio chunk stream.
            unfinished_max: self.message_max as usize * 2,
        }
    }
}

/// What a link hands to its machine.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A command, and the message stream it came on.
    Command(u32, Command),
    /// Audio, video or data: type, timestamp, body.
    Media(u8, u32, Bytes),
    /// The peer changed its chunk size, window or the like, or sent nothing of interest.
    Nothing,
}

/// One connection's transport layer, without the transport.
#[derive(Debug)]
pub(super) struct Link {
    handshake: Option<Box<Handshake>>,
    reader: ChunkReader,
    limits: Limits,
    amf: amf0::Limits,
    granted: bool,
    /// Parts of an aggregate that wait to be handed out.
    split: VecDeque<(u8, u32, Bytes)>,
    out: Vec<u8>,
    out_chunk_size: u32,
    received: u32,
    received_in_all: u64,
    acknowledged: u32,
    window: u32,
}

impl Link {
    pub(super) fn server(limits: Limits, seed: u64) -> Self {
        Self::new(limits, Handshake::server(seed), Vec::new())
    }

    pub(super) fn client(limits: Limits, seed: u64) -> Self {
        let mut out = Vec::new();
        let handshake = Handshake::client(seed, &mut out);
        Self::new(limits, handshake, out)
    }

    fn new(limits: Limits, handshake: Handshake, out: Vec<u8>) -> Self {
        Self {
            handshake: Some(Box::new(handshake)),
            reader: ChunkReader::new(limits.preauth()),
            limits,
            amf: amf0::Limits { depth: limits.amf_depth_max, ..amf0::Limits::default() },
            granted: false,
            split: VecDeque::new(),
            out,
            out_chunk_size: DEFAULT_CHUNK_SIZE,
            received: 0,
            received_in_all: 0,
            acknowledged: 0,
            window: WINDOW_ACK_SIZE,
        }
    }

    /// Whether chunks are exchanged yet.
    pub(super) const fn is_shaken(&self) -> bool {
        self.handshake.is_none()
    }

    /// The larger bounds hold from here on.
    pub(super) const fn grant(&mut self) {
        self.granted = true;
        self.reader.trust(self.limits.granted());
    }

    pub(super) const fn set_repeats_timestamp(&mut self) {
        self.reader.set_repeats_timestamp();
    }

    /// Takes bytes from the front of `input` until something came of them or they are used up.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, Error> {
        if let Some((kind, time, body)) = self.split.pop_front() {
            return Ok(Some(Incoming::Media(kind, time, body)));
        }
        if let Some(handshake) = &mut self.handshake {
            handshake.input(input, &mut self.out)?;
            if !handshake.is_done() {
                return Ok(None);
            }
            self.handshake = None;
        }
        let before = input.len();
        let raw = self.reader.read(input);
        self.count(before - input.len())?;
        raw?.map(|raw| self.dispatch(&raw)).transpose()
    }

    /// Counts received bytes and acknowledges every half window (RTMP 1.0 §5.4.3).
    fn count(&mut self, bytes: usize) -> Result<(), Error> {
        self.received_in_all += bytes as u64;
        if !self.granted && self.received_in_all > self.limits.preauth_bytes_max {
            return Err(Error::TooMuchBeforeGrant(self.limits.preauth_bytes_max));
        }
        self.received = self.received.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.received >= RECEIVED_RESTART {
            self.received -= RECEIVED_RESTART;
            self.acknowledged = 0;
        }
        if self.received.saturating_sub(self.acknowledged) >= self.window / 2 {
            self.acknowledged = self.received;
            self.send_control(MessageType::ACKNOWLEDGEMENT, &self.received.to_be_bytes());
        }
        Ok(())
    }

    fn dispatch(&mut self, raw: &RawMessage) -> Result<Incoming, Error> {
        match Message::read(raw, &self.amf)? {
            Message::SetChunkSize(size) => self.reader.set_chunk_size(size)?,
            Message::Abort(csid) => self.reader.abort(csid),
            Message::WindowAckSize(size) => self.window = size.max(WINDOW_ACK_MIN),
            Message::UserControl(UserControl::PingRequest(time)) => {
                self.send_user_control(UserControl::PingResponse(time));
            }
            Message::Command(command) => return Ok(Incoming::Command(raw.stream_id, command)),
            Message::Media(kind, body) => return Ok(Incoming::Media(kind, raw.timestamp, body)),
            Message::Aggregate(body) => {
                for part in Aggregate::new(raw.timestamp, body) {
                    self.split.push_back(part?);
                }
            }
            // What we send is never gated on what the peer acknowledges: some services count wrongly.
            Message::Acknowledgement(_)
            | Message::SetPeerBandwidth(_)
            | Message::UserControl(_)
            | Message::Ignored => {}
        }
        Ok(Incoming::Nothing)
    }

    fn send(&mut self, csid: u8, type_id: u8, stream_id: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let header = MessageHeader { csid, timestamp: 0, length, type_id, stream_id };
        write_message(&mut self.out, self.out_chunk_size, header, payload);
    }

    fn send_control(&mut self, type_id: u8, payload: &[u8]) {
        self.send(csid::CONTROL, type_id, 0, payload);
    }

    pub(super) fn send_user_control(&mut self, event: UserControl) {
        self.send_control(MessageType::USER_CONTROL, &event.bytes());
    }

    pub(super) fn send_window_ack_size(&mut self) {
        self.send_control(MessageType::WINDOW_ACK_SIZE, &WINDOW_ACK_SIZE.to_be_bytes());
    }

    pub(super) fn send_peer_bandwidth(&mut self) {
        /// The peer may use any limit it likes (RTMP 1.0 §5.4.5).
        const DYNAMIC: u8 = 2;
        let [a, b, c, d] = WINDOW_ACK_SIZE.to_be_bytes();
        self.send_control(MessageType::SET_PEER_BANDWIDTH, &[a, b, c, d, DYNAMIC]);
    }

    /// Announces a chunk size and uses it from the next message on.
    pub(super) fn send_chunk_size(&mut self, size: u32) {
        self.send_control(MessageType::SET_CHUNK_SIZE, &size.to_be_bytes());
        self.out_chunk_size = size;
    }

    pub(super) fn send_command(&mut self, csid: u8, stream_id: u32, command: &Command) {
        self.send(csid, MessageType::COMMAND, stream_id, &command.bytes());
    }

    pub(super) fn send_data(&mut self, stream_id: u32, payload: &[u8]) {
        self.send(csid::STREAM, MessageType::DATA, stream_id, payload);
    }

    /// Everything that waits to be sent, at a message's border.
    pub(super) fn take_output(&mut self) -> Option<Bytes> {
        (!self.out.is_empty()).then(|| Bytes::from(std::mem::take(&mut self.out)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaken() -> Link {
        let mut link = Link::server(Limits { preauth_bytes_max: u64::MAX, ..Limits::default() }, 1);
        link.handshake = None;
        link
    }

    fn acknowledgements(link: &mut Link) -> Vec<u32> {
        let out = link.take_output().unwrap_or_default();
        out.chunks(16).map(|m| u32::from_be_bytes(m[12..16].try_into().expect("4 bytes"))).collect()
    }

    #[test]
    fn received_bytes_are_acknowledged_every_half_window_by_their_running_total() {
        let mut link = shaken();
        link.window = 10_000;
        for _ in 0..10 {
            link.count(1_700).expect("no bound here");
        }
        assert_eq!(acknowledgements(&mut link), [5_100, 10_200, 15_300]);
    }

    #[test]
    fn four_gigabytes_never_wrap_the_acknowledged_total() {
        let mut link = shaken();
        let mut last = 0;
        let mut restarts = 0;
        for _ in 0..6_000 {
            link.count(1 << 20).expect("no bound here");
            for total in acknowledgements(&mut link) {
                assert!(total < RECEIVED_RESTART);
                restarts += u32::from(total < last);
                last = total;
            }
        }
        assert_eq!(restarts, 1, "6 GiB pass the restart once");
    }

    #[test]
    fn a_tiny_window_cannot_make_us_answer_every_byte() {
        let mut link = shaken();
        let raw = RawMessage {
            csid: 2,
            type_id: MessageType::WINDOW_ACK_SIZE,
            stream_id: 0,
            timestamp: 0,
            payload: Bytes::from_static(&[0, 0, 0, 1]),
        };
        link.dispatch(&raw).expect("legal");
        link.count(2_000).expect("no bound here");
        assert!(acknowledgements(&mut link).is_empty());
    }

    #[test]
    fn a_ping_is_answered_with_its_own_number_on_any_chunk_stream() {
        let mut link = shaken();
        let payload = Bytes::copy_from_slice(&UserControl::PingRequest(99).bytes());
        let raw =
            RawMessage { csid: 5, type_id: MessageType::USER_CONTROL, stream_id: 1, timestamp: 7, payload };
        link.dispatch(&raw).expect("legal");
        assert_eq!(link.take_output().expect("an answer")[12..], UserControl::PingResponse(99).bytes());
    }
}
