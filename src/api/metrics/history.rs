//! The figures of what is kept of what happens, of those who are told, and what is wrong with streams.

use super::{Collect, Samples, names};
use crate::journal::{IssueCode, Journal};
use crate::webhook::Webhooks;

/// Where the figures are.
pub struct HistoryFigures {
    /// What happens.
    pub journal: Journal,
    /// Those who are told.
    pub webhooks: Webhooks,
}

impl Collect for HistoryFigures {
    fn collect(&self, out: &mut Samples) {
        let counts = self.journal.counts();
        for (result, count) in [("kept", &counts.kept), ("lost", &counts.lost), ("refused", &counts.refused)]
        {
            out.add(&names::EVENTS, &[result], count.get());
        }
        out.add(&names::EVENTS_WAITING, &[], self.journal.waiting());
        out.add(&names::EVENTS_OUTAGES, &[], counts.outages.get());
        let counts = self.webhooks.counts();
        for (result, count) in [
            ("delivered", &counts.delivered),
            ("retried", &counts.retried),
            ("failed", &counts.failed),
            ("paused", &counts.paused),
        ] {
            out.add(&names::WEBHOOK_ATTEMPTS, &[result], count.get());
        }
        out.add(&names::WEBHOOK_REFUSED, &[], counts.refused.get());
        for live in self.journal.lives().iter().filter(|live| live.broadcast().is_some()) {
            let issues = live.issues();
            // One of each code, whatever destinations it is about: those have states of their own.
            for code in IssueCode::ALL.iter().filter(|code| issues.iter().any(|issue| issue.code == **code)) {
                out.add(
                    &names::STREAM_ISSUE,
                    &[live.stream().id().as_str(), code.label(), code.severity().label()],
                    true,
                );
            }
        }
    }
}
