//! A segment or a part as a response body: its slices one after another, none of them copied for a viewer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

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

/// Bytes of media that have not been handed to the connection yet.
#[derive(Debug)]
pub(super) struct MediaBody {
    media: Media,
    /// Whose bytes these are counted as.
    rendition: Arc<Rendition>,
    /// The next piece: of which part, and which of it.
    part: usize,
    piece: usize,
    /// Bytes to pass over before the first that was asked for.
    skip: u64,
    remaining: u64,
}

impl MediaBody {
    pub(super) const fn new(media: Media, rendition: Arc<Rendition>, range: Range) -> Self {
        Self { media, rendition, part: 0, piece: 0, skip: range.start, remaining: range.len() }
    }

    /// The next piece, whole.
    fn next_piece(&mut self) -> Option<Bytes> {
        loop {
            let part = self.media.part(self.part)?;
            if let Some(piece) = part.piece(self.piece) {
                self.piece += 1;
                return Some(piece.clone());
            }
            self.part += 1;
            self.piece = 0;
        }
    }

    /// The next piece that has bytes of the range, cut to it.
    fn next(&mut self) -> Option<Bytes> {
        while self.remaining > 0 {
            let mut piece = self.next_piece()?;
            let len = piece.len() as u64;
            if self.skip >= len {
                self.skip -= len;
                continue;
            }
            // Both are below the piece's length here, which is a usize.
            piece.advance(usize::try_from(std::mem::take(&mut self.skip)).unwrap_or(0));
            piece.truncate(usize::try_from(self.remaining).unwrap_or(usize::MAX));
            self.remaining -= piece.len() as u64;
            self.rendition.counters().count_bytes(self.media.kind(), piece.len() as u64);
            return Some(piece);
        }
        None
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
