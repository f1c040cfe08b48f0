//! Turns a protocol machine by a transport: wait, read, feed, flush. The machine decides; this file only moves bytes.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;
use tokio::time::{Sleep, sleep_until};

use super::transport::Transport;
use crate::rtmp::{Client, Error, Server, TimedOut};

/// Bytes read at a time. One buffer for each worker thread, since nothing waits while it is in use.
const READ_MAX: usize = 64 << 10;
/// Reads in a row before others get their turn: a fast sender shares the thread.
const READS_IN_A_ROW: usize = 4;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_MAX]);
}

/// A machine that this file can turn.
pub trait Machine {
    /// Takes bytes from the peer.
    ///
    /// # Errors
    /// [`Error`]: the connection cannot go on.
    fn handle_input(&mut self, now: Instant, input: &[u8]) -> Result<(), Error>;
    /// Checks deadlines.
    ///
    /// # Errors
    /// [`TimedOut`].
    fn handle_timeout(&mut self, now: Instant) -> Result<(), TimedOut>;
    /// When to check deadlines.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Bytes for the peer.
    fn poll_output(&mut self) -> Option<Bytes>;
}

impl Machine for Server {
    fn handle_input(&mut self, now: Instant, input: &[u8]) -> Result<(), Error> {
        Self::handle_input(self, now, input)
    }
    fn handle_timeout(&mut self, now: Instant) -> Result<(), TimedOut> {
        Self::handle_timeout(self, now)
    }
    fn poll_timeout(&self) -> Option<Instant> {
        Self::poll_timeout(self)
    }
    fn poll_output(&mut self) -> Option<Bytes> {
        Self::poll_output(self)
    }
}

/// Deadlines of a destination's connection belong to whoever dials it.
impl Machine for Client {
    fn handle_input(&mut self, _now: Instant, input: &[u8]) -> Result<(), Error> {
        Self::handle_input(self, input)
    }
    fn handle_timeout(&mut self, _now: Instant) -> Result<(), TimedOut> {
        Ok(())
    }
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
    fn poll_output(&mut self) -> Option<Bytes> {
        Self::poll_output(self)
    }
}

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The socket, or TLS.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer broke the protocol or a deadline.
    #[error(transparent)]
    Protocol(#[from] Error),
}

/// What a step brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The machine took bytes.
    Fed,
    /// The peer said that it sends nothing more.
    Closed,
}

/// The timer of a machine's deadlines. Those of a live connection move on with every read, and setting a timer costs more
/// than the rest of such a read: so it is set once, and looked at when it goes off.
#[derive(Debug, Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Waits until `deadline`; for ever without one. Cancel safe.
    async fn at(&mut self, deadline: Option<Instant>) {
        let Some(deadline) = deadline.map(tokio::time::Instant::from) else {
            return std::future::pending().await;
        };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            sleep.as_mut().await;
            if sleep.deadline() >= deadline {
                return;
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

/// [`step_by`] a timer of its own.
///
/// # Errors
/// [`Failure`].
pub async fn step(transport: &Transport, machine: &mut impl Machine) -> Result<Step, Failure> {
    step_by(&mut Alarm::default(), transport, machine).await
}

/// Waits for bytes or a deadline and feeds the machine. Cancel safe: nothing is read that is not fed.
///
/// # Errors
/// [`Failure`].
pub async fn step_by(
    alarm: &mut Alarm,
    transport: &Transport,
    machine: &mut impl Machine,
) -> Result<Step, Failure> {
    tokio::select! {
        biased;
        ready = transport.readable() => ready?,
        () = alarm.at(machine.poll_timeout()) => machine.handle_timeout(Instant::now()).map_err(Error::from)?,
    }
    for read in 0..READS_IN_A_ROW {
        match read_and_feed(transport, machine) {
            // What came before the end is heard first: a server that refuses says why, and closes. The next step ends.
            Ok(0) if read > 0 => break,
            Ok(0) => return Ok(Step::Closed),
            Ok(_) => {}
            Err(Failure::Io(error)) if error.kind() == ErrorKind::WouldBlock => break,
            Err(failure) => return Err(failure),
        }
    }
    Ok(Step::Fed)
}

fn read_and_feed(transport: &Transport, machine: &mut impl Machine) -> Result<usize, Failure> {
    BUFFER.with_borrow_mut(|buffer| {
        let read = transport.try_read(buffer)?;
        machine.handle_input(Instant::now(), buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    })
}

/// Writes what the machine has to say, for as long as no shard writes to the same transport.
///
/// # Errors
/// Of the socket.
pub fn flush<'a>(
    transport: &'a Transport,
    machine: &'a mut impl Machine,
) -> impl Future<Output = io::Result<()>> + 'a {
    let output = machine.poll_output();
    async move {
        match output {
            Some(bytes) => transport.write_all(&bytes).await,
            None => Ok(()),
        }
    }
}
