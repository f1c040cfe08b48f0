//! The bench's own child processes: the same binary again, with a role.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::figures::{Line, Progress, Seen};

/// Lines or messages that may wait for their reader; far more than ever do.
const QUEUE: usize = 1 << 16;

/// How long a child may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A running child; it ends when this is dropped.
pub(crate) struct Child {
    process: Process,
    lines: Receiver<Line>,
}

impl Child {
    /// Starts this binary with `role` and its arguments.
    pub(crate) fn start(role: &str, args: &[String]) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
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

    /// Waits for the line that names the port.
    pub(crate) fn port(&self) -> Result<u16> {
        match self.answer()? {
            Line::Port(port) => Ok(port),
            other => bail!("a port was due, not {other:?}"),
        }
    }

    /// Sends one order.
    pub(crate) fn order(&mut self, order: &str) -> Result<()> {
        let stdin = self.process.stdin.as_mut().context("a child's input")?;
        writeln!(stdin, "{order}")?;
        Ok(stdin.flush()?)
    }

    /// How many connections flow.
    pub(crate) fn progress(&mut self) -> Result<Progress> {
        self.order("status")?;
        match self.answer()? {
            Line::Progress(progress) => Ok(progress),
            other => bail!("progress was due, not {other:?}"),
        }
    }

    /// Ends the window and returns what was seen in it.
    pub(crate) fn end(&mut self) -> Result<Seen> {
        self.order("end")?;
        match self.answer()? {
            Line::Seen(seen) => Ok(*seen),
            other => bail!("figures were due, not {other:?}"),
        }
    }

    fn answer(&self) -> Result<Line> {
        self.lines.recv_timeout(ANSWER_MAX).context("a child that does not answer")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A child that is gone already is as good as one that is ended.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
