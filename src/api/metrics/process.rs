//! The process itself, from `/proc/self`; elsewhere than on Linux, the version alone.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Collect, Samples, names};

/// Ticks of a second in `/proc/self/stat`: Linux promises programs 100 on every architecture we run on.
const TICKS_PER_SECOND: f64 = 100.0;

/// The process we are.
#[derive(Debug)]
pub struct Process {
    /// Since the epoch, seconds.
    started: f64,
}

impl Process {
    /// Begins now.
    #[must_use]
    pub fn new() -> Self {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: started.as_secs_f64() }
    }
}

impl Default for Process {
    fn default() -> Self {
        Self::new()
    }
}

impl Collect for Process {
    fn collect(&self, out: &mut Samples) {
        out.add(&names::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1_u64);
        out.add(&names::PROCESS_START_TIME, &[], self.started);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(bytes) = resident_bytes() {
            out.add(&names::PROCESS_RESIDENT_MEMORY, &[], bytes);
        }
        if let Some(threads) = field(&status, "Threads:") {
            out.add(&names::PROCESS_THREADS, &[], threads);
        }
        if let Some(seconds) = cpu_seconds() {
            out.add(&names::PROCESS_CPU, &[], seconds);
        }
        let (open, max) = open_files();
        if let Some(open) = open {
            out.add(&names::PROCESS_OPEN_FDS, &[], open);
        }
        if let Some(max) = max {
            out.add(&names::PROCESS_MAX_FDS, &[], max);
        }
    }
}

/// Processor time of this process, user and system, seconds, where the system tells it.
pub(in crate::api) fn cpu_seconds() -> Option<f64> {
    let ticks = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_ticks)?;
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 ticks: three million years")]
    Some(ticks as f64 / TICKS_PER_SECOND)
}

/// How many files and sockets this process has open, and how many it may have, where the system tells it.
pub(in crate::api) fn open_files() -> (Option<u64>, Option<u64>) {
    // One of them is the directory itself.
    let open = fs::read_dir("/proc/self/fd").ok().map(|open| (open.count() as u64).saturating_sub(1));
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    (open, field(&limits, "Max open files"))
}

/// Resident memory of this process, bytes, where the system tells it.
pub(in crate::api) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    field(&status, "VmRSS:").map(|kib| kib * 1024)
}

/// The first number on the line that begins with `name`.
pub(in crate::api) fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// `utime + stime`: the 14th and 15th fields of proc(5) `stat`. The second, in parentheses, may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "7 (a) S 9 (b)) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks(""), None);
    }
}
