//! Viewers of a plain player's kind: the playlist once a target duration, then each segment that is new in it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::figures::{Line, Seen};
use crate::playlist::Playlist;
use crate::shared::client::{Clients, Happened};
use crate::shared::http::question;

/// What a playlist that cannot be read counts as.
const TARGET: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Viewer {
    /// The newest segment that was fetched, or is to be.
    newest: Option<Rc<str>>,
    wanted: VecDeque<Rc<str>>,
    /// Whether it waits for a playlist rather than a segment.
    reads_playlist: bool,
    /// When it asks for the playlist again, once it has what it wants.
    again: Option<Instant>,
    segments: u64,
}

struct Watching {
    host: SocketAddr,
    /// Where playlist and segments lie, up to the last slash.
    folder: String,
    playlist: String,
    clients: Clients,
    viewers: Vec<Viewer>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// The playlist that was read last, and its text: mostly the next viewer gets the same.
    read: (Vec<u8>, Rc<Playlist>),
    seen: Seen,
    began: Instant,
}

/// Watches the playlist at `path` in `count` viewers until standard input ends.
pub(crate) fn watch(host: SocketAddr, path: &str, count: usize) -> Result<()> {
    let clients = Clients::connect(host, count)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let now = Instant::now();
    // They come at any time of a segment, as people do.
    let at = |index: usize| now + TARGET * index as u32 / count.max(1) as u32;
    let mut watching = Watching {
        host,
        folder,
        playlist: question(host, path),
        clients,
        viewers: (0..count).map(|_| Viewer::default()).collect(),
        due: (0..count).map(|index| Reverse((at(index), index))).collect(),
        read: (Vec::new(), Rc::default()),
        seen: Seen::default(),
        began: now,
    };
    let mut happened = Vec::new();
    loop {
        let next = watching.due.peek().map(|Reverse((due, _))| due.saturating_duration_since(Instant::now()));
        watching.clients.turn(next, &mut happened)?;
        for happened in happened.drain(..) {
            match happened {
                Happened::Answered(index) => watching.answered(index),
                Happened::Closed => watching.seen.closed += 1,
                Happened::Ordered(None) => return Ok(()),
                Happened::Ordered(Some(order)) => watching.obey(&order),
            }
        }
        watching.ask_those_due();
    }
}

impl Watching {
    fn obey(&mut self, order: &str) {
        match order {
            "status" => {
                Line::Flowing(self.viewers.iter().filter(|viewer| viewer.segments > 0).count()).print();
            }
            "begin" => {
                (self.seen, self.began) = (Seen::default(), Instant::now());
                self.clients.bytes = 0;
            }
            "end" => {
                self.seen.seconds = self.began.elapsed().as_secs_f64();
                self.seen.bytes = self.clients.bytes;
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
            if let Some(viewer) = self.viewers.get_mut(index) {
                viewer.reads_playlist = true;
            }
            self.clients.ask(index, &self.playlist, true);
        }
    }

    fn answered(&mut self, index: usize) {
        let Some(viewer) = self.viewers.get_mut(index) else { return };
        let Some(connection) = self.clients.connection(index) else { return };
        let took = connection.took();
        if connection.reader.status != 200 {
            self.seen.failed += 1;
        }
        if viewer.reads_playlist {
            self.seen.playlists.add(took);
            self.seen.playlist_count += 1;
            if self.read.0 != connection.reader.body {
                let text = String::from_utf8_lossy(&connection.reader.body);
                self.read.1 = Rc::new(Playlist::read(&text));
                self.read.0.clone_from(&connection.reader.body);
            }
            viewer.choose(&self.read.1, connection.asked);
        } else {
            self.seen.segments.add(took);
            self.seen.segment_count += 1;
            viewer.segments += 1;
        }
        match viewer.wanted.pop_front() {
            Some(segment) => {
                viewer.reads_playlist = false;
                let path = format!("{}/{segment}", self.folder);
                self.clients.ask(index, &question(self.host, &path), false);
            }
            None => self.due.push(Reverse((viewer.again.unwrap_or_else(Instant::now), index))),
        }
    }
}

impl Viewer {
    /// Wants what is new, and sets the time of the next look: a target duration after this one, or half of it where
    /// nothing was new (RFC 8216 §6.3.4).
    fn choose(&mut self, playlist: &Playlist, asked: Instant) {
        let known =
            self.newest.as_ref().and_then(|newest| playlist.segments.iter().position(|it| it == newest));
        // Who begins, or fell behind, goes on with the newest.
        let from = known.map_or(playlist.segments.len().saturating_sub(1), |known| known + 1);
        self.wanted.extend(playlist.segments.iter().skip(from).cloned());
        let target = if playlist.target.is_zero() { TARGET } else { playlist.target };
        self.again = Some(asked + if self.wanted.is_empty() { target / 2 } else { target });
        if let Some(newest) = playlist.segments.last() {
            self.newest = Some(newest.clone());
        }
    }
}
