//! The engine under test: the built binary as a process, configured by a file, known by its log lines.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;

use super::http::{self, Answer};
use super::metrics::Metrics;
use super::process::{Proc, Signal};
use super::scratch::Scratch;
use super::until;

/// The project most tests publish to.
pub(crate) const KEY: &str = "sk_integration_0123456789abcdef";
/// Its public name.
pub(crate) const PLAYBACK: &str = "show";

/// A configuration in the making.
#[derive(Default)]
pub(crate) struct Config {
    settings: toml::Table,
    destinations: Vec<toml::Table>,
    environment: Vec<(String, String)>,
    /// Another key than [`KEY`], for a recorded encoder.
    key: Option<String>,
}

impl Config {
    /// Sets one key, `section.name`. Durations and sizes are strings with units, as in the file.
    pub(crate) fn set(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        let (section, name) =
            key.split_once('.').map_or((None, key), |(section, name)| (Some(section), name));
        let table = match section {
            None => &mut self.settings,
            Some(section) => self
                .settings
                .entry(section)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut()
                .expect("a section is a table"),
        };
        table.insert(name.to_owned(), value.into());
        self
    }

    /// Gives the project another stream key than [`KEY`].
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Declares a destination of the project.
    pub(crate) fn destination(self, name: &str, url: &str, key: &str) -> Self {
        self.destination_with(name, url, key, &[])
    }

    /// Declares a destination with further keys.
    pub(crate) fn destination_with(
        mut self,
        name: &str,
        url: &str,
        key: &str,
        more: &[(&str, toml::Value)],
    ) -> Self {
        let mut table = toml::Table::new();
        for (field, value) in [("name", name), ("url", url), ("stream_key", key)] {
            table.insert(field.to_owned(), value.into());
        }
        for (field, value) in more {
            table.insert((*field).to_owned(), value.clone());
        }
        self.destinations.push(table);
        self
    }

    /// Sets a variable of the process's environment.
    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The file's text: test defaults (port 0 everywhere, JSON logs, short segments), then what was set, then the project.
    fn text(self, scratch: &Scratch) -> String {
        let mut config = Self { settings: toml::Table::new(), ..Self::default() }
            .set("data_dir", scratch.join("data").to_string_lossy().into_owned())
            .set("drain_timeout", "10s")
            .set("http.listen", "127.0.0.1:0")
            .set("rtmp.listen", "127.0.0.1:0")
            .set("metrics.listen", "127.0.0.1:0")
            .set("practice.listen", "127.0.0.1:0")
            .set("log.format", "json")
            .set("log.level", "debug")
            .set("hls.segment", "1s");
        for (key, value) in self.settings {
            match value {
                toml::Value::Table(section) => {
                    for (name, value) in section {
                        config = config.set(&format!("{key}.{name}"), value);
                    }
                }
                value => config = config.set(&key, value),
            }
        }
        let key = self.key.as_deref().unwrap_or(KEY);
        let mut project = toml::Table::new();
        for (field, value) in [("name", "Integration"), ("stream_key", key), ("playback_id", PLAYBACK)] {
            project.insert(field.to_owned(), value.into());
        }
        let destinations = self.destinations.into_iter().map(toml::Value::Table).collect();
        project.insert("destination".to_owned(), toml::Value::Array(destinations));
        config.settings.insert("project".to_owned(), toml::Value::Array(vec![toml::Value::Table(project)]));
        toml::to_string(&config.settings).expect("a table can be written")
    }

    /// Starts the engine and waits until it is ready.
    pub(crate) fn start(self) -> Gostream {
        let scratch = Scratch::new("engine");
        let environment = self.environment.clone();
        let file = scratch.join("config.toml");
        std::fs::write(&file, self.text(&scratch)).expect("a config can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
        command.arg("serve").arg("--config").arg(&file).envs(environment);
        Gostream::spawn(scratch, &mut command)
    }
}

/// A running engine.
pub(crate) struct Gostream {
    process: Proc,
    scratch: Scratch,
}

impl Gostream {
    /// With nothing but the test project.
    pub(crate) fn start() -> Self {
        Self::config().start()
    }

    pub(crate) fn config() -> Config {
        Config::default()
    }

    /// Starts a command of the binary that is expected to serve, and waits for its `ready` line.
    pub(crate) fn spawn(scratch: Scratch, command: &mut Command) -> Self {
        let process = Proc::start("gostream", scratch.path(), command.current_dir(scratch.path()));
        let mut engine = Self { process, scratch };
        engine.until_ready();
        engine
    }

    /// The address of a listener, from its `listening` line.
    pub(crate) fn address(&self, service: &str) -> SocketAddr {
        let lines = self.log_lines();
        let line = lines.iter().find(|line| line["message"] == "listening" && line["service"] == service);
        let line = line.unwrap_or_else(|| panic!("no `listening` line for {service}"));
        line["addr"]
            .as_str()
            .and_then(|addr| addr.parse().ok())
            .unwrap_or_else(|| panic!("no address in {line}"))
    }

    pub(crate) fn publish_url(&self) -> String {
        format!("rtmp://{}/live/{KEY}", self.address("rtmp"))
    }

    pub(crate) fn play_url(&self) -> String {
        format!("rtmp://{}/live/{PLAYBACK}", self.address("rtmp"))
    }

    pub(crate) fn http_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address("http"))
    }

    pub(crate) fn hls_url(&self) -> String {
        self.http_url(&format!("/hls/{PLAYBACK}/index.m3u8"))
    }

    /// Asks the HTTP listener.
    pub(crate) fn get(&self, path: &str) -> Answer {
        http::get(self.address("http"), path).unwrap_or_else(|| panic!("no answer to GET {path}"))
    }

    pub(crate) fn metrics_text(&self) -> String {
        let answer = http::get(self.address("metrics"), "/metrics").expect("the metrics listener answers");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::parse(&self.metrics_text())
    }

    /// The sum of a metric, 0 where it is absent.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().sum(name, labels).unwrap_or_default()
    }

    /// Whether an output is in this state.
    pub(crate) fn output_is(&self, output: &str, state: &str) -> bool {
        self.count("gostream_output_state", &[("stream", PLAYBACK), ("output", output), ("state", state)])
            > 0.5
    }

    pub(crate) fn until_output(&self, output: &str, state: &str) {
        until(&format!("output {output} to be {state}"), || self.output_is(output, state));
    }

    pub(crate) fn stream_is(&self, state: &str) -> bool {
        self.count("gostream_stream_state", &[("stream", PLAYBACK), ("state", state)]) > 0.5
    }

    pub(crate) fn until_stream(&self, state: &str) {
        until(&format!("the stream to be {state}"), || self.stream_is(state));
    }

    /// Waits until the playlist of the stream lists media.
    pub(crate) fn until_playable(&self) {
        until("the multivariant playlist", || self.get(&format!("/hls/{PLAYBACK}/index.m3u8")).status == 200);
    }

    /// Whether a log line fits; a line that is not JSON is a JSON string here.
    pub(crate) fn logged(&self, fits: impl Fn(&Value) -> bool) -> bool {
        self.log_lines().iter().any(fits)
    }

    fn log_lines(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|_| Value::String(line.to_owned()));
        self.process.log().lines().map(parse).collect()
    }

    /// The whole log, as it was written.
    pub(crate) fn log_text(&self) -> String {
        self.process.log()
    }

    /// Ends it and starts it again over the same files; its addresses are those that were configured.
    pub(crate) fn restart(&mut self, away: impl FnOnce()) {
        self.drain();
        away();
        self.again();
    }

    /// Kills it and starts it again over the same files; its addresses are those that were configured.
    pub(crate) fn crash(&mut self) {
        self.process.kill();
        self.again();
    }

    fn again(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
        command.arg("serve").arg("--config").arg(self.scratch.join("config.toml"));
        command.current_dir(self.scratch.path());
        self.process = Proc::start("gostream", self.scratch.path(), &mut command);
        self.until_ready();
    }

    fn until_ready(&mut self) {
        until("the engine to be ready", || {
            let ended = self.process.ended();
            assert!(ended.is_none(), "the engine ended with {ended:?} before it was ready");
            self.logged(|line| line["message"] == "ready")
        });
    }

    /// The process, for its output, its signals and its end.
    pub(crate) fn process(&mut self) -> &mut Proc {
        &mut self.process
    }

    /// Drains it by SIGTERM and asserts a clean exit.
    pub(crate) fn drain(&mut self) {
        self.process.signal(Signal::Term);
        let status = self.process.wait();
        assert_eq!(status.code(), Some(0), "a clean drain exits with 0");
    }
}
