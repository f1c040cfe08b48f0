//! The figures of the store and of what is kept of it in memory.

use std::sync::Arc;

use super::{Collect, Samples, names};
use crate::account::{Accounts, Limited};
use crate::control::Control;

/// Where the figures are.
pub struct StoreFigures {
    /// Projects, and through it the store.
    pub control: Arc<Control>,
    /// Accounts, for what is kept of them.
    pub accounts: Accounts,
}

impl Collect for StoreFigures {
    fn collect(&self, out: &mut Samples) {
        let store = self.control.store();
        let (gauges, totals) = (store.gauges(), store.totals());
        let in_use = gauges.open.saturating_sub(gauges.idle);
        out.add(&names::STORE_CONNECTIONS, &["in_use"], u64::from(in_use));
        out.add(&names::STORE_CONNECTIONS, &["idle"], u64::from(gauges.idle));
        out.add(&names::STORE_CONNECTIONS_MAX, &[], u64::from(gauges.max));
        out.add(&names::STORE_ACQUIRE_TIMEOUT, &[], gauges.acquire_timeout);
        out.add(&names::STORE_STATEMENT_TIMEOUT, &[], gauges.statement_timeout);
        out.add(&names::STORE_STATEMENTS, &["read"], totals.reads);
        out.add(&names::STORE_STATEMENTS, &["write"], totals.writes);
        out.add(&names::STORE_STATEMENT_TIME, &[], totals.statement_time);
        for (reason, count) in [
            ("statement_timeout", totals.timeouts),
            ("acquire_timeout", totals.acquire_timeouts),
            ("other", totals.errors.saturating_sub(totals.timeouts)),
        ] {
            out.add(&names::STORE_ERRORS, &[reason], count);
        }
        out.add(&names::STORE_WAITS, &[], totals.acquire_waits);
        out.add(&names::STORE_WAIT_TIME, &[], totals.acquire_wait_time);
        let (hits, misses) = self.control.catalog().hits_and_misses();
        out.add(&names::STORE_CACHE_HITS, &["project"], hits);
        out.add(&names::STORE_CACHE_MISSES, &["project"], misses);
        let known = self.accounts.cache();
        out.add(&names::STORE_CACHE_HITS, &["session"], known.hits);
        out.add(&names::STORE_CACHE_MISSES, &["session"], known.misses);
        let history = self.control.journal().history_counts();
        out.add(&names::STORE_CACHE_HITS, &["history"], history.hits);
        out.add(&names::STORE_CACHE_MISSES, &["history"], history.misses);
        for (by, limited) in
            [("account", Limited::Account), ("address", Limited::Address), ("sign_up", Limited::SignUp)]
        {
            out.add(&names::SIGN_INS_LIMITED, &[by], self.accounts.refused(limited));
        }
        out.add(&names::PROJECTS, &[], self.control.catalog().len() as u64);
        out.add(&names::PROJECT_REFRESHES, &[], self.control.refreshes());
        out.add(&names::WORKER_FAULTS, &["control"], self.control.faults());
    }
}
