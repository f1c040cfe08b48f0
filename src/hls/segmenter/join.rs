//! Short frames are copied together once, where that is cheaper than to hand each of them to every viewer's socket.

use bytes::{Bytes, BytesMut};

/// Frames shorter than this are joined with short neighbours, bytes. A slice costs a viewer's connection some 100 ns of
/// bookkeeping, and one write takes sixteen of them; to copy so few bytes once costs less than to do that twice.
const SHORT: usize = 4 << 10;
/// Bytes that are joined at most, so that no allocation is large.
const JOINED_MAX: usize = 64 << 10;

/// The same bytes in fewer pieces. Long frames stay the buffers that they came in.
pub(super) fn join_short(frames: Vec<Bytes>) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut rest = frames.as_slice();
    while let Some(first) = rest.first() {
        let (count, len) = short_run(rest);
        if count < 2 {
            pieces.push(first.clone());
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (run, behind) = rest.split_at(count);
        let mut joined = BytesMut::with_capacity(len);
        run.iter().for_each(|frame| joined.extend_from_slice(frame));
        pieces.push(joined.freeze());
        rest = behind;
    }
    pieces.shrink_to_fit();
    pieces
}

/// How many frames in front are short and fit one piece, and their bytes.
fn short_run(frames: &[Bytes]) -> (usize, usize) {
    let mut len = 0;
    let fits = |frame: &&Bytes| {
        len += frame.len();
        frame.len() < SHORT && len <= JOINED_MAX
    };
    let count = frames.iter().take_while(fits).count();
    (count, frames.iter().take(count).map(Bytes::len).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(lens: &[usize]) -> Vec<Bytes> {
        lens.iter().enumerate().map(|(at, len)| vec![at.to_le_bytes()[0]; *len].into()).collect()
    }

    fn lens(pieces: &[Bytes]) -> Vec<usize> {
        pieces.iter().map(Bytes::len).collect()
    }

    #[test]
    fn short_neighbours_become_one_piece_and_long_frames_are_not_copied() {
        let frames = frames(&[9_000, 300, 200, 5_000, 100, 8_000, 1, 2, 3]);
        let pieces = join_short(frames.clone());
        assert_eq!(lens(&pieces), [9_000, 500, 5_000, 100, 8_000, 6]);
        assert_eq!(pieces[0].as_ptr(), frames[0].as_ptr());
        assert_eq!(pieces.concat(), frames.concat());
    }

    #[test]
    fn no_joined_piece_is_large() {
        let frames = frames(&[4_000; 40]);
        let pieces = join_short(frames.clone());
        assert_eq!(lens(&pieces), [64_000, 64_000, 32_000]);
        assert_eq!(pieces.concat(), frames.concat());
        assert!(join_short(Vec::new()).is_empty());
    }
}
