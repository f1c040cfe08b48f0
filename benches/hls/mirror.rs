//! The live window as files in a folder, for a server that knows nothing but files.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::playlist::{self, Playlist};
use crate::shared::http::Asker;

/// How often the playlist is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A copy that is kept fresh; it stops when this is dropped.
pub(crate) struct Mirror {
    stop: Arc<AtomicBool>,
}

impl Mirror {
    /// Copies the playlist at `path` and what it names to `folder`, and goes on doing so.
    pub(crate) fn start(host: SocketAddr, path: &str, folder: &Path) -> Result<Self> {
        let (from, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut copy = Copy {
            asker: Asker::connect(host)?,
            from: from.to_owned(),
            name: name.to_owned(),
            folder: folder.to_owned(),
            text: String::new(),
        };
        copy.refresh()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = copy.refresh() {
                    return eprintln!("the copy of the window is stale: {error:#}");
                }
                thread::sleep(LOOK);
            }
        });
        Ok(Self { stop })
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Copy {
    asker: Asker,
    from: String,
    name: String,
    folder: PathBuf,
    text: String,
}

impl Copy {
    fn refresh(&mut self) -> Result<()> {
        let text = self.asker.text(&format!("{}/{}", self.from, self.name))?;
        if text == self.text {
            return Ok(());
        }
        let read = Playlist::read(&text);
        let named = read.segments.iter().map(AsRef::as_ref).chain(playlist::init(&text));
        for name in named.filter(|name| !self.folder.join(name).exists()) {
            let (status, body) = self.asker.get(&format!("{}/{name}", self.from))?;
            if status == 200 {
                self.write(name, &body)?;
            }
        }
        self.write(&self.name, text.as_bytes())?;
        self.text = text;
        Ok(())
    }

    /// At once or not at all, as a packager writes.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let draft = self.folder.join(".draft");
        fs::write(&draft, bytes)?;
        Ok(fs::rename(draft, self.folder.join(name))?)
    }
}
