//! The life of a stream's playlists: started, interrupted, resumed, ended, forgotten. Pure: time is an argument.
//!
//! An encoder that says goodbye ends the playlist at once. One that is lost leaves it open for a while: if it comes
//! back the same playlist goes on behind a discontinuity, if not it is ended then. After an end the next publish is a
//! new session with a new playlist name, since nothing may be added after `EXT-X-ENDLIST`; the media sequence goes on.
//! The ended one stays fetchable for a while, for viewers who are still behind; so does the list of a track that is gone.

use std::time::Duration;

use tracing::warn;

use super::Config;
use super::lineup::Lane;
use super::numbers::Numbers;
use super::playlist::{Press, Renders};
use super::segmenter::{Input, Output, Segmenter};
use super::snapshot::{Phase, Snapshot};
use super::window::Window;
use crate::media::{End, Frame, MediaTime};

/// How long an ended playlist can still be fetched, besides the time that it plays.
const RETENTION: Duration = Duration::from_secs(60);
/// Bytes of segments of a stream that are kept although they left their lists, over all of its lists and sessions; the
/// oldest go first. A viewer so far behind resumes at the live edge.
pub(super) const KEPT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The lists of one session, which grow and end together.
#[derive(Debug)]
pub(super) struct Session {
    /// The main lane's.
    pub(super) main: Window,
    /// Those of the lanes beside it.
    pub(super) beside: Vec<Window>,
    /// Those of lanes that are gone, ended, each with when it is forgotten, in milliseconds since 1970.
    gone: Vec<(i64, Window)>,
    /// Lanes that have begun so far, some more than once.
    begun: Vec<Lane>,
}

impl Session {
    const fn new(main: Window) -> Self {
        Self { main, beside: Vec::new(), gone: Vec::new(), begun: Vec::new() }
    }

    /// All that can be read, the main one first, and those that go on behind those that do not.
    pub(super) fn windows(&self) -> impl Iterator<Item = &Window> + Clone {
        let gone = self.gone.iter().map(|(_, window)| window);
        std::iter::once(&self.main).chain(gone).chain(&self.beside)
    }

    /// Those that go on.
    fn windows_mut(&mut self) -> impl Iterator<Item = &mut Window> {
        std::iter::once(&mut self.main).chain(&mut self.beside)
    }

    /// Those that go on, and those that hold segments still.
    fn holders_mut(&mut self) -> impl Iterator<Item = &mut Window> {
        let gone = self.gone.iter_mut().map(|(_, window)| window);
        std::iter::once(&mut self.main).chain(gone).chain(&mut self.beside)
    }

    fn window(&mut self, lane: Lane) -> Option<&mut Window> {
        self.windows_mut().find(|window| window.lane() == lane)
    }

    fn begin(&mut self, lane: Lane) {
        let again = self.begun.iter().filter(|begun| **begun == lane).count();
        self.begun.push(lane);
        self.beside.push(self.main.beside(lane, again));
    }

    /// Ends the list of a lane that is gone. Its players learn it there, and change to another.
    fn retire(&mut self, lane: Lane, now: i64) {
        let Some(at) = self.beside.iter().position(|window| window.lane() == lane) else { return };
        let mut window = self.beside.remove(at);
        if let Some(targets) = window.targets() {
            window.end(targets);
            self.gone.push((forgotten_at(&window, now), window));
        }
    }

    fn take(&mut self, output: Output, now: i64) {
        match output {
            Output::Lane(lane) => self.begin(lane),
            Output::Retired(lane) => self.retire(lane, now),
            Output::Part(lane, part, opening) => {
                if let Some(window) = self.window(lane) {
                    window.push_part(part, opening);
                }
            }
            Output::Segment(lane, segment) => {
                if let Some(window) = self.window(lane) {
                    window.push(segment);
                }
            }
            Output::Init(lane, init) => {
                if let Some(window) = self.window(lane) {
                    window.announce(init);
                }
            }
            Output::Targets(targets) => self.windows_mut().for_each(|window| window.choose_targets(targets)),
            Output::Captions(captions) => {
                self.windows_mut().for_each(|window| window.signal_captions(captions));
            }
            Output::Cue(cue, date) => self.windows_mut().for_each(|window| window.mark(&cue, date)),
            Output::StartedOver => {
                // Nothing was shown: the names of these lists are free again.
                self.beside.clear();
                self.gone.clear();
                self.begun.clear();
                self.main.clear();
            }
            Output::Refused(reason) => warn!(%reason, "the stream cannot be packaged for HLS"),
        }
    }
}

/// A session that ended, and when it is forgotten, in milliseconds since 1970.
#[derive(Debug)]
struct Ended {
    session: Session,
    forget_at: i64,
}

/// One stream's state from frame to snapshot.
#[derive(Debug)]
pub struct Lifecycle {
    config: Config,
    segmenter: Segmenter,
    current: Option<Session>,
    /// When something last happened, in milliseconds since 1970.
    now: i64,
    /// When the current session ends if nothing comes, in milliseconds since 1970.
    resume_until: Option<i64>,
    ended: Option<Ended>,
    numbers: Numbers,
    /// Told apart in names: sessions of this process, and processes.
    sessions: u32,
    /// A process before this one may have had viewers.
    follows: bool,
    salt: String,
    changed: bool,
    press: Press,
}

impl Lifecycle {
    /// Starts with nothing, at `now`. `salt` tells this process's names from those of others.
    #[must_use]
    pub fn new(config: Config, salt: u32, now: MediaTime) -> Self {
        Self {
            segmenter: Segmenter::new(config.cuts()),
            config,
            current: None,
            now: now.as_millis(),
            resume_until: None,
            ended: None,
            numbers: Numbers::from_wall(now.as_millis()),
            sessions: 0,
            follows: false,
            salt: format!("{salt:08x}"),
            changed: false,
            press: Press::default(),
        }
    }

    /// The same, whose discontinuities are counted from `number` at least: where a process before this one left off, if not
    /// 0.
    #[must_use]
    pub fn breaking_from(mut self, number: u64) -> Self {
        self.follows = number > 0;
        self.numbers.discontinuity = self.numbers.discontinuity.max(number);
        self
    }

    /// The discontinuity number that comes next, above all that were shown.
    #[must_use]
    pub fn next_break(&self) -> u64 {
        let current = self.current.as_ref().map(|session| session.main.next_numbers().discontinuity);
        current.unwrap_or(self.numbers.discontinuity)
    }

    /// Where the playlists are counted that are rendered from its snapshots.
    pub(crate) fn renders(&self) -> Renders {
        self.press.renders.clone()
    }

    /// Takes what came next.
    pub fn push(&mut self, input: Input<'_>) {
        self.now = input.arrived.as_millis();
        match input.frame {
            Frame::Media(_) => self.media(input),
            Frame::End(end) => self.end(*end, input),
            Frame::Data(_) => self.data(input),
        }
    }

    fn media(&mut self, input: Input<'_>) {
        self.handle_timeout(input.arrived);
        self.resume_until = None;
        if self.current.is_none() {
            let numbers = self.numbers.max(Numbers::from_wall(input.arrived.as_millis()));
            let nonce = format!("{}{:x}", self.salt, self.sessions);
            // Players of a process before this one, which died without an end, go on with the first list of this one.
            self.segmenter.start_session(self.follows && self.sessions == 0);
            self.sessions = self.sessions.wrapping_add(1);
            self.current = Some(Session::new(Window::new(nonce, self.config.window, numbers)));
            self.changed = true;
        }
        self.segmenter.push(input);
        self.drain();
    }

    /// Cue points mark moments of a session that runs.
    fn data(&mut self, input: Input<'_>) {
        if self.current.is_some() {
            self.segmenter.push(input);
            self.drain();
        }
    }

    fn end(&mut self, end: End, input: Input<'_>) {
        self.segmenter.push(input);
        self.drain();
        let now = input.arrived.as_millis();
        match end {
            End::Clean | End::Told => self.finish(now),
            End::Lost | End::Stalled if self.current.is_some() => {
                self.resume_until = Some(now + millis(self.config.resume));
            }
            End::Lost | End::Stalled => {}
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: MediaTime) {
        let now = now.as_millis();
        self.now = now;
        if self.resume_until.is_some_and(|until| until <= now) {
            self.finish(now);
        }
        if let Some(session) = &mut self.current {
            let before = session.gone.len();
            session.gone.retain(|(forget_at, _)| *forget_at > now);
            self.changed |= session.gone.len() < before;
        }
        if self.ended.as_ref().is_some_and(|ended| ended.forget_at <= now) {
            self.ended = None;
            self.changed = true;
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MediaTime> {
        let forget_at = self.ended.as_ref().map(|ended| ended.forget_at);
        let gone = self.current.iter().flat_map(|session| &session.gone).map(|(forget_at, _)| *forget_at);
        self.resume_until.into_iter().chain(forget_at).chain(gone).min().map(MediaTime::from_millis)
    }

    /// What viewers may see, if it changed since this was last asked.
    pub fn poll_snapshot(&mut self) -> Option<Snapshot> {
        std::mem::take(&mut self.changed).then(|| self.show())
    }

    /// What viewers may see now.
    pub(super) fn show(&mut self) -> Snapshot {
        let sessions = self.ended.iter().map(|ended| &ended.session).chain(&self.current);
        let phase = match (&self.current, &self.ended) {
            (Some(session), _) if session.main.target_duration().is_some() => Phase::Live,
            (Some(_), _) => Phase::Starting,
            (None, Some(_)) => Phase::Ended,
            (None, None) => Phase::Absent,
        };
        Snapshot::of(phase, &self.salt, sessions, &mut self.press)
    }

    /// Ends the current session.
    fn finish(&mut self, now: i64) {
        self.resume_until = None;
        let Some(mut session) = self.current.take() else { return };
        self.changed = true;
        let targets = self.segmenter.targets();
        session.windows_mut().for_each(|window| window.end(targets));
        self.numbers = session.main.next_numbers();
        // A session that never had a segment leaves nothing to show.
        if session.main.target_duration().is_some() {
            let forget_at = forgotten_at(&session.main, now);
            self.ended = Some(Ended { session, forget_at });
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.segmenter.poll_output() {
            let Some(session) = &mut self.current else { continue };
            self.changed |= !matches!(output, Output::Refused(_));
            let grown = matches!(output, Output::Segment(..));
            session.take(output, self.now);
            if grown {
                self.bound_kept();
            }
        }
    }

    /// Forgets the oldest of what is kept beyond the lists, where that is too much.
    fn bound_kept(&mut self) {
        let sessions = self.ended.iter_mut().map(|ended| &mut ended.session).chain(&mut self.current);
        let mut windows: Vec<&mut Window> = sessions.flat_map(Session::holders_mut).collect();
        let mut bytes: u64 = windows.iter().map(|window| window.kept_bytes()).sum();
        while bytes > KEPT_BYTES_MAX {
            let oldest = windows.iter_mut().filter(|window| window.kept_from().is_some());
            let Some(oldest) = oldest.min_by_key(|window| window.kept_from()) else { break };
            bytes -= oldest.forget_oldest();
        }
    }

    /// Bytes kept beyond the lists.
    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> u64 {
        let sessions = self.ended.iter().map(|ended| &ended.session).chain(&self.current);
        sessions.flat_map(Session::windows).map(Window::kept_bytes).sum()
    }
}

/// When a list that ended at `now` is forgotten.
fn forgotten_at(window: &Window, now: i64) -> i64 {
    let listed: Duration = window.listed().map(|listed| listed.segment.play_time()).sum();
    now + millis(RETENTION + listed)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
