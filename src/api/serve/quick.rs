//! HTTP/1.1 for viewers of HLS: plain requests for files are answered here, without hyper and the router.
//!
//! Thousands of viewers keep a connection each and ask for a few hundred bytes every second or two, so that what a
//! request costs is mostly memory that is not in a cache: hyper keeps 20 kB for each connection, this file some hundreds
//! of bytes. At the first request that is not of that kind the connection is handed to hyper, with what was read of it,
//! and stays there.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::head::{self, Head};
use super::row::{Rows, Seat, Served};
use crate::api::hls::{Content, Hall, Reply};

/// Bytes read at a time: a request has some hundreds. One buffer for each worker thread, since nothing waits while it
/// is in use.
const READ_MAX: usize = 16 << 10;
/// Bytes that may wait behind a request that is being answered; what comes beyond stays in the socket.
const AHEAD_MAX: usize = 4 << 10;
/// Pieces of one write. A segment of moderate quality has fewer.
const SLICES_MAX: usize = 64;
/// For the last words of a connection that we end.
const FAREWELL: Duration = Duration::from_secs(1);

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_MAX]);
}

/// What became of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It is over.
    Over,
    /// Nothing was asked in time.
    Silent,
    /// These bytes came, and are hyper's, as everything that follows.
    Handed(Vec<u8>),
}

/// Who answers a connection, and how long it may take its time.
pub(super) struct Quick<'a> {
    pub(super) hall: &'a Hall,
    pub(super) peer: SocketAddr,
    /// Longest wait for a request.
    pub(super) idle: Duration,
    /// Longest wait for the peer to take another byte.
    pub(super) patience: Duration,
    pub(super) stop: &'a CancellationToken,
    /// Who answers it together with others, and by which seat it is known there.
    pub(super) rows: Option<(&'a Arc<Rows>, &'a Arc<Seat>)>,
}

/// What there is to send.
enum Made {
    Reply(Reply),
    /// Bytes of an answer that others began to send.
    Rest(Bytes),
    /// Nothing: it is sent.
    Sent,
    /// Nothing: the peer left meanwhile, and nobody waits for it.
    Unwanted,
}

impl Quick<'_> {
    /// Answers what is asked, to the end of the connection or until it is another's.
    ///
    /// # Errors
    /// Of the connection, or that the peer took nothing for too long.
    pub(super) async fn run<S>(self, stream: &mut S) -> io::Result<Left>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut timer = pin!(sleep(self.idle));
        let mut stopped = pin!(self.stop.cancelled());
        let (mut inbox, mut outbox) = (Vec::new(), Outbox::default());
        loop {
            if inbox.is_empty() {
                timer.as_mut().reset(Instant::now() + self.idle);
                let came = tokio::select! {
                    biased;
                    came = receive(stream, &mut inbox) => came?,
                    () = &mut stopped => return Ok(farewell(stream, Left::Over).await),
                    () = &mut timer => return Ok(farewell(stream, Left::Silent).await),
                };
                if came == 0 {
                    return Ok(Left::Over);
                }
            }
            let mut ahead = Vec::new();
            let (len, closes, sends) = {
                let Some(head) = Head::read(&inbox, self.peer) else { return Ok(Left::Handed(inbox)) };
                let in_row = match self.rows {
                    Some((rows, seat)) if rows.join(&inbox, &head, seat) => {
                        in_row(seat, stream, &mut ahead, timer.as_mut(), self.idle, stopped.as_mut()).await?
                    }
                    _ => None,
                };
                let made = match in_row {
                    Some(made) => made,
                    None => self.answer(&head, stream, &mut ahead).await?,
                };
                let closes = self.stop.is_cancelled();
                let sends = match made {
                    Made::Unwanted => return Ok(Left::Over),
                    Made::Sent => false,
                    Made::Rest(rest) => {
                        outbox.put_rest(rest);
                        true
                    }
                    Made::Reply(reply) => {
                        outbox.put(reply, head.call.head_only, closes);
                        true
                    }
                };
                (head.len, closes, sends)
            };
            if sends {
                outbox.send(stream, timer.as_mut(), self.patience).await?;
            }
            if closes {
                return Ok(farewell(stream, Left::Over).await);
            }
            inbox.drain(..len);
            inbox.append(&mut ahead);
            inbox.shrink_to(AHEAD_MAX);
        }
    }

    /// Makes the answer.
    async fn answer<S>(&self, head: &Head<'_>, stream: &mut S, ahead: &mut Vec<u8>) -> io::Result<Made>
    where
        S: AsyncRead + Unpin,
    {
        let mut answering = pin!(self.hall.reply(head.target, &head.call));
        loop {
            tokio::select! {
                biased;
                reply = &mut answering => return Ok(Made::Reply(reply)),
                came = receive(stream, ahead), if ahead.len() < AHEAD_MAX => {
                    if came? == 0 {
                        return Ok(Made::Unwanted);
                    }
                }
            }
        }
    }
}

/// Waits with others for an answer that one of them makes and sends to all. `None` where it does not, and everyone makes it
/// alone.
async fn in_row<S>(
    seat: &Seat,
    stream: &mut S,
    ahead: &mut Vec<u8>,
    mut timer: Pin<&mut Sleep>,
    idle: Duration,
    mut stopped: Pin<&mut WaitForCancellationFuture<'_>>,
) -> io::Result<Option<Made>>
where
    S: AsyncRead + Unpin,
{
    let mut stopping = false;
    timer.as_mut().reset(Instant::now() + idle);
    loop {
        tokio::select! {
            biased;
            served = poll_fn(|cx| seat.poll_served(cx)) => return Ok(match served {
                Served::Sent => Some(Made::Sent),
                Served::Begun(rest) => Some(Made::Rest(rest)),
                Served::Alone => None,
            }),
            came = receive(stream, ahead), if ahead.len() < AHEAD_MAX => {
                if came? == 0 {
                    return Ok(Some(Made::Unwanted));
                }
                // Nothing else tells this task that it may go on to what came.
                seat.hurry();
            }
            // These two are for one who was answered, and was not told.
            () = stopped.as_mut(), if !stopping => stopping = true,
            () = timer.as_mut() => timer.as_mut().reset(Instant::now() + idle),
        }
    }
}

/// Adds what comes to `inbox`; 0 at the end.
async fn receive<S: AsyncRead + Unpin>(stream: &mut S, inbox: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|cx| {
        BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::new(buffer);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
            inbox.extend_from_slice(read.filled());
            Poll::Ready(Ok(read.filled().len()))
        })
    })
    .await
}

/// Says that nothing more comes; whether the peer hears it does not matter.
async fn farewell<S: AsyncWrite + Unpin>(stream: &mut S, left: Left) -> Left {
    let shutdown = poll_fn(|cx| Pin::new(&mut *stream).poll_shutdown(cx));
    tokio::time::timeout(FAREWELL, shutdown).await.ok();
    left
}

/// The answer that is being sent.
struct Outbox {
    head: Vec<u8>,
    /// Bytes of the head that are gone.
    sent: usize,
    content: Content,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { head: Vec::new(), sent: 0, content: Content::Nothing }
    }
}

impl Outbox {
    /// Takes an answer to send.
    fn put(&mut self, reply: Reply, head_only: bool, closes: bool) {
        self.head.clear();
        self.sent = 0;
        head::write(&reply, closes, &mut self.head);
        self.content = if head_only { Content::Nothing } else { reply.content };
    }

    /// Takes the rest of one.
    fn put_rest(&mut self, rest: Bytes) {
        self.head.clear();
        self.sent = 0;
        self.content = Content::Bytes(rest);
    }

    /// Sends all of it, as long as the peer takes something every so often.
    async fn send<S>(
        &mut self,
        stream: &mut S,
        mut timer: Pin<&mut Sleep>,
        patience: Duration,
    ) -> io::Result<()>
    where
        S: AsyncWrite + Unpin,
    {
        let mut waiting = false;
        poll_fn(|cx| {
            loop {
                match self.poll_some(stream, cx)? {
                    Poll::Ready(true) => return Poll::Ready(Ok(())),
                    Poll::Ready(false) => waiting = false,
                    Poll::Pending => {
                        if !std::mem::replace(&mut waiting, true) {
                            timer.as_mut().reset(Instant::now() + patience);
                        }
                        ready!(timer.as_mut().poll(cx));
                        return Poll::Ready(Err(ErrorKind::TimedOut.into()));
                    }
                }
            }
        })
        .await
    }

    /// What is left, as much as one write takes.
    fn slices(&self) -> SmallVec<[IoSlice<'_>; SLICES_MAX]> {
        let mut slices = SmallVec::new();
        slices.extend(self.head.get(self.sent..).filter(|head| !head.is_empty()).map(IoSlice::new));
        match &self.content {
            Content::Bytes(bytes) if !bytes.is_empty() => slices.push(IoSlice::new(bytes)),
            Content::Nothing | Content::Bytes(_) => {}
            Content::Media(media) => media.fill(&mut slices),
        }
        slices
    }

    /// Sends what the peer takes; `true` when that was all.
    fn poll_some<S>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<bool>>
    where
        S: AsyncWrite + Unpin,
    {
        let written = {
            let slices = self.slices();
            if slices.is_empty() {
                Poll::Ready(Ok(0))
            } else {
                Pin::new(&mut *stream).poll_write_vectored(cx, &slices)
            }
        };
        let written = ready!(written)?;
        if written == 0 {
            if !self.slices().is_empty() {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            // Whatever it shared is free from here on, however long the connection idles.
            self.content = Content::Nothing;
            return Pin::new(stream).poll_flush(cx).map_ok(|()| true);
        }
        let of_head = written.min(self.head.len() - self.sent);
        self.sent += of_head;
        let rest = written - of_head;
        match &mut self.content {
            Content::Nothing => {}
            Content::Bytes(bytes) => drop(bytes.split_to(rest)),
            Content::Media(media) => media.advance(rest as u64),
        }
        Poll::Ready(Ok(false))
    }
}
