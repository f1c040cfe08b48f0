//! The program under test, as a process with a folder of its own that outlives its restarts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

use serde_json::Value;

use crate::database::Database;
use crate::support::metrics::Metrics;
use crate::support::process::{Proc, Signal};
use crate::support::scratch::Scratch;
use crate::support::{eventually, http, until};

/// A process, and what it leaves to the next.
pub(crate) struct Node {
    scratch: Scratch,
    pub(crate) database: Database,
    process: Option<Proc>,
    starts: usize,
    variables: Vec<(String, String)>,
    /// What former processes logged.
    logged: String,
}

impl Node {
    /// A folder with a configuration: port 0 everywhere, JSON logs, and `more` of it.
    pub(crate) fn new(database: Database, more: &str) -> Self {
        let scratch = Scratch::new("plane");
        let node = Self {
            scratch,
            database,
            process: None,
            starts: 0,
            variables: Vec::new(),
            logged: String::new(),
        };
        node.configure(more);
        node
    }

    /// Writes the configuration anew. Sections of `more` are none of these.
    pub(crate) fn configure(&self, more: &str) {
        let url = self.database.url.clone().unwrap_or_default();
        let data = self.data();
        let data = data.display();
        let text = format!(
            "data_dir = \"{data}\"\ndrain_timeout = \"10s\"\nhttp.listen = \"127.0.0.1:0\"\n\
             rtmp.listen = \"127.0.0.1:0\"\nmetrics.listen = \"127.0.0.1:0\"\npractice.listen = \"127.0.0.1:0\"\n\
             log.format = \"json\"\ndatabase.url = \"{url}\"\ndatabase.acquire_timeout = \"3s\"\n\
             relay.allow_private = \"always\"\napi.rate = 1000\napi.burst = 100000\n{more}"
        );
        std::fs::write(self.file(), text).expect("a config can be written");
    }

    /// Sets a variable for the next processes, in place of the one that was.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn file(&self) -> PathBuf {
        self.scratch.join("config.toml")
    }

    /// Where it keeps what must last.
    pub(crate) fn data(&self) -> PathBuf {
        self.scratch.join("data")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Any command of the program with this configuration. There is no PATH: whatever it needs it has.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
        command.args(arguments).arg("--config").arg(self.file());
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.scratch.path());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it runs")
    }

    /// Starts the process and waits until it is ready.
    pub(crate) fn start(&mut self) {
        self.launch();
        until("the process to be ready", || {
            let ended = self.process().ended();
            assert!(ended.is_none(), "it ended with {ended:?} before it was ready");
            self.lines().iter().any(|line| line["message"] == "ready")
        });
    }

    /// Starts the process.
    pub(crate) fn launch(&mut self) {
        assert!(self.process.is_none(), "one at a time");
        self.starts += 1;
        let name = format!("serve-{}", self.starts);
        self.process = Some(Proc::start(&name, self.scratch.path(), &mut self.command(&["serve"])));
    }

    /// The process, for its signals and its end.
    pub(crate) fn process(&mut self) -> &mut Proc {
        self.process.as_mut().expect("it was started")
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = self.process().wait();
        self.bury();
        status
    }

    /// Tells it to leave, and asserts that it leaves in order.
    pub(crate) fn leave(&mut self) {
        self.process().signal(Signal::Term);
        assert_eq!(self.wait().code(), Some(0), "a clean drain exits with 0");
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process().kill();
        self.bury();
    }

    fn bury(&mut self) {
        if let Some(process) = self.process.take() {
            self.logged.push_str(&process.log());
        }
    }

    /// What the present process logged, line by line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let log = self.process.as_ref().map(Proc::log).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.into())).collect()
    }

    /// What the present process printed.
    pub(crate) fn printed(&self) -> String {
        self.process.as_ref().map(Proc::out).unwrap_or_default()
    }

    /// What all processes logged.
    pub(crate) fn log(&self) -> String {
        let now = self.process.as_ref().map(Proc::log).unwrap_or_default();
        format!("{}{now}", self.logged)
    }

    /// Asserts that the present process found nothing to warn of.
    #[track_caller]
    pub(crate) fn warned_of_nothing(&self) {
        let loud = |line: &Value| {
            matches!(line["level"].as_str(), Some("WARN" | "ERROR") | None).then(|| line.to_string())
        };
        let lines: Vec<_> = self.lines().iter().filter_map(loud).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }

    /// Where it listens.
    pub(crate) fn address(&self, service: &str) -> SocketAddr {
        eventually(&format!("{service} to listen"), || {
            let is = |line: &&Value| line["message"] == "listening" && line["service"] == service;
            self.lines().iter().find(is)?["addr"].as_str()?.parse().ok()
        })
    }

    /// Where an encoder publishes with a key.
    pub(crate) fn rtmp(&self, key: &str) -> String {
        format!("rtmp://{}/live/{key}", self.address("rtmp"))
    }

    /// What `/metrics` says.
    pub(crate) fn metrics_text(&self) -> String {
        http::get(self.address("metrics"), "/metrics").expect("the metrics listener answers").text()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::parse(&self.metrics_text())
    }

    /// The link that makes the first administrator, from what the process printed.
    pub(crate) fn printed_link(&self) -> String {
        eventually("the setup link", || {
            let printed = self.printed();
            let line = printed.lines().find(|line| line.contains("/setup#setup_"))?;
            line.split_whitespace().last().map(str::to_owned)
        })
    }

    /// The same from the command.
    pub(crate) fn link_by_command(&self) -> String {
        let made = self.run(&["admin", "setup-link"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8_lossy(&made.stdout).lines().next().expect("a line").to_owned()
    }
}
