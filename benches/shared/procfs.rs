//! What the kernel says of a process and its children: CPU time and memory.

use std::fs;

/// CPU time of a process tree, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// In user space, by the clock tick.
    pub(crate) user_ms: f64,
    /// In the kernel, by the clock tick.
    pub(crate) system_ms: f64,
    /// Both, by the scheduler's nanoseconds: what `user_ms + system_ms` rounds.
    pub(crate) exact_ms: f64,
}

/// Memory of a process tree, in kilobytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) rss_kb: u64,
    /// Resident at most so far.
    pub(crate) peak_kb: u64,
}

/// `USER_HZ` is 100 on every Linux that Rust's std supports.
const TICK_MS: f64 = 10.0;

/// A process and its descendants.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        let path = format!("/proc/{pid}/task/{pid}/children");
        let children = fs::read_to_string(path).unwrap_or_default();
        all.extend(children.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        next += 1;
    }
    all
}

/// CPU time that `pids` have used since they began.
pub(crate) fn cpu(pids: &[u32]) -> Cpu {
    let mut sum = Cpu::default();
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The command's name may hold spaces; fields count from the parenthesis that closes it.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        sum.user_ms += ticks(11) * TICK_MS;
        sum.system_ms += ticks(12) * TICK_MS;
        sum.exact_ms += exact_ms(*pid);
    }
    sum
}

fn exact_ms(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    nanos.sum::<u64>() as f64 / 1e6
}

impl Cpu {
    /// What was used since `earlier`. The finer clock counts where the kernel has it: threads that ended since would
    /// make it fall behind the ticks, and then the ticks count.
    pub(crate) fn since(self, earlier: Self) -> Self {
        let (user_ms, system_ms) = (self.user_ms - earlier.user_ms, self.system_ms - earlier.system_ms);
        let (ticks, exact) = (user_ms + system_ms, self.exact_ms - earlier.exact_ms);
        let slack = 4.0 * TICK_MS + ticks * 0.02;
        Self { user_ms, system_ms, exact_ms: if (ticks - exact).abs() <= slack { exact } else { ticks } }
    }
}

/// Resident memory of `pids`.
pub(crate) fn memory(pids: &[u32]) -> Memory {
    let mut sum = Memory::default();
    for pid in pids {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
        };
        sum.rss_kb += field("VmRSS:");
        sum.peak_kb += field("VmHWM:");
    }
    sum
}
