//! What this process takes of its machine, and what is left of it: looked at every few seconds and away from requests,
//! because a disk of a network that is gone keeps whoever asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::metrics::{cpu_seconds, open_files, resident_bytes};

/// So often is it looked at; the share of the processor is of such a time.
const EACH: Duration = Duration::from_secs(5);
/// Less free space than this is too little for a database that grows.
const SPACE_LOW: u64 = 1 << 30;
/// Less than this, and writing fails soon.
const SPACE_NONE: u64 = 100 << 20;

/// How much room there is to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Room {
    /// Enough.
    Ok,
    /// Below 1 GiB.
    Low,
    /// Below 100 MiB: writing fails soon.
    Full,
}

/// The file system that has `data_dir`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Disk {
    /// What the process may still write.
    pub free_bytes: u64,
    /// How large it is.
    pub total_bytes: u64,
    /// Whether that is enough.
    pub state: Room,
}

impl Disk {
    /// Asks the system. It blocks.
    ///
    /// # Errors
    /// The system does not tell, or there is no such folder.
    pub fn of(folder: &Path) -> std::io::Result<Self> {
        let found = rustix::fs::statvfs(folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        let free_bytes = bytes(found.f_bavail);
        let state = match free_bytes {
            ..SPACE_NONE => Room::Full,
            SPACE_NONE..SPACE_LOW => Room::Low,
            _ => Room::Ok,
        };
        Ok(Self { free_bytes, total_bytes: bytes(found.f_blocks), state })
    }
}

/// What was found when last looked. Null is what the system does not tell.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct Load {
    /// What this process took of the processors in the last seconds, in percent of one of them; null in the first seconds.
    #[schema(example = 7.4)]
    pub cpu_percent: Option<f64>,
    /// Processors that it may use.
    pub cpus: usize,
    /// What this process has in memory.
    pub memory_bytes: Option<u64>,
    /// The machine's memory.
    pub memory_total_bytes: Option<u64>,
    /// What of that could be given to programs.
    pub memory_available_bytes: Option<u64>,
    /// Where the process writes.
    pub disk: Option<Disk>,
    /// Files and sockets that it has open.
    pub open_files: Option<u64>,
    /// How many it may have.
    pub open_files_max: Option<u64>,
}

/// The machine, to whoever asks.
#[derive(Debug, Clone)]
pub struct Machine(Arc<Mutex<Load>>);

impl Machine {
    /// Looks at once, and then, in the task that comes with it, until `stop`.
    pub fn new(
        data_dir: PathBuf,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let mut look = Look { data_dir, before: None };
        let machine = Self(Arc::new(Mutex::new(look.load())));
        let watched = machine.clone();
        let watching = async move {
            let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + EACH, EACH);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut disk = Room::Ok;
            while stop.run_until_cancelled(tick.tick()).await.is_some() {
                let looking = tokio::task::spawn_blocking(move || (look.load(), look));
                // A look that fails has panicked, and would again.
                let Some(Ok((load, back))) = stop.run_until_cancelled(looking).await else { return };
                look = back;
                disk = tell(disk, load.disk);
                *watched.0.lock().unwrap_or_else(PoisonError::into_inner) = load;
            }
        };
        (machine, watching)
    }

    /// What was found when last looked.
    #[must_use]
    pub fn load(&self) -> Load {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes to the log that there is less room than before, once.
fn tell(before: Room, disk: Option<Disk>) -> Room {
    let Some(Disk { free_bytes, state, .. }) = disk else { return before };
    match state {
        Room::Low if before == Room::Ok => tracing::warn!(free_bytes, "little room is left in data_dir"),
        Room::Full if before != Room::Full => {
            tracing::error!(free_bytes, "data_dir is full: nothing new can be kept")
        }
        Room::Ok | Room::Low | Room::Full => {}
    }
    state
}

#[derive(Debug)]
struct Look {
    data_dir: PathBuf,
    /// When it was looked last, and the processor time by then, in seconds.
    before: Option<(Instant, f64)>,
}

impl Look {
    fn load(&mut self) -> Load {
        let now = Instant::now();
        let cpu = cpu_seconds();
        let cpu_percent = self.before.zip(cpu).and_then(|((then, before), cpu)| {
            let seconds = now.duration_since(then).as_secs_f64();
            (seconds > 0.0).then(|| ((cpu - before).max(0.0) / seconds * 1000.0).round() / 10.0)
        });
        self.before = cpu.map(|cpu| (now, cpu));
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let (open_files, open_files_max) = open_files();
        Load {
            cpu_percent,
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: resident_bytes(),
            memory_total_bytes: kibibytes(&memory, "MemTotal:"),
            memory_available_bytes: kibibytes(&memory, "MemAvailable:"),
            disk: Disk::of(&self.data_dir).ok(),
            open_files,
            open_files_max,
        }
    }
}

/// A line of proc(5) `meminfo`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    super::metrics::field(text, name).map(|kib| kib.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_counts_takes_a_share_of_a_processor() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut look = Look { data_dir: folder.path().to_owned(), before: None };
        assert_eq!(look.load().cpu_percent, None, "nothing to compare with");
        let began = cpu_seconds().expect("Linux tells it");
        let mut counted = 0_u64;
        while cpu_seconds().expect("Linux tells it") < began + 0.05 {
            counted = std::hint::black_box(counted + 1);
        }
        let load = look.load();
        assert!(load.cpu_percent.expect("compared") > 0.0, "{load:?}");
        assert!(load.cpus >= 1 && load.memory_bytes > Some(1 << 20), "{load:?}");
        assert!(load.memory_total_bytes >= load.memory_available_bytes, "{load:?}");
        assert!(load.open_files > Some(0) && load.open_files_max >= load.open_files, "{load:?}");
        let disk = load.disk.expect("a folder is somewhere");
        assert!(disk.total_bytes > 0 && disk.free_bytes <= disk.total_bytes, "{disk:?}");
    }

    #[test]
    fn a_disk_that_fills_up_is_told_of_once_a_step() {
        let disk = |state| Some(Disk { free_bytes: 0, total_bytes: 1, state });
        assert_eq!(tell(Room::Ok, disk(Room::Low)), Room::Low);
        assert_eq!(tell(Room::Low, None), Room::Low, "a disk that does not answer has not been emptied");
        assert_eq!(tell(Room::Full, disk(Room::Ok)), Room::Ok);
    }

    #[tokio::test]
    async fn the_first_look_is_there_at_once_and_the_last_is_at_the_end() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let stop = CancellationToken::new();
        let (machine, watching) = Machine::new(folder.path().to_owned(), stop.clone());
        assert!(machine.load().memory_bytes > Some(1 << 20), "{:?}", machine.load());
        let watching = tokio::spawn(watching);
        stop.cancel();
        watching.await.expect("it ends");
    }
}
