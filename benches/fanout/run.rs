//! One measurement: start everything, let it settle, watch a window, and turn it into a row of figures.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde::Serialize;

use crate::child::Child;
use crate::figures::Seen;
use crate::media::Pace;
use crate::procfs::{self, Memory};
use crate::server::{Kind, Server, Topology};
use crate::shared::latencies::Latencies;

/// How long it may take until everybody receives.
const FLOW_MAX: Duration = Duration::from_secs(40);
/// Between the last receiver's first frame and the window: the joining burst drains, sockets grow their buffers.
pub(crate) const SETTLE: Duration = Duration::from_secs(2);
/// How long an idle server is left alone before its memory is read.
const IDLE: Duration = Duration::from_millis(500);

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// Players instead of destinations.
    pub(crate) play: bool,
    /// Receivers of each stream.
    pub(crate) receivers: usize,
    /// Streams.
    pub(crate) publishers: usize,
    /// Bits a second of each stream.
    pub(crate) bitrate: u64,
    /// How the publisher spaces its frames.
    pub(crate) pace: Pace,
    /// The measured window.
    pub(crate) window: Duration,
    /// Time between flow and window.
    pub(crate) settle: Duration,
    /// Segment size that receivers announce.
    pub(crate) mss: Option<u32>,
    /// Receive buffer of the destinations, in bytes, where the kernel is not to choose it.
    pub(crate) buffer: Option<usize>,
    /// Whether gostream packages HLS too.
    pub(crate) hls: bool,
    /// The gostream binary.
    pub(crate) gostream: String,
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) server: String,
    pub(crate) direction: &'static str,
    pub(crate) publishers: usize,
    pub(crate) receivers: usize,
    /// Delivered to all receivers together.
    pub(crate) mbps: f64,
    /// Server CPU time for each delivered gigabit.
    pub(crate) cpu_ms_gbit: f64,
    /// The same as a share of one core.
    pub(crate) cpu_percent: f64,
    /// The share of it spent in the kernel.
    pub(crate) system_percent: f64,
    pub(crate) idle_kb: u64,
    pub(crate) stream_kb: u64,
    pub(crate) peak_kb: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    pub(crate) video_p50_ms: f64,
    pub(crate) video_p99_ms: f64,
    pub(crate) audio_p50_ms: f64,
    pub(crate) audio_p99_ms: f64,
    /// Frames that a receiver lacks between two that came.
    pub(crate) missing: u64,
    pub(crate) repeated: u64,
    /// Receivers that closed, or received nothing.
    pub(crate) lost: u64,
    /// Reads a second and receiver: how often something arrives.
    pub(crate) reads: f64,
}

/// Everything that runs for one measurement; dropping it ends all of it.
pub(crate) struct Scene {
    job: Job,
    kind: Kind,
    // Dropped in this order: the publisher first, so that the server sees an end before its receivers vanish.
    _publisher: Child,
    receivers: Option<Child>,
    server: Server,
    idle: Memory,
}

impl Scene {
    /// Starts receivers, server and publishers, and waits until everybody receives.
    pub(crate) fn start(kind: &Kind, job: &Job) -> Result<Self> {
        let or_zero = |number: Option<String>| number.unwrap_or_else(|| "0".to_owned());
        let mss = or_zero(job.mss.map(|mss| mss.to_string()));
        let buffer = or_zero(job.buffer.map(|bytes| bytes.to_string()));
        let sink = if job.play { None } else { Some(Child::start("sink", &[mss.clone(), buffer])?) };
        let addr = match &sink {
            Some(sink) => Some(SocketAddr::from(([127, 0, 0, 1], sink.port()?))),
            None => None,
        };
        let topology = Topology {
            publishers: job.publishers,
            destinations: if job.play { 0 } else { job.receivers },
            sink: addr,
            hls: job.hls,
            gostream: job.gostream.clone(),
        };
        let server = Server::start(kind, &topology)?;
        thread::sleep(IDLE);
        let idle = procfs::memory(&procfs::tree(server.pid()));
        let mut args = vec![server.addr.to_string(), job.bitrate.to_string(), job.pace.to_string()];
        args.extend(server.publish.iter().cloned());
        let publisher = Child::start("publish", &args)?;
        let mut receivers = sink;
        if job.play && job.receivers > 0 {
            let (app, key) = server.play.clone();
            let args = [server.addr.to_string(), app, key, job.receivers.to_string(), mss];
            receivers = Some(Child::start("players", &args)?);
        }
        let mut scene =
            Self { job: job.clone(), kind: kind.clone(), _publisher: publisher, receivers, server, idle };
        scene.wait_for_flow()?;
        thread::sleep(job.settle);
        Ok(scene)
    }

    fn wait_for_flow(&mut self) -> Result<()> {
        let goal = self.job.receivers * if self.job.play { 1 } else { self.job.publishers };
        let Some(receivers) = self.receivers.as_mut() else { return Ok(()) };
        let begun = Instant::now();
        loop {
            let progress = receivers.progress()?;
            if progress.flowing >= goal {
                return Ok(());
            }
            if begun.elapsed() > FLOW_MAX {
                bail!("{} of {goal} receivers have media, {} are open", progress.flowing, progress.open);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Gives the receivers an order.
    pub(crate) fn order(&mut self, order: &str) -> Result<()> {
        self.receivers.as_mut().map_or(Ok(()), |receivers| receivers.order(order))
    }

    /// Watches one window.
    pub(crate) fn measure(&mut self) -> Result<Row> {
        let pids = procfs::tree(self.server.pid());
        self.order("begin")?;
        let (cpu_before, begun) = (procfs::cpu(&pids), Instant::now());
        thread::sleep(self.job.window);
        let cpu = procfs::cpu(&pids).since(cpu_before);
        let seconds = begun.elapsed().as_secs_f64();
        let seen = self.receivers.as_mut().map(Child::end).transpose()?.unwrap_or_default();
        ensure!(cpu.exact_ms > 0.0, "the server is gone");
        Ok(self.row(&seen, cpu, seconds, procfs::memory(&pids)))
    }

    fn row(&self, seen: &Seen, cpu: procfs::Cpu, seconds: f64, memory: Memory) -> Row {
        let mut all: Latencies = seen.video.clone();
        all.merge(&seen.audio);
        let gigabits = seen.bytes as f64 * 8.0 / 1e9;
        let connections = self.job.receivers * if self.job.play { 1 } else { self.job.publishers };
        Row {
            server: self.kind.to_string(),
            direction: if self.job.play { "play" } else { "push" },
            publishers: self.job.publishers,
            receivers: self.job.receivers,
            mbps: gigabits * 1000.0 / seconds,
            cpu_ms_gbit: if gigabits > 0.0 { cpu.exact_ms / gigabits } else { 0.0 },
            cpu_percent: cpu.exact_ms / seconds / 10.0,
            system_percent: 100.0 * cpu.system_ms / (cpu.user_ms + cpu.system_ms).max(1.0),
            idle_kb: self.idle.rss_kb,
            stream_kb: memory.rss_kb,
            peak_kb: memory.peak_kb,
            p50_ms: all.quantile_ms(0.50),
            p99_ms: all.quantile_ms(0.99),
            max_ms: all.max_ms(),
            video_p50_ms: seen.video.quantile_ms(0.50),
            video_p99_ms: seen.video.quantile_ms(0.99),
            audio_p50_ms: seen.audio.quantile_ms(0.50),
            audio_p99_ms: seen.audio.quantile_ms(0.99),
            missing: seen.missing,
            repeated: seen.repeated,
            lost: seen.closed + seen.silent,
            reads: seen.reads as f64 / seconds / connections.max(1) as f64,
        }
    }
}

impl Row {
    /// The table's head.
    pub(crate) fn head() -> String {
        format!(
            "{:<34} {:>4} {:>5} {:>7} {:>8} {:>6} {:>4} {:>7} {:>7} {:>7} {:>15} {:>15} {:>6} {:>5} {:>5} {:>17}",
            "server",
            "",
            "N",
            "Mb/s",
            "ms/Gbit",
            "CPU %",
            "sys%",
            "p50 ms",
            "p99 ms",
            "max ms",
            "video p50/p99",
            "audio p50/p99",
            "reads",
            "drops",
            "lost",
            "RSS idle/run/peak"
        )
    }

    /// One line of the table.
    pub(crate) fn line(&self) -> String {
        let receivers = if self.publishers > 1 {
            format!("{}x{}", self.publishers, self.receivers)
        } else {
            self.receivers.to_string()
        };
        let pair = |a: f64, b: f64| format!("{a:.1}/{b:.1}");
        format!(
            "{:<34} {:>4} {:>5} {:>7.1} {:>8.1} {:>6.1} {:>4.0} {:>7.2} {:>7.2} {:>7.1} {:>15} {:>15} {:>6.1} {:>5} {:>5} {:>17}",
            self.server,
            self.direction,
            receivers,
            self.mbps,
            self.cpu_ms_gbit,
            self.cpu_percent,
            self.system_percent,
            self.p50_ms,
            self.p99_ms,
            self.max_ms,
            pair(self.video_p50_ms, self.video_p99_ms),
            pair(self.audio_p50_ms, self.audio_p99_ms),
            self.reads,
            self.missing,
            self.lost,
            format!("{:.1}/{:.1}/{:.1}", mb(self.idle_kb), mb(self.stream_kb), mb(self.peak_kb)),
        )
    }
}

/// Kilobytes as megabytes.
pub(crate) fn mb(kb: u64) -> f64 {
    kb as f64 / 1024.0
}
