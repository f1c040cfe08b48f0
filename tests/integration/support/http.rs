//! The smallest HTTP client that can read our answers. What headers mean is judged by curl, in the tests about them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::GUARD;

/// An answer, its body decoded.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks for one path; `None` where nobody answers.
pub(crate) fn get(server: SocketAddr, path: &str) -> Option<Answer> {
    let mut socket = TcpStream::connect_timeout(&server, GUARD).ok()?;
    socket.set_read_timeout(Some(GUARD)).ok()?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n").ok()?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).ok()?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let body = bytes[end + 4..].to_vec();
    let body = if head.contains("transfer-encoding: chunked") { dechunked(&body)? } else { body };
    Some(Answer { status, body })
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
