//! Questions to Linux about one TCP connection, and its answers: netlink `sock_diag` (`linux/inet_diag.h`, `linux/tcp.h`).
//!
//! Integers are in the machine's own order, ports and addresses in the network's. Later kernels only append: every figure
//! is read where the answer is long enough to have it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::wire::{Reader, Truncated};

/// Netlink family of these messages, for whoever opens the socket.
pub const NETLINK_SOCK_DIAG: i32 = 4;
/// Bytes that hold any answer to one question: a header, the description of a socket, and its `tcp_info`, which has
/// some 300 bytes and grows by a few with each kernel.
pub const ANSWER_LEN_MAX: usize = 4_096;

/// Bytes of a question: a netlink header of 16, `inet_diag_req_v2` of 56.
const QUESTION_LEN: u32 = 72;
/// `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// `NLM_F_REQUEST`. Without `NLM_F_DUMP`, it is one socket that is asked for.
const REQUEST: u16 = 1;
/// `INET_DIAG_INFO`, an attribute; it is wanted by the bit before it.
const INFO: u16 = 2;
/// `ENOENT`, negated as the kernel says it.
const NOT_FOUND: i32 = -2;
/// Bits of an attribute's type that are flags.
const ATTRIBUTE_FLAGS: u16 = 0xC000;

/// Both ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    /// Ours.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
}

/// What the kernel measured on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpInfo {
    /// Smoothed round-trip time; `None` before the first measurement.
    pub rtt: Option<Duration>,
    /// Segments sent again since the connection began.
    pub retransmitted: Option<u32>,
}

/// What a message from the kernel means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// What was measured.
    Measured(TcpInfo),
    /// There is no such connection.
    NotFound,
    /// The kernel refuses, with this `errno`.
    Refused(i32),
    /// It answers another question.
    Stale,
}

/// Why a message is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnswer {
    /// It ends too early.
    #[error("the answer ends too early: {0}")]
    Truncated(#[from] Truncated),
    /// A length in it is too short for its own header.
    #[error("the answer holds a length that cannot be")]
    Length,
    /// A message of another type.
    #[error("the answer is of type {0}")]
    Type(u16),
}

/// Asks for one connection's `tcp_info`. The answer bears the same `number`.
#[must_use]
pub fn question(connection: &Endpoints, number: u32) -> Vec<u8> {
    let (local, remote) = (connection.local, connection.remote);
    let (from, to) = (local.ip().to_canonical(), remote.ip().to_canonical());
    let (family, scope) = match (from, remote) {
        (IpAddr::V6(_), SocketAddr::V6(remote)) => (10, remote.scope_id()),
        _ => (2_u8, 0),
    };
    let mut out = Vec::with_capacity(QUESTION_LEN as usize);
    out.extend(QUESTION_LEN.to_ne_bytes());
    out.extend(BY_FAMILY.to_ne_bytes());
    out.extend(REQUEST.to_ne_bytes());
    out.extend(number.to_ne_bytes());
    out.extend([0; 4]); // to the kernel
    out.extend([family, 6, 1 << (INFO - 1), 0]); // IPPROTO_TCP, and what is wanted beside the description
    out.extend(u32::MAX.to_ne_bytes()); // in any state
    out.extend(local.port().to_be_bytes());
    out.extend(remote.port().to_be_bytes());
    out.extend(address(from));
    out.extend(address(to));
    out.extend(scope.to_ne_bytes()); // the interface of a link-local address
    out.extend([0xFF; 8]); // no cookie: it is known by its ends
    out
}

fn address(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

/// Reads what the kernel said to the question of this `number` about `asked`.
///
/// # Errors
/// [`InvalidAnswer`] for what the kernel does not say.
pub fn answer(bytes: &[u8], asked: &Endpoints, number: u32) -> Result<Answer, InvalidAnswer> {
    let mut head = Reader::new(bytes);
    let length = u32_of(&mut head)? as usize;
    let (kind, _flags) = (u16_of(&mut head)?, u16_of(&mut head)?);
    let (answered, _port) = (u32_of(&mut head)?, u32_of(&mut head)?);
    let body = length.checked_sub(bytes.len() - head.remaining()).ok_or(InvalidAnswer::Length)?;
    let mut body = Reader::new(head.take(body)?);
    if answered != number {
        return Ok(Answer::Stale);
    }
    match kind {
        BY_FAMILY => described(&mut body, asked),
        ERROR => Ok(match body.array().map(i32::from_ne_bytes)? {
            NOT_FOUND => Answer::NotFound,
            errno => Answer::Refused(errno.saturating_neg()),
        }),
        other => Err(InvalidAnswer::Type(other)),
    }
}

/// `inet_diag_msg`, and the attributes after it.
fn described(body: &mut Reader<'_>, asked: &Endpoints) -> Result<Answer, InvalidAnswer> {
    let _family_state_timer_retrans = body.array::<4>()?;
    let (local, remote) = (body.u16()?, body.u16()?);
    let _the_rest = body.array::<64>()?;
    // Where there is no such connection, the kernel shows what listens on its port.
    if (local, remote) != (asked.local.port(), asked.remote.port()) {
        return Ok(Answer::NotFound);
    }
    while !body.is_empty() {
        let (length, kind) = (usize::from(u16_of(body)?), u16_of(body)?);
        let value = body.take(length.checked_sub(4).ok_or(InvalidAnswer::Length)?)?;
        if kind & !ATTRIBUTE_FLAGS == INFO {
            return Ok(Answer::Measured(TcpInfo::read(value)));
        }
        // The next one begins at a multiple of four, and the last may do without.
        body.take((length.next_multiple_of(4) - length).min(body.remaining()))?;
    }
    // A connection that is over but for its port has none.
    Ok(Answer::NotFound)
}

impl TcpInfo {
    /// `struct tcp_info`.
    fn read(info: &[u8]) -> Self {
        let at = |offset: usize| u32_of(&mut Reader::new(info.get(offset..).unwrap_or_default())).ok();
        let rtt = at(68).filter(|micros| *micros > 0);
        Self { rtt: rtt.map(|micros| Duration::from_micros(micros.into())), retransmitted: at(100) }
    }
}

fn u16_of(reader: &mut Reader<'_>) -> Result<u16, Truncated> {
    reader.array().map(u16::from_ne_bytes)
}

fn u32_of(reader: &mut Reader<'_>) -> Result<u32, Truncated> {
    reader.array().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked() -> Endpoints {
        let parse = |text: &str| text.parse().expect("an address");
        Endpoints { local: parse("192.0.2.1:40000"), remote: parse("198.51.100.2:1935") }
    }

    /// An answer to question 7, with these attributes.
    fn said(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + body.len()).expect("short");
        let (length, kind) = (length.to_ne_bytes(), kind.to_ne_bytes());
        [&length[..], &kind, &[0; 2], &7_u32.to_ne_bytes(), &[0; 4], body].concat()
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).expect("short");
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value, &padding].concat()
    }

    fn described(ports: (u16, u16), attributes: &[u8]) -> Vec<u8> {
        let ports = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
        said(BY_FAMILY, &[&[2, 1, 0, 0], &ports[..], &[0; 64], attributes].concat())
    }

    fn info(len: usize) -> Vec<u8> {
        let mut info = vec![0xEE; 300];
        info[68..72].copy_from_slice(&12_345_u32.to_ne_bytes());
        info[100..104].copy_from_slice(&9_u32.to_ne_bytes());
        info.truncate(len);
        info
    }

    #[test]
    fn a_question_names_the_connection_by_its_ends() {
        let question = question(&asked(), 7);
        assert_eq!(question.len(), 72);
        assert_eq!(question[..4], 72_u32.to_ne_bytes());
        assert_eq!(question[16..20], [2, 6, 2, 0]);
        assert_eq!(question[24..32], [0x9C, 0x40, 0x07, 0x8F, 192, 0, 2, 1]);
        assert_eq!(question[44..48], [198, 51, 100, 2]);
        let mapped = Endpoints { local: "[::ffff:192.0.2.1]:40000".parse().expect("good"), ..asked() };
        assert_eq!(super::question(&mapped, 7), question, "an IPv4 address is one however it is written");
    }

    #[test]
    fn figures_are_read_as_far_as_the_kernel_has_them() {
        for (len, rtt, retransmitted) in [
            (300, Some(12_345), Some(9)),
            (104, Some(12_345), Some(9)),
            (103, Some(12_345), None),
            (70, None, None),
        ] {
            let attributes = [attribute(8, &[0]), attribute(INFO, &info(len))].concat();
            let rtt = rtt.map(Duration::from_micros);
            let measured = Answer::Measured(TcpInfo { rtt, retransmitted });
            assert_eq!(answer(&described((40_000, 1_935), &attributes), &asked(), 7), Ok(measured), "{len}");
        }
        let mut unmeasured = info(300);
        unmeasured[68..72].fill(0);
        let read = answer(&described((40_000, 1_935), &attribute(INFO, &unmeasured)), &asked(), 7);
        assert!(matches!(read, Ok(Answer::Measured(TcpInfo { rtt: None, retransmitted: Some(9) }))));
    }

    #[test]
    fn what_is_not_about_the_connection_is_told_apart() {
        let answered = |bytes: &[u8]| answer(bytes, &asked(), 7);
        assert_eq!(answered(&described((40_000, 0), &attribute(INFO, &info(300)))), Ok(Answer::NotFound));
        assert_eq!(answered(&described((40_000, 1_935), &[])), Ok(Answer::NotFound));
        assert_eq!(answered(&said(ERROR, &(-2_i32).to_ne_bytes())), Ok(Answer::NotFound));
        assert_eq!(answered(&said(ERROR, &(-1_i32).to_ne_bytes())), Ok(Answer::Refused(1)));
        assert_eq!(answered(&said(3, &[])), Err(InvalidAnswer::Type(3)));
        assert_eq!(answer(&described((40_000, 1_935), &[]), &asked(), 8), Ok(Answer::Stale));
        let zero = attribute(INFO, &[]).iter().map(|_| 0).collect::<Vec<u8>>();
        assert_eq!(answered(&described((40_000, 1_935), &zero)), Err(InvalidAnswer::Length));
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_cut_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..500) {
            answer(&bytes, &asked(), 7).ok();
            answer(&described((40_000, 1_935), &bytes), &asked(), 7).ok();
            let whole = described((40_000, 1_935), &attribute(INFO, &info(300)));
            if let Some(cut) = whole.get(..cut).filter(|cut| cut.len() < whole.len()) {
                prop_assert!(answer(cut, &asked(), 7).is_err());
            }
        }
    }
}
