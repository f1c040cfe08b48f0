//! The publishers: one process that sends any number of equal streams in real time.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::media::{Pace, Source};
use super::peer::{self, CHUNK_SIZE, Part, Peer};
use super::wire;

/// A frame that leaves this much after it was due is worth a word, since it spoils the latencies.
const LATE: Duration = Duration::from_millis(20);

struct Stream {
    socket: TcpStream,
    source: Source,
    begun: Instant,
    wire: Vec<u8>,
}

/// Publishes one stream of `bitrate` bits a second to each of `points`, `app/key`, until it is ended.
pub(crate) fn publish(addr: SocketAddr, points: &[String], bitrate: u64, pace: Pace) -> Result<()> {
    let mut streams = Vec::new();
    for point in points {
        let (app, key) = point.split_once('/').context("a publish point is app/key")?;
        streams.push(Stream::open(addr, app, key, Source::new(bitrate, pace))?);
    }
    // Streams of one start would send their keyframes together, which no crowd of encoders does.
    let count = streams.len().max(1) as u32;
    let begin = Instant::now();
    for (index, stream) in (0..).zip(&mut streams) {
        stream.begun = begin + Duration::from_secs(2) * index / count;
    }
    let mut late = 0_u64;
    loop {
        let Some(next) = streams.iter_mut().min_by_key(|one| one.due()) else { return Ok(()) };
        let due = next.due();
        let now = Instant::now();
        thread::sleep(due.saturating_duration_since(now));
        if now.saturating_duration_since(due) > LATE {
            late += 1;
            if late.is_power_of_two() {
                eprintln!("publisher: {late} frames late by more than {LATE:?}");
            }
        }
        next.send()?;
    }
}

impl Stream {
    fn open(addr: SocketAddr, app: &str, key: &str, source: Source) -> Result<Self> {
        let mut socket = TcpStream::connect(addr).context("connecting a publisher")?;
        socket.set_nodelay(true)?;
        let part = Part::Publisher { app: app.to_owned(), key: key.to_owned() };
        peer::start(&mut socket, &mut Peer::new(part, 0)).context("publishing")?;
        let mut wire = Vec::new();
        for header in Source::headers() {
            wire::write(&mut wire, 4, 1, (header.kind, 0), &header.payload, CHUNK_SIZE);
        }
        socket.write_all(&wire)?;
        Ok(Self { socket, source, begun: Instant::now(), wire })
    }

    fn due(&self) -> Instant {
        self.begun + Duration::from_micros(self.source.due_us())
    }

    fn send(&mut self) -> Result<()> {
        let message = self.source.next();
        self.wire.clear();
        let head = (message.kind, message.timestamp);
        wire::write(&mut self.wire, 4, 1, head, &message.payload, CHUNK_SIZE);
        Ok(self.socket.write_all(&self.wire)?)
    }
}
