//! The playlists of a session as the segmenter fills them: what each is made of, and the parts of its open segment.
//!
//! **Invariant:** all lanes get a part for each part of the main one, which lasts as long: their numbers, times and
//! breaks are the same, so that a player may change from any to any.

use std::sync::Arc;

use super::CLOCK;
use super::fragments::{Fragments, Gap};
use super::join::join_short;
use crate::hls::Container;
use crate::hls::lineup::{Lane, Lineup};
use crate::hls::segment::{Init, Label, Opening, Part, Segment};
use crate::media::remux::to_fmp4::{Layout, Sample};
use crate::media::remux::to_ts::Begins;
use crate::media::{MediaTime, Metadata, TrackId, TrackKind};

/// All lanes, the main one first.
#[derive(Debug)]
pub(super) struct Lanes {
    container: Container,
    /// Whether the main lane has pictures and sound.
    together: bool,
    lanes: Vec<Packed>,
    /// Init segments made so far, over all lanes.
    inits: u32,
}

/// One lane.
#[derive(Debug)]
struct Packed {
    lane: Lane,
    layout: Layout,
    /// `None` before the first stretch.
    init: Option<Arc<Init>>,
    fragments: Fragments,
    /// Of the open segment.
    parts: Vec<Arc<Part>>,
    /// How many of the parts have been told.
    told: usize,
    /// Pictures in the open segment.
    frames: u32,
    /// Whether the open segment begins where a decoder can.
    independent: bool,
    /// Whether the open segment has any sample.
    has_media: bool,
}

/// What was taken for a part, by track.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) tracks: Vec<(TrackId, Vec<Sample>)>,
}

impl Taken {
    fn of(&self, id: TrackId) -> Vec<Sample> {
        self.tracks
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, samples)| samples.clone())
            .unwrap_or_default()
    }

    /// Whether there is nothing of the default tracks.
    pub(super) fn is_empty(&self) -> bool {
        self.tracks.iter().all(|(id, samples)| id.index > 0 || samples.is_empty())
    }

    fn take(&mut self, id: TrackId) -> Vec<Sample> {
        let found = self.tracks.iter_mut().find(|(known, _)| *known == id);
        found.map(|(_, samples)| std::mem::take(samples)).unwrap_or_default()
    }
}

/// A part that is to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closing {
    pub(super) start: i64,
    pub(super) end: i64,
    /// Whether the open segment follows a break.
    pub(super) discontinuity: bool,
    /// Whether the open segment begins with a random access point.
    pub(super) independent: bool,
}

/// What stands before all segments of one number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) date: MediaTime,
    pub(super) discontinuity: bool,
}

/// What a new configuration changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) inits: Vec<(Lane, Arc<Init>)>,
    pub(super) added: Vec<Lane>,
    /// Why lanes could not be added.
    pub(super) refused: Vec<String>,
}

impl Packed {
    fn new(lane: Lane, container: Container) -> Self {
        Self {
            lane,
            layout: Layout::default(),
            init: None,
            fragments: Fragments::new(container),
            parts: Vec::new(),
            told: 0,
            frames: 0,
            independent: false,
            has_media: false,
        }
    }

    /// The samples of a part, moved out of what was taken where no other lane can want them.
    fn samples(&self, taken: &mut Taken, alone: bool) -> (Vec<Sample>, Vec<Sample>) {
        let mut of = |id| if alone { taken.take(id) } else { taken.of(id) };
        match self.lane.track() {
            Some(id) if id.is_video() => (of(id), Vec::new()),
            Some(id) => (Vec::new(), of(id)),
            None => {
                let video = if self.layout.video().is_some() { of(TrackId::VIDEO) } else { Vec::new() };
                let audio = if self.layout.audio().is_some() { of(TrackId::AUDIO) } else { Vec::new() };
                (video, audio)
            }
        }
    }

    fn close(&mut self, part: Closing, video: Vec<Sample>, audio: Vec<Sample>, next: i64) -> u64 {
        let sound_alone = self.layout.video().is_none();
        let empty = video.is_empty() && audio.is_empty();
        let independent = !empty && video.first().map_or(sound_alone, |first| first.sync);
        let begins = match (self.parts.is_empty(), part.discontinuity) {
            (true, true) => Begins::AfterBreak,
            (true, false) => Begins::Segment,
            (false, _) => Begins::Within,
        };
        if self.parts.is_empty() {
            self.independent = if self.lane == Lane::Main { part.independent } else { independent };
        }
        self.frames = self.frames.saturating_add(u32::try_from(video.len()).unwrap_or(u32::MAX));
        self.has_media |= !empty;
        let made = if empty {
            self.fragments.make_empty(begins, Gap { sound: sound_alone, next })
        } else {
            self.fragments.make(begins, video, audio)
        };
        let Some(fragment) = made else { return 0 };
        let part = Part {
            header: fragment.header,
            payload: join_short(fragment.payload),
            duration: MediaTime::new(part.end - part.start, CLOCK),
            independent,
        };
        let len = part.len();
        self.parts.push(Arc::new(part));
        len
    }

    fn opening(&self, head: Head) -> Option<Opening> {
        let init = self.init.clone()?;
        Some(Opening {
            init,
            date: head.date,
            independent: self.independent,
            discontinuity: head.discontinuity,
        })
    }

    fn finish(&mut self, start: i64, end: i64, head: Head) -> Option<Segment> {
        let opening = self.opening(head);
        let mut parts = std::mem::take(&mut self.parts);
        self.told = 0;
        let (frames, has_media) = (std::mem::take(&mut self.frames), std::mem::take(&mut self.has_media));
        let lengths: i64 = parts.iter().map(|part| part.duration.ticks()).sum();
        let last = parts.last_mut()?;
        // A part that stayed empty at the end leaves its time to the one before it; none does that was published.
        if let Some(last) = Arc::get_mut(last) {
            last.duration = MediaTime::new(last.duration.ticks() + (end - start - lengths).max(0), CLOCK);
        }
        Some(Segment {
            opening: opening?,
            start: MediaTime::new(start, CLOCK),
            duration: MediaTime::new(end - start, CLOCK),
            frames,
            has_media,
            len: parts.iter().map(|part| part.len()).sum(),
            parts,
        })
    }
}

impl Lanes {
    pub(super) fn new(container: Container) -> Self {
        Self { container, together: true, lanes: vec![Packed::new(Lane::Main, container)], inits: 0 }
    }

    /// Forgets the open segment, and all lanes but the main one, whose counters go on.
    pub(super) fn start_session(&mut self) {
        self.lanes.truncate(1);
        for packed in &mut self.lanes {
            packed.parts.clear();
            (packed.told, packed.frames, packed.has_media) = (0, 0, false);
        }
    }

    /// Whether there are lanes beside the main one.
    pub(super) const fn are_several(&self) -> bool {
        self.lanes.len() > 1
    }

    /// Whether a lineup changes what is in a lane, which takes a break of all. Lanes whose track is gone go on without.
    pub(super) fn differ(&self, lineup: &Lineup) -> bool {
        self.lanes.iter().any(|packed| {
            lineup.layout(packed.lane, self.together).is_some_and(|layout| layout != packed.layout)
        })
    }

    /// Takes a lineup in use; `anew` where no playlist has been shown yet, whose form is chosen now.
    ///
    /// # Errors
    /// Why the main lane cannot be made.
    pub(super) fn configure(
        &mut self,
        lineup: &Lineup,
        metadata: Option<&Metadata>,
        anew: bool,
    ) -> Result<Changes, String> {
        let mut changes = Changes::default();
        if anew {
            self.together = !lineup.is_apart();
            self.lanes.truncate(1);
        }
        for packed in &mut self.lanes {
            let Some(layout) = lineup.layout(packed.lane, self.together) else { continue };
            if packed.init.is_some() && packed.layout == layout {
                continue;
            }
            let bytes = packed.fragments.configure(&layout)?;
            self.inits = self.inits.wrapping_add(1);
            let init = Arc::new(init(
                self.inits,
                self.container,
                &layout,
                bytes,
                label(packed.lane, &layout, metadata),
            ));
            (packed.layout, packed.init) = (layout, Some(init.clone()));
            changes.inits.push((packed.lane, init));
        }
        self.grow(lineup, metadata, &mut changes);
        Ok(changes)
    }

    /// Adds the lanes of a lineup that are not there.
    pub(super) fn grow(&mut self, lineup: &Lineup, metadata: Option<&Metadata>, changes: &mut Changes) {
        for lane in lineup.lanes_beside(self.together) {
            if self.lanes.iter().any(|packed| packed.lane == lane) {
                continue;
            }
            let Some(layout) = lineup.layout(lane, self.together) else { continue };
            let mut packed = Packed::new(lane, self.container);
            match packed.fragments.configure(&layout) {
                Ok(bytes) => {
                    self.inits = self.inits.wrapping_add(1);
                    let init =
                        init(self.inits, self.container, &layout, bytes, label(lane, &layout, metadata));
                    (packed.layout, packed.init) = (layout, Some(Arc::new(init)));
                    self.lanes.push(packed);
                    changes.added.push(lane);
                }
                Err(reason) => changes.refused.push(reason),
            }
        }
    }

    /// Makes a part of every lane out of what was taken, and returns its bytes in all. `next` is where the next sample of
    /// a track belongs when there is none.
    pub(super) fn close(&mut self, part: Closing, mut taken: Taken, next: impl Fn(TrackId) -> i64) -> u64 {
        let alone = self.lanes.len() == 1;
        let mut bytes = 0;
        for packed in &mut self.lanes {
            let (video, audio) = packed.samples(&mut taken, alone);
            let pacing = packed.lane.track().unwrap_or(match packed.layout.video() {
                Some(_) => TrackId::VIDEO,
                None => TrackId::AUDIO,
            });
            bytes += packed.close(part, video, audio, next(pacing));
        }
        bytes
    }

    /// Whether the open segment has no part.
    pub(super) fn are_empty(&self) -> bool {
        self.lanes.first().is_none_or(|main| main.parts.is_empty())
    }

    /// The finished parts that were not told yet.
    pub(super) fn tell(&mut self, head: Head) -> Vec<(Lane, Arc<Part>, Opening)> {
        let mut news = Vec::new();
        for packed in &mut self.lanes {
            let Some(opening) = packed.opening(head) else { continue };
            let untold = packed.parts.get(packed.told..).unwrap_or_default();
            news.extend(untold.iter().map(|part| (packed.lane, part.clone(), opening.clone())));
            packed.told = packed.parts.len();
        }
        news
    }

    /// Finishes the open segment of every lane; none, when it has no media.
    pub(super) fn finish(&mut self, start: i64, end: i64, head: Head) -> Vec<(Lane, Segment)> {
        let finished =
            self.lanes.iter_mut().map(|packed| Some((packed.lane, packed.finish(start, end, head)?)));
        finished.collect::<Option<_>>().unwrap_or_default()
    }

    /// Drops the lanes whose track is not in `lineup` and has nothing in the open segment.
    pub(super) fn retire(&mut self, lineup: &Lineup) -> Vec<Lane> {
        let over = |packed: &Packed| {
            !packed.has_media && packed.lane.track().is_some_and(|track| !lineup.has(track))
        };
        let retired = self.lanes.iter().filter(|packed| over(packed)).map(|packed| packed.lane).collect();
        self.lanes.retain(|packed| !over(packed));
        retired
    }
}

fn init(number: u32, container: Container, layout: &Layout, bytes: bytes::Bytes, label: Label) -> Init {
    let picture = layout.picture();
    let rate = picture.and_then(|picture| picture.frame_rate).filter(|(_, per)| *per > 0);
    Init {
        number,
        container,
        bytes,
        codecs: layout.codecs(),
        has_pictures: layout.video().is_some(),
        resolution: layout.display_size(),
        range: picture.map(|picture| picture.range()),
        nominal_frame_rate: rate.map(|(frames, per)| f64::from(frames) / f64::from(per)),
        channels: layout.audio().and_then(|config| config.sound()).map(|(channels, _)| channels),
        seldom_decoded: layout.audio().is_some_and(|config| crate::hls::lineup::is_seldom_decoded(config)),
        label,
    }
}

/// What the source says that its sound is.
fn label(lane: Lane, layout: &Layout, metadata: Option<&Metadata>) -> Label {
    let track = match lane.track() {
        None if layout.video().is_none() => Some(TrackId::AUDIO),
        track => track,
    };
    match (track, metadata) {
        (Some(TrackId { kind: TrackKind::Audio, index }), Some(metadata)) => Label::of(metadata, index),
        _ => Label::default(),
    }
}
