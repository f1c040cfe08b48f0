//! A viewer who waits for every part, and holds all that it is sent to the rules.

use std::collections::BTreeMap;

use super::engine::{Gostream, PLAYBACK};
use super::eventually;
use super::http::Answer;
use index::{Found, Index, peak};
pub(crate) use text::{SegmentLines, Text};

/// The readers of playlists that the library's own tests use: they know nothing of what wrote them.
#[path = "../../../src/hls/testing/index.rs"]
mod index;

#[path = "../../../src/hls/testing/text.rs"]
mod text;

/// Holds the multivariant playlist to the rules, and to what is in the lists that it names now; their number.
pub(crate) fn check_index(engine: &Gostream) -> usize {
    let get = |file: &str| {
        let answer = engine.get(&format!("/hls/{PLAYBACK}/{file}"));
        assert_eq!(answer.status, 200, "{file} is named");
        answer
    };
    let found = |uri: &String| {
        let list = Text::read(&get(uri).text());
        let segments: Vec<_> = list.segments.iter().map(|segment| get(&segment.uri).body).collect();
        let map = list.segments.iter().filter_map(|segment| segment.map.as_ref()).next_back();
        // A transport stream has no names for them.
        let codecs = map.map(|map| sample_entries(&get(map).body)).unwrap_or_default();
        let lengths: Vec<u64> = segments.iter().map(|bytes| bytes.len() as u64).collect();
        (uri.clone(), Found { codecs, peak: peak(&list, &lengths), independent: list.independent })
    };
    // Its lists first, so that it says no less than they have.
    let lists: BTreeMap<String, Found> =
        Index::read(&get("index.m3u8").text()).lists().iter().map(found).collect();
    let index = Index::read(&get("index.m3u8").text());
    index.check_found(&lists);
    lists.len()
}

/// The names of the sample entries of an init segment (ISO/IEC 14496-12 §8.5.2), the first of each track.
fn sample_entries(init: &[u8]) -> Vec<String> {
    let places = init.windows(4).enumerate().filter(|(_, name)| *name == b"stsd").map(|(at, _)| at);
    // Behind the name: version and flags, the number of entries, and the size of the first.
    let names = places.filter_map(|at| init.get(at + 16..at + 20));
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

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

    /// Reads the list as it is now, and compares it with what was there.
    pub(crate) fn look(&mut self) {
        let answer = self.get(&self.name);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = Text::read(&answer.text());
        text.check_after(&self.text, &answer.text());
        self.text = text;
    }

    /// A delta update joined with what is known; `None` where the list moved on meanwhile.
    pub(crate) fn check_delta(&mut self) -> Option<usize> {
        let delta = Text::read(&self.get(&format!("{}?_HLS_skip=YES", self.name)).text());
        let before = self.text.clone();
        self.look();
        let merged = delta.merged(&before);
        (delta.next_part == self.text.next_part).then(|| {
            assert_eq!(merged.essence(), self.text.essence());
            delta.skipped
        })
    }
}
