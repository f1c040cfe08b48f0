//! An encoder of a few lines: publishes the tags of an FLV file as they are, and among them what no encoder that is at
//! hand sends.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{GUARD, SERVER_HANDSHAKE, hello, until};

/// Message types of RTMP, which are tag types of FLV.
pub(crate) const VIDEO: u8 = 9;
pub(crate) const DATA: u8 = 18;
const SET_CHUNK_SIZE: u8 = 1;
const COMMAND: u8 = 20;

/// No message of a test is larger, so that each is one chunk.
const CHUNK_SIZE: u32 = 1 << 20;

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) kind: u8,
    pub(crate) millis: u32,
    pub(crate) body: Vec<u8>,
}

/// The tags of an FLV file.
pub(crate) fn tags(file: &Path) -> Vec<Tag> {
    let bytes = std::fs::read(file).expect("the file is there");
    let mut rest = &bytes[13..]; // the file's header and the first back pointer
    let mut tags = Vec::new();
    while rest.len() > 11 {
        let size = u32::from_be_bytes([0, rest[1], rest[2], rest[3]]) as usize;
        let millis = u32::from_be_bytes([rest[7], rest[4], rest[5], rest[6]]);
        tags.push(Tag { kind: rest[0], millis, body: rest[11..11 + size].to_vec() });
        rest = &rest[11 + size + 4..];
    }
    tags
}

/// A value of AMF0.
pub(crate) enum Amf<'a> {
    Null,
    Number(f64),
    Text(&'a str),
    Object(&'a [(&'a str, Self)]),
}

impl Amf<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let name = |name: &str, out: &mut Vec<u8>| {
            out.extend(u16::try_from(name.len()).expect("short").to_be_bytes());
            out.extend(name.as_bytes());
        };
        match self {
            Self::Null => out.push(5),
            Self::Number(number) => {
                out.push(0);
                out.extend(number.to_be_bytes());
            }
            Self::Text(text) => {
                out.push(2);
                name(text, out);
            }
            Self::Object(properties) => {
                out.push(3);
                for (key, value) in *properties {
                    name(key, out);
                    value.write(out);
                }
                out.extend([0, 0, 9]);
            }
        }
    }
}

/// Values behind each other, as commands and data messages have them.
pub(crate) fn amf(values: &[Amf<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|value| value.write(&mut out));
    out
}

/// A publisher whose publish was granted.
pub(crate) struct Raw {
    socket: TcpStream,
}

impl Raw {
    /// Connects, and publishes under `key` in the app `live`.
    pub(crate) fn publish(server: SocketAddr, key: &str) -> Self {
        let mut socket = TcpStream::connect(server).expect("the server listens");
        socket.set_read_timeout(Some(GUARD)).expect("a timeout");
        socket.write_all(&hello()).expect("it reads");
        let mut answer = vec![0; SERVER_HANDSHAKE];
        socket.read_exact(&mut answer).expect("it answers");
        socket.write_all(&answer[1..1_537]).expect("it reads");
        let mut raw = Self { socket };
        raw.send(SET_CHUNK_SIZE, 0, 0, &CHUNK_SIZE.to_be_bytes());
        let url = format!("rtmp://{server}/live");
        let about = [("app", Amf::Text("live")), ("tcUrl", Amf::Text(&url))];
        raw.send(COMMAND, 0, 0, &amf(&[Amf::Text("connect"), Amf::Number(1.0), Amf::Object(&about)]));
        raw.send(COMMAND, 0, 0, &amf(&[Amf::Text("createStream"), Amf::Number(2.0), Amf::Null]));
        let publish = [Amf::Text("publish"), Amf::Number(3.0), Amf::Null, Amf::Text(key), Amf::Text("live")];
        raw.send(COMMAND, 0, 1, &amf(&publish));
        let mut said = Vec::new();
        let mut piece = [0; 4_096];
        until("the publish to be granted", || {
            let read = raw.socket.read(&mut piece).expect("it answers");
            assert!(read > 0, "the server closed: {}", String::from_utf8_lossy(&said));
            said.extend(&piece[..read]);
            String::from_utf8_lossy(&said).contains("NetStream.Publish.Start")
        });
        let mut answers = raw.socket.try_clone().expect("a socket can be shared");
        std::thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()));
        raw
    }

    /// One message as one chunk with a full header.
    fn send(&mut self, kind: u8, millis: u32, stream: u32, body: &[u8]) {
        let size = u32::try_from(body.len()).expect("small");
        assert!(size < CHUNK_SIZE && millis < 0xff_ffff);
        let chunk_stream = if kind == SET_CHUNK_SIZE { 2 } else { 4 };
        let mut chunk = vec![chunk_stream];
        chunk.extend(&millis.to_be_bytes()[1..]);
        chunk.extend(&size.to_be_bytes()[1..]);
        chunk.push(kind);
        chunk.extend(stream.to_le_bytes());
        chunk.extend(body);
        self.socket.write_all(&chunk).expect("the server reads");
    }

    /// Sends tags at the pace of their times, and says that the show is over.
    pub(crate) fn send_all(mut self, tags: &[Tag]) {
        let began = Instant::now();
        for tag in tags {
            let due = Duration::from_millis(tag.millis.into());
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            self.send(tag.kind, tag.millis, 1, &tag.body);
        }
        let over = [Amf::Text("deleteStream"), Amf::Number(4.0), Amf::Null, Amf::Number(1.0)];
        self.send(COMMAND, 0, 0, &amf(&over));
        self.socket.shutdown(Shutdown::Write).ok(); // the server may have closed first
    }
}
