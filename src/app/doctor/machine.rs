//! What the machine gives: a place to write, space, file descriptors, a clock.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{Access, access};
use rustix::process::{Resource, getrlimit};

use super::super::config::Config;
use super::Check;
use crate::api::machine::{Disk, Room};

/// Each viewer and each destination takes one; so many are enough for a busy node.
const FDS_WANTED: u64 = 8_192;
/// 2026-01-01: a clock that is before it was never set, and every certificate is refused.
const NOT_BEFORE: Duration = Duration::from_secs(1_767_225_600);

pub(super) fn all(config: &Config) -> Vec<Check> {
    vec![folder(&config.data_dir), space(&config.data_dir), descriptors(), clock(SystemTime::now())]
}

/// The nearest folder that is there: the data directory, or where it will be made.
fn existing(path: &Path) -> &Path {
    let mut path = path;
    while !path.exists() {
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => path = parent,
            _ => return Path::new("."),
        }
    }
    path
}

fn folder(data_dir: &Path) -> Check {
    const NAME: (&str, &str) = ("data_dir", "Data directory");
    let shown = data_dir.display();
    match access(existing(data_dir), Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if data_dir.is_dir() => Check::ok(NAME.0, NAME.1, format!("{shown} can be written")),
        Ok(()) => Check::ok(NAME.0, NAME.1, format!("{shown} is made at the first start")),
        Err(error) => Check::fail(
            NAME,
            format!("{shown} cannot be written: {error}"),
            "give it to the user that gostream runs as, or set data_dir",
        ),
    }
}

fn space(data_dir: &Path) -> Check {
    const NAME: (&str, &str) = ("disk_space", "Free space");
    const WHAT_TO_DO: &str = "make room, or move data_dir";
    match Disk::of(existing(data_dir)) {
        Ok(disk) => {
            let mib = |bytes: u64| bytes >> 20;
            let detail = format!("{} MiB of {} MiB", mib(disk.free_bytes), mib(disk.total_bytes));
            match disk.state {
                Room::Full => Check::fail(NAME, detail, WHAT_TO_DO),
                Room::Low => Check::warn(NAME, detail, WHAT_TO_DO),
                Room::Ok => Check::ok(NAME.0, NAME.1, detail),
            }
        }
        Err(error) => Check::warn(NAME, format!("cannot be told: {error}"), WHAT_TO_DO),
    }
}

fn descriptors() -> Check {
    const NAME: (&str, &str) = ("file_descriptors", "File descriptors");
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < FDS_WANTED => Check::warn(
            NAME,
            format!("{limit} may be open; each viewer and destination takes one"),
            format!(
                "raise the limit to {FDS_WANTED} or more: LimitNOFILE= of systemd, ulimits of a container"
            ),
        ),
        Some(limit) => Check::ok(NAME.0, NAME.1, format!("{limit} may be open")),
        None => Check::ok(NAME.0, NAME.1, "as many as there is memory for"),
    }
}

/// Whether the kernel's table of connections has room, where it keeps one: a full one drops connections without a word.
pub(super) fn conntrack() -> Option<Check> {
    let number = |name: &str| {
        let text = std::fs::read_to_string(format!("/proc/sys/net/netfilter/nf_conntrack_{name}")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    Some(tracked(number("count")?, number("max")?))
}

fn tracked(count: u64, max: u64) -> Check {
    const NAME: (&str, &str) = ("conntrack", "Tracked connections");
    let detail = format!("{count} of {max}");
    if count.saturating_mul(10) > max.saturating_mul(8) {
        let what_to_do = "raise net.netfilter.nf_conntrack_max, or do not track RTMP and HTTP";
        return Check::warn(NAME, detail, what_to_do);
    }
    Check::ok(NAME.0, NAME.1, detail)
}

fn clock(now: SystemTime) -> Check {
    const NAME: (&str, &str) = ("clock", "System time");
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let shown = time::OffsetDateTime::from(now).format(&time::format_description::well_known::Rfc3339);
    let shown = shown.unwrap_or_else(|_| "unknown".to_owned());
    if since < NOT_BEFORE {
        return Check::fail(NAME, format!("{shown} is long past"), "set the clock, best by NTP");
    }
    Check::ok(NAME.0, NAME.1, shown)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_machine_that_just_runs_has_no_failure() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let config = Config { data_dir: folder.path().join("not/there/yet"), ..Config::default() };
        let checks = all(&config);
        assert_eq!(checks.len(), 4);
        assert!(checks.iter().all(|check| check.state != State::Fail), "{checks:?}");
        assert!(checks[0].detail.ends_with("made at the first start"), "{checks:?}");
        assert!(!config.data_dir.exists(), "looking changes nothing");
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_found() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("a letter");
        std::fs::write(&file, "Dear").expect("written");
        // For everybody, also for root, who may write into any folder.
        let check = super::folder(&file.join("data"));
        assert_eq!(check.state, State::Fail, "{check:?}");
        assert!(check.detail.contains("cannot be written") && check.what_to_do.is_some(), "{check:?}");
    }

    #[test]
    fn a_table_of_connections_that_fills_up_is_found() {
        assert_eq!(tracked(100, 262_144).state, State::Ok);
        assert_eq!(tracked(250_000, 262_144).state, State::Warn);
    }

    #[test]
    fn a_clock_that_was_never_set_is_found() {
        assert_eq!(clock(UNIX_EPOCH).state, State::Fail);
        assert_eq!(clock(UNIX_EPOCH + NOT_BEFORE).state, State::Ok);
    }
}
