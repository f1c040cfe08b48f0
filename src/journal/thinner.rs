//! Which changes of an output are written down: one that keeps failing says so at once, then ever less often.
//!
//! Every change is in what is shown live; the history needs the turns. A state that lasts is always written in the end.

use std::time::{Duration, Instant};

use crate::push::{OutputState, Reason, Status};

/// How long an output may be otherwise than the history says.
const LAG_MAX: Duration = Duration::from_secs(10);

/// What the history says of an output.
#[derive(Debug, Default)]
pub(super) struct Thinner {
    written: Option<(&'static str, Option<Reason>)>,
    /// What it was last, written or not.
    last: Option<&'static str>,
    /// Reasons of this row of failures that were written.
    known: Vec<Reason>,
    /// A state that is not written, and since when it is so.
    untold: Option<(&'static str, Option<Reason>, Instant)>,
}

impl Thinner {
    /// Takes a change, and says whether it is to be written.
    pub(super) fn take(&mut self, status: Status, now: Instant) -> bool {
        let label = status.state.label();
        let last = self.last.replace(label);
        let is_new = match status.state {
            OutputState::Retrying { attempt, .. } => {
                let unknown = status.reason.filter(|reason| !self.known.contains(reason));
                self.known.extend(unknown);
                attempt.is_power_of_two() || unknown.is_some()
            }
            // Each attempt begins so; that it is tried again goes without saying.
            OutputState::Connecting => last.is_none_or(|last| !is_alike(last, label)),
            OutputState::Sending => self.written.is_none_or(|(written, _)| written != label),
            OutputState::Disabled | OutputState::Idle | OutputState::Failed | OutputState::Stopping => {
                self.known.clear();
                self.written != Some((label, status.reason))
            }
        };
        if is_new {
            self.written = Some((label, status.reason));
            self.untold = None;
            return true;
        }
        let is_told = self.written.is_some_and(|(written, _)| is_alike(written, label));
        let since = self.untold.take().filter(|(untold, ..)| is_alike(untold, label));
        self.untold = (!is_told).then(|| (label, status.reason, since.map_or(now, |(.., since)| since)));
        false
    }

    /// Whether the state of the last change was not written, has lasted, and is to be written now.
    pub(super) fn due(&mut self, now: Instant) -> bool {
        let lasted = |(.., since): &mut (_, _, Instant)| now.saturating_duration_since(*since) >= LAG_MAX;
        let Some((label, reason, _)) = self.untold.take_if(lasted) else { return false };
        self.written = Some((label, reason));
        true
    }
}

/// Between attempts and in one is the same to the history.
fn is_alike(one: &str, other: &str) -> bool {
    let trying = |label: &str| matches!(label, "retrying" | "connecting");
    one == other || trying(one) && trying(other)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn status(state: OutputState, reason: Option<Reason>) -> Status {
        Status { state, reason, detail: String::new(), since: SystemTime::UNIX_EPOCH }
    }

    fn retrying(attempt: u32) -> OutputState {
        OutputState::Retrying { attempt, next_retry_at: SystemTime::UNIX_EPOCH }
    }

    fn written(thinner: &mut Thinner, state: OutputState, reason: Option<Reason>, now: Instant) -> bool {
        thinner.take(status(state, reason), now)
    }

    #[test]
    fn a_destination_that_stays_dead_is_told_ever_less_often() {
        let (mut thinner, now, dead) = (Thinner::default(), Instant::now(), Some(Reason::TcpRefused));
        assert!(written(&mut thinner, OutputState::Connecting, None, now));
        let mut attempts = Vec::new();
        for attempt in 1..=1_000 {
            if written(&mut thinner, retrying(attempt), dead, now) {
                attempts.push(attempt);
            }
            assert!(!written(&mut thinner, OutputState::Connecting, None, now));
            assert!(!thinner.due(now + LAG_MAX), "it is told that it is being tried");
        }
        assert_eq!(attempts, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert!(written(&mut thinner, retrying(1_001), Some(Reason::Dns), now), "another reason");
        assert!(written(&mut thinner, OutputState::Sending, None, now));
        assert!(written(&mut thinner, OutputState::Idle, None, now));
    }

    #[test]
    fn what_lasts_is_written_in_the_end() {
        let (mut thinner, now, lost) = (Thinner::default(), Instant::now(), Some(Reason::ClosedByPeer));
        assert!(written(&mut thinner, OutputState::Sending, None, now));
        assert!(written(&mut thinner, retrying(2), lost, now));
        assert!(written(&mut thinner, OutputState::Sending, None, now));
        assert!(!written(&mut thinner, retrying(3), lost, now));
        assert!(!written(&mut thinner, OutputState::Connecting, None, now + LAG_MAX / 2));
        assert!(thinner.due(now + LAG_MAX), "it lasted");
        assert!(!thinner.due(now + LAG_MAX * 2), "once");
        assert!(written(&mut thinner, OutputState::Sending, None, now + LAG_MAX * 2));
    }

    #[test]
    fn what_passed_is_not_written() {
        let (mut thinner, now, lost) = (Thinner::default(), Instant::now(), Some(Reason::ClosedByPeer));
        assert!(written(&mut thinner, retrying(1), lost, now));
        assert!(written(&mut thinner, OutputState::Sending, None, now));
        assert!(!written(&mut thinner, retrying(3), lost, now));
        assert!(!written(&mut thinner, OutputState::Sending, None, now), "it is what the history says");
        assert!(!thinner.due(now + LAG_MAX));
    }
}
