//! The one byte range that a request may ask for (RFC 9110 §14.1.2).

/// Bytes `start..end` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// The file has no such bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsatisfiable;

impl Range {
    /// Reads a `Range` header for a file of `whole` bytes. `None` for what may be ignored: other units, several
    /// ranges, and what is no range at all.
    pub(super) fn parse(value: &str, whole: u64) -> Option<Result<Self, Unsatisfiable>> {
        let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        let range = if first.is_empty() {
            let suffix: u64 = last.parse().ok()?;
            Self { start: whole.saturating_sub(suffix), end: if suffix == 0 { 0 } else { whole } }
        } else {
            let start: u64 = first.parse().ok()?;
            let last: u64 = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
            if last < start {
                return None;
            }
            Self { start, end: last.saturating_add(1).min(whole) }
        };
        Some(if range.start < range.end { Ok(range) } else { Err(Unsatisfiable) })
    }

    /// How many bytes.
    pub(super) const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// As an index; a file in memory is within `usize`.
    pub(super) fn start_index(self) -> usize {
        usize::try_from(self.start).unwrap_or(usize::MAX)
    }

    /// As an index; a file in memory is within `usize`.
    pub(super) fn end_index(self) -> usize {
        usize::try_from(self.end).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_file_and_nonsense_is_ignored() {
        let parse = |text: &'static str| Range::parse(text, 100);
        let range = |start, end| Some(Ok(Range { start, end }));
        assert_eq!(parse("bytes=0-1"), range(0, 2));
        assert_eq!(parse("bytes=90-"), range(90, 100));
        assert_eq!(parse("bytes=90-500"), range(90, 100));
        assert_eq!(parse("bytes=-10"), range(90, 100));
        assert_eq!(parse("bytes=-1000"), range(0, 100));
        assert_eq!(parse("bytes=100-"), Some(Err(Unsatisfiable)));
        assert_eq!(parse("bytes=-0"), Some(Err(Unsatisfiable)));
        assert_eq!(parse("bytes=18446744073709551615-"), Some(Err(Unsatisfiable)));
        for ignored in
            ["bytes=5-2", "bytes=0-1,4-5", "items=0-1", "bytes=a-b", "bytes", "bytes=18446744073709551616-"]
        {
            assert_eq!(parse(ignored), None, "{ignored}");
        }
    }
}
