//! The limit: the same messages written to N sockets with nothing in between.
//!
//! It accepts one publisher, has dialled its N destinations before, and then only copies references and writes. What
//! a relay costs beyond this is the relay's own; what this costs is the kernel's.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use anyhow::{Context, Result};
use mio::{Interest, Poll, Waker};
use socket2::SockRef;

use crate::figures::Line;
use crate::media::VIDEO;
use crate::pattern::Pattern;
use crate::peer::{self, Event, Part, Peer};
use crate::receiver;
use crate::shard::{Message, NEWS, Shard};
use crate::wire;

/// Lines or messages that may wait for their reader; far more than ever do.
const QUEUE: usize = 1 << 16;

/// Chunk size that the destinations are told, in bytes: only keyframes need a second chunk.
const CHUNK_SIZE: usize = 65_536;

/// Dials `count` destinations at `target`, accepts a publisher and fans out until it leaves.
pub(crate) fn fan_out(target: SocketAddr, count: usize, pattern: &Pattern) -> Result<()> {
    let mut shards: Vec<_> = (0..pattern.threads).map(|_| Shard::new(pattern)).collect();
    for index in 0..count {
        let stream = dial(target, &format!("d{index:04}"), pattern)?;
        let slot = index % pattern.threads;
        shards.get_mut(slot).context("a shard for each thread")?.add(stream);
    }
    let listener = receiver::listen(None, None)?;
    Line::Port(listener.local_addr()?.port()).print();
    let (mut stream, _) = listener.accept()?;
    let mut peer = Peer::new(Part::Sink, usize::MAX);
    peer::start(&mut stream, &mut peer)?;
    stream.set_nonblocking(true)?;
    let mut ingest = Ingest {
        stream: mio::net::TcpStream::from_std(stream),
        peer,
        buffer: vec![0; 128 << 10],
        others: Vec::new(),
    };
    let own = shards.remove(0);
    for shard in shards {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), NEWS)?);
        let (sender, receiver) = mpsc::sync_channel(QUEUE);
        ingest.others.push((sender, waker));
        thread::spawn(move || {
            if let Err(error) = shard.run(poll, || Ok(Some(receiver.try_iter().collect()))) {
                eprintln!("raw shard: {error:#}");
            }
        });
    }
    let poll = Poll::new()?;
    poll.registry().register(&mut ingest.stream, NEWS, Interest::READABLE)?;
    own.run(poll, || ingest.read())
}

fn dial(target: SocketAddr, key: &str, pattern: &Pattern) -> Result<mio::net::TcpStream> {
    let mut stream = TcpStream::connect(target)?;
    let part = Part::Publisher { app: "sink".to_owned(), key: key.to_owned() };
    peer::start(&mut stream, &mut Peer::new(part, 0))?;
    let mut size = Vec::new();
    wire::write(&mut size, 2, 0, (1, 0), &(CHUNK_SIZE as u32).to_be_bytes(), 128);
    stream.write_all(&size)?;
    stream.set_nodelay(pattern.nodelay)?;
    if let Some(lowat) = pattern.lowat {
        SockRef::from(&stream).set_tcp_notsent_lowat(lowat)?;
    }
    stream.set_nonblocking(true)?;
    Ok(mio::net::TcpStream::from_std(stream))
}

/// The publisher's connection, and the shards on other threads.
struct Ingest {
    stream: mio::net::TcpStream,
    peer: Peer,
    buffer: Vec<u8>,
    others: Vec<(SyncSender<Message>, Arc<Waker>)>,
}

impl Ingest {
    /// Reads what the publisher sent, tells the other shards, and returns it for this one.
    ///
    /// `None` when the publisher has left.
    fn read(&mut self) -> Result<Option<Vec<Message>>> {
        let mut messages = Vec::new();
        loop {
            let n = match self.stream.read(&mut self.buffer) {
                Ok(0) => return Ok(None),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            self.peer.receive(self.buffer.get(..n).unwrap_or_default(), |event| {
                if let Event::Media(head, payload) = event {
                    let mut bytes = Vec::with_capacity(payload.len() + 16);
                    wire::write(&mut bytes, 4, 1, (head.kind, head.timestamp), payload, CHUNK_SIZE);
                    messages.push(Message { video: head.kind == VIDEO, bytes: bytes.into() });
                }
                Ok(())
            })?;
            if n < self.buffer.len() {
                break;
            }
        }
        for (sender, waker) in &self.others {
            for message in &messages {
                sender.send(message.clone())?;
            }
            waker.wake()?;
        }
        Ok(Some(messages))
    }
}
