//! One publisher's tracks of one kind, by the numbers that it gives them.

use smallvec::SmallVec;

use super::from_flv::Refusal;

/// Tracks of one kind that a publisher may have. OBS sends up to 10 of video and 6 of audio; each keeps a header.
const TRACKS_MAX: usize = 16;

/// What is known of each track. Nearly always one.
#[derive(Debug)]
pub(super) struct Tracks<T> {
    tracks: SmallVec<[(u8, T); 1]>,
}

impl<T> Default for Tracks<T> {
    fn default() -> Self {
        Self { tracks: SmallVec::new() }
    }
}

impl<T> Tracks<T> {
    /// What is known of track `index`: at first what `new` makes.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for one track more than a publisher may have.
    pub(super) fn entry(&mut self, index: u8, new: impl FnOnce() -> T) -> Result<&mut T, Refusal> {
        let at = self.tracks.iter().position(|(known, _)| *known == index);
        let at = match at {
            Some(at) => at,
            None if self.tracks.len() == TRACKS_MAX => return Err(too_many()),
            None => {
                self.tracks.push((index, new()));
                self.tracks.len() - 1
            }
        };
        self.tracks.get_mut(at).map(|(_, track)| track).ok_or_else(too_many)
    }

    /// What is known, of each track.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.tracks.iter().map(|(_, track)| track)
    }
}

fn too_many() -> Refusal {
    Refusal::malformed("message", format_args!("more than {TRACKS_MAX} tracks of a kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_cannot_fill_the_memory_with_tracks() {
        let mut tracks = Tracks::default();
        for index in 0..=u8::MAX {
            let entry = tracks.entry(index, || index).map(|known| *known);
            assert_eq!(entry.is_ok(), usize::from(index) < TRACKS_MAX);
        }
        assert_eq!(tracks.entry(3, || 0).map(|known| *known), Ok(3));
    }
}
