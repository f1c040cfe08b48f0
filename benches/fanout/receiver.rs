//! The receivers: one process, one epoll loop, any number of destinations or players.
//!
//! Destinations listen and accept publishers; players connect. Either way the loop reads, finds the markers, and
//! counts. The parent speaks through standard input, one word a line.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Receiver;

use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use crate::figures::{Line, Progress, Seen};
use crate::media::{self, Marker, VIDEO};
use crate::peer::{Event, Part, Peer};
use crate::shared::orders::orders;

const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
const FIRST: usize = 2;
/// One read; a read that fills less than this has emptied the socket.
const READ: usize = 256 << 10;

struct Connection {
    stream: mio::net::TcpStream,
    peer: Peer,
    key: Option<String>,
    /// The last sequence number of audio and of video.
    last: [Option<u64>; 2],
    frames: u64,
    stalled: bool,
    /// Has been told to stop reading at some time: its late frames are not the server's doing.
    excused: bool,
}

struct Loop {
    poll: Poll,
    connections: Vec<Option<Connection>>,
    seen: Seen,
    buffer: Vec<u8>,
    /// The destination that was told to stop reading.
    stall: Option<String>,
    /// All that were ever told.
    excused: Vec<String>,
}

/// Accepts publishers until standard input ends.
pub(crate) fn sink(mss: Option<u32>, buffer: Option<usize>) -> Result<()> {
    let listener = listen(mss, buffer)?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    let mut listener = mio::net::TcpListener::from_std(listener);
    let receivers = Loop::new()?;
    receivers.poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    Line::Port(port).print();
    receivers.run(Some(&listener))
}

/// Connects `count` players to `app`/`key` at `addr` and reads until standard input ends.
pub(crate) fn players(addr: SocketAddr, app: &str, key: &str, count: usize, mss: Option<u32>) -> Result<()> {
    let mut receivers = Loop::new()?;
    for _ in 0..count {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(mss) = mss {
            socket.set_tcp_mss(mss)?;
        }
        socket.connect(&addr.into()).context("connecting a player")?;
        let part = Part::Player { app: app.to_owned(), key: key.to_owned() };
        receivers.add(socket.into(), Peer::new(part, media::KEEP))?;
    }
    receivers.run(None)
}

/// A listener on loopback whose connections announce `mss`, as a real network's do, and have a receive buffer of
/// `buffer` bytes instead of one that the kernel grows.
pub(crate) fn listen(mss: Option<u32>, buffer: Option<usize>) -> Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(buffer) = buffer {
        socket.set_recv_buffer_size(buffer)?;
    }
    if let Some(mss) = mss {
        socket.set_tcp_mss(mss)?;
    }
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

impl Loop {
    fn new() -> Result<Self> {
        let (poll, connections, seen) = (Poll::new()?, Vec::new(), Seen::default());
        Ok(Self { poll, connections, seen, buffer: vec![0; READ], stall: None, excused: Vec::new() })
    }

    fn add(&mut self, stream: TcpStream, peer: Peer) -> Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let token = Token(self.connections.len() + FIRST);
        self.poll.registry().register(&mut stream, token, Interest::READABLE)?;
        let mut connection = Connection {
            stream,
            peer,
            key: None,
            last: [None; 2],
            frames: 0,
            stalled: false,
            excused: false,
        };
        connection.flush();
        self.connections.push(Some(connection));
        Ok(())
    }

    fn run(mut self, listener: Option<&mio::net::TcpListener>) -> Result<()> {
        let (orders, _waker) = orders(self.poll.registry(), WAKER)?;
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    WAKER => {
                        if !self.obey(&orders) {
                            return Ok(());
                        }
                    }
                    LISTENER => self.accept(listener)?,
                    Token(n) => self.read(n - FIRST),
                }
            }
        }
    }

    fn accept(&mut self, listener: Option<&mio::net::TcpListener>) -> Result<()> {
        while let Some(listener) = listener {
            let (stream, _) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            self.add(stream.into(), Peer::new(Part::Sink, media::KEEP))?;
        }
        Ok(())
    }

    /// Carries out what the parent wrote; false at the end of its input.
    fn obey(&mut self, orders: &Receiver<Option<String>>) -> bool {
        while let Ok(order) = orders.try_recv() {
            let Some(order) = order else { return false };
            match order.split_once(' ').unwrap_or((&order, "")) {
                ("status", _) => Line::Progress(self.progress()).print(),
                ("begin", _) => {
                    self.seen = Seen::default();
                    self.connections.iter_mut().flatten().for_each(|one| one.frames = 0);
                }
                ("end", _) => {
                    let silent =
                        self.connections.iter().flatten().filter(|one| one.frames == 0 && !one.excused);
                    self.seen.silent = silent.count() as u64;
                    Line::Seen(Box::new(self.seen.clone())).print();
                }
                ("stall", key) => {
                    self.stall = Some(key.to_owned());
                    self.excused.push(key.to_owned());
                }
                ("unstall", _) => self.resume(),
                (other, _) => eprintln!("unknown order {other}"),
            }
        }
        true
    }

    fn progress(&self) -> Progress {
        let open = self.connections.iter().flatten();
        let flowing = open.clone().filter(|one| one.last.iter().all(Option::is_some)).count();
        Progress { flowing, open: open.count() }
    }

    /// Lets the stalled connection read again.
    fn resume(&mut self) {
        self.stall = None;
        for index in 0..self.connections.len() {
            let stalled = self.connections.get_mut(index).and_then(Option::as_mut).filter(|one| one.stalled);
            if let Some(connection) = stalled {
                connection.stalled = false;
                self.read(index);
            }
        }
    }

    fn read(&mut self, index: usize) {
        let Self { connections, seen, buffer, stall, excused, .. } = self;
        let Some(slot) = connections.get_mut(index) else { return };
        let Some(connection) = slot else { return };
        connection.excused = connection.key.as_ref().is_some_and(|key| excused.contains(key));
        if connection.key.is_some() && connection.key == *stall {
            connection.stalled = true;
            return;
        }
        if let Err(error) = connection.read(buffer, seen) {
            if !connection.excused {
                eprintln!("receiver {index}: {error:#}");
                seen.closed += 1;
            }
            *slot = None;
        }
    }
}

impl Connection {
    fn read(&mut self, buffer: &mut [u8], seen: &mut Seen) -> Result<()> {
        loop {
            let n = match self.stream.read(buffer) {
                Ok(0) => anyhow::bail!("closed by the server"),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            seen.bytes += n as u64;
            seen.reads += 1;
            let now_us = media::now_us();
            let Self { peer, key, last, frames, excused, .. } = self;
            peer.receive(buffer.get(..n).unwrap_or_default(), |event| {
                match event {
                    Event::Started(name) => *key = Some(name.to_owned()),
                    Event::Media(head, payload) => {
                        if let Some(marker) = Marker::read(head.kind, payload).filter(|_| !*excused) {
                            *frames += 1;
                            note(seen, marker, last, now_us);
                        }
                    }
                }
                Ok(())
            })?;
            self.flush();
            if n < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Sends what the peer has to say: a few bytes, for which a socket always has room.
    fn flush(&mut self) {
        if !self.peer.out.is_empty() {
            let out = std::mem::take(&mut self.peer.out);
            if let Err(error) = self.stream.write_all(&out) {
                eprintln!("an answer of {} bytes was lost: {error}", out.len());
            }
        }
    }
}

fn note(seen: &mut Seen, marker: Marker, last: &mut [Option<u64>; 2], now_us: u64) {
    let video = marker.kind == VIDEO;
    let latency = now_us.saturating_sub(marker.sent_us);
    if video { &mut seen.video } else { &mut seen.audio }.add(latency);
    seen.frames += 1;
    let Some(last) = last.get_mut(usize::from(video)) else { return };
    match *last {
        Some(before) if marker.seq > before => seen.missing += marker.seq - before - 1,
        Some(_) => seen.repeated += 1,
        None => {}
    }
    *last = Some(marker.seq);
}
