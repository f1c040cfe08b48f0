//! Those who listen to events: a stream that never ends each, whose lines are counted and thrown away.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Result;
use mio::{Events, Interest, Poll, Token};

use crate::figures::Line;
use crate::mix::request;
use crate::scene::Scene;
use crate::shared::orders::orders;

const WAKER: Token = Token(0);
const FIRST: usize = 1;

/// Listens as the first `count` of the scene's people until standard input ends.
pub(crate) fn listen(host: SocketAddr, scene: &str, count: usize) -> Result<()> {
    let scene = Scene::load(scene)?;
    let mut poll = Poll::new()?;
    let (orders, _waker) = orders(poll.registry(), WAKER)?;
    let mut streams = Vec::new();
    for (index, who) in scene.people.iter().take(count).enumerate() {
        let mut stream = TcpStream::connect(host)?;
        let id = scene.shows.get(who.project).map_or("", |show| show.id.as_str());
        let path = format!("events/stream?project_id={id}");
        stream.write_all(request(host, "GET", &path, &who.proof, "").as_bytes())?;
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(FIRST + index), Interest::READABLE)?;
        streams.push((stream, false));
    }
    let (mut events, mut buffer) = (Events::with_capacity(1024), vec![0; 64 << 10]);
    let (mut heard, mut closed) = (0_u64, 0_u64);
    loop {
        match poll.poll(&mut events, Some(Duration::from_secs(1))) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in &events {
            let Some((stream, flows)) = event.token().0.checked_sub(FIRST).and_then(|n| streams.get_mut(n))
            else {
                continue;
            };
            loop {
                match stream.read(&mut buffer) {
                    Ok(0) => closed += 1,
                    Ok(n) => {
                        *flows = true;
                        let read = buffer.get(..n).unwrap_or_default();
                        // One that is cut in two by a packet is missed, which is a few in a thousand.
                        heard += read.windows(7).filter(|seven| seven == b"\nevent:").count() as u64;
                        continue;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => closed += 1,
                }
                break;
            }
        }
        for order in orders.try_iter() {
            match order.as_deref() {
                None => return Ok(()),
                Some("status") => Line::Flowing(streams.iter().filter(|one| one.1).count()).print(),
                Some("begin") => (heard, closed) = (0, 0),
                Some("end") => Line::Heard { events: heard, closed }.print(),
                Some(other) => eprintln!("unknown order {other}"),
            }
        }
    }
}
