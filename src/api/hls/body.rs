//! A segment or a part as a response body: its slices one after another, none of them copied for a viewer.

use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use smallvec::{Array, SmallVec};

use super::range::Range;
use crate::hls::{Container, Kind, Listed, Part, Rendition};

/// What a body is made of.
#[derive(Debug)]
pub(super) enum Media {
    /// All parts of a segment.
    Segment(Arc<Listed>),
    /// One part.
    Part(Arc<Part>),
}

impl Media {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Segment(listed) => listed.segment.len,
            Self::Part(part) => part.len(),
        }
    }

    /// Parts are published in fMP4 alone.
    pub(super) fn container(&self) -> Container {
        match self {
            Self::Segment(listed) => listed.segment.opening.init.container,
            Self::Part(_) => Container::Fmp4,
        }
    }

    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Segment(_) => Kind::Segment,
            Self::Part(_) => Kind::Part,
        }
    }

    fn part(&self, index: usize) -> Option<&Part> {
        match self {
            Self::Segment(listed) => listed.segment.parts.get(index).map(Arc::as_ref),
            Self::Part(part) => (index == 0).then_some(part),
        }
    }
}

/// A place in media: of which part, which piece, and how far into it.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    part: usize,
    piece: usize,
    offset: usize,
}

impl Place {
    /// The rest of the piece here, or of the next one that has any; `None` at the end.
    fn piece<'a>(&mut self, media: &'a Media) -> Option<&'a Bytes> {
        loop {
            match media.part(self.part)?.piece(self.piece) {
                Some(piece) if piece.len() > self.offset => return Some(piece),
                Some(_) => *self = Self { piece: self.piece + 1, offset: 0, ..*self },
                None => *self = Self { part: self.part + 1, ..Self::default() },
            }
        }
    }

    /// Passes over so many bytes.
    fn advance(&mut self, media: &Media, mut bytes: u64) {
        while bytes > 0 {
            let Some(piece) = self.piece(media) else { return };
            let here = (piece.len() - self.offset) as u64;
            let passed = here.min(bytes);
            // Within the piece, whose length is a usize.
            self.offset += usize::try_from(passed).unwrap_or(0);
            bytes -= passed;
        }
    }
}

/// Bytes of media that have not been handed to the connection yet.
#[derive(Debug)]
pub(crate) struct MediaBody {
    media: Media,
    /// Whose bytes these are counted as.
    rendition: Arc<Rendition>,
    place: Place,
    remaining: u64,
}

impl MediaBody {
    pub(super) fn new(media: Media, rendition: Arc<Rendition>, range: Range) -> Self {
        let mut place = Place::default();
        place.advance(&media, range.start);
        Self { media, rendition, place, remaining: range.len() }
    }

    /// Adds what comes next to `slices`, as much as they have room for.
    pub(crate) fn fill<'a, A>(&'a self, slices: &mut SmallVec<A>)
    where
        A: Array<Item = IoSlice<'a>>,
    {
        let (mut place, mut left) = (self.place, self.remaining);
        while slices.len() < slices.inline_size() && left > 0 {
            let Some(piece) = place.piece(&self.media) else { return };
            let rest = piece.get(place.offset..).unwrap_or_default();
            let rest = rest.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(rest);
            slices.push(IoSlice::new(rest));
            left -= rest.len() as u64;
            place.offset += rest.len();
        }
    }

    /// So many bytes of it were taken.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.rendition.counters().count_bytes(self.media.kind(), bytes);
        self.place.advance(&self.media, bytes);
        self.remaining = self.remaining.saturating_sub(bytes);
    }

    /// The next piece that has bytes of the range, cut to it.
    fn next(&mut self) -> Option<Bytes> {
        let mut piece = self.place.piece(&self.media).filter(|_| self.remaining > 0)?.clone();
        piece.advance(self.place.offset);
        piece.truncate(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        self.advance(piece.len() as u64);
        Some(piece)
    }
}

impl Body for MediaBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
