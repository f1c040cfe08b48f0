//! Shards: one task a worker that sends to many sockets, since a task for each socket costs twenty times as much.
//!
//! A connection's owner (a push worker, a play session) hands its transport in with [`Shards::attach`] once media may flow,
//! goes on reading it, and gets word through its [`Attachment`] when sending ended and why. A shard never waits for a
//! socket: what it does not take parks that output alone.
//!
//! In this room: `output` is one socket's sending state, `selection` what of the stream it is sent, `batch` what one write
//! is made of, `pace` decides when, `run` is the task.

mod batch;
mod output;
mod pace;
mod run;
mod selection;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::output::Output;
use self::run::Shard;
pub use self::selection::Wanted;
use super::cursor::{Cursor, Start};
use super::live::Stream;
use super::stats::OutputStats;
use crate::media::{Codec, End};
use crate::net::Transport;

/// Orders that may wait for a shard. They are few and small; an owner that finds it full waits.
const ORDERS_MAX: usize = 1_024;

/// How shards send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardConfig {
    /// How long a frame may wait for others, so that one write takes them all: audio for video, video for the last
    /// video that is expected in time. 0: every frame at once.
    pub coalesce: Duration,
}

/// What a socket is to be sent, and under which bounds.
#[derive(Debug)]
pub struct OutputSpec {
    /// Where to write. The owner reads from it meanwhile, and writes nothing.
    pub transport: Arc<Transport>,
    /// Message stream id of the media.
    pub stream_id: u32,
    /// Chunk size that the peer was told, 128 to 65536.
    pub chunk_size: u32,
    /// Metadata is wrapped in `@setDataFrame`, as a publisher sends it.
    pub as_publisher: bool,
    /// What of the stream.
    pub wanted: Wanted,
    /// Where to begin.
    pub start: Start,
    /// Lag beyond which the output gives up the frames up to the newest keyframe.
    pub queue: Duration,
    /// How long the peer may take nothing while something waits for it.
    pub stall_timeout: Duration,
    /// Figures to keep.
    pub stats: Arc<OutputStats>,
}

/// Why sending ended. The transport is the owner's again, at a message's border except after an error.
#[derive(Debug)]
pub enum Finished {
    /// The broadcast is over and everything was sent.
    Ended(End),
    /// The peer took nothing for the stall timeout.
    Stalled,
    /// The owner asked for it.
    Detached,
    /// The owner asked for it, and everything before this entry, which a reader may begin at, was sent.
    AtStart(u64),
    /// The stream has a track that is to be sent and whose coding the peer does not take. Nothing of it was sent.
    Unsupported(Codec),
    /// The socket failed.
    Closed(io::Error),
}

/// What an owner asks of a shard.
enum Order {
    Attach(Arc<Stream>, Box<Output>),
    /// Bytes of the owner's machine, to go out between two messages.
    Send(OutputId, Bytes),
    Pause(OutputId, bool),
    EndAtStart(OutputId),
    Detach(OutputId),
}

/// An output's number in its shard, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct OutputId(u64);

/// The owner's end of an attached output. Dropping it ends the sending.
#[derive(Debug)]
pub struct Attachment {
    id: OutputId,
    orders: mpsc::Sender<Order>,
    finished: oneshot::Receiver<Finished>,
}

impl Attachment {
    /// Waits for the end. Cancel safe; after it was returned once, never returns again.
    pub async fn finished(&mut self) -> Finished {
        match (&mut self.finished).await {
            Ok(finished) => finished,
            // The shard is gone: the process is.
            Err(_) => Finished::Detached,
        }
    }

    /// Sends bytes of the owner's machine between two messages. Whole messages only.
    pub async fn send(&self, bytes: Bytes) {
        self.order(Order::Send(self.id, bytes)).await;
    }

    /// Stops sending, or goes on at the newest keyframe.
    pub async fn pause(&self, paused: bool) {
        self.order(Order::Pause(self.id, paused)).await;
    }

    /// Ends the sending at the next keyframe, for another output to go on there: [`Finished::AtStart`].
    pub async fn end_at_start(&self) {
        self.order(Order::EndAtStart(self.id)).await;
    }

    /// Ends the sending; [`finished`](Self::finished) says when.
    pub async fn detach(&self) {
        self.order(Order::Detach(self.id)).await;
    }

    async fn order(&self, order: Order) {
        // A shard that is gone has finished all its outputs, which the owner learns from `finished`.
        self.orders.send(order).await.ok();
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // A full queue: the shard sees the closed `finished` channel at its next look around.
        self.orders.try_send(Order::Detach(self.id)).ok();
    }
}

/// All shards.
#[derive(Debug)]
pub struct Shards {
    orders: Vec<mpsc::Sender<Order>>,
    next: AtomicU64,
}

impl Shards {
    /// `count` shards, and the task of each, which runs until `stop`.
    #[must_use]
    pub fn new(
        count: usize,
        config: ShardConfig,
        stop: &CancellationToken,
    ) -> (Arc<Self>, Vec<impl Future<Output = ()> + Send + 'static>) {
        let (orders, tasks) = (0..count.max(1))
            .map(|_| {
                let (sender, receiver) = mpsc::channel(ORDERS_MAX);
                (sender, Shard::new(config, receiver).run(stop.clone()))
            })
            .unzip();
        (Arc::new(Self { orders, next: AtomicU64::new(0) }), tasks)
    }

    /// Starts sending `stream` as `spec` says. Outputs are dealt to shards in turn.
    pub async fn attach(&self, stream: &Arc<Stream>, spec: OutputSpec) -> Attachment {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = OutputId(number);
        let (sender, finished) = oneshot::channel();
        let cursor = Cursor::new(stream.ring(), spec.start);
        let output = Box::new(Output::new(id, spec, cursor, sender));
        let at = usize::try_from(number).unwrap_or_default() % self.orders.len();
        let orders = self.orders.get(at).cloned().unwrap_or_else(|| mpsc::channel(1).0);
        orders.send(Order::Attach(Arc::clone(stream), output)).await.ok();
        Attachment { id, orders, finished }
    }
}
