//! `cargo bench --bench fanout`: what it costs to send one stream to many, measured from outside.
//!
//! Every server runs as a process of its own; publishers and receivers are processes too, made of this same binary
//! with a role for its first argument, so that only the server's CPU time and memory are counted. Frames carry the time
//! at which they were made. `benches/README.md` says how to read the figures.

#![allow(clippy::print_stdout, reason = "the report is what a benchmark is for")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sizes and times of a measurement lie far below every limit"
)]

mod child;
mod figures;
mod pattern;
mod raw;
mod receiver;
mod run;
mod scenario;
mod server;
mod shard;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each bench uses its share")]
mod shared;

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::run::{Job, Row, SETTLE};
use crate::server::Kind;
use crate::shared::media::{self, Pace};
use crate::shared::{peer, procfs, publisher, wire};

/// Measures fan-out: gostream beside nginx-rtmp and beside a raw write loop.
#[derive(Debug, Parser)]
#[command(name = "fanout")]
struct Args {
    /// Receivers of the stream, one measurement for each count.
    #[arg(long, value_delimiter = ',', default_value = "1,50,200")]
    n: Vec<usize>,
    /// Measured seconds; even, so that each window holds as many keyframes.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// N = 1 and 50 for 4 seconds.
    #[arg(long)]
    quick: bool,
    /// Bits a second of each stream, such as 2.5M.
    #[arg(long, default_value = "2.5M")]
    bitrate: String,
    /// How the publisher sends: `bursts` (audio leaves with the next video frame, as from OBS) or `even`.
    #[arg(long, default_value = "bursts")]
    pace: Pace,
    /// What to measure: `raw:PATTERN`, nginx, `gostream[:section.key=value+...]`. A pattern is `msg`, `50ms`, `video:50ms` or `fit:50ms`,
    /// then any of `+nodelay`, `+lowat=64k`, `+threads=2`, `+groups=5`, `+merge`.
    #[arg(long, value_delimiter = ',')]
    servers: Vec<Kind>,
    /// push, play or both.
    #[arg(long, value_delimiter = ',', default_value = "push,play")]
    directions: Vec<String>,
    /// Rounds: how often everything is measured.
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// TCP segment size that receivers announce; loopback's own is 65483, a network's 1448 to 1460.
    #[arg(long)]
    mss: Option<u32>,
    /// Package HLS too while measuring gostream.
    #[arg(long)]
    hls: bool,
    /// The gostream binary; the one that cargo built beside the bench, unless told.
    #[arg(long, default_value = option_env!("CARGO_BIN_EXE_gostream").unwrap_or("gostream"))]
    gostream: String,
    /// Append each row as a line of JSON.
    #[arg(long)]
    json: Option<String>,
    /// This many publishers at once, each with `--destinations`.
    #[arg(long)]
    publishers: Option<usize>,
    /// Destinations of each of `--publishers`.
    #[arg(long, default_value_t = 2)]
    destinations: usize,
    /// This many players of one stream.
    #[arg(long)]
    players: Option<usize>,
    /// One of the destinations stops reading: is it felt by the others?
    #[arg(long)]
    stall: bool,
    /// Resident memory, idle, with a stream and HLS, and for each destination.
    #[arg(long)]
    memory: bool,
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
            println!("nothing measured: run it with `cargo bench --bench fanout`");
            Ok(())
        }
        // 0: as the kernel has it.
        ["sink", mss, buffer] => {
            let (mss, buffer): (u32, usize) = (mss.parse()?, buffer.parse()?);
            receiver::sink((mss > 0).then_some(mss), (buffer > 0).then_some(buffer))
        }
        ["players", addr, app, key, count, mss] => {
            let mss: u32 = mss.parse()?;
            receiver::players(addr.parse()?, app, key, count.parse()?, (mss > 0).then_some(mss))
        }
        ["publish", addr, bitrate, pace, points @ ..] => {
            let points: Vec<_> = points.iter().map(|&point| point.to_owned()).collect();
            publisher::publish(addr.parse()?, &points, bitrate.parse()?, pace.parse()?)
        }
        ["raw", target, count, pattern] => raw::fan_out(target.parse()?, count.parse()?, &pattern.parse()?),
        _ => bench(Args::parse()),
    }
}

fn bench(mut args: Args) -> Result<()> {
    if args.quick {
        (args.n, args.seconds) = (vec![1, 50], 4);
    }
    let mut file = match &args.json {
        Some(path) => Some(File::options().create(true).append(true).open(path).context("the JSON file")?),
        None => None,
    };
    let mut keep = |row: &Row| {
        if let (Some(file), Ok(text)) = (file.as_mut(), serde_json::to_string(row)) {
            writeln!(file, "{text}").ok();
        }
    };
    let directions = directions(&args.directions)?;
    let job = Job {
        play: false,
        receivers: 0,
        publishers: 1,
        bitrate: bits(&args.bitrate)?,
        pace: args.pace,
        window: Duration::from_secs(args.seconds),
        settle: SETTLE,
        mss: args.mss,
        buffer: None,
        hls: args.hls,
        gostream: args.gostream.clone(),
    };
    let own = if args.servers.is_empty() { vec![Kind::Gostream(Vec::new())] } else { args.servers.clone() };
    if args.stall {
        let receivers = args.n.last().copied().unwrap_or(50);
        return own
            .iter()
            .try_for_each(|kind| scenario::stall(kind, &Job { receivers, ..job.clone() }, args.repeat));
    }
    if args.memory {
        let job = Job { hls: true, ..job };
        own.iter().for_each(|kind| scenario::memory(kind, &job, &[0, 1, 50, 100, 200], &mut keep));
        return Ok(());
    }
    let many = match (args.publishers, args.players) {
        (Some(publishers), _) => Some(Job { publishers, receivers: args.destinations, ..job.clone() }),
        (None, Some(players)) => Some(Job { play: true, receivers: players, ..job.clone() }),
        (None, None) => None,
    };
    if let Some(job) = many {
        println!("{}", Row::head());
        for _ in 0..args.repeat {
            own.iter().for_each(|kind| drop(scenario::one(kind, &job, &mut keep)));
        }
        return Ok(());
    }
    let kinds = if args.servers.is_empty() { everything()? } else { args.servers };
    scenario::compare(&kinds, &job, (&args.n, &directions, args.repeat), &mut keep);
    Ok(())
}

/// The comparison that the project's figures are judged by.
fn everything() -> Result<Vec<Kind>> {
    let mut names = vec!["raw:msg+nodelay", "raw:msg", "raw:20ms", "raw:50ms", "raw:100ms"];
    if server::nginx_installed() {
        names.push("nginx");
    } else {
        println!(
            "nginx with its rtmp module is not installed (apt install nginx libnginx-mod-rtmp): no comparison with it"
        );
    }
    names.extend(["gostream", "gostream:relay.coalesce=100ms", "gostream:relay.coalesce=0s"]);
    names.iter().map(|name| name.parse()).collect()
}

fn directions(words: &[String]) -> Result<Vec<bool>> {
    let direction = |word: &String| match word.as_str() {
        "push" => Ok(false),
        "play" => Ok(true),
        other => bail!("no direction {other:?}: push, play"),
    };
    words.iter().map(direction).collect()
}

/// `2.5M`, `800k` or plain bits a second.
fn bits(text: &str) -> Result<u64> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'M')) => (text.get(..at).unwrap_or_default(), 1e6),
        Some((at, 'k')) => (text.get(..at).unwrap_or_default(), 1e3),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().with_context(|| format!("a bit rate such as 2.5M, not {text:?}"))?;
    Ok((number * unit) as u64)
}
