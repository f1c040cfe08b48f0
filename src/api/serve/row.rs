//! Viewers of one thread who wait for the same answer: it is made once, and sent to one after the other.
//!
//! When a part ends, a thousand players get the same playlist at that moment. To wake a task for each, which makes the
//! answer and sends it, is mostly memory that is not in a cache; what it takes is a system call for each. So whoever
//! leads a row writes to the sockets of all in it and wakes nobody: a viewer's task finds out when the next request
//! comes. It is woken only where something is left to do, which is rare.
//!
//! **Invariant:** whoever waits in a row is answered by its leader or left to itself, also where that one is dropped.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::head::{self, Head};
use crate::api::hls::{Call, Content, Hall};
use crate::hls::Place;

/// Rows at once; who would make another waits by itself. Each has a copy of its first request.
const ROWS_MAX: usize = 1_024;
/// Bytes of the first request of a row, where players send some hundreds.
const REQUEST_MAX: usize = 2 << 10;
/// How long a row is joined. Who comes later would be told after a wait that was none that it was in vain.
const JOINED: Duration = Duration::from_secs(1);
/// Answers in a row before others that are ready have a turn: some milliseconds.
const BREATH: usize = 1_024;

/// The rows of one thread.
pub(super) struct Rows {
    hall: Arc<Hall>,
    waiting: Mutex<Waiting>,
    /// Each ends with its answers, and all of them with the thread.
    leaders: TaskTracker,
    stop: CancellationToken,
}

#[derive(Default)]
struct Waiting {
    /// By what they ask.
    rows: HashMap<Vec<u8>, Row>,
    /// For the question of whoever comes.
    question: Vec<u8>,
}

/// Who asked the same.
struct Row {
    began: Instant,
    seats: Vec<Weak<Seat>>,
}

impl Row {
    fn add(&mut self, seat: &Arc<Seat>) {
        // Those who left make room before a row grows for them.
        if self.seats.len() == self.seats.capacity() {
            self.seats.retain(|seat| seat.strong_count() > 0);
        }
        self.seats.push(Arc::downgrade(seat));
    }
}

impl Rows {
    pub(super) fn new(hall: Arc<Hall>, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self { hall, waiting: Mutex::default(), leaders: TaskTracker::new(), stop })
    }

    /// Lets whoever asked by `request` wait for an answer with others. `false` where it has to be answered by itself.
    pub(super) fn join(self: &Arc<Self>, request: &[u8], head: &Head<'_>, seat: &Arc<Seat>) -> bool {
        let call = &head.call;
        if call.head_only || call.range.is_some() || !call.known.is_empty() || self.stop.is_cancelled() {
            return false;
        }
        let Some(place) = self.hall.place(head.target, call) else { return false };
        let mut waiting = self.waiting();
        let Waiting { rows, question } = &mut *waiting;
        write_question(&place, call, question);
        let (now, is_full) = (Instant::now(), rows.len() >= ROWS_MAX);
        match rows.get_mut(question) {
            Some(row) if now.duration_since(row.began) > JOINED => return false,
            Some(row) => row.add(seat),
            None if is_full || head.len > REQUEST_MAX => return false,
            None => {
                let seats = vec![Arc::downgrade(seat)];
                rows.insert(question.clone(), Row { began: now, seats });
                let question = Some(question.clone());
                let lead = Lead { rows: self.clone(), question, seats: Vec::new().into_iter() };
                let request = request.get(..head.len).unwrap_or_default().to_vec();
                self.leaders.spawn(lead.run(request, call.peer));
            }
        }
        let mut state = seat.state();
        state.stage = Stage::Waiting(place);
        // More came with it.
        state.hurried = request.len() > head.len;
        true
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, question: &[u8]) -> std::vec::IntoIter<Weak<Seat>> {
        self.waiting().rows.remove(question).map(|row| row.seats).unwrap_or_default().into_iter()
    }
}

/// Everything that an answer depends on. No text of a request has a line end in it.
fn write_question(place: &Place, call: &Call<'_>, question: &mut Vec<u8>) {
    question.clear();
    question.extend_from_slice(&place.of().to_ne_bytes());
    for text in [call.path, call.query].into_iter().chain(call.encodings.iter().copied()) {
        question.extend_from_slice(text.as_bytes());
        question.push(b'\n');
    }
}

/// Answers one row. Dropped before it has, it leaves everybody to themselves.
struct Lead {
    rows: Arc<Rows>,
    /// Until the row is taken.
    question: Option<Vec<u8>>,
    /// Those of it who have no answer yet.
    seats: std::vec::IntoIter<Weak<Seat>>,
}

impl Lead {
    async fn run(mut self, request: Vec<u8>, peer: Option<SocketAddr>) {
        let Some(head) = peer.and_then(|peer| Head::read(&request, peer)) else { return };
        let (reply, tally) = self.rows.hall.reply_to_all(head.target, &head.call).await;
        let closes = self.rows.stop.is_cancelled();
        let mut bytes = Vec::new();
        head::write(&reply, closes, &mut bytes);
        match &reply.content {
            Content::Nothing => {}
            Content::Bytes(body) => bytes.extend_from_slice(body),
            // What is this large is not made a whole of.
            Content::Media(_) => return,
        }
        let bytes = Bytes::from(bytes);
        self.take();
        loop {
            let seats = self.seats.by_ref().take(BREATH).filter_map(|seat| seat.upgrade());
            tally.count(seats.map(|seat| seat.give(&bytes, closes)).count() as u64);
            if self.seats.len() == 0 {
                return;
            }
            breathe().await;
        }
    }

    fn take(&mut self) {
        if let Some(question) = self.question.take() {
            self.seats = self.rows.take(&question);
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.take();
        self.seats.by_ref().filter_map(|seat| seat.upgrade()).for_each(|seat| seat.settle(Stage::Alone));
    }
}

/// Lets what is ready go first, and no request that is not read yet, as the runtime's own way to yield would.
async fn breathe() {
    let mut has_breathed = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_breathed, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Where a viewer's answers go: what its task and the leader of its row share.
#[derive(Debug)]
pub(super) struct Seat {
    write: OwnedWriteHalf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    task: Option<Waker>,
    /// More was asked meanwhile: the task is to be woken however it is answered.
    hurried: bool,
}

#[derive(Debug, Default)]
enum Stage {
    /// It waits for nothing.
    #[default]
    Free,
    Waiting(#[expect(dead_code, reason = "held to be given back")] Place),
    Sent,
    Begun(Bytes),
    Alone,
}

/// What became of a wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// The answer is sent.
    Sent,
    /// These bytes of it are left to be sent.
    Begun(Bytes),
    /// There is none: ask yourself.
    Alone,
}

impl Seat {
    /// What became of the wait. The task is woken where there is anything to do for it.
    pub(super) fn poll_served(&self, cx: &Context<'_>) -> Poll<Served> {
        let mut state = self.state();
        let served = match std::mem::take(&mut state.stage) {
            Stage::Sent => Served::Sent,
            Stage::Begun(rest) => Served::Begun(rest),
            Stage::Alone | Stage::Free => Served::Alone,
            waiting @ Stage::Waiting(_) => {
                state.stage = waiting;
                if !state.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
                    state.task = Some(cx.waker().clone());
                }
                return Poll::Pending;
            }
        };
        state.hurried = false;
        Poll::Ready(served)
    }

    /// Wakes the task in any case.
    pub(super) fn hurry(&self) {
        self.state().hurried = true;
    }

    /// Sends an answer as far as the socket takes it, and leaves the rest to the task. One that ends the connection is
    /// left to it as a whole.
    fn give(&self, answer: &Bytes, closes: bool) {
        // What is wrong with a socket the task finds out by itself.
        let sent = if closes { 0 } else { self.write.try_write(answer).unwrap_or(0) };
        self.settle(if sent == answer.len() { Stage::Sent } else { Stage::Begun(answer.slice(sent..)) });
    }

    fn settle(&self, stage: Stage) {
        let mut state = self.state();
        let sent = matches!(stage, Stage::Sent);
        state.stage = stage;
        let task = if sent && !state.hurried { None } else { state.task.clone() };
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A viewer's socket, whose answers others may send.
pub(super) struct Line {
    read: OwnedReadHalf,
    seat: Arc<Seat>,
}

impl Line {
    pub(super) fn new(socket: TcpStream) -> Self {
        let (read, write) = socket.into_split();
        Self { read, seat: Arc::new(Seat { write, state: Mutex::default() }) }
    }

    pub(super) fn seat(&self) -> Arc<Seat> {
        self.seat.clone()
    }

    /// The socket again. `None` while somebody else holds its seat, which nobody does whose answer is not awaited.
    pub(super) fn into_socket(self) -> Option<TcpStream> {
        let Seat { write, .. } = Arc::into_inner(self.seat)?;
        self.read.reunite(write).ok()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket: &TcpStream = self.seat.write.as_ref();
        loop {
            ready!(socket.poll_write_ready(cx))?;
            match socket.try_write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket: &TcpStream = self.seat.write.as_ref();
        Poll::Ready(SockRef::from(socket).shutdown(std::net::Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::hls::Rendition;

    /// Bytes that no socket takes at once.
    const LARGE: usize = 64 << 20;

    #[tokio::test]
    async fn what_a_socket_does_not_take_is_left_to_its_viewer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let mut viewer = TcpStream::connect(addr).await.expect("connects");
        let seat = Line::new(listener.accept().await.expect("accepts").0).seat();
        seat.write.writable().await.expect("open");
        let rendition = Rendition::default();
        let given = async |answer: &Bytes, closes| {
            seat.state().stage = Stage::Waiting(rendition.place().expect("one of many"));
            assert_eq!(rendition.waiting(), 1);
            seat.give(answer, closes);
            assert_eq!(rendition.waiting(), 0);
            poll_fn(|cx| seat.poll_served(cx)).await
        };
        let (small, large) = (Bytes::from_static(b"small"), Bytes::from(vec![7; LARGE]));
        assert_eq!(given(&small, false).await, Served::Sent);
        assert_eq!(given(&small, true).await, Served::Begun(small));
        let Served::Begun(rest) = given(&large, false).await else { panic!("it takes so much") };
        let taken = LARGE - rest.len();
        let mut read = vec![0; 5 + taken];
        viewer.read_exact(&mut read).await.expect("all that was taken");
        assert!(read.starts_with(b"small") && read.iter().skip(5).all(|byte| *byte == 7));
    }
}
