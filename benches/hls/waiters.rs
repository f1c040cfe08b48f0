//! Low-latency players who all wait for the next part, and one who asks all the time and sees when it is there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::figures::{Line, Waited};
use crate::playlist::{Place, Playlist};
use crate::shared::client::{Clients, Happened};
use crate::shared::http::{Asker, question};

/// How often the observer asks: well below a part, well above what an answer takes.
const LOOK: Duration = Duration::from_millis(2);

/// When each place was first past the end of the playlist.
type Observed = Arc<Mutex<BTreeMap<Place, Instant>>>;

struct Waiting {
    host: SocketAddr,
    path: String,
    clients: Clients,
    /// What each waits for.
    places: Vec<Place>,
    answered: Vec<bool>,
    /// When each answer about a place came.
    answers: BTreeMap<Place, Vec<Instant>>,
    /// The playlist that was read last, and its text.
    read: (Vec<u8>, Place),
    observed: Observed,
    counts: Waited,
    began: Instant,
}

/// Waits for each part of the playlist at `path` in `count` players until standard input ends.
pub(crate) fn wait(host: SocketAddr, path: &str, count: usize) -> Result<()> {
    let first = Playlist::read(&Asker::connect(host)?.text(path)?).next;
    let observed = Observed::default();
    observe(host, path.to_owned(), observed.clone())?;
    let mut waiting = Waiting {
        host,
        path: path.to_owned(),
        clients: Clients::connect(host, count)?,
        places: vec![first; count],
        answered: vec![false; count],
        answers: BTreeMap::new(),
        read: (Vec::new(), first),
        observed,
        counts: Waited::default(),
        began: Instant::now(),
    };
    (0..count).for_each(|index| waiting.ask(index));
    let mut happened = Vec::new();
    loop {
        waiting.clients.turn(None, &mut happened)?;
        for happened in happened.drain(..) {
            match happened {
                Happened::Answered(index) => waiting.take(index),
                Happened::Closed => waiting.counts.closed += 1,
                Happened::Ordered(None) => return Ok(()),
                Happened::Ordered(Some(order)) => waiting.obey(&order),
            }
        }
    }
}

impl Waiting {
    fn ask(&mut self, index: usize) {
        let Some(&(segment, part)) = self.places.get(index) else { return };
        let path = format!("{}?_HLS_msn={segment}&_HLS_part={part}", self.path);
        self.clients.ask(index, &question(self.host, &path), true);
    }

    fn take(&mut self, index: usize) {
        let (Some(place), Some(connection)) = (self.places.get_mut(index), self.clients.connection(index))
        else {
            return;
        };
        self.counts.answers += 1;
        self.answers.entry(*place).or_default().push(connection.answered);
        if connection.reader.status == 200 {
            if self.read.0 != connection.reader.body {
                let text = String::from_utf8_lossy(&connection.reader.body);
                self.read.1 = Playlist::read(&text).next;
                self.read.0.clone_from(&connection.reader.body);
            }
            *place = self.read.1;
            if let Some(answered) = self.answered.get_mut(index) {
                *answered = true;
            }
        } else {
            self.counts.failed += 1;
        }
        self.ask(index);
    }

    fn obey(&mut self, order: &str) {
        match order {
            "status" => Line::Flowing(self.answered.iter().filter(|answered| **answered).count()).print(),
            "begin" => {
                (self.counts, self.began) = (Waited::default(), Instant::now());
                self.clients.bytes = 0;
                self.answers.clear();
            }
            "end" => {
                self.reckon();
                Line::Waited(Box::new(std::mem::take(&mut self.counts))).print();
            }
            other => eprintln!("unknown order {other}"),
        }
    }

    /// Turns the times into figures. The first and the last place may lack answers on the other side of the window.
    fn reckon(&mut self) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.counts.seconds = self.began.elapsed().as_secs_f64();
        self.counts.bytes = self.clients.bytes;
        let answers = std::mem::take(&mut self.answers);
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = answers.len().saturating_sub(2);
        self.counts.parts = whole as u64;
        for (place, times) in answers.iter().skip(1).take(whole) {
            let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { continue };
            self.counts.last.add(micros(*last - *first));
            times.iter().for_each(|time| self.counts.spread.add(micros(*time - *first)));
            if let Some(seen) = observed.get(place) {
                let after = times.iter().map(|time| time.saturating_duration_since(*seen));
                after.for_each(|after| self.counts.after_observer.add(micros(after)));
            }
        }
    }
}

/// Asks for the playlist again and again on a thread of its own, and notes when a place was first in it.
fn observe(host: SocketAddr, path: String, observed: Observed) -> Result<()> {
    let mut asker = Asker::connect(host)?;
    let mut next = Playlist::read(&asker.text(&path)?).next;
    thread::spawn(move || {
        while let Ok(text) = asker.text(&path) {
            let now = Instant::now();
            let seen = Playlist::read(&text).next;
            if seen != next {
                // What was next is there now.
                observed.lock().unwrap_or_else(PoisonError::into_inner).insert(next, now);
                next = seen;
            }
            thread::sleep(LOOK);
        }
    });
    Ok(())
}
