//! Values that are one of some words.

use super::values::{Fault, Kind, Raw, Switch, echo, quoted, text_of};

/// One of a few words.
pub(super) struct Word<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Kind<T> for Word<T> {
    fn read(&self, raw: Raw<'_>) -> Result<T, Fault> {
        let words: Vec<_> = self.0.iter().map(|(word, _)| format!("{word:?}")).collect();
        let must = format!("must be {}", words.join(" or "));
        let text = text_of(raw, &must)?;
        let found = self.0.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| Fault::new(must, format!("{} is neither", echo(text))))
    }

    fn print(&self, value: &T) -> Option<String> {
        self.0.iter().find(|(_, candidate)| candidate == value).map(|(word, _)| quoted(word))
    }
}

/// One of some words, two of which may be written as `true` and `false`.
pub(super) struct WordOrSwitch<T: 'static> {
    pub(super) word: Word<T>,
    pub(super) on: T,
    pub(super) off: T,
}

impl<T: Copy + PartialEq> Kind<T> for WordOrSwitch<T> {
    fn read(&self, raw: Raw<'_>) -> Result<T, Fault> {
        match Switch.read(raw) {
            Ok(true) => Ok(self.on),
            Ok(false) => Ok(self.off),
            Err(_) => self.word.read(raw),
        }
    }

    fn print(&self, value: &T) -> Option<String> {
        self.word.print(value)
    }
}
