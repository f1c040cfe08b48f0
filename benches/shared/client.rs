//! Many kept connections in one epoll loop: what both kinds of clients have in common.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token, Waker};

use super::http::Reader;
use super::orders::orders;

const WAKER: Token = Token(0);
const FIRST: usize = 1;
/// One read; a read that fills less than this has emptied the socket.
const READ: usize = 64 << 10;

/// One connection.
pub(crate) struct Connection {
    stream: mio::net::TcpStream,
    /// What comes.
    pub(crate) reader: Reader,
    /// When the last question went.
    pub(crate) asked: Instant,
    /// When the last answer was whole.
    pub(crate) answered: Instant,
    open: bool,
}

/// What happens in the loop.
pub(crate) enum Happened {
    /// This connection's answer is whole.
    Answered(usize),
    /// A connection is over.
    Closed,
    /// The parent wrote something; `None` at its end.
    Ordered(Option<String>),
}

/// The loop.
pub(crate) struct Clients {
    poll: Poll,
    events: Events,
    orders: Receiver<Option<String>>,
    _waker: Arc<Waker>,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    /// Bytes read since this was last taken.
    pub(crate) bytes: u64,
}

impl Clients {
    /// Connects `count` times.
    pub(crate) fn connect(host: SocketAddr, count: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let (orders, waker) = orders(poll.registry(), WAKER)?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            let stream = TcpStream::connect(host).with_context(|| format!("connection {index}"))?;
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(FIRST + index), Interest::READABLE)?;
            let now = Instant::now();
            let reader = Reader::default();
            connections.push(Connection { stream, reader, asked: now, answered: now, open: true });
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(4096),
            orders,
            _waker: waker,
            connections,
            buffer: vec![0; READ],
            bytes: 0,
        })
    }

    /// One of the connections.
    pub(crate) fn connection(&mut self, index: usize) -> Option<&mut Connection> {
        self.connections.get_mut(index)
    }

    /// Asks on one of the connections.
    pub(crate) fn ask(&mut self, index: usize, question: &str, keep: bool) {
        let Some(connection) = self.connections.get_mut(index).filter(|one| one.open) else { return };
        connection.reader.begin(keep);
        connection.asked = Instant::now();
        // A question is some hundred bytes, for which a socket always has room.
        if let Err(error) = connection.stream.write_all(question.as_bytes()) {
            eprintln!("a question was lost: {error}");
        }
    }

    /// Waits until something happens, for so long at most.
    pub(crate) fn turn(&mut self, wait: Option<Duration>, happened: &mut Vec<Happened>) -> Result<()> {
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            if event.token() == WAKER {
                happened.extend(self.orders.try_iter().map(Happened::Ordered));
                continue;
            }
            let index = event.token().0 - FIRST;
            let Some(connection) = self.connections.get_mut(index).filter(|one| one.open) else { continue };
            match connection.read(&mut self.buffer, &mut self.bytes) {
                Ok(false) => {}
                Ok(true) => happened.push(Happened::Answered(index)),
                Err(error) => {
                    eprintln!("client {index}: {error:#}");
                    connection.open = false;
                    happened.push(Happened::Closed);
                }
            }
        }
        Ok(())
    }
}

impl Connection {
    /// From the question to its answer, in microseconds.
    pub(crate) fn took(&self) -> u64 {
        u64::try_from(self.answered.saturating_duration_since(self.asked).as_micros()).unwrap_or(u64::MAX)
    }

    fn read(&mut self, buffer: &mut [u8], bytes: &mut u64) -> Result<bool> {
        loop {
            let n = match self.stream.read(buffer) {
                Ok(0) => anyhow::bail!("closed by the server"),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            *bytes += n as u64;
            if self.reader.feed(buffer.get(..n).unwrap_or_default())? {
                // Now, and not when its turn comes among all that came at once.
                self.answered = Instant::now();
                return Ok(true);
            }
            if n < buffer.len() {
                return Ok(false);
            }
        }
    }
}
