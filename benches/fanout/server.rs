//! The servers under measurement, each as a process of its own: gostream, nginx-rtmp, the raw fan-out.

use std::fmt::{self, Write as _};
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};
use tempfile::TempDir;

use crate::child::Child;
use crate::pattern::Pattern;
use crate::shared::gostream;

/// Where Debian and its kin keep nginx-rtmp.
const NGINX_MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
/// How long a server may take until it listens.
const START_MAX: Duration = Duration::from_secs(15);

/// Which server, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The limit, writing in this pattern.
    Raw(Pattern),
    /// nginx with the rtmp module, one worker.
    Nginx,
    /// gostream with these settings, `section.key=value`, over its defaults.
    Gostream(Vec<(String, String)>),
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':').unwrap_or((text, "")) {
            ("raw", pattern) => Ok(Self::Raw(pattern.parse()?)),
            ("nginx", "") => Ok(Self::Nginx),
            ("gostream", settings) => {
                let pair = |word: &str| {
                    let (key, value) = word.split_once('=').context("a setting is section.key=value")?;
                    Ok((key.to_owned(), value.to_owned()))
                };
                let words = settings.split('+').filter(|word| !word.is_empty());
                Ok(Self::Gostream(words.map(pair).collect::<Result<_>>()?))
            }
            _ => bail!("no server {text:?}: raw:PATTERN, nginx, gostream[:section.key=value+...]"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(pattern) => write!(f, "raw:{pattern}"),
            Self::Nginx => f.write_str("nginx-rtmp"),
            Self::Gostream(settings) => {
                let words: Vec<_> = settings
                    .iter()
                    .map(|(key, value)| format!("{}={value}", key.rsplit('.').next().unwrap_or(key)))
                    .collect();
                write!(f, "gostream{}{}", if words.is_empty() { "" } else { " " }, words.join(" "))
            }
        }
    }
}

/// What flows from where to where.
#[derive(Debug, Clone)]
pub(crate) struct Topology {
    /// Streams that are published.
    pub(crate) publishers: usize,
    /// Destinations of each stream.
    pub(crate) destinations: usize,
    /// Where the destinations listen.
    pub(crate) sink: Option<SocketAddr>,
    /// Whether gostream packages HLS too.
    pub(crate) hls: bool,
    /// The gostream binary.
    pub(crate) gostream: String,
}

impl Topology {
    /// The name under which destination `index` of stream `stream` is published.
    fn destination(stream: usize, index: usize) -> String {
        if stream == 0 { format!("d{index:04}") } else { format!("s{stream:03}d{index:04}") }
    }

    fn urls(&self, stream: usize) -> impl Iterator<Item = (String, String)> {
        let sink = self.sink;
        let count = if sink.is_some() { self.destinations } else { 0 };
        (0..count).filter_map(move |index| {
            Some((format!("rtmp://{}/sink", sink?), Self::destination(stream, index)))
        })
    }
}

enum Running {
    Role(Child),
    Foreign(Process),
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    running: Running,
    /// Where it takes RTMP.
    pub(crate) addr: SocketAddr,
    /// `app/key` of each stream.
    pub(crate) publish: Vec<String>,
    /// `app` and name under which the first stream plays.
    pub(crate) play: (String, String),
    _dir: TempDir,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start(kind: &Kind, topology: &Topology) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let streams = 0..topology.publishers;
        match kind {
            Kind::Raw(pattern) => {
                let sink = topology.sink.context("the raw fan-out has destinations only")?;
                let count = topology.destinations;
                let args = [sink.to_string(), count.to_string(), pattern.to_string()];
                let child = Child::start("raw", &args)?;
                let addr = ([127, 0, 0, 1], child.port()?).into();
                let publish = vec!["live/key".to_owned()];
                Ok(Self { running: Running::Role(child), addr, publish, play: Default::default(), _dir: dir })
            }
            Kind::Nginx => {
                let (process, addr) = nginx(dir.path(), topology)?;
                let publish = streams.map(|stream| format!("live{stream}/stream")).collect();
                let play = ("live0".to_owned(), "stream".to_owned());
                Ok(Self { running: Running::Foreign(process), addr, publish, play, _dir: dir })
            }
            Kind::Gostream(settings) => {
                let (process, addr) = start_gostream(dir.path(), topology, settings)?;
                let publish = streams.map(|stream| format!("live/key-{stream}-of-the-bench")).collect();
                let play = ("live".to_owned(), "stream-0".to_owned());
                Ok(Self { running: Running::Foreign(process), addr, publish, play, _dir: dir })
            }
        }
    }

    /// The process whose tree is measured.
    pub(crate) fn pid(&self) -> u32 {
        match &self.running {
            Running::Role(child) => child.pid(),
            Running::Foreign(process) => process.id(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Running::Foreign(process) = &mut self.running {
            // Children first: nginx's worker would outlive a master that is killed.
            for pid in crate::procfs::tree(process.id()).into_iter().skip(1) {
                Command::new("kill").arg(pid.to_string()).status().ok();
            }
            process.kill().ok();
            process.wait().ok();
        }
    }
}

/// Whether nginx with its rtmp module is installed.
pub(crate) fn nginx_installed() -> bool {
    Path::new(NGINX_MODULE).exists() && Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok()
}

fn nginx(dir: &Path, topology: &Topology) -> Result<(Process, SocketAddr)> {
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut config = format!(
        "load_module {NGINX_MODULE};\nuser root;\ndaemon off;\nworker_processes 1;\npid {0}/pid;\n\
         error_log {0}/error.log error;\nevents {{ worker_connections 8192; }}\nrtmp {{ server {{\n\
         listen {addr};\nchunk_size 65536;\naccess_log off;\n",
        dir.display()
    );
    for stream in 0..topology.publishers {
        writeln!(config, "application live{stream} {{ live on;")?;
        for (url, name) in topology.urls(stream) {
            writeln!(config, "push {url}/{name};")?;
        }
        config.push_str("}\n");
    }
    config.push_str("} }\n");
    let path = dir.join("nginx.conf");
    fs::write(&path, config)?;
    let mut process =
        Command::new("nginx").arg("-c").arg(&path).arg("-p").arg(dir).stderr(Stdio::null()).spawn()?;
    let begun = Instant::now();
    while TcpStream::connect(addr).is_err() {
        let ended = process.try_wait()?.is_some();
        if ended || begun.elapsed() > START_MAX {
            bail!("nginx did not start: {}", fs::read_to_string(dir.join("error.log")).unwrap_or_default());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok((process, addr))
}

fn start_gostream(
    dir: &Path,
    topology: &Topology,
    settings: &[(String, String)],
) -> Result<(Process, SocketAddr)> {
    let mut config = format!(
        "data_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[rtmp]\nlisten = \"127.0.0.1:0\"\n\
         max_connections_per_address = 4096\n[metrics]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\n\
         [hls]\nenabled = {}\n",
        dir.join("data").display(),
        topology.hls
    );
    for stream in 0..topology.publishers {
        writeln!(
            config,
            "[[project]]\nname = \"stream {stream}\"\nstream_key = \"key-{stream}-of-the-bench\"\n\
             playback_id = \"stream-{stream}\""
        )?;
        for (url, key) in topology.urls(stream) {
            writeln!(
                config,
                "[[project.destination]]\nname = \"{key}\"\nurl = \"{url}\"\nstream_key = \"{key}\""
            )?;
        }
    }
    let (process, addresses) =
        gostream::start(&topology.gostream, dir, &config, settings, "FANOUT_SERVER_LOG")?;
    let addr = *addresses.get("rtmp").context("where gostream takes RTMP")?;
    Ok((process, addr))
}
