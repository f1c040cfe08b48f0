//! `cargo bench --bench hls`: what it costs to serve HLS to many viewers, measured from outside.
//!
//! Servers, publisher and viewers are processes of their own, so that only the server's CPU time and memory are counted.
//! `benches/README.md` says how to read the figures.

#![allow(clippy::print_stdout, reason = "the report is what a benchmark is for")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sizes and times of a measurement lie far below every limit"
)]

mod figures;
mod mirror;
mod playlist;
mod run;
mod server;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each bench uses its share")]
mod shared;
mod viewers;
mod waiters;

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use crate::run::Job;
use crate::shared::media::Pace;
use crate::shared::publisher;

/// Descriptors that a server or a client needs besides those of its connections.
const SPARE_FILES: usize = 300;

/// Measures HLS delivery: gostream beside nginx serving the same files.
#[derive(Debug, Parser)]
#[command(name = "hls")]
struct Args {
    /// Viewers, one measurement for each count; as many as the limit of open files allows.
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    n: Vec<usize>,
    /// Players who wait for each part, one measurement for each count.
    #[arg(long, value_delimiter = ',', default_value = "1000")]
    waiting: Vec<usize>,
    /// Measured seconds; a multiple of the segment duration.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seconds between everybody's first segment and the window.
    #[arg(long, default_value_t = 6)]
    settle: u64,
    /// Bits a second of the stream.
    #[arg(long, default_value_t = 300_000)]
    bitrate: u64,
    /// 50 viewers and 50 who wait, for 6 seconds.
    #[arg(long)]
    quick: bool,
    /// How often everything is measured.
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// What to measure: viewers, waiting.
    #[arg(long, value_delimiter = ',', default_value = "viewers,waiting")]
    parts: Vec<String>,
    /// Leave nginx out.
    #[arg(long)]
    no_nginx: bool,
    /// gostream's settings, such as `hls.low_latency=false`.
    #[arg(long, value_delimiter = ',', value_parser = shared::gostream::setting)]
    set: Vec<(String, String)>,
    /// The gostream binary; the one that cargo built beside the bench, unless told.
    #[arg(long, default_value = option_env!("CARGO_BIN_EXE_gostream").unwrap_or("gostream"))]
    gostream: String,
    /// Append each row as a line of JSON.
    #[arg(long)]
    json: Option<String>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        // What `cargo test --benches` does: the benchmark compiles, and that is all there is to test.
        [] => {
            println!("nothing measured: run it with `cargo bench --bench hls`");
            Ok(())
        }
        ["publish", addr, bitrate, point] => {
            publisher::publish(addr.parse()?, &[(*point).to_owned()], bitrate.parse()?, Pace::Bursts)
        }
        ["watch", host, path, count] => viewers::watch(host.parse()?, path, count.parse()?),
        ["wait", host, path, count] => waiters::wait(host.parse()?, path, count.parse()?),
        _ => bench(Args::parse()),
    }
}

fn bench(mut args: Args) -> Result<()> {
    if args.quick {
        (args.n, args.waiting, args.seconds, args.settle) = (vec![50], vec![50], 6, 2);
    }
    let mut file = match &args.json {
        Some(path) => Some(File::options().create(true).append(true).open(path).context("the JSON file")?),
        None => None,
    };
    let mut keep = |row: &str| {
        if let Some(file) = file.as_mut() {
            writeln!(file, "{row}").ok();
        }
    };
    let job = Job {
        gostream: args.gostream,
        settings: args.set,
        bitrate: args.bitrate,
        window: Duration::from_secs(args.seconds),
        settle: Duration::from_secs(args.settle),
        nginx: !args.no_nginx,
    };
    if job.nginx && server::nginx().is_none() {
        println!("nginx is not installed (apt install nginx): no comparison with it");
    }
    let asked = |part: &str| args.parts.iter().any(|it| it == part);
    for _ in 0..args.repeat {
        for count in args.n.iter().map(|n| allowed(*n)).filter(|_| asked("viewers")) {
            run::viewers(&job, count, &mut keep)?;
        }
        for count in args.waiting.iter().map(|n| allowed(*n)).filter(|_| asked("waiting")) {
            run::waiters(&job, count, &mut keep)?;
        }
    }
    Ok(())
}

/// As many connections as the hard limit of open files leaves one process.
fn allowed(count: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    let most = hard.unwrap_or(usize::MAX).saturating_sub(SPARE_FILES);
    if count > most {
        println!(
            "{most} connections instead of {count}: the limit of open files allows no more (ulimit -Hn)"
        );
    }
    count.min(most)
}
