//! Where the numbers of a session start, so that none is ever used twice.

/// Where the numbers of a session start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The first segment's media sequence number.
    pub media: u64,
    /// Discontinuities before it.
    pub discontinuity: u64,
}

impl Numbers {
    /// Seconds from 1970 to 2025: counting from then keeps the numbers within 31 bits, for players that need it.
    const EPOCH_MILLIS: i64 = 1_735_689_600_000;
    /// Numbers a second. Segments are longer than half a second on average, so a process that starts later
    /// starts above all numbers of the one before.
    const MILLIS_PER_NUMBER: u64 = 500;
    /// Discontinuities are rarer, and their numbers must be small: players keep an array by them and walk it at every
    /// reload (hls.js), which at the size of media sequence numbers takes a second each time.
    const MILLIS_PER_DISCONTINUITY: u64 = 3_600_000;

    /// From the wall clock, in milliseconds since 1970: never less than what an earlier process reached; of discontinuities
    /// where its encoders came and went less than once an hour, and for others there is [`Breaks`](super::Breaks).
    #[must_use]
    pub fn from_wall(unix_millis: i64) -> Self {
        let since = u64::try_from(unix_millis - Self::EPOCH_MILLIS).unwrap_or(0);
        Self { media: since / Self::MILLIS_PER_NUMBER, discontinuity: since / Self::MILLIS_PER_DISCONTINUITY }
    }

    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            media: self.media.max(other.media),
            discontinuity: self.discontinuity.max(other.discontinuity),
        }
    }
}
