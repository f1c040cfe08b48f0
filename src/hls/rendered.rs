//! A playlist as it is sent: its text, the same gzipped, and with a query behind every address.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A playlist as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its text.
    pub plain: Bytes,
    /// Its text, gzipped for the first who asks and shared by all others. Nobody may ask: a compressor is a quarter of
    /// a megabyte, and a low-latency playlist may be rendered three times a second.
    gzip: OnceLock<Bytes>,
    /// A weak entity tag: both forms share it, another text never does.
    pub etag: String,
    /// Seconds for which a cache may answer with it.
    pub max_age: u32,
    /// Seconds for which a cache may answer with it to those who ask for the very part that it was waited for with.
    pub settled_age: u32,
    /// Whether it can be waited for.
    pub takes_directives: bool,
    /// Where its addresses end in the text, rising.
    links: Vec<usize>,
}

impl Rendered {
    pub(super) fn new(text: String, etag: String, max_age: u32) -> Self {
        let links = links(&text);
        Self {
            plain: text.into(),
            gzip: OnceLock::new(),
            etag,
            max_age,
            settled_age: max_age,
            takes_directives: false,
            links,
        }
    }

    /// Its text, gzipped. Empty where that failed; the plain form is sent then.
    #[must_use]
    pub fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut gzip = GzEncoder::new(Vec::with_capacity(self.plain.len() / 2), Compression::fast());
            gzip.write_all(&self.plain).and_then(|()| gzip.finish()).unwrap_or_default().into()
        })
    }

    /// Its text with `query` behind every address in it, for viewers whose token must reach the files that it names.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Bytes {
        let mut text = Vec::with_capacity(self.plain.len() + self.links.len() * (query.len() + 1));
        let mut from = 0;
        for link in &self.links {
            text.extend_from_slice(self.plain.get(from..*link).unwrap_or_default());
            text.push(b'?');
            text.extend_from_slice(query.as_bytes());
            from = *link;
        }
        text.extend_from_slice(self.plain.get(from..).unwrap_or_default());
        text.into()
    }
}

/// Where the addresses of a playlist end: its lines that are no tags, and the `URI` attributes of those that are.
fn links(text: &str) -> Vec<usize> {
    const ATTRIBUTE: &str = "URI=\"";
    let mut links = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if !content.starts_with('#') && !content.is_empty() {
            links.push(start + content.len());
        } else if let Some((before, value)) = content.split_once(ATTRIBUTE)
            // What a cue point calls so is the source's own.
            && !content.starts_with("#EXT-X-DATERANGE")
        {
            let length = value.find('"').unwrap_or(value.len());
            links.push(start + before.len() + ATTRIBUTE.len() + length);
        }
        start += line.len();
    }
    links
}
