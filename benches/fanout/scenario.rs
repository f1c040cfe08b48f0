//! What can be asked of the bench: the comparison, and four questions of their own.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::run::{Job, Row, SETTLE, Scene, mb};
use crate::server::Kind;

/// Measures one job and prints its row; a server that cannot do it says why and the others go on.
pub(crate) fn one(kind: &Kind, job: &Job, keep: &mut dyn FnMut(&Row)) -> Option<Row> {
    match Scene::start(kind, job).and_then(|mut scene| scene.measure()) {
        Ok(row) => {
            println!("{}", row.line());
            keep(&row);
            Some(row)
        }
        Err(error) => {
            println!(
                "{:<34} {} N={}: {error:#}",
                kind.to_string(),
                if job.play { "play" } else { "push" },
                job.receivers
            );
            None
        }
    }
}

/// Every server in both directions for each N, `rounds` times, and what each costs beside the others.
///
/// The machine's speed drifts from minute to minute, so figures are compared within a round only, and the median of the
/// rounds' ratios is what counts.
pub(crate) fn compare(
    kinds: &[Kind],
    base: &Job,
    (counts, directions, rounds): (&[usize], &[bool], usize),
    keep: &mut dyn FnMut(&Row),
) {
    for &receivers in counts {
        println!("{}", Row::head());
        let mut all = Vec::new();
        for _ in 0..rounds.max(1) {
            let mut rows = Vec::new();
            for kind in kinds {
                for &play in directions {
                    if play && matches!(kind, Kind::Raw(_)) {
                        continue;
                    }
                    let job = Job { play, receivers, ..base.clone() };
                    rows.extend(one(kind, &job, keep));
                }
            }
            all.push(rows);
        }
        summary(&all);
    }
}

/// For each server: its median cost, and the median of its ratios to nginx-rtmp and to the raw fan-out of the same
/// write pattern, which is the one whose bytes arrive in as many pieces.
fn summary(rounds: &[Vec<Row>]) {
    let Some(first) = rounds.first() else { return };
    println!(
        "  {:<34} {:>4} {:>5} {:>8} {:>8} {:>13}   of raw, same writes",
        "median of rounds", "", "N", "ms/Gbit", "p99 ms", "of nginx-rtmp"
    );
    for row in first {
        let mine = |rows: &[Row]| {
            rows.iter().find(|r| r.server == row.server && r.direction == row.direction).cloned()
        };
        let nginx = |rows: &[Row]| {
            rows.iter().find(|r| r.server == "nginx-rtmp" && r.direction == row.direction).cloned()
        };
        let raw = first
            .iter()
            .filter(|r| r.server.starts_with("raw"))
            .min_by(|a, b| (a.reads / row.reads).ln().abs().total_cmp(&(b.reads / row.reads).ln().abs()));
        let same =
            |rows: &[Row]| rows.iter().find(|r| raw.is_some_and(|raw| r.server == raw.server)).cloned();
        let ratio = |other: &dyn Fn(&[Row]) -> Option<Row>| {
            let ratios =
                rounds.iter().filter_map(|rows| Some(mine(rows)?.cpu_ms_gbit / other(rows)?.cpu_ms_gbit));
            let mut ratios: Vec<f64> = ratios.collect();
            if ratios.is_empty() { "-".to_owned() } else { format!("{:.2}", median(&mut ratios)) }
        };
        let figure = |of: fn(&Row) -> f64| {
            let mut figures: Vec<f64> =
                rounds.iter().filter_map(|rows| mine(rows)).map(|row| of(&row)).collect();
            median(&mut figures)
        };
        println!(
            "  {:<34} {:>4} {:>5} {:>8.1} {:>8.2} {:>13}   {} ({})",
            row.server,
            row.direction,
            row.receivers,
            figure(|row| row.cpu_ms_gbit),
            figure(|row| row.p99_ms),
            ratio(&nginx),
            ratio(&same),
            raw.map_or("no raw pattern was measured", |raw| raw.server.as_str()),
        );
    }
    println!();
}

/// Receive buffer of destinations that may stall, in bytes: under a second of the stream, so that the server soon feels
/// that nobody reads. One that the kernel grows holds a quarter of a minute.
const STALL_BUFFER: usize = 128 << 10;

/// Whether one destination that stops reading is felt by the others: windows without and with it, in turn.
pub(crate) fn stall(kind: &Kind, job: &Job, rounds: usize) -> Result<()> {
    println!("{}", Row::head());
    let mut scene = Scene::start(kind, &Job { buffer: Some(STALL_BUFFER), ..job.clone() })?;
    let (mut calm, mut stalled) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let row = scene.measure()?;
        println!("{}", row.line());
        calm.push(row.p99_ms);
        scene.order("stall d0000")?;
        thread::sleep(SETTLE);
        let row = scene.measure()?;
        println!("{}   <- d0000 does not read", row.line());
        stalled.push(row.p99_ms);
        scene.order("unstall")?;
        thread::sleep(SETTLE);
    }
    let (before, after) = (median(&mut calm), median(&mut stalled));
    println!(
        "{kind}: median p99 {before:.2} ms, with one destination stalled {after:.2} ms: {:+.1} %",
        100.0 * (after / before - 1.0)
    );
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Resident memory: idle, with one stream, and for each further destination.
pub(crate) fn memory(kind: &Kind, base: &Job, counts: &[usize], keep: &mut dyn FnMut(&Row)) {
    println!("{}", Row::head());
    // Long enough for ring and HLS window to be full.
    let base = Job { settle: Duration::from_secs(20), window: Duration::from_secs(2), ..base.clone() };
    let mut rows = Vec::new();
    for &receivers in counts {
        let job = Job { play: false, receivers, ..base.clone() };
        rows.extend(one(kind, &job, keep));
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
    println!(
        "{kind}: idle {:.1} MB; {:.1} MB more with the stream and {} destinations",
        mb(first.idle_kb),
        mb(first.stream_kb.saturating_sub(first.idle_kb)),
        first.receivers
    );
    for pair in rows.windows(2) {
        let [a, b] = pair else { continue };
        slope("resident", (a.receivers, a.stream_kb), (b.receivers, b.stream_kb));
    }
    slope("resident", (first.receivers, first.stream_kb), (last.receivers, last.stream_kb));
    slope("peak", (first.receivers, first.peak_kb), (last.receivers, last.peak_kb));
}

fn slope(what: &str, (from, before): (usize, u64), (to, after): (usize, u64)) {
    let each = (after as f64 - before as f64) / to.saturating_sub(from).max(1) as f64;
    println!("  {from} to {to} destinations, {what}: {each:.1} kB each");
}
