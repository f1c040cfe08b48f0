//! What the tests share: the engine as a process, real peers around it, and the means to compare packets.
//!
//! Nothing here knows the engine's code; it knows its command line, its log lines, its metrics and its protocols. Only
//! `machines` borrows the engine's end of a protocol, for peers that say what no program says.
//! Deadlines are guards against a hang: generous, and never what a test is about.

pub(crate) mod engine;
pub(crate) mod http;
pub(crate) mod machines;
pub(crate) mod metrics;
pub(crate) mod modern;
pub(crate) mod nginx;
pub(crate) mod packets;
pub(crate) mod page;
pub(crate) mod peers;
pub(crate) mod process;
pub(crate) mod programs;
pub(crate) mod raw;
pub(crate) mod scratch;
pub(crate) mod several;
pub(crate) mod tap;
pub(crate) mod tls;
pub(crate) mod viewer;

use std::time::{Duration, Instant};

pub(crate) use machines::hello;

/// How long anything may take before the test calls it a hang. Two loaded cores stay far below it.
pub(crate) const GUARD: Duration = Duration::from_secs(40);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// Waits until `look` finds something, and returns it.
///
/// # Panics
/// With `what` when [`GUARD`] is over.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + GUARD;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {GUARD:?} for: {what}");
        std::thread::sleep(LOOK);
    }
}

/// Waits until `look` is true. See [`eventually`].
pub(crate) fn until(what: &str, mut look: impl FnMut() -> bool) {
    eventually(what, || look().then_some(()));
}

/// Lets media flow for a while, where a test needs some of it to have passed.
pub(crate) fn let_flow(time: Duration) {
    std::thread::sleep(time);
}

/// S0, S1 and S2: 1 + 1536 + 1536 bytes.
pub(crate) const SERVER_HANDSHAKE: usize = 3_073;
