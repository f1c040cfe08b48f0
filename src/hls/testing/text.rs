//! Reads media playlists line by line and holds them to the rules, knowing nothing of the code that wrote them.
//! Panics with the text at the first rule that is broken.

/// Durations are in units of ten microseconds: what five decimals can say.
pub(super) const SECOND: i64 = 100_000;

/// A part as its tag has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartLine {
    pub(crate) uri: String,
    pub(crate) duration: i64,
    pub(crate) independent: bool,
}

/// A segment as its lines have it. The one that is still open has neither duration nor address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SegmentLines {
    pub(crate) discontinuity: bool,
    pub(crate) map: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) parts: Vec<PartLine>,
    pub(crate) gap: bool,
    pub(crate) duration: i64,
    pub(crate) uri: String,
}

/// A playlist as it reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) version: u64,
    pub(crate) target: u64,
    pub(crate) control: Option<String>,
    pub(crate) part_target: Option<String>,
    pub(crate) sequence: u64,
    pub(crate) discontinuities: u64,
    pub(crate) independent: bool,
    pub(crate) skipped: usize,
    pub(crate) segments: Vec<SegmentLines>,
    pub(crate) open: Option<SegmentLines>,
    pub(crate) next_part: Option<String>,
    pub(crate) next_map: Option<String>,
    /// Names of date ranges.
    pub(crate) ranges: Vec<String>,
    /// Address, segment and part of each rendition report.
    pub(crate) reports: Vec<(String, u64, Option<u64>)>,
    pub(crate) ended: bool,
}

/// Tags that stand before the first segment.
const HEAD_TAGS: [&str; 8] = [
    "VERSION",
    "TARGETDURATION",
    "MEDIA-SEQUENCE",
    "DISCONTINUITY-SEQUENCE",
    "INDEPENDENT-SEGMENTS",
    "SERVER-CONTROL",
    "PART-INF",
    "SKIP",
];

/// The value of an attribute, without quotes.
pub(super) fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    let mut found = None;
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=').unwrap_or_else(|| panic!("no attribute: {list}"));
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or_else(|| panic!("an open quote: {list}")),
            None => value.split_at(value.find(',').unwrap_or(value.len())),
        };
        assert!(!key.contains(' ') && !value.is_empty(), "{list}");
        if key == name {
            assert_eq!(found.replace(value), None, "{name} twice: {list}");
        }
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    found
}

/// A date as playlists have it, in milliseconds since 1970 (`2026-08-01T12:00:00.123Z`).
fn millis(date: &str) -> i64 {
    let fields =
        date.strip_suffix('Z').unwrap_or_else(|| panic!("a zone: {date}")).split(['-', 'T', ':', '.']);
    let fields: Vec<i64> =
        fields.map(|field| field.parse().unwrap_or_else(|_| panic!("no date: {date}"))).collect();
    let [year, month, day, hour, minute, second, milli] = fields[..] else { panic!("no date: {date}") };
    // Years that begin in March put the odd day last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + milli
}

/// A decimal number in units of ten microseconds.
pub(crate) fn decimal(value: &str) -> i64 {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    assert!(fraction.len() <= 5, "a float that some players do not read: {value}");
    let fraction = format!("{fraction:0<5}");
    let number = |text: &str| text.parse::<i64>().unwrap_or_else(|_| panic!("no number: {value}"));
    number(whole) * SECOND + number(&fraction)
}

impl Text {
    /// Reads a playlist and checks what can be seen in it alone.
    pub(crate) fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("#EXTM3U"), "{text}");
        assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains("PLAYLIST-TYPE"), "{text}");
        assert!(
            !text.chars().any(|letter| letter.is_control() && letter != '\n'),
            "control characters: {text}"
        );
        for (index, tag) in HEAD_TAGS.iter().enumerate() {
            let tag = format!("#EXT-X-{tag}");
            let count = text.lines().filter(|line| line.split(':').next() == Some(&tag)).count();
            assert!(count == 1 || index >= 4 && count == 0, "{tag} {count} times: {text}");
        }
        let mut now = SegmentLines::default();
        let mut body = false;
        for line in lines {
            assert!(!read.ended, "nothing follows the end: {text}");
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            let of_body = read.body_line(tag, value, line, &mut now);
            body |= of_body;
            let head = read.head_line(tag, value);
            assert!(!(head && body), "{tag} belongs before the first segment: {text}");
            let beside = matches!(tag, "#EXT-X-DATERANGE" | "#EXT-X-RENDITION-REPORT");
            assert!(head || of_body || beside, "{line} is no tag that players know: {text}");
        }
        if now != SegmentLines::default() {
            assert!(!now.parts.is_empty() && now.duration == 0, "a head without a segment: {text}");
            read.open = Some(now);
        }
        read.check(text);
        read
    }

    fn head_line(&mut self, tag: &str, value: &str) -> bool {
        let number = || value.parse().unwrap_or_else(|_| panic!("{tag}: {value}"));
        match tag {
            "#EXT-X-VERSION" => self.version = number(),
            "#EXT-X-TARGETDURATION" => self.target = number(),
            "#EXT-X-MEDIA-SEQUENCE" => self.sequence = number(),
            "#EXT-X-DISCONTINUITY-SEQUENCE" => self.discontinuities = number(),
            "#EXT-X-INDEPENDENT-SEGMENTS" => self.independent = true,
            "#EXT-X-SERVER-CONTROL" => assert_eq!(self.control.replace(value.to_owned()), None),
            "#EXT-X-PART-INF" => assert_eq!(self.part_target.replace(value.to_owned()), None),
            "#EXT-X-SKIP" => {
                let skipped = attribute(value, "SKIPPED-SEGMENTS").expect("a count");
                assert_eq!(std::mem::replace(&mut self.skipped, skipped.parse().expect("a number")), 0);
            }
            _ => return false,
        }
        true
    }

    fn body_line(&mut self, tag: &str, value: &str, line: &str, now: &mut SegmentLines) -> bool {
        let uri = || attribute(value, "URI").unwrap_or_else(|| panic!("no URI: {line}")).to_owned();
        let early = now.parts.is_empty() && now.duration == 0;
        let media = matches!(tag, "#EXT-X-PART" | "#EXTINF" | "#EXT-X-MAP" | "#EXT-X-DISCONTINUITY");
        assert!(!media || self.next_part.is_none(), "media behind the hint: {line}");
        match tag {
            "#EXT-X-DISCONTINUITY" => {
                assert!(early && now.map.is_none() && now.date.is_none(), "{line} out of order");
                now.discontinuity = true;
            }
            "#EXT-X-MAP" => {
                assert!(early && now.date.is_none(), "{line} out of order");
                now.map = Some(uri());
            }
            "#EXT-X-PROGRAM-DATE-TIME" => {
                assert!(early, "{line} out of order");
                now.date = Some(value.to_owned());
            }
            "#EXT-X-PART" => {
                assert!(now.duration == 0, "a part behind its segment's duration: {line}");
                let duration = decimal(attribute(value, "DURATION").expect("a duration"));
                let independent = attribute(value, "INDEPENDENT") == Some("YES");
                now.parts.push(PartLine { uri: uri(), duration, independent });
            }
            "#EXT-X-GAP" => {
                assert!(now.duration == 0 && !now.gap, "{line} out of order");
                now.gap = true;
            }
            "#EXTINF" => now.duration = decimal(value.strip_suffix(',').expect("a comma")),
            "#EXT-X-PRELOAD-HINT" => {
                let hint = match attribute(value, "TYPE") {
                    Some("PART") => &mut self.next_part,
                    Some("MAP") => &mut self.next_map,
                    other => panic!("a hint at {other:?}"),
                };
                assert_eq!(hint.replace(uri()), None, "one hint of each kind");
            }
            "#EXT-X-RENDITION-REPORT" => {
                assert!(now.uri.is_empty() && now.duration == 0, "{line} out of order");
                let number = |name| attribute(value, name).map(|number| number.parse().expect("a number"));
                let report = (uri(), number("LAST-MSN").expect("a segment"), number("LAST-PART"));
                assert!(self.reports.iter().all(|(known, ..)| *known != report.0), "one report each: {line}");
                self.reports.push(report);
            }
            "#EXT-X-ENDLIST" => self.ended = true,
            "#EXT-X-DATERANGE" => {
                let id = attribute(value, "ID").expect("an ID").to_owned();
                millis(attribute(value, "START-DATE").expect("a start"));
                assert!(!self.ranges.contains(&id), "one range of each name: {line}");
                self.ranges.push(id);
                return false;
            }
            _ if !line.starts_with('#') => {
                assert!(now.duration > 0, "an address without a duration: {line}");
                now.uri = line.to_owned();
                self.segments.push(std::mem::take(now));
            }
            _ => return false,
        }
        true
    }

    /// The part target; `None` in a playlist without low latency.
    pub(crate) fn part_max(&self) -> Option<i64> {
        self.part_target.as_deref().map(|value| decimal(attribute(value, "PART-TARGET").expect("a target")))
    }

    fn check(&self, text: &str) {
        let mapped = self.segments.iter().chain(&self.open).any(|segment| segment.map.is_some());
        let lowest = match (&self.control, mapped) {
            (Some(_), _) => 9,
            (None, true) => 6,
            (None, false) => 3,
        };
        assert_eq!(self.version, lowest, "the lowest version: {text}");
        assert_eq!(self.control.is_some(), self.part_target.is_some(), "{text}");
        let live = self.control.is_some() && !self.ended;
        assert_eq!(self.next_part.is_some(), live, "a hint exactly where more comes: {text}");
        assert!(live || (self.reports.is_empty() && self.next_map.is_none()), "{text}");
        let mut maps = self.segments.iter().chain(&self.open).filter_map(|segment| segment.map.as_ref());
        let in_force = maps.next_back();
        assert!(
            self.next_map.is_none() || self.next_map.as_ref() != in_force,
            "a hint at the map in force: {text}"
        );
        if let (Some(control), Some(part)) = (&self.control, self.part_max()) {
            let seconds = |name| decimal(attribute(control, name).expect(name));
            let target = i64::try_from(self.target).expect("small") * SECOND;
            assert_eq!(attribute(control, "CAN-BLOCK-RELOAD"), Some("YES"));
            assert!((part * 3..=part * 5).contains(&seconds("PART-HOLD-BACK")), "{text}");
            assert!(seconds("HOLD-BACK") >= 3 * target, "{text}");
            let skips = attribute(control, "CAN-SKIP-UNTIL").map(decimal);
            assert!(skips.is_none_or(|until| until >= 6 * target), "{text}");
            assert!(
                skips.is_some() || self.skipped == 0,
                "nothing is left out where that was not offered: {text}"
            );
            assert!(part <= target, "{text}");
        }
        for segment in &self.segments {
            let rounded = (segment.duration + SECOND / 2) / SECOND;
            assert!(u64::try_from(rounded).is_ok_and(|it| it <= self.target), "too long: {text}");
            let parts: i64 = segment.parts.iter().map(|part| part.duration).sum();
            assert!(
                segment.parts.is_empty() || (parts - segment.duration).abs() <= 100,
                "parts add up: {text}"
            );
            self.check_parts(&segment.parts, true, text);
            assert!(segment.date.is_some(), "every segment is dated: {text}");
        }
        self.check_order(text);
        if let Some(open) = &self.open {
            self.check_parts(&open.parts, false, text);
            assert!(open.date.is_some() && !self.ended, "{text}");
        }
        if self.skipped == 0 && self.version > 3 {
            let first = self.segments.first().or(self.open.as_ref());
            assert!(first.is_none_or(|first| first.map.is_some()), "a map first: {text}");
        }
    }

    /// What one segment says of the next: dates go on, another map is another stretch, and nothing is named twice. Parts
    /// are listed near the end alone.
    fn check_order(&self, text: &str) {
        let segments: Vec<_> = self.segments.iter().chain(&self.open).collect();
        let mut map = None;
        for (index, segment) in segments.iter().enumerate() {
            let other = segment.map.is_some() && map.is_some() && segment.map != map;
            assert!(!other || segment.discontinuity, "another map in the same stretch: {text}");
            map = segment.map.clone().or(map);
            let behind: i64 = segments[index + 1..].iter().map(|segment| segment.duration).sum();
            let near = behind <= 4 * i64::try_from(self.target).expect("small") * SECOND;
            assert!(near || segment.parts.is_empty(), "parts of long ago: {text}");
            let Some(next) = segments.get(index + 1) else { continue };
            let dates = [segment, next].map(|segment| millis(segment.date.as_deref().expect("a date")));
            let apart = dates[1] - dates[0] - segment.duration / 100;
            assert!(apart >= -2 && (next.discontinuity || apart <= 2), "dates {apart} ms off: {text}");
        }
        let uris = segments.iter().map(|segment| &segment.uri).filter(|uri| !uri.is_empty());
        let mut uris: Vec<_> = uris.chain(self.parts().map(|part| &part.uri)).collect();
        let count = uris.len();
        uris.sort_unstable();
        uris.dedup();
        assert_eq!(uris.len(), count, "an address twice: {text}");
    }

    /// None longer than the target, and none but the last of a segment shorter than 85 percent of it.
    fn check_parts(&self, parts: &[PartLine], finished: bool, text: &str) {
        let Some(most) = self.part_max() else { return assert!(parts.is_empty(), "{text}") };
        for (index, part) in parts.iter().enumerate() {
            let last = finished && index + 1 == parts.len();
            assert!(part.duration > 0 && part.duration <= most, "{part:?} is too long: {text}");
            assert!(last || part.duration * 100 >= most * 85, "{part:?} is too short: {text}");
        }
    }

    /// All parts that are listed, oldest first.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &PartLine> {
        self.segments.iter().chain(&self.open).flat_map(|segment| &segment.parts)
    }

    /// The segment of the newest part, and the part's place in it: what others report of this playlist.
    pub(crate) fn last(&self) -> (u64, Option<u64>) {
        match (&self.open, self.segments.last()) {
            (Some(open), _) => (self.next(), (open.parts.len() as u64).checked_sub(1)),
            (None, Some(newest)) => (self.next() - 1, (newest.parts.len() as u64).checked_sub(1)),
            (None, None) => panic!("an empty playlist"),
        }
    }

    /// The segments with their numbers, the open one last.
    fn numbered(&self) -> impl Iterator<Item = (u64, &SegmentLines)> {
        (self.sequence + self.skipped as u64..).zip(self.segments.iter().chain(&self.open))
    }

    /// The number of the segment that is not finished.
    pub(crate) fn next(&self) -> u64 {
        self.sequence + (self.skipped + self.segments.len()) as u64
    }

    /// Checks a full playlist against an earlier full one of the same address.
    pub(crate) fn check_after(&self, before: &Self, text: &str) {
        assert_eq!((self.skipped, before.skipped), (0, 0), "full ones");
        assert_eq!(self.target, before.target, "the target duration never changes: {text}");
        assert_eq!((&self.control, &self.part_target), (&before.control, &before.part_target), "{text}");
        assert!(
            self.sequence >= before.sequence && self.next() >= before.next(),
            "numbers only rise: {text}"
        );
        assert!(!before.ended || self == before, "nothing follows an end: {text}");
        let left = usize::try_from(self.sequence - before.sequence).expect("few");
        let breaks = before.segments.iter().take(left).filter(|segment| segment.discontinuity).count() as u64;
        if left <= before.segments.len() {
            assert_eq!(self.discontinuities, before.discontinuities + breaks, "{text}");
        }
        if left > 0 && left < before.segments.len() {
            let total: i64 = self.segments.iter().map(|segment| segment.duration).sum();
            let least = 3 * i64::try_from(self.target).expect("small") * SECOND;
            assert!(total + 1_000 >= least, "cut too short: {text}");
        }
        for (number, old) in before.numbered() {
            let Some((_, new)) = self.numbered().find(|(at, _)| *at == number) else { continue };
            assert_eq!(
                (old.discontinuity, &old.date),
                (new.discontinuity, &new.date),
                "{number} changed: {text}"
            );
            assert!(
                old.uri.is_empty() || (&old.uri, old.duration) == (&new.uri, new.duration),
                "{number}: {text}"
            );
            let kept = new.parts.starts_with(&old.parts) && (old.uri.is_empty() || new.parts == old.parts);
            assert!(
                kept || (new.parts.is_empty() && !new.uri.is_empty()),
                "parts of {number} changed: {text}"
            );
        }
        self.check_hint(before, text);
        self.check_map_hint(before, text);
    }

    /// The map that was announced is that of the next segment.
    fn check_map_hint(&self, before: &Self, text: &str) {
        let Some(hint) = &before.next_map else { return };
        let from = before.next() + u64::from(before.open.is_some());
        if self.sequence > from {
            return;
        }
        let came = match self.numbered().find(|(number, _)| *number >= from) {
            Some((_, next)) => next.map.as_ref() == Some(hint),
            None => self.ended || self.next_map.as_ref() == Some(hint),
        };
        assert!(came, "the map that was announced comes: {text}");
    }

    /// The part that was announced is the next that came.
    fn check_hint(&self, before: &Self, text: &str) {
        let Some(hint) = &before.next_part else { return };
        let last = before.parts().last();
        let mut news = self.parts().skip_while(|part| last.is_some_and(|last| last.uri != part.uri));
        if last.is_some() && news.next().is_none() {
            return;
        }
        match news.next() {
            Some(first) => assert_eq!(&first.uri, hint, "the part that was announced comes: {text}"),
            None => assert!(self.ended || self.next_part.as_ref() == Some(hint), "the hint stays: {text}"),
        }
    }

    /// What a player has that knows `before` and was sent this.
    pub(crate) fn merged(&self, before: &Self) -> Self {
        let known =
            |number: u64| before.numbered().find(|(at, _)| *at == number).map(|(_, segment)| segment.clone());
        let skipped = (self.sequence..).take(self.skipped);
        let mut merged = Self { skipped: 0, ..self.clone() };
        merged.segments = skipped
            .map(|number| known(number).unwrap_or_else(|| panic!("{number} was skipped and is not known")))
            .collect();
        merged.segments.extend(self.segments.iter().cloned());
        merged
    }

    /// The playlist without what a reader of delta updates may know otherwise: parts of finished segments, which are
    /// forgotten with age, and maps, which are named again where the list begins.
    pub(crate) fn essence(&self) -> Self {
        let mut essence = self.clone();
        for segment in &mut essence.segments {
            segment.parts.clear();
            segment.map = None;
        }
        essence
    }
}
