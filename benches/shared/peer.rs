//! One end of an RTMP connection, without I/O: bytes in, bytes and events out.
//!
//! It plays three parts: the server that accepts a publish (a destination, or the raw fan-out's ingest), the client
//! that plays, and the client that publishes. It answers what a real peer answers and nothing more.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail, ensure};

use super::wire::{self, Head, Reader, Value};

/// Chunk size that this side sends with, in bytes: what OBS uses.
pub(crate) const CHUNK_SIZE: usize = 4096;
/// Message stream id that servers hand out.
const MSID: u32 = 1;
const HANDSHAKE: usize = 1536;
/// Window announced to the other side, in bytes.
const WINDOW: u32 = 2_500_000;

/// Which part this end plays.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Accepts one publisher.
    Sink,
    /// Plays `key` of `app`.
    Player { app: String, key: String },
    /// Publishes `key` of `app`.
    Publisher { app: String, key: String },
}

/// What the other side did.
pub(crate) enum Event<'a> {
    /// The stream of this key may flow.
    Started(&'a str),
    /// An audio or video message, its payload as far as it was kept.
    Media(Head, &'a [u8]),
}

/// The connection's state.
pub(crate) struct Peer {
    part: Part,
    greeting: Vec<u8>,
    greeted: usize,
    reader: Reader,
    /// Bytes received, and how many of them are acknowledged.
    received: u64,
    acked: u64,
    window: u64,
    /// What to send; the owner of the socket drains it.
    pub(crate) out: Vec<u8>,
}

impl Peer {
    /// A connection that has just opened; reads keep `media_keep` bytes of each media message.
    pub(crate) fn new(part: Part, media_keep: usize) -> Self {
        let mut out = Vec::new();
        if !matches!(part, Part::Sink) {
            out.push(3);
            out.resize(1 + HANDSHAKE, 0);
        }
        let reader = Reader::new(media_keep);
        Self { part, greeting: Vec::new(), greeted: 0, reader, received: 0, acked: 0, window: 0, out }
    }

    /// Takes what came; events go to `on`.
    pub(crate) fn receive(
        &mut self,
        mut data: &[u8],
        mut on: impl FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        data = self.greet(data);
        if data.is_empty() {
            return Ok(());
        }
        self.received += data.len() as u64;
        let Self { part, reader, out, window, .. } = self;
        reader.feed(data, |head, payload| match head.kind {
            8 | 9 => on(Event::Media(head, payload)),
            4 if payload.starts_with(&[0, 6]) => {
                let pong = [&[0, 7], payload.get(2..).unwrap_or_default()].concat();
                wire::write(out, 2, 0, (4, 0), &pong, CHUNK_SIZE);
                Ok(())
            }
            5 => {
                *window = payload.first_chunk().map_or(0, |b| u32::from_be_bytes(*b).into());
                Ok(())
            }
            20 => command(part, &Value::read_all(payload), out, &mut on),
            _ => Ok(()),
        })?;
        if self.window > 0 && self.received - self.acked >= self.window / 2 {
            self.acked = self.received;
            wire::write(&mut self.out, 2, 0, (3, 0), &(self.received as u32).to_be_bytes(), CHUNK_SIZE);
        }
        Ok(())
    }

    /// Handles the handshake; returns what follows it.
    fn greet<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        // A server waits for C0 C1, then C2; a client for S0 S1 S2.
        let server = matches!(self.part, Part::Sink);
        let goals: &[usize] = if server { &[1 + HANDSHAKE, HANDSHAKE] } else { &[1 + 2 * HANDSHAKE] };
        let mut rest = data;
        while let Some(&goal) = goals.get(self.greeted) {
            let (now, later) = rest.split_at((goal - self.greeting.len()).min(rest.len()));
            self.greeting.extend_from_slice(now);
            rest = later;
            if self.greeting.len() < goal {
                return &[];
            }
            let first = self.greeting.get(1..=HANDSHAKE).unwrap_or_default();
            match (server, self.greeted) {
                (true, 0) => {
                    self.out.push(3);
                    self.out.resize(1 + HANDSHAKE, 0);
                    self.out.extend_from_slice(first);
                }
                (true, _) => {}
                (false, _) => {
                    self.out.extend_from_slice(first);
                    open(&self.part, &mut self.out);
                }
            }
            self.greeting.clear();
            self.greeted += 1;
        }
        rest
    }
}

/// The client's first words.
fn open(part: &Part, out: &mut Vec<u8>) {
    let (Part::Player { app, .. } | Part::Publisher { app, .. }) = part else { return };
    wire::write(out, 2, 0, (1, 0), &(CHUNK_SIZE as u32).to_be_bytes(), 128);
    let fields =
        [("app", app.as_str()), ("type", "nonprivate"), ("flashVer", "FMLE/3.0 (compatible; bench)")];
    let mut object: Vec<_> = fields.iter().map(|&(key, text)| (key.to_owned(), Value::text(text))).collect();
    object.push(("tcUrl".to_owned(), Value::Text(format!("rtmp://127.0.0.1/{app}"))));
    send(out, 0, &[Value::text("connect"), Value::Number(1.0), Value::Object(object)]);
}

fn send(out: &mut Vec<u8>, msid: u32, values: &[Value]) {
    wire::write(out, 3, msid, (20, 0), &wire::encode(values), CHUNK_SIZE);
}

/// Answers one command.
fn command(
    part: &Part,
    values: &[Value],
    out: &mut Vec<u8>,
    on: &mut impl FnMut(Event<'_>) -> Result<()>,
) -> Result<()> {
    let [Value::Text(name), Value::Number(transaction), ..] = values else { return Ok(()) };
    match part {
        Part::Sink => serve(name, *transaction, values, out, on),
        Part::Player { key, .. } | Part::Publisher { key, .. } => {
            let publishes = matches!(part, Part::Publisher { .. });
            match (name.as_str(), *transaction as u32) {
                ("_result", 1) => {
                    if publishes {
                        for (name, id) in [("releaseStream", 2.0), ("FCPublish", 3.0)] {
                            send(
                                out,
                                0,
                                &[Value::text(name), Value::Number(id), Value::Null, Value::text(key)],
                            );
                        }
                    }
                    send(out, 0, &[Value::text("createStream"), Value::Number(4.0), Value::Null]);
                }
                ("_result", 4) => {
                    let verb = if publishes { "publish" } else { "play" };
                    let mut words =
                        vec![Value::text(verb), Value::Number(5.0), Value::Null, Value::text(key)];
                    if publishes {
                        words.push(Value::text("live"));
                    }
                    send(out, MSID, &words);
                }
                ("_error", 1 | 4) => bail!("refused: {values:?}"),
                ("onStatus", _) => {
                    let info = values.last().context("onStatus without information")?;
                    ensure!(info.field("level") != Some("error"), "refused: {info:?}");
                    if info.field("code").is_some_and(|code| code.ends_with(".Start")) {
                        on(Event::Started(key))?;
                    }
                }
                _ => {}
            }
            Ok(())
        }
    }
}

/// Answers a publishing client's command.
fn serve(
    name: &str,
    transaction: f64,
    values: &[Value],
    out: &mut Vec<u8>,
    on: &mut impl FnMut(Event<'_>) -> Result<()>,
) -> Result<()> {
    let status = |code: &str| {
        let field = |key: &str, text: &str| (key.to_owned(), Value::text(text));
        Value::Object(vec![field("level", "status"), field("code", code), field("description", "ok")])
    };
    let result = |value| [Value::text("_result"), Value::Number(transaction), Value::Null, value];
    match name {
        "connect" => {
            wire::write(out, 2, 0, (5, 0), &WINDOW.to_be_bytes(), 128);
            wire::write(out, 2, 0, (6, 0), &[&WINDOW.to_be_bytes()[..], &[2]].concat(), 128);
            wire::write(out, 2, 0, (1, 0), &(CHUNK_SIZE as u32).to_be_bytes(), 128);
            send(out, 0, &result(status("NetConnection.Connect.Success")));
        }
        "createStream" => send(out, 0, &result(Value::Number(MSID.into()))),
        "releaseStream" | "FCPublish" => send(out, 0, &result(Value::Null)),
        "publish" => {
            let key = values.get(3).and_then(Value::as_text).context("publish without a name")?;
            let start = status("NetStream.Publish.Start");
            send(out, MSID, &[Value::text("onStatus"), Value::Number(0.0), Value::Null, start]);
            on(Event::Started(key))?;
        }
        _ => {}
    }
    Ok(())
}

/// Runs a blocking connection until its stream has started; returns the key.
pub(crate) fn start(stream: &mut TcpStream, peer: &mut Peer) -> Result<String> {
    let mut buffer = [0; 8192];
    let mut started = None;
    loop {
        stream.write_all(&std::mem::take(&mut peer.out))?;
        if let Some(key) = started {
            return Ok(key);
        }
        let n = stream.read(&mut buffer)?;
        ensure!(n > 0, "closed before the stream started");
        peer.receive(buffer.get(..n).unwrap_or_default(), |event| {
            if let Event::Started(key) = event {
                started = Some(key.to_owned());
            }
            Ok(())
        })?;
    }
}
