//! The life of a stream's playlists: started, interrupted, resumed, ended, forgotten. Pure: time is an argument.
//!
//! An encoder that says goodbye ends the playlist at once. One that is lost leaves it open for a while: if it comes
//! back the same playlist goes on behind a discontinuity, if not it is ended then. After an end the next publish is a
//! new session with a new playlist name, since nothing may be added after `EXT-X-ENDLIST`; the media sequence goes on.
//! The ended one stays fetchable for a while, for viewers who are still behind.

use std::time::Duration;

use tracing::warn;

use super::Config;
use super::playlist::Press;
use super::segmenter::{Input, Output, Segmenter};
use super::snapshot::{Phase, Snapshot};
use super::window::{Numbers, Window};
use crate::media::{End, Frame, MediaTime};

/// How long an ended playlist can still be fetched, besides the time that it plays.
const RETENTION: Duration = Duration::from_secs(60);

/// A session that ended, and when it is forgotten, in milliseconds since 1970.
#[derive(Debug)]
struct Ended {
    window: Window,
    forget_at: i64,
}

/// One rendition's state from frame to snapshot.
#[derive(Debug)]
pub struct Lifecycle {
    config: Config,
    segmenter: Segmenter,
    current: Option<Window>,
    /// When the current session ends if nothing comes, in milliseconds since 1970.
    resume_until: Option<i64>,
    ended: Option<Ended>,
    numbers: Numbers,
    /// Told apart in names: sessions of this process, and processes.
    sessions: u32,
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
            resume_until: None,
            ended: None,
            numbers: Numbers::from_wall(now.as_millis()),
            sessions: 0,
            salt: format!("{salt:08x}"),
            changed: false,
            press: Press::default(),
        }
    }

    /// Takes what came next.
    pub fn push(&mut self, input: Input<'_>) {
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
            self.sessions = self.sessions.wrapping_add(1);
            self.segmenter.start_session();
            self.current = Some(Window::new(nonce, self.config.window, numbers));
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
            End::Clean => self.finish(now),
            End::Lost | End::Stalled if self.current.is_some() => {
                self.resume_until = Some(now + millis(self.config.resume));
            }
            End::Lost | End::Stalled => {}
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: MediaTime) {
        let now = now.as_millis();
        if self.resume_until.is_some_and(|until| until <= now) {
            self.finish(now);
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
        self.resume_until.into_iter().chain(forget_at).min().map(MediaTime::from_millis)
    }

    /// What viewers may see, if it changed since this was last asked.
    pub fn poll_snapshot(&mut self) -> Option<Snapshot> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let windows = self.ended.iter().map(|ended| &ended.window).chain(&self.current);
        let phase = match (&self.current, &self.ended) {
            (Some(window), _) if window.target_duration().is_some() => Phase::Live,
            (Some(_), _) => Phase::Starting,
            (None, Some(_)) => Phase::Ended,
            (None, None) => Phase::Absent,
        };
        Some(Snapshot::of(phase, &self.salt, windows, &mut self.press))
    }

    /// Ends the current session.
    fn finish(&mut self, now: i64) {
        self.resume_until = None;
        let Some(mut window) = self.current.take() else { return };
        self.changed = true;
        window.end(self.segmenter.targets());
        self.numbers = window.next_numbers();
        // A session that never had a segment leaves nothing to show.
        if window.target_duration().is_some() {
            let listed: Duration = window.listed().map(|listed| listed.segment.play_time()).sum();
            let forget_at = now + millis(RETENTION + listed);
            self.ended = Some(Ended { window, forget_at });
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.segmenter.poll_output() {
            let Some(window) = &mut self.current else { continue };
            match output {
                Output::Part(part, opening) => window.push_part(part, opening),
                Output::Segment(segment) => window.push(segment),
                Output::Targets(targets) => window.choose_targets(targets),
                Output::Init(init) => window.announce(init),
                Output::Captions => window.signal_captions(),
                Output::Cue(cue, date) => window.mark(&cue, date),
                Output::StartedOver => window.clear(),
                Output::Refused(reason) => {
                    warn!(%reason, "the stream cannot be packaged for HLS");
                    continue;
                }
            }
            self.changed = true;
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
