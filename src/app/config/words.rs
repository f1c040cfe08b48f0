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

#[cfg(test)]
mod tests {
    use toml::de::DeValue;

    use super::*;

    #[test]
    fn a_switch_is_as_good_as_its_words() {
        let word = WordOrSwitch { word: Word(&[("auto", 0), ("always", 1), ("never", 2)]), on: 1, off: 2 };
        let (on, off) = (DeValue::Boolean(true), DeValue::Boolean(false));
        for (raw, value) in [
            (Raw::Toml(&on), 1),
            (Raw::Toml(&off), 2),
            (Raw::Text("true"), 1),
            (Raw::Text("false"), 2),
            (Raw::Text("auto"), 0),
            (Raw::Text("never"), 2),
        ] {
            assert_eq!(word.read(raw), Ok(value));
        }
        let wrong = word.read(Raw::Text("yes")).expect_err("it is neither");
        assert_eq!(wrong.must, "must be \"auto\" or \"always\" or \"never\"");
        assert_eq!(word.print(&1).as_deref(), Some("\"always\""), "one way to write each");
    }
}
