//! The bench's own child processes: the same binary again, with a role.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

/// Lines that may wait for their reader; far more than ever do.
const QUEUE: usize = 1 << 16;

/// How long a child may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A running child that says lines of JSON; it ends when this is dropped.
pub(crate) struct Child<L> {
    process: Process,
    lines: Receiver<L>,
}

impl<L: DeserializeOwned + Send + 'static> Child<L> {
    /// Starts this binary with `role` and its arguments.
    pub(crate) fn start(role: &str, args: &[String]) -> Result<Self> {
        let mut process = with_all_files(std::env::current_exe()?)
            .arg(role)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {role}"))?;
        let stdout = process.stdout.take().context("a child's output")?;
        let (sender, lines) = mpsc::sync_channel(QUEUE);
        thread::spawn(move || {
            for text in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(line) = serde_json::from_str(&text) else { continue };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { process, lines })
    }

    /// The process, for measuring.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends one order.
    pub(crate) fn order(&mut self, order: &str) -> Result<()> {
        let stdin = self.process.stdin.as_mut().context("a child's input")?;
        writeln!(stdin, "{order}")?;
        Ok(stdin.flush()?)
    }

    /// The next line.
    pub(crate) fn answer(&self) -> Result<L> {
        self.lines.recv_timeout(ANSWER_MAX).context("a child that does not answer")
    }
}

impl<L> Drop for Child<L> {
    fn drop(&mut self) {
        // A child that is gone already is as good as one that is ended.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A command with as many open files as we may have at all: the shell raises the soft limit and becomes the program.
pub(crate) fn with_all_files(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn \"$(ulimit -Hn)\"; exec \"$0\" \"$@\""]).arg(program);
    command
}
