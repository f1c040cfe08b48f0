//! `cargo bench --bench api`: what it costs to serve the REST API to a thousand people, measured from outside, with the
//! server's caches and without.
//!
//! Server, database, encoders and people are processes of their own, so that only the server's CPU time is counted.
//! `benches/README.md` says how to read the figures.

#![allow(clippy::print_stdout, reason = "the report is what a benchmark is for")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sizes and times of a measurement lie far below every limit"
)]

mod figures;
mod listeners;
mod mix;
mod people;
mod postgres;
mod run;
mod scene;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each bench uses its share")]
mod shared;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::run::Job;
use crate::shared::media::Pace;
use crate::shared::publisher;

/// Measures the API: its caches on and off, on SQLite and on PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "api")]
struct Args {
    /// People, each with a connection that is kept.
    #[arg(long, default_value_t = 1000)]
    people: usize,
    /// Requests of each in ten seconds.
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// Of them, how many also listen to events.
    #[arg(long, default_value_t = 200)]
    listeners: usize,
    /// Projects, each with a live encoder and two destinations.
    #[arg(long, default_value_t = 20)]
    projects: usize,
    /// Measured seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seconds before the window.
    #[arg(long, default_value_t = 8)]
    settle: u64,
    /// What to measure on: sqlite, postgres.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    databases: Vec<String>,
    /// The cache: on, off.
    #[arg(long, value_delimiter = ',', default_value = "on,off")]
    cache: Vec<String>,
    /// 50 people for five seconds, on SQLite.
    #[arg(long)]
    quick: bool,
    /// gostream's settings, such as `database.pool_max=20`.
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
            println!("nothing measured: run it with `cargo bench --bench api`");
            Ok(())
        }
        ["publish", addr, bitrate, points @ ..] => {
            let points: Vec<String> = points.iter().map(|point| (*point).to_owned()).collect();
            publisher::publish(addr.parse()?, &points, bitrate.parse()?, Pace::Bursts)
        }
        ["people", host, scene, rate] => people::ask(host.parse()?, scene, rate.parse()?),
        ["listen", host, scene, count] => listeners::listen(host.parse()?, scene, count.parse()?),
        _ => bench(Args::parse()),
    }
}

fn bench(mut args: Args) -> Result<()> {
    if args.quick {
        (args.people, args.listeners, args.projects, args.seconds, args.settle) = (50, 10, 4, 5, 2);
        args.databases = vec!["sqlite".to_owned()];
    }
    let job = Job {
        gostream: args.gostream,
        settings: args.set,
        people: args.people,
        rate: args.rate,
        listeners: args.listeners.min(args.people),
        projects: args.projects.max(1),
        window: Duration::from_secs(args.seconds),
        settle: Duration::from_secs(args.settle),
        json: args.json,
    };
    run::head(&job);
    for database in &args.databases {
        run::database(&job, database, &args.cache)?;
    }
    Ok(())
}
