//! The servers under measurement: gostream with one stream, and nginx with a folder.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::shared::child::{Child, with_all_files};
use crate::shared::gostream;
use crate::shared::http::Asker;

/// How long a server may take until it listens.
const START_MAX: Duration = Duration::from_secs(15);
/// How long a stream may take until it has a window.
const PLAYABLE_MAX: Duration = Duration::from_secs(60);
/// Segments in the playlist before anybody watches.
const WINDOW: usize = 4;
/// Where Debian and its kin keep nginx.
const NGINX: [&str; 2] = ["nginx", "/usr/sbin/nginx"];
/// Places beside those of viewers.
const SPARE: usize = 512;

const KEY: &str = "key-of-the-bench";

/// gostream, and who publishes to it. All of it ends when this is dropped.
pub(crate) struct Gostream {
    publisher: Option<Child<()>>,
    process: Process,
    /// Where viewers come.
    pub(crate) http: SocketAddr,
    metrics: SocketAddr,
    /// The path of the media playlist.
    pub(crate) playlist: String,
    _dir: TempDir,
}

impl Gostream {
    /// Starts it with room for so many viewers, publishes, and waits for a window.
    pub(crate) fn start(
        binary: &str,
        settings: &[(String, String)],
        viewers: usize,
        bitrate: u64,
    ) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let config = format!(
            "data_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\nmax_connections = {}\n\
             [rtmp]\nlisten = \"127.0.0.1:0\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\n\
             [[project]]\nname = \"bench\"\nstream_key = \"{KEY}\"\nplayback_id = \"bench\"\n",
            dir.path().join("data").display(),
            viewers + SPARE,
        );
        let (mut process, addresses) =
            gostream::start(binary, dir.path(), &config, settings, "HLS_SERVER_LOG")?;
        let addr = |service: &str| addresses.get(service).copied().context("where gostream listens");
        let started = (|| {
            let (http, metrics, rtmp) = (addr("http")?, addr("metrics")?, addr("rtmp")?);
            let args = [rtmp.to_string(), bitrate.to_string(), format!("live/{KEY}")];
            let publisher = Child::start("publish", &args)?;
            Ok((http, metrics, publisher, playable(http)?))
        })();
        match started {
            Ok((http, metrics, publisher, playlist)) => {
                Ok(Self { process, http, metrics, playlist, publisher: Some(publisher), _dir: dir })
            }
            Err(error) => {
                end(&mut process);
                Err(error)
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Playlists rendered so far.
    pub(crate) fn renders(&self) -> Result<u64> {
        let text = Asker::connect(self.metrics)?.text("/metrics")?;
        let line = text.lines().find(|line| line.starts_with("gostream_hls_playlist_renders_total{"));
        Ok(line.and_then(|line| line.rsplit(' ').next()).context("a count of renders")?.parse()?)
    }
}

impl Drop for Gostream {
    fn drop(&mut self) {
        // First, since a server that goes away is a fault to it.
        drop(self.publisher.take());
        end(&mut self.process);
    }
}

/// Waits for a window, and returns the path of the media playlist.
fn playable(http: SocketAddr) -> Result<String> {
    let mut asker = Asker::connect(http)?;
    let begun = Instant::now();
    while begun.elapsed() < PLAYABLE_MAX {
        thread::sleep(Duration::from_millis(200));
        let Ok(index) = asker.text("/hls/bench/index.m3u8") else { continue };
        let path = format!("/hls/bench/{}", index.lines().last().unwrap_or_default());
        if asker.text(&path).is_ok_and(|text| text.matches("#EXTINF").count() >= WINDOW) {
            return Ok(path);
        }
    }
    bail!("the stream has no window");
}

/// nginx, serving a folder as it does by default, one worker for each core. It ends when this is dropped.
pub(crate) struct Nginx {
    process: Process,
    pub(crate) http: SocketAddr,
    /// What it serves.
    pub(crate) folder: std::path::PathBuf,
    _dir: TempDir,
}

/// Whether nginx is installed, and where.
pub(crate) fn nginx() -> Option<&'static str> {
    let runs = |name: &&str| Command::new(name).arg("-v").stderr(Stdio::null()).status().is_ok();
    NGINX.into_iter().find(runs)
}

impl Nginx {
    /// Starts it with room for so many viewers.
    pub(crate) fn start(binary: &str, viewers: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let folder = dir.path().join("www");
        fs::create_dir(&folder)?;
        // Its workers are another user where it is started as root.
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let http = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        fs::write(dir.path().join("nginx.conf"), config(dir.path(), &folder, http, viewers)?)?;
        let mut command = with_all_files(binary);
        command.arg("-p").arg(dir.path()).args(["-c", "nginx.conf", "-e", "error.log"]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let begun = Instant::now();
        while TcpStream::connect(http).is_err() {
            if process.try_wait()?.is_some() || begun.elapsed() > START_MAX {
                end(&mut process);
                let log = fs::read_to_string(dir.path().join("error.log")).unwrap_or_default();
                bail!("nginx did not start: {log}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { process, http, folder, _dir: dir })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Nginx {
    /// Asked, since its workers would outlive a master that is killed, and be replaced by one that is not.
    fn drop(&mut self) {
        Command::new("kill").arg(self.process.id().to_string()).status().ok();
        let begun = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) && begun.elapsed() < START_MAX {
            thread::sleep(Duration::from_millis(20));
        }
        end(&mut self.process);
    }
}

fn config(dir: &Path, folder: &Path, http: SocketAddr, viewers: usize) -> Result<String> {
    let mut config = format!(
        "daemon off;\nworker_processes auto;\npid {1}/pid;\n\
         events {{ worker_connections {0}; }}\nhttp {{\naccess_log off; sendfile on; tcp_nopush on; tcp_nodelay on;\n\
         keepalive_timeout 75s; keepalive_requests 1000000000; keepalive_time 10h;\n\
         types {{ application/vnd.apple.mpegurl m3u8; video/mp4 mp4 m4s; video/mp2t ts; }}\n",
        viewers + SPARE,
        dir.display(),
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(config, "{kind}_temp_path {}/{kind};", dir.display())?;
    }
    writeln!(config, "server {{ listen {http} backlog=4096; root {}; }} }}", folder.display())?;
    Ok(config)
}

fn end(process: &mut Process) {
    process.kill().ok();
    process.wait().ok();
}
