//! A TCP proxy between two programs: keeps what passed in each direction, can stop reading like a dead uplink, and can be
//! cut through.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// The receive buffer of a tap, in bytes: small, so that a stop is felt by the sender soon.
const RECEIVE_BUFFER: usize = 16 * 1024;

/// One connection's bytes, by direction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    pub(crate) to_server: Vec<u8>,
    pub(crate) to_client: Vec<u8>,
}

/// A listening tap.
pub(crate) struct Tap {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    sessions: Mutex<Vec<Session>>,
    stopped: AtomicBool,
    cut: AtomicBool,
    /// One end of each connection, to cut it by.
    ends: Mutex<Vec<TcpStream>>,
    closed: AtomicBool,
}

#[derive(Clone, Copy)]
enum Direction {
    ToServer,
    ToClient,
}

impl Tap {
    /// Listens, and passes every connection on to `server`.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(RECEIVE_BUFFER).expect("a buffer size");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        socket.bind(&any.into()).expect("a free port");
        socket.listen(64).expect("a listener");
        let listener: TcpListener = socket.into();
        let address = listener.local_addr().expect("an address");
        let shared = Shared {
            server,
            sessions: Mutex::default(),
            stopped: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            ends: Mutex::default(),
            closed: AtomicBool::new(false),
        };
        let shared = Arc::new(shared);
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing is read from the client, and no connection ends.
    pub(crate) fn stop_reading(&self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }

    /// Reads again.
    pub(crate) fn read_again(&self) {
        self.shared.stopped.store(false, Ordering::Relaxed);
    }

    /// Ends every connection, and takes none until it is mended.
    pub(crate) fn cut(&self) {
        self.shared.cut.store(true, Ordering::Relaxed);
        for end in self.shared.ends.lock().expect("no copier panicked").drain(..) {
            end.shutdown(Shutdown::Both).ok();
        }
    }

    pub(crate) fn mend(&self) {
        self.shared.cut.store(false, Ordering::Relaxed);
    }

    /// What passed so far, a session a connection, in order of accept.
    pub(crate) fn sessions(&self) -> Vec<Session> {
        self.shared.sessions.lock().expect("no copier panicked").clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Wakes the accepting thread; whether it is still there does not matter.
        TcpStream::connect(self.address).ok();
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            if self.closed.load(Ordering::Relaxed) {
                return;
            }
            if self.cut.load(Ordering::Relaxed) {
                continue;
            }
            // A refused server is passed on as a closed connection.
            let Ok(server) = TcpStream::connect(self.server) else { continue };
            let index = {
                let mut sessions = self.sessions.lock().expect("no copier panicked");
                sessions.push(Session::default());
                sessions.len() - 1
            };
            let twin = |socket: &TcpStream| socket.try_clone().expect("a socket can be shared");
            self.ends.lock().expect("no copier panicked").push(twin(&client));
            let (up, down) = ((twin(&client), twin(&server)), (server, client));
            for ((from, to), direction) in [(up, Direction::ToServer), (down, Direction::ToClient)] {
                let shared = Arc::clone(self);
                std::thread::spawn(move || shared.copy(from, to, index, direction));
            }
        }
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream, index: usize, direction: Direction) {
        let mut buffer = [0; 16 * 1024];
        loop {
            while matches!(direction, Direction::ToServer) && self.stopped.load(Ordering::Relaxed) {
                if self.closed.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let read = from.read(&mut buffer).unwrap_or(0);
            if read == 0 {
                // The other side learns of the end; it may know already.
                to.shutdown(Shutdown::Write).ok();
                return;
            }
            if let Some(session) = self.sessions.lock().expect("no copier panicked").get_mut(index) {
                match direction {
                    Direction::ToServer => session.to_server.extend_from_slice(&buffer[..read]),
                    Direction::ToClient => session.to_client.extend_from_slice(&buffer[..read]),
                }
            }
            if to.write_all(&buffer[..read]).is_err() {
                from.shutdown(Shutdown::Both).ok();
                return;
            }
        }
    }
}

impl Session {
    /// Whether the client said this word (a command's name, say).
    pub(crate) fn client_said(&self, word: &str) -> bool {
        self.to_server.windows(word.len()).any(|window| window == word.as_bytes())
    }
}
