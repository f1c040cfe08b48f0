//! Attempts to publish that were refused, so many as may be written down: a scanner must not fill the history.
//!
//! The first of an address and a reason is told at once; those that follow within a minute are told together at its end.
//! Beyond a number of addresses, the rest of that minute is told as one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::session::{Refused, Rejection};
use crate::stream::StreamId;

/// For how long attempts are told as one.
const TOGETHER: Duration = Duration::from_secs(60);
/// Addresses and reasons that are told apart in such a time.
const APART_MAX: usize = 32;

/// Attempts to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Where from; `None` for the attempts of many.
    pub(super) from: Option<IpAddr>,
    /// Why; `None` for the attempts of many.
    pub(super) why: Option<Refused>,
    pub(super) stream: Option<StreamId>,
    pub(super) software: String,
    /// How many attempts this tells of.
    pub(super) attempts: u64,
    /// Whether others of the same address and reason were told before.
    pub(super) more: bool,
}

#[derive(Debug)]
struct Row {
    why: Refused,
    since: Instant,
    untold: u64,
    last: Rejection,
}

/// What is not told yet.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    rows: HashMap<(IpAddr, &'static str), Row>,
    /// Attempts beyond [`APART_MAX`], and since when.
    others: Option<(Instant, u64)>,
}

impl Rejections {
    /// Takes an attempt; returned when it is to be told at once.
    pub(super) fn take(&mut self, rejection: Rejection, now: Instant) -> Option<Told> {
        let key = (rejection.from, rejection.why.label());
        if let Some(row) = self.rows.get_mut(&key) {
            row.untold += 1;
            row.last = rejection;
            return None;
        }
        if self.rows.len() >= APART_MAX {
            self.others.get_or_insert((now, 0)).1 += 1;
            return None;
        }
        let told = told(&rejection, rejection.why, 1, false);
        let row = Row { why: rejection.why, since: now, untold: 0, last: rejection };
        self.rows.insert(key, row);
        Some(told)
    }

    /// What is due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Told> {
        let mut due = Vec::new();
        self.rows.retain(|_, row| {
            if now.saturating_duration_since(row.since) < TOGETHER {
                return true;
            }
            if row.untold == 0 {
                return false;
            }
            due.push(told(&row.last, row.why, row.untold, true));
            (row.since, row.untold) = (now, 0);
            true
        });
        if let Some((since, attempts)) = self.others
            && now.saturating_duration_since(since) >= TOGETHER
        {
            self.others = None;
            let software = String::new();
            due.push(Told { from: None, why: None, stream: None, software, attempts, more: true });
        }
        due
    }

    /// Everything that is not told yet.
    pub(super) fn rest(&mut self, now: Instant) -> Vec<Told> {
        self.due(now + TOGETHER)
    }
}

fn told(rejection: &Rejection, why: Refused, attempts: u64, more: bool) -> Told {
    Told {
        from: Some(rejection.from),
        why: Some(why),
        stream: rejection.stream.clone(),
        software: rejection.software.clone(),
        attempts,
        more,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn attempt(last: u8) -> Rejection {
        let from = IpAddr::from([192, 0, 2, last]);
        let at = SystemTime::UNIX_EPOCH;
        Rejection { from, why: Refused::UnknownKey, stream: None, software: String::new(), at }
    }

    #[test]
    fn the_first_attempt_is_told_at_once_and_the_others_together() {
        let (mut rejections, now) = (Rejections::default(), Instant::now());
        assert_eq!(rejections.take(attempt(1), now).map(|told| (told.attempts, told.more)), Some((1, false)));
        for _ in 0..34 {
            assert_eq!(rejections.take(attempt(1), now), None);
        }
        assert!(rejections.take(attempt(2), now).is_some(), "another address");
        assert_eq!(rejections.due(now + TOGETHER / 2), []);
        let due = rejections.due(now + TOGETHER);
        assert_eq!(due.iter().map(|told| (told.attempts, told.more)).collect::<Vec<_>>(), [(34, true)]);
        assert_eq!(rejections.due(now + TOGETHER * 2), []);
        assert!(rejections.take(attempt(1), now + TOGETHER * 2).is_some(), "at once again after a pause");
    }

    #[test]
    fn a_scanner_with_many_addresses_is_told_as_one() {
        let (mut rejections, now) = (Rejections::default(), Instant::now());
        let told = (0..=255).filter_map(|last| rejections.take(attempt(last), now)).count();
        assert_eq!(told, APART_MAX);
        let rest = rejections.rest(now);
        assert_eq!(rest.len(), 1);
        assert_eq!((rest[0].from, rest[0].attempts), (None, 256 - APART_MAX as u64));
        assert!(rejections.rows.is_empty());
    }
}
