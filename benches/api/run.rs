//! The measurements: make a scene, let people come, watch a window, and print a row of figures.

use std::fs::File;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::figures::{Line, Seen};
use crate::postgres::{self, Postgres};
use crate::scene::House;
use crate::shared::child::Child;
use crate::shared::procfs;

/// How long it may take until everybody has had an answer.
const FLOW_MAX: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) gostream: String,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) people: usize,
    pub(crate) rate: u32,
    pub(crate) listeners: usize,
    pub(crate) projects: usize,
    pub(crate) window: Duration,
    pub(crate) settle: Duration,
    pub(crate) json: Option<String>,
}

/// One window.
#[derive(Debug, Serialize)]
struct Row {
    database: String,
    cache: String,
    people: usize,
    cpu_ms: f64,
    system_percent: f64,
    rss_kb: u64,
    reads: u64,
    writes: u64,
    heard: u64,
    seen: Seen,
}

/// Says what is measured, and the head of the table.
pub(crate) fn head(job: &Job) {
    println!(
        "{} people, {} of them listening, {:.1} requests a second each; {} projects on the air\n",
        job.people,
        job.listeners,
        f64::from(job.rate) / 10.0,
        job.projects
    );
    println!(
        "{:<9} {:<5} {:>7} {:>6} | {:>9} {:>8} | {:>8} {:>8} {:>8} | {:>8} {:>8} | {:>6} {:>5} {:>6} | {:>7} {:>8} {:>7} {:>7} {:>6}",
        "database",
        "cache",
        "req/s",
        "of due",
        "query/req",
        "query/s",
        "cached50",
        "p99 ms",
        "max",
        "all p50",
        "p99 ms",
        "max",
        "read",
        "write",
        "CPU %",
        "µs each",
        "RSS MB",
        "heard/s",
        "failed"
    );
}

/// All windows on one kind of database, and what the cache spares.
pub(crate) fn database(job: &Job, database: &str, caches: &[String]) -> Result<()> {
    let programs = postgres::programs();
    let server = match (database, &programs) {
        ("sqlite", _) => None,
        ("postgres", Some(programs)) => Some((Postgres::start(programs)?, programs)),
        ("postgres", None) => {
            println!("postgres is not installed (apt install postgresql): nothing measured on it");
            return Ok(());
        }
        _ => bail!("a database is sqlite or postgres"),
    };
    let mut queries = Vec::new();
    for cache in caches {
        let mut settings = job.settings.clone();
        settings.push(("database.cache".to_owned(), (cache != "off").to_string()));
        if let Some((server, programs)) = &server {
            settings.push(("database.url".to_owned(), server.database(programs, &format!("cache_{cache}"))?));
        }
        let house = House::start(&job.gostream, &settings, (job.people, job.projects))?;
        let row = window(job, &house, database, cache)?;
        println!("{}", row.line());
        queries.push((cache.clone(), row.queries_each()));
        if let Some(path) = &job.json {
            let mut file = File::options().create(true).append(true).open(path).context("the JSON file")?;
            writeln!(file, "{}", serde_json::to_string(&row)?)?;
        }
    }
    let of = |cache: &str| queries.iter().find(|(known, _)| known == cache).map(|(_, each)| *each);
    if let (Some(on), Some(off)) = (of("on"), of("off")) {
        println!("{database}: the cache spares {:.1} % of the queries\n", 100.0 * (1.0 - on / off.max(1e-9)));
    }
    Ok(())
}

fn window(job: &Job, house: &House, database: &str, cache: &str) -> Result<Row> {
    let host = house.http.to_string();
    let args = [host.clone(), house.scene.clone(), job.listeners.to_string()];
    let mut listeners = Child::<Line>::start("listen", &args)?;
    let mut people = Child::<Line>::start("people", &[host, house.scene.clone(), job.rate.to_string()])?;
    flow(&mut people, job.people)?;
    flow(&mut listeners, job.listeners)?;
    thread::sleep(job.settle);
    let tree = procfs::tree(house.pid());
    let before = house.statements()?;
    listeners.order("begin")?;
    people.order("begin")?;
    let cpu = procfs::cpu(&tree);
    thread::sleep(job.window);
    let used = procfs::cpu(&tree).since(cpu);
    people.order("end")?;
    listeners.order("end")?;
    let after = house.statements()?;
    let Line::Seen(mut seen) = people.answer()? else { bail!("figures were due") };
    let Line::Heard { events, closed } = listeners.answer()? else { bail!("a count was due") };
    seen.closed += closed;
    Ok(Row {
        database: database.to_owned(),
        cache: cache.to_owned(),
        people: job.people,
        cpu_ms: used.exact_ms,
        system_percent: 100.0 * used.system_ms / (used.user_ms + used.system_ms).max(1.0),
        rss_kb: procfs::memory(&tree).rss_kb,
        reads: after.0 - before.0,
        writes: after.1 - before.1,
        heard: events,
        seen: *seen,
    })
}

/// Waits until everybody has had an answer.
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

impl Row {
    fn queries_each(&self) -> f64 {
        (self.reads + self.writes) as f64 / (self.seen.answers as f64).max(1.0)
    }

    fn line(&self) -> String {
        let Self { database, cache, seen, .. } = self;
        let (all, answers) = (seen.all(), seen.answers as f64);
        format!(
            "{database:<9} {cache:<5} {:>7.0} {:>5.1}% | {:>9.3} {:>8.0} | {:>8.2} {:>8.2} {:>8.1} | {:>8.2} {:>8.2} | {:>6.0} {:>5.1} {:>6.1} | \
             {:>7.1} {:>8.0} {:>7.1} {:>7.0} {:>6}",
            answers / seen.seconds,
            100.0 * answers / (seen.due as f64).max(1.0),
            self.queries_each(),
            (self.reads + self.writes) as f64 / seen.seconds,
            seen.cached.quantile_ms(0.5),
            seen.cached.quantile_ms(0.99),
            seen.cached.max_ms(),
            all.quantile_ms(0.5),
            all.quantile_ms(0.99),
            all.max_ms(),
            seen.reads.quantile_ms(0.99),
            seen.writes.quantile_ms(0.99),
            self.cpu_ms / (seen.seconds * 10.0),
            self.cpu_ms * 1e3 / answers.max(1.0),
            self.rss_kb as f64 / 1024.0,
            self.heard as f64 / seen.seconds,
            seen.failed.values().sum::<u64>() + seen.closed,
        )
    }
}
