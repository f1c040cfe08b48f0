//! Where a listener listens, as an operator writes it, and the socket that comes of it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections the kernel holds for us until they are accepted; above `somaxconn` the kernel's own bound holds.
const BACKLOG: i32 = 1024;

/// A `listen` key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// `""`: not at all.
    Off,
    /// `":1935"`: this port on all interfaces, IPv6 and IPv4 alike where the machine has both.
    Everywhere(u16),
    /// `"127.0.0.1:1935"`: this address only.
    At(SocketAddr),
}

impl Listen {
    /// Reads the written form; the error says what is wrong in a few words.
    ///
    /// # Errors
    /// A text that is no address; host names are refused, since they may mean several addresses.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Off);
        }
        if let Ok(addr) = text.parse() {
            return Ok(Self::At(addr));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err("there is no port".to_owned());
        };
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err("the port is no number".to_owned());
        }
        let Ok(port) = port.parse() else {
            return Err("a port is at most 65535".to_owned());
        };
        match host {
            "" | "*" => Ok(Self::Everywhere(port)),
            "localhost" => Ok(Self::At((Ipv4Addr::LOCALHOST, port).into())),
            host if host.contains(':') => Err("an IPv6 address stands in brackets".to_owned()),
            _ => Err("this is no IP address".to_owned()),
        }
    }

    /// Whether there is anything to listen on.
    #[must_use]
    pub fn is_on(self) -> bool {
        self != Self::Off
    }

    /// Opens the socket: non-blocking and listening; `None` where it is off.
    ///
    /// All interfaces means one IPv6 socket that takes IPv4 as well, or IPv4 alone on a machine without IPv6.
    ///
    /// # Errors
    /// What the system says: mostly that the port is taken, or that it is below 1024 and we are not root.
    pub fn bind(self) -> io::Result<Option<TcpListener>> {
        match self {
            Self::Off => Ok(None),
            Self::At(addr) => open(addr).map(Some),
            Self::Everywhere(port) => match open((Ipv6Addr::UNSPECIFIED, port).into()) {
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                    open((Ipv4Addr::UNSPECIFIED, port).into()).map(Some)
                }
                bound => bound.map(Some),
            },
        }
    }
}

fn open(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.ip() == Ipv6Addr::UNSPECIFIED {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the last process's connections to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => Ok(()),
            Self::Everywhere(port) => write!(f, ":{port}"),
            Self::At(addr) => write!(f, "{addr}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn an_address_is_written_as_it_was_read() {
        for text in ["", ":1935", "127.0.0.1:0", "[::1]:9090", "0.0.0.0:80"] {
            assert_eq!(Listen::parse(text).map(|listen| listen.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(Listen::parse("*:80"), Ok(Listen::Everywhere(80)));
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, why) in [
            ("1935", "there is no port"),
            (":rtmp", "the port is no number"),
            (":70000", "a port is at most 65535"),
            ("::1:80", "an IPv6 address stands in brackets"),
            ("example.com:80", "this is no IP address"),
        ] {
            assert_eq!(Listen::parse(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn all_interfaces_answer_on_ipv4() {
        let listener = Listen::Everywhere(0).bind().expect("a free port").expect("a listener");
        let port = listener.local_addr().expect("bound").port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connects over IPv4");
        let taken = Listen::Everywhere(port).bind().map(|_| ());
        assert_eq!(taken.map_err(|error| error.kind()), Err(io::ErrorKind::AddrInUse));
    }
}
