//! `/metrics`: asks every source at each scrape and renders what it says as Prometheus text.
//!
//! Rooms below keep plain counters and know nothing of Prometheus. For each there is one small adapter that implements
//! [`Collect`] and reads them. Names, help and labels stand in [`names`] alone.
//!
//! The text is the 0.0.4 format: OpenMetrics forbids a gauge `x` beside a counter `x_total`, and we have both.

mod engine;
mod history;
pub mod names;
mod process;
mod store;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::{problem, serve};
use crate::net::Identity;
use names::{Kind, Metric};

pub use engine::EngineFigures;
pub use history::HistoryFigures;
pub use process::Process;
pub(super) use process::{cpu_seconds, field, open_files, resident_bytes};
pub use store::StoreFigures;

/// The media type of the text.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A source of samples.
pub trait Collect: Send + Sync {
    /// Says what is true now. It is called on a thread of the runtime: it reads counters and does not wait.
    fn collect(&self, out: &mut Samples);
}

/// A number: counters are whole mostly, gauges of time are not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A count, or bytes.
    Whole(u64),
    /// Seconds and the like.
    Real(f64),
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::Whole(value.into())
    }
}

impl From<bool> for Number {
    fn from(value: bool) -> Self {
        Self::Whole(value.into())
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<std::time::Duration> for Number {
    fn from(value: std::time::Duration) -> Self {
        Self::Real(value.as_secs_f64())
    }
}

/// The samples of one scrape, gathered by metric, in whatever order the sources give them.
#[derive(Debug, Default)]
pub struct Samples {
    metrics: Vec<(&'static Metric, String)>,
}

impl Samples {
    /// One sample. `labels` are the values of the metric's labels, in its order.
    pub fn add(&mut self, metric: &'static Metric, labels: &[&str], value: impl Into<Number>) {
        line(self.lines(metric), metric.name, &named(metric, labels), value.into());
    }

    fn lines(&mut self, metric: &'static Metric) -> &mut String {
        let at = self.metrics.iter().position(|(known, _)| std::ptr::eq(*known, metric));
        let at = at.unwrap_or_else(|| {
            self.metrics.push((metric, String::new()));
            self.metrics.len() - 1
        });
        &mut self.metrics[at].1
    }

    /// The samples of a histogram: how many fell into each bucket, by its upper end, and all of them.
    pub fn histogram(
        &mut self,
        metric: &'static Metric,
        labels: &[&str],
        buckets: impl Iterator<Item = (f64, u64)>,
        sum: f64,
        count: u64,
    ) {
        let lines = self.lines(metric);
        let name = |suffix: &str| format!("{}{suffix}", metric.name);
        let named = named(metric, labels);
        let mut so_far = 0;
        let ends = buckets.map(|(end, count)| (end.to_string(), count));
        for (end, count) in ends {
            so_far += count;
            let with_end: Vec<_> = named.iter().copied().chain([("le", end.as_str())]).collect();
            line(lines, &name("_bucket"), &with_end, so_far.into());
        }
        let with_end: Vec<_> = named.iter().copied().chain([("le", "+Inf")]).collect();
        line(lines, &name("_bucket"), &with_end, count.into());
        line(lines, &name("_sum"), &named, sum.into());
        line(lines, &name("_count"), &named, count.into());
    }

    /// A sample for each of all states: 1 for the present one, 0 for the others. The state is the last label.
    pub fn state(&mut self, metric: &'static Metric, labels: &[&str], all: &[&str], present: &str) {
        for state in all {
            let labels: Vec<_> = labels.iter().chain([state]).copied().collect();
            self.add(metric, &labels, *state == present);
        }
    }

    /// As text, in the order of the table of names.
    fn render(&self) -> String {
        let mut text = String::new();
        for metric in names::ALL {
            let Some((_, lines)) = self.metrics.iter().find(|(known, _)| std::ptr::eq(*known, *metric))
            else {
                continue;
            };
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            text.push_str(&format!("# HELP {0} {1}\n# TYPE {0} {kind}\n{lines}", metric.name, metric.help));
        }
        text
    }
}

/// The labels of a metric with these values.
fn named<'a>(metric: &'static Metric, values: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}: one value for each label", metric.name);
    metric.labels.iter().copied().zip(values.iter().copied()).collect()
}

fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: Number) {
    out.push_str(name);
    let mut separator = '{';
    for (name, value) in labels {
        out.push(separator);
        separator = ',';
        out.push_str(name);
        out.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    if separator == ',' {
        out.push('}');
    }
    // Writing to a string cannot fail.
    let _written = match value {
        Number::Whole(value) => writeln!(out, " {value}"),
        Number::Real(value) if value.is_nan() => writeln!(out, " NaN"),
        Number::Real(value) if value.is_infinite() => {
            writeln!(out, " {}Inf", if value > 0.0 { '+' } else { '-' })
        }
        Number::Real(value) => writeln!(out, " {value}"),
    };
}

/// All sources of the process.
#[derive(Clone)]
pub struct Exporter {
    sources: Arc<[Box<dyn Collect>]>,
}

impl Exporter {
    /// These sources, and the process itself.
    #[must_use]
    pub fn new(sources: Vec<Box<dyn Collect>>) -> Self {
        let process: Box<dyn Collect> = Box::new(Process::new());
        Self { sources: std::iter::once(process).chain(sources).collect() }
    }

    /// What all sources say now.
    #[must_use]
    pub fn render(&self) -> String {
        let mut samples = Samples::default();
        for source in self.sources.iter() {
            source.collect(&mut samples);
        }
        samples.render()
    }
}

/// The router of the metrics listener.
pub fn router(exporter: Exporter) -> Router {
    let scrape = move || {
        let exporter = exporter.clone();
        async move { ([(header::CONTENT_TYPE, CONTENT_TYPE)], exporter.render()).into_response() }
    };
    let router = Router::new().route("/metrics", get(scrape));
    router.fallback(problem::not_found).method_not_allowed_fallback(problem::method_not_allowed)
}

/// The adapter of an HTTP listener.
pub struct HttpListener {
    /// The `service` label: `http`, `https` or `metrics`.
    pub service: &'static str,
    /// Whether it speaks TLS.
    pub secure: bool,
    /// Its counters.
    pub stats: Arc<serve::Stats>,
}

impl Collect for HttpListener {
    fn collect(&self, out: &mut Samples) {
        use std::sync::atomic::Ordering::Relaxed;
        // What has closed is read first: it never exceeds what was accepted.
        let closed = self.stats.closed.load(Relaxed);
        let accepted = self.stats.accepted.load(Relaxed);
        out.add(&names::CONNECTIONS, &[self.service], accepted.saturating_sub(closed));
        out.add(&names::CONNECTIONS_TOTAL, &[self.service], accepted);
        out.add(
            &names::CONNECTIONS_REJECTED,
            &[self.service, "max_connections"],
            self.stats.rejected.load(Relaxed),
        );
        for (reason, count) in [("failed", &self.stats.tls_failed), ("timeout", &self.stats.tls_timed_out)] {
            if self.secure {
                out.add(&names::TLS_FAILED, &[self.service, reason], count.load(Relaxed));
            }
        }
    }
}

impl Collect for Arc<Identity> {
    fn collect(&self, out: &mut Samples) {
        if let Some(expires) = self.expires().and_then(|seconds| u64::try_from(seconds).ok()) {
            out.add(&names::TLS_EXPIRY, &[], expires);
        }
        out.add(&names::TLS_RELOADS, &["ok"], self.reloads());
        out.add(&names::TLS_RELOADS, &["failed"], self.failures());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_is_grouped_by_metric_and_escaped() {
        struct Odd;
        impl Collect for Odd {
            fn collect(&self, out: &mut Samples) {
                out.add(&names::STREAM_PLAYERS, &["a\"b\\c\nd"], 3_u64);
                out.state(&names::STREAM_STATE, &["s"], &["waiting", "live"], "live");
                out.add(&names::STREAM_PLAYERS, &["z"], 0_u64);
                out.add(&names::OUTPUT_LAG, &["s", "o"], std::time::Duration::from_millis(1500));
            }
        }
        let text = Exporter::new(vec![Box::new(Odd)]).render();
        let ours = text.split_once("# HELP gostream_stream_state").expect("there").1;
        assert_eq!(
            ours,
            " Whether a stream is in this state: 1 for the present one.\n\
             # TYPE gostream_stream_state gauge\n\
             gostream_stream_state{stream=\"s\",state=\"waiting\"} 0\n\
             gostream_stream_state{stream=\"s\",state=\"live\"} 1\n\
             # HELP gostream_stream_players RTMP players of a stream.\n\
             # TYPE gostream_stream_players gauge\n\
             gostream_stream_players{stream=\"a\\\"b\\\\c\\nd\"} 3\n\
             gostream_stream_players{stream=\"z\"} 0\n\
             # HELP gostream_output_lag_seconds How far an output is behind its stream.\n\
             # TYPE gostream_output_lag_seconds gauge\n\
             gostream_output_lag_seconds{stream=\"s\",output=\"o\"} 1.5\n"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_knows_itself() {
        let text = Exporter::new(Vec::new()).render();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).parse::<f64>().expect("a number")
        };
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!(value("process_threads") >= 1.0);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_max_fds") >= value("process_open_fds"));
        assert!(value("process_start_time_seconds") > 1.7e9);
        assert!(value("process_cpu_seconds_total") >= 0.0);
        assert!(
            text.contains(&format!("gostream_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION")))
        );
    }
}
