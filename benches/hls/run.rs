//! The measurements: start everything, let it settle, watch a window, and print a row of figures.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Serialize;

use crate::figures::{Line, Seen, Waited};
use crate::mirror::Mirror;
use crate::server::{self, Gostream, Nginx};
use crate::shared::child::Child;
use crate::shared::procfs;

/// How long it may take until everybody has what they came for.
const FLOW_MAX: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) gostream: String,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) bitrate: u64,
    pub(crate) window: Duration,
    pub(crate) settle: Duration,
    pub(crate) nginx: bool,
}

/// What a process tree cost over a window.
#[derive(Debug, Clone, Copy, Serialize)]
struct Cost {
    cpu_ms: f64,
    system_percent: f64,
    rss_kb: u64,
    peak_kb: u64,
}

/// One window of viewers.
#[derive(Debug, Serialize)]
struct Watched {
    server: String,
    viewers: usize,
    cost: Cost,
    seen: Seen,
}

/// One window of players who wait.
#[derive(Debug, Serialize)]
struct WaitedFor {
    viewers: usize,
    renders: u64,
    cost: Cost,
    waited: Waited,
}

/// Rows for whoever keeps them.
pub(crate) type Keep<'a> = &'a mut dyn FnMut(&str);

fn keep_as_json(keep: Keep<'_>, row: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(row) {
        keep(&text);
    }
}

/// `count` viewers of a plain player's kind: of gostream, and of nginx with the same files.
pub(crate) fn viewers(job: &Job, count: usize, keep: Keep<'_>) -> Result<()> {
    println!(
        "{:<12} {:>7} {:>9} {:>9} {:>8} {:>6} {:>5} | {:>8} {:>8} | {:>8} {:>8} | {:>7} {:>7} {:>6}",
        "viewers",
        "N",
        "req/s",
        "Mb/s",
        "ms/Gbit",
        "CPU %",
        "sys%",
        "list p50",
        "p99 ms",
        "seg p50",
        "p99 ms",
        "RSS MB",
        "peak",
        "failed"
    );
    let gostream = Gostream::start(&job.gostream, &job.settings, count, job.bitrate)?;
    let watched = watch(job, "gostream", gostream.pid(), gostream.http, &gostream.playlist, count)?;
    println!("{}", watched.line());
    keep_as_json(keep, &watched);
    let Some(binary) = server::nginx().filter(|_| job.nginx) else { return Ok(()) };
    let nginx = Nginx::start(binary, count)?;
    let _mirror = Mirror::start(gostream.http, &gostream.playlist, &nginx.folder)?;
    let name = gostream.playlist.rsplit('/').next().unwrap_or_default();
    let watched = watch(job, "nginx files", nginx.pid(), nginx.http, &format!("/{name}"), count)?;
    println!("{}", watched.line());
    keep_as_json(keep, &watched);
    Ok(())
}

fn watch(job: &Job, name: &str, pid: u32, host: SocketAddr, path: &str, count: usize) -> Result<Watched> {
    let args = [host.to_string(), path.to_owned(), count.to_string()];
    let mut viewers = Child::start("watch", &args)?;
    flow(&mut viewers, count)?;
    let (line, cost) = measure(job, &mut viewers, pid)?;
    let Line::Seen(seen) = line else { bail!("figures were due, not {line:?}") };
    Ok(Watched { server: name.to_owned(), viewers: count, cost, seen: *seen })
}

/// `count` low-latency players who all wait for the next part.
pub(crate) fn waiters(job: &Job, count: usize, keep: Keep<'_>) -> Result<()> {
    println!(
        "{:<12} {:>7} {:>6} {:>9} {:>8} {:>6} | {:>9} {:>8} {:>8} {:>9} | {:>9} {:>8} | {:>8} {:>7} {:>6}",
        "waiting",
        "N",
        "parts",
        "answers/s",
        "µs each",
        "CPU %",
        "first-p50",
        "p99 ms",
        "last p50",
        "p99 ms",
        "seen-p50",
        "p99 ms",
        "renders",
        "RSS MB",
        "failed"
    );
    let gostream = Gostream::start(&job.gostream, &job.settings, count, job.bitrate)?;
    let args = [gostream.http.to_string(), gostream.playlist.clone(), count.to_string()];
    let mut players = Child::start("wait", &args)?;
    flow(&mut players, count)?;
    thread::sleep(job.settle);
    let before = gostream.renders()?;
    let (line, cost) = measure(job, &mut players, gostream.pid())?;
    let renders = gostream.renders()?.saturating_sub(before);
    let Line::Waited(waited) = line else { bail!("figures were due, not {line:?}") };
    let row = WaitedFor { viewers: count, renders, cost, waited: *waited };
    println!("{}", row.line());
    keep_as_json(keep, &row);
    Ok(())
}

/// Waits until everybody has what they came for.
fn flow(clients: &mut Child<Line>, count: usize) -> Result<()> {
    let begun = Instant::now();
    loop {
        clients.order("status")?;
        match clients.answer()? {
            Line::Flowing(flowing) if flowing >= count => return Ok(()),
            Line::Flowing(flowing) if begun.elapsed() > FLOW_MAX => bail!("only {flowing} of {count} flow"),
            Line::Flowing(_) => thread::sleep(Duration::from_millis(200)),
            other => bail!("progress was due, not {other:?}"),
        }
    }
}

fn measure(job: &Job, clients: &mut Child<Line>, pid: u32) -> Result<(Line, Cost)> {
    let tree = procfs::tree(pid);
    clients.order("begin")?;
    let before = procfs::cpu(&tree);
    thread::sleep(job.window);
    let used = procfs::cpu(&tree).since(before);
    clients.order("end")?;
    let line = clients.answer()?;
    let memory = procfs::memory(&tree);
    let system_percent = 100.0 * used.system_ms / (used.user_ms + used.system_ms).max(1.0);
    let (rss_kb, peak_kb) = (memory.rss_kb, memory.peak_kb);
    Ok((line, Cost { cpu_ms: used.exact_ms, system_percent, rss_kb, peak_kb }))
}

fn mb(kb: u64) -> f64 {
    kb as f64 / 1024.0
}

impl Watched {
    fn line(&self) -> String {
        let Self { server, viewers, cost, seen } = self;
        let requests = (seen.playlist_count + seen.segment_count) as f64 / seen.seconds;
        let gigabits = seen.bytes as f64 * 8.0 / 1e9;
        format!(
            "{server:<12} {viewers:>7} {requests:>9.0} {:>9.1} {:>8.1} {:>6.1} {:>5.0} | {:>8.2} {:>8.2} | {:>8.2} {:>8.2} | \
             {:>7.1} {:>7.1} {:>6}",
            gigabits * 1e3 / seen.seconds,
            cost.cpu_ms / gigabits.max(1e-9),
            cost.cpu_ms / (seen.seconds * 10.0),
            cost.system_percent,
            seen.playlists.quantile_ms(0.5),
            seen.playlists.quantile_ms(0.99),
            seen.segments.quantile_ms(0.5),
            seen.segments.quantile_ms(0.99),
            mb(cost.rss_kb),
            mb(cost.peak_kb),
            seen.failed + seen.closed,
        )
    }
}

impl WaitedFor {
    fn line(&self) -> String {
        let Self { viewers, renders, cost, waited } = self;
        format!(
            "{:<12} {viewers:>7} {:>6} {:>9.0} {:>8.1} {:>6.1} | {:>9.2} {:>8.2} {:>8.2} {:>9.2} | {:>9.2} {:>8.2} | {:>8.2} \
             {:>7.1} {:>6}",
            "gostream",
            waited.parts,
            waited.answers as f64 / waited.seconds,
            cost.cpu_ms * 1e3 / (waited.answers as f64).max(1.0),
            cost.cpu_ms / (waited.seconds * 10.0),
            waited.spread.quantile_ms(0.5),
            waited.spread.quantile_ms(0.99),
            waited.last.quantile_ms(0.5),
            waited.last.quantile_ms(0.99),
            waited.after_observer.quantile_ms(0.5),
            waited.after_observer.quantile_ms(0.99),
            *renders as f64 / (waited.parts as f64 + 1.0),
            mb(cost.rss_kb),
            waited.failed + waited.closed,
        )
    }
}
