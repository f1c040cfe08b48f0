//! RTMP's wire form, as much as a measuring peer needs: chunk reader and writer, and a little AMF0.
//!
//! The reader keeps only the head of each media message, so that a receiver of hundreds of streams costs the machine
//! little. It is the bench's own on purpose: the thing measured must not measure itself.

use anyhow::{Result, bail, ensure};

/// What chunk headers say of a message.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head {
    /// Message type.
    pub(crate) kind: u8,
    /// Milliseconds.
    pub(crate) timestamp: u32,
    /// Payload bytes.
    pub(crate) len: usize,
}

/// Largest message a peer may announce, in bytes.
const LEN_MAX: usize = 16 << 20;
/// How much of a command or control message is kept, in bytes.
const CONTROL_KEEP: usize = 8 << 10;
/// Longest chunk header: basic 3, message 11, extended timestamp 4.
const HEADER_MAX: usize = 18;

#[derive(Default)]
struct Channel {
    head: Head,
    delta: u32,
    extended: bool,
    received: usize,
    kept: Vec<u8>,
}

/// Splits a byte stream into messages.
pub(crate) struct Reader {
    chunk_size: usize,
    media_keep: usize,
    channels: Vec<Channel>,
    /// The start of a chunk header whose rest has not come yet.
    partial: Vec<u8>,
    /// The chunk being read: its channel and the bytes it still lacks.
    open: Option<(usize, usize)>,
}

impl Reader {
    /// A reader that keeps the first `media_keep` bytes of audio and video messages.
    pub(crate) fn new(media_keep: usize) -> Self {
        let mut channels = Vec::new();
        channels.resize_with(64, Channel::default);
        Self { chunk_size: 128, media_keep, channels, partial: Vec::with_capacity(HEADER_MAX), open: None }
    }

    /// Takes what came and calls `on` for each message that it completes, with the payload that was kept.
    pub(crate) fn feed(
        &mut self,
        mut data: &[u8],
        mut on: impl FnMut(Head, &[u8]) -> Result<()>,
    ) -> Result<()> {
        loop {
            if let Some((index, left)) = self.open {
                let take = left.min(data.len());
                let (body, rest) = data.split_at(take);
                data = rest;
                self.open = (take < left).then_some((index, left - take));
                self.body(index, body, &mut on)?;
                if self.open.is_some() {
                    return Ok(());
                }
            } else if data.is_empty() {
                return Ok(());
            } else if self.partial.is_empty() {
                match self.header(data)? {
                    Some(used) => data = data.get(used..).unwrap_or_default(),
                    None => {
                        self.partial.extend_from_slice(data);
                        return Ok(());
                    }
                }
            } else if let Some((&byte, rest)) = data.split_first() {
                data = rest;
                let mut partial = std::mem::take(&mut self.partial);
                partial.push(byte);
                if self.header(&partial)?.is_some() {
                    partial.clear();
                }
                self.partial = partial;
            }
        }
    }

    fn body(
        &mut self,
        index: usize,
        body: &[u8],
        on: &mut impl FnMut(Head, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let keep = self.media_keep;
        let Some(channel) = self.channels.get_mut(index) else { bail!("chunk stream id {index}") };
        let keep = if matches!(channel.head.kind, 8 | 9) { keep } else { CONTROL_KEEP };
        let room = keep.saturating_sub(channel.kept.len()).min(body.len());
        channel.kept.extend_from_slice(body.get(..room).unwrap_or_default());
        channel.received += body.len();
        if channel.received < channel.head.len {
            return Ok(());
        }
        channel.received = 0;
        if channel.head.kind == 1 {
            let size = channel.kept.first_chunk().map_or(0, |b| u32::from_be_bytes(*b) & 0x7fff_ffff);
            ensure!(size > 0, "a chunk size of 0");
            self.chunk_size = size as usize;
        }
        let done = on(channel.head, &channel.kept);
        channel.kept.clear();
        done
    }

    /// Reads one chunk header; `None` where bytes are missing, else how many it took.
    fn header(&mut self, data: &[u8]) -> Result<Option<usize>> {
        let Some((&first, _)) = data.split_first() else { return Ok(None) };
        let index = usize::from(first & 0x3f);
        ensure!(index >= 2, "chunk stream ids above 63 are beyond this reader");
        let format = first >> 6;
        let mut used = 1 + match format {
            0 => 11,
            1 => 7,
            2 => 3,
            _ => 0,
        };
        let Some(fields) = data.get(1..used) else { return Ok(None) };
        let Some(channel) = self.channels.get_mut(index) else { bail!("chunk stream id {index}") };
        let short = if let Some(time) = fields.get(..3) { u24(time) } else { 0 };
        let extended = if format == 3 { channel.extended } else { short == 0xff_ffff };
        let mut time = short;
        if extended {
            let Some(bytes) = data.get(used..used + 4) else { return Ok(None) };
            time = bytes.iter().fold(0, |sum, &b| sum << 8 | u32::from(b));
            used += 4;
        }
        channel.extended = extended;
        if let Some(len) = fields.get(3..6) {
            channel.head.len = u24(len) as usize;
            channel.head.kind = fields.get(6).copied().unwrap_or(0);
            ensure!(channel.head.len <= LEN_MAX, "a message of {} bytes", channel.head.len);
        }
        if channel.received == 0 {
            match format {
                0 => (channel.head.timestamp, channel.delta) = (time, time),
                1 | 2 => channel.delta = time,
                _ => {}
            }
            if format != 0 {
                channel.head.timestamp = channel.head.timestamp.wrapping_add(channel.delta);
            }
        }
        let left = channel.head.len.saturating_sub(channel.received).min(self.chunk_size);
        self.open = Some((index, left));
        Ok(Some(used))
    }
}

fn u24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, &b| sum << 8 | u32::from(b))
}

/// Writes one message with a full header, cut into chunks of `chunk_size`.
pub(crate) fn write(
    out: &mut Vec<u8>,
    csid: u8,
    msid: u32,
    head: (u8, u32),
    payload: &[u8],
    chunk_size: usize,
) {
    let (kind, timestamp) = head;
    let be24 = |n: u32| [(n >> 16) as u8, (n >> 8) as u8, n as u8];
    out.push(csid);
    out.extend_from_slice(&be24(timestamp.min(0xff_fffe)));
    out.extend_from_slice(&be24(payload.len() as u32));
    out.push(kind);
    out.extend_from_slice(&msid.to_le_bytes());
    for (index, chunk) in payload.chunks(chunk_size).enumerate() {
        if index > 0 {
            out.push(0xc0 | csid);
        }
        out.extend_from_slice(chunk);
    }
}

/// An AMF0 value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Type 0.
    Number(f64),
    /// Type 2.
    Text(String),
    /// Type 3.
    Object(Vec<(String, Self)>),
    /// Type 5, and 6.
    Null,
}

/// Encodes values one after another.
pub(crate) fn encode(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|value| value.write(&mut out));
    out
}

impl Value {
    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn write(&self, out: &mut Vec<u8>) {
        let name = |out: &mut Vec<u8>, text: &str| {
            out.extend_from_slice(&(text.len() as u16).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        };
        match self {
            Self::Number(number) => {
                out.push(0);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Text(text) => {
                out.push(2);
                name(out, text);
            }
            Self::Object(fields) => {
                out.push(3);
                for (key, value) in fields {
                    name(out, key);
                    value.write(out);
                }
                out.extend_from_slice(&[0, 0, 9]);
            }
            Self::Null => out.push(5),
        }
    }

    /// Reads the values of a command message; stops quietly at what it does not know.
    pub(crate) fn read_all(mut data: &[u8]) -> Vec<Self> {
        let mut values = Vec::new();
        while let Some(value) = Self::read(&mut data, 4) {
            values.push(value);
        }
        values
    }

    fn read(data: &mut &[u8], depth: u8) -> Option<Self> {
        let take = |data: &mut &[u8], n: usize| data.split_off(..n).map(<[u8]>::to_vec);
        let name = |data: &mut &[u8]| {
            let len = u16::from_be_bytes(*data.split_off(..2)?.first_chunk()?);
            take(data, len.into()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        match *data.split_off_first()? {
            0 => Some(Self::Number(f64::from_be_bytes(*take(data, 8)?.first_chunk()?))),
            1 => Some(Self::Number(f64::from(*data.split_off_first()?))),
            2 => Some(Self::Text(name(data)?)),
            kind @ (3 | 8) if depth > 0 => {
                if kind == 8 {
                    take(data, 4)?;
                }
                let mut fields = Vec::new();
                loop {
                    let key = name(data)?;
                    if key.is_empty() && data.first() == Some(&9) {
                        *data = data.get(1..)?;
                        return Some(Self::Object(fields));
                    }
                    fields.push((key, Self::read(data, depth - 1)?));
                }
            }
            5 | 6 => Some(Self::Null),
            _ => None,
        }
    }

    /// The text of a text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A text field of an object.
    pub(crate) fn field(&self, key: &str) -> Option<&str> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_text())
    }
}
