//! A media playlist, as far as a measuring player looks into it.

use std::rc::Rc;
use std::time::Duration;

/// What a player goes by.
#[derive(Debug, Default)]
pub(crate) struct Playlist {
    /// Seconds a segment takes at most.
    pub(crate) target: Duration,
    /// Addresses of segments, oldest first.
    pub(crate) segments: Vec<Rc<str>>,
    /// The place of the next part: the number of the open segment, and its finished parts.
    pub(crate) next: Place,
}

/// A part's place: segment and part.
pub(crate) type Place = (u64, u64);

impl Playlist {
    /// Reads one; what is missing stays empty.
    pub(crate) fn read(text: &str) -> Self {
        let mut read = Self::default();
        for line in text.lines() {
            if let Some(value) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
                read.target = Duration::from_secs(value.parse().unwrap_or(2));
            } else if let Some(value) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
                read.next.0 += value.parse::<u64>().unwrap_or(0);
            } else if line.starts_with("#EXT-X-PART:") {
                read.next.1 += 1;
            } else if line.starts_with("#EXTINF:") {
                read.next = (read.next.0 + 1, 0);
            } else if !line.starts_with('#') && !line.is_empty() {
                read.segments.push(line.into());
            }
        }
        read
    }
}

/// The address of the init segment.
pub(crate) fn init(text: &str) -> Option<&str> {
    let line = text.lines().rfind(|line| line.starts_with("#EXT-X-MAP:"))?;
    line.split_once("URI=\"")?.1.split('"').next()
}
