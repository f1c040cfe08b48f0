//! An encoder as people leave it running: ffmpeg, started again whenever it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::machines::Publish;
use crate::support::packets::Clip;
use crate::support::peers::ffmpeg_publish_forever;

/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_millis(40);

/// The loop around the encoder. It ends, and the encoder with it, when this is dropped.
pub(crate) struct Studio {
    url: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Studio {
    /// Publishes to an address, again and again.
    pub(crate) fn opens(url: &str) -> Self {
        let (url, stop) = (Arc::new(Mutex::new(url.to_owned())), Arc::new(AtomicBool::new(false)));
        let (at, told) = (Arc::clone(&url), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let clip = Clip::av(4);
            while !told.load(Ordering::Relaxed) {
                let url = at.lock().expect("nobody panicked").clone();
                let mut encoder = ffmpeg_publish_forever(&clip, &url);
                while encoder.process.is_running() && !told.load(Ordering::Relaxed) {
                    std::thread::sleep(LOOK);
                }
                drop(encoder);
                std::thread::sleep(PAUSE);
            }
        });
        Self { url, stop, thread: Some(thread) }
    }

    /// Uses another address from the next try on.
    pub(crate) fn is_pointed_to(&self, url: &str) {
        url.clone_into(&mut self.url.lock().expect("nobody panicked"));
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // the panic of a thread shows in its own message
        }
    }
}

/// The longest step between two packets of one kind that follow each other, in milliseconds. Sound and pictures of the
/// clips come every 40 ms or more often.
pub(crate) fn longest_step(publish: &Publish, type_id: u8) -> u32 {
    // A codec's configuration is stamped with whatever frame it goes before.
    let frames = publish.media.iter().filter(|media| media.type_id == type_id);
    let times: Vec<u32> =
        frames.filter(|media| media.body.get(1) == Some(&1)).map(|media| media.timestamp).collect();
    times.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).max().unwrap_or(u32::MAX)
}
