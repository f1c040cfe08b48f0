//! What a mistyped word was meant to be.

/// The known word that differs least from this one, if it differs little.
pub(super) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    const TYPOS_MAX: usize = 2;
    // What is far longer than any key is no slip of the hand, and comparing costs its square.
    const LENGTH_MAX: usize = 100;
    if word.len() > LENGTH_MAX {
        return None;
    }
    let near = known.iter().map(|known| (distance(word, known), *known)).min_by_key(|(typos, _)| *typos)?;
    (near.0 <= TYPOS_MAX).then_some(near.1)
}

/// Characters to insert, remove or replace to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<_> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, c) in from.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let replaced = diagonal + usize::from(c != *other);
            diagonal = *cell;
            *cell = replaced.min(diagonal + 1).min(left + 1);
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_understood_and_another_word_is_not() {
        let known = ["listen", "chunk_size", "app"];
        assert_eq!(nearest("lisen", &known), Some("listen"));
        assert_eq!(nearest("chunksize", &known), Some("chunk_size"));
        assert_eq!(nearest("hold", &known), None);
        assert_eq!(nearest(&"a".repeat(200), &known), None);
        assert_eq!((distance("", "abc"), distance("abc", ""), distance("kitten", "sitting")), (3, 3, 3));
    }
}
