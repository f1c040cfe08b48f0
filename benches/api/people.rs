//! People: each on a connection that is kept, asking at a steady pace whether or not the server keeps up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::figures::{Line, Seen};
use crate::mix::{Class, Mix};
use crate::scene::Scene;
use crate::shared::client::{Clients, Happened};

/// What one rate is counted over.
const TEN_SECONDS: Duration = Duration::from_secs(10);

struct One {
    /// Requests so far, from a place in the mix that is this person's own.
    n: usize,
    waits: Option<Class>,
    answered: bool,
}

struct Asking {
    host: SocketAddr,
    scene: Scene,
    mix: Mix,
    clients: Clients,
    people: Vec<One>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    every: Duration,
    seen: Seen,
    began: Instant,
}

/// Asks as the scene's people until standard input ends, each so often in ten seconds.
pub(crate) fn ask(host: SocketAddr, scene: &str, rate: u32) -> Result<()> {
    let scene = Scene::load(scene)?;
    let (count, every) = (scene.people.len(), TEN_SECONDS / rate.max(1));
    let now = Instant::now();
    let at = |index: usize| now + every * index as u32 / count.max(1) as u32;
    let mut asking = Asking {
        host,
        mix: Mix::new(),
        clients: Clients::connect(host, count)?,
        people: (0..count).map(|index| One { n: index * 37, waits: None, answered: false }).collect(),
        due: (0..count).map(|index| Reverse((at(index), index))).collect(),
        every,
        scene,
        seen: Seen::default(),
        began: now,
    };
    let mut happened = Vec::new();
    loop {
        let next = asking.due.peek().map(|Reverse((due, _))| due.saturating_duration_since(Instant::now()));
        asking.clients.turn(next, &mut happened)?;
        for happened in happened.drain(..) {
            match happened {
                Happened::Answered(index) => asking.answered(index),
                Happened::Closed => asking.seen.closed += 1,
                Happened::Ordered(None) => return Ok(()),
                Happened::Ordered(Some(order)) => asking.obey(&order),
            }
        }
        asking.ask_those_due();
    }
}

impl Asking {
    fn obey(&mut self, order: &str) {
        match order {
            "status" => Line::Flowing(self.people.iter().filter(|one| one.answered).count()).print(),
            "begin" => (self.seen, self.began) = (Seen::default(), Instant::now()),
            "end" => {
                self.seen.seconds = self.began.elapsed().as_secs_f64();
                Line::Seen(Box::new(std::mem::take(&mut self.seen))).print();
            }
            other => eprintln!("unknown order {other}"),
        }
    }

    fn ask_those_due(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((due, index))) = self.due.peek() {
            if due > now {
                return;
            }
            self.due.pop();
            self.due.push(Reverse((due + self.every, index)));
            self.seen.due += 1;
            let (Some(one), Some(who)) = (self.people.get_mut(index), self.scene.people.get(index)) else {
                continue;
            };
            // Who still waits asks for nothing else; that it was due is counted.
            if one.waits.is_some() {
                continue;
            }
            let Some(show) = self.scene.shows.get(who.project) else { continue };
            let (class, request) = self.mix.request(self.host, show, who, one.n);
            one.n += 1;
            one.waits = Some(class);
            self.clients.ask(index, &request, false);
        }
    }

    fn answered(&mut self, index: usize) {
        let Some(one) = self.people.get_mut(index) else { return };
        let Some(connection) = self.clients.connection(index) else { return };
        let took = connection.took();
        one.answered = true;
        if let Some(class) = one.waits.take() {
            self.seen.add(class, took, connection.reader.status);
        }
    }
}
