//! A viewer who waits for every part, and holds all that it is sent to the rules.

use super::engine::{Gostream, PLAYBACK};
use super::eventually;
use super::http::Answer;
pub(crate) use text::{SegmentLines, Text};

/// The reader of playlists that the library's own tests use: it knows nothing of what wrote them.
#[path = "../../../src/hls/testing/text.rs"]
mod text;

/// A viewer of the stream's media playlist.
pub(crate) struct Viewer<'a> {
    pub(crate) engine: &'a Gostream,
    /// The playlist's path, without its file.
    pub(crate) folder: String,
    pub(crate) name: String,
    pub(crate) text: Text,
}

impl<'a> Viewer<'a> {
    /// Opens the stream as a player does, once there is something to play.
    pub(crate) fn start(engine: &'a Gostream) -> Self {
        let folder = format!("/hls/{PLAYBACK}/");
        let index = eventually("the multivariant playlist", || {
            Some(engine.get(&format!("{folder}index.m3u8"))).filter(|answer| answer.status == 200)
        });
        let name = index.text().lines().last().expect("an address").to_owned();
        let answer = engine.get(&format!("{folder}{name}"));
        assert_eq!(answer.status, 200);
        Self { engine, text: Text::read(&answer.text()), folder, name }
    }

    pub(crate) fn get(&self, file: &str) -> Answer {
        self.engine.get(&format!("{}{file}", self.folder))
    }

    /// The directives for the part after the newest.
    pub(crate) fn next(&self) -> String {
        let part = self.text.open.as_ref().map_or(0, |open| open.parts.len());
        format!("_HLS_msn={}&_HLS_part={part}", self.text.next())
    }

    /// Waits for the next part, and compares what came with what was there.
    pub(crate) fn reload(&mut self) {
        let answer = self.get(&format!("{}?{}", self.name, self.next()));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = Text::read(&answer.text());
        text.check_after(&self.text, &answer.text());
        let came = text.parts().last() != self.text.parts().last();
        assert!(came || text.ended, "a blocking reload brings something new: {}", answer.text());
        self.text = text;
    }

    /// A delta update joined with what is known; `None` where the list moved on meanwhile.
    pub(crate) fn check_delta(&mut self) -> Option<usize> {
        let delta = Text::read(&self.get(&format!("{}?_HLS_skip=YES", self.name)).text());
        let full = self.get(&self.name).text();
        let text = Text::read(&full);
        text.check_after(&self.text, &full);
        let merged = delta.merged(&self.text);
        self.text = text;
        (delta.next_part == self.text.next_part).then(|| {
            assert_eq!(merged.essence(), self.text.essence());
            delta.skipped
        })
    }
}
