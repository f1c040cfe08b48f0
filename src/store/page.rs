//! One page of many rows: it goes on after the last row seen, so rows that come or go meanwhile move nothing.

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<C> {
    /// Goes on after this one; from the start without.
    pub after: Option<C>,
    /// Rows at most; 1 to [`Page::LIMIT_MAX`].
    limit: u32,
}

impl<C> Page<C> {
    /// Rows that one page may hold.
    pub const LIMIT_MAX: u32 = 200;

    /// The first page. `limit` is brought between 1 and [`Page::LIMIT_MAX`].
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit: limit.clamp(1, Self::LIMIT_MAX) }
    }

    /// The page after this row.
    #[must_use]
    pub fn after(cursor: C, limit: u32) -> Self {
        Self { after: Some(cursor), ..Self::first(limit) }
    }

    /// Rows at most.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Rows to ask for: one more than are shown, to know whether there are more.
    pub(super) fn probe(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The rows of the page and where the next one begins.
    pub(super) fn cut<T>(&self, mut items: Vec<T>, cursor: impl FnOnce(&T) -> C) -> Slice<T, C> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Slice { items, next }
    }
}

/// A page's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice<T, C> {
    /// The rows, in order.
    pub items: Vec<T>,
    /// What the next page goes on after; `None` when this was the last.
    pub next: Option<C>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_another_follows() {
        let page = Page::<u32>::first(2);
        assert_eq!(page.probe(), 3);
        assert_eq!(page.cut(vec![1, 2, 3], |row| *row), Slice { items: vec![1, 2], next: Some(2) });
        assert_eq!(page.cut(vec![1, 2], |row| *row), Slice { items: vec![1, 2], next: None });
        assert_eq!(Page::<u32>::first(0).probe(), 2);
        assert_eq!(Page::<u32>::first(u32::MAX).probe(), 201);
    }
}
