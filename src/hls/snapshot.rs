//! What can be fetched of one stream at one moment. Immutable: any number of requests read the same one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::lifecycle::Session;
use super::lineup::Lane;
use super::names::Name;
use super::playlist::{Media, Multivariant, Press};
use super::reload::{Edge, Readiness, Wanted};
use super::rendered::Rendered;
use super::segment::{Init, Part};
use super::window::{Growing, Listed, Window};

/// How long a request for a playlist that is about to appear is held. Players give up after ten seconds.
const STARTING_HELD: Duration = Duration::from_secs(5);

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
    /// A part.
    Part(Arc<Part>),
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
    /// Too many requests wait already.
    #[error("too many requests wait for this stream")]
    Crowded,
    /// What the request waits for is farther ahead than a player can know of.
    #[error("_HLS_msn or _HLS_part is too far ahead of the playlist")]
    TooFar,
}

/// What is asked about a media playlist, besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    /// What the playlist must have before it is sent.
    pub wanted: Option<Wanted>,
    /// Whether the asker knows the last playlist and can do without its older segments.
    pub skip: bool,
}

/// What a snapshot says to a request.
#[derive(Debug)]
pub(super) enum Found {
    /// Here it is.
    File(File),
    /// It may come within so long; after that the answer is the other.
    Later(Duration, Otherwise),
    /// It will not come.
    Missing(Missing),
}

impl Found {
    /// The answer for those who do not wait.
    pub(super) fn file(self) -> Result<File, Missing> {
        match self {
            Self::File(file) => Ok(file),
            Self::Later(_, otherwise) => otherwise.file(),
            Self::Missing(missing) => Err(missing),
        }
    }
}

/// What a request is answered that waited in vain. Nothing is rendered for those who still wait.
#[derive(Debug)]
pub(super) enum Otherwise {
    /// The playlist as it is.
    Playlist(Arc<Media>, Ask),
    /// Nothing.
    Missing(Missing),
}

impl Otherwise {
    pub(super) fn file(self) -> Result<File, Missing> {
        match self {
            Self::Playlist(media, ask) => Ok(playlist(&media, ask)),
            Self::Missing(missing) => Err(missing),
        }
    }
}

fn playlist(media: &Media, ask: Ask) -> File {
    let rendered = if ask.skip { media.delta() } else { media.full() };
    File::Playlist(rendered.clone())
}

/// What can be fetched of one lane of a session.
#[derive(Debug)]
struct Shown {
    lane: Lane,
    nonce: String,
    media: Option<Arc<Media>>,
    edge: Option<Edge>,
    /// By rising number.
    segments: Vec<Arc<Listed>>,
    growing: Option<Growing>,
    next_part: Option<u64>,
    inits: Vec<Arc<Init>>,
}

/// What can be fetched at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// How far the stream is.
    pub phase: Phase,
    /// Seconds a segment of the present session takes at most, once that is known.
    pub target_duration: Option<u32>,
    index: Option<Arc<Multivariant>>,
    /// How the nonces of all sessions of this process begin.
    salt: String,
    /// The lanes of the session that ended before, where it is still kept, and of the present one.
    lanes: Vec<Shown>,
}

impl Snapshot {
    /// Of the sessions given, the oldest first. The nonces of this process's sessions begin with `salt`.
    pub(super) fn of<'a>(
        phase: Phase,
        salt: &str,
        sessions: impl Iterator<Item = &'a Session> + Clone,
        press: &mut Press,
    ) -> Self {
        press.keep(sessions.clone().flat_map(Session::windows));
        // A session that starts anew has no index of its own yet: its viewers wait, rather than get the old one.
        let index = sessions.clone().last().and_then(|session| press.multivariant(session));
        let shown =
            sessions.clone().flat_map(|session| session.windows().map(move |window| (session, window)));
        let lanes = shown.map(|(session, window)| Shown::of(session, window, press)).collect();
        let target_duration = sessions
            .clone()
            .last()
            .and_then(|session| session.windows().next())
            .and_then(Window::target_duration);
        Self { phase, target_duration, index, salt: salt.to_owned(), lanes }
    }

    /// Finds a file by its name, without waiting for it.
    ///
    /// # Errors
    /// [`Missing`] says why it is not there.
    pub fn file(&self, name: &str) -> Result<File, Missing> {
        self.find(name, Ask::default()).file()
    }

    /// Finds a file, or says whether to wait for it.
    pub(super) fn find(&self, name: &str, ask: Ask) -> Found {
        let Some(name) = Name::parse(name) else { return Found::Missing(Missing::Unknown) };
        let lane = |nonce: &str| self.lanes.iter().find(|lane| lane.nonce == nonce);
        match name {
            Name::Index => match &self.index {
                Some(index) => Found::File(File::Index(index.text().clone())),
                None => self.absent(),
            },
            Name::Playlist(nonce) => match self.listed(nonce) {
                Some(lane) => lane.playlist(ask),
                None => self.absent(),
            },
            Name::Init(nonce, number) => {
                let init =
                    lane(nonce).and_then(|it| it.inits.iter().find(|init| u64::from(init.number) == number));
                init.map_or(Found::Missing(Missing::Unknown), |init| {
                    Found::File(File::Init(init.bytes.clone()))
                })
            }
            Name::Segment(nonce, number) => {
                let found = lane(nonce).and_then(|lane| lane.segment(number));
                let oldest = self.lanes.iter().flat_map(|lane| &lane.segments).next();
                let gone = oldest.is_some_and(|oldest| number < oldest.number);
                let why = if gone { Missing::Gone } else { Missing::Unknown };
                found.map_or(Found::Missing(why), |listed| Found::File(File::Segment(listed.clone())))
            }
            Name::Part(nonce, number) => {
                lane(nonce).map_or(Found::Missing(Missing::Unknown), |lane| lane.part(number))
            }
        }
    }

    /// Whether what is wanted of a media playlist is not there and will come. Nothing is rendered to find out.
    pub(super) fn awaits(&self, name: &str, wanted: Wanted) -> bool {
        let Some(Name::Playlist(nonce)) = Name::parse(name) else { return false };
        let edge = self.listed(nonce).and_then(|lane| lane.edge);
        edge.is_some_and(|edge| edge.readiness(wanted) == Readiness::Soon)
    }

    /// The lane of a media playlist, or what goes on for it.
    fn listed(&self, nonce: &str) -> Option<&Shown> {
        let lane = self.lanes.iter().find(|lane| lane.nonce == nonce && lane.media.is_some());
        lane.or_else(|| self.successor(nonce))
    }

    /// The lane that goes on for one of another process. A player that reloads its playlist has seen no end of it,
    /// and the numbers only rise over a restart. What this process ended stays ended.
    fn successor(&self, nonce: &str) -> Option<&Shown> {
        let live = self.phase == Phase::Live && !nonce.starts_with(&self.salt);
        let tag = nonce.split_once('-').map_or("", |(_, tag)| tag);
        let follows = |lane: &&Shown| lane.lane.to_string().trim_start_matches('-') == tag;
        self.lanes.iter().rev().find(follows).filter(|lane| live && lane.media.is_some())
    }

    const fn absent(&self) -> Found {
        if matches!(self.phase, Phase::Starting) {
            Found::Later(STARTING_HELD, Otherwise::Missing(Missing::NotYet))
        } else {
            Found::Missing(Missing::NotLive)
        }
    }
}

impl Shown {
    fn of(session: &Session, window: &Window, press: &mut Press) -> Self {
        let mut inits: Vec<Arc<Init>> = Vec::new();
        let openings = window.fetchable().map(|listed| &listed.segment.opening);
        let growing = window.growing().map(|growing| &growing.opening);
        let known = openings.chain(growing).map(|opening| &opening.init).chain(window.next_init());
        for init in known {
            if init.container.has_init() && inits.last().is_none_or(|last| last.number != init.number) {
                inits.push(init.clone());
            }
        }
        Self {
            lane: window.lane(),
            nonce: window.nonce().to_owned(),
            media: press.media(session, window),
            edge: Edge::of(window),
            segments: window.fetchable().cloned().collect(),
            growing: window.growing().cloned(),
            next_part: window.next_part(),
            inits,
        }
    }

    fn playlist(&self, ask: Ask) -> Found {
        let Some(media) = &self.media else { return Found::Missing(Missing::NotLive) };
        match (self.edge, ask.wanted) {
            (Some(edge), Some(wanted)) => match edge.readiness(wanted) {
                Readiness::Ready => Found::File(playlist(media, ask)),
                Readiness::Soon => Found::Later(edge.held(), Otherwise::Playlist(media.clone(), ask)),
                Readiness::TooFar => Found::Missing(Missing::TooFar),
            },
            _ => Found::File(playlist(media, ask)),
        }
    }

    fn segment(&self, number: u64) -> Option<&Arc<Listed>> {
        let at = self.segments.binary_search_by_key(&number, |listed| listed.number).ok()?;
        self.segments.get(at)
    }

    fn part(&self, number: u64) -> Found {
        let finished = || self.segments.iter().rev().find_map(|listed| listed.part(number));
        if let Some(part) = self.growing.as_ref().and_then(|it| it.part(number)).or_else(finished) {
            return Found::File(File::Part(part.clone()));
        }
        match (self.next_part, self.edge) {
            (Some(next), Some(edge)) if number == next => {
                Found::Later(edge.held(), Otherwise::Missing(Missing::Unknown))
            }
            (next, _) if next.is_none_or(|next| number < next) => Found::Missing(Missing::Gone),
            _ => Found::Missing(Missing::Unknown),
        }
    }
}
