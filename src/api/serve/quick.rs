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
use std::task::{Context, Poll, ready};
use std::time::Duration;

use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

use super::head::{self, Head};
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
            let (len, closes) = {
                let Some(head) = Head::read(&inbox, self.peer) else { return Ok(Left::Handed(inbox)) };
                let Some(reply) = self.answer(&head, stream, &mut ahead).await? else {
                    return Ok(Left::Over);
                };
                let closes = self.stop.is_cancelled();
                outbox.put(reply, head.call.head_only, closes);
                (head.len, closes)
            };
            outbox.send(stream, timer.as_mut(), self.patience).await?;
            if closes {
                return Ok(farewell(stream, Left::Over).await);
            }
            inbox.drain(..len);
            inbox.append(&mut ahead);
            inbox.shrink_to(AHEAD_MAX);
        }
    }

    /// Makes the answer; `None` where the peer left meanwhile, and nobody waits for it.
    async fn answer<S>(
        &self,
        head: &Head<'_>,
        stream: &mut S,
        ahead: &mut Vec<u8>,
    ) -> io::Result<Option<Reply>>
    where
        S: AsyncRead + Unpin,
    {
        let mut answering = pin!(self.hall.reply(head.target, &head.call));
        loop {
            tokio::select! {
                biased;
                reply = &mut answering => return Ok(Some(reply)),
                came = receive(stream, ahead), if ahead.len() < AHEAD_MAX => {
                    if came? == 0 {
                        return Ok(None);
                    }
                }
            }
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
    fn put(&mut self, reply: Reply, head_only: bool, closes: bool) {
        self.head.clear();
        self.sent = 0;
        head::write(&reply, closes, &mut self.head);
        self.content = if head_only { Content::Nothing } else { reply.content };
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
