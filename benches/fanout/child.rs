//! What this bench's children say, and what is asked of them.

use anyhow::{Result, bail};

use crate::figures::{Line, Progress, Seen};
use crate::shared::child;

/// A running child; it ends when this is dropped.
pub(crate) type Child = child::Child<Line>;

impl Child {
    /// Waits for the line that names the port.
    pub(crate) fn port(&self) -> Result<u16> {
        match self.answer()? {
            Line::Port(port) => Ok(port),
            other => bail!("a port was due, not {other:?}"),
        }
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
}
