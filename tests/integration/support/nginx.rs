//! nginx with the rtmp module: a destination that records, a relay that pulls, a server to compare with.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::process::Proc;
use super::programs::{NGINX_RTMP_MODULE, nginx_binary};
use super::scratch::Scratch;
use super::{http, until};

/// Ports may be taken by somebody between our look and nginx's bind; so often do we look again.
const PORT_TRIES: usize = 5;

/// A recording that did not grow for so long is taken for whole: many times the distance of two packets.
const QUIET: Duration = Duration::from_secs(1);

/// A running nginx in a folder of its own.
pub(crate) struct Nginx {
    process: Option<Proc>,
    rtmp: SocketAddr,
    stat: SocketAddr,
    scratch: Scratch,
}

impl Nginx {
    /// A destination: takes any key of the app `live` and records each publish to a file of its own.
    pub(crate) fn destination() -> Self {
        Self::start("")
    }

    /// A relay that pulls this RTMP URL at once, and records what it gets as `pulled`.
    pub(crate) fn pulling(server: SocketAddr, name: &str) -> Self {
        Self::start(&format!("pull rtmp://{server}/live/{name} name=pulled static;"))
    }

    fn start(more: &str) -> Self {
        for _ in 0..PORT_TRIES {
            let scratch = Scratch::new("nginx");
            std::fs::create_dir(scratch.join("recordings")).expect("a folder can be made");
            let mut nginx = Self { process: None, rtmp: free_port(), stat: free_port(), scratch };
            std::fs::write(nginx.scratch.join("nginx.conf"), nginx.config(more))
                .expect("a config can be written");
            if nginx.try_run() {
                return nginx;
            }
        }
        panic!("nginx found no free port in {PORT_TRIES} tries");
    }

    fn config(&self, more: &str) -> String {
        let Self { rtmp, stat, .. } = self;
        let recordings = self.scratch.join("recordings");
        let recordings = recordings.display();
        let mut temporary = String::new();
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            write!(temporary, "{kind}_temp_path {kind}; ").expect("a String takes everything");
        }
        format!(
            "load_module {NGINX_RTMP_MODULE};\n\
             daemon off; master_process off; pid nginx.pid; error_log events.log info;\n\
             events {{ worker_connections 512; }}\n\
             rtmp {{ access_log off; server {{ listen {rtmp}; chunk_size 4096;\n\
             application live {{ live on; record all; record_path {recordings}; record_unique on; {more} }} }} }}\n\
             http {{ access_log off; {temporary}\n\
             server {{ listen {stat}; location /stat {{ rtmp_stat all; }} }} }}\n"
        )
    }

    /// Starts the process; false if it ended at once, as it does where a port is taken.
    fn try_run(&mut self) -> bool {
        let mut command = Command::new(nginx_binary().expect("the test looked for nginx"));
        command.arg("-p").arg(self.scratch.path()).args(["-c", "nginx.conf", "-e", "events.log"]);
        let mut process = Proc::start("nginx", self.scratch.path(), &mut command);
        let stat = self.stat;
        let mut up = false;
        until("nginx to listen", || {
            up = TcpStream::connect(stat).is_ok();
            up || !process.is_running()
        });
        self.process = Some(process);
        up
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.rtmp
    }

    /// The server part, as a destination's URL: the key goes beside it.
    pub(crate) fn url(&self) -> String {
        format!("rtmp://{}/live", self.rtmp)
    }

    /// Kills it, as a crash of the platform would.
    pub(crate) fn crash(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same ports, with the same recordings.
    pub(crate) fn restart(&mut self) {
        until("nginx to start again", || self.process.is_none() && self.try_run());
    }

    /// Whether somebody publishes here under this name, by nginx's own statistics.
    pub(crate) fn receives(&self, name: &str) -> bool {
        let Some(answer) = http::get(self.stat, "/stat") else { return false };
        let text = answer.text();
        let stream = text.split("<stream>").find(|part| part.contains(&format!("<name>{name}</name>")));
        stream.is_some_and(|stream| stream.contains("<publishing/>") && stream.contains("<codec>"))
    }

    pub(crate) fn until_receives(&self, name: &str) {
        until(&format!("nginx to receive {name}"), || self.receives(name));
    }

    /// nginx's own log: connects, publishes, ends.
    pub(crate) fn events(&self) -> String {
        std::fs::read_to_string(self.scratch.join("events.log")).unwrap_or_default()
    }

    /// Whether every connection so far has ended, and was ended in words: a `deleteStream` before its `disconnect`
    /// (nginx itself logs one more on the way out).
    pub(crate) fn was_told_the_end(&self) -> bool {
        let events = self.events();
        let mut lines =
            events.lines().filter(|line| line.contains("deleteStream") || line.contains("disconnect,"));
        lines.next().is_some_and(|first| first.contains("deleteStream"))
    }

    /// What was recorded under a name, in order of time.
    pub(crate) fn recordings(&self, name: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.scratch.join("recordings")).expect("the folder is there");
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.expect("the folder can be listed").path()).collect();
        files.retain(|path| {
            path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-")))
        });
        files.sort();
        files
    }

    /// The one recording of a name, once nothing more arrives, where its source keeps the connection (a pull).
    pub(crate) fn quiet_recording(&self, name: &str) -> PathBuf {
        let size = || {
            self.recordings(name).first().and_then(|file| file.metadata().ok()).map_or(0, |file| file.len())
        };
        let mut before = 0;
        until(&format!("{name} to fall silent at nginx"), || {
            std::thread::sleep(QUIET);
            size() > 0 && size() == std::mem::replace(&mut before, size())
        });
        self.recordings(name)[0].clone()
    }

    /// The one recording of a name, after its publisher has gone.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub(crate) fn recording(&self, name: &str) -> PathBuf {
        until(&format!("the end of {name} at nginx"), || {
            !self.recordings(name).is_empty() && !self.receives(name)
        });
        let files = self.recordings(name);
        assert_eq!(files.len(), 1, "one publish makes one recording: {files:?}");
        files[0].clone()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- nginx events ---\n{}", self.events());
        }
    }
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
