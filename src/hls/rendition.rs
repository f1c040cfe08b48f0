//! What viewers see of one stream: a snapshot that changes as a whole, and a way to wait for the next.
//!
//! Any number of requests read the same snapshot; the packager alone replaces it. Who asks for a stream by name
//! finds it in the [`Library`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::watch;

use super::playlist::Rendered;
use super::window::{Listed, Window};
use super::{Container, playlist, segment::Init};
use crate::stream::PlaybackId;

/// Requests of one stream that may wait for something to appear; more are told to come back.
const WAITERS_MAX: usize = 1_024;
/// The playlist that viewers are given the address of.
const INDEX: &str = "index.m3u8";

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing is being published, or it is long over.
    #[default]
    Absent,
    /// Frames come; the playlist will appear with the first segments.
    Starting,
    /// There is a playlist, and it grows.
    Live,
    /// There is a playlist, and it is final.
    Ended,
}

/// What can be fetched at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// How far the stream is.
    pub phase: Phase,
    index: Option<Arc<Rendered>>,
    /// The playlists of the present session and of the one that ended before it.
    playlists: Vec<(String, Arc<Rendered>)>,
    /// How the names of all media playlists of this process begin.
    own_playlists: String,
    /// By rising number.
    segments: Vec<Arc<Listed>>,
    inits: Vec<(String, Arc<Init>)>,
}

/// A file of a stream.
#[derive(Debug, Clone)]
pub enum File {
    /// `index.m3u8`.
    Index(Arc<Rendered>),
    /// A media playlist.
    Playlist(Arc<Rendered>),
    /// An init segment.
    Init(Bytes),
    /// A segment.
    Segment(Arc<Listed>),
}

/// Why there is no such file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Nothing is being published.
    #[error("the stream is not live")]
    NotLive,
    /// The first segments are being made: it is worth waiting.
    #[error("the stream is starting and has no segments yet")]
    NotYet,
    /// It was there.
    #[error("this segment has left the live window")]
    Gone,
    /// It never was.
    #[error("there is no such file")]
    Unknown,
}

impl Snapshot {
    /// Of the windows given, oldest session first. The nonces of this process's sessions begin with `salt`.
    pub(super) fn of<'a>(
        phase: Phase,
        salt: &str,
        windows: impl Iterator<Item = &'a Window> + Clone,
    ) -> Self {
        let mut inits: Vec<(String, Arc<Init>)> = Vec::new();
        for (window, listed) in
            windows.clone().flat_map(|window| window.fetchable().map(move |it| (window, it)))
        {
            let init = &listed.segment.init;
            if !init.container.has_init() {
                continue;
            }
            // A session may go on with the init segment of the one before it, under its own name.
            let uri = listed.init_uri(window.nonce());
            if inits.last().is_none_or(|(last, _)| *last != uri) {
                inits.push((uri, init.clone()));
            }
        }
        let playlists: Vec<_> = windows
            .clone()
            .filter_map(|window| Some((window.playlist_uri(), Arc::new(playlist::media(window)?))))
            .collect();
        // A session that starts anew has no index of its own yet: its viewers wait, rather than get the old one.
        let index = windows.clone().last().and_then(playlist::multivariant).map(Arc::new);
        let segments = windows.flat_map(Window::fetchable).cloned().collect();
        let own_playlists = format!("live_{salt}");
        Self { phase, index, playlists, own_playlists, segments, inits }
    }

    /// Finds a file by its name.
    ///
    /// # Errors
    /// [`Missing`] says why it is not there.
    pub fn file(&self, name: &str) -> Result<File, Missing> {
        if name == INDEX {
            return self.index.clone().map(File::Index).ok_or_else(|| self.missing(Missing::NotLive));
        }
        if let Some((_, playlist)) = self.playlists.iter().find(|(uri, _)| uri == name) {
            return Ok(File::Playlist(playlist.clone()));
        }
        if let Some((_, init)) = self.inits.iter().find(|(uri, _)| uri == name) {
            return Ok(File::Init(init.bytes.clone()));
        }
        if let Some(number) = segment_number(name) {
            let found = self.segments.binary_search_by_key(&number, |listed| listed.number).ok();
            let listed = found.and_then(|at| self.segments.get(at)).filter(|listed| listed.uri == name);
            let gone = self.segments.first().is_some_and(|oldest| number < oldest.number);
            let why = if gone { Missing::Gone } else { Missing::Unknown };
            return listed.cloned().map(File::Segment).ok_or(why);
        }
        if is_media_playlist(name) {
            return self.successor(name).map(File::Playlist).ok_or_else(|| self.missing(Missing::NotLive));
        }
        Err(Missing::Unknown)
    }

    /// The playlist that goes on for one of another process. A player that reloads it has seen no end of it, and the
    /// numbers only rise over a restart. What this process ended stays ended.
    fn successor(&self, name: &str) -> Option<Arc<Rendered>> {
        let live = self.phase == Phase::Live && !name.starts_with(&self.own_playlists);
        self.playlists.last().filter(|_| live).map(|(_, playlist)| playlist.clone())
    }

    const fn missing(&self, otherwise: Missing) -> Missing {
        if matches!(self.phase, Phase::Starting) { Missing::NotYet } else { otherwise }
    }
}

/// The number in a name that a segment could have.
fn segment_number(name: &str) -> Option<u64> {
    let (stem, extension) = name.strip_prefix("seg_")?.rsplit_once('.')?;
    let known = [Container::Fmp4, Container::Ts].iter().any(|container| container.extension() == extension);
    stem.rsplit_once('_').filter(|_| known)?.1.parse().ok()
}

fn is_media_playlist(name: &str) -> bool {
    name.starts_with("live_") && name.ends_with(".m3u8")
}

/// One stream's HLS, shared by the packager that fills it and the requests that read it.
#[derive(Debug)]
pub struct Rendition {
    snapshot: watch::Sender<Arc<Snapshot>>,
    waiting: AtomicUsize,
    counters: Counters,
}

impl Default for Rendition {
    fn default() -> Self {
        Self {
            snapshot: watch::Sender::new(Arc::default()),
            waiting: AtomicUsize::new(0),
            counters: Counters::default(),
        }
    }
}

impl Rendition {
    /// What can be fetched now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Requests and bytes so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Finds a file, and waits for it while the stream is starting. The caller sets the time limit by dropping this.
    ///
    /// # Errors
    /// [`Missing`], at once when waiting would not help or when too many wait already.
    pub async fn file(&self, name: &str) -> Result<File, Missing> {
        let mut changes = self.snapshot.subscribe();
        let first = changes.borrow_and_update().file(name);
        let Err(Missing::NotYet) = first else { return first };
        let Some(_place) = Place::take(&self.waiting) else { return first };
        loop {
            // The sender lives in self, so a change comes or this waits on.
            if changes.changed().await.is_err() {
                return Err(Missing::NotLive);
            }
            let found = changes.borrow_and_update().file(name);
            if !matches!(found, Err(Missing::NotYet)) {
                return found;
            }
        }
    }

    pub(super) fn publish(&self, snapshot: Snapshot) {
        self.snapshot.send_replace(Arc::new(snapshot));
    }
}

/// A place among the waiting, given back on drop.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < WAITERS_MAX).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `index.m3u8`.
    Index,
    /// A media playlist.
    Playlist,
    /// An init segment.
    Init,
    /// A segment.
    Segment,
    /// Something that was not there.
    Missing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Index, Self::Playlist, Self::Init, Self::Segment, Self::Missing];

    /// As metric labels have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Playlist => "playlist",
            Self::Init => "init",
            Self::Segment => "segment",
            Self::Missing => "missing",
        }
    }
}

/// Requests and bytes of body by [`Kind`].
#[derive(Debug, Default)]
pub struct Counters {
    requests: [AtomicU64; Kind::ALL.len()],
    bytes: [AtomicU64; Kind::ALL.len()],
}

impl Counters {
    /// Counts a request.
    pub(crate) fn count_request(&self, kind: Kind) {
        if let Some(counter) = self.requests.get(kind as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts bytes handed to the connection.
    pub(crate) fn count_bytes(&self, kind: Kind, bytes: u64) {
        if let Some(counter) = self.bytes.get(kind as usize) {
            counter.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Requests so far.
    #[must_use]
    pub fn requests(&self, kind: Kind) -> u64 {
        self.requests.get(kind as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self, kind: Kind) -> u64 {
        self.bytes.get(kind as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}

/// The renditions that can be watched, by the name in their address. The app fills it.
#[derive(Debug, Default)]
pub struct Library {
    renditions: RwLock<HashMap<PlaybackId, Arc<Rendition>>>,
}

impl Library {
    /// Makes a stream watchable; replaces what had the name.
    pub fn insert(&self, id: PlaybackId, rendition: Arc<Rendition>) {
        self.renditions.write().unwrap_or_else(PoisonError::into_inner).insert(id, rendition);
    }

    /// Makes a stream unknown.
    pub fn remove(&self, id: &PlaybackId) {
        self.renditions.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Finds a stream.
    #[must_use]
    pub fn find(&self, id: &PlaybackId) -> Option<Arc<Rendition>> {
        self.renditions.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// For every stream and kind: requests and bytes so far.
    #[must_use]
    pub fn figures(&self) -> Vec<(String, &'static str, u64, u64)> {
        let renditions = self.renditions.read().unwrap_or_else(PoisonError::into_inner);
        let figures = renditions.iter().flat_map(|(id, rendition)| {
            let counters = rendition.counters();
            Kind::ALL
                .map(|kind| (id.to_string(), kind.as_str(), counters.requests(kind), counters.bytes(kind)))
        });
        figures.collect()
    }
}
