//! Threads for viewers: each answers the plain requests of its share of the connections, and none wakes another.
//!
//! A runtime of several threads wakes an idle one whenever two of its tasks are ready, so that it may take one of them.
//! For answers that take microseconds the waking costs more than it brings: a fifth of all that ten thousand viewers
//! cost. So each thread here has a runtime of one thread. What turns out to be no viewer goes back to whoever started
//! the crew.

use std::net::TcpStream as StdStream;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::row::Rows;
use crate::api::hls::Hall;

/// Connections on their way to a thread, and back from all of them. One that finds no room is served where it is.
const WAITING_MAX: usize = 1_024;

/// Answers in a row before a thread looks for new requests: those who wait for a part are answered before those who have it
/// ask for the next.
const ANSWERS_IN_A_ROW: u32 = 2_048;
/// How many requests may go before one who was woken by the packager's thread: none, for the same reason.
const REQUESTS_BEFORE_WOKEN: u32 = 1;

/// A connection, its socket, and what was read of it.
pub(super) type Handed = (Connection, StdStream, Vec<u8>);

/// The threads.
pub(super) struct Crew {
    hands: Vec<mpsc::Sender<(Connection, StdStream)>>,
    next: usize,
    running: TaskTracker,
    /// Cuts what still runs when the crew is dropped.
    _cut: DropGuard,
}

impl Crew {
    /// So many threads, and what they hand back.
    pub(super) fn start(
        hands: usize,
        hall: Option<&Arc<Hall>>,
        stop: &CancellationToken,
    ) -> (Self, mpsc::Receiver<Handed>) {
        let (back, handed) = mpsc::channel(WAITING_MAX);
        let (running, cut) = (TaskTracker::new(), CancellationToken::new());
        let start = |number: usize| {
            let (sender, jobs) = mpsc::channel(WAITING_MAX);
            // Cancelled with the other, but not waited for at the same lock.
            let stop = stop.child_token();
            let rows = hall.map(|hall| Rows::new(hall.clone(), stop.clone()));
            let hand = Hand { jobs, back: back.clone(), stop, rows };
            let (running, cut) = (running.token(), cut.clone());
            let thread = std::thread::Builder::new().name(format!("viewers-{number}"));
            let started = thread.spawn(move || {
                hand.work(&cut);
                drop(running);
            });
            match started {
                Ok(_) => Some(sender),
                Err(error) => {
                    tracing::warn!(%error, "no thread for viewers");
                    None
                }
            }
        };
        let hands = (0..hands).filter_map(start).collect();
        running.close();
        (Self { hands, next: 0, running, _cut: cut.drop_guard() }, handed)
    }

    /// Gives a connection to the next thread. Back it comes where there is none, or that one has too many to look at.
    pub(super) fn take(
        &mut self,
        connection: Connection,
        socket: TcpStream,
    ) -> Option<(Connection, TcpStream)> {
        self.next = self.next.wrapping_add(1);
        let hand = self.next.checked_rem(self.hands.len()).and_then(|at| self.hands.get(at));
        let Some(place) = hand.and_then(|hand| hand.try_reserve().ok()) else {
            return Some((connection, socket));
        };
        match socket.into_std() {
            Ok(socket) => place.send((connection, socket)),
            Err(error) => tracing::warn!(peer = %connection.peer, %error, "an HTTP connection was lost"),
        }
        None
    }

    /// Takes no more, and waits for the end of what there is.
    pub(super) async fn end(&mut self) {
        self.hands.clear();
        self.running.wait().await;
    }
}

/// One thread's end of it.
struct Hand {
    jobs: mpsc::Receiver<(Connection, StdStream)>,
    back: mpsc::Sender<Handed>,
    stop: CancellationToken,
    /// Its connections that wait for the same answers.
    rows: Option<Arc<Rows>>,
}

impl Hand {
    fn work(self, cut: &CancellationToken) {
        let mut builder = Builder::new_current_thread();
        builder.event_interval(ANSWERS_IN_A_ROW).global_queue_interval(REQUESTS_BEFORE_WOKEN);
        match builder.enable_all().build() {
            Ok(runtime) => drop(runtime.block_on(cut.run_until_cancelled(self.serve()))),
            Err(error) => tracing::error!(%error, "a thread for viewers cannot run"),
        }
    }

    async fn serve(mut self) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                job = self.jobs.recv() => {
                    let Some((connection, socket)) = job else { break };
                    let connection = Connection { stop: self.stop.clone(), ..connection };
                    connections.spawn(serve(connection, socket, self.rows.clone(), self.back.clone()));
                }
                Some(_) = connections.join_next() => {}
            }
        }
        while connections.join_next().await.is_some() {}
    }
}

async fn serve(
    connection: Connection,
    socket: StdStream,
    rows: Option<Arc<Rows>>,
    back: mpsc::Sender<Handed>,
) {
    let peer = connection.peer;
    let answered = async {
        let socket = TcpStream::from_std(socket)?;
        let Some((connection, socket, read)) = connection.viewer(socket, rows.as_ref()).await else {
            return Ok(());
        };
        // Nobody is there to take it after the stop, when nothing new is begun.
        back.send((connection, socket.into_std()?, read)).await.ok();
        std::io::Result::Ok(())
    };
    if let Err(error) = answered.await {
        tracing::warn!(%peer, %error, "an HTTP connection was lost");
    }
}
