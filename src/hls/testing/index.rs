//! Reads multivariant playlists line by line and holds them to the rules, knowing nothing of the code that wrote them.
//! Panics with the text at the first rule that is broken.

use std::collections::BTreeMap;

use super::text::{SECOND, Text, attribute};

/// What a live stream may need beyond what its index promised, in percent (Apple's authoring specification, 9.14).
const PEAK_PERCENT_MAX: u64 = 125;
/// How codings of pictures begin.
const PICTURES: [&str; 8] = ["avc1.", "avc3.", "hvc1.", "hev1.", "av01.", "vp09.", "dvh1.", "dvhe."];

/// A sound, or captions, as its tag has it.
#[derive(Debug)]
struct Rendition {
    kind: String,
    group: String,
    name: String,
    default: bool,
    uri: Option<String>,
}

/// A variant as its two lines have it.
#[derive(Debug)]
struct Variant {
    uri: String,
    bandwidth: u64,
    codecs: Vec<String>,
    audio: Option<String>,
}

/// A multivariant playlist as it reads.
#[derive(Debug, Default)]
pub(crate) struct Index {
    text: String,
    independent: bool,
    renditions: Vec<Rendition>,
    variants: Vec<Variant>,
}

/// What was found in a list that an index names.
#[derive(Debug)]
pub(crate) struct Found {
    /// How its codings begin, in RFC 6381's names.
    pub(crate) codecs: Vec<String>,
    /// See [`peak`].
    pub(crate) peak: u64,
    pub(crate) independent: bool,
}

impl Index {
    /// Reads a multivariant playlist and checks what can be seen in it alone.
    pub(crate) fn read(text: &str) -> Self {
        let mut read = Self { text: text.to_owned(), ..Self::default() };
        assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:") && text.ends_with('\n'), "{text}");
        assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "controls: {text}");
        let mut version = None;
        let mut lines = text.lines().skip(1);
        while let Some(line) = lines.next() {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            match tag {
                "#EXT-X-VERSION" => assert_eq!(version.replace(value), None, "one version: {text}"),
                "#EXT-X-INDEPENDENT-SEGMENTS" => {
                    assert!(!std::mem::replace(&mut read.independent, true), "{tag} twice: {text}");
                }
                "#EXT-X-MEDIA" => read.rendition(value),
                "#EXT-X-STREAM-INF" => {
                    let uri = lines.next().filter(|uri| !uri.is_empty() && !uri.starts_with('#'));
                    read.variant(value, uri.unwrap_or_else(|| panic!("an address for {line}: {text}")));
                }
                _ => panic!("{line} is no tag that players know: {text}"),
            }
        }
        let services = text.contains("INSTREAM-ID=\"SERVICE");
        let versions: &[&str] = if services { &["7"] } else { &["3", "6"] };
        assert!(version.is_some_and(|version| versions.contains(&version)), "the lowest version: {text}");
        read.check_groups();
        read
    }

    fn rendition(&mut self, value: &str) {
        let text = &self.text;
        let wanted = |name| attribute(value, name).unwrap_or_else(|| panic!("no {name}: {text}")).to_owned();
        let (kind, group, name) = (wanted("TYPE"), wanted("GROUP-ID"), wanted("NAME"));
        assert!(["AUDIO", "CLOSED-CAPTIONS"].contains(&kind.as_str()), "a rendition of {kind}: {text}");
        assert!(!value.contains("TYPE=\"") && value.contains("NAME=\""), "quotes: {text}");
        let yes = |name| attribute(value, name).is_some_and(|said| said == "YES");
        assert!(yes("AUTOSELECT") || !yes("DEFAULT"), "AUTOSELECT where DEFAULT is: {text}");
        let uri = attribute(value, "URI").map(str::to_owned);
        let instream = attribute(value, "INSTREAM-ID");
        let captions = kind == "CLOSED-CAPTIONS";
        assert_eq!(instream.is_some(), captions, "INSTREAM-ID for captions alone: {text}");
        assert!(!captions || uri.is_none(), "captions are in the pictures: {text}");
        assert!(captions || attribute(value, "CHANNELS").is_some(), "CHANNELS: {text}");
        self.renditions.push(Rendition { kind, group, name, default: yes("DEFAULT"), uri });
    }

    fn variant(&mut self, value: &str, uri: &str) {
        let text = &self.text;
        let number = |name| {
            let number = attribute(value, name).and_then(|number| number.parse::<u64>().ok());
            number.filter(|number| *number > 0).unwrap_or_else(|| panic!("no {name}: {text}"))
        };
        let (bandwidth, average) = (number("BANDWIDTH"), number("AVERAGE-BANDWIDTH"));
        assert!(average <= bandwidth, "a mean above the peak: {text}");
        let codecs = attribute(value, "CODECS").unwrap_or_else(|| panic!("no CODECS: {text}"));
        let codecs: Vec<String> = codecs.split(',').map(str::to_owned).collect();
        let twice = |at: usize, codec: &String| codecs[..at].contains(codec);
        assert!(!codecs.iter().enumerate().any(|(at, codec)| codec.is_empty() || twice(at, codec)), "{text}");
        let pictures = codecs.iter().any(|codec| is_picture(codec));
        let size = attribute(value, "RESOLUTION").map(|size| {
            let sides = size.split_once('x').map(|(width, height)| [width, height].map(str::parse::<u32>));
            assert!(matches!(sides, Some([Ok(1..), Ok(1..)])), "RESOLUTION: {text}");
        });
        let rate = attribute(value, "FRAME-RATE").map(|rate| {
            let decimals = rate.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            assert!(rate.parse::<f64>().is_ok_and(|rate| rate > 0.0) && decimals <= 3, "FRAME-RATE: {text}");
        });
        assert_eq!(size.is_some(), pictures, "RESOLUTION exactly of pictures: {text}");
        assert_eq!(rate.is_some(), pictures, "FRAME-RATE exactly of pictures: {text}");
        let captions = attribute(value, "CLOSED-CAPTIONS");
        assert_eq!(captions.is_some(), pictures, "CLOSED-CAPTIONS exactly of pictures: {text}");
        if let Some(group) = captions.filter(|_| !value.contains("CLOSED-CAPTIONS=NONE")) {
            assert!(self.has("CLOSED-CAPTIONS", group), "no captions are in {group}: {text}");
        }
        let audio = attribute(value, "AUDIO").map(str::to_owned);
        if let Some(group) = &audio {
            assert!(self.has("AUDIO", group), "no sound is in {group}: {text}");
            assert!(codecs.iter().any(|codec| !is_picture(codec)), "CODECS without the sound: {text}");
        }
        self.variants.push(Variant { uri: uri.to_owned(), bandwidth, codecs, audio });
    }

    fn has(&self, kind: &str, group: &str) -> bool {
        self.renditions.iter().any(|rendition| rendition.kind == kind && rendition.group == group)
    }

    fn check_groups(&self) {
        assert!(!self.variants.is_empty(), "no variant: {}", self.text);
        for (at, rendition) in self.renditions.iter().enumerate() {
            let of_group =
                |other: &&Rendition| (&other.kind, &other.group) == (&rendition.kind, &rendition.group);
            for other in self.renditions[..at].iter().filter(of_group) {
                assert_ne!(other.name, rendition.name, "a name twice in a group: {}", self.text);
                assert!(!(other.default && rendition.default), "two defaults in a group: {}", self.text);
            }
        }
    }

    /// The lists that it names, each once, variants first.
    pub(crate) fn lists(&self) -> Vec<String> {
        let variants = self.variants.iter().map(|variant| &variant.uri);
        let mut lists: Vec<String> = Vec::new();
        for uri in variants.chain(self.renditions.iter().filter_map(|rendition| rendition.uri.as_ref())) {
            if !lists.contains(uri) {
                lists.push(uri.clone());
            }
        }
        lists
    }

    /// Compares what it says of its lists with what is in them.
    pub(crate) fn check_found(&self, found: &BTreeMap<String, Found>) {
        let of = |uri: &String| found.get(uri).unwrap_or_else(|| panic!("{uri} is named but not there"));
        for variant in &self.variants {
            let in_group = |rendition: &&Rendition| {
                rendition.kind == "AUDIO" && Some(&rendition.group) == variant.audio.as_ref()
            };
            let sounds = self.renditions.iter().filter(in_group).filter_map(|sound| sound.uri.as_ref());
            let sounds: Vec<&Found> = sounds.filter(|uri| **uri != variant.uri).map(of).collect();
            let own = of(&variant.uri);
            let lists = || std::iter::once(&own).chain(&sounds);
            for codec in lists().flat_map(|list| &list.codecs) {
                let named = |said: &String| said.to_lowercase().starts_with(&codec.to_lowercase());
                assert!(variant.codecs.iter().any(named), "{codec} is not in CODECS: {}", self.text);
            }
            assert!(!self.independent || lists().all(|list| list.independent), "independent: {}", self.text);
            let peak = own.peak + sounds.iter().map(|sound| sound.peak).max().unwrap_or(0);
            let most = variant.bandwidth * PEAK_PERCENT_MAX / 100;
            assert!(peak <= most, "{peak} bits a second is more than BANDWIDTH: {}", self.text);
        }
    }
}

fn is_picture(codec: &str) -> bool {
    PICTURES.iter().any(|begin| codec.starts_with(begin))
}

/// Bits a second of the heaviest run of segments that lasts half to one and a half target durations: the peak segment
/// bit rate (RFC 8216bis §4.1). `lengths` are bytes, a segment each.
pub(crate) fn peak(list: &Text, lengths: &[u64]) -> u64 {
    let target = list.target * SECOND.unsigned_abs();
    let mut most = 0;
    for from in 0..list.segments.len() {
        let (mut time, mut bytes) = (0, 0);
        for (segment, length) in list.segments.iter().zip(lengths).skip(from) {
            time += segment.duration.unsigned_abs();
            bytes += length;
            if time * 2 > target * 3 {
                break;
            }
            if time * 2 >= target {
                most = most.max(bytes * 8 * SECOND.unsigned_abs() / time);
            }
        }
    }
    most
}
