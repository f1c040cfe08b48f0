//! How the raw fan-out writes: a pattern, and how it is spelt on the command line.
//!
//! `msg`, `50ms`, `video:50ms` or `fit:50ms`, then any of `+nodelay`, `+lowat=64k`, `+threads=2`, `+groups=5`, `+merge`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};

/// When the raw fan-out writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Each message as it comes.
    Message,
    /// What came in a window that its first message opens.
    Window(Duration),
    /// At each video message; audio alone waits for one, no longer than the window.
    Video(Duration),
    /// At the last video message that the window can hold, going by the frame rate: as few writes as a plain window
    /// makes, without waiting for its end when nothing more can come in it.
    Fit(Duration),
}

/// A pattern of writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: String,
    /// When to write.
    pub(crate) when: When,
    /// `TCP_NODELAY`.
    pub(crate) nodelay: bool,
    /// `TCP_NOTSENT_LOWAT`, in bytes.
    pub(crate) lowat: Option<u32>,
    /// Threads that share the outputs.
    pub(crate) threads: usize,
    /// Parts of the outputs that take turns within a window.
    pub(crate) groups: usize,
    /// Whether the messages of a window are copied into one buffer first.
    pub(crate) merge: bool,
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut words = text.split('+');
        let when = match words.next().unwrap_or_default() {
            "msg" => When::Message,
            word => match word.split_once(':') {
                Some(("video", window)) => When::Video(millis(window)?),
                Some(("fit", window)) => When::Fit(millis(window)?),
                _ => When::Window(millis(word)?),
            },
        };
        let mut pattern = Self {
            text: text.to_owned(),
            when,
            nodelay: false,
            lowat: None,
            threads: 1,
            groups: 1,
            merge: false,
        };
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("nodelay", "") => pattern.nodelay = true,
                ("merge", "") => pattern.merge = true,
                ("lowat", size) => {
                    let kilo: u32 = size.strip_suffix('k').context("a size such as 64k")?.parse()?;
                    pattern.lowat = Some(kilo << 10);
                }
                ("threads", count) => pattern.threads = count.parse::<usize>()?.max(1),
                ("groups", count) => pattern.groups = count.parse::<usize>()?.max(1),
                _ => bail!("unknown word {word:?} in pattern {text:?}"),
            }
        }
        if pattern.groups > 1 && !matches!(pattern.when, When::Window(_)) {
            bail!("groups take turns in a plain window only");
        }
        Ok(pattern)
    }
}

fn millis(text: &str) -> Result<Duration> {
    let number = text.strip_suffix("ms").with_context(|| format!("a window such as 50ms, not {text:?}"))?;
    Ok(Duration::from_millis(number.parse()?))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
