//! One connection's bytes, plain or TLS behind one face that never blocks and needs only `&self`.
//!
//! A reading task and a sending shard use one transport at once: the socket allows that, and the TLS state is behind a
//! lock that is held for a call, never across a wait.
//!
//! **Invariant:** at most [`TLS_BUFFER_MAX`] bytes wait inside a TLS session; beyond, a write takes nothing.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, ServerConnection};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::format::sock_diag::Endpoints;

/// Bytes that a TLS session may hold in each direction of its buffers: two records and their overhead, so that a
/// lagging peer is seen in the ring and not hidden here.
const TLS_BUFFER_MAX: usize = 64 << 10;
/// Idle time before the kernel probes a silent peer, and between probes.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// What the kernel is told about a socket.
#[derive(Debug, Clone, Copy)]
pub struct SocketOptions {
    /// Send small segments at once. Off, the kernel merges what is written while data is in flight.
    pub nodelay: bool,
    /// Unsent bytes that the kernel holds before it takes no more (`TCP_NOTSENT_LOWAT`), so that lag is seen in the
    /// ring, where whole GOPs can be dropped.
    pub unsent_max: u32,
}

/// A connection.
#[derive(Debug)]
pub struct Transport {
    tcp: TcpStream,
    tls: Option<Mutex<Connection>>,
}

impl Transport {
    /// A plain connection.
    #[must_use]
    pub const fn plain(tcp: TcpStream) -> Self {
        Self { tcp, tls: None }
    }

    /// A TLS connection, asking end: the handshake, with `name` sent and verified.
    ///
    /// # Errors
    /// Of the socket, or [`ErrorKind::InvalidData`] with what TLS says.
    pub async fn connect_tls(
        tcp: TcpStream,
        config: Arc<rustls::ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let session = ClientConnection::new(config, name).map_err(invalid)?;
        Self::shake_hands(tcp, session.into()).await
    }

    /// A TLS connection, answering end: the handshake.
    ///
    /// # Errors
    /// Of the socket, or [`ErrorKind::InvalidData`] with what TLS says.
    pub async fn accept_tls(tcp: TcpStream, config: Arc<rustls::ServerConfig>) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(invalid)?;
        Self::shake_hands(tcp, session.into()).await
    }

    async fn shake_hands(tcp: TcpStream, mut session: Connection) -> io::Result<Self> {
        session.set_buffer_limit(Some(TLS_BUFFER_MAX));
        let transport = Self { tcp, tls: Some(Mutex::new(session)) };
        while transport.is_shaking() {
            transport.flush_tls().or_else(ignore_would_block)?;
            if !transport.is_shaking() {
                break;
            }
            transport.tcp.readable().await?;
            match transport.pull_tls() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) => {
                    // Says why to the peer, as far as it listens.
                    transport.flush_tls().or_else(ignore_would_block)?;
                    ignore_would_block(error)?;
                }
            }
        }
        while let Err(error) = transport.flush_tls() {
            ignore_would_block(error)?;
            transport.tcp.writable().await?;
        }
        Ok(transport)
    }

    /// Whether what is written goes through TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Sets what the kernel is told.
    ///
    /// # Errors
    /// Of the socket.
    pub fn configure(&self, options: SocketOptions) -> io::Result<()> {
        self.tcp.set_nodelay(options.nodelay)?;
        let socket = SockRef::from(&self.tcp);
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
        socket.set_tcp_notsent_lowat(options.unsent_max)
    }

    /// The other end's address.
    ///
    /// # Errors
    /// Of the socket.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }

    /// Both ends, as the kernel knows the connection by.
    ///
    /// # Errors
    /// Of the socket.
    pub fn endpoints(&self) -> io::Result<Endpoints> {
        Ok(Endpoints { local: self.tcp.local_addr()?, remote: self.tcp.peer_addr()? })
    }

    /// Waits until reading may bring something. Cancel safe.
    ///
    /// # Errors
    /// Of the socket.
    pub async fn readable(&self) -> io::Result<()> {
        self.tcp.readable().await
    }

    /// Waits until writing may take something. Cancel safe.
    ///
    /// # Errors
    /// Of the socket.
    pub async fn writable(&self) -> io::Result<()> {
        self.tcp.writable().await
    }

    /// Reads what is there; 0 at the end of the connection.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when nothing is, else of the socket or TLS.
    pub fn try_read(&self, into: &mut [u8]) -> io::Result<usize> {
        if self.tls.is_none() {
            return read_tcp(&self.tcp, into);
        }
        loop {
            match self.session().map_or(Ok(0), |mut session| session.reader().read(into)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // A peer that closes without saying so in TLS is common, and FFmpeg is one.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            if self.pull_tls()? == 0 {
                return Ok(0);
            }
            // Key updates and alerts want answers.
            self.flush_tls().or_else(ignore_would_block)?;
        }
    }

    /// Writes what the other side takes now.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when that is nothing, else of the socket or TLS.
    pub fn try_write_vectored(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.tls.is_none() {
            return write_tcp(&self.tcp, bytes);
        }
        self.flush_tls()?;
        let taken = self.session().map_or(Ok(0), |mut session| session.writer().write_vectored(bytes))?;
        self.flush_tls().or_else(ignore_would_block)?;
        if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    /// Pushes out what TLS holds back. Always done for a plain connection.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when some of it has to wait, else of the socket.
    pub fn try_flush(&self) -> io::Result<()> {
        self.flush_tls()
    }

    /// Writes everything, waiting as long as it takes; the caller sets the bound.
    ///
    /// # Errors
    /// Of the socket or TLS.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.try_write_vectored(&[IoSlice::new(bytes)]) {
                Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
                Err(error) => {
                    ignore_would_block(error)?;
                    self.tcp.writable().await?;
                }
            }
        }
        while let Err(error) = self.flush_tls() {
            ignore_would_block(error)?;
            self.tcp.writable().await?;
        }
        Ok(())
    }

    /// Says that nothing more will be written: close_notify and FIN. The peer can still be read.
    ///
    /// # Errors
    /// Of the socket.
    pub fn finish_writing(&self) -> io::Result<()> {
        if let Some(mut session) = self.session() {
            session.send_close_notify();
        }
        self.flush_tls().or_else(ignore_would_block)?;
        SockRef::from(&self.tcp).shutdown(std::net::Shutdown::Write)
    }

    /// The session. A panic while it was held cannot be: rustls does not run our code.
    fn session(&self) -> Option<MutexGuard<'_, Connection>> {
        self.tls.as_ref().map(|session| session.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_shaking(&self) -> bool {
        self.session().is_some_and(|session| session.is_handshaking())
    }

    /// Reads ciphertext from the socket into the session; 0 at the end.
    fn pull_tls(&self) -> io::Result<usize> {
        let Some(mut session) = self.session() else { return Ok(0) };
        let read = session.read_tls(&mut Socket(&self.tcp))?;
        session.process_new_packets().map_err(invalid)?;
        Ok(read)
    }

    /// Writes ciphertext from the session to the socket.
    fn flush_tls(&self) -> io::Result<()> {
        let Some(mut session) = self.session() else { return Ok(()) };
        while session.wants_write() {
            session.write_tls(&mut Socket(&self.tcp))?;
        }
        Ok(())
    }
}

/// Reads what is there. A read that leaves room has emptied the socket, and the runtime is told so, as its own reads by
/// `&mut` do: else each arrival would cost a second call that finds nothing.
fn read_tcp(tcp: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    let mut last = None;
    let read = tcp.try_io(Interest::READABLE, || {
        let read = (&*SockRef::from(tcp)).read(into)?;
        if read == 0 || read == into.len() {
            return Ok(read);
        }
        last = Some(read);
        // Forgets the readiness that was seen before this read; what comes after it is an event of its own.
        Err(ErrorKind::WouldBlock.into())
    });
    last.map_or(read, Ok)
}

/// Writes what the socket takes now. The socket is asked, not what the runtime believes of it: that lies elsewhere in
/// memory, and with thousands of writes a second to look there costs more than the rare call that brings nothing.
fn write_tcp(tcp: &TcpStream, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
    let write = || match bytes {
        [one] => SockRef::from(tcp).send(one),
        many => SockRef::from(tcp).send_vectored(many),
    };
    match write() {
        // Once more by way of the runtime, which remembers that the socket is full and wakes whoever waits for room.
        Err(error) if error.kind() == ErrorKind::WouldBlock => tcp.try_io(Interest::WRITABLE, write),
        done => done,
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

fn ignore_would_block(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::WouldBlock { Ok(()) } else { Err(error) }
}

/// The socket as rustls wants it.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Not `read_tcp`: while the session holds plain text, the runtime must not believe that nothing is there.
        self.0.try_read(into)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
