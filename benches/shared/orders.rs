//! What a child's parent writes to it, brought into an epoll loop.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::Result;
use mio::{Registry, Token, Waker};

/// Lines that may wait for the loop; far more than ever do.
const QUEUE: usize = 1 << 16;

/// Reads standard input on a thread of its own and wakes the loop under `token`; `None` is its end. The waker must
/// outlive the last of it.
pub(crate) fn orders(registry: &Registry, token: Token) -> Result<(Receiver<Option<String>>, Arc<Waker>)> {
    let waker = Arc::new(Waker::new(registry, token)?);
    let ours = waker.clone();
    let (sender, receiver) = mpsc::sync_channel(QUEUE);
    thread::spawn(move || {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok).map(Some);
        for order in lines.chain([None]) {
            if sender.send(order).is_err() || waker.wake().is_err() {
                return;
            }
        }
    });
    Ok((receiver, ours))
}
