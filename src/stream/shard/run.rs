//! The task of one shard: woken by rings, orders, sockets and the clock; it sends and waits for none of them alone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::bell::{Bell, Tower};
use super::super::live::Stream;
use super::super::ring::{Entry, Ring};
use super::batch::Batch;
use super::output::{Output, Turn};
use super::pace::Pace;
use super::{Finished, Order, OutputId, ShardConfig};

/// How often stalls and lag are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Outputs served before other tasks of the worker (ingest, above all) get their turn.
const OUTPUTS_IN_A_ROW: usize = 32;
/// Fresh entries that are shared by all outputs of a wake-up. An output that lags further reads the ring itself.
const FRESH_MAX: u64 = 256;

type Writable = Pin<Box<dyn Future<Output = (OutputId, io::Result<()>)> + Send>>;

/// A stream with outputs in this shard.
struct Lane {
    stream: Arc<Stream>,
    /// Rings when the stream has news; its mark is the lane's number.
    bell: Arc<Bell>,
    /// When what arrived is sent.
    pace: Pace,
    /// Up to where the outputs that keep up were served.
    served: u64,
    outputs: Vec<Output>,
}

impl Lane {
    fn ring(&self) -> &Ring {
        self.stream.ring()
    }

    /// Entries that the outputs that keep up have not had, taken out of the ring once for all of them.
    fn fresh(&self) -> Vec<Arc<Entry>> {
        let ring = self.ring();
        let head = ring.head();
        let from = self.served.max(ring.tail()).max(head.saturating_sub(FRESH_MAX));
        (from..head).map_while(|seq| ring.get(seq)).collect()
    }

    /// Gives outputs from `index` on their turn, as many as go in a row. Where to go on.
    fn serve(
        &mut self,
        mut index: usize,
        fresh: &[Arc<Entry>],
        batch: &mut Batch,
        parked: &FuturesUnordered<Writable>,
    ) -> usize {
        let Self { stream, outputs, .. } = self;
        let now = Instant::now();
        let mut left = OUTPUTS_IN_A_ROW;
        outputs.iter().skip(index).take(left).for_each(Output::touch);
        while left > 0
            && let Some(output) = outputs.get_mut(index)
        {
            let turn = if output.parked { Turn::Idle } else { output.turn(stream.ring(), fresh, batch, now) };
            index = settle(outputs, index, turn, parked);
            left -= 1;
            // Those that stand where this one stood are sent the same.
            let next = outputs.get(index).and_then(Output::standing);
            let Some(shared) = next.and_then(|next| batch.shared(&next, fresh)) else { continue };
            while left > 0
                && let Some(output) = outputs.get_mut(index)
                && let Some(turn) = output.follow(&shared, batch, fresh, now)
            {
                index = settle(outputs, index, turn, parked);
                left -= 1;
            }
        }
        index
    }
}

/// One shard.
pub(super) struct Shard {
    config: ShardConfig,
    orders: mpsc::Receiver<Order>,
    tower: Arc<Tower>,
    /// By rising number.
    lanes: Vec<Lane>,
    next_lane: u64,
    /// Numbers of the lanes with news, kept for its space.
    news: Vec<u64>,
    parked: FuturesUnordered<Writable>,
    batch: Batch,
}

impl Shard {
    pub(super) fn new(config: ShardConfig, orders: mpsc::Receiver<Order>) -> Self {
        Self {
            config,
            orders,
            tower: Arc::default(),
            lanes: Vec::new(),
            next_lane: 0,
            news: Vec::new(),
            parked: FuturesUnordered::new(),
            batch: Batch::default(),
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let tower = Arc::clone(&self.tower);
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let due = self.lanes.iter().filter_map(|lane| lane.pace.due()).min();
            tokio::select! {
                () = stop.cancelled() => return,
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                () = tower.rung() => {
                    if self.listen() {
                        self.serve_due().await;
                    }
                }
                () = sleep_until(due), if due.is_some() => self.serve_due().await,
                Some((id, ready)) = self.parked.next() => self.unpark(id, ready),
                _ = look.tick() => self.look_around(),
            }
        }
    }

    /// Hears what arrived. Whether a lane is due at once.
    fn listen(&mut self) -> bool {
        let now = Instant::now();
        let mut due = false;
        self.news.clear();
        self.tower.take(&mut self.news);
        for mark in &self.news {
            // A lane may be gone that has rung before.
            let found = self.lanes.binary_search_by_key(mark, |lane| lane.bell.mark);
            if let Some(lane) = found.ok().and_then(|at| self.lanes.get_mut(at)) {
                due |= lane.pace.hear(lane.stream.ring(), now);
            }
        }
        due
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Attach(stream, output) => self.attach(stream, *output),
            Order::Send(id, bytes) => self.with(id, |output, _| output.answer(bytes).err()),
            Order::Pause(id, true) => self.with(id, |output, _| {
                output.paused = true;
                None
            }),
            Order::Pause(id, false) => self.with(id, |output, ring| {
                output.resume(ring);
                None
            }),
            Order::EndAtStart(id) => self.with(id, |output, _| {
                output.end_at_start();
                None
            }),
            Order::Detach(id) => self.with(id, |output, _| {
                output.end_at_border(Finished::Detached);
                None
            }),
        }
    }

    fn attach(&mut self, stream: Arc<Stream>, output: Output) {
        let id = output.id;
        match self.lanes.iter_mut().find(|lane| Arc::ptr_eq(&lane.stream, &stream)) {
            Some(lane) => lane.outputs.push(output),
            None => {
                let bell = Bell::new(&self.tower, self.next_lane);
                self.next_lane += 1;
                stream.ring().add_bell(&bell);
                let served = stream.ring().head();
                let pace = Pace::new(self.config.coalesce, served);
                self.lanes.push(Lane { stream, bell, pace, served, outputs: vec![output] });
            }
        }
        self.with(id, |_, _| None);
    }

    /// Does something to an output, then gives it a turn. Finishes it where `act` or the turn says so.
    fn with(&mut self, id: OutputId, act: impl FnOnce(&mut Output, &Ring) -> Option<Finished>) {
        let found = self.lanes.iter().enumerate().find_map(|(lane, outputs)| {
            Some((lane, outputs.outputs.iter().position(|output| output.id == id)?))
        });
        let Some((at, index)) = found else { return };
        let Some(lane) = self.lanes.get_mut(at) else { return };
        let ring = lane.stream.ring();
        let Some(output) = lane.outputs.get_mut(index) else { return };
        let turn = match act(output, ring) {
            Some(finished) => Turn::Finished(finished),
            None if output.parked => Turn::Idle,
            None => {
                self.batch.clear();
                output.turn(ring, &[], &mut self.batch, Instant::now())
            }
        };
        settle(&mut lane.outputs, index, turn, &self.parked);
        self.drop_empty_lanes();
    }

    fn unpark(&mut self, id: OutputId, ready: io::Result<()>) {
        self.with(id, |output, _| {
            output.parked = false;
            ready.err().map(Finished::Closed)
        });
    }

    /// Gives every output of the lanes that are due, and that is not parked, its turn.
    async fn serve_due(&mut self) {
        let now = Instant::now();
        for lane in &mut self.lanes {
            if !lane.pace.take(now) {
                continue;
            }
            let fresh = lane.fresh();
            let Some(last) = fresh.last() else { continue };
            lane.served = last.seq + 1;
            self.batch.clear();
            let mut index = 0;
            while index < lane.outputs.len() {
                index = lane.serve(index, &fresh, &mut self.batch, &self.parked);
                if index < lane.outputs.len() {
                    tokio::task::yield_now().await;
                }
            }
        }
        self.drop_empty_lanes();
    }

    /// Finishes what stalls, and what nobody owns any more.
    fn look_around(&mut self) {
        let now = Instant::now();
        for lane in &mut self.lanes {
            let ring = lane.stream.ring();
            let mut index = 0;
            while let Some(output) = lane.outputs.get_mut(index) {
                let abandoned = output.is_abandoned().then_some(Finished::Detached);
                let Some(finished) = abandoned.or_else(|| output.look(ring, now).err()) else {
                    index += 1;
                    continue;
                };
                output.finish(finished);
                lane.outputs.swap_remove(index);
            }
        }
        self.drop_empty_lanes();
    }

    fn drop_empty_lanes(&mut self) {
        // In order: lanes are found by their numbers.
        self.lanes.retain(|lane| !lane.outputs.is_empty());
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.stream.ring().remove_bell(&self.bell);
    }
}

/// Does what the turn of the output at `index` ended with. Where to go on.
fn settle(outputs: &mut Vec<Output>, index: usize, turn: Turn, parked: &FuturesUnordered<Writable>) -> usize {
    match turn {
        Turn::Idle => {}
        // More: the others first. A socket that takes more is ready at once.
        Turn::More | Turn::Parked => {
            if let Some(output) = outputs.get_mut(index) {
                park(output, parked);
            }
        }
        Turn::Finished(finished) => {
            outputs.swap_remove(index).finish(finished);
            return index;
        }
    }
    index + 1
}

/// Waits for the socket apart from everything else.
fn park(output: &mut Output, parked: &FuturesUnordered<Writable>) {
    output.parked = true;
    let (id, transport) = (output.id, Arc::clone(output.transport()));
    parked.push(Box::pin(async move { (id, transport.writable().await) }));
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
