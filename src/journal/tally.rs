//! The outputs of one broadcast: what each came to since the broadcast began, whose counters count on for ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sample::OutputSample;
use crate::push::{DestinationId, Output};

/// Destinations that are followed at once, and those before them that are remembered.
const OUTPUTS_MAX: usize = 400;

/// Counters of an output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    sent_bytes: u64,
    dropped: u64,
    reconnects: u64,
}

impl Totals {
    fn of(output: &Output) -> Self {
        let stats = &output.stats;
        Self {
            sent_bytes: stats.sent_bytes.get(),
            dropped: stats.dropped_lag.get() + stats.dropped_overtaken.get(),
            reconnects: output.reconnects.get(),
        }
    }

    fn since(self, base: Self) -> Self {
        Self {
            sent_bytes: self.sent_bytes.saturating_sub(base.sent_bytes),
            dropped: self.dropped.saturating_sub(base.dropped),
            reconnects: self.reconnects.saturating_sub(base.reconnects),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            sent_bytes: self.sent_bytes + other.sent_bytes,
            dropped: self.dropped + other.dropped,
            reconnects: self.reconnects + other.reconnects,
        }
    }
}

#[derive(Debug)]
struct Followed {
    output: Arc<Output>,
    /// Its counters when the broadcast began, or when it was made.
    base: Totals,
    /// What outputs of the same destination came to before it took their place.
    before: Totals,
}

/// The outputs of one broadcast.
#[derive(Debug)]
pub(super) struct Tally(BTreeMap<DestinationId, Followed>);

impl Tally {
    /// At the beginning of a broadcast.
    pub(super) fn begin(outputs: Vec<Arc<Output>>) -> Self {
        let followed = |output: Arc<Output>| {
            let (base, before) = (Totals::of(&output), Totals::default());
            (output.destination.id.clone(), Followed { output, base, before })
        };
        Self(outputs.into_iter().take(OUTPUTS_MAX).map(followed).collect())
    }

    /// How the outputs are doing now.
    pub(super) fn look(&mut self, outputs: Vec<Arc<Output>>) -> Vec<OutputSample> {
        let mut samples = Vec::with_capacity(outputs.len());
        for output in outputs {
            let id = output.destination.id.clone();
            if self.0.len() >= OUTPUTS_MAX && !self.0.contains_key(&id) {
                continue;
            }
            let fresh = || Followed {
                output: Arc::clone(&output),
                base: Totals::default(),
                before: Totals::default(),
            };
            let followed = self.0.entry(id).or_insert_with(fresh);
            if !Arc::ptr_eq(&followed.output, &output) {
                let before = followed.before.plus(Totals::of(&followed.output).since(followed.base));
                *followed = Followed { before, ..fresh() };
            }
            let totals = followed.before.plus(Totals::of(&output).since(followed.base));
            samples.push(sample(&output, totals));
        }
        samples
    }
}

fn sample(output: &Output, totals: Totals) -> OutputSample {
    let (destination, status) = (&output.destination, output.status());
    let rtt = output.path.rtt().and_then(|rtt| u32::try_from(rtt.as_millis()).ok());
    OutputSample {
        destination: destination.id.clone(),
        row: destination.tag.parse().ok(),
        name: output.name().to_string(),
        platform: destination.platform,
        limits: output.limits(),
        state: status.state,
        reason: status.reason,
        detail: status.detail,
        since: status.since,
        bps: if status.state.label() == "sending" { output.stats.rate.bits_per_second() } else { 0 },
        lag_ms: output.stats.lag_millis.get(),
        sent_bytes: totals.sent_bytes,
        dropped: totals.dropped,
        reconnects: totals.reconnects,
        rtt_ms: rtt,
    }
}
