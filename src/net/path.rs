//! What the kernel measures of a connection's path: round-trip time and segments sent again.
//!
//! `getsockopt(TCP_INFO)` has no safe form, so the kernel is asked by netlink about the connection's two ends. It answers
//! before `send` returns, from one look into its table of connections. Linux alone; a container may forbid it.

use std::io::{self, ErrorKind, Read as _};

use socket2::{Domain, Protocol, Socket, Type};

use crate::format::sock_diag::{
    ANSWER_LEN_MAX, Answer, Endpoints, NETLINK_SOCK_DIAG, TcpInfo, answer, question,
};

/// `AF_NETLINK`.
const NETLINK: i32 = 16;
/// Late answers to former questions that are read past.
const STALE_MAX: u32 = 8;

/// A line to the kernel.
#[derive(Debug)]
pub struct PathProbe {
    socket: Socket,
    /// Of the last question.
    number: u32,
}

impl PathProbe {
    /// Opens one.
    ///
    /// # Errors
    /// Where the system has no such thing, or forbids it.
    pub fn open() -> io::Result<Self> {
        if !cfg!(target_os = "linux") {
            return Err(ErrorKind::Unsupported.into());
        }
        let protocol = Protocol::from(NETLINK_SOCK_DIAG);
        let socket = Socket::new(Domain::from(NETLINK), Type::DGRAM, Some(protocol))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, number: 0 })
    }

    /// Asks for one connection. `None`: the kernel knows none with these ends. It may wait for others who ask the kernel, so
    /// not to be called where waiting hurts.
    ///
    /// # Errors
    /// Of the socket, of the kernel where it refuses, or [`ErrorKind::InvalidData`].
    pub fn ask(&mut self, connection: &Endpoints) -> io::Result<Option<TcpInfo>> {
        self.number = self.number.wrapping_add(1);
        self.socket.send(&question(connection, self.number))?;
        let mut bytes = [0; ANSWER_LEN_MAX];
        for _ in 0..STALE_MAX {
            let len = (&self.socket).read(&mut bytes)?;
            let said = bytes.get(..len).unwrap_or_default();
            match answer(said, connection, self.number).map_err(invalid)? {
                Answer::Measured(info) => return Ok(Some(info)),
                Answer::NotFound => return Ok(None),
                Answer::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
                Answer::Stale => {}
            }
        }
        Err(ErrorKind::InvalidData.into())
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_kernel_knows_the_round_trip_of_a_connection_and_nothing_of_one_that_is_not() {
        let Ok(mut probe) = PathProbe::open() else { return };
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(any) else { continue };
            let remote = listener.local_addr().expect("bound");
            let mut ours = TcpStream::connect(remote).expect("it listens");
            let (mut theirs, local) = listener.accept().expect("a connection");
            ours.write_all(&[1; 1_000]).expect("it is read");
            theirs.read_exact(&mut [0; 1_000]).expect("it was written");
            let info = probe.ask(&Endpoints { local, remote }).expect("an answer").expect("it is there");
            let rtt = info.rtt.expect("measured");
            assert!(rtt > Duration::ZERO && rtt < Duration::from_secs(1), "{rtt:?}");
            assert_eq!(info.retransmitted, Some(0));
            let mut nobody = Endpoints { local, remote };
            nobody.local.set_port(1);
            assert_eq!(probe.ask(&nobody).expect("an answer"), None);
        }
    }
}
