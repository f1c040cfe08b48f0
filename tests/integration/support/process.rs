//! A child process that never outlives its test: output to files, ended by its own id.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use super::{GUARD, eventually};

/// Lines of a log shown when a test fails.
const TAIL_LINES: usize = 80;

/// A signal a test sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Term,
    Int,
    Stop,
    Cont,
    Hup,
}

/// A running program.
pub(crate) struct Proc {
    name: String,
    child: Child,
    log: PathBuf,
    out: PathBuf,
}

impl Proc {
    /// Starts it with its standard error in `folder/name.log` and its standard output in `folder/name.out`.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> Self {
        let log = folder.join(format!("{name}.log"));
        let out = folder.join(format!("{name}.out"));
        let file = |path| File::create(path).expect("a file can be made");
        command.stdin(Stdio::null()).stderr(file(&log)).stdout(file(&out));
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { name: name.to_owned(), child, log, out }
    }

    /// What it has said on standard error.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// What it has printed.
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.out).unwrap_or_default()).into_owned()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.ended().is_none()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }

    /// Sends a signal to this process, if it still runs. The shell's own `kill` is everywhere.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if !self.is_running() {
            return;
        }
        let flag = match signal {
            Signal::Term => "-TERM",
            Signal::Int => "-INT",
            Signal::Stop => "-STOP",
            Signal::Cont => "-CONT",
            Signal::Hup => "-HUP",
        };
        let script = format!("kill {flag} {}", self.child.id());
        Command::new("sh").args(["-c", &script]).status().expect("sh runs");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within [`GUARD`].
    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually(&format!("{} to end", self.name.clone()), || self.ended())
    }

    /// Waits for its end and asserts success.
    pub(crate) fn succeed(&mut self) {
        let status = self.wait();
        assert!(status.success(), "{} ended with {status}:\n{}", self.name, self.tail());
    }

    /// Lets it end by itself for a while, then asks it by signal, and waits.
    pub(crate) fn end(&mut self, patience: std::time::Duration, signal: Signal) -> ExitStatus {
        let deadline = Instant::now() + patience.min(GUARD);
        while self.is_running() && Instant::now() < deadline {
            std::thread::sleep(super::LOOK);
        }
        self.signal(signal);
        self.wait()
    }

    /// Ends it without asking, as a crash or a power cut would.
    pub(crate) fn kill(&mut self) {
        // The child may have ended already; both calls then have nothing to do.
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// The last lines it wrote.
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

impl Drop for Proc {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- {} ({}) ---\n{}", self.name, self.log.display(), self.tail());
        }
    }
}
