//! Heads of HTTP/1.1: reads those of requests that need no more than a file, and writes those of answers (RFC 9112).
//!
//! Anything that is not the plainest request for a file is left to hyper, and so is whatever is wrong: this file refuses
//! nothing. It reads with hyper's own parser, so that nothing is a request here and not there.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use httparse::{EMPTY_HEADER, Request, Status};

use crate::api::hls::{Call, Reply, Target, Value};

/// Headers of a request at most; browsers send some fifteen.
const HEADERS_MAX: usize = 32;
/// Bytes of a date (RFC 9110 §5.6.7).
const DATE_LEN: usize = 29;

/// A request for a file.
#[derive(Debug)]
pub(super) struct Head<'a> {
    /// Bytes of it.
    pub(super) len: usize,
    /// Where it leads.
    pub(super) target: Target<'a>,
    /// What it asks.
    pub(super) call: Call<'a>,
}

impl<'a> Head<'a> {
    /// Reads one at the start of `bytes`, from `peer`; `None` for what is hyper's: no whole head, another method than
    /// `GET` and `HEAD`, another version, something that ends the connection, changes it or brings a body, an address
    /// that is none of ours.
    pub(super) fn read(bytes: &'a [u8], peer: SocketAddr) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut request = Request::new(&mut headers);
        let Ok(Status::Complete(len)) = request.parse(bytes) else { return None };
        let head_only = match request.method? {
            "GET" => false,
            "HEAD" => true,
            _ => return None,
        };
        let (path, query) = match request.path?.split_once('?') {
            Some((path, query)) => (path, query),
            None => (request.path?, ""),
        };
        let plain = request.version == Some(1) && !path.contains('#') && !query.contains('#');
        let target = Target::of(path).filter(|_| plain)?;
        let mut call = Call { path, query, peer: Some(peer), head_only, ..Call::default() };
        for header in request.headers {
            Self::header(&mut call, header.name, header.value)?;
        }
        Some(Self { len, target, call })
    }

    /// `None` where it makes the request one of hyper's.
    fn header(call: &mut Call<'a>, name: &str, value: &'a [u8]) -> Option<()> {
        let text = std::str::from_utf8(value).ok();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            5 if is("range") => call.range = call.range.or(text),
            8 if is("if-range") => call.conditional = true,
            10 if is("user-agent") => call.player = call.player.or(Some(value)),
            10 if is("connection") => {
                return text.filter(|text| text.trim().eq_ignore_ascii_case("keep-alive")).map(drop);
            }
            13 if is("if-none-match") => call.known.extend(text),
            15 if is("accept-encoding") => call.encodings.extend(text),
            14 if is("content-length") => return None,
            17 if is("transfer-encoding") => return None,
            6 if is("expect") => return None,
            7 if is("upgrade") => return None,
            _ => {}
        }
        Some(())
    }
}

/// Writes the head of an answer.
pub(super) fn write(reply: &Reply, closes: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(reply.status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(reply.status.canonical_reason().unwrap_or_default().as_bytes());
    for (name, value) in &reply.headers {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        match value {
            Value::Word(word) => out.extend_from_slice(word.as_bytes()),
            Value::Number(number) => decimal(*number, out),
            // None has any; and if one had, it would not become two headers.
            Value::Text(text) => out.extend(text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'))),
        }
    }
    if closes {
        out.extend_from_slice(b"\r\nconnection: close");
    }
    out.extend_from_slice(b"\r\ndate: ");
    date(out);
    out.extend_from_slice(b"\r\n\r\n");
}

fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let from = out.len();
    loop {
        out.push(b'0' + u8::try_from(number % 10).unwrap_or(0));
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(from..) {
        digits.reverse();
    }
}

thread_local! {
    /// A second since 1970, and how it is written.
    static DATE: RefCell<(u64, [u8; DATE_LEN])> = const { RefCell::new((u64::MAX, [0; DATE_LEN])) };
}

fn date(out: &mut Vec<u8>) {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    DATE.with_borrow_mut(|(written, text)| {
        if *written != second {
            let formatted = httpdate::fmt_http_date(now);
            text.iter_mut().zip(formatted.bytes()).for_each(|(to, from)| *to = from);
            *written = second;
        }
        out.extend_from_slice(text);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "192.0.2.7:50000";

    fn read(bytes: &[u8]) -> Option<Head<'_>> {
        Head::read(bytes, PEER.parse().expect("an address"))
    }

    #[test]
    fn a_request_for_a_file_is_read_with_all_that_its_answer_depends_on() {
        let bytes = b"GET /hls/show/1-x/seg_a_1.m4s?a=b HTTP/1.1\r\nHost: x\r\nuser-agent: player/1\r\n\
                      RANGE: bytes=0-1\r\nIf-None-Match: \"a\"\r\nif-none-match: \"b\"\r\nAccept-Encoding: gzip\r\n\
                      Connection: Keep-Alive\r\n\r\nGET /next";
        let head = read(bytes).expect("one of ours");
        assert_eq!(Some(head.target), Target::of("/hls/show/1-x/seg_a_1.m4s"));
        assert_eq!(bytes.get(head.len..), Some(&b"GET /next"[..]));
        let call = head.call;
        assert_eq!((call.query, call.range, call.player), ("a=b", Some("bytes=0-1"), Some(&b"player/1"[..])));
        assert_eq!((&call.known[..], &call.encodings[..]), (&["\"a\"", "\"b\""][..], &["gzip"][..]));
        assert!(!call.head_only && !call.conditional);
        assert!(read(b"HEAD /hls/show/a.m4s HTTP/1.1\r\n\r\n").expect("one of ours").call.head_only);
    }

    #[test]
    fn whatever_is_no_plain_request_for_a_file_is_left_alone() {
        for bytes in [
            &b""[..],
            b"GET /hls/show/a.m4s HTTP/1.1\r\nhost: x\r\n",
            b"GET /hls/show/a.m4s HTTP/1.0\r\n\r\n",
            b"GET /livez HTTP/1.1\r\n\r\n",
            b"GET http://host/hls/show/a.m4s HTTP/1.1\r\n\r\n",
            b"GET /hls/show/a.m4s#x HTTP/1.1\r\n\r\n",
            b"POST /hls/show/a.m4s HTTP/1.1\r\n\r\n",
            b"OPTIONS /hls/show/a.m4s HTTP/1.1\r\n\r\n",
            b"GET /hls/show/a.m4s HTTP/1.1\r\nconnection: close\r\n\r\n",
            b"GET /hls/show/a.m4s HTTP/1.1\r\nconnection: keep-alive, upgrade\r\n\r\n",
            b"GET /hls/show/a.m4s HTTP/1.1\r\nupgrade: h2c\r\n\r\n",
            b"GET /hls/show/a.m4s HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
            b"GET /hls/show/a.m4s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"GET /hls/show/a.m4s HTTP/1.1\r\nexpect: 100-continue\r\n\r\n",
            b"GET /hls/show/a.m4s HTTP/1.1\r\nno colon\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01",
        ] {
            assert!(read(bytes).is_none(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        for number in [0, 7, 10, 1_234_567_890, u64::MAX] {
            let mut out = b"x".to_vec();
            decimal(number, &mut out);
            assert_eq!(out, format!("x{number}").into_bytes());
        }
    }
}
