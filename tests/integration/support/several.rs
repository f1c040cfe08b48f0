//! An encoder of several tracks over Enhanced RTMP, which no program here is: its frames are those of clips, its messages
//! as OBS and FFmpeg 9 send them (the default track plain, the others wrapped one by one).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::packets::Kind;
use super::scratch::Scratch;
use super::{SERVER_HANDSHAKE, hello};

/// Larger than any message, so that each is one chunk.
const CHUNK_SIZE: u32 = 0x00ff_ffff;
const AUDIO: u8 = 8;
const VIDEO: u8 = 9;

/// A frame of AC-3 of 192 kbit/s at 48 kHz.
const AC3_BYTES: usize = 768;
const AC3_MILLIS: usize = 32;

/// A message of media.
#[derive(Debug, Clone)]
struct Message {
    millis: u32,
    kind: u8,
    body: Vec<u8>,
}

impl Message {
    /// Whether it is a sequence header; plain or wrapped, its second byte says so.
    fn is_header(&self) -> bool {
        self.body.get(1) == Some(&0)
    }
}

/// What an encoder sends, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Show {
    messages: Vec<Message>,
}

impl Show {
    /// The tracks of a kind of FLV files, each with the number that it gets; in each file the default track.
    pub(crate) fn of(tracks: &[(Kind, u8, &Path)]) -> Self {
        let mut messages: Vec<Message> = Vec::new();
        for (kind, index, file) in tracks {
            let wanted = if *kind == Kind::Video { VIDEO } else { AUDIO };
            let own = Self::recorded(file).messages.into_iter().filter(|message| message.kind == wanted);
            messages.extend(own.filter_map(|message| wrapped(message, *index)));
        }
        // Headers first, as encoders send them; the order of tracks stays where times are equal.
        messages.sort_by_key(|message| (!message.is_header(), message.millis));
        Self { messages }
    }

    /// The pictures of a clip with AC-3 beside them, as Enhanced RTMP carries it.
    pub(crate) fn with_ac3(clip: &Path, seconds: u32) -> Self {
        let scratch = Scratch::new("ac3");
        let file = scratch.join("sound.ac3");
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.1:seed=7"]);
        command.args(["-t", &seconds.to_string(), "-c:a", "ac3", "-b:a", "192k", "-ac", "2"]);
        assert!(command.arg(&file).status().expect("ffmpeg runs").success());
        let mut show = Self::of(&[(Kind::Video, 0, clip)]);
        let sound = std::fs::read(&file).expect("ffmpeg wrote it");
        for (millis, frame) in (0..).step_by(AC3_MILLIS).zip(sound.chunks(AC3_BYTES)) {
            let body = [&[0x91], b"ac-3".as_slice(), frame].concat();
            show.messages.push(Message { millis, kind: AUDIO, body });
        }
        show.messages.sort_by_key(|message| (!message.is_header(), message.millis));
        show
    }

    /// The audio and video messages of an FLV file as they are.
    pub(crate) fn recorded(file: &Path) -> Self {
        let bytes = std::fs::read(file).expect("an FLV file");
        let mut messages = Vec::new();
        let mut rest = &bytes[13..];
        while let [kind, s2, s1, s0, t2, t1, t0, t3, _, _, _, after @ ..] = rest {
            let size = u32::from_be_bytes([0, *s2, *s1, *s0]) as usize;
            let Some(body) = after.get(..size) else { break };
            if [AUDIO, VIDEO].contains(kind) {
                let millis = u32::from_be_bytes([*t3, *t2, *t1, *t0]);
                messages.push(Message { millis, kind: *kind, body: body.to_vec() });
            }
            rest = after.get(size + 4..).unwrap_or_default();
        }
        Self { messages }
    }

    /// The same without the frames of a wrapped track of pictures in these milliseconds.
    pub(crate) fn without_pictures(mut self, index: u8, missing: std::ops::Range<u32>) -> Self {
        self.messages.retain(|message| {
            let of_track = message.kind == VIDEO
                && message.body.first().is_some_and(|first| first & 0x8F == 0x86)
                && message.body.get(6) == Some(&index);
            !of_track || message.is_header() || !missing.contains(&message.millis)
        });
        self
    }

    /// Sends it at the pace of a camera, says goodbye, and ends.
    pub(crate) fn publish(self, server: SocketAddr, key: &str) -> JoinHandle<()> {
        let key = key.to_owned();
        thread::spawn(move || {
            let mut socket = connected(server, &key);
            let began = Instant::now();
            for message in &self.messages {
                let due = began + Duration::from_millis(u64::from(message.millis));
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let sent = socket.write_all(&chunk(message.kind, message.millis, 1, &message.body));
                if sent.is_err() {
                    return; // the engine was ended first
                }
            }
            let mut over = Vec::new();
            put_text(&mut over, "FCUnpublish");
            put_number(&mut over, 4.0);
            over.push(5);
            put_text(&mut over, &key);
            socket.write_all(&chunk(20, 0, 0, &over)).ok();
            thread::sleep(Duration::from_millis(300));
            socket.shutdown(Shutdown::Both).ok();
        })
    }
}

/// A message of legacy FLV as one of a numbered track. `None` for the mark of an end, which is not numbered.
fn wrapped(message: Message, index: u8) -> Option<Message> {
    let Message { millis, kind, body } = message;
    let (first, packet, data) = match (kind, body.as_slice()) {
        (_, [_, 2, ..]) => return None,
        _ if index == 0 => return Some(Message { millis, kind, body }),
        (VIDEO, [first, 0, _, _, _, data @ ..]) => (0x80 | first & 0x70 | 6, 0, data),
        (VIDEO, [first, packet, data @ ..]) => (0x80 | first & 0x70 | 6, *packet, data),
        (_, [_, packet, data @ ..]) => (0x95, *packet, data),
        _ => return None,
    };
    let codec = if kind == VIDEO { b"avc1" } else { b"mp4a" };
    let body = [&[first, packet], codec.as_slice(), &[index], data].concat();
    Some(Message { millis, kind, body })
}

/// A connection on which media may be sent. What the server answers is read and dropped, on a thread of its own.
fn connected(server: SocketAddr, key: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server).expect("the server listens");
    socket.write_all(&hello()).expect("C0 and C1");
    let mut shaken = vec![0; SERVER_HANDSHAKE];
    socket.read_exact(&mut shaken).expect("S0, S1 and S2");
    let mut answers = socket.try_clone().expect("a socket can be shared");
    thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()).ok());
    let mut out = shaken[1..1_537].to_vec();
    out.extend(chunk(1, 0, 0, &CHUNK_SIZE.to_be_bytes()));
    let mut connect = Vec::new();
    put_text(&mut connect, "connect");
    put_number(&mut connect, 1.0);
    connect.push(3);
    for (name, value) in [("app", "live".to_owned()), ("tcUrl", format!("rtmp://{server}/live"))] {
        connect.extend(u16::try_from(name.len()).expect("short").to_be_bytes());
        connect.extend(name.as_bytes());
        put_text(&mut connect, &value);
    }
    connect.extend([0, 0, 9]);
    let mut create = Vec::new();
    put_text(&mut create, "createStream");
    put_number(&mut create, 2.0);
    create.push(5);
    let mut publish = Vec::new();
    put_text(&mut publish, "publish");
    put_number(&mut publish, 3.0);
    publish.push(5);
    put_text(&mut publish, key);
    put_text(&mut publish, "live");
    for (stream, command) in [(0, connect), (0, create), (1, publish)] {
        out.extend(chunk(20, 0, stream, &command));
    }
    socket.write_all(&out).expect("the server takes commands");
    socket
}

/// A message as one chunk of type 0 on a chunk stream of its kind.
fn chunk(kind: u8, millis: u32, stream: u32, body: &[u8]) -> Vec<u8> {
    let [_, t2, t1, t0] = millis.to_be_bytes();
    let [_, s2, s1, s0] = u32::try_from(body.len()).expect("small").to_be_bytes();
    let id = match kind {
        1 => 2,
        AUDIO => 4,
        VIDEO => 6,
        _ => 3,
    };
    let mut bytes = vec![id, t2, t1, t0, s2, s1, s0, kind];
    bytes.extend(stream.to_le_bytes());
    bytes.extend(body);
    bytes
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(2);
    out.extend(u16::try_from(text.len()).expect("short").to_be_bytes());
    out.extend(text.as_bytes());
}

fn put_number(out: &mut Vec<u8>, number: f64) {
    out.push(0);
    out.extend(number.to_be_bytes());
}
