//! The bytes of parts, in the form that the rendition has: fMP4 that shares the frames, or TS that copies them.

use bytes::Bytes;

use crate::hls::Container;
use crate::media::remux::to_fmp4::{Fragment, Layout, Sample, empty_fragment, fragment};
use crate::media::remux::to_ts::{Begins, TsWriter};

/// What is counted over all parts, breaks and sessions of a rendition.
#[derive(Debug)]
pub(super) enum Fragments {
    /// Fragments made so far: `mfhd` rises for the life of the stream (some players count).
    Fmp4(u32),
    /// The continuity counters, among others.
    Ts(Box<TsWriter>),
}

/// A stretch in which no frame begins: the track that paces the parts, and where its next sample belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    pub(super) sound: bool,
    pub(super) next: i64,
}

impl Fragments {
    pub(super) fn new(container: Container) -> Self {
        match container {
            Container::Fmp4 => Self::Fmp4(0),
            Container::Ts => Self::Ts(Box::default()),
        }
    }

    /// Takes the tracks of the next stretch in use. Its init segment, which is empty in TS; or why there is none.
    pub(super) fn configure(&mut self, layout: &Layout) -> Result<Bytes, String> {
        match self {
            Self::Fmp4(_) => layout.init().map_err(|error| error.to_string()),
            Self::Ts(writer) => {
                let configured = writer.configure(layout.video(), layout.audio());
                configured.map(|()| Bytes::new()).map_err(|error| error.to_string())
            }
        }
    }

    /// The next part. `None` for one beyond 4 GiB alone, which the bound of a segment keeps away.
    pub(super) fn make(
        &mut self,
        begins: Begins,
        video: Vec<Sample>,
        audio: Vec<Sample>,
    ) -> Option<Fragment> {
        match self {
            Self::Fmp4(made) => {
                let sequence = made.wrapping_add(1);
                let fragment = fragment(sequence, video, audio).ok()?;
                *made = sequence;
                Some(fragment)
            }
            Self::Ts(writer) => {
                Some(Fragment { header: writer.write(begins, &video, &audio), payload: Vec::new() })
            }
        }
    }

    /// A part without samples; in TS it has tables alone, or nothing.
    pub(super) fn make_empty(&mut self, begins: Begins, gap: Gap) -> Option<Fragment> {
        let Self::Fmp4(made) = self else { return self.make(begins, Vec::new(), Vec::new()) };
        let sequence = made.wrapping_add(1);
        let fragment = empty_fragment(sequence, gap.sound, gap.next).ok()?;
        *made = sequence;
        Some(fragment)
    }
}
