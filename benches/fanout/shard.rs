//! The outputs of one thread of the raw fan-out, and when and how they are written.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use mio::{Events, Interest, Poll, Token};

use crate::pattern::{Pattern, When};

/// The token under which a shard's poll reports that messages have come.
pub(crate) const NEWS: Token = Token(usize::MAX - 1);
/// Slices of one vectored write.
const SLICES: usize = 64;
/// A destination further behind than this, in bytes, is an error of the measurement.
const BEHIND_MAX: u64 = 32 << 20;

/// One message in wire form.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) video: bool,
    pub(crate) bytes: Bytes,
}

struct Output {
    stream: mio::net::TcpStream,
    /// Offset in the stream of the next byte to send.
    at: u64,
    /// How far the last write wanted to come; a socket that lacked room goes on to here when it has some.
    goal: u64,
}

/// The outputs of one thread and the messages that not all of them have.
pub(crate) struct Shard {
    pattern: Pattern,
    outputs: Vec<Output>,
    queue: VecDeque<(u64, Bytes)>,
    end: u64,
    pending: Vec<u8>,
    deadline: Option<Instant>,
    group: usize,
    /// When the last video message came.
    frame: Option<Instant>,
}

impl Shard {
    /// Outputs yet to come, written in this pattern.
    pub(crate) fn new(pattern: &Pattern) -> Self {
        Self {
            pattern: pattern.clone(),
            outputs: Vec::new(),
            queue: VecDeque::new(),
            end: 0,
            pending: Vec::new(),
            deadline: None,
            group: 0,
            frame: None,
        }
    }

    /// Adds a connection that is ready for media.
    pub(crate) fn add(&mut self, stream: mio::net::TcpStream) {
        self.outputs.push(Output { stream, at: 0, goal: 0 });
    }

    /// Writes until `news`, asked at each event of [`NEWS`], says that there will be no more.
    pub(crate) fn run(
        mut self,
        mut poll: Poll,
        mut news: impl FnMut() -> Result<Option<Vec<Message>>>,
    ) -> Result<()> {
        for (index, output) in self.outputs.iter_mut().enumerate() {
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut output.stream, Token(index), both)?;
        }
        let mut events = Events::with_capacity(1024);
        let mut scratch = [0; 4096];
        loop {
            let wait = self.deadline.map(|at| at.saturating_duration_since(Instant::now()));
            match poll.poll(&mut events, wait) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    NEWS => {
                        let Some(messages) = news()? else { return Ok(()) };
                        messages.into_iter().try_for_each(|message| self.take(message))?;
                    }
                    Token(index) => self.serve(index, event.is_readable(), &mut scratch)?,
                }
            }
            if self.deadline.is_some_and(|at| at <= Instant::now()) {
                self.tick()?;
            }
        }
    }

    /// Serves one output that can be written again, or has said something.
    fn serve(&mut self, index: usize, readable: bool, scratch: &mut [u8]) -> Result<()> {
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        if readable {
            // Acknowledgements; nothing in them matters here.
            while output.stream.read(scratch).is_ok_and(|n| n == scratch.len()) {}
        }
        // Only what an earlier write left over: anything newer waits for its turn.
        output.send(&self.queue)
    }

    fn take(&mut self, message: Message) -> Result<()> {
        if self.pattern.merge {
            self.pending.extend_from_slice(&message.bytes);
        } else {
            self.append(message.bytes);
        }
        let now = Instant::now();
        let when = self.pattern.when;
        match when {
            When::Message => return self.flush(),
            When::Video(_) if message.video => return self.flush(),
            When::Fit(window) if message.video && self.is_last(now, window) => return self.flush(),
            When::Window(window) if self.pattern.groups > 1 => {
                let turn = window / self.pattern.groups as u32;
                self.deadline.get_or_insert(now + turn);
            }
            When::Window(window) | When::Video(window) | When::Fit(window) => {
                self.deadline.get_or_insert(now + window);
            }
        }
        Ok(())
    }

    /// Whether the window ends before another video message can be expected.
    fn is_last(&mut self, now: Instant, window: Duration) -> bool {
        let interval = self.frame.map_or(Duration::ZERO, |last| now - last);
        self.frame = Some(now);
        now + interval >= self.deadline.unwrap_or(now + window)
    }

    fn append(&mut self, bytes: Bytes) {
        let len = bytes.len() as u64;
        self.queue.push_back((self.end, bytes));
        self.end += len;
    }

    fn tick(&mut self) -> Result<()> {
        let groups = self.pattern.groups;
        if groups == 1 {
            return self.flush();
        }
        let When::Window(window) = self.pattern.when else { return self.flush() };
        self.merge();
        let turn = window / groups as u32;
        self.deadline = self.deadline.map(|at| (at + turn).max(Instant::now()));
        self.group = (self.group + 1) % groups;
        let Self { queue, outputs, end, group, .. } = self;
        outputs.iter_mut().skip(*group).step_by(groups).try_for_each(|output| output.advance(queue, *end))?;
        if self.group == 0 { self.trim() } else { Ok(()) }
    }

    fn merge(&mut self) {
        if !self.pending.is_empty() {
            let bytes = std::mem::take(&mut self.pending);
            self.append(bytes.into());
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.merge();
        self.deadline = None;
        let Self { queue, outputs, end, .. } = self;
        outputs.iter_mut().try_for_each(|output| output.advance(queue, *end))?;
        self.trim()
    }

    /// Forgets what every output has.
    fn trim(&mut self) -> Result<()> {
        let least = self.outputs.iter().map(|output| output.at).min().unwrap_or(self.end);
        while self.queue.front().is_some_and(|(from, bytes)| from + bytes.len() as u64 <= least) {
            self.queue.pop_front();
        }
        anyhow::ensure!(self.end - least < BEHIND_MAX, "a destination is {} bytes behind", self.end - least);
        Ok(())
    }
}

impl Output {
    /// Sends everything up to `end`, or as much as the socket takes now.
    fn advance(&mut self, queue: &VecDeque<(u64, Bytes)>, end: u64) -> Result<()> {
        self.goal = end;
        self.send(queue)
    }

    fn send(&mut self, queue: &VecDeque<(u64, Bytes)>) -> Result<()> {
        while self.at < self.goal {
            let first = queue.partition_point(|(from, bytes)| from + bytes.len() as u64 <= self.at);
            let mut slices = [IoSlice::new(&[]); SLICES];
            let (mut used, mut asked) = (0, 0);
            let lacking = queue.range(first..).take_while(|(from, _)| *from < self.goal);
            for (slice, (from, bytes)) in slices.iter_mut().zip(lacking) {
                let rest = bytes.get(self.at.saturating_sub(*from) as usize..).unwrap_or_default();
                *slice = IoSlice::new(rest);
                asked += rest.len();
                used += 1;
            }
            match self.stream.write_vectored(slices.get(..used).unwrap_or_default()) {
                Ok(n) => {
                    self.at += n as u64;
                    if n < asked {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
