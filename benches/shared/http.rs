//! As much of HTTP/1.1 as a measuring client needs: one answer at a time, with a length.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Longest head of an answer, in bytes.
const HEAD_MAX: usize = 16 << 10;
/// How long the bench's own questions may take.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// Reads answers off a connection that is kept.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    head: Vec<u8>,
    /// Bytes of the body that have not come; `None` while the head has not.
    left: Option<usize>,
    keep: bool,
    /// The status of the answer.
    pub(crate) status: u16,
    /// Its body, if it is kept.
    pub(crate) body: Vec<u8>,
}

impl Reader {
    /// A question is being asked, whose answer's body is wanted or not.
    pub(crate) fn begin(&mut self, keep: bool) {
        self.head.clear();
        self.body.clear();
        self.left = None;
        self.keep = keep;
    }

    /// Takes what came; true when the answer is whole.
    pub(crate) fn feed(&mut self, data: &[u8]) -> Result<bool> {
        let Some(left) = self.left else {
            let from = self.head.len().saturating_sub(3);
            self.head.extend_from_slice(data);
            let end =
                self.head.get(from..).and_then(|tail| tail.windows(4).position(|four| four == b"\r\n\r\n"));
            let Some(end) = end.map(|at| from + at + 4) else {
                anyhow::ensure!(self.head.len() < HEAD_MAX, "a head that does not end");
                return Ok(false);
            };
            let rest = self.head.split_off(end);
            let (status, len) = read_head(&self.head)?;
            (self.status, self.left) = (status, Some(len));
            return self.feed(&rest);
        };
        anyhow::ensure!(data.len() <= left, "more than was asked for");
        if self.keep {
            self.body.extend_from_slice(data);
        }
        self.left = Some(left - data.len());
        Ok(left == data.len())
    }
}

fn read_head(head: &[u8]) -> Result<(u16, usize)> {
    let text = std::str::from_utf8(head)?;
    let status = text.split(' ').nth(1).context("a status")?.parse()?;
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, value.trim().parse()?));
        }
    }
    if status == 204 || status == 304 { Ok((status, 0)) } else { bail!("an answer without a length") }
}

/// The head of a question.
pub(crate) fn question(host: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
}

/// A connection for the bench's own questions, one after another.
pub(crate) struct Asker {
    host: SocketAddr,
    socket: TcpStream,
    reader: Reader,
    buffer: Vec<u8>,
}

impl Asker {
    /// Connects.
    pub(crate) fn connect(host: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(host)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Self { host, socket, reader: Reader::default(), buffer: vec![0; 64 << 10] })
    }

    /// Asks, and returns status and body.
    pub(crate) fn get(&mut self, path: &str) -> Result<(u16, Vec<u8>)> {
        self.ask(&question(self.host, path))
    }

    /// Asks with a whole request, and returns status and body.
    pub(crate) fn ask(&mut self, request: &str) -> Result<(u16, Vec<u8>)> {
        self.reader.begin(true);
        self.socket.write_all(request.as_bytes())?;
        loop {
            let n = self.socket.read(&mut self.buffer)?;
            anyhow::ensure!(n > 0, "{} closed", self.host);
            if self.reader.feed(self.buffer.get(..n).unwrap_or_default())? {
                return Ok((self.reader.status, std::mem::take(&mut self.reader.body)));
            }
        }
    }

    /// The head of the last answer.
    pub(crate) fn head(&self) -> &str {
        std::str::from_utf8(&self.reader.head).unwrap_or_default()
    }

    /// Asks, and returns the text of an answer that is well.
    pub(crate) fn text(&mut self, path: &str) -> Result<String> {
        let (status, body) = self.get(path)?;
        anyhow::ensure!(status == 200, "{path}: {status}");
        Ok(String::from_utf8(body)?)
    }
}
